/**
 * How many bytes state takes, in the form in which certificates count it (`typeBytes`): the sum of
 * all numbers, texts and events of a graph, each object once and 8 for every further reference to
 * it. It is the same on every machine and says what is held, not what a JavaScript engine spends.
 */
import {
  bytesOfEvent,
  CutText,
  type EntityRef,
  type EventData,
  RecordValue,
  type Value,
  valueBytes,
} from "#core";

/** A reference to what has been counted, or to a part of the bundle. */
const referenceBytes = 8;

/** Bytes of the graph of `root`; `externals` are parts of the bundle, which state refers to. */
export function bytesOfState(root: unknown, externals: ReadonlySet<object>): number {
  const seen = new Set<object>();
  const open: unknown[] = [root];
  let bytes = 0;
  while (open.length > 0) {
    const x = open.pop();
    if (typeof x !== "object" || x === null) bytes += x === null ? 0 : valueBytes(x as Value);
    else if (seen.has(x) || externals.has(x)) bytes += referenceBytes;
    else {
      seen.add(x);
      if (isEvent(x)) bytes += bytesOfEvent(x);
      else if (x instanceof CutText || x instanceof RecordValue) bytes += valueBytes(x);
      else if (ArrayBuffer.isView(x)) bytes += 8 * (x as Float64Array).length;
      else open.push(...partsOf(x));
    }
  }
  return bytes;
}

function isEvent(x: object): x is EventData {
  return "kind" in x && "seq" in x && "fields" in x;
}

function partsOf(x: object): Iterable<unknown> {
  if (x instanceof Map) return [...x.keys(), ...x.values()];
  if (x instanceof Set || Array.isArray(x)) return x as Iterable<unknown>;
  return Object.entries(x).flatMap(([name, value]) =>
    // Keys of entities belong to the inventory, or to the event that names them.
    isEntity(name, value) ? Object.keys(value).map(() => 0) : [value],
  );
}

function isEntity(name: string, value: unknown): value is EntityRef {
  return (name === "subject" || name === "entity") && typeof value === "object" && value !== null;
}
