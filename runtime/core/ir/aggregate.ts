/**
 * Aggregates over a window by definition (LANGUAGE B.4, C.4): each is computed from the events
 * themselves, nothing is carried from one window to the next. Float operations run in the order of
 * the events, so that every machine gets the same bits.
 */
import type { EventData, Value } from "../schema.ts";
import { assertNever, type Expr, type Unit } from "./core.ts";
import { type Env, evaluate, truth } from "./eval.ts";
import { format } from "./format.ts";
import { keyText } from "./key-text.ts";
import { bounded } from "./numbers.ts";
import { evidenceKept, takenOf } from "./taken.ts";

/** A window as it stood at one moment. */
export interface WindowView {
  /** In (at − size, at], oldest first. */
  readonly events: readonly EventData[];
  /** The same from the start of its oldest pane on: what paned aggregates see. */
  readonly paned: readonly EventData[];
  readonly sizeUs: number;
  /** The window at the end of every earlier pane since the key was first seen, oldest first. */
  readonly past: readonly WindowView[];
  /** How long the key has been known, µs. */
  readonly knownUs: number;
}

type Aggregate = Extract<Expr, { op: "agg" }>;
type History = Extract<Expr, { op: "history" }>;

/** The value of one event. */
export interface Sample {
  readonly event: EventData;
  readonly value: Exclude<Value, undefined>;
}

/** What an aggregate is made of, whoever gathered it. */
export interface Gathered {
  /** How many events counted. */
  readonly count: number;
  /** Of those the ones that have a value, oldest first. */
  readonly samples: readonly Sample[];
  readonly sizeUs: number;
  /** Of `eta`: what the value grows towards. */
  readonly limit: Value;
}

/** The value of an aggregate; missing when the window holds nothing to speak of. */
export function aggregate(e: Aggregate, env: Env): Value {
  const events = (e.isPaned ? env.window?.paned : env.window?.events) ?? [];
  const inside = (event: EventData): Env => ({ ...env, current: event });
  const taken = events.filter((x) => !e.where || truth(e.where, inside(x)) === true);
  const { arg } = e;
  const samples = taken.flatMap((event): Sample[] => {
    const value = arg && evaluate(arg, inside(event));
    return value === undefined ? [] : [{ event, value }];
  });
  const last = events.at(-1);
  const limit = e.limit && last && evaluate(e.limit, inside(last));
  return reduced(e, { count: taken.length, samples, sizeUs: env.window?.sizeUs ?? 0, limit });
}

/** The formula of each aggregate; float operations run in the order of the samples. */
export function reduced(
  { fn, unit, n }: Pick<Aggregate, "fn" | "unit" | "n">,
  { count, samples, sizeUs, limit }: Gathered,
): Value {
  const numbers = samples.flatMap((s) => (typeof s.value === "number" ? [s.value] : []));
  const isInt = unit !== "float";
  switch (fn) {
    case "count":
      return count;
    case "rate":
      return bounded((count * 1e12) / sizeUs, true);
    case "distinct":
      return new Set(samples.map((s) => keyText(s.value))).size;
    case "first":
      return samples[0]?.value;
    case "last":
      return samples.at(-1)?.value;
    case "sum":
      return bounded(sum(numbers), isInt);
    case "avg":
      return numbers.length === 0 ? undefined : bounded(sum(numbers) / numbers.length, isInt);
    case "min":
      return numbers.length === 0 ? undefined : Math.min(...numbers);
    case "max":
      return numbers.length === 0 ? undefined : Math.max(...numbers);
    case "stddev":
      return numbers.length === 0 ? undefined : bounded(deviation(numbers), isInt);
    case "p50":
      return rank(numbers, 50);
    case "p95":
      return rank(numbers, 95);
    case "p99":
      return rank(numbers, 99);
    case "increase":
      return bounded(increase(numbers), isInt);
    case "slope": {
      const perSecond = slope(samples);
      return perSecond === undefined ? undefined : bounded(perSecond * slopeScale(unit), true);
    }
    case "eta":
      return eta(slope(samples), numbers.at(-1), limit);
    case "share":
      return samples.length === 0
        ? undefined
        : bounded(((frequencies(samples)[0]?.count ?? 0) * 1e6) / samples.length, true);
    case "top":
      return frequencies(samples)
        .slice(0, n ?? 1)
        .map(({ value, count: often }) => `${format(value, unit ?? "text")} (${often})`)
        .join(", ");
    default:
      return assertNever(fn);
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

/** Population standard deviation, two passes. */
function deviation(numbers: readonly number[]): number {
  const mean = sum(numbers) / numbers.length;
  const squares = sum(numbers.map((x) => (x - mean) * (x - mean)));
  return Math.sqrt(squares / numbers.length);
}

/** The smallest value that at least `percent` of a hundred of the values do not exceed. */
function rank(numbers: readonly number[], percent: number): number | undefined {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)];
}

