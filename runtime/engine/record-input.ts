/** Where one source writes, and how its records become events. */
import type { CoreUnit, EventData, Layout } from "#core";
import { type Interner, RecordReader, RecordWriter } from "#runtime/events";
import { Ring } from "#runtime/ring";
import type { KindFunction } from "./matcher.ts";

export interface RecordInputOptions {
  readonly unit: CoreUnit;
  readonly layouts: readonly Layout[];
  readonly interner: Interner;
  /** Records and text bytes of the ring. */
  readonly ring: { readonly slots: number; readonly textBytes: number };
}

export class RecordInput {
  readonly ring: Ring;
  readonly writer: RecordWriter;
  readonly #reader: RecordReader;
  /** The last sequence number read, to restore the bits a slot lacks. */
  #lastSeq = 0;
  /** What engines before this one counted. */
  #before = { received: 0, dropped: 0 };

  constructor({ unit, layouts, interner, ring }: RecordInputOptions) {
    this.ring = new Ring(ring);
    this.writer = new RecordWriter(this.ring, unit.schema, layouts, interner);
    this.#reader = new RecordReader(this.ring, unit.schema, layouts, interner);
  }

  save() {
    const { received, dropped } = this;
    return { lastSeq: this.#lastSeq, received, dropped };
  }

  restore(saved: ReturnType<RecordInput["save"]>): void {
    this.#lastSeq = saved.lastSeq;
    this.#before = { received: saved.received, dropped: saved.dropped };
  }

  /** Records the source tried to write, and those of them that found the ring full. */
  get received(): number {
    const { written, dropped } = this.ring.counters;
    return this.#before.received + written + dropped;
  }

  get dropped(): number {
    return this.#before.dropped + this.ring.counters.dropped;
  }

  /**
   * Takes all records. `take` hears of each that some trigger may be for, with the number of
   * triggers written to `hits`; returns how many were for none.
   */
  read(
    kinds: readonly (readonly KindFunction[] | undefined)[],
    hits: Int32Array,
    take: (event: EventData, count: number) => void,
  ): number {
    const { u8, u32, f64 } = this.ring.views;
    const count = this.ring.readable;
    let filtered = 0;
    for (let i = 0; i < count; i++) {
      const at = this.ring.slotAt(i);
      const functions = kinds[this.#reader.kindAt(at)];
      let n = 0;
      if (functions) for (const fn of functions) n = fn(u8, u32, f64, at, this.#reader, hits, n);
      if (n === 0) {
        filtered++;
        continue;
      }
      const index = this.ring.indexAt(i);
      const event = this.#reader.materialise(
        at,
        this.writer.entities[index],
        this.#seqHigh(at),
        this.writer.collections[index],
      );
      this.#lastSeq = event.seq;
      take(event, n);
    }
    this.ring.release(count);
    return filtered;
  }

  /** What the 32 bits in a slot lack of its sequence number; numbers of one source only grow. */
  #seqHigh(at: number): number {
    const low = this.ring.views.u32[(at + 16) >> 2] ?? 0;
    const base = Math.floor(this.#lastSeq / 2 ** 32) * 2 ** 32;
    return low + base + 2 ** 31 < this.#lastSeq ? base + 2 ** 32 : base;
  }
}
