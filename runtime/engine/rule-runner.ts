/** One rule at work: how it matches, and what becomes of its matches. */
import type { EntityLife, EventData } from "#core";
import type { PatternMatcher } from "./pattern-matcher.ts";
import type { Reporter } from "./reporter.ts";

export interface RuleRunnerInputs {
  /** Number of the rule in its unit. */
  readonly index: number;
  readonly matcher: PatternMatcher;
  readonly reporter: Reporter;
  /** Number of the step of `resolve on`, or -1. */
  readonly resolveStep: number;
}

export class RuleRunner {
  readonly index: number;
  readonly matcher: PatternMatcher;
  readonly reporter: Reporter;
  readonly #resolveStep: number;
  /** Events that may end a finding, until everything before them has been judged. */
  #resolving: EventData[] = [];

  constructor({ index, matcher, reporter, resolveStep }: RuleRunnerInputs) {
    this.index = index;
    this.matcher = matcher;
    this.reporter = reporter;
    this.#resolveStep = resolveStep;
  }

  save() {
    return {
      resolving: this.#resolving,
      matcher: this.matcher.save(),
      reporter: this.reporter.save(),
    };
  }

  restore(saved: ReturnType<RuleRunner["save"]>): void {
    this.#resolving = saved.resolving;
    this.matcher.restore(saved.matcher);
    this.reporter.restore(saved.reporter);
  }

  /** `hits` are steps in the order of `heardSteps`; none when the event only touches the rule. */
  onEvent(event: EventData, hits: readonly number[]): void {
    const isResolving = this.#resolveStep >= 0 && hits.includes(this.#resolveStep);
    const own = isResolving ? hits.filter((h) => h !== this.#resolveStep) : hits;
    this.matcher.onEvent(event, own);
    if (isResolving) this.#resolving.push(event);
  }

  onEntity(life: EntityLife): void {
    this.matcher.onEntity(life);
  }

  get nextDeadline(): number {
    return Math.min(this.matcher.nextDeadline, this.#nextResolving, this.#nextQuiet);
  }

  /** Decides what is next: matches first, then what may end findings. */
  fireDeadline(): void {
    const at = this.nextDeadline;
    if (this.matcher.nextDeadline === at) this.matcher.fireDeadline();
    else if (this.#nextResolving === at) this.#resolveNext();
    else this.reporter.fireDeadline();
  }

  /** The log ends: what is before `watermark` (µs) is decided without waiting for more. */
  finish(watermark: number): void {
    while (this.nextDeadline - this.matcher.holdUs < watermark) this.fireDeadline();
  }

  /** No finding before this time is still to come once all before `watermark` is decided, µs. */
  settled(watermark: number): number {
    return watermark - this.matcher.holdUs;
  }

  get #nextResolving(): number {
    const [next] = this.#resolving;
    return next ? next.ts + this.matcher.holdUs : Number.POSITIVE_INFINITY;
  }

  get #nextQuiet(): number {
    return this.reporter.nextDeadline + this.matcher.holdUs;
  }

  #resolveNext(): void {
    const event = this.#resolving.shift();
    if (event) this.reporter.onResolvingEvent(event);
  }
}
