/** Bytes of what a match keeps of its window: the values that findings show, and the key's past. */
import {
  type CoreRule,
  type CoreUnit,
  type Expr,
  type Gauge,
  gaugesOf,
  headBytes,
  historiesOf,
  type Win,
  wordBytes,
} from "#core";
import { exprBytes } from "./width.ts";

/** A value of `top` as it is written: a number with its unit, and how often it occurred. */
const topBytes = 48;

/** 0 for a rule without a window. */
export function viewBytes(unit: CoreUnit, rule: CoreRule): number {
  const { pattern } = rule;
  if (pattern.node !== "win") return 0;
  const shown = gaugesOf(rule).filter((g) => g.isShown);
  const values = shown.reduce((n, g) => n + gaugeBytes(unit, pattern, g), 0);
  // Its length, since when the key is known, and when the first of its events came.
  return 3 * wordBytes + values + 2 * wordBytes * historiesOf(rule).length;
}

function gaugeBytes(unit: CoreUnit, win: Win, { agg }: Gauge): number {
  const value = agg.arg ? valueBytesOf(unit, win, agg.arg) : 0;
  if (agg.fn === "first" || agg.fn === "last") return value;
  return agg.fn === "top" ? headBytes + (agg.n ?? 1) * (value + topBytes) : wordBytes;
}

/** Bytes of the value of `e` for an event of the window. */
export function valueBytesOf(unit: CoreUnit, win: Win, e: Expr): number {
  if (e.op === "list") return e.items.reduce((n, x) => n + valueBytesOf(unit, win, x), 0);
  return exprBytes(unit, win, win.step.kinds, e);
}
