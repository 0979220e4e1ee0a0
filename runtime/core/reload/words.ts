/** What changed in a rule, in words for `tapioc diff` and the log of a node. */
import { type Duration, type Expr, format, formatDuration, printExpr } from "../ir/index.ts";
import type { Value } from "../schema.ts";
import { canonicalText, type ValuedUnit } from "./canonical.ts";

/** `within` 30s → 10s. */
export function durations(what: string, from: number | undefined, to: number | undefined): string {
  const text = (us: number | undefined) => (us === undefined ? "none" : formatDuration(us));
  return `${what} ${text(from)} → ${text(to)}`;
}

export function numbers(what: string, from: number | undefined, to: number | undefined): string {
  return `${what} ${from ?? "none"} → ${to ?? "none"}`;
}

/** A number an expression is compared with, before and after. */
export interface Threshold {
  /** What is compared. */
  readonly of: Expr;
  readonly from: Value;
  readonly to: Value;
  /** Whether fewer matches satisfy it now. */
  readonly isStricter: boolean;
}

/** The thresholds in which two conditions differ; undefined when they differ in more. */
export function thresholdsOf(
  a: ValuedUnit,
  x: Expr,
  b: ValuedUnit,
  y: Expr,
): Threshold[] | undefined {
  if (canonicalText(a, x) === canonicalText(b, y)) return [];
  if ((x.op === "and" || x.op === "or") && x.op === y.op && x.args.length === y.args.length) {
    const parts = x.args.map((arg, i) => thresholdsOf(a, arg, b, y.args[i] ?? arg));
    return parts.some((p) => p === undefined) ? undefined : parts.flatMap((p) => p ?? []);
  }
  if (x.op !== "cmp" || y.op !== "cmp" || x.cmp !== y.cmp) return undefined;
  if (canonicalText(a, x.left) === canonicalText(b, y.left))
    return threshold(x.left, x.cmp, constant(a, x.right), constant(b, y.right));
  if (canonicalText(a, x.right) !== canonicalText(b, y.right)) return undefined;
  const turned = { "<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!=" } as const;
  return threshold(x.right, turned[x.cmp], constant(a, x.left), constant(b, y.left));
}

function threshold(of: Expr, cmp: string, from: Value, to: Value): Threshold[] | undefined {
  if (typeof from !== "number" || typeof to !== "number") return undefined;
  if (cmp === ">" || cmp === ">=") return [{ of, from, to, isStricter: to > from }];
  if (cmp === "<" || cmp === "<=") return [{ of, from, to, isStricter: to < from }];
  return undefined;
}

function constant({ params }: ValuedUnit, e: Expr): Value {
  if (e.op === "const") return e.value;
  return e.op === "param" ? params.get(e.name) : undefined;
}

export function thresholdWords({ of, from, to }: Threshold): string {
  return `threshold of \`${printExpr(of)}\` ${format(from, "int")} → ${format(to, "int")}`;
}

/** µs of a duration that may be a parameter. */
export function usOf({ params }: ValuedUnit, d: Duration | undefined): number | undefined {
  if (d === undefined || typeof d === "number") return d;
  const value = params.get(d.param);
  return typeof value === "number" ? value : undefined;
}
