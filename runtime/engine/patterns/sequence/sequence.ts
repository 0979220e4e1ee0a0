/**
 * Sequences on clocks that say the order, incrementally. Per key there is a list of partial
 * matches; every event may start one, advance copies of them, lengthen a run, or kill them.
 *
 *     partial at step 1   event fits step 2   copy at step 2   (the source stays: a later event
 *     ────────────────►  ──────────────────►  ─────────────►    may be the better second step)
 *
 * Exact against the reference interpreter: all ways to match are kept, except those another partial
 * dominates (same completions, preferred in the report). The list is bounded; what does not fit is
 * counted and findings it may have affected are marked incomplete.
 *
 * A match that is complete in time only waits: for the deadline of `then no`, or, with `emit
 * close`, for the end of the span, while its last run goes on.
 */
import {
  compareEvents,
  compareMatches,
  cutsShown,
  type EventData,
  evidenceMax,
  findingsKept,
  type Seq,
  type Taken,
  withDoubt,
} from "#core";
import { type EngineMatch, emptyScope, type Scope } from "../../code/scope.ts";
import { isToldAgain } from "../going-on.ts";
import { KeptEvents } from "../kept-events.ts";
import { KeyTable } from "../key-table.ts";
import type {
  Adaptation,
  MatcherInputs,
  PatternMatcher,
  StateCounters,
} from "../pattern-matcher.ts";
import { type Due, type KeyTimer, KeyTimers, notDue } from "../timers.ts";
import { fitting } from "./adapt.ts";
import { groupsOf } from "./keys.ts";
import { planOf, preference, type SequencePlan, type Slot } from "./plan.ts";

interface Partial {
  /** The last bound step. */
  at: number;
  captures: readonly (Taken | undefined)[];
  readonly first: EventData;
  last: EventData;
  /** Events taken by step `at`. */
  count: number;
  /** The lowest later step that a negative has ruled out, or infinity. */
  blockedFrom: number;
  /** The lowest later step before which a negative was unknown, or infinity. */
  unknownFrom: number;
  /** Another event of the rule's kinds has passed since the last one taken. */
  isTouched: boolean;
  isIncomplete: boolean;
}

/** All steps are bound; the match is decided at a time. */
interface Waiting extends Partial {
  /** µs. */
  decidedAt: number;
  /** Those decided at one time are told in the order in which that was settled. */
  number: number;
  /** `until` has ended the run; it waits only for the events of the same time. */
  isClosed: boolean;
}

interface KeyState extends Due {
  partials: Partial[];
  waiting: Waiting[];
  /** Events that runs keep besides their first ones, or more: counted anew at the bound. */
  evidence: number;
  /** Partials were given up: matches that begin until then may not be those there were. */
  doubtUntil: number;
}

/** One event under one key, and what it does. */
interface Turn {
  readonly key: string;
  readonly state: KeyState;
  readonly event: EventData;
  /** The event as the state holds it. */
  readonly kept: EventData;
  readonly hits: ReadonlySet<number>;
  /** Whether runs may keep the event as evidence; undefined while none has asked. */
  hasRoom: boolean | undefined;
  /** Partials that took the event as a new step. */
  readonly fresh: Partial[];
  readonly completed: Partial[];
}

const stepsBound = (p: Partial) => p.captures.filter((c) => c !== undefined).length;

const never = Number.POSITIVE_INFINITY;
const longAgo = Number.NEGATIVE_INFINITY;

export class SequenceMatcher implements PatternMatcher {
  readonly holdUs = 0;
  readonly #inputs: MatcherInputs<Seq>;
  readonly #plan: SequencePlan;
  readonly #lastAt: number;
  readonly #keys: KeyTable<KeyState>;
  readonly #timers: KeyTimers;
  readonly #kept: KeptEvents;
  readonly #evidenceMax: number;
  readonly #horizonUs: number;
  #partialsEvicted = 0;
  #evidenceEvicted = 0;
  #hurried = 0;
  #settled = 0;
  /** Matches that begin later are not looked for, µs. */
  #drainsUs = never;
  /**
   * Matches of one time, until they can be told in the order of their last events: with `emit
   * close` an event completes some, and of others the time is up.
   */
  #outbox: EngineMatch[] = [];

