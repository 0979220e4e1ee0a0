/**
 * Aggregates of numbers by *cells* (LANGUAGE C.4): a cell is what is kept of the events of one
 * pane, a few numbers. An event is added to one, and two that follow each other merge into one.
 * Float operations run in a fixed order, so that every machine gets the same bits:
 *
 * - of a window, the cells before the newest merge from the newest of them to the oldest, and the
 *   newest goes last, `merge(merge(c1, merge(c2, c3)), c4)`: windows that end without a new event
 *   in between share their merges, and while no pane ends all but the last merge stay as they are;
 * - what goes on (an episode, a run of panes) takes in one cell after the other.
 */
import type { Value } from "../schema.ts";
import type { AggregateFn, Expr, RunFn, Unit } from "./core.ts";
import { bounded } from "./numbers.ts";

export type Aggregate = Extract<Expr, { op: "agg" }>;
export type RunAggregate = Extract<Expr, { op: "run" }>;

/** What an event adds: `x` and `limit` are NaN when missing; `ts` in µs. */
export interface CellSample {
  readonly x: number;
  readonly ts: number;
  /** Of `eta`: what the value grows towards. */
  readonly limit: number;
}

/** Cells lie in arrays of numbers, each at a place of its own. */
export interface CellMath {
  /** Numbers in a cell. */
  readonly width: number;
  /** Writes the cell of no events. */
  clear(cell: Float64Array, at: number): void;
  /** Takes in an event that is not before those of the cell. */
  add(cell: Float64Array, at: number, sample: CellSample): void;
  /** Writes into `out` the cell of the events of both; it may be either of them. */
  merge(
    older: Float64Array,
    a: number,
    newer: Float64Array,
    b: number,
    out: Float64Array,
    o: number,
  ): void;
  /** `sizeUs`: length of the window, µs. */
  value(cell: Float64Array, at: number, unit: Unit | undefined, sizeUs: number): Value;
}

/** The cell of no events. */
export function emptyCell(math: CellMath): Float64Array {
  const cell = new Float64Array(math.width);
  math.clear(cell, 0);
  return cell;
}

/** The cell of a window with the cells `panes`, oldest first, each at `at`. */
export function windowCell(
  math: CellMath,
  panes: readonly Float64Array[],
  at: number,
): Float64Array {
  const out = emptyCell(math);
  for (let i = panes.length - 2; i >= 0; i--) math.merge(panes[i] ?? out, at, out, 0, out, 0);
  const newest = panes.at(-1);
  if (newest) math.merge(out, 0, newest, at, out, 0);
  return out;
}

/**
 * The same for the windows that begin with any of `panes` and end with the last: of each of them
 * when it is asked for, where every merge is made once.
 */
export function laterCells(
  math: CellMath,
  panes: readonly Float64Array[],
  at: number,
): (from: number) => Float64Array {
  const empty = emptyCell(math);
  const place = panes.length - 2;
  /** Of the panes from number `place - i` to `place`. */
  const older: Float64Array[] = [];
  return (from) => {
    for (let i = older.length; i <= place - from; i++) {
      const cell = new Float64Array(math.width);
      math.merge(panes[place - i] ?? empty, at, older[i - 1] ?? empty, 0, cell, 0);
      older.push(cell);
    }
    const out = new Float64Array(older[place - from] ?? empty);
    const newest = panes[from < panes.length ? panes.length - 1 : -1];
    if (newest) math.merge(out, 0, newest, at, out, 0);
    return out;
  };
}

/** The arithmetic of an aggregate that is a few numbers; undefined for those of other values. */
export function cellMath(fn: AggregateFn): CellMath | undefined {
  return maths[fn];
}

/** The same of an aggregate of a run. */
export function runMath(fn: RunFn): CellMath {
  return maths[fn];
}

/** Whether an aggregate of a run has no value when there are no events. */
export function isMissingOfNone(fn: RunFn): boolean {
  const math = runMath(fn);
  return math.value(emptyCell(math), 0, undefined, 0) === undefined;
}

/** One number, where no event is `empty`. */
function single(
  empty: number,
  add: (known: number, x: number) => number,
  merge: (a: number, b: number) => number,
  value: CellMath["value"],
): CellMath {
  return {
    width: 1,
    clear(cell, at) {
      cell[at] = empty;
    },
    add(cell, at, { x }) {
      cell[at] = add(cell[at] as number, x);
    },
    merge(older, a, newer, b, out, o) {
      out[o] = merge(older[a] as number, newer[b] as number);
    },
    value,
  };
}

