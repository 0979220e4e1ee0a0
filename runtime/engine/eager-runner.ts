/**
 * `emit eager`: a rule once more, on events in the order in which they arrive and without waiting
 * for watermarks. What it finds is provisional; the rule in its lane confirms or retracts it.
 */
import { type CoreUnit, compareEvents, type EventData } from "#core";
import type { PatternMatcher } from "./pattern-matcher.ts";
import type { Reporter } from "./reporter.ts";

export class EagerRunner {
  readonly reporter: Reporter;
  readonly #unit: CoreUnit;
  readonly #matcher: PatternMatcher;
  #last: EventData | undefined;

  constructor(unit: CoreUnit, matcher: PatternMatcher, reporter: Reporter) {
    this.#unit = unit;
    this.#matcher = matcher;
    this.reporter = reporter;
  }

  save() {
    return { last: this.#last, matcher: this.#matcher.save(), reporter: this.reporter.save() };
  }

  restore(saved: ReturnType<EagerRunner["save"]>): void {
    this.#last = saved.last;
    this.#matcher.restore(saved.matcher);
    this.reporter.restore(saved.reporter);
  }

  /** An event that is older than one before it is left to the rule in its lane. */
  onEvent(event: EventData, steps: readonly number[]): void {
    if (steps.length === 0) return;
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
