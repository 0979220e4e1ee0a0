/**
 * Reads records in place. Generated matchers read the fields they need straight from the views;
 * this class serves what they cannot inline (text, continuation blocks) and turns a record that
 * matched into plain data.
 */
import {
  CutText,
  type EntityRef,
  type EventData,
  type Field,
  type FieldPlace,
  type Layout,
  makeEvent,
  type Schema,
  slot,
  textRefBit,
  type Value,
} from "#core";
import type { Ring } from "#runtime/ring";
import type { Interner } from "./interner.ts";

export class RecordReader {
  readonly ring: Ring;
  #schema: Schema;
  #layouts: readonly Layout[];
  #interner: Interner;

  constructor(ring: Ring, schema: Schema, layouts: readonly Layout[], interner: Interner) {
    this.ring = ring;
    this.#schema = schema;
    this.#layouts = layouts;
    this.#interner = interner;
  }

  /** Time of the record at byte offset `at`, µs. */
  timeAt(at: number): number {
    return this.ring.views.f64[(at + slot.time) >> 3] ?? 0;
  }

  kindAt(at: number): number {
    return this.ring.views.u16[(at + slot.kind) >> 1] ?? 0;
  }

  /** Byte offset of the continuation block of the record at `at`. */
  ext(at: number): number {
    return this.ring.textBase + (this.ring.views.u32[(at + slot.ext) >> 2] ?? 0) * 8;
  }

  /** The text behind a handle. */
  text(handle: number): string {
    if (handle < textRefBit) return this.#interner.text(handle);
    const at = this.ring.textBase + (handle - textRefBit) * 8;
    const length = this.ring.views.u32[at >> 2] ?? 0;
    return Buffer.from(this.ring.views.u8.buffer, at + 4, length).toString("utf8");
  }

  /**
   * The record at byte offset `at` as plain data. `seqHigh` is what the 32 bits in the slot lack;
   * `collections` are its lists and maps by field.
   */
  materialise(
    at: number,
    entity: EntityRef | undefined,
    seqHigh = 0,
    collections?: ReadonlyMap<number, Value>,
  ): EventData {
    const kind = this.kindAt(at);
    const info = this.#schema.kinds[kind];
    const layout = this.#layouts[kind];
    if (!info || !layout) throw new Error(`record of unknown kind ${kind}`);
    const fields = info.fields.map((field, i) => {
      const place = layout.fields[i];
      if (field.type.t === "list" || field.type.t === "map") return collections?.get(i);
      return place ? this.#value(at, field, place) : undefined;
    });
    const { f64, u32 } = this.ring.views;
    const ts = f64[(at + slot.time) >> 3] ?? 0;
    const seq = (u32[(at + slot.seq) >> 2] ?? 0) + seqHigh;
    return makeEvent(this.#schema, { kind, ts, seq, entity, fields });
  }

  #flag(at: number, bit: number): boolean {
    const word = bit < 32 ? at + slot.flags : this.ext(at) + ((bit >> 5) - 1) * 4;
    return (((this.ring.views.u32[word >> 2] ?? 0) >>> (bit & 31)) & 1) === 1;
  }

  #value(at: number, field: Field, place: FieldPlace): Value {
    if (place.presentBit >= 0 && !this.#flag(at, place.presentBit)) return undefined;
    const where = (place.inExt ? this.ext(at) : at) + place.offset;
    const { u8, u32, f64 } = this.ring.views;
    switch (place.width) {
      case "f64":
        return f64[where >> 3];
      case "u8": {
        const x = u8[where] ?? 0;
        return field.type.t === "enum" ? field.type.members[x] : x !== 0;
      }
      case "u64":
        return this.#words(where, 2);
      case "u128":
        return this.#words(where, 4);
      case "u32": {
        const x = u32[where >> 2] ?? 0;
        if (field.type.t !== "string") return x;
        const text = this.text(x);
        return this.#flag(at, place.cutBit) ? new CutText(text) : text;
      }
    }
  }

  #words(where: number, count: number): bigint {
    let x = 0n;
    for (let i = count - 1; i >= 0; i--)
      x = (x << 32n) | BigInt(this.ring.views.u32[(where >> 2) + i] ?? 0);
    return x;
  }
}

/** Writes plain data as a record: the way recordings and tests enter the engine. */
export function writeEvent(
  writer: {
    begin(kind: number, ts: number, entity: EntityRef | undefined, seq?: number): void;
    setNumber(field: number, value: number): void;
    setId64(field: number, value: bigint): void;
    setIp(field: number, value: bigint): void;
    setText(field: number, text: string, isCut?: boolean): void;
    setCollection(field: number, value: Value): void;
    commit(): boolean;
  },
  schema: Schema,
  event: Omit<EventData, "id">,
): boolean {
  writer.begin(event.kind, event.ts, event.entity, event.seq);
  for (const [i, field] of (schema.kinds[event.kind]?.fields ?? []).entries()) {
    const value = event.fields[i];
    if (value === undefined) continue;
    if (field.type.t === "list" || field.type.t === "map") writer.setCollection(i, value);
    else if (value instanceof CutText) writer.setText(i, value.visible, true);
    else if (typeof value === "bigint") {
      if (field.type.t === "id64") writer.setId64(i, value);
      else writer.setIp(i, value);
    } else if (typeof value === "string") {
      if (field.type.t === "enum") writer.setNumber(i, field.type.members.indexOf(value));
      else writer.setText(i, value);
    } else writer.setNumber(i, Number(value));
  }
  return writer.commit();
}
