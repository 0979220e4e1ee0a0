/**
 * What a rule asks of its window: each of its aggregates once, and what for. From this follows what
 * must be kept of a window's events, for the certificate as for the engine.
 */
import type { Aggregate } from "./cells.ts";
import {
  type CmpOp,
  type CoreRule,
  childrenOf,
  type Expr,
  explainExprs,
  mirrored,
  scoreExpr,
  type Win,
  walkExpr,
} from "./core.ts";
import { perRule } from "./per-rule.ts";

/** A comparison `aggregate cmp value`; `value` is a constant or a parameter. */
export interface Threshold {
  readonly cmp: CmpOp;
  readonly value: Expr;
}

/** An aggregate of a rule. */
export interface Gauge {
  /** Equal for equal aggregates. */
  readonly name: string;
  readonly agg: Aggregate;
  /** All it is compared with; undefined where its value itself is asked for. */
  readonly thresholds: readonly Threshold[] | undefined;
  /** Whether anything reads it when a match is there. */
  readonly isShown: boolean;
  /** Whether `zscore` or `baseline` ask for it as it was. */
  readonly isPast: boolean;
}

/** How many events there are, over panes: what a finding says of a window that does not pin it. */
const counted: Aggregate = {
  op: "agg",
  fn: "count",
  arg: undefined,
  where: undefined,
  isPaned: true,
};

/** The aggregates of a window rule, in a fixed order; none of other rules. */
export const gaugesOf: (rule: CoreRule) => readonly Gauge[] = perRule(findGauges);

function findGauges(rule: CoreRule): Gauge[] {
  const { pattern } = rule;
  if (pattern.node !== "win") return [];
  const name = (e: Aggregate) => gaugeName(e, pattern);
  // Only a window that slides is judged at every event: a pane may hold more when it ends.
  const isSliding = pattern.shape.shape === "sliding";
  const pinned = isSliding ? pinnedBy(pattern.having, rule.policy.emit === "close") : undefined;
  const shown = shownExprs(rule);
  const uses = [pattern.having, ...shown].flatMap((e) => usesOf(e));
  const isShown = namesIn(shown, name);
  const isPast = namesIn(pastsIn([pattern.having, ...shown]), name);
  if (!isCountExact(rule)) {
    uses.push({ agg: counted, threshold: undefined });
    isShown.add(name(counted));
  }
  const gauges = new Map<string, Gauge>();
  for (const { agg, threshold } of uses) {
    const key = name(agg);
    const known = gauges.get(key);
    // What it was is not what it is when the condition becomes true.
    const isFree = isPast.has(key) || (!threshold && !(pinned && name(pinned) === key));
    const before = known ? known.thresholds : [];
    const thresholds = isFree
      ? undefined
      : before && [...before, ...(threshold ? [threshold] : [])];
    gauges.set(key, {
      name: key,
      agg,
      thresholds,
      isShown: isShown.has(key),
      isPast: isPast.has(key),
    });
  }
  return [...gauges.values()];
}

/**
 * Which gauge of its rule an aggregate is. Only while a window slides are whole panes anything else
 * than its exact span.
 */
export function gaugeName(agg: Aggregate, { shape }: Win): string {
  const e = shape.shape === "sliding" ? agg : { ...agg, isPaned: undefined };
  return stable(e);
}

/** The gauge that says how many events a match has. */
export function countGauge(rule: CoreRule): string {
  const { pattern } = rule;
  if (pattern.node !== "win") return "";
  return gaugeName(isCountExact(rule) ? { ...counted, isPaned: undefined } : counted, pattern);
}

/**
 * Whether a sliding window says how many events it has without panes: `count() >= N` becomes true
 * with the Nth. Of other shapes every count is exact.
 */
export function isCountExact({ pattern, policy }: CoreRule): boolean {
  if (pattern.node !== "win" || pattern.shape.shape !== "sliding") return false;
  const pinned = pinnedBy(pattern.having, policy.emit === "close");
  return pinned?.fn === "count" && !pinned.where;
}

/**
 * The aggregate of which a condition says all there is to know when it becomes true: that of
 * `count() >= N` and `distinct(x) >= N` alone, as one event adds one at most. Of an episode that
 * goes on (`isClosing`) the values would have to be told apart for longer.
 */
export function pinnedBy(having: Expr, isClosing: boolean): Aggregate | undefined {
  const found = thresholdOf(having);
  if (!found || (found.threshold.cmp !== ">=" && found.threshold.cmp !== ">")) return undefined;
  return isClosing && found.agg.fn === "distinct" ? undefined : found.agg;
}

