/** Writes events into a ring, field by field; see `EventWriter` for the contract. */
import {
  type EntityRef,
  type EventWriter,
  type Layout,
  prefixOf,
  type Schema,
  slot,
  textRefBit,
  type Value,
} from "#core";
import type { Ring } from "#runtime/ring";
import type { Interner } from "./interner.ts";

const encoder = new TextEncoder();

export class RecordWriter implements EventWriter {
  #ring: Ring;
  #schema: Schema;
  #layouts: readonly Layout[];
  #interner: Interner;
  /** Entities of the records in the ring, by slot; released with it. */
  readonly entities: (EntityRef | undefined)[];
  /** Lists and maps of the records in the ring, by slot and field; released with it. */
  readonly collections: (Map<number, Value> | undefined)[];
  /** Sequence number of the last record: those that are not given one count on from it. */
  seq = 0;
  #at = -1;
  #ext = -1;
  #kind = 0;
  #layout: Layout | undefined;
  #failed = false;
  #scratch = new Uint8Array(4096 * 3);
  /** Fields whose text was longer than declared and was cut here. */
  cut = 0;

  constructor(ring: Ring, schema: Schema, layouts: readonly Layout[], interner: Interner) {
    this.#ring = ring;
    this.#schema = schema;
    this.#layouts = layouts;
    this.#interner = interner;
    this.entities = new Array(ring.slots);
    this.collections = new Array(ring.slots);
  }

  begin(kind: number, tsUs: number, entity: EntityRef | undefined, seq?: number): void {
    const layout = this.#layouts[kind];
    if (!layout) throw new Error(`no event kind ${kind}`);
    this.seq = seq ?? this.seq + 1;
    this.#kind = kind;
    this.#layout = layout;
    this.#at = this.#ring.reserve();
    this.#failed = this.#at < 0;
    if (this.#failed) return;
    const { u8, u16, u32, f64 } = this.#ring.views;
    u16[(this.#at + slot.kind) >> 1] = kind;
    u8[this.#at + slot.source] = this.#schema.kinds[kind]?.source ?? 0;
    f64[(this.#at + slot.time) >> 3] = tsUs;
    u32[(this.#at + slot.seq) >> 2] = this.seq;
    this.entities[this.#ring.writeIndex] = entity;
    this.collections[this.#ring.writeIndex] = undefined;
    if (layout.extBytes > 0) this.#reserveExt(layout.extBytes);
  }

  setNumber(field: number, value: number): void {
    const at = this.#place(field);
    if (at < 0 || !Number.isFinite(value)) return;
    const place = this.#layout?.fields[field];
    const { u8, u32, f64 } = this.#ring.views;
    if (place?.width === "f64") f64[at >> 3] = value;
    else if (place?.width === "u8") u8[at] = value;
    else u32[at >> 2] = value;
    this.#flag(place?.presentBit ?? -1);
  }

  setId64(field: number, value: bigint): void {
    this.#setWords(field, value, 2);
  }

  setIp(field: number, value: bigint): void {
    this.#setWords(field, value, 4);
  }

  setText(field: number, text: string, isCut = false): void {
    const at = this.#place(field);
    const type = this.#schema.kinds[this.#kind]?.fields[field]?.type;
    if (at < 0 || type?.t !== "string") return;
    const fitted = prefixOf(text.isWellFormed() ? text : text.toWellFormed(), type.maxBytes);
    if (fitted.length < text.length) this.cut++;
    const handle = this.#textHandle(fitted);
    if (handle < 0) return;
    this.#ring.views.u32[at >> 2] = handle;
    const place = this.#layout?.fields[field];
    this.#flag(place?.presentBit ?? -1);
    if (isCut || fitted.length < text.length) this.#flag(place?.cutBit ?? -1);
  }

  /** A list or a map; it stays outside the record, beside its entity. */
  setCollection(field: number, value: Value): void {
    const at = this.#place(field);
    if (at < 0) return;
    const index = this.#ring.writeIndex;
    const own = this.collections[index] ?? new Map<number, Value>();
    this.collections[index] = own.set(field, value);
    this.#flag(this.#layout?.fields[field]?.presentBit ?? -1);
  }

  commit(): boolean {
    if (this.#at < 0 || this.#failed) {
      this.#ring.abandon();
      return false;
    }
    this.#ring.commit();
    return true;
  }

  #reserveExt(bytes: number): void {
    this.#ext = this.#ring.reserveText(bytes);
    if (this.#ext < 0) this.#failed = true;
    else this.#ring.views.u32[(this.#at + slot.ext) >> 2] = (this.#ext - this.#ring.textBase) >> 3;
  }

  /** Byte offset of a field of the record being written, or -1 when there is no record. */
  #place(field: number): number {
    const place = this.#layout?.fields[field];
    if (this.#failed || !place) return -1;
    return (place.inExt ? this.#ext : this.#at) + place.offset;
  }

  #flag(bit: number): void {
    if (bit < 0) return;
    const at = bit < 32 ? this.#at + slot.flags : this.#ext + ((bit >> 5) - 1) * 4;
    const { u32 } = this.#ring.views;
    u32[at >> 2] = (u32[at >> 2] ?? 0) | (1 << (bit & 31));
  }

  #setWords(field: number, value: bigint, words: number): void {
    const at = this.#place(field);
    if (at < 0) return;
    for (let i = 0; i < words; i++) {
      this.#ring.views.u32[(at >> 2) + i] = Number((value >> BigInt(32 * i)) & 0xffff_ffffn);
    }
    this.#flag(this.#layout?.fields[field]?.presentBit ?? -1);
  }

  #textHandle(text: string): number {
    const id = this.#interner.intern(text);
    if (id >= 0) return id;
    if (text.length * 3 > this.#scratch.length) this.#scratch = new Uint8Array(text.length * 3);
    const { written } = encoder.encodeInto(text, this.#scratch);
    const at = this.#ring.reserveText(4 + written);
    if (at < 0) {
      this.#failed = true;
      return -1;
    }
    this.#ring.views.u32[at >> 2] = written;
    this.#ring.views.u8.set(this.#scratch.subarray(0, written), at + 4);
    return (((at - this.#ring.textBase) >> 3) | textRefBit) >>> 0;
  }
}
