/**
 * Aggregates over a window by definition (LANGUAGE B.4, C.4): each is computed from the events
 * themselves, nothing is carried from one window to the next. Numbers are taken by panes, as
 * `cells.ts` says.
 */
import type { EventData, Value } from "../schema.ts";
import {
  type Aggregate,
  type CellMath,
  cellMath,
  emptyCell,
  type RunAggregate,
  runMath,
  windowCell,
} from "./cells.ts";
import type { Expr } from "./core.ts";
import { type Env, evaluate, truth } from "./eval.ts";
import { format } from "./format.ts";
import { keyText } from "./key-text.ts";
import { bounded } from "./numbers.ts";
import { windowTaken } from "./taken.ts";

/** A window as it stood at one moment. */
export interface WindowView {
  /** Its events, oldest first: of a sliding window in (at − size, at]. */
  readonly events: readonly EventData[];
  /** What paned aggregates see, pane by pane: the same from the start of the oldest pane on. */
  readonly panes: readonly (readonly EventData[])[];
  /** Of what went on, an episode or a run of panes: what came after `panes`, part by part. */
  readonly more: readonly (readonly EventData[])[];
  readonly sizeUs: number;
  /** The window at the end of every earlier pane since the key was first seen, oldest first. */
  readonly past: readonly WindowView[];
  /** How long the key has been known, µs. */
  readonly knownUs: number;
}

type History = Extract<Expr, { op: "history" }>;
type Parts = Pick<Aggregate, "arg" | "where" | "limit">;

const noEvents: WindowView = {
  events: [],
  panes: [],
  more: [],
  sizeUs: 0,
  past: [],
  knownUs: 0,
};

/** The value of an aggregate; missing when the window holds nothing to speak of. */
export function aggregate(e: Aggregate, env: Env): Value {
  const view = env.window ?? noEvents;
  const math = cellMath(e.fn);
  if (math && e.isPaned) return overCells(e, math, view, env);
  const events = e.isPaned ? [...view.panes, ...view.more].flat() : view.events;
  if (math) return overCells(e, math, { ...view, panes: [events], more: [] }, env);
  return ofValues(e, valuesOf(e, events, env));
}

function overCells(e: Aggregate, math: CellMath, view: WindowView, env: Env): Value {
  const cells = view.panes.map((events) => cellOf(e, math, events, env));
  const whole = windowCell(math, cells, 0);
  for (const events of view.more) math.merge(whole, 0, cellOf(e, math, events, env), 0, whole, 0);
  return math.value(whole, 0, e.unit, view.sizeUs);
}

function cellOf(e: Parts, math: CellMath, events: readonly EventData[], env: Env) {
  const cell = emptyCell(math);
  const inside = movable(env);
  for (const event of takenBy(e, events, env)) {
    inside.current = event;
    const x = e.arg && evaluate(e.arg, inside);
    const limit = e.limit && evaluate(e.limit, inside);
    math.add(cell, 0, { x: asNumber(x), ts: event.ts, limit: asNumber(limit) });
  }
  return cell;
}

/** The value of an aggregate of a run; missing when that holds nothing to speak of. */
export function ofRun(e: RunAggregate, env: Env): Value {
  const math = runMath(e.fn);
  const { run = [] } = env.captures[e.step] ?? {};
  return math.value(cellOf({ ...e, where: undefined }, math, run, env), 0, e.unit, 0);
}

/** As cells hold it. */
export function asNumber(x: Value): number {
  return typeof x === "number" ? x : Number.NaN;
}

function takenBy(e: Parts, events: readonly EventData[], env: Env): readonly EventData[] {
  const { where } = e;
  if (!where) return events;
  const inside = movable(env);
  return events.filter((event) => {
    inside.current = event;
    return truth(where, inside) === true;
  });
}

/** Of `env` one whose event can be another: windows overlap, and one for each event is slow. */
function movable(env: Env): Omit<Env, "current"> & { current: EventData | undefined } {
  return { ...env };
}

/** Values of the events that have one, oldest first. */
function valuesOf(e: Aggregate, events: readonly EventData[], env: Env): Value[] {
  const { arg } = e;
  if (!arg) return [];
  const inside = movable(env);
  return takenBy(e, events, env)
    .map((event) => {
      inside.current = event;
      return evaluate(arg, inside);
    })
    .filter((x) => x !== undefined);
}

/** The formulas of aggregates that need the values themselves, none of them missing. */
export function ofValues(
  { fn, unit, n }: Pick<Aggregate, "fn" | "unit" | "n">,
  values: readonly Value[],
): Value {
  switch (fn) {
    case "distinct":
      return new Set(values.map(keyText)).size;
    case "first":
      return values[0];
    case "last":
      return values.at(-1);
    case "p50":
      return rank(values, 50);
    case "p95":
      return rank(values, 95);
    case "p99":
      return rank(values, 99);
    case "share":
      return values.length === 0
        ? undefined
        : bounded(((frequencies(values)[0]?.count ?? 0) * 1e6) / values.length, true);
    case "top":
      return frequencies(values)
        .slice(0, n ?? 1)
        .map(({ value, count: often }) => `${format(value, unit ?? "text")} (${often})`)
        .join(", ");
    default:
      throw new Error(`${fn} is kept in cells`);
  }
}

/** The smallest value that at least `percent` of a hundred of the values do not exceed. */
function rank(values: readonly Value[], percent: number): number | undefined {
  const sorted = values.filter((x) => typeof x === "number").sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)];
}

/** Values by how often they occur; equally frequent ones in the order they came. */
function frequencies(values: readonly Value[]) {
  const counts = new Map<string, { value: Value; count: number }>();
  for (const value of values) {
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
    const captures = [windowTaken(view, false)];
    known.set(e.arg, evaluate(e.arg, { ...env, window: view, captures }));
  }
  return known.get(e.arg);
}
