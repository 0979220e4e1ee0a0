/**
 * Reads a BPF ring buffer in place, without copying records out of the shared pages.
 *
 *   record:  | u32 length, bit 31 busy, bit 30 discard | u32 page offset | payload … | pad to 8 |
 *             ^ position & mask                                            ^ given to the callback
 *
 * The kernel moves the producer position, this class the consumer position; both only grow and are
 * 64 bits wide. A busy record ends a pass: its producer has reserved it and is still writing.
 *
 * A store into the record pages would be a SIGSEGV (they are mapped read-only), so the typed arrays
 * never leave this class: a callback gets a `RecordView`, which can only be read, and only until
 * the callback returns. After that the kernel may overwrite the bytes.
 */
import type { RingMapping } from "./addon.ts";

const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;
const LENGTH = 0x3fff_ffff;
const HEADER_BYTES = 8;

/** Read access to one record; offsets count from the record's first byte. Little-endian. */
export interface RecordView {
  readonly byteLength: number;
  u8(offset: number): number;
  u16(offset: number): number;
  u32(offset: number): number;
  i32(offset: number): number;
  /** Exact below 2^53. */
  u64Number(offset: number): number;
  u64(offset: number): bigint;
  /** UTF-8 text of at most `maxBytes`, up to the first NUL. Bad bytes become U+FFFD. */
  text(offset: number, maxBytes: number): string;
}

export class RingReader {
  readonly #mapping: RingMapping;
  readonly #consumerPosition: BigUint64Array;
  readonly #producerPosition: BigUint64Array;
  readonly #headers: Uint32Array;
  readonly #view: BytesView;
  readonly #mask: number;
  #position: number;
  #isClosed = false;

  constructor(mapping: RingMapping) {
    this.#mapping = mapping;
    this.#consumerPosition = new BigUint64Array(mapping.consumer, 0, 1);
    this.#producerPosition = new BigUint64Array(mapping.records, 0, 1);
    this.#headers = new Uint32Array(mapping.records, mapping.dataOffset);
    this.#view = new BytesView(new Uint8Array(mapping.records, mapping.dataOffset));
    this.#mask = mapping.dataBytes - 1;
    this.#position = Number(Atomics.load(this.#consumerPosition, 0));
  }

  /** Where the kernel writes next; a ring read up to here holds nothing older. */
  producerPosition(): number {
    return this.#isClosed ? this.#position : Number(Atomics.load(this.#producerPosition, 0));
  }

  /** Everything before this byte position was handed out. */
  position(): number {
    return this.#position;
  }

  /**
   * Hands at most `limit` records to `onRecord` and frees their space; returns how many. Stops
   * early at a record still being written. What `onRecord` throws is passed on; that record counts
   * as read.
   */
  drain(limit: number, onRecord: (record: RecordView) => void): number {
    if (this.#isClosed) return 0;
    const end = this.producerPosition();
    let position = this.#position;
    let count = 0;
    try {
      while (position < end && count < limit) {
        // Positions exceed 32 bits, so bitwise operators need the remainder; sizes are powers of 2.
        const at = position % (this.#mask + 1);
        const header = Atomics.load(this.#headers, at >>> 2);
        if (header >= BUSY) break;
        const length = header & LENGTH;
        position += (HEADER_BYTES + length + 7) & ~7;
        if ((header & DISCARDED) !== 0) continue;
        count++;
        this.#view.moveTo(at + HEADER_BYTES, length);
        onRecord(this.#view);
      }
    } finally {
      this.#commit(position);
    }
    return count;
  }

  /** Idempotent; the pages are unmapped and later calls find an empty ring. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#mapping.close();
  }

  #commit(position: number): void {
    if (position === this.#position) return;
    this.#position = position;
    // The callback may have closed the ring.
    if (!this.#isClosed) Atomics.store(this.#consumerPosition, 0, BigInt(position));
  }
}

/** A movable window over bytes; also wraps plain arrays, for tests and recordings. */
class BytesView implements RecordView {
  readonly #bytes: Buffer;
  readonly #data: DataView;
  #start = 0;
  byteLength = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.byteLength = bytes.byteLength;
  }

  moveTo(start: number, byteLength: number): void {
    this.#start = start;
    this.byteLength = byteLength;
  }

  u8(offset: number): number {
    return this.#data.getUint8(this.#start + this.#within(offset, 1));
  }
  u16(offset: number): number {
    return this.#data.getUint16(this.#start + this.#within(offset, 2), true);
  }
  u32(offset: number): number {
    return this.#data.getUint32(this.#start + this.#within(offset, 4), true);
  }
  i32(offset: number): number {
    return this.#data.getInt32(this.#start + this.#within(offset, 4), true);
  }
  u64Number(offset: number): number {
    return this.u32(offset + 4) * 0x1_0000_0000 + this.u32(offset);
  }
  u64(offset: number): bigint {
    return this.#data.getBigUint64(this.#start + this.#within(offset, 8), true);
  }

  text(offset: number, maxBytes: number): string {
    const start = this.#start + this.#within(offset, 0);
    const limit = Math.min(start + maxBytes, this.#start + this.byteLength);
    let end = start;
    while (end < limit && this.#bytes[end] !== 0) end++;
    return this.#bytes.toString("utf8", start, end);
  }

  #within(offset: number, bytes: number): number {
    if (offset < 0 || offset + bytes > this.byteLength) {
      throw new RangeError(`offset ${offset} is outside a record of ${this.byteLength} bytes`);
    }
    return offset;
  }
}

/** A record view over ordinary memory. */
export function recordViewOf(bytes: Uint8Array): RecordView {
  return new BytesView(bytes);
}
