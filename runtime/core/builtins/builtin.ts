/**
 * A builtin function is one total row: types, documentation, examples that run as tests, and its
 * meaning. It lives in the runtime's core and not in the compiler because nodes run the reference
 * interpreter too; generated code calls the same `eval`, so there is nothing to keep equal.
 */
import type { ScalarUnit } from "../ir/index.ts";
import type { Value } from "../schema.ts";

/** `any`: one value of any type; `sized`: a text, a list or a map. */
export type ParamUnit = ScalarUnit | "number" | "any" | "sized";

export interface Builtin {
  readonly name: string;
  readonly params: readonly { readonly name: string; readonly unit: ParamUnit }[];
  readonly returns: ScalarUnit | "same";
  readonly doc: string;
  /** Expressions that must be true. */
  readonly examples: readonly string[];
  /** Never called with a missing argument: the result is missing then. */
  eval(args: readonly Exclude<Value, undefined>[]): Value;
  /** Why the kernel cannot run it; shown by `explain`. */
  readonly kernel: string;
}
