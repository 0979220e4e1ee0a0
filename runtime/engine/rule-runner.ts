/**
 * One rule at work: how it matches, and what becomes of its matches. A rule whose code fails is
 * stopped: its state is dropped, and the others go on.
 */
import { type EntityLife, type EventData, resolvingMax } from "#core";
import { Queue } from "./collections/queue.ts";
import type { Reporter } from "./findings/reporter.ts";
import type { Adaptation, PatternMatcher, StateCounters } from "./patterns/pattern-matcher.ts";
import { HostFailure, reasonOf } from "./trouble.ts";

export interface RuleRunnerInputs {
  /** Number of the rule in its unit. */
  readonly index: number;
  readonly matcher: PatternMatcher;
  readonly reporter: Reporter;
  /** Number of the step of `resolve on`, or -1. */
  readonly resolveStep: number;
  readonly onStopped: (error: unknown) => void;
  /** Only events after this time are for the rule, µs: it began with a reload. */
  readonly beginsUs?: number | undefined;
}

export class RuleRunner {
  readonly index: number;
  readonly reporter: Reporter;
  readonly #resolveStep: number;
  readonly #onStopped: (error: unknown) => void;
  #matcher: PatternMatcher;
  /** Events up to this time are not for the rule, µs. */
  #beginsUs: number;
  /** What begins after this time is not looked for any more, µs; undefined while all is. */
  #drainsUs: number | undefined;
  #isNew = true;
  /** Counters of the matchers before this one. */
  #before: StateCounters | undefined;
  #stopped: string | undefined;
  /** Events that may end a finding, until everything before them has been judged. */
  readonly #resolving = new Queue<EventData>();

  constructor(inputs: RuleRunnerInputs) {
    const { index, matcher, reporter, resolveStep, onStopped, beginsUs } = inputs;
    this.index = index;
    this.#beginsUs = beginsUs ?? Number.NEGATIVE_INFINITY;
    this.#matcher = matcher;
    this.reporter = reporter;
    this.#resolveStep = resolveStep;
    this.#onStopped = onStopped;
  }

  save() {
    return {
      resolving: this.#resolving.items,
      matcher: this.#matcher.save(),
      reporter: this.reporter.save(),
      before: this.#before,
      stopped: this.#stopped,
      beginsUs: this.#beginsUs,
      drainsUs: this.#drainsUs,
    };
  }