const plus = (a: number, b: number) => a + b;
const isInt = (unit: Unit | undefined) => unit !== "float";
const present = (x: number) => (Number.isFinite(x) ? x : undefined);

const count = single(
  0,
  (n) => n + 1,
  plus,
  (cell, at) => cell[at],
);

const rate = single(
  0,
  (n) => n + 1,
  plus,
  (cell, at, _, sizeUs) => bounded(((cell[at] as number) * 1e12) / sizeUs, true),
);

const sum = single(
  0,
  (total, x) => (Number.isNaN(x) ? total : total + x),
  plus,
  (cell, at, unit) => bounded(cell[at] as number, isInt(unit)),
);

const min = single(
  Number.POSITIVE_INFINITY,
  (least, x) => (Number.isNaN(x) ? least : Math.min(least, x)),
  Math.min,
  (cell, at) => present(cell[at] as number),
);

const max = single(
  Number.NEGATIVE_INFINITY,
  (most, x) => (Number.isNaN(x) ? most : Math.max(most, x)),
  Math.max,
  (cell, at) => present(cell[at] as number),
);

/** How many, and their sum. */
const avg: CellMath = {
  width: 2,
  clear(cell, at) {
    cell.fill(0, at, at + 2);
  },
  add(cell, at, { x }) {
    if (Number.isNaN(x)) return;
    cell[at] = (cell[at] as number) + 1;
    cell[at + 1] = (cell[at + 1] as number) + x;
  },
  merge(older, a, newer, b, out, o) {
    out[o] = (older[a] as number) + (newer[b] as number);
    out[o + 1] = (older[a + 1] as number) + (newer[b + 1] as number);
  },
  value(cell, at, unit) {
    const n = cell[at] as number;
    return n === 0 ? undefined : bounded((cell[at + 1] as number) / n, isInt(unit));
  },
};

/** How many, their mean, and the squares of their differences from it (Welford, Chan). */
const stddev: CellMath = {
  width: 3,
  clear(cell, at) {
    cell.fill(0, at, at + 3);
  },
  add(cell, at, { x }) {
    if (Number.isNaN(x)) return;
    const n = (cell[at] as number) + 1;
    const mean = cell[at + 1] as number;
    const now = mean + (x - mean) / n;
    cell[at] = n;
    cell[at + 1] = now;
    cell[at + 2] = (cell[at + 2] as number) + (x - mean) * (x - now);
  },
  merge(older, a, newer, b, out, o) {
    if (copied(3, older, a, newer, b, out, o)) return;
    const [m, n] = [older[a] as number, newer[b] as number];
    const mean = older[a + 1] as number;
    const apart = (newer[b + 1] as number) - mean;
    const squares = (older[a + 2] as number) + (newer[b + 2] as number);
    out[o] = m + n;
    out[o + 1] = mean + (apart * n) / (m + n);
    out[o + 2] = squares + apart * apart * ((m * n) / (m + n));
  },
  value(cell, at, unit) {
    const n = cell[at] as number;
    return n === 0 ? undefined : bounded(Math.sqrt((cell[at + 2] as number) / n), isInt(unit));
  },
};

/** Where one of two cells that begin with a number of values has none, the other is the result. */
function copied(
  width: number,
  older: Float64Array,
  a: number,
  newer: Float64Array,
  b: number,
  out: Float64Array,
  o: number,
): boolean {
  const [from, at] = newer[b] === 0 ? [older, a] : [newer, b];
  if (newer[b] !== 0 && older[a] !== 0) return false;
  for (let i = 0; i < width; i++) out[o + i] = from[at + i] as number;
  return true;
}

/** The first value, the last one, and the growth between them; NaN without values. */
const increase: CellMath = {
  width: 3,
  clear(cell, at) {
    cell[at] = Number.NaN;
    cell[at + 1] = Number.NaN;
    cell[at + 2] = 0;
  },
  add(cell, at, { x }) {
    if (Number.isNaN(x)) return;
    const before = cell[at + 1] as number;
    if (Number.isNaN(before)) cell[at] = x;
    else cell[at + 2] = (cell[at + 2] as number) + growth(before, x);
    cell[at + 1] = x;
  },
  merge(older, a, newer, b, out, o) {
    const before = older[a + 1] as number;
    const next = newer[b] as number;
    const isApart = Number.isNaN(before) || Number.isNaN(next);
    const first = Number.isNaN(before) ? next : (older[a] as number);
    const last = Number.isNaN(next) ? before : (newer[b + 1] as number);
    const between = isApart ? 0 : growth(before, next);
    const total = (older[a + 2] as number) + between + (newer[b + 2] as number);
    out[o] = first;
    out[o + 1] = last;
    out[o + 2] = total;
  },
  value(cell, at, unit) {
    return bounded(cell[at + 2] as number, isInt(unit));
  },
};

