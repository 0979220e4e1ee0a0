/**
 * How much of what a rule's matcher may hold besides what the rule itself says: the compiler counts
 * it and the engine keeps to it.
 */
import { type All, allStepsOf, type CoreRule, readsMatch, type Seq, type Step } from "./core.ts";

/** Runs of a key mostly share their evidence; of so many others it is kept as well. */
const runsKept = 4;

/** How many events the runs of one key may keep as evidence besides their first ones. */
export function evidenceMax({ steps }: Seq): number {
  return runsKept * steps.reduce((n, s) => n + (s.repeat ? s.repeat.keep : 0), 0);
}

/** Of how many events, besides those, the runs of one key keep because they read them by number. */
export function numberedMax({ steps, partials }: Seq): number {
  const each = steps.map((s) => Math.max(0, (s.repeat?.numbered ?? 0) - 1));
  return partials * each.reduce((n, x) => n + x, 0);
}

/** Whether the condition of a step is about the event alone, whatever else has happened. */
export function standsAlone({ where }: Step): boolean {
  return !where || !readsMatch(where);
}

/**
 * Tests of conditions for one event where it may be tried in many places. What stands alone is
 * tested once on each of `entries` events.
 */
function testsMax(steps: readonly Step[], entries: number, partials: number): number {
  const most = Math.min(32 * partials, Math.max(2048, 8 * partials));
  return steps.every(standsAlone) ? Math.min(most, entries * steps.length) : most;
}

/** Events of a rule that may wait to be judged, of all keys: what a storm brings in a second. */
const waitingMost = 16_384;

/** Partial matches that each event is part of, on average, where they are all full. */
const waysPerEvent = 16;

/** Of a sequence on coarse clocks. */
export interface PlacedBounds {
  /** Events in the buffer of a key: as many for each step as there may be partial matches. */
  readonly entries: number;
  /** Places of events in the partial matches of a key. */
  readonly refs: number;
  /** Events of matches that wait for a time, which are not in the buffer any more. */
  readonly held: number;
  /** Events that wait to be judged, of all keys. */
  readonly waiting: number;
  /** Tests for one event. */
  readonly tests: number;
}

export function placedBounds(seq: Seq, keysMax: number): PlacedBounds {
  const steps = allStepsOf(seq);
  const entries = seq.partials * steps.length;
  return {
    entries,
    refs: waysPerEvent * entries,
    held: seq.partials * seq.steps.length + evidenceMax(seq),
    waiting: Math.min(waitingMost, keysMax * entries),
    tests: testsMax(steps, entries, seq.partials),
  };
}

/** Of an all-of. */
export interface AllBounds {
  /** Events of a key. */
  readonly entries: number;
  /** Events that wait to be judged, of all keys. */
  readonly waiting: number;
  /** Tests for one event. */
  readonly tests: number;
}

export function allBounds(all: All, keysMax: number): AllBounds {
  const entries = all.partials * (all.steps.length + 1);
  return {
    entries,
    waiting: Math.min(waitingMost, keysMax * entries),
    tests: testsMax(allStepsOf(all), entries, all.partials),
  };
}

/** Findings of a rule that are remembered because they may still change, for each of its keys. */
const findingsPerKey = 4;
const findingsMost = 256;

/** How many findings of `rule` may still change; as many matches may wait to be told in order. */
export function findingsKept({ keysMax }: Pick<CoreRule, "keysMax">): number {
  return Math.min(findingsMost, findingsPerKey * keysMax);
}

/** Findings under one key that `resolve` may end. */
export const openPerKey = 256;

/** Events that may end findings and wait for what may lie before them. */
export function resolvingMax({ keysMax }: Pick<CoreRule, "keysMax">): number {
  return Math.min(1024, 16 * keysMax);
}

/** Lives of one entity, one after the other, that an absence counts a clock for. */
export const livesKept = 16;

/** Timers of keys that may be out of date, besides as many as there are keys. */
export const deadTimers = 16;
