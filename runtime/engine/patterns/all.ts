/**
 * `all of`, `any of` and `n of`: per key the events of the span, by step. Each event is tried as
 * the one that completes a match; what is reported then is the preferred choice of one event for
 * each of enough steps (LANGUAGE C.3). One event may stand for several steps.
 *
 * An event is judged when every event that may lie before it is known: at once on exact clocks,
 * otherwise after the width of the coarsest interval.
 */
import {
  type All,
  type AllBounds,
  allBounds,
  allStepsOf,
  cutsBeforeJudged,
  durationOf,
  type EventData,
  evidenceKept,
  type Interval,
  intervalOf,
  isCertainlyBefore,
  isPlaceable,
  isPossiblyBefore,
  reachOf,
  stepsRead,
  type Taken,
  takenOf,
} from "#core";
import { emptyScope, type Scope } from "../code/scope.ts";
import { Queue } from "../collections/queue.ts";
import { KeptEvents } from "./kept-events.ts";
import { KeyTable } from "./key-table.ts";
import type {
  Adaptation,
  MatcherInputs,
  PatternMatcher,
  StateCounters,
} from "./pattern-matcher.ts";
import { StepTests } from "./step-tests.ts";
import { inOrderOfKeys, stepsByKey } from "./steps-by-key.ts";

/** An event under a key, and which steps it is under that key for. */
interface Entry {
  readonly event: EventData;
  readonly interval: Interval;
  /** Place in the order ≺ among the key's events. */
  readonly no: number;
  readonly steps: ReadonlySet<number>;
}

interface KeyState {
  entries: Entry[];
  /** Matches begin behind this place. */
  barrier: number;
  /** Until then a match may lack events that were given up. */
  overflowUntil: number;
}

/** For each step the entry chosen for it; undefined for a step that has none. */
type Choice = readonly (Entry | undefined)[];

/** An event that waits to be judged. */
interface Queued {
  readonly key: string;
  readonly no: number;
  readonly ts: number;
}

type Verdict = "yes" | "possibly" | "unknown" | "possibly and unknown" | "no";

export class AllMatcher implements PatternMatcher {
  readonly holdUs: number;
  readonly #inputs: MatcherInputs<All>;
  readonly #all: All;
  readonly #within: number;
  readonly #slack: number;
  readonly #untilStep: number;
  readonly #untilReads: boolean;
  /** Steps whose events no condition reads. */
  readonly #unread: readonly boolean[];
  readonly #keys: KeyTable<KeyState>;
  readonly #kept: KeptEvents;
  readonly #tests: StepTests;
  readonly #bounds: AllBounds;
  /** Not judged yet, in the order ≺. */
  readonly #waiting = new Queue<Queued>();
  #partialsEvicted = 0;
  /** Events that have arrived: the place of the next one in the order ≺. */
  #arrived = 0;

  /** Matches that begin later are not looked for, µs. */
  #drainsUs = Number.POSITIVE_INFINITY;

