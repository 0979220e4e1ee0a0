/** What is known of numbers before any event: ranges of types, and comparisons they decide. */
import { type CmpOp, type Expr, mirrored } from "#core";
import type { Type } from "../types.ts";
import type { Ast, Scope, Value } from "./scope.ts";

interface Range {
  readonly min: number;
  readonly max: number;
  /** In the notation of the language. */
  readonly text: string;
}

/** The values a type can have; undefined where no comparison could be pointless. */
export function rangeOf(type: Type): Range | undefined {
  switch (type.t) {
    case "port":
      return { min: 0, max: 65_535, text: "a port is from 0 to 65535" };
    case "u32":
      return { min: 0, max: 4_294_967_295, text: "a u32 is from 0 to 4294967295" };
    default:
      return undefined;
  }
}

/** A share that a source tells is never below nothing; a difference of two may be. */
const shares: Range = {
  min: 0,
  max: Number.POSITIVE_INFINITY,
  text: "a percentage of an event is at least 0%",
};

/** A comparison as it is written, or as it is meant where it is one of several. */
export interface Compared {
  readonly at: Ast;
  readonly text: string;
}

/** Warns of a comparison with a constant that no value can make true, or none can make false. */
export function checkReachable(
  e: Compared,
  op: CmpOp,
  left: Value,
  right: Value,
  scope: Scope,
): void {
  warnPointless(e, op, left, right.core, scope);
  warnPointless(e, mirrored[op], right, left.core, scope);
}

function warnPointless(e: Compared, op: CmpOp, x: Value, constant: Expr, scope: Scope): void {
  if (constant.op !== "const" || x.core.op === "const") return;
  if (typeof constant.value === "string" && (op === "==" || op === "!="))
    checkLength(e, op === "!=", x, constant.value, scope);
  if (typeof constant.value !== "number") return;
  const isShare = x.type.t === "percent" && x.core.op === "field";
  const range = isShare ? shares : rangeOf(x.type);
  const verdict = range && decided(op, range, constant.value);
  if (range && verdict !== undefined) warn(e, verdict, range.text, scope);
}

/** A text is never equal to a longer one, nor does it contain one. */
export function checkLength(
  e: Compared,
  verdict: boolean,
  x: Value,
  constant: string,
  scope: Scope,
): void {
  const most = x.type.t === "string" ? x.type.maxBytes : undefined;
  const bytes = new TextEncoder().encode(constant).length;
  if (most === undefined || bytes <= most) return;
  warn(e, verdict, `a text of at most ${most} bytes is never one of ${bytes}`, scope);
}

function warn({ at, text }: Compared, verdict: boolean, range: string, scope: Scope): void {
  const help = `${range}: compare with a value that can occur`;
  scope.session.report("TAP2102", at, { text, verdict, range }, { help });
}

/**
 * What `x op c` is for every `x` of the range, when it is the same for all. `x >= 0` says something
 * true on purpose and is let be: only constants out of reach are slips.
 */
function decided(op: CmpOp, { min, max }: Range, c: number): boolean | undefined {
  switch (op) {
    case "==":
      return c < min || c > max || !isWhole(c, max) ? false : undefined;
    case "!=":
      return c < min || c > max || !isWhole(c, max) ? true : undefined;
    case "<":
      return c <= min ? false : c > max ? true : undefined;
    case "<=":
      return c < min ? false : c > max ? true : undefined;
    case ">":
      return c >= max ? false : c < min ? true : undefined;
    case ">=":
      return c > max ? false : c < min ? true : undefined;
  }
}

/** Types with an upper end are whole numbers. */
function isWhole(c: number, max: number): boolean {
  return max === Number.POSITIVE_INFINITY || Number.isInteger(c);
}
