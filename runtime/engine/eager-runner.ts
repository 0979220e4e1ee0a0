/**
 * `emit eager`: a rule once more, on events in the order in which they arrive and without waiting
 * for watermarks. What it finds is provisional; the rule in its lane confirms or retracts it.
 */
import { type CoreUnit, compareEvents, type EventData } from "#core";
import type { Reporter } from "./findings/reporter.ts";
import type { Adaptation, PatternMatcher } from "./patterns/pattern-matcher.ts";
import { HostFailure } from "./trouble.ts";

export class EagerRunner {
  readonly reporter: Reporter;
  readonly #unit: CoreUnit;
  readonly #onFailed: (error: unknown) => void;
  #matcher: PatternMatcher;
  #last: EventData | undefined;
  /** As of the rule in its lane, µs. */
  #beginsUs: number;
  #drainsUs: number | undefined;

  constructor(
    unit: CoreUnit,
    matcher: PatternMatcher,
    reporter: Reporter,
    onFailed: (error: unknown) => void,
    beginsUs: number | undefined,
  ) {
    this.#beginsUs = beginsUs ?? Number.NEGATIVE_INFINITY;
    this.#unit = unit;
    this.#matcher = matcher;
    this.reporter = reporter;
    this.#onFailed = onFailed;
  }

  save() {
    return {
      last: this.#last,
      matcher: this.#matcher.save(),
      reporter: this.reporter.save(),
      beginsUs: this.#beginsUs,
      drainsUs: this.#drainsUs,
    };
  }

  restore(saved: ReturnType<EagerRunner["save"]>): void {
    this.#last = saved.last;
    this.#matcher.restore(saved.matcher);
    this.reporter.restore(saved.reporter);
    this.#beginsUs = saved.beginsUs;
    if (saved.drainsUs !== undefined) this.drain(saved.drainsUs);
  }

  /** Nothing that begins after `untilUs` is looked for any more; what has begun goes on. */
  drain(untilUs: number): void {
    this.#drainsUs = untilUs;
    this.#matcher.drain(untilUs);
  }

  /** The state is that of another version of the rule. */
  adapt(to: Adaptation): void {
    this.#matcher.adapt(to);
  }

  /** Begins anew with a matcher that knows nothing. */
  restart(matcher: PatternMatcher): void {
    this.#matcher = matcher;
    this.#last = undefined;
    this.reporter.reset();
    this.#beginsUs = Number.NEGATIVE_INFINITY;
    if (this.#drainsUs !== undefined) this.drain(Number.NEGATIVE_INFINITY);
  }

  /** An event that is older than one before it is left to the rule in its lane. */
  onEvent(event: EventData, steps: readonly number[]): void {
    if (steps.length === 0 || event.ts <= this.#beginsUs) return;
    try {
      this.#judge(event, steps);
    } catch (error) {
      if (error instanceof HostFailure) throw error;
      this.#onFailed(error);
    }
  }

  #judge(event: EventData, steps: readonly number[]): void {
    const last = this.#last;
    if (last && compareEvents(this.#unit.schema, event, last) < 0) return;
    this.#last = event;
    this.#fire((at) => at < event.ts);
    this.#matcher.onEvent(event, steps);
    // Nobody waits here for what a coarse clock may still put before the event.
    this.#fire((at) => at <= event.ts + this.#matcher.holdUs);
  }

  #fire(isDue: (at: number) => boolean): void {
    while (isDue(this.#matcher.nextDeadline)) this.#matcher.fireDeadline();
  }
}
