/**
 * A `test` block as data: the world and the events it gives, and what must come of them. Times are
 * µs since the epoch unless a comment says otherwise.
 */
import type { EventData, Expr, SourceStory, Unit, World } from "#core";
import type { Span } from "#grammar";

/** Where the clock of every test without a recording starts: 2026-01-01T00:00:00Z, µs. */
export const testEpochUs = Date.UTC(2026, 0, 1) * 1000;

export interface TestEvent {
  readonly event: EventData;
  /** When it reaches the engine. */
  readonly arrivesAt: number;
}

/** A condition on a finding or a near miss. */
export interface Condition {
  readonly expr: Expr;
  /** As the author wrote it. */
  readonly text: string;
  readonly at: Span;
  /** Units of the two sides of a comparison. */
  readonly units: { readonly left: Unit; readonly right: Unit } | undefined;
}

/** `rule` is a full name, `module.rule`; times count from the start of the test, µs. */
export type Expectation =
  | {
      readonly expects: "finding";
      readonly at: Span;
      readonly rule: string;
      readonly completeAt: number | undefined;
      /** Exactly so many findings of the rule; undefined: at least one. */
      readonly times: number | undefined;
      readonly conditions: readonly Condition[];
    }
  | { readonly expects: "no-finding"; readonly at: Span; readonly rule: string }
  | {
      readonly expects: "near-miss";
      readonly at: Span;
      readonly rule: string;
      /** The step it must have waited for. */
      readonly missing: string | undefined;
      readonly conditions: readonly Condition[];
    }
  | {
      readonly expects: "resolved";
      readonly at: Span;
      readonly rule: string;
      readonly resolvedAt: number | undefined;
    };

/** A recording beside the test's file; who runs the test reads it. */
export interface Recording {
  /** As written, relative to the file of the test. */
  readonly file: string;
  readonly at: Span;
}

export interface TestCase {
  readonly title: string;
  readonly at: Span;
  /** Plain name, for people. */
  readonly rule: string;
  /** Full name, `module.rule`. */
  readonly target: string;
  /** When the clock of the test starts; a recording moves it to its first event. */
  readonly start: number;
  readonly events: readonly TestEvent[];
  readonly recording: Recording | undefined;
  readonly world: World;
  readonly sources: readonly SourceStory[];
  /** Everything before is decided; undefined: up to behind the last event. */
  readonly advanceTo: number | undefined;
  readonly expectations: readonly Expectation[];
}
