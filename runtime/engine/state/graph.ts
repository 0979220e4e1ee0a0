/**
 * State as bytes: plain data (objects, arrays, maps, sets, typed arrays, values of events) with
 * shared parts and cycles, which come back shared. What belongs to the bundle and not to the state,
 * such as a rule, is an *external*: it is written by name and found again by name.
 *
 * Objects are numbered in the order in which they are met. Where one is met first stands its sort;
 * what it holds follows in the order of the numbers, so that nothing recurses:
 *
 *     root value │ content of object 0 │ content of object 1 │ …
 */
import { CutText, RecordValue, type Value } from "#core";
import { ByteReader, ByteWriter } from "./bytes.ts";

/** What a value begins with. */
const tag = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  /** A whole number that 32 bits hold. */
  int: 4,
  float: 5,
  text: 6,
  bigint: 7,
  /** An object that was met before, by its number. */
  met: 8,
  external: 9,
  /** The first meeting of an object; which sort follows from the tag. */
  array: 10,
  map: 11,
  set: 12,
  plain: 13,
  record: 14,
  /** These hold no objects, so their content follows at once. */
  cutText: 15,
  float64s: 16,
  int32s: 17,
  uint32s: 18,
  uint8s: 19,
} as const;

const typedArrays = [
  [tag.float64s, Float64Array],
  [tag.int32s, Int32Array],
  [tag.uint32s, Uint32Array],
  [tag.uint8s, Uint8Array],
] as const;

/** Bytes of `root`; equal graphs give equal bytes. */
export function encodeGraph(root: unknown, externals: ReadonlyMap<object, string>): Uint8Array {
  return new GraphWriter(externals).write(root);
}

class GraphWriter {
  readonly #out = new ByteWriter();
  readonly #externals: ReadonlyMap<object, string>;
  readonly #numbers = new Map<object, number>();
  readonly #met: object[] = [];
  /** Names of the properties of plain objects, by the names in one text. */
  readonly #shapes = new Map<string, { readonly keys: readonly string[]; readonly id: number }>();

  constructor(externals: ReadonlyMap<object, string>) {
    this.#externals = externals;
  }

  write(root: unknown): Uint8Array {
    this.#value(root);
    // The list grows while its objects are written.
    for (let i = 0; i < this.#met.length; i++) this.#content(this.#met[i] as object);
    return this.#out.bytes();
  }

  #value(x: unknown): void {
    const out = this.#out;
    if (typeof x === "object" && x !== null) this.#object(x);
    else if (typeof x === "string") {
      out.byte(tag.text);
      out.text(x);
    } else if (typeof x === "number") {
      // Negative zero is not what 32 bits hold.
      if ((x | 0) === x && !Object.is(x, -0)) {
        out.byte(tag.int);
        out.int(x);
      } else {
        out.byte(tag.float);
        out.float(x);
      }
    } else if (x === undefined) out.byte(tag.undefined);
    else if (x === null) out.byte(tag.null);
    else if (typeof x === "boolean") out.byte(x ? tag.true : tag.false);
    else if (typeof x === "bigint") {
      out.byte(tag.bigint);
      out.text(x.toString());
    } else throw new Error("state holds only data");
  }

  #object(x: object): void {
    const out = this.#out;
    const number = this.#numbers.get(x);
    if (number !== undefined) {
      out.byte(tag.met);
      out.size(number);
      return;
    }
    const external = this.#externals.get(x);
    if (external !== undefined) {
      out.byte(tag.external);
      out.text(external);
      return;
    }
    this.#numbers.set(x, this.#met.length);
    this.#met.push(x);
    out.byte(sortOf(x));
    if (x instanceof CutText) out.text(x.visible);
    else if (ArrayBuffer.isView(x)) out.raw(x as Uint8Array);
  }

  #content(x: object): void {
    if (Array.isArray(x)) {
      this.#out.size(x.length);
      for (let i = 0; i < x.length; i++) this.#value(x[i]);
    } else if (x instanceof Map) this.#pairs(x);
    else if (x instanceof Set) {
      this.#out.size(x.size);
      for (const item of x) this.#value(item);
    } else if (x instanceof RecordValue) this.#pairs(x.members);
    else if (!(x instanceof CutText || ArrayBuffer.isView(x))) this.#plain(x);
  }

  #pairs(map: ReadonlyMap<unknown, unknown>): void {
    this.#out.size(map.size);
    for (const [key, value] of map) {
      this.#value(key);
      this.#value(value);
    }
  }

  /** A shape is written where it is met first, and then is a number. */
  #plain(x: object): void {
    const keys = Object.keys(x);
    const known = this.#shapes.get(keys.join("\n"));
    if (known && isSame(known.keys, keys)) this.#out.size(known.id);
    else {
      const id = this.#shapes.size;
      this.#shapes.set(known ? `${id}\n\n` : keys.join("\n"), { keys, id });
      this.#out.size(id);
      this.#out.size(keys.length);
      for (const key of keys) this.#out.text(key);
    }
    for (const key of keys) this.#value((x as Record<string, unknown>)[key]);
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, i) => key === b[i]);
}

