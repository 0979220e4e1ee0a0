/**
 * Events whose clocks do not say for certain in which order they happened, and chains of them:
 * what one placement of all events inside their intervals allows (LANGUAGE C.0.1, C.1).
 */
import {
  type Constraint,
  type EventData,
  type Interval,
  isCertainlyBefore,
  isPlaceable,
  isPossiblyBefore,
  type Taken,
  takenOf,
} from "#core";
import type { SequencePlan } from "./plan.ts";

/** An event under a key. */
export interface Entry {
  readonly event: EventData;
  readonly interval: Interval;
  /** Place in the order ≺ among the key's events. */
  readonly no: number;
  /** Steps it may be for, in the order of `allStepsOf`. */
  readonly steps: ReadonlySet<number>;
}

/** For each step so far the events it took, in order; undefined for an option left out. */
export type Runs = readonly (readonly Entry[] | undefined)[];

/** A `Constraint` between entries. */
export type Tie =
  | { readonly is: "before"; readonly a: Entry; readonly b: Entry }
  | {
      readonly is: "atMost" | "atLeast";
      readonly a: Entry;
      readonly b: Entry;
      readonly us: number;
    };

/**
 * From after one entry of a chain to before another, or to `us` after entry `end`; the entries
 * named are not in it.
 */
export type Stretch =
  | { readonly after: Entry; readonly before: Entry }
  | { readonly after: Entry; readonly end: Entry; readonly us: number };

/** Whether an event lies in a stretch in all, some or no placements. */
export type Place = "yes" | "possibly" | "no";

/** The events of a way in the order in which it says they happened. */
export function chainOf(runs: Runs): Entry[] {
  return runs.flatMap((run) => run ?? []);
}

/** The entry of a chain that is last in ≺. */
export function endOf(chain: readonly Entry[]): Entry | undefined {
  return chain.reduce<Entry | undefined>(
    (last, x) => (last && last.no > x.no ? last : x),
    undefined,
  );
}

export function capturesOf({ slots, cells }: SequencePlan, runs: Runs): (Taken | undefined)[] {
  return runs.map((run, at) => {
    const events = (run ?? []).map((x) => x.event);
    const taken = takenOf(events, slots[at]?.keep ?? 1);
    const known = cells.of(at, events);
    return taken && known ? { ...taken, cells: known } : taken;
  });
}

/** Whether one placement of all entries satisfies all of `ties`. */
export function arePlaceable(ties: readonly Tie[]): boolean {
  const entries = [...new Set(ties.flatMap(({ a, b }) => [a, b]))].sort((x, y) => x.no - y.no);
  const places = new Map(entries.map((x, i) => [x, i]));
  const place = (x: Entry) => places.get(x) ?? -1;
  return isPlaceable(
    entries.map((x) => x.interval),
    ties.map((tie): Constraint => ({ ...tie, a: place(tie.a), b: place(tie.b) })),
  );
}

export function isPossible(a: Entry, b: Entry): boolean {
  if (a === b) return false;
  return a.no < b.no
    ? isPossiblyBefore([a.interval, b.interval], 0, 1)
    : isPossiblyBefore([b.interval, a.interval], 1, 0);
}

export function isCertain(a: Entry, b: Entry): boolean {
  if (a === b) return false;
  return a.no < b.no
    ? isCertainlyBefore([a.interval, b.interval], 0, 1)
    : isCertainlyBefore([b.interval, a.interval], 1, 0);
}

/** Order and gaps of a way's chain; the span is judged when it is complete. */
export function tiesOf({ slots }: SequencePlan, runs: Runs): Tie[] {
  const ties: Tie[] = [];
  let previous: Entry | undefined;
  for (const [at, run] of runs.entries()) {
    for (const [i, b] of (run ?? []).entries()) {
      const a = previous;
      previous = b;
      if (!a) continue;
      ties.push({ is: "before", a, b });
      const slot = slots[at];
      if (i > 0 || !slot) continue;
      if (slot.gapMinUs > 0) ties.push({ is: "atLeast", a, b, us: slot.gapMinUs });
      if (slot.gapMaxUs < Number.POSITIVE_INFINITY)
        ties.push({ is: "atMost", a, b, us: slot.gapMaxUs });
    }
  }
  return ties;
}

/** Whether a placement keeps order, gaps and span of the chain. */
export function isWithinSpan(plan: SequencePlan, runs: Runs): boolean {
  const chain = chainOf(runs);
  const [a] = chain;
  const b = chain.at(-1);
  const us = plan.withinUs;
  const ties = tiesOf(plan, runs);
  if (a && b && us < Number.POSITIVE_INFINITY) ties.push({ is: "atMost", a, b, us });
  return arePlaceable(ties);
}

/** Where `x` lies in the placements that `ties` allow. */
export function placeIn(ties: readonly Tie[], stretch: Stretch, x: Entry): Place {
  const end = "before" in stretch ? stretch.before : stretch.end;
  if (x === stretch.after || x === end) return "no";
  const inside = insideOf(stretch, x);
  // By itself first: few events are near.
  if (!arePlaceable(inside) || !arePlaceable([...ties, ...inside])) return "no";
  const isOutside = outsidesOf(stretch, x).some((tie) => arePlaceable([...ties, tie]));
  return isOutside ? "possibly" : "yes";
}

function insideOf(stretch: Stretch, x: Entry): Tie[] {
  const start: Tie = { is: "before", a: stretch.after, b: x };
  if ("before" in stretch) return [start, { is: "before", a: x, b: stretch.before }];
  return [start, { is: "atMost", a: stretch.end, b: x, us: stretch.us }];
}

/** The two ways to be outside. */
function outsidesOf(stretch: Stretch, x: Entry): Tie[] {
  const early: Tie = { is: "before", a: x, b: stretch.after };
  if ("before" in stretch) return [early, { is: "before", a: stretch.before, b: x }];
  return [early, { is: "atLeast", a: stretch.end, b: x, us: stretch.us + 1 }];
}

/** Steps that have a neighbour in the chain to which their order is not certain. */
export function uncertainSteps(runs: Runs): number[] {
  const bound = runs.flatMap((run, step) => (run ?? []).map((entry) => ({ step, entry })));
  return bound.slice(1).flatMap((b, i) => {
    const a = bound[i];
    if (!a || a.step === b.step) return [];
    return isCertain(a.entry, b.entry) ? [] : [a.step, b.step];
  });
}
