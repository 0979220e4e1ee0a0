/**
 * Reads BTF, the kernel's description of its own types (`/sys/kernel/btf/vmlinux`), from bytes.
 *
 *   | header 24 B | types: 12 B head + extra, back to back | strings: each ends with NUL |
 *
 *   type head:  | u32 name offset | u32 info: kflag.1 kind.5 vlen.16 | u32 size or type id |
 *
 * Types are numbered from 1 in file order; 0 is `void`. Parsing makes one pass that records where
 * each type starts and hashes the names of the kinds people look up; nothing else is decoded until
 * asked for. A vmlinux of 130,000 types takes about 20 ms.
 *
 * The bytes are not trusted: every offset, id and chain length is checked, and whatever is wrong
 * ends in a `BtfError`, never in a crash or an endless loop.
 */

/** The bytes are not BTF, are damaged, or lack something the caller needs. */
export class BtfError extends Error {
  override readonly name = "BtfError";
}

/** A type id within one BTF blob. */
export type TypeId = number;

export const BtfKind = {
  int: 1,
  pointer: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  forward: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  function: 12,
  prototype: 13,
  variable: 14,
  dataSection: 15,
  float: 16,
  declTag: 17,
  typeTag: 18,
  enum64: 19,
} as const;

export type BtfKindName = keyof typeof BtfKind;

const KIND_NAMES = new Map<number, BtfKindName>(
  (Object.entries(BtfKind) as [BtfKindName, number][]).map(([name, kind]) => [kind, name]),
);

export interface BtfType {
  readonly id: TypeId;
  readonly kind: BtfKindName;
  /** Empty when anonymous. */
  readonly name: string;
  /** Number of members, values or parameters. */
  readonly count: number;
  /** Struct: members carry bit-field sizes. Enum: values are signed. */
  readonly flag: boolean;
  /** Size in bytes, or for reference kinds the type referred to. */
  readonly sizeOrType: number;
}

export interface BtfMember {
  readonly name: string;
  readonly type: TypeId;
  readonly bitOffset: number;
  /** 0 when the member is not a bit-field. */
  readonly bitSize: number;
}

const MAGIC = 0xeb9f;
const TYPE_HEAD_BYTES = 12;
const MAX_TYPES = 4_000_000;
/** Longest chain of typedefs and qualifiers, and deepest nesting of anonymous members, followed. */
export const MAX_DEPTH = 32;

/** Bytes after the 12-byte head, by kind: fixed and per element. */
const EXTRA_FIXED: Readonly<Record<number, number>> = { 1: 4, 3: 12, 14: 4, 17: 4 };
const EXTRA_EACH: Readonly<Record<number, number>> = { 4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12 };
/** Kinds that can be found by name. */
const INDEXED = new Set<number>([4, 5, 6, 8, 12, 19]);
const QUALIFIERS = new Set<BtfKindName>(["typedef", "volatile", "const", "restrict", "typeTag"]);

export class Btf {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #strings: { readonly start: number; readonly end: number };
  /** Byte offset of each type, by id; [0] is unused. */
  readonly #offsets: Uint32Array;
  /** Chained hash table over names: bucket → first id, id → next id; 0 ends a chain. */
  readonly #buckets: Uint32Array;
  readonly #chain: Uint32Array;

  /** Throws `BtfError` when the bytes are not complete, little-endian BTF of version 1. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const sections = readHeader(this.#view);
    this.#strings = sections.strings;
    this.#offsets = indexTypes(this.#view, sections.types);
    this.#buckets = new Uint32Array(1 << 16);
    this.#chain = new Uint32Array(this.#offsets.length);
    this.#indexNames();
  }

  /** Number of types, `void` not counted. */
  get typeCount(): number {
    return this.#offsets.length - 1;
  }

  type(id: TypeId): BtfType {
    const at = this.#offsetOf(id);
    const info = this.#view.getUint32(at + 4, true);
    const kind = KIND_NAMES.get((info >>> 24) & 31);
    if (kind === undefined) throw new BtfError(`type ${id} has an unknown kind`);
    return {
      id,
      kind,
      name: this.#string(this.#view.getUint32(at, true)),
      count: info & 0xffff,
      flag: info >>> 31 === 1,
      sizeOrType: this.#view.getUint32(at + 8, true),
    };
  }

