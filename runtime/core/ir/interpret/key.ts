/** Keys of events, and the values of bounds that may be parameters. */
import type { EventData, Value } from "../../schema.ts";
import type { Count, Duration, KeyPart } from "../core.ts";
import { type Env, evaluate } from "../eval.ts";
import { keyText } from "../key-text.ts";

/** The key of `event` under `parts`; undefined when a missing part excludes the event. */
export function keyOf(parts: readonly KeyPart[], event: EventData, base: Env): string | undefined {
  const values: Value[] = [];
  for (const part of parts) {
    const value = evaluate(part.expr, { ...base, current: event });
    if (value === undefined && !part.allowsMissing) return undefined;
    values.push(value);
  }
  return keyOfValues(values);
}

/** Equal texts for equal values; empty for a rule without a key. */
export function keyOfValues(values: readonly Value[]): string {
  return values.length === 0 ? "" : JSON.stringify(values.map(keyText));
}

/** µs. */
export function durationOf(d: Duration, params: ReadonlyMap<string, Value>): number {
  if (typeof d === "number") return d;
  return numberParam(d.param, params);
}

export function countOf(c: Count, params: ReadonlyMap<string, Value>): number {
  return typeof c === "number" ? c : numberParam(c.param, params);
}

function numberParam(name: string, params: ReadonlyMap<string, Value>): number {
  const value = params.get(name);
  if (typeof value !== "number") throw new Error(`parameter ${name} has no value`);
  return value;
}