/** Of a counter; where it fell it was reset and started from 0 again. */
function growth(before: number, x: number): number {
  return x >= before ? x - before : x;
}

/**
 * A regression over time: how many values, the time of the first (µs), mean seconds since then,
 * mean value, and sums of products of the differences from them: of time and value, of time.
 */
const slope: CellMath = {
  width: 6,
  clear(cell, at) {
    cell.fill(0, at, at + 6);
  },
  add(cell, at, { x, ts }) {
    if (Number.isNaN(x)) return;
    const n = (cell[at] as number) + 1;
    if (n === 1) cell[at + 1] = ts;
    const [meanT, meanX] = [cell[at + 2] as number, cell[at + 3] as number];
    const apartT = (ts - (cell[at + 1] as number)) / 1e6 - meanT;
    const apartX = x - meanX;
    const [left, leftX] = [apartT - apartT / n, apartX - apartX / n];
    cell[at] = n;
    cell[at + 2] = meanT + apartT / n;
    cell[at + 3] = meanX + apartX / n;
    cell[at + 4] = (cell[at + 4] as number) + apartT * leftX;
    cell[at + 5] = (cell[at + 5] as number) + apartT * left;
  },
  merge(older, a, newer, b, out, o) {
    if (copied(6, older, a, newer, b, out, o)) return;
    const [m, n] = [older[a] as number, newer[b] as number];
    const start = older[a + 1] as number;
    const [meanT, meanX] = [older[a + 2] as number, older[a + 3] as number];
    const apartT = ((newer[b + 1] as number) - start) / 1e6 + (newer[b + 2] as number) - meanT;
    const apartX = (newer[b + 3] as number) - meanX;
    const both = (m * n) / (m + n);
    const covariance = (older[a + 4] as number) + (newer[b + 4] as number);
    const variance = (older[a + 5] as number) + (newer[b + 5] as number);
    out[o] = m + n;
    out[o + 1] = start;
    out[o + 2] = meanT + (apartT * n) / (m + n);
    out[o + 3] = meanX + (apartX * n) / (m + n);
    out[o + 4] = covariance + apartT * apartX * both;
    out[o + 5] = variance + apartT * apartT * both;
  },
  value(cell, at, unit) {
    const perSecond = steepness(cell, at);
    return perSecond === undefined ? undefined : bounded(perSecond * slopeScale(unit), true);
  },
};

/** Per second; missing without two different times. */
function steepness(cell: Float64Array, at: number): number | undefined {
  const variance = cell[at + 5] as number;
  return (cell[at] as number) < 2 || variance === 0
    ? undefined
    : (cell[at + 4] as number) / variance;
}

/** Growth of sizes and plain numbers is a rate, in 10⁻⁶ per second; of others in their unit. */
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

/** No event has said what the value grows towards; one that did not know it says NaN. */
const unsaid = Number.POSITIVE_INFINITY;

/** A regression, the last value, and what it grows towards as of the last event. */
const eta: CellMath = {
  width: 8,
  clear(cell, at) {
    slope.clear(cell, at);
    cell[at + 6] = Number.NaN;
    cell[at + 7] = unsaid;
  },
  add(cell, at, sample) {
    slope.add(cell, at, sample);
    if (!Number.isNaN(sample.x)) cell[at + 6] = sample.x;
    cell[at + 7] = sample.limit;
  },
  merge(older, a, newer, b, out, o) {
    const last = newer[b] === 0 ? (older[a + 6] as number) : (newer[b + 6] as number);
    const limit = newer[b + 7] === unsaid ? (older[a + 7] as number) : (newer[b + 7] as number);
    slope.merge(older, a, newer, b, out, o);
    out[o + 6] = last;
    out[o + 7] = limit;
  },
  value(cell, at) {
    const [last, limit] = [cell[at + 6] as number, cell[at + 7] as number];
    if (Number.isNaN(last) || !Number.isFinite(limit)) return undefined;
    if (last >= limit) return 0;
    const perSecond = steepness(cell, at);
    if (perSecond === undefined || perSecond <= 0) return undefined;
    return bounded(((limit - last) / perSecond) * 1e6, true);
  },
};

const maths: { readonly [fn in RunFn]: CellMath } & { readonly [fn in AggregateFn]?: CellMath } = {
  count,
  rate,
  sum,
  avg,
  min,
  max,
  stddev,
  increase,
  slope,
  eta,
};
