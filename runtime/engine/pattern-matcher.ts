/** What all ways of matching have in common: events and deadlines in, matches out. */
import type { CoreRule, CoreUnit, EntityLife, EventData, Pattern, Value } from "#core";
import type { RuleCode } from "./matcher.ts";
import type { EngineMatch } from "./scope.ts";
import type { Conclusion } from "./source-states.ts";

/** State given up for room, by what was given up. */
export interface StateCounters {
  keysEvicted: number;
  partialsEvicted: number;
  eventsEvicted: number;
}

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
  /** Whether "no event of `kinds` in (from, to]" may be concluded; counts what may not. */
  readonly concludes: (kinds: readonly number[], from: number, to: number) => Conclusion;
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
}