function sortOf(x: object): number {
  if (Array.isArray(x)) return tag.array;
  const prototype = Object.getPrototypeOf(x);
  if (prototype === Object.prototype) return tag.plain;
  if (x instanceof Map) return tag.map;
  if (x instanceof Set) return tag.set;
  if (x instanceof CutText) return tag.cutText;
  if (x instanceof RecordValue) return tag.record;
  const typed = typedArrays.find(([, type]) => prototype === type.prototype);
  if (typed) return typed[0];
  throw new Error(`state holds a ${x.constructor?.name ?? "thing"}, which is not plain data`);
}

/** The graph again; throws on bytes that are none, and on externals that are not there. */
export function decodeGraph(bytes: Uint8Array, externals: ReadonlyMap<string, object>): unknown {
  return new GraphReader(bytes, externals).read();
}

class GraphReader {
  readonly #in: ByteReader;
  readonly #externals: ReadonlyMap<string, object>;
  readonly #made: object[] = [];
  readonly #shapes: (readonly string[])[] = [];

  constructor(bytes: Uint8Array, externals: ReadonlyMap<string, object>) {
    this.#in = new ByteReader(bytes);
    this.#externals = externals;
  }

  read(): unknown {
    const root = this.#value();
    for (let i = 0; i < this.#made.length; i++) this.#fill(this.#made[i] as object);
    return root;
  }

  #value(): unknown {
    const from = this.#in;
    const what = from.byte();
    switch (what) {
      case tag.undefined:
        return undefined;
      case tag.null:
        return null;
      case tag.false:
        return false;
      case tag.true:
        return true;
      case tag.int:
        return from.int();
      case tag.float:
        return from.float();
      case tag.text:
        return from.text();
      case tag.bigint:
        return BigInt(from.text());
      case tag.met: {
        const number = from.size();
        return required(this.#made[number], `object ${number}`);
      }
      case tag.external: {
        const name = from.text();
        return required(this.#externals.get(name), name);
      }
      default: {
        const made = this.#empty(what);
        this.#made.push(made);
        return made;
      }
    }
  }

  #empty(sort: number): object {
    switch (sort) {
      case tag.array:
        return [];
      case tag.map:
        return new Map();
      case tag.set:
        return new Set();
      case tag.plain:
        return {};
      case tag.record:
        return new RecordValue([]);
      case tag.cutText:
        return new CutText(this.#in.text());
      default: {
        const typed = typedArrays.find(([letter]) => letter === sort);
        if (!typed) throw new Error(`the state is damaged: no value begins with ${sort}`);
        return new typed[1](this.#in.raw());
      }
    }
  }

  #fill(into: object): void {
    if (into instanceof CutText || ArrayBuffer.isView(into)) return;
    if (!Array.isArray(into) && Object.getPrototypeOf(into) === Object.prototype) {
      for (const key of this.#shape()) define(into, key, this.#value());
      return;
    }
    for (let left = this.#in.size(); left > 0; left--) {
      if (Array.isArray(into)) into.push(this.#value());
      else if (into instanceof Set) into.add(this.#value());
      else {
        const map = into instanceof RecordValue ? (into.members as Map<unknown, Value>) : into;
        const key = this.#value();
        (map as Map<unknown, unknown>).set(key, this.#value());
      }
    }
  }

  #shape(): readonly string[] {
    const id = this.#in.size();
    const known = this.#shapes[id];
    if (known) return known;
    const keys = Array.from({ length: this.#in.size() }, () => this.#in.text());
    this.#shapes.push(keys);
    return keys;
  }
}

function required<T>(x: T | undefined, what: string): T {
  if (x === undefined) throw new Error(`the state refers to ${what}, which is not there`);
  return x;
}

/** An own property even for a name that has a meaning. */
function define(into: object, key: string, value: unknown): void {
  if (key === "__proto__")
    Object.defineProperty(into, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  else (into as Record<string, unknown>)[key] = value;
}
