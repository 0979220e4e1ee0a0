/** What the shapes of windows differ in, and what all of them keep of a key. */
import type { EntityLife, EventData, Value } from "#core";
import type { Due } from "../timers.ts";
import type { Cell } from "./cells.ts";
import type { Log } from "./log.ts";
import type { KeyPast } from "./past.ts";

/** A value of one event, kept until its window is over. */
export interface Entry {
  /** µs. */
  readonly ts: number;
  readonly value: Value;
}

/** What is kept of one key, whatever the shape. */
export interface WindowState {
  /** The newest events as evidence, oldest first. */
  readonly kept: EventData[];
  /** By pane of the resolution what a sliding window or the past asks for. */
  readonly cells: Log<Cell>;
  /** Of aggregates that only the values themselves can answer. */
  readonly logs: readonly Log<Entry>[];
  /** Undefined before the first event, and where the rule asks for no past. */
  past: KeyPast | undefined;
  /** The latest time of a value that was given up for room, or of the key itself, µs. */
  lostUs: number;
  /** When something is decided without an event, µs; infinity when nothing is. */
  dueUs: number;
  /** When the key is looked at next; no later than that. */
  readonly timer: Due;
}

export interface WindowForm<S extends WindowState> {
  /** Whether matches of one time become known in the order of their events, at those events. */
  readonly isImmediate: boolean;
  /** A key that no event has touched for this long can be forgotten, µs. */
  readonly lifeUs: number;
  /** `isAgain`: the key may be one that was given up for room. */
  begin(state: WindowState, isAgain: boolean): S;
  /** Whether a key has come further than its beginning. */
  isAdvanced(state: S): boolean;
  /** Takes an event; `isCertain`: the step is true on it, otherwise it is unknown. */
  take(key: string, state: S, event: EventData, isCertain: boolean): void;
  /** Decides what is due at `at`, µs; false when the key can be forgotten. */
  decide(key: string, state: S, at: number): boolean;
  /** What `life` is the life of, as a key; undefined where keys are no entities of its kind. */
  keyOf?(life: EntityLife): string | undefined;
  /** The state is that of another version of the rule. */
  takeOver?(state: S): void;
  /** The condition is that of another version of the rule: what held may not hold any more. */
  recheck?(state: S): void;
  /** When the observation began, µs, where that is asked for; it is a part of the state. */
  startUs?: number | undefined;
  /**
   * Learns of a life; what ended before `now` (µs) is not judged afterwards. `isLatest`: no life
   * that was told before began later.
   */
  live?(state: S, life: EntityLife, now: number, isLatest: boolean): void;
}
