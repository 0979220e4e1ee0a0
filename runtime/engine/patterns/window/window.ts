/**
 * Windows, incrementally: of each key what its aggregates need, and the newest events as evidence
 * (LANGUAGE C.4). This file knows keys, time and bounds; the shapes know what is decided when.
 */
import {
  compareMatches,
  durationOf,
  type EntityLife,
  type EventData,
  findingsKept,
  startOf,
  type Win,
} from "#core";
import { type EngineMatch, emptyScope } from "../../code/scope.ts";
import { Heap } from "../../collections/heap.ts";
import type {
  Adaptation,
  MatcherInputs,
  PatternMatcher,
  StateCounters,
} from "../pattern-matcher.ts";
import { KeyTimers } from "../timers.ts";
import type { WindowForm, WindowState } from "./form.ts";
import { WindowJudge } from "./judge.ts";
import { WindowKeys } from "./keys.ts";
import { PanesForm } from "./panes.ts";
import { SessionForm } from "./session.ts";
import { SlidingForm } from "./sliding.ts";

export function createWindowMatcher(inputs: MatcherInputs<Win>): PatternMatcher {
  const { shape } = inputs.pattern;
  const sizeUs = durationOf(shape.shape === "session" ? shape.max : shape.size, inputs.params);
  const judge = new WindowJudge(inputs, sizeUs);
  switch (shape.shape) {
    case "sliding":
      return new WindowMatcher(inputs, judge, (own) => new SlidingForm(own, judge));
    case "session":
      return new WindowMatcher(inputs, judge, (own) => new SessionForm(own, judge));
    default:
      return new WindowMatcher(inputs, judge, (own) => new PanesForm(own, judge));
  }
}

export class WindowMatcher<S extends WindowState> implements PatternMatcher {
  readonly holdUs = 0;
  readonly #inputs: MatcherInputs<Win>;
  readonly #judge: WindowJudge;
  readonly #form: WindowForm<S>;
  readonly #keys: WindowKeys<S>;
  /** When which key is due; a timer may go off early but never late. */
  readonly #timers = new KeyTimers((key) => this.#keys.get(key)?.timer);
  /** Matches that are told when everything up to their time has been seen. */
  readonly #known: Heap<EngineMatch>;
  #hurried = 0;
  #now = Number.NEGATIVE_INFINITY;
  /** When the latest life that was told began, µs. */
  #latestUp = Number.NEGATIVE_INFINITY;
  /** Windows that begin later are not told of, µs. */
  #drainsUs = Number.POSITIVE_INFINITY;

  constructor(
    inputs: MatcherInputs<Win>,
    judge: WindowJudge,
    formOf: (inputs: MatcherInputs<Win>) => WindowForm<S>,
  ) {
    this.#inputs = inputs;
    this.#judge = judge;
    const { unit, rule } = inputs;
    this.#keys = new WindowKeys(rule.keysMax, rule.policy.evict, inputs.onGivenUp);
    this.#known = new Heap((a, b) => compareMatches(unit.schema, a, b) < 0);
    const emit = (match: EngineMatch) => this.#found(match);
    const onGoingOn = (match: EngineMatch, untilUs: number) => this.#goesOn(match, untilUs);
    this.#form = formOf({ ...inputs, emit, onGoingOn });
  }

  save() {
    return {
      keys: this.#keys.save(),
      timers: this.#timers.save(),
      known: this.#known.items,
      hurried: this.#hurried,
      now: this.#now,
      latestUp: this.#latestUp,
      eventsEvicted: this.#judge.evicted,
      startUs: this.#form.startUs,
    };
  }

  restore(saved: ReturnType<WindowMatcher<S>["save"]>): void {
    this.#keys.restore(saved.keys);
    this.#timers.restore(saved.timers);
    this.#known.replace(saved.known);
    this.#hurried = saved.hurried;
    this.#now = saved.now;
    this.#latestUp = saved.latestUp;
    this.#judge.evicted = saved.eventsEvicted;
    this.#form.startUs = saved.startUs;
  }

  get counters(): StateCounters {
    return {
      keysEvicted: this.#keys.evicted,
      partialsEvicted: 0,
      eventsEvicted: this.#judge.evicted,
      evidenceEvicted: 0,
      hurried: this.#hurried,
    };
  }

