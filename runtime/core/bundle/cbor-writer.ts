/**
 * A writer of deterministic CBOR (RFC 8949 §4.2.1): shortest heads, definite lengths, keys of a map
 * in the order of their encoded bytes.
 *
 *     head   major type (3 bits) │ argument: 0–23 here, else in the 1, 2 or 4 bytes that follow
 *
 * It writes a tree in one pass into one buffer, because a bundle has hundreds of thousands of
 * values. What is rare, such as a fraction, is left to the general encoder.
 */
import { encode } from "cborg";

const major = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5 } as const;
const simple = { false: 0xf4, true: 0xf5, null: 0xf6, undefined: 0xf7 } as const;

/** What is not longer is copied by hand; a call costs more than the loop. */
const shortBytes = 64;
const firstCapacity = 1 << 16;
const utf8 = new TextEncoder();

interface Key {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * The names of a map in the order they were met. Records are of few shapes, so each shape's names
 * are sorted once: shapes are found name by name in a tree.
 */
class Shape {
  readonly #next = new Map<string, Shape>();
  readonly #names: readonly string[];
  #keys: readonly Key[] | undefined;

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  and(name: string): Shape {
    let next = this.#next.get(name);
    if (next === undefined) {
      next = new Shape([...this.#names, name]);
      this.#next.set(name, next);
    }
    return next;
  }

  /** As they stand in the map. */
  get keys(): readonly Key[] {
    this.#keys ??= this.#names
      .map((name) => ({ name, bytes: encode(name) }))
      .sort((a, b) => compareBytes(a.bytes, b.bytes));
    return this.#keys;
  }
}

export class CborWriter {
  #bytes = new Uint8Array(firstCapacity);
  #length = 0;
  readonly #noNames = new Shape([]);

  /** What was written so far. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Any value without children. */
  leaf(value: unknown): void {
    if (typeof value === "string") this.text(value);
    else if (typeof value === "number") this.#number(value);
    else if (typeof value === "boolean") this.#byte(value ? simple.true : simple.false);
    else if (value === null) this.#byte(simple.null);
    else if (value === undefined) this.#byte(simple.undefined);
    else throw new Error(`a ${typeof value} has no place in a bundle`);
  }

  text(value: string): void {
    if (value.length <= shortBytes && this.#asciiText(value)) return;
    // A UTF-16 code unit becomes three bytes at most.
    const encoded = utf8.encode(value);
    this.#head(major.text, encoded.length);
    this.#raw(encoded);
  }

  bytes(value: Uint8Array): void {
    this.#head(major.bytes, value.length);
    this.#raw(value);
  }

  /** An array; `write` writes one value. */
  array(values: readonly unknown[], write: (value: unknown) => void): void {
    this.#head(major.array, values.length);
    for (const value of values) write(value);
  }

  /** A map of what `record` has; `write` writes one value. Absent and undefined are the same. */
  map(record: Readonly<Record<string, unknown>>, write: (value: unknown) => void): void {
    let shape = this.#noNames;
    for (const name of Object.keys(record)) if (record[name] !== undefined) shape = shape.and(name);
    const { keys } = shape;
    this.#head(major.map, keys.length);
    for (const { name, bytes } of keys) {
      this.#raw(bytes);
      write(record[name]);
    }
  }

  #number(value: number): void {
    const isUnsigned = value >>> 0 === value && !Object.is(value, -0);
    if (isUnsigned) this.#head(major.unsigned, value);
    else this.#raw(encode(value));
  }

  /** Writes a text of ASCII alone; false, with nothing written, when it holds anything else. */
  #asciiText(value: string): boolean {
    const start = this.#length;
    this.#head(major.text, value.length);
    this.#reserve(value.length);
    const bytes = this.#bytes;
    const at = this.#length;
    for (let i = 0; i < value.length; i += 1) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) {
        this.#length = start;
        return false;
      }
      bytes[at + i] = code;
    }
    this.#length += value.length;
    return true;
  }

  #head(type: number, argument: number): void {
    const first = type << 5;
    if (argument < 24) {
      this.#byte(first | argument);
    } else if (argument < 0x100) {
      this.#byte(first | 24);
      this.#byte(argument);
    } else if (argument < 0x10000) {
      this.#byte(first | 25);
      this.#byte(argument >>> 8);
      this.#byte(argument);
    } else {
      this.#byte(first | 26);
      for (const shift of [24, 16, 8, 0]) this.#byte(argument >>> shift);
    }
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  #raw(bytes: Uint8Array): void {
    const { length } = bytes;
    this.#reserve(length);
    const target = this.#bytes;
    const at = this.#length;
    if (length > shortBytes) target.set(bytes, at);
    else for (let i = 0; i < length; i += 1) target[at + i] = bytes[i]!;
    this.#length += length;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + more));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i += 1) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
