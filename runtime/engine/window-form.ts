/** What the shapes of windows differ in, and what all of them keep of a key. */
import type { EntityLife, EventData } from "#core";
import type { EventLog } from "./window-log.ts";
import type { KeyPast } from "./window-past.ts";

/** What is kept of one key, whatever the shape. */
export interface WindowState {
  readonly key: string;
  readonly log: EventLog;
  /** Undefined before the first event, and where the rule asks for no past. */
  past: KeyPast | undefined;
  /** The latest time of an event that was given up for room, or of the key itself, µs. */
  lostUs: number;
  /** When something is decided without an event, µs; infinity when nothing is. */
  dueUs: number;
}

export interface WindowForm<S extends WindowState> {
  /** Whether matches of one time become known in the order of their events, at those events. */
  readonly isImmediate: boolean;
  /** A key that no event has touched for this long can be forgotten, µs. */
  readonly lifeUs: number;
  begin(state: WindowState): S;
  /** Whether a key has come further than its beginning. */
  isAdvanced(state: S): boolean;
  /** Takes an event; `isCertain`: the step is true on it, otherwise it is unknown. */
  take(state: S, event: EventData, isCertain: boolean): void;
  /** Decides what is due at `at`, µs; false when the key can be forgotten. */
  decide(state: S, at: number): boolean;
  /** What `life` is the life of, as a key; undefined where keys are no entities of its kind. */
  keyOf?(life: EntityLife): string | undefined;
  /** Learns of a life; what ended before `now` (µs) is not judged afterwards. */
  live?(state: S, life: EntityLife, now: number): void;
}
