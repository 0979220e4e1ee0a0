/**
 * Whether events can be placed inside their intervals so that a set of constraints on their order
 * and distances holds (LANGUAGE C.0.1).
 *
 * Where recorded times say all (same clock, or both exact) a constraint is judged on them. The
 * others are difference constraints t[b] − t[a] ≤ d on whole µs. Every event starts as late as its
 * interval allows and is pulled forward until all of them hold (Bellman and Ford); one that would
 * have to lie before its interval shows that there is no placement.
 */
import { type Interval, isPlain } from "./order.ts";

/** Events are numbers; a smaller one is earlier in ≺. */
export type Constraint =
  | { readonly is: "before"; readonly a: number; readonly b: number }
  /** t[b] − t[a] ≤ us. */
  | { readonly is: "atMost"; readonly a: number; readonly b: number; readonly us: number }
  /** t[b] − t[a] ≥ us. */
  | { readonly is: "atLeast"; readonly a: number; readonly b: number; readonly us: number };

/** t[to] ≤ t[from] + max. */
interface Edge {
  readonly from: number;
  readonly to: number;
  readonly max: number;
}

/** Whether one placement of all events satisfies all of `constraints`. */
export function isPlaceable(
  intervals: readonly Interval[],
  constraints: readonly Constraint[],
): boolean {
  const edges: Edge[] = [];
  for (const c of constraints) {
    const a = intervals[c.a];
    const b = intervals[c.b];
    if (a && b && !isPlain(a, b)) edges.push(edgeOf(c));
    else if (!a || !b || !holds(c, a, b)) return false;
  }
  return edges.length === 0 || isSolvable(intervals, [...edges, ...clockEdges(intervals, edges)]);
}

/** The constraint on recorded times. */
function holds(c: Constraint, a: Interval, b: Interval): boolean {
  if (c.is === "before") return c.a < c.b;
  const distance = b.from - a.from;
  return c.is === "atMost" ? distance <= c.us : distance >= c.us;
}

function edgeOf(c: Constraint): Edge {
  switch (c.is) {
    case "before":
      // At the same µs, ≺ decides.
      return { from: c.b, to: c.a, max: c.a < c.b ? 0 : -1 };
    case "atMost":
      return { from: c.a, to: c.b, max: c.us };
    case "atLeast":
      return { from: c.b, to: c.a, max: -c.us };
  }
}

/** Events of one clock happened in the order in which it told them. */
function clockEdges(intervals: readonly Interval[], edges: readonly Edge[]): Edge[] {
  const nodes = nodesOf(edges);
  return nodes.flatMap((to) => {
    const next = nodes.find((n) => n > to && intervals[n]?.source === intervals[to]?.source);
    return next === undefined ? [] : [{ from: next, to, max: 0 }];
  });
}

function nodesOf(edges: readonly Edge[]): number[] {
  return [...new Set(edges.flatMap((e) => [e.from, e.to]))].sort((a, b) => a - b);
}

function isSolvable(intervals: readonly Interval[], edges: readonly Edge[]): boolean {
  const nodes = nodesOf(edges);
  const latest = new Map(nodes.map((n) => [n, intervals[n]?.to ?? 0]));
  // Without a contradiction no chain of constraints is longer than there are events.
  for (let round = 0; round <= nodes.length; round++) {
    let isStable = true;
    for (const { from, to, max } of edges) {
      const bound = (latest.get(from) ?? 0) + max;
      if (bound >= (latest.get(to) ?? 0)) continue;
      if (bound < (intervals[to]?.from ?? 0)) return false;
      latest.set(to, bound);
      isStable = false;
    }
    if (isStable) return true;
  }
  return false;
}

/** Whether some placement puts `a` before `b`. */
export function isPossiblyBefore(intervals: readonly Interval[], a: number, b: number): boolean {
  return isPlaceable(intervals, [{ is: "before", a, b }]);
}

/** Whether every placement puts `a` before `b`. */
export function isCertainlyBefore(intervals: readonly Interval[], a: number, b: number): boolean {
  return !isPossiblyBefore(intervals, b, a);
}