  drain(untilUs: number): void {
    this.#drainsUs = untilUs;
  }

  isDrained(watermark: number): boolean {
    if (watermark <= this.#drainsUs + this.#lifeUs) return false;
    // An episode goes on for as long as its condition is true.
    const isClosing = this.#inputs.rule.policy.emit === "close";
    return !isClosing || this.nextDeadline === Number.POSITIVE_INFINITY;
  }

  adapt({ atUs, rechecks }: Adaptation): void {
    this.#keys.fit(atUs);
    for (const state of this.#keys.states) {
      this.#form.takeOver?.(state);
      if (rechecks.length > 0) this.#form.recheck?.(state);
    }
  }

  /** From the beginning of a window to when it is decided at the latest, µs. */
  get #lifeUs(): number {
    const { pattern, params } = this.#inputs;
    const { shape } = pattern;
    const gapUs = shape.shape === "session" ? durationOf(shape.gap, params) : 0;
    return this.#judge.sizeUs + gapUs;
  }

  get nextDeadline(): number {
    return Math.min(this.#timers.next, this.#known.peek()?.at ?? Number.POSITIVE_INFINITY);
  }

  onEvent(event: EventData, hits: readonly number[]): void {
    const step = this.#inputs.code.steps[0];
    if (!step || !hits.includes(0)) return;
    const verdict = step.judge ? step.judge(event, emptyScope) : 1;
    if (verdict === 0) return;
    const key = step.key ? step.key(event, emptyScope) : "";
    if (key === undefined) return;
    this.#now = event.ts;
    this.#keys.forgetBefore(event.ts - this.#form.lifeUs);
    const state = this.#stateOf(key);
    this.#form.take(key, state, event, verdict === 1);
    this.#keys.touch(key, event.ts, this.#form.isAdvanced(state));
    this.#wind(key, state);
    this.#tellEarly();
  }

  onEntity(life: EntityLife): void {
    const key = this.#form.keyOf?.(life);
    if (key === undefined) return;
    const state = this.#stateOf(key);
    this.#form.live?.(state, life, this.#now, life.up >= this.#latestUp);
    this.#latestUp = Math.max(this.#latestUp, life.up);
    this.#keys.touch(key, this.#now, this.#form.isAdvanced(state));
    this.#wind(key, state);
  }

  fireDeadline(): void {
    const at = this.nextDeadline;
    this.#now = Math.max(this.#now, at);
    while (this.#timers.next <= at) {
      const timer = this.#timers.pop();
      if (timer) this.#decide(timer.key, at);
    }
    for (let next = this.#known.peek(); next && next.at <= at; next = this.#known.peek()) {
      this.#known.pop();
      this.#inputs.emit(next);
    }
  }

  #stateOf(key: string): S {
    const known = this.#keys.get(key);
    if (known) return known;
    const state = this.#form.begin(
      this.#judge.newState(this.#keys.evictedAt),
      this.#keys.evicted > 0,
    );
    this.#keys.add(key, state, this.#now);
    return state;
  }

  #decide(key: string, at: number): void {
    const state = this.#keys.get(key);
    if (!state) return;
    const isOfUse = state.dueUs > at || this.#form.decide(key, state, state.dueUs);
    if (isOfUse) this.#wind(key, state);
    else this.#keys.delete(key);
  }

  #wind(key: string, { timer, dueUs }: S): void {
    this.#timers.set(key, timer, dueUs, 0);
  }

  /** Of more matches than are kept until their time is over the first are told at once. */
  #tellEarly(): void {
    while (this.#known.size > findingsKept(this.#inputs.rule)) {
      const next = this.#known.pop();
      if (next) this.#inputs.emit(next);
      this.#hurried++;
    }
  }

  #found(match: EngineMatch): void {
    if (startOf(match) > this.#drainsUs) return;
    if (this.#form.isImmediate) this.#inputs.emit(match);
    else this.#known.push(match);
  }

  #goesOn(match: EngineMatch, untilUs: number): void {
    if (startOf(match) <= this.#drainsUs) this.#inputs.onGoingOn?.(match, untilUs);
  }
}