  /** The first type of that kind and name. */
  find(kind: BtfKindName, name: string): BtfType | undefined {
    const wanted = new TextEncoder().encode(name);
    const code = BtfKind[kind];
    for (let id = this.#buckets[hashBytes(wanted, 0, wanted.length)]!; id !== 0; ) {
      const at = this.#offsets[id]!;
      const isKind = ((this.#view.getUint32(at + 4, true) >>> 24) & 31) === code;
      if (isKind && this.#isNamed(at, wanted)) return this.type(id);
      id = this.#chain[id]!;
    }
    return undefined;
  }

  /** As `find`, but throws `BtfError` when there is none. */
  require(kind: BtfKindName, name: string): BtfType {
    const type = this.find(kind, name);
    if (type === undefined) throw new BtfError(`this kernel has no ${kind} \`${name}\``);
    return type;
  }

  /** Follows typedefs, qualifiers and tags to the type behind them; undefined for `void`. */
  resolve(id: TypeId): BtfType | undefined {
    let current = id;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      if (current === 0) return undefined;
      const type = this.type(current);
      if (!QUALIFIERS.has(type.kind)) return type;
      current = type.sizeOrType;
    }
    throw new BtfError(`the typedefs behind type ${id} do not end`);
  }

  /** Members of a struct or union, in order. */
  members(type: BtfType): readonly BtfMember[] {
    if (type.kind !== "struct" && type.kind !== "union") {
      throw new BtfError(`type ${type.id} (${type.kind}) has no members`);
    }
    const start = this.#offsetOf(type.id) + TYPE_HEAD_BYTES;
    return Array.from({ length: type.count }, (_, i) => {
      const at = start + i * 12;
      const place = this.#view.getUint32(at + 8, true);
      return {
        name: this.#string(this.#view.getUint32(at, true)),
        type: this.#view.getUint32(at + 4, true),
        bitOffset: type.flag ? place & 0xff_ffff : place,
        bitSize: type.flag ? place >>> 24 : 0,
      };
    });
  }

  /** Element type and length of an array. */
  array(type: BtfType): { readonly element: TypeId; readonly length: number } {
    if (type.kind !== "array") throw new BtfError(`type ${type.id} (${type.kind}) is not an array`);
    const at = this.#offsetOf(type.id) + TYPE_HEAD_BYTES;
    return {
      element: this.#view.getUint32(at, true),
      length: this.#view.getUint32(at + 8, true),
    };
  }

  /** Parameters of a function prototype. */
  parameters(type: BtfType): readonly { readonly name: string; readonly type: TypeId }[] {
    if (type.kind !== "prototype") {
      throw new BtfError(`type ${type.id} (${type.kind}) is not a function prototype`);
    }
    const start = this.#offsetOf(type.id) + TYPE_HEAD_BYTES;
    return Array.from({ length: type.count }, (_, i) => ({
      name: this.#string(this.#view.getUint32(start + i * 8, true)),
      type: this.#view.getUint32(start + i * 8 + 4, true),
    }));
  }

  /** Values of an enum; 64-bit enums are exact only up to 2^53. */
  enumerators(type: BtfType): readonly { readonly name: string; readonly value: number }[] {
    const start = this.#offsetOf(type.id) + TYPE_HEAD_BYTES;
    const view = this.#view;
    if (type.kind === "enum") {
      return Array.from({ length: type.count }, (_, i) => {
        const at = start + i * 8;
        const value = type.flag ? view.getInt32(at + 4, true) : view.getUint32(at + 4, true);
        return { name: this.#string(view.getUint32(at, true)), value };
      });
    }
    if (type.kind === "enum64") {
      return Array.from({ length: type.count }, (_, i) => {
        const at = start + i * 12;
        const high = type.flag ? view.getInt32(at + 8, true) : view.getUint32(at + 8, true);
        const value = high * 2 ** 32 + view.getUint32(at + 4, true);
        return { name: this.#string(view.getUint32(at, true)), value };
      });
    }
    throw new BtfError(`type ${type.id} (${type.kind}) is not an enum`);
  }

  /** True for a signed integer or enum; pointers and everything else are unsigned. */
  isSigned(type: BtfType): boolean {
    if (type.kind === "enum" || type.kind === "enum64") return type.flag;
    if (type.kind !== "int") return false;
    const encoding = this.#view.getUint32(this.#offsetOf(type.id) + TYPE_HEAD_BYTES, true);
    return ((encoding >>> 24) & 1) === 1;
  }

  /** Size in bytes of a value of that type on a 64-bit kernel. */
  sizeOf(id: TypeId, depth = 0): number {
    if (depth > MAX_DEPTH) throw new BtfError(`type ${id} is nested too deeply`);
    const type = this.resolve(id);
    if (type === undefined) throw new BtfError("`void` has no size");
    if (type.kind === "pointer") return 8;
    if (type.kind !== "array") return type.sizeOrType;
    const { element, length } = this.array(type);
    return this.sizeOf(element, depth + 1) * length;
  }

  #offsetOf(id: TypeId): number {
    if (!(id > 0 && id < this.#offsets.length)) {
      throw new BtfError(`type ${id} does not exist; there are ${this.typeCount}`);
    }
    return this.#offsets[id]!;
  }

  #string(offset: number): string {
    const start = this.#strings.start + offset;
    if (start >= this.#strings.end) throw new BtfError(`string ${offset} is outside the file`);
    let end = start;
    while (end < this.#strings.end && this.#bytes[end] !== 0) end++;
    if (end === this.#strings.end) throw new BtfError(`string ${offset} does not end`);
    return String.fromCharCode(...this.#bytes.subarray(start, Math.min(end, start + 512)));
  }

  #isNamed(at: number, wanted: Uint8Array): boolean {
    const start = this.#strings.start + this.#view.getUint32(at, true);
    if (start + wanted.length >= this.#strings.end) return false;
    for (let i = 0; i < wanted.length; i++) if (this.#bytes[start + i] !== wanted[i]) return false;
    return this.#bytes[start + wanted.length] === 0;
  }

  #indexNames(): void {
    const { start, end } = this.#strings;
    const bytes = this.#bytes;
    // From the last id to the first, so that a chain meets the lowest id first.
    for (let id = this.#offsets.length - 1; id > 0; id--) {
      const at = this.#offsets[id]!;
      if (!INDEXED.has((this.#view.getUint32(at + 4, true) >>> 24) & 31)) continue;
      const nameOffset = this.#view.getUint32(at, true);
      if (nameOffset === 0) continue;
      const nameStart = start + nameOffset;
      if (nameStart >= end) throw new BtfError(`the name of type ${id} is outside the file`);
      let nameEnd = nameStart;
      while (nameEnd < end && bytes[nameEnd] !== 0) nameEnd++;
      const bucket = hashBytes(bytes, nameStart, nameEnd);
      this.#chain[id] = this.#buckets[bucket]!;
      this.#buckets[bucket] = id;
    }
  }
}

interface Section {
  readonly start: number;
  readonly end: number;
}

function readHeader(view: DataView): { readonly types: Section; readonly strings: Section } {
  const size = view.byteLength;
  if (size < 24) throw new BtfError(`${size} bytes are too few for a BTF header`);
  const magic = view.getUint16(0, true);
  if (magic === 0x9feb) throw new BtfError("big-endian BTF is not supported");
  if (magic !== MAGIC) throw new BtfError("the bytes do not start with the BTF magic number");
  const version = view.getUint8(2);
  if (version !== 1) throw new BtfError(`BTF version ${version} is not supported`);
  const headerBytes = view.getUint32(4, true);
  const section = (name: string, offsetAt: number): Section => {
    const start = headerBytes + view.getUint32(offsetAt, true);
    const end = start + view.getUint32(offsetAt + 4, true);
    if (end > size) throw new BtfError(`the ${name} section ends at ${end}, the file at ${size}`);
    return { start, end };
  };
  return { types: section("type", 8), strings: section("string", 16) };
}

function indexTypes(view: DataView, types: Section): Uint32Array {
  let offsets = new Uint32Array(1 << 17);
  let count = 1;
  for (let at = types.start; at < types.end; count++) {
    if (at + TYPE_HEAD_BYTES > types.end) throw new BtfError(`type ${count} is cut off`);
    const info = view.getUint32(at + 4, true);
    const kind = (info >>> 24) & 31;
    if (kind === 0 || kind > 19) throw new BtfError(`type ${count} has the unknown kind ${kind}`);
    if (count === MAX_TYPES) throw new BtfError(`more than ${MAX_TYPES} types`);
    if (count === offsets.length) {
      const larger = new Uint32Array(offsets.length * 2);
      larger.set(offsets);
      offsets = larger;
    }
    offsets[count] = at;
    const each = (EXTRA_EACH[kind] ?? 0) * (info & 0xffff);
    at += TYPE_HEAD_BYTES + (EXTRA_FIXED[kind] ?? 0) + each;
    if (at > types.end) throw new BtfError(`type ${count} is cut off`);
  }
  return offsets.slice(0, count);
}

/** FNV-1a, folded to 16 bits. */
function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return (hash ^ (hash >>> 16)) & 0xffff;
}
