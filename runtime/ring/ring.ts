/**
 * The record ring: one writer, one reader, fixed slots and a byte ring for text, side by side in
 * one shared memory so that generated code, native code and workers address the same bytes.
 *
 *     slots  │ 0 │ 1 │ … │ n-1 │      record i lies in slot i mod n
 *     bytes  │ text and continuation blocks, 8-byte aligned, never split at the end │
 *
 * A slot may be rewritten only after the reader released it; its text is released with it. When
 * either part is full the record is dropped, counted, and leaves a gap in the sequence numbers:
 * policy *drop*. The memory is never grown, so views of it stay valid.
 */
import { slotBytes, slotWords } from "#core";

/** The part of the WebAssembly API used here; Node's types leave it to the DOM's. */
interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
}
interface WasmApi {
  Memory: new (options: { initial: number; maximum: number; shared: true }) => WasmMemory;
}

export interface RingViews {
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
}

export interface RingOptions {
  /** Records; a power of two. */
  readonly slots: number;
  /** Bytes for text; a multiple of 8. */
  readonly textBytes: number;
}

export class Ring {
  readonly views: RingViews;
  readonly slots: number;
  readonly textBase: number;
  readonly textBytes: number;
  /** Records written and released since start. */
  #written = 0;
  #released = 0;
  /** Monotonic byte positions in the byte ring. */
  #textHead = 0;
  #textTail = 0;
  #textEnd: Float64Array;
  #dropped = 0;

  constructor(options: RingOptions) {
    if ((options.slots & (options.slots - 1)) !== 0)
      throw new Error("slots must be a power of two");
    this.slots = options.slots;
    this.textBase = options.slots * slotBytes;
    this.textBytes = options.textBytes;
    const pages = Math.ceil((this.textBase + options.textBytes) / 65_536);
    const wasm = Reflect.get(globalThis, "WebAssembly") as WasmApi;
    const memory = new wasm.Memory({ initial: pages, maximum: pages, shared: true });
    const buffer = memory.buffer;
    this.views = {
      u8: new Uint8Array(buffer),
      u16: new Uint16Array(buffer),
      u32: new Uint32Array(buffer),
      f64: new Float64Array(buffer),
    };
    this.#textEnd = new Float64Array(options.slots);
  }

  /** Byte offset of the slot to write next, zeroed, or -1 when the ring is full. */
  reserve(): number {
    if (this.#written - this.#released >= this.slots) return -1;
    const at = (this.#written & (this.slots - 1)) * slotBytes;
    this.views.u32.fill(0, at >> 2, (at >> 2) + slotWords);
    return at;
  }

  /** Byte offset of `bytes` zeroed bytes for text, 8-byte aligned and in one piece, or -1. */
  reserveText(bytes: number): number {
    const size = (bytes + 7) & ~7;
    const inRing = this.#textHead % this.textBytes;
    const skip = inRing + size > this.textBytes ? this.textBytes - inRing : 0;
    if (size > this.textBytes || this.#textHead + skip + size - this.#textTail > this.textBytes)
      return -1;
    const at = this.textBase + ((this.#textHead + skip) % this.textBytes);
    this.#textHead += skip + size;
    this.views.u8.fill(0, at, at + size);
    return at;
  }

  /** Publishes the reserved slot. */
  commit(): void {
    this.#textEnd[this.#written & (this.slots - 1)] = this.#textHead;
    this.#written++;
  }

  /** Forgets what was reserved since the last commit; the record counts as dropped. */
  abandon(): void {
    const last = this.#written - 1;
    this.#textHead =
      this.#written > this.#released
        ? (this.#textEnd[last & (this.slots - 1)] ?? this.#textTail)
        : this.#textTail;
    this.#dropped++;
  }

  /** Records that can be read now. */
  get readable(): number {
    return this.#written - this.#released;
  }

  /** Byte offset of the `i`-th unreleased record. */
  slotAt(i: number): number {
    return ((this.#released + i) & (this.slots - 1)) * slotBytes;
  }

  /** Position of the `i`-th unreleased record in side arrays of `slots` entries. */
  indexAt(i: number): number {
    return (this.#released + i) & (this.slots - 1);
  }

  /** Index of the slot that `reserve` hands out. */
  get writeIndex(): number {
    return this.#written & (this.slots - 1);
  }

  /** Gives the first `count` records back to the writer. */
  release(count: number): void {
    if (count === 0) return;
    this.#textTail =
      this.#textEnd[(this.#released + count - 1) & (this.slots - 1)] ?? this.#textTail;
    this.#released += count;
  }

  get counters(): { written: number; dropped: number } {
    return { written: this.#written, dropped: this.#dropped };
  }
}