/** The comparison of an exact count with a constant or a parameter that `e` is. */
export function thresholdOf(e: Expr): { agg: Aggregate; threshold: Threshold } | undefined {
  if (e.op !== "cmp") return undefined;
  const isLeft = e.left.op === "agg";
  const [agg, value] = isLeft ? [e.left, e.right] : [e.right, e.left];
  if (agg.op !== "agg" || (value.op !== "const" && value.op !== "param")) return undefined;
  if (agg.isPaned || (agg.fn !== "count" && agg.fn !== "distinct")) return undefined;
  return { agg, threshold: { cmp: isLeft ? e.cmp : mirrored[e.cmp], value } };
}

/**
 * How many events or values decide all comparisons of a gauge; `numberOf` gives the number of a
 * constant or a parameter. Undefined where its value itself is asked for.
 */
export function neededFor(
  { thresholds }: Gauge,
  numberOf: (e: Expr) => number | undefined,
): number | undefined {
  return thresholds?.reduce((most, { cmp, value }) => {
    // One more than the threshold tells "more than" and "exactly" apart as well.
    const needed = Math.ceil(numberOf(value) ?? 0) + (cmp === ">=" || cmp === "<" ? 0 : 1);
    return Math.max(most, needed);
  }, 1);
}

const ofValues: ReadonlySet<string> = new Set(["p50", "p95", "p99", "share", "top"]);

/**
 * Of a gauge that only the values themselves can answer what the values are; equal for gauges that
 * are about the same ones. Undefined where less is enough.
 */
export function valuesName({ agg, thresholds }: Gauge): string | undefined {
  const isCounted = agg.fn === "distinct" && thresholds === undefined;
  if (!isCounted && !ofValues.has(agg.fn)) return undefined;
  return `${agg.arg ? stable(agg.arg) : ""} ${agg.where ? stable(agg.where) : ""}`;
}

/** Everything that is asked of a window when a match is there. */
function shownExprs(rule: CoreRule): Expr[] {
  const keys = [...(rule.suppress?.key ?? []), ...(rule.rate?.key ?? [])];
  const score = scoreExpr(rule.pattern);
  return [
    ...explainExprs(rule),
    ...rule.exceptions.map((x) => x.when),
    ...keys.map((k) => k.expr),
    ...rule.subsumes.flatMap((s) => (s.key ?? []).map((k) => k.expr)),
    ...(score ? [score] : []),
  ];
}

interface Use {
  readonly agg: Aggregate;
  readonly threshold: Threshold | undefined;
}

function usesOf(e: Expr): Use[] {
  const compared = thresholdOf(e);
  if (compared) return [compared];
  if (e.op === "agg") return [{ agg: e, threshold: undefined }];
  return childrenOf(e).flatMap(usesOf);
}

function pastsIn(exprs: readonly Expr[]): Expr[] {
  const found: Expr[] = [];
  for (const e of exprs)
    walkExpr(e, (x) => {
      if (x.op === "history") found.push(x.arg);
    });
  return found;
}

function namesIn(exprs: readonly Expr[], name: (e: Aggregate) => string): Set<string> {
  const names = new Set<string>();
  for (const e of exprs)
    walkExpr(e, (x) => {
      if (x.op === "agg") names.add(name(x));
    });
  return names;
}

type History = Extract<Expr, { op: "history" }>;

/** The `zscore` and `baseline` a window rule asks for anywhere, each once. */
export const historiesOf: (rule: CoreRule) => readonly History[] = perRule(findHistories);

function findHistories(rule: CoreRule): History[] {
  if (rule.pattern.node !== "win") return [];
  const found = new Map<string, History>();
  for (const e of [rule.pattern.having, ...shownExprs(rule)])
    walkExpr(e, (x) => {
      if (x.op === "history") found.set(historyName(x), x);
    });
  return [...found.values()];
}

/** Equal for equal `zscore`s and `baseline`s. */
export function historyName(e: History): string {
  return stable(e);
}

/**
 * Equal for equal expressions, in whatever order their parts were written down. As JSON, which a
 * replacer that sorts would write several times more slowly.
 */
export function stable(x: unknown): string {
  if (typeof x === "bigint") return `"${x}n"`;
  if (typeof x !== "object" || x === null) return JSON.stringify(x) ?? "null";
  if (Array.isArray(x)) return `[${x.map(stable).join()}]`;
  const parts = Object.entries(x).filter(([, part]) => part !== undefined);
  parts.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${parts.map(([name, part]) => `"${name}":${stable(part)}`).join()}}`;
}
