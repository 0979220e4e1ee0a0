/** The shape of generated code, and how its text becomes functions. */
import { Script } from "node:vm";
import type { EventData } from "#core";
import type { RecordReader } from "#runtime/events";
import type { Scope, TestFunction, ValueFunction } from "./scope.ts";
import type { Support } from "./support.ts";

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

/** 1 true, 0 false, 2 unknown; steps of which only true matters answer 1 or 0. */
export type Judge = (event: EventData, scope: Scope) => number;

export interface StepCode {
  /** Undefined when the slot has decided everything. */
  readonly judge: Judge | undefined;
  /** Undefined for a step without a key; answers undefined for an event that has none. */
  readonly key: ((event: EventData, scope: Scope) => string | undefined) | undefined;
}

/** An aggregate of a window: which events count, their value, and what `eta` grows towards. */
export interface AggregateCode {
  readonly where: TestFunction | undefined;
  readonly arg: ValueFunction | undefined;
  readonly limit: ValueFunction | undefined;
}

/** A `zscore` or `baseline`: what it is taken of, and the weight of the past after one pane. */
export interface HistoryCode {
  readonly decay: number;
  readonly arg: ValueFunction;
}

type KeyFunction = (event: undefined, scope: Scope) => string;

export interface RuleCode {
  /** In the order of `heardSteps`. */
  readonly steps: readonly StepCode[];
  /** Number of the step of `resolve on`, or -1. */
  readonly resolveStep: number;
  /** The condition of a window. */
  readonly having: TestFunction | undefined;
  /** In the order of `gaugesOf`. */
  readonly aggregates: readonly AggregateCode[];
  /** In the order of `runAggregatesOf`: what each event of the run adds. */
  readonly runAggregates: readonly ValueFunction[];
  /** In the order of `historiesOf`. */
  readonly histories: readonly HistoryCode[];
  /** What a finding of the rule has as `score`. */
  readonly score: ValueFunction | undefined;
  /** Which entities an absence over inventory is about; sees the entity as subject. */
  readonly entity: TestFunction | undefined;
  readonly suppressKey: KeyFunction | undefined;
  readonly rateKey: KeyFunction | undefined;
  /** By `subsumes` clause the parts of its key; undefined for the key of the rule. */
  readonly subsumes: readonly (readonly ValueFunction[] | undefined)[];
  readonly exceptions: readonly TestFunction[];
  /** In the order of `explainExprs`. */
  readonly explain: readonly ValueFunction[];
}

/** How one derived event is made; fields by index. */
export interface DeriveCode {
  readonly judge: Judge | undefined;
  readonly set: readonly (ValueFunction | undefined)[];
}

export interface MatcherCode {
  readonly kinds: readonly (readonly [kind: number, functions: readonly KindFunction[]])[];
  readonly rules: readonly RuleCode[];
  readonly derives: readonly DeriveCode[];
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
