/**
 * Where a kind's fields lie in a record. One record is a fixed slot of 64 bytes; what does not fit
 * continues in a block of the byte ring.
 *
 *     byte  0        2       3         4        8          16      20        24      28 … 63
 *          ┌────────┬───────┬─────────┬────────┬──────────┬───────┬─────────┬───────┬──────────┐
 *          │kind u16│src u8 │(zero) u8│flags u32│ time f64 │seq u32│(zero)u32│ext u32│  fields  │
 *          └────────┴───────┴─────────┴────────┴──────────┴───────┴─────────┴───────┴──────────┘
 *
 * `flags` has one bit per optional field (set = present) and one per string (set = cut), in
 * declaration order; further bits continue in the block. `ext` and text handles with the top bit
 * set are offsets into the byte ring in units of 8 bytes; other text handles are interned ids.
 *
 * Appending a field never moves an earlier one. Any other change is a new event kind.
 */
import type { EventKind, Field, FieldType, ItemType, Schema } from "./schema.ts";

export const slotBytes = 64;
export const slotWords = slotBytes / 4;
const headBytes = 28;

export const slot = { kind: 0, source: 2, flags: 4, time: 8, seq: 16, ext: 24 } as const;
/** Set in a text handle that points into the byte ring. */
export const textRefBit = 0x8000_0000;

export type Width = "u8" | "u32" | "f64" | "u64" | "u128";

export interface FieldPlace {
  readonly width: Width;
  /** Byte offset in the slot, or in the continuation block when `inExt`. */
  readonly offset: number;
  readonly inExt: boolean;
  /** Bit number in the flags, or -1. For an optional field: set when present. */
  readonly presentBit: number;
  /** Bit number in the flags, or -1. For a string: set when cut. */
  readonly cutBit: number;
}

export interface Layout {
  readonly fields: readonly FieldPlace[];
  /** Bytes of the continuation block; 0 when everything fits. */
  readonly extBytes: number;
  /** Flag words beyond the first, at the start of the block. */
  readonly extraFlagWords: number;
}

const sizes: Record<Width, { bytes: number; align: number }> = {
  u8: { bytes: 1, align: 1 },
  u32: { bytes: 4, align: 4 },
  f64: { bytes: 8, align: 8 },
  u64: { bytes: 8, align: 4 },
  u128: { bytes: 16, align: 4 },
};

export function widthOf(field: Field): Width {
  switch (field.type.t) {
    case "bool":
    case "enum":
      return "u8";
    case "u32":
    case "port":
    case "string":
      return "u32";
    case "list":
    case "map":
    case "record":
      return "u32";
    case "id64":
      return "u64";
    case "ip":
    case "cidr":
      return "u128";
    default:
      return "f64";
  }
}

/** The layout of a kind; a pure function of its fields. */
export function layoutOf(kind: EventKind): Layout {
  const bits = kind.fields.reduce(
    (n, f) => n + (f.isOptional ? 1 : 0) + (f.type.t === "string" ? 1 : 0),
    0,
  );
  const extraFlagWords = Math.max(0, Math.ceil(bits / 32) - 1);
  const used = new Uint8Array(slotBytes).fill(1, 0, headBytes);
  let extEnd = extraFlagWords * 4;
  let bit = 0;
  const fields = kind.fields.map((field): FieldPlace => {
    const width = widthOf(field);
    const { bytes, align } = sizes[width];
    const at = firstFree(used, bytes, align);
    const presentBit = field.isOptional ? bit++ : -1;
    const cutBit = field.type.t === "string" ? bit++ : -1;
    if (at >= 0) {
      used.fill(1, at, at + bytes);
      return { width, offset: at, inExt: false, presentBit, cutBit };
    }
    const offset = Math.ceil(extEnd / align) * align;
    extEnd = offset + bytes;
    return { width, offset, inExt: true, presentBit, cutBit };
  });
  return { fields, extBytes: Math.ceil(extEnd / 8) * 8, extraFlagWords };
}

function firstFree(used: Uint8Array, bytes: number, align: number): number {
  for (let at = Math.ceil(headBytes / align) * align; at + bytes <= slotBytes; at += align) {
    if (used.subarray(at, at + bytes).every((b) => b === 0)) return at;
  }
  return -1;
}

/** Changes whenever any record would be read differently: FNV-1a over names, types and places. */
export function layoutHash(schema: Schema): string {
  const canonical = [
    schema.sources.map((s) => [s.name, s.rank, s.latenessUs, s.granularityUs, s.idleUs, s.isLossy]),
    schema.kinds
      .filter((k) => k.made === undefined)
      .map((k) => [k.name, k.source, k.fields.map((f) => [f.name, f.isOptional, typeKey(f.type)])]),
  ];
  let hash = 0xcbf29ce484222325n;
  for (const ch of JSON.stringify(canonical)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(ch.codePointAt(0) ?? 0)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, "0");
}

/** Spelled out, because a schema that was read back has its properties in another order. */
function typeKey(type: FieldType): unknown {
  if (type.t === "enum") return type.members;
  if (type.t === "list") return ["list", itemKey(type.item), type.max];
  if (type.t === "map") return ["map", typeKey(type.key), itemKey(type.value), type.max];
  if (type.t === "record") return ["record", type.members.map((m) => [m.name, itemKey(m)])];
  return type.t === "string" ? `string(${type.maxBytes})` : type.t;
}

function itemKey({ type, isOptional }: ItemType): unknown {
  return isOptional ? ["?", typeKey(type)] : typeKey(type);
}