  restore(saved: ReturnType<RuleRunner["save"]>): void {
    this.#isNew = false;
    this.#before = saved.before;
    this.#stopped = saved.stopped;
    this.#beginsUs = saved.beginsUs;
    this.#drainsUs = saved.drainsUs;
    this.reporter.restore(saved.reporter);
    if (this.#stopped !== undefined) {
      this.#matcher = stoppedMatcher(this.#matcher);
      return;
    }
    this.#resolving.replace(saved.resolving);
    this.#matcher.restore(saved.matcher);
    if (this.#drainsUs !== undefined) this.#matcher.drain(this.#drainsUs);
  }

  /** Nothing that begins after `untilUs` is looked for any more; what has begun goes on. */
  drain(untilUs: number): void {
    this.#drainsUs = untilUs;
    this.#matcher.drain(untilUs);
  }

  /** Whether nothing can come any more of what began, once all before `watermark` is decided. */
  isDrained(watermark: number): boolean {
    const isOver = this.#stopped !== undefined || this.#matcher.isDrained(watermark);
    return isOver && this.#resolving.size === 0 && !this.reporter.hasOpen;
  }

  /** The state is that of another version of the rule. */
  adapt(to: Adaptation): void {
    if (this.#stopped === undefined) this.#matcher.adapt(to);
  }

  /** Whether it has no state of before. */
  get isNew(): boolean {
    return this.#isNew;
  }

  get matcher(): PatternMatcher {
    return this.#matcher;
  }

  /** Why the rule does nothing any more; undefined while it is at work. */
  get stopped(): string | undefined {
    return this.#stopped;
  }

  get counters(): StateCounters {
    const before = this.#before;
    return before ? sumOf(before, this.#matcher.counters) : this.#matcher.counters;
  }

  /** Begins anew with a matcher that knows nothing; a rule that was stopped stays so. */
  restart(matcher: PatternMatcher): void {
    if (this.#stopped !== undefined) return;
    this.#forget(matcher);
    this.#beginsUs = Number.NEGATIVE_INFINITY;
    if (this.#drainsUs !== undefined) this.drain(Number.NEGATIVE_INFINITY);
  }

  /** The rule does nothing any more. */
  stop(error: unknown): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = reasonOf(error);
    this.#forget(stoppedMatcher(this.#matcher));
    this.#onStopped(error);
  }

  /** `hits` are steps in the order of `heardSteps`; none when the event only touches the rule. */
  onEvent(event: EventData, hits: readonly number[]): void {
    if (event.ts <= this.#beginsUs) return;
    try {
      const isResolving = this.#resolveStep >= 0 && hits.includes(this.#resolveStep);
      const own = isResolving ? hits.filter((h) => h !== this.#resolveStep) : hits;
      this.#matcher.onEvent(event, own);
      if (isResolving && this.#stopped === undefined) this.#waitToResolve(event);
    } catch (error) {
      this.#fail(error);
    }
  }

  onEntity(life: EntityLife): void {
    try {
      this.#matcher.onEntity(life);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Whether it tells of findings before they are known to hold. */
  get tellsProvisionally(): boolean {
    return this.reporter.rule.policy.emit !== "final";
  }

  get nextDeadline(): number {
    return Math.min(this.#matcher.nextDeadline, this.#nextResolving, this.#nextQuiet);
  }

  /** Decides, one after the other, what is to be decided before `at` (µs). */
  fireBefore(at: number): void {
    try {
      while (this.nextDeadline < at) this.#fireNext();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The log ends: what is before `watermark` is decided without waiting for more. */
  finish(watermark: number): void {
    this.fireBefore(watermark + this.#matcher.holdUs);
  }

  /** No finding before this time is still to come once all before `watermark` is decided, µs. */
  settled(watermark: number): number {
    return watermark - this.#matcher.holdUs;
  }

  /** Matches first, then what may end findings. */
  #fireNext(): void {
    const at = this.nextDeadline;
    if (this.#matcher.nextDeadline === at) this.#matcher.fireDeadline();
    else if (this.#nextResolving === at) this.#resolveNext();
    else this.reporter.fireDeadline();
  }

  #waitToResolve(event: EventData): void {
    this.#resolving.push(this.reporter.resolving(event));
    if (this.#resolving.size <= resolvingMax(this.reporter.rule)) return;
    this.reporter.counters.hurried++;
    this.#resolveNext();
  }

  #fail(error: unknown): void {
    if (error instanceof HostFailure) throw error;
    this.stop(error);
  }

  #forget(matcher: PatternMatcher): void {
    this.#before = { ...this.counters };
    this.#matcher = matcher;
    this.#resolving.replace([]);
    this.reporter.reset();
  }

  get #nextResolving(): number {
    const next = this.#resolving.peek();
    return next ? next.ts + this.#matcher.holdUs : Number.POSITIVE_INFINITY;
  }

  get #nextQuiet(): number {
    return this.reporter.nextDeadline + this.#matcher.holdUs;
  }

  #resolveNext(): void {
    const event = this.#resolving.shift();
    if (event) this.reporter.onResolvingEvent(event);
  }
}

function sumOf(a: StateCounters, b: StateCounters): StateCounters {
  return counted(b, (name) => (a[name] ?? 0) + (b[name] ?? 0));
}

function counted(like: StateCounters, of: (name: keyof StateCounters) => number): StateCounters {
  const names = Object.keys(like) as (keyof StateCounters)[];
  return Object.fromEntries(names.map((name) => [name, of(name)])) as unknown as StateCounters;
}

/** In place of the matcher of a rule that was stopped. */
function stoppedMatcher({ holdUs, counters }: PatternMatcher): PatternMatcher {
  return {
    save: () => undefined,
    restore: () => undefined,
    counters: counted(counters, () => 0),
    nextDeadline: Number.POSITIVE_INFINITY,
    holdUs,
    onEvent: () => undefined,
    fireDeadline: () => undefined,
    onEntity: () => undefined,
    drain: () => undefined,
    isDrained: () => true,
    adapt: () => undefined,
  };
}
