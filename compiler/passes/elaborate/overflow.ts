/**
 * Where arithmetic can leave ±(2^53−1), beyond which a result is missing (LANGUAGE B.3). Only what
 * has declared ends is followed: constants, u32, ports and parameters with a range. Of an `int`, a
 * size or a duration any sum could overflow in theory, and saying so would help nobody.
 */
import { type ArithOp, type Expr, format } from "#core";
import type { BinaryExpr } from "#grammar";
import { unitOfType } from "../types.ts";
import { rangeOf } from "./constant.ts";
import type { Ast, Interval, Scope, Value } from "./scope.ts";

type Arithmetic = Extract<Expr, { op: "arith" }>;

/** What `core`, made of `left` and `right`, can come to; reports results beyond the numbers. */
export function checkedInterval(
  e: BinaryExpr,
  core: Arithmetic,
  left: Value,
  right: Value,
  scope: Scope,
): Interval | undefined {
  const a = intervalOf(left, scope);
  const b = intervalOf(right, scope);
  const raw = a && b && combined(core.fn, a, b);
  if (!raw) return undefined;
  const found = { min: raw.min * core.scale, max: raw.max * core.scale };
  const most = core.isInt ? Number.MAX_SAFE_INTEGER : Number.MAX_VALUE;
  if (found.min >= -most && found.max <= most) return found;
  const { session } = scope;
  const sides = [shown(e.left, left, a, scope), shown(e.right, right, b, scope)];
  session.report("TAP2103", e, {
    text: session.text(e),
    ranges: sides.filter((side) => side !== undefined),
  });
  return undefined;
}

/** What is declared of the values of `x`; undefined when that is nothing. */
export function intervalOf(x: Value, { session }: Scope): Interval | undefined {
  if (x.interval) return x.interval;
  const { core } = x;
  if (core.op === "const")
    return typeof core.value === "number" ? { min: core.value, max: core.value } : undefined;
  const param = core.op === "param" ? session.params.get(core.name)?.param : undefined;
  if (param?.min !== undefined && param.max !== undefined)
    return { min: param.min, max: param.max };
  return rangeOf(x.type);
}

/** Undefined where the result has no ends: a division by what can be 0. */
function combined(fn: ArithOp, a: Interval, b: Interval): Interval | undefined {
  switch (fn) {
    case "+":
      return { min: a.min + b.min, max: a.max + b.max };
    case "-":
      return { min: a.min - b.max, max: a.max - b.min };
    case "*":
      return hull([a.min * b.min, a.min * b.max, a.max * b.min, a.max * b.max]);
    case "/":
      if (b.min <= 0 && b.max >= 0) return undefined;
      return hull([a.min / b.min, a.min / b.max, a.max / b.min, a.max / b.max]);
  }
}

function hull(ends: readonly number[]): Interval {
  return { min: Math.min(...ends), max: Math.max(...ends) };
}

/** What is known of one side, in words; of a constant that need not be said. */
function shown(node: Ast, x: Value, { min, max }: Interval, { session }: Scope) {
  const unit = unitOfType(x.type);
  const ends = `${format(min, unit)} to ${format(max, unit)}`;
  return x.core.op === "const" ? undefined : `\`${session.text(node)}\` can be ${ends}`;
}