/** Growth of a counter; where it fell it was reset and started from 0 again. */
function increase(numbers: readonly number[]): number {
  let total = 0;
  for (const [i, x] of numbers.entries()) {
    const before = numbers[i - 1];
    if (before !== undefined) total += x >= before ? x - before : x;
  }
  return total;
}

/** Least squares over time, per second; missing without two different times. */
function slope(samples: readonly Sample[]): number | undefined {
  const start = samples[0]?.event.ts ?? 0;
  const points = samples.flatMap(({ event, value }) =>
    typeof value === "number" ? [{ t: (event.ts - start) / 1e6, x: value }] : [],
  );
  const n = points.length;
  const meanT = sum(points.map((p) => p.t)) / n;
  const meanX = sum(points.map((p) => p.x)) / n;
  const covariance = sum(points.map((p) => (p.t - meanT) * (p.x - meanX)));
  const variance = sum(points.map((p) => (p.t - meanT) * (p.t - meanT)));
  return n < 2 || variance === 0 ? undefined : covariance / variance;
}

/** Growth of sizes and plain numbers is a rate, in 10⁻⁶ per second; of others in their own unit. */
function slopeScale(unit: Unit | undefined): number {
  switch (unit) {
    case "percent":
    case "duration":
    case "rate":
    case "bytes_rate":
      return 1;
    default:
      return 1e6;
  }
}

/** Time until the last value, growing at `perSecond`, reaches the limit; µs. */
function eta(perSecond: number | undefined, last: number | undefined, limit: Value): Value {
  if (last === undefined || typeof limit !== "number") return undefined;
  if (last >= limit) return 0;
  if (perSecond === undefined || perSecond <= 0) return undefined;
  return bounded(((limit - last) / perSecond) * 1e6, true);
}

/** Values by how often they occur; equally frequent ones in the order they came. */
function frequencies(samples: readonly Sample[]) {
  const counts = new Map<string, { value: Value; count: number }>();
  for (const { value } of samples) {
    const key = keyText(value);
    const known = counts.get(key);
    if (known) known.count++;
    else counts.set(key, { value, count: 1 });
  }
  return [...counts.values()].sort((a, b) => b.count - a.count);
}

/**
 * Exponentially weighted mean and variance (West 1979): what `zscore` and `baseline` know of a
 * value's past.
 */
export interface Past {
  readonly mean: number;
  readonly variance: number;
}

/** `past` after one more pane, at whose end the value was `x`; a missing one changes nothing. */
export function withPane(past: Past | undefined, x: Value, decay: number): Past | undefined {
  if (typeof x !== "number") return past;
  if (past === undefined) return { mean: x, variance: 0 };
  const difference = x - past.mean;
  return {
    mean: past.mean + (1 - decay) * difference,
    variance: decay * (past.variance + (1 - decay) * difference * difference),
  };
}

/** How the value stands against its past; `now` is asked for when it matters. */
export function against(
  { what, isInt, floor }: Pick<History, "what" | "isInt" | "floor">,
  past: Past | undefined,
  now: () => Value,
): Value {
  if (past === undefined) return undefined;
  if (what === "baseline") return bounded(past.mean, isInt);
  const x = now();
  const unit = Math.max(Math.sqrt(past.variance), floor);
  return typeof x !== "number" || unit === 0 ? undefined : bounded((x - past.mean) / unit, false);
}

/** `zscore` and `baseline` over the value at the end of every pane before this one. */
export function historyOf(e: History, env: Env): Value {
  const { window } = env;
  if (!window || window.knownUs < e.warmupUs) return undefined;
  let past: Past | undefined;
  for (const view of window.past) past = withPane(past, pastValue(e, view, env), e.decay);
  return against(e, past, () => evaluate(e.arg, env));
}

/** Values of expressions at past panes, which every later event of the key asks for again. */
const pastValues = new WeakMap<WindowView, Map<Expr, Value>>();

/** The value as it was then: nothing of the present window is seen. */
function pastValue(e: History, view: WindowView, env: Env): Value {
  const known = pastValues.get(view) ?? new Map<Expr, Value>();
  pastValues.set(view, known);
  if (!known.has(e.arg)) {
    const captures = [takenOf(view.events, evidenceKept)];
    known.set(e.arg, evaluate(e.arg, { ...env, window: view, captures }));
  }
  return known.get(e.arg);
}