  constructor(inputs: MatcherInputs<All>) {
    this.#inputs = inputs;
    const { pattern, unit, rule, params, code } = inputs;
    this.#bounds = allBounds(pattern, rule.keysMax);
    this.#kept = new KeptEvents(unit.schema.kinds, cutsBeforeJudged(unit, rule));
    this.#tests = new StepTests(allStepsOf(pattern), code, this.#bounds.tests);
    this.#all = pattern;
    this.#within = durationOf(pattern.within, params);
    this.#slack = durationOf(pattern.slack, params);
    this.holdUs = reachOf(unit, allStepsOf(pattern), this.#slack);
    this.#untilStep = pattern.until ? pattern.steps.length : -1;
    this.#untilReads = stepsRead(pattern.until?.where).length > 0;
    const conditions = [...pattern.steps.map((s) => s.where), pattern.until?.where];
    const read = new Set(conditions.flatMap(stepsRead));
    this.#unread = pattern.steps.map((_, i) => !read.has(i));
    this.#keys = new KeyTable({
      max: rule.keysMax,
      evict: rule.policy.evict,
      lifeUs: this.#reachUs,
      progressOf: (state) => this.#stepsSeen(state),
      onEvict: inputs.onGivenUp,
    });
  }

  save() {
    return {
      keys: this.#keys.save(),
      waiting: this.#waiting.items,
      partialsEvicted: this.#partialsEvicted,
      arrived: this.#arrived,
    };
  }

  restore(saved: ReturnType<AllMatcher["save"]>): void {
    this.#keys.restore(saved.keys);
    this.#waiting.replace(saved.waiting);
    this.#partialsEvicted = saved.partialsEvicted;
    this.#arrived = saved.arrived;
  }

  get counters(): StateCounters {
    return {
      keysEvicted: this.#keys.evicted,
      partialsEvicted: this.#partialsEvicted,
      eventsEvicted: 0,
      evidenceEvicted: 0,
      hurried: 0,
    };
  }

  get nextDeadline(): number {
    const next = this.#waiting.peek();
    return next ? next.ts + this.holdUs : Number.POSITIVE_INFINITY;
  }

  onEntity(): void {}

  drain(untilUs: number): void {
    this.#drainsUs = untilUs;
  }

  isDrained(watermark: number): boolean {
    // The last event may be told that much later, and is judged that much after its time.
    return watermark > this.#drainsUs + this.#within + 2 * this.holdUs;
  }

  adapt({ atUs }: Adaptation): void {
    this.#keys.fit(atUs);
  }

  /** How long before its last event something is told that a match may depend on, µs. */
  get #reachUs(): number {
    // What cancels may be told before the first event, and have happened after it.
    return this.#within + (this.#untilStep < 0 ? 1 : 2) * this.holdUs;
  }

  /** Whether the rule looks for matches whatever they begin with. */
  get #isOpen(): boolean {
    return this.#drainsUs === Number.POSITIVE_INFINITY;
  }

  onEvent(event: EventData, hits: readonly number[]): void {
    const groups = stepsByKey(this.#inputs.code, event, hits);
    const kept = this.#kept.of(event);
    const no = this.#arrived++;
    for (const [key, steps] of inOrderOfKeys(groups)) {
      const entry = this.#add(key, kept, steps, no);
      if (this.holdUs === 0) this.#judge(key, entry);
      else this.#waiting.push({ key, no, ts: event.ts });
    }
    if (this.#waiting.size > this.#bounds.waiting) this.#giveUpOldest(event.ts);
  }

  fireDeadline(): void {
    const next = this.#waiting.shift();
    const entry = next && this.#entryOf(next);
    if (entry) this.#judge(next.key, entry);
  }

  #entryOf({ key, no }: Queued): Entry | undefined {
    return this.#keys.get(key)?.entries.findLast((x) => x.no === no);
  }

  /** The event that has waited longest completes nothing any more. */
  #giveUpOldest(now: number): void {
    const oldest = this.#waiting.shift();
    const state = oldest && this.#entryOf(oldest) && this.#keys.get(oldest.key);
    if (state) this.#doubt(state, now);
  }

  #stepsSeen({ entries }: KeyState): number {
    return new Set(entries.flatMap((e) => [...e.steps])).size;
  }

  #add(key: string, event: EventData, steps: ReadonlySet<number>, no: number): Entry {
    const state = this.#keys.touch(key, event.ts, () => ({
      entries: [],
      barrier: -1,
      overflowUntil: Number.NEGATIVE_INFINITY,
    }));
    const interval = intervalOf(this.#inputs.unit.schema, event, this.#slack);
    const entry: Entry = { event, interval, no, steps };
    state.entries.push(entry);
    this.#trim(state, event.ts);
    this.#keys.settle(key);
    return entry;
  }

  /** Forgets what no match can use any more, and the oldest beyond the bound. */
  #trim(state: KeyState, now: number): void {
    // What is judged now may be of that much earlier.
    const horizon = now - this.#reachUs - this.holdUs;
    // Where the order is not certain an event before the barrier may still cancel one behind it.
    const first = this.holdUs > 0 ? -1 : state.barrier;
    state.entries = state.entries.filter((e) => e.event.ts >= horizon && e.no > first);
    while (state.entries.length > this.#bounds.entries) {
      const dropped = state.entries.shift();
      this.#partialsEvicted++;
      const until = (dropped?.event.ts ?? now) + this.#reachUs;
      state.overflowUntil = Math.max(state.overflowUntil, until);
    }
  }

  #judge(key: string, end: Entry): void {
    const state = this.#keys.get(key);
    if (!state || end.no <= state.barrier) return;
    const { select } = this.#inputs.rule.policy;
    this.#tests.begin();
    const span = this.#spanBefore(state, end);
    const choices = this.#choices(state, span, end);
    for (const choice of choices.slice(0, select === "each" ? this.#all.partials : 1)) {
      this.#report(key, state, span, end, choice);
      state.barrier = Math.max(state.barrier, this.#barrierOf(choice, end));
    }
    if (this.#tests.isOver) this.#doubt(state, end.event.ts);
  }

  // ---------- which events ----------

  /** The events a match completed by `end` may use. */
  #spanBefore(state: KeyState, end: Entry): Entry[] {
    return state.entries.filter(
      (x) =>
        x.no > state.barrier &&
        x.no <= end.no &&
        this.#isWithinSpan(x, end) &&
        !this.#isBarred(state, x, end),
    );
  }

  /**
   * Whether `end` may have happened no later than the span after `x`. Where that holds for several
   * events, one placement has them all: each as late as it can be before the earliest `end`.
   */
  #isWithinSpan(x: Entry, end: Entry): boolean {
    const us = this.#within;
    if (this.holdUs === 0) return end.event.ts - x.event.ts <= us;
    return isPlaceable([x.interval, end.interval], [{ is: "atMost", a: 0, b: 1, us }]);
  }

  /** Whether an `until` that reads no steps lies for certain between `x` and `end`. */
  #isBarred(state: KeyState, x: Entry, end: Entry): boolean {
    if (this.#untilStep < 0 || this.#untilReads) return false;
    return this.#between(state, x, end).some(
      (u) =>
        u.steps.has(this.#untilStep) &&
        isCertain(x, u, end) &&
        this.#verdict(this.#untilStep, u, emptyScope) === 1,
    );
  }

  #between(state: KeyState, first: Entry, end: Entry): Entry[] {
    return state.entries.filter(
      (u) => u !== first && u !== end && isPossible(first, u) && isPossible(u, end),
    );
  }

  // ---------- which choice ----------

  /** Every choice that uses `end` and has enough steps, the preferred one first. */
  #choices(state: KeyState, span: readonly Entry[], end: Entry): Choice[] {
    const { steps, need } = this.#all;
    const isWidest = this.#inputs.rule.policy.select === "widest";
    const out: Choice[] = [];
    let tries = this.#bounds.tests;
    const go = (choice: Choice, used: number) => {
      if (used + steps.length - choice.length < need || tries-- <= 0) return;
      if (choice.length < steps.length) {
        for (const x of this.#options(span, end, choice)) go([...choice, x], used + 1);
        go([...choice, undefined], used);
        return;
      }
      const isMatch =
        choice.includes(end) &&
        (usedOf(choice)[0]?.event.ts ?? 0) <= this.#drainsUs &&
        this.#cancelled(state, choice) !== "yes";
      if (isMatch) out.push(choice);
    };
    go([], 0);
    if (tries < 0) this.#doubt(state, end.event.ts);
    return out.sort((a, b) => preference(isWidest, a, b));
  }

  /** Not every choice was looked at, so that matches from here on may lack something. */
  #doubt(state: KeyState, now: number): void {
    this.#partialsEvicted++;
    this.#prolongDoubt(state, now);
  }

  #prolongDoubt(state: KeyState, now: number): void {
    state.overflowUntil = Math.max(state.overflowUntil, now + this.#reachUs);
  }

  /**
   * The events the next step may choose. On exact clocks a later event is as good as an earlier one
   * for a step that nothing reads (for the widest the other way round, unless an `until` that reads
   * steps may lie behind the earlier one only), so one of them is enough.
   */
  #options(span: readonly Entry[], end: Entry, choice: Choice): readonly Entry[] {
    const at = choice.length;
    const { select } = this.#inputs.rule.policy;
    const scope = { captures: capturesOf(choice) };
    const fitting = span.filter((x) => x.steps.has(at) && this.#verdict(at, x, scope) === 1);
    const isEitherGood = select === "widest" && this.#untilReads;
    if (!this.#unread[at] || this.holdUs > 0 || !this.#isOpen || isEitherGood) return fitting;
    if (select === "each") return fitting.slice(-this.#all.partials);
    const best = select === "widest" ? fitting[0] : fitting.at(-1);
    if (!best) return [];
    return best !== end && fitting.includes(end) ? [best, end] : [best];
  }

  /** Whether `until` happened between the first event of a choice and its last. */
  #cancelled(state: KeyState, choice: Choice): Verdict {
    if (this.#untilStep < 0) return "no";
    const entries = usedOf(choice);
    const [first] = entries;
    const end = entries.at(-1);
    if (!first || !end) return "no";
    let isPossible = false;
    let isUnknown = false;
    for (const u of this.#between(state, first, end)) {
      if (!u.steps.has(this.#untilStep)) continue;
      const known = choice.map((x) => (x && x.no <= u.no ? x : undefined));
      const verdict = this.#verdict(this.#untilStep, u, { captures: capturesOf(known) });
      if (verdict === 1 && isCertain(first, u, end)) return "yes";
      if (verdict === 1) isPossible = true;
      if (verdict === 2) isUnknown = true;
    }
    if (isPossible) return isUnknown ? "possibly and unknown" : "possibly";
    return isUnknown ? "unknown" : "no";
  }

  #verdict(step: number, { event }: Entry, scope: Scope): number {
    return this.#tests.of(step, event, scope);
  }

  #barrierOf(choice: Choice, end: Entry): number {
    const { skip } = this.#inputs.rule.policy;
    if (skip === "past") return end.no;
    if (skip === "none") return -1;
    const start = usedOf(choice)[0]?.no ?? end.no;
    // At least one event further, so that the same match is not found again.
    return Math.max(start, (choice[skip]?.no ?? 0) - 1);
  }

  // ---------- the match ----------

  #report(key: string, state: KeyState, span: readonly Entry[], end: Entry, choice: Choice): void {
    const doubt = this.#cancelled(state, choice);
    const isInDoubt = this.#isInDoubt(state, choice, end);
    // What is told in place of another leaves out what that would have left in. Where one match
    // follows the other the doubt lasts as long as they do.
    if (isInDoubt && this.#inputs.rule.policy.skip !== "none")
      this.#prolongDoubt(state, end.event.ts);
    const completing = [...choice.keys()].filter((i) => choice[i] === end);
    this.#inputs.emit({
      rule: this.#inputs.rule,
      key,
      at: end.event.ts,
      captures:
        this.#inputs.rule.policy.select === "each"
          ? capturesOf(choice)
          : this.#spanCaptures(span, choice),
      last: end.event,
      isIncomplete: doubt.endsWith("unknown") || this.#tests.isOver || isInDoubt,
      ...(doubt.startsWith("possibly")
        ? { quality: { uncertain: completing, incomplete: [] } }
        : {}),
    });
  }

  /** Whether something that was given up could have been reported instead, or before it. */
  #isInDoubt(state: KeyState, choice: Choice, end: Entry): boolean {
    const { select, skip } = this.#inputs.rule.policy;
    const { evictedAt } = this.#keys;
    const first = usedOf(choice)[0]?.event.ts ?? end.event.ts;
    const until = Math.max(state.overflowUntil, evictedAt + this.#reachUs);
    // Where matches exclude each other it matters what was reported since it began.
    if (skip !== "none") return first <= until;
    // Of several choices one without a step left out is preferred to all that begin before it.
    const isPreferred = select === "each" && choice.every((x) => x !== undefined);
    if (isPreferred) return end.event.ts <= state.overflowUntil || evictedAt >= first - this.holdUs;
    return end.event.ts <= until;
  }

  /** Of each chosen step all events of the span that satisfy it beside the other steps' choices. */
  #spanCaptures(span: readonly Entry[], choice: Choice): (Taken | undefined)[] {
    const scope = { captures: capturesOf(choice) };
    return choice.map((own, at) => {
      if (!own) return undefined;
      const fits = (x: Entry) => x.steps.has(at) && this.#verdict(at, x, scope) === 1;
      const mine = span.filter((x) => x === own || fits(x));
      return takenOf(
        mine.map((x) => x.event),
        evidenceKept,
      );
    });
  }
}

