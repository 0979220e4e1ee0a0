/** The shape of generated code, and how its text becomes functions. */
import { Script } from "node:vm";
import type { EventData, Taken, Value } from "#core";
import type { RecordReader } from "#runtime/events";
import type { Support } from "./support.ts";

type Captures = readonly (Taken | undefined)[];

/** Writes the triggers a slot may be for into `hits` from `n` on; returns the new `n`. */
export type KindFunction = (
  u8: Uint8Array,
  u32: Uint32Array,
  f64: Float64Array,
  at: number,
  reader: RecordReader,
  hits: Int32Array,
  n: number,
) => number;

/** 1 true, 0 false, 2 unknown; positive steps answer 1 or 0. */
export type Judge = (event: EventData, captures: Captures) => number;

export interface StepCode {
  readonly judge: Judge | undefined;
  readonly key: ((event: EventData) => string | undefined) | undefined;
}

export interface AggregateCode {
  readonly where: ((event: EventData) => boolean) | undefined;
  readonly arg: ((event: EventData) => Value) | undefined;
}

export interface RuleCode {
  readonly steps: readonly StepCode[];
  readonly having: ((aggregates: Float64Array) => boolean) | undefined;
  readonly aggregates: readonly AggregateCode[];
  readonly suppressKey: ((captures: Captures, window: readonly EventData[]) => string) | undefined;
  /** In the order of `explainExprs`. */
  readonly explain: readonly ((captures: Captures, window: readonly EventData[]) => Value)[];
}

export interface MatcherCode {
  readonly kinds: readonly (readonly [kind: number, functions: readonly KindFunction[]])[];
  readonly rules: readonly RuleCode[];
}

/**
 * Loads a bundle's matcher. The text was made by the compiler from templates and checked against
 * the bundle's hash; loading it as a script works with code generation from strings switched off.
 */
export function loadMatcher(text: string, support: Support): MatcherCode {
  const script = new Script(text, { filename: "bundle-matcher.js" });
  const bind = script.runInThisContext() as (rt: Support) => MatcherCode;
  return bind(support);
}
