/** What generated functions see besides the current event. */
import type { EntityRef, EventData, MatchFacts, Past, Quality, Taken, Value } from "#core";
import { rootOf } from "#core";

/** What is known of a window and its key at one moment. */
interface WindowFacts {
  readonly sizeUs: number;
  /** How long the key has been known, µs. */
  readonly knownUs: number;
  /** What is known of each `zscore` and `baseline` of the rule, by number. */
  readonly pasts: readonly (Past | undefined)[];
}

/** A window of a match, as it stood then. */
export interface EngineView extends WindowFacts {
  /** Of the aggregates that anything reads of a match, by number. */
  readonly values: readonly Value[];
}

/** A window as it stands: an aggregate is computed when it is asked for. */
export interface LiveView extends WindowFacts {
  readonly aggregate: (index: number) => Value;
}

export interface Scope {
  readonly captures: readonly (Taken | undefined)[];
  readonly view?: EngineView | LiveView | undefined;
  readonly quality?: Quality | undefined;
  readonly subject?: EntityRef | undefined;
  /** When the match was complete, µs: as of when explanations look up relations. */
  readonly at?: number | undefined;
}

/** Nothing is captured yet. */
export const emptyScope: Scope = { captures: [] };

/** A match with the window as the engine holds it. */
export interface EngineMatch extends MatchFacts {
  readonly view?: EngineView | undefined;
}

/** What explanations and policies see of a match. */
export function scopeOf(match: EngineMatch): Scope {
  const { captures, view, quality, at } = match;
  return { captures, view, quality, at, subject: match.subject ?? rootOf(match).event?.entity };
}

/** The generated functions over plain data. */
export type ValueFunction = (event: EventData | undefined, scope: Scope) => Value;
export type TestFunction = (event: EventData | undefined, scope: Scope) => boolean;