/** The entries a choice uses, in the order ≺; one that stands for several steps several times. */
function usedOf(choice: Choice): Entry[] {
  return choice.filter((x) => x !== undefined).sort((a, b) => a.no - b.no);
}

function capturesOf(choice: Choice): (Taken | undefined)[] {
  return choice.map((x) => x && takenOf([x.event], 1));
}

/** More steps first; then the choice whose earliest event, next earliest, … is the latest. */
function preference(isWidest: boolean, a: Choice, b: Choice): number {
  const x = usedOf(a).map((e) => e.no);
  const y = usedOf(b).map((e) => e.no);
  if (x.length !== y.length) return y.length - x.length;
  const later = firstDifference(y, x);
  if (later !== 0) return isWidest ? -later : later;
  // The same events for different steps: the step written first takes the latest.
  return firstDifference(
    b.map((e) => e?.no ?? -1),
    a.map((e) => e?.no ?? -1),
  );
}

function firstDifference(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((x, i) => x !== b[i]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

function isPossible(a: Entry, b: Entry): boolean {
  return a.no < b.no
    ? isPossiblyBefore([a.interval, b.interval], 0, 1)
    : isPossiblyBefore([b.interval, a.interval], 1, 0);
}

function isSure(a: Entry, b: Entry): boolean {
  return a.no < b.no
    ? isCertainlyBefore([a.interval, b.interval], 0, 1)
    : isCertainlyBefore([b.interval, a.interval], 1, 0);
}

function isCertain(first: Entry, u: Entry, end: Entry): boolean {
  return isSure(first, u) && isSure(u, end);
}