  constructor(inputs: MatcherInputs<Seq>) {
    this.#inputs = inputs;
    this.#plan = planOf(inputs);
    this.#lastAt = this.#plan.slots.length - 1;
    this.#horizonUs = this.#plan.withinUs + this.#plan.waitUs;
    this.#keys = new KeyTable({
      max: inputs.rule.keysMax,
      evict: inputs.rule.policy.evict,
      lifeUs: this.#horizonUs,
      progressOf: (state) => this.#progressOf(state),
      onEvict: inputs.onGivenUp,
    });
    this.#timers = new KeyTimers((key) => this.#keys.get(key));
    const { unit, rule } = inputs;
    this.#kept = new KeptEvents(unit.schema.kinds, cutsShown(unit, rule));
    this.#evidenceMax = evidenceMax(inputs.pattern);
  }

  save() {
    return {
      keys: this.#keys.save(),
      timers: this.#timers.save(),
      outbox: this.#outbox,
      partialsEvicted: this.#partialsEvicted,
      evidenceEvicted: this.#evidenceEvicted,
      hurried: this.#hurried,
      settled: this.#settled,
    };
  }

  restore(saved: ReturnType<SequenceMatcher["save"]>): void {
    this.#keys.restore(saved.keys);
    this.#timers.restore(saved.timers);
    this.#outbox = saved.outbox;
    this.#partialsEvicted = saved.partialsEvicted;
    this.#evidenceEvicted = saved.evidenceEvicted;
    this.#hurried = saved.hurried;
    this.#settled = saved.settled;
  }

  get counters(): StateCounters {
    return {
      keysEvicted: this.#keys.evicted,
      partialsEvicted: this.#partialsEvicted,
      eventsEvicted: 0,
      evidenceEvicted: this.#evidenceEvicted,
      hurried: this.#hurried,
    };
  }

  /** The next time something is decided without an event, µs. */
  get nextDeadline(): number {
    return Math.min(this.#timers.next, this.#outbox[0]?.at ?? never);
  }

  onEntity(): void {}

  drain(untilUs: number): void {
    this.#drainsUs = untilUs;
  }

  isDrained(watermark: number): boolean {
    if (watermark <= this.#drainsUs) return false;
    return this.#keys.size === 0 || watermark > this.#drainsUs + this.#horizonUs;
  }

  adapt(to: Adaptation): void {
    const fits = fitting(this.#inputs, this.#plan, to);
    for (const state of this.#keys.states) {
      state.partials = state.partials.filter(fits);
      state.waiting = state.waiting.filter(fits);
    }
    this.#keys.fit(to.atUs);
  }

  /** `hits` are steps (in the order of `allStepsOf`) that `event` may be for. */
  onEvent(event: EventData, hits: readonly number[]): void {
    const groups = groupsOf(this.#plan, this.#inputs.code, event, hits);
    for (const [key, steps] of groups) this.#onKeyEvent(key, event, steps);
  }

  /** Decides all that is decided at `nextDeadline`. */
  fireDeadline(): void {
    const at = this.nextDeadline;
    while (this.#timers.next === at) {
      const timer = this.#timers.pop();
      if (timer) this.#decide(timer);
    }
    this.#tellOutbox();
  }

  #tellOutbox(): void {
    const told = this.#outbox;
    this.#outbox = [];
    const { schema } = this.#inputs.unit;
    told.sort((a, b) => compareMatches(schema, a, b));
    for (const match of told) this.#inputs.emit(match);
  }

  /** 1 true, 0 false, 2 unknown. */
  #judge(index: number, event: EventData, scope: Scope): number {
    const judge = this.#inputs.code.steps[index]?.judge;
    return judge ? judge(event, scope) : 1;
  }

  #compare(a: EventData, b: EventData): number {
    return compareEvents(this.#inputs.unit.schema, a, b);
  }

  // ---------- one event ----------

  #onKeyEvent(key: string, event: EventData, hits: ReadonlySet<number>): void {
    const known = this.#keys.get(key);
    const state = known ?? {
      partials: [],
      waiting: [],
      doubtUntil: longAgo,
      evidence: 0,
      ...notDue,
    };
    const turn: Turn = {
      key,
      state,
      event,
      kept: this.#kept.of(event),
      hits,
      hasRoom: undefined,
      fresh: [],
      completed: [],
    };
    const kept = state.partials.filter((partial) => this.#meets(turn, partial));
    this.#start(turn);
    this.#goOn(turn);
    this.#keepFresh(turn, kept);
    state.partials = kept;
    if (turn.completed.length > 0) this.#complete(turn);
    this.#trim(turn);
    if (this.#plan.isClosing) this.#tellGoingOn(turn);
    this.#store(turn);
  }

  /** What the event does to a partial match; whether that is still of use. */
  #meets(turn: Turn, partial: Partial): boolean {
    const { event, hits } = turn;
    if (event.ts - partial.first.ts > this.#plan.withinUs) return false;
    const isReplaced = this.#advance(turn, partial) && this.#isSpentAfter(partial);
    const isLonger = this.#extend(turn, partial);
    if (isLonger && this.#isComplete(partial)) {
      turn.completed.push(partial);
      return false;
    }
    if (!isLonger) this.#passBy(partial, event, hits);
    if (isReplaced || !this.#isAlive(partial)) return false;
    return !this.#isCancelled(partial, event, hits);
  }

  /** Copies of `partial` that take the event as their next step; whether there is one. */
  #advance(turn: Turn, partial: Partial): boolean {
    const { slots } = this.#plan;
    const here = slots[partial.at];
    const before = turn.fresh.length;
    if (!here || partial.count < here.min) return false;
    for (let to = partial.at + 1; to < slots.length; to++) {
      const slot = slots[to] as Slot;
      if (
        turn.hits.has(slot.index) &&
        partial.blockedFrom > to &&
        this.#gapHolds(partial, slot, turn.event) &&
        this.#judge(slot.index, turn.event, partial) === 1
      )
        turn.fresh.push(this.#taken(turn, partial, to));
      if (!slot.step.isOptional) break;
    }
    return turn.fresh.length > before;
  }

  /** Whether a run of the next step takes all that `partial` could begin another one with. */
  #isSpentAfter({ at }: Partial): boolean {
    const { slots } = this.#plan;
    const isSettled = !slots[at]?.step.repeat && !slots[at + 1]?.step.isOptional;
    return isSettled && this.#isEarliestBest(at + 1);
  }

  #gapHolds(partial: Partial, slot: Slot, event: EventData): boolean {
    const { seq } = this.#plan;
    const { gap } = slot.step;
    if (partial.isTouched && (seq.isStrict || gap?.gap === "next")) return false;
    if (!gap || gap.gap === "next") return true;
    const distance = event.ts - partial.last.ts;
    return distance >= slot.gapMinUs && distance <= slot.gapMaxUs;
  }

  /** Lengthens the run of a repeated step, in place; true when it did. */
  #extend(turn: Turn, partial: Partial): boolean {
    const { event, hits } = turn;
    const slot = this.#plan.slots[partial.at] as Slot;
    const run = partial.captures[partial.at];
    if (!run || !slot.step.repeat || partial.count >= slot.max || !hits.has(slot.index))
      return false;
    if (this.#plan.seq.isStrict && partial.isTouched) return false;
    // The condition of a run sees what it has taken so far.
    if (this.#judge(slot.index, event, partial) !== 1) return false;
    const last = turn.kept;
    const isNumbered = run.kept.length < (slot.step.repeat.numbered ?? 0);
    const isShown = run.kept.length < slot.keep && (this.#hasRoom(turn) || isNumbered);
    if (run.kept.length < slot.keep && !isShown) partial.isIncomplete = true;
    const kept = isShown ? [...run.kept, last] : run.kept;
    const cells = this.#plan.cells.grown(partial.at, run.cells, event);
    const longer = { first: run.first, last, count: run.count + 1, kept };
    partial.captures = partial.captures.with(partial.at, cells ? { ...longer, cells } : longer);
    partial.last = last;
    partial.count++;
    partial.blockedFrom = never;
    partial.unknownFrom = never;
    partial.isTouched = false;
    return true;
  }

  /** Whether the runs of the key may keep the event as evidence, one for all of them. */
  #hasRoom(turn: Turn): boolean {
    const { state } = turn;
    if (turn.hasRoom !== undefined) return turn.hasRoom;
    if (state.evidence >= this.#evidenceMax) state.evidence = this.#evidenceOf(state);
    turn.hasRoom = state.evidence < this.#evidenceMax;
    if (turn.hasRoom) state.evidence++;
    else this.#evidenceEvicted++;
    return turn.hasRoom;
  }

  /** How many events the runs of a key keep besides their first ones. */
  #evidenceOf({ partials, waiting }: KeyState): number {
    const kept = new Set<EventData>();
    for (const { captures } of [...partials, ...waiting])
      for (const run of captures)
        for (const event of run?.kept ?? []) if (event !== run?.first) kept.add(event);
    return kept.size;
  }

  /** The event was not taken: negatives and contiguity. */
  #passBy(partial: Partial, event: EventData, hits: ReadonlySet<number>): void {
    const { slots } = this.#plan;
    partial.isTouched = true;
    for (let to = partial.at + 1; to < slots.length; to++) {
      const slot = slots[to] as Slot;
      for (const index of slot.negatives) {
        if (!hits.has(index)) continue;
        const verdict = this.#judge(index, event, partial);
        if (verdict === 1) partial.blockedFrom = Math.min(partial.blockedFrom, to);
        if (verdict === 2) partial.unknownFrom = Math.min(partial.unknownFrom, to);
      }
      if (!slot.step.isOptional) break;
    }
  }

  #isAlive(partial: Partial): boolean {
    const slot = this.#plan.slots[partial.at] as Slot;
    const isBroken = this.#plan.seq.isStrict && partial.isTouched;
    return (partial.count < slot.max && !isBroken) || partial.blockedFrom > partial.at + 1;
  }

  #isCancelled(partial: Partial, event: EventData, hits: ReadonlySet<number>): boolean {
    const { untilIndex } = this.#plan;
    if (untilIndex < 0 || !hits.has(untilIndex)) return false;
    const verdict = this.#judge(untilIndex, event, partial);
    if (verdict === 2) partial.isIncomplete = true;
    return verdict === 1;
  }

  #start(turn: Turn): void {
    const { event, hits, fresh } = turn;
    if (event.ts > this.#drainsUs) return;
    for (const [to, slot] of this.#plan.slots.entries()) {
      if (hits.has(slot.index) && this.#judge(slot.index, event, emptyScope) === 1)
        fresh.push(this.#taken(turn, undefined, to));
      if (!slot.step.isOptional) break;
    }
  }

  /** `from` (nothing yet, when undefined) with step `to` bound to the event. */
  #taken({ event, kept }: Turn, from: Partial | undefined, to: number): Partial {
    const captures = [...(from?.captures ?? [])];
    while (captures.length < to) captures.push(undefined);
    const cells = this.#plan.cells.grown(to, undefined, event);
    const run = { first: kept, last: kept, count: 1, kept: [kept] };
    captures.push(cells ? { ...run, cells } : run);
    return {
      at: to,
      captures,
      first: from?.first ?? kept,
      last: kept,
      count: 1,
      blockedFrom: never,
      unknownFrom: never,
      isTouched: false,
      isIncomplete: from !== undefined && (from.isIncomplete || from.unknownFrom <= to),
    };
  }

  #keepFresh(turn: Turn, kept: Partial[]): void {
    const { event, hits, state } = turn;
    const { isClosing } = this.#plan;
    for (const partial of turn.fresh) {
      // What completes a match is not inside it; a run that goes on is not complete yet.
      const isInside = partial.first !== turn.kept && (isClosing || !this.#isComplete(partial));
      if (isInside && this.#isCancelled(partial, event, hits)) continue;
      if (this.#isComplete(partial)) turn.completed.push(partial);
      else if (isClosing && partial.at === this.#lastAt) {
        if (!this.#isDominatedRun(state.waiting, partial))
          this.#wait(turn, partial, partial.first.ts + this.#plan.withinUs);
      } else this.#keep(kept, partial);
    }
  }

  #isComplete(partial: Partial): boolean {
    const { slots, isClosing } = this.#plan;
    const slot = slots[this.#lastAt] as Slot;
    return partial.at === this.#lastAt && partial.count >= (isClosing ? slot.max : slot.min);
  }

  /** Adds `partial` unless another dominates it; drops those it dominates. */
  #keep(kept: Partial[], partial: Partial): void {
    const isSameShape = (p: Partial) =>
      p.at === partial.at &&
      p.captures.every((c, i) => (c === undefined) === (partial.captures[i] === undefined));
    if (this.#isDominatedRun(kept, partial)) return;
    kept.push(partial);
    if (this.#plan.newestKept === never) return;
    // A newer partial starts later and got here later, so it completes whenever an older would.
    const alike = kept.filter(isSameShape);
    const [oldest] = alike;
    if (oldest && alike.length > this.#plan.newestKept) kept.splice(kept.indexOf(oldest), 1);
  }

  /** An earlier run of the same open-ended step after the same events takes all this one would. */
  #isDominatedRun(kept: readonly Partial[], partial: Partial): boolean {
    const { at } = partial;
    if (!this.#isEarliestBest(at)) return false;
    return kept.some(
      (p) =>
        p.at === at &&
        p.first === partial.first &&
        p.isIncomplete === partial.isIncomplete &&
        p.last === partial.last &&
        p.captures.every((c, i) => i === at || isSameRun(c, partial.captures[i])),
    );
  }

  /** Whether of two runs of step `at` behind the same events the earlier is always preferred. */
  #isEarliestBest(at: number): boolean {
    const { slots, longestWins, isClosing, readsRunOf } = this.#plan;
    // A last run that is complete at its minimum ends there, and the earlier one ends earlier.
    const goesOn = slots[at]?.max === never && (at < this.#lastAt || isClosing);
    return goesOn && longestWins && !readsRunOf.has(at);
  }

  // ---------- what waits for a time ----------

  #wait({ state }: Turn, partial: Partial, decidedAt: number): void {
    state.waiting.push({ ...partial, decidedAt, number: this.#settled++, isClosed: false });
  }

  /** Sees to it that the key hears of what it waits for next; false when that is nothing. */
  #schedule(key: string, state: KeyState): boolean {
    const next = soonest(state.waiting);
    if (next) this.#timers.set(key, state, next.decidedAt, next.number);
    return next !== undefined;
  }

  /** Matches that wait under this key hear of the event. */
  #goOn(turn: Turn): void {
    const { state } = turn;
    if (state.waiting.length === 0) return;
    state.waiting = this.#plan.isClosing
      ? state.waiting.filter((w) => w.isClosed || this.#goesOn(turn, w))
      : state.waiting.filter((w) => !this.#isForbidden(turn, w));
  }

  /** Whether the run is still open, or waits for its time; one at its upper bound is complete. */
  #goesOn(turn: Turn, waiting: Waiting): boolean {
    const { event, hits } = turn;
    if (this.#isCancelled(waiting, event, hits)) {
      waiting.isClosed = true;
      waiting.decidedAt = event.ts;
      waiting.number = this.#settled++;
      return true;
    }
    if (!this.#extend(turn, waiting)) waiting.isTouched = true;
    if (!this.#isComplete(waiting)) return true;
    turn.completed.push(waiting);
    return false;
  }

  /** Whether what `then no` or `until` names has happened. */
  #isForbidden({ event, hits }: Turn, waiting: Waiting): boolean {
    if (this.#isCancelled(waiting, event, hits)) return true;
    const { deadlineIndex } = this.#plan;
    if (!hits.has(deadlineIndex)) return false;
    const verdict = this.#judge(deadlineIndex, event, waiting);
    if (verdict === 2) waiting.isIncomplete = true;
    return verdict === 1;
  }

  /** Decides what comes first of what a key waits for; what was next may be gone. */
  #decide({ key, at, number }: KeyTimer): void {
    const state = this.#keys.get(key);
    const due = state && soonest(state.waiting);
    if (!state || !due) return;
    // Behind what other keys wait for at that time it has its own turn.
    const isNext = due.decidedAt < at || (due.decidedAt === at && due.number <= number);
    if (isNext) this.#decideWaiting(key, state, due);
    if (!this.#schedule(key, state)) this.#forgetEmpty(key, state, at);
  }

  #decideWaiting(key: string, state: KeyState, due: Waiting): void {
    const { isClosing } = this.#plan;
    const at = due.decidedAt;
    const isHere = (w: Waiting) => w.decidedAt === at && (isClosing || w.last === due.last);
    const here = state.waiting.filter(isHere);
    state.waiting = state.waiting.filter((w) => !isHere(w));
    this.#report(
      key,
      state,
      here.filter((w) => w.count >= this.#least),
      at,
    );
  }

  /** The shortest last run that makes a match. */
  get #least(): number {
    return this.#plan.slots[this.#lastAt]?.min ?? 1;
  }

  /** Tells of runs that go on and that this event has made long enough to say so. */
  #tellGoingOn({ key, state, kept }: Turn): void {
    const isNews = (w: Waiting) =>
      w.last === kept && isToldAgain(w.count - 1, w.count, this.#least);
    if (!this.#inputs.onGoingOn || !state.waiting.some(isNews)) return;
    for (const w of this.#toldIfOver(state).filter(isNews)) {
      const match = this.#matchOf(key, w, w.last.ts, this.#isInDoubt(state, w));
      this.#inputs.onGoingOn(match, w.decidedAt);
    }
  }

  /** What of the runs that go on would be reported if nothing more came. */
  #toldIfOver({ waiting }: KeyState): Waiting[] {
    const told: Waiting[] = [];
    let open = waiting.filter((w) => w.count >= this.#least);
    for (let due = soonest(open); due; due = soonest(open)) {
      const at = due.decidedAt;
      const chosen = this.#chosen(open.filter((w) => w.decidedAt === at));
      told.push(...chosen);
      open = open.filter((w) => w.decidedAt > at && chosen.every((c) => this.#mayFollow(w, c)));
    }
    return told;
  }

  // ---------- matches ----------

  #complete(turn: Turn): void {
    const { key, state, event, completed } = turn;
    if (this.#plan.deadlineIndex < 0) this.#report(key, state, completed, event.ts);
    else for (const partial of completed) this.#wait(turn, partial, event.ts + this.#plan.waitUs);
  }

  /** Reports what is selected among the matches of one completion point. */
  #report(key: string, state: KeyState, candidates: readonly Partial[], at: number): void {
    const { deadlineIndex, kindsOf } = this.#plan;
    const chosen = this.#chosen(candidates);
    const [best] = chosen;
    if (!best) return;
    const conclusion =
      deadlineIndex < 0
        ? "sound"
        : this.#inputs.concludes(kindsOf[deadlineIndex] ?? [], best.last.ts, at);
    if (conclusion === "hold" || conclusion === "drop") return;
    for (const partial of chosen) {
      const isInDoubt = this.#isInDoubt(state, partial);
      // What is told in its place, and what that leaves out, may be wrong in turn.
      if (isInDoubt) state.doubtUntil = Math.max(state.doubtUntil, at + this.#horizonUs);
      const match = this.#matchOf(key, partial, at, isInDoubt);
      this.#tell(conclusion === "flag" ? withDoubt(match, [partial.at]) : match);
    }
    const isOpen = (p: Partial) => chosen.every((c) => this.#mayFollow(p, c));
    state.partials = state.partials.filter(isOpen);
    state.waiting = state.waiting.filter(isOpen);
  }

  /** What is selected among the matches of one completion point, best first. */
  #chosen<P extends Partial>(candidates: readonly P[]): P[] {
    const { select } = this.#inputs.rule.policy;
    const sorted = candidates.toSorted((a, b) => this.#preference(a, b));
    return sorted.slice(0, select === "each" ? this.#plan.seq.partials : 1);
  }

  #tell(match: EngineMatch): void {
    if (!this.#plan.isClosing) {
      this.#inputs.emit(match);
      return;
    }
    this.#outbox.push(match);
    // Beyond that many they are told as they come.
    if (this.#outbox.length <= findingsKept(this.#inputs.rule)) return;
    this.#hurried++;
    this.#tellOutbox();
  }

  #matchOf(key: string, partial: Partial, at: number, isInDoubt: boolean): EngineMatch {
    return {
      rule: this.#inputs.rule,
      key,
      at,
      captures: [...partial.captures],
      last: partial.last,
      isIncomplete: partial.isIncomplete || isInDoubt,
    };
  }

  /** Whether something that was given up could have been reported instead, or before it. */
  #isInDoubt(state: KeyState, { first, last }: Partial): boolean {
    const until = Math.max(state.doubtUntil, this.#keys.evictedAt + this.#horizonUs);
    // Where matches do not exclude each other only one that ends at the same point matters.
    return (this.#inputs.rule.policy.skip === "none" ? last : first).ts <= until;
  }

  /** Whether a match that begins as `partial` does may follow the reported match `told`. */
  #mayFollow(partial: Partial, told: Partial): boolean {
    const { skip } = this.#inputs.rule.policy;
    if (skip === "none") return true;
    if (skip === "past") return this.#compare(partial.first, told.last) > 0;
    const from = told.captures[skip]?.first ?? told.first;
    // At least one event further, so that the same match is not found again.
    return this.#compare(partial.first, told.first) > 0 && this.#compare(partial.first, from) >= 0;
  }

  #preference(a: Partial, b: Partial): number {
    return preference(a.captures, b.captures, {
      lengthOf: (run) => run.count,
      compareStarts: (x, y) => this.#compare(x.first, y.first),
      isWidest: this.#inputs.rule.policy.select === "widest",
    });
  }

  // ---------- bounds ----------

  /** Enforces the bound of a key: partial matches go before those that wait. */
  #trim({ key, state, event }: Turn): void {
    const { partials } = this.#plan.seq;
    while (state.partials.length + state.waiting.length > partials) {
      const list = state.partials.length > 0 ? state.partials : state.waiting;
      const [worst] = list.splice(this.#worst(list), 1);
      this.#partialsEvicted++;
      if (worst) this.#inputs.onGivenUp?.(key, stepsBound(worst), event.ts);
      state.doubtUntil = Math.max(state.doubtUntil, event.ts + this.#horizonUs);
    }
  }

  /** The least advanced of the oldest, or just the oldest. */
  #worst(partials: readonly Partial[]): number {
    const isByAge = this.#inputs.rule.policy.evict === "oldest";
    let worst = 0;
    for (const [i, p] of partials.entries()) {
      const w = partials[worst] as Partial;
      const isOlder = this.#compare(p.first, w.first) < 0;
      if (isByAge ? isOlder : p.at < w.at || (p.at === w.at && isOlder)) worst = i;
    }
    return worst;
  }

  #progressOf({ partials, waiting }: KeyState): number {
    if (waiting.length > 0) return this.#plan.slots.length + 1;
    return partials.reduce((most, p) => Math.max(most, stepsBound(p)), 1);
  }

  #store({ key, state, event }: Turn): void {
    if (this.#forgetEmpty(key, state, event.ts)) return;
    this.#keys.touch(key, event.ts, () => state);
    this.#keys.settle(key);
    this.#schedule(key, state);
  }

  #forgetEmpty(key: string, state: KeyState, now: number): boolean {
    const isEmpty = state.partials.length + state.waiting.length === 0 && state.doubtUntil < now;
    if (isEmpty) this.#keys.delete(key);
    return isEmpty;
  }
}

/** What is decided first. */
function soonest(waiting: readonly Waiting[]): Waiting | undefined {
  let first: Waiting | undefined;
  for (const w of waiting) {
    const isSooner =
      !first ||
      w.decidedAt < first.decidedAt ||
      (w.decidedAt === first.decidedAt && w.number < first.number);
    if (isSooner) first = w;
  }
  return first;
}

/** The same events: a run is settled by its first event and its length. */
function isSameRun(a: Taken | undefined, b: Taken | undefined): boolean {
  return a?.first === b?.first && a?.count === b?.count;
}
