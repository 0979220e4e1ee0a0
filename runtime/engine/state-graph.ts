/**
 * State as bytes: plain data (objects, arrays, maps, sets, typed arrays, values of events) with
 * shared parts and cycles, which come back shared. What belongs to the bundle and not to the state,
 * such as a rule, is an *external*: it is written by name and found again by name.
 *
 * Every object is one node of a table, numbered in the order in which it is met; a value is itself
 * when CBOR has it, and otherwise a pair of a letter and what the letter is about.
 */
import { decode, encode } from "cborg";
import { CutText, RecordValue, type Value } from "#core";

type Written = unknown;

/** Bytes of `root`; equal graphs give equal bytes. */
export function encodeGraph(root: unknown, externals: ReadonlyMap<object, string>): Uint8Array {
  const numbers = new Map<object, number>();
  const met: object[] = [];
  const value = (x: unknown): Written => {
    if (typeof x === "object" && x !== null) {
      const external = externals.get(x);
      if (external !== undefined) return ["x", external];
      let number = numbers.get(x);
      if (number === undefined) {
        number = met.length;
        numbers.set(x, number);
        met.push(x);
      }
      return ["o", number];
    }
    return scalar(x);
  };
  const top = value(root);
  const nodes: Written[] = [];
  // The table grows while its nodes are written.
  for (let i = 0; i < met.length; i++) nodes.push(node(met[i] as object, value));
  return encode([top, nodes]);
}

function scalar(x: unknown): Written {
  if (x === undefined) return ["u"];
  if (typeof x === "bigint") return ["b", x.toString()];
  if (typeof x === "number" && (!Number.isFinite(x) || Object.is(x, -0)))
    return ["n", Object.is(x, -0) ? "-0" : String(x)];
  if (typeof x === "function" || typeof x === "symbol") throw new Error("state holds only data");
  return x;
}

function node(x: object, value: (x: unknown) => Written): Written {
  if (Array.isArray(x)) return ["a", x.map(value)];
  if (x instanceof Map) return ["m", [...x].map(([k, v]) => [value(k), value(v)])];
  if (x instanceof Set) return ["s", [...x].map(value)];
  if (x instanceof Float64Array) return ["f", [...x].map(scalar)];
  if (x instanceof CutText) return ["c", x.visible];
  if (x instanceof RecordValue) return ["r", [...x.members].map(([k, v]) => [k, value(v)])];
  if (Object.getPrototypeOf(x) !== Object.prototype)
    throw new Error(`state holds a ${x.constructor?.name ?? "thing"}, which is not plain data`);
  return ["p", Object.entries(x).map(([k, v]) => [k, value(v)])];
}

/** The graph again; throws on bytes that are none, and on externals that are not there. */
export function decodeGraph(bytes: Uint8Array, externals: ReadonlyMap<string, object>): unknown {
  const [top, nodes] = decode(bytes) as [Written, [string, Written][]];
  // All nodes first, empty, because they may refer to each other in any order.
  const made = nodes.map(([letter, content]) => emptyNode(letter, content));
  const value = (x: Written): unknown => {
    if (!Array.isArray(x)) return x;
    const [letter, about] = x as [string, unknown];
    if (letter === "o") return required(made[about as number], `node ${String(about)}`);
    if (letter === "x") return required(externals.get(about as string), String(about));
    if (letter === "u") return undefined;
    return letter === "b" ? BigInt(about as string) : Number(about);
  };
  for (const [i, [, content]] of nodes.entries()) fill(content, made[i] as object, value);
  return value(top);
}

function emptyNode(letter: string, content: Written): object {
  switch (letter) {
    case "a":
      return [];
    case "m":
      return new Map();
    case "s":
      return new Set();
    case "f":
      return new Float64Array((content as unknown[]).length);
    case "c":
      return new CutText(content as string);
    case "r":
      return new RecordValue([]);
    default:
      return {};
  }
}

function required<T>(x: T | undefined, what: string): T {
  if (x === undefined) throw new Error(`the state refers to ${what}, which is not there`);
  return x;
}

function fill(content: Written, into: object, value: (x: Written) => unknown): void {
  if (into instanceof CutText) return;
  const items = content as Written[];
  const pairs = content as [Written, Written][];
  if (Array.isArray(into)) for (const x of items) into.push(value(x));
  else if (into instanceof Set) for (const x of items) into.add(value(x));
  else if (into instanceof Float64Array) into.set(items.map((x) => value(x) as number));
  else if (into instanceof Map) for (const [k, v] of pairs) into.set(value(k), value(v));
  else if (into instanceof RecordValue) {
    const members = into.members as Map<string, Value>;
    for (const [k, v] of pairs) members.set(k as string, value(v) as Value);
  } else for (const [k, v] of pairs) define(into, k as string, value(v));
}

/** An own property even for names that have a meaning, such as `__proto__`. */
function define(into: object, key: string, value: unknown): void {
  Object.defineProperty(into, key, { value, writable: true, enumerable: true, configurable: true });
}
