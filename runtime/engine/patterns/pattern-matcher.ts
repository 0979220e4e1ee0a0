/** What all ways of matching have in common: events and deadlines in, matches out. */
import type { CoreRule, CoreUnit, EntityLife, EventData, Pattern, Value } from "#core";
import type { RuleCode } from "../code/matcher.ts";
import type { EngineMatch } from "../code/scope.ts";
import type { Conclusion } from "../intake/source-states.ts";

/** State given up for room, by what was given up. */
export interface StateCounters {
  keysEvicted: number;
  partialsEvicted: number;
  eventsEvicted: number;
  /** Events that runs took and could not keep as evidence. */
  evidenceEvicted: number;
  /** Decisions taken, for lack of room, before all was known that could matter. */
  hurried: number;
}

export const noStateCounters: StateCounters = {
  keysEvicted: 0,
  partialsEvicted: 0,
  eventsEvicted: 0,
  evidenceEvicted: 0,
  hurried: 0,
};

export interface MatcherInputs<P extends Pattern = Pattern> {
  readonly unit: CoreUnit;
  readonly rule: CoreRule;
  readonly pattern: P;
  readonly code: RuleCode;
  readonly params: ReadonlyMap<string, Value>;
  /** When the observation began, µs; undefined: with the first event. */
  readonly startUs: number | undefined;
  /** Matches in the order in which they become known, each before policies. */
  readonly emit: (match: EngineMatch) => void;
  /**
   * Under `emit close`: a match that holds already and goes on, as far as it has come. It is told
   * again at a later length, or emitted, up to `untilUs` (µs), or not at all.
   */
  readonly onGoingOn?: ((match: EngineMatch, untilUs: number) => void) | undefined;
  /** State of `key` that had come `reached` steps far was given up for room at `at` (µs). */
  readonly onGivenUp?: ((key: string, reached: number, at: number) => void) | undefined;
  /** Whether "no event of `kinds` in (from, to]" may be concluded; counts what may not. */
  readonly concludes: (kinds: readonly number[], from: number, to: number) => Conclusion;
}

/** How the version of a rule that a state was made for differs from the one it serves now. */
export interface Adaptation {
  /** When it was changed, µs. */
  readonly atUs: number;
  /** Steps (in the order captures are numbered) whose taken events are to be asked again. */
  readonly rechecks: readonly number[];
}

export interface PatternMatcher {
  /** The state as plain data, which `restore` of a matcher for the same rule takes back. */
  save(): unknown;
  restore(saved: unknown): void;
  readonly counters: StateCounters;
  /**
   * The next time something is decided without an event, µs; infinity when nothing waits. It is
   * decided when all events up to and including that time have been seen.
   */
  readonly nextDeadline: number;
  /**
   * How long after its time an event is still being judged, µs: the width of the coarsest clock
   * where order is not certain, otherwise 0.
   */
  readonly holdUs: number;
  /** Events in the order ≺; `hits` are steps (in the order of `allStepsOf`) it may be for. */
  onEvent(event: EventData, hits: readonly number[]): void;
  /** Decides what `nextDeadline` is about. */
  fireDeadline(): void;
  /** An entity has appeared, or its end has become known. */
  onEntity(life: EntityLife): void;
  /** Nothing that begins after `untilUs` is looked for any more; what has begun goes on. */
  drain(untilUs: number): void;
  /**
   * Once everything before `watermark` is decided: whether nothing can come any more of what began
   * before the time of `drain`, µs.
   */
  isDrained(watermark: number): boolean;
  /** The state is that of another version of the rule: what does not fit this one is dropped. */
  adapt(to: Adaptation): void;
}
