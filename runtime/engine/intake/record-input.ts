/** Where one source writes, and how its records become events. */
import { type CoreUnit, type EventData, type Layout, slot } from "#core";
import { type Interner, RecordReader, RecordWriter } from "#runtime/events";
import { Ring } from "#runtime/ring";
import type { KindFunction } from "../code/matcher.ts";

export interface RecordInputOptions {
  readonly unit: CoreUnit;
  readonly layouts: readonly Layout[];
  readonly interner: Interner;
  /** Records and text bytes of the ring. */
  readonly ring: { readonly slots: number; readonly textBytes: number };
}

const noFunctions: readonly KindFunction[] = [];

interface ReadRecord {
  readonly event: EventData;
  /** Triggers it may be for. */
  readonly count: number;
}

/** A record whose reading failed. */
export interface BrokenRecord {
  readonly kind: number;
  /** µs. */
  readonly ts: number;
  readonly error: unknown;
}

export class RecordInput {
  readonly ring: Ring;
  readonly writer: RecordWriter;
  readonly #reader: RecordReader;
  /** The last sequence number read, to restore the bits a slot lacks. */
  #lastSeq = 0;
  /** The latest time of a record that was read, µs. */
  newestUs = Number.NEGATIVE_INFINITY;
  /** What engines before this one counted. */
  #before = { received: 0, dropped: 0 };

  constructor({ unit, layouts, interner, ring }: RecordInputOptions) {
    this.ring = new Ring(ring);
    this.writer = new RecordWriter(this.ring, unit.schema, layouts, interner);
    this.#reader = new RecordReader(this.ring, unit.schema, layouts, interner);
  }

  save() {
    const { received, dropped } = this;
    const { newestUs } = this;
    return { lastSeq: this.#lastSeq, written: this.writer.seq, received, dropped, newestUs };
  }

  restore(saved: ReturnType<RecordInput["save"]>): void {
    this.#lastSeq = saved.lastSeq;
    this.writer.seq = saved.written;
    this.newestUs = saved.newestUs;
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
   * Takes all records, each once whatever `take` throws. It hears of each that some trigger may be
   * for, with the number of triggers written to `hits`; returns how many were for none.
   */
  read(
    kinds: readonly (readonly KindFunction[] | undefined)[],
    hits: Int32Array,
    take: (event: EventData, count: number) => void,
    broken: (record: BrokenRecord) => void,
  ): number {
    const count = this.ring.readable;
    let filtered = 0;
    let done = 0;
    try {
      while (done < count) {
        const i = done++;
        const at = this.ring.slotAt(i);
        this.newestUs = Math.max(this.newestUs, this.#reader.timeAt(at));
        const read = this.#read(i, at, kinds[this.#reader.kindAt(at)] ?? noFunctions, hits);
        if (read === undefined) filtered++;
        else if ("error" in read) broken(read);
        else take(read.event, read.count);
      }
    } finally {
      this.ring.release(done);
    }
    return filtered;
  }

  /** Undefined for a record that no trigger may be for. */
  #read(
    i: number,
    at: number,
    functions: readonly KindFunction[],
    hits: Int32Array,
  ): ReadRecord | BrokenRecord | undefined {
    try {
      const { u8, u32, f64 } = this.ring.views;
      let count = 0;
      for (const fn of functions) count = fn(u8, u32, f64, at, this.#reader, hits, count);
      if (count === 0) return undefined;
      const index = this.ring.indexAt(i);
      const event = this.#reader.materialise(
        at,
        this.writer.entities[index],
        this.#seqHigh(at),
        this.writer.collections[index],
      );
      this.#lastSeq = event.seq;
      return { event, count };
    } catch (error) {
      const ts = this.ring.views.f64[(at + slot.time) >> 3] ?? 0;
      return { kind: this.#reader.kindAt(at), ts, error };
    }
  }

  /** What the 32 bits in a slot lack of its sequence number; numbers of one source only grow. */
  #seqHigh(at: number): number {
    const low = this.ring.views.u32[(at + 16) >> 2] ?? 0;
    const base = Math.floor(this.#lastSeq / 2 ** 32) * 2 ** 32;
    return low + base + 2 ** 31 < this.#lastSeq ? base + 2 ** 32 : base;
  }
}
