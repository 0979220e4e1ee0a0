/**
 * Sequences where recorded times do not say for certain what happened first. Per key there are the
 * events that may still matter and a list of partial matches.
 *
 *     events ─► buffer of the key ─► judged when all that may lie before them are known
 *                                        │ extends partial matches, then looks back for events
 *                                        ▼ that came earlier and may have followed it
 *                                    partial matches, complete ones
 *
 * A match is found when the last (in ≺) of the events that begin its steps is judged: what it was
 * without that event is a partial match already, and the rest is looked back for. What must not
 * have happened in between is looked up in the buffer then, which holds all that is needed: nothing
 * that may lie before an event comes later than the width of the coarsest clock behind it.
 *
 * Bounds: the buffer by the span and a number of events, partial matches by `partials` and by the
 * events they are of, the tests for one event by a number (`placedBounds`). An event that goes
 * takes along the partial matches that use it. What does not fit is counted, and findings it may
 * have affected are marked incomplete.
 */
import {
  allStepsOf,
  compareMatches,
  cutsBeforeJudged,
  type EventData,
  findingsKept,
  intervalOf,
  type PlacedBounds,
  placedBounds,
  reachOf,
  type Seq,
  withDoubt,
} from "#core";
import type { EngineMatch } from "../../code/scope.ts";
import { Queue } from "../../collections/queue.ts";
import { isToldAgain } from "../going-on.ts";
import { KeptEvents } from "../kept-events.ts";
import { KeyTable } from "../key-table.ts";
import type {
  Adaptation,
  MatcherInputs,
  PatternMatcher,
  StateCounters,
} from "../pattern-matcher.ts";
import { StepTests } from "../step-tests.ts";
import { type Due, type KeyTimer, KeyTimers, notDue } from "../timers.ts";
import { groupsOf } from "./keys.ts";
import {
  capturesOf,
  chainOf,
  type Entry,
  endOf,
  isCertain,
  isWithinSpan,
  type Runs,
  type Stretch,
  uncertainSteps,
} from "./placed-chain.ts";
import { grown, type Tail, TailGrowth, tailOf } from "./placed-tail.ts";
import {
  emptyWay,
  type JudgeEntry,
  marked,
  nothing,
  PlacedWays,
  type Verdict,
  type Way,
  worst,
} from "./placed-ways.ts";
import { planOf, preference, type SequencePlan } from "./plan.ts";

interface Partial {
  readonly way: Way;
  readonly first: Entry;
  readonly last: Entry;
}

/** All steps are bound; reported when its time has come. */
interface Completion {
  way: Way;
  readonly first: Entry;
  /** The last of its events in ≺. */
  readonly end: Entry;
  /** µs. */
  readonly at: number;
  /** Whether a time completes it, and not its last event. */
  readonly isTimed: boolean;
  /** Place of the event that settled the time; -1 as long as nothing has. */
  number: number;
}

interface KeyState extends Due {
  /** In the order ≺. */
  entries: Entry[];
  /** Place of the last entry that was judged, and of the last there is. */
  judged: number;
  latest: number;
  partials: Partial[];
  tails: Tail[];
  completions: Completion[];
  /** What lies before this time has been held against the partial matches, µs. */
  settledUs: number;
  /** Matches begin behind this place. */
  barrier: number;
  /** Something was given up: matches that begin until then may not be those there were. */
  doubtUntil: number;
}

/** Entry of a key that waits to be judged, or to be forgotten when nothing needs it. */
interface Queued {
  readonly key: string;
  readonly no: number;
  readonly ts: number;
}

const never = Number.POSITIVE_INFINITY;

export class PlacedSequenceMatcher implements PatternMatcher {
  readonly holdUs: number;
  readonly #inputs: MatcherInputs<Seq>;
  readonly #plan: SequencePlan;
  readonly #ways: PlacedWays;
  readonly #growth: TailGrowth;
  readonly #keys: KeyTable<KeyState>;
  readonly #timers: KeyTimers;
  readonly #kept: KeptEvents;
  readonly #tests: StepTests;
  readonly #horizonUs: number;
  readonly #bounds: PlacedBounds;
  /** Not judged yet, in the order ≺. */
  readonly #waiting = new Queue<Queued>();
  /** Judged, with nothing left that waits: their keys are forgotten when that stays so. */
  readonly #leaving = new Queue<Queued>();
  /** Matches of one time, until they can be told in the order of their last events. */
  #outbox: EngineMatch[] = [];
  #partialsEvicted = 0;
  #eventsEvicted = 0;
  #hurried = 0;
  /** Events that have arrived: the place of the next one in the order ≺. */
  #arrived = 0;
  /** Matches that begin later are not looked for, µs. */
  #drainsUs = never;

  constructor(inputs: MatcherInputs<Seq>) {
    this.#inputs = inputs;
    const plan = planOf(inputs);
    this.#plan = plan;
    const steps = allStepsOf(plan.seq);
    this.holdUs = reachOf(inputs.unit, steps, plan.slackUs);
    this.#horizonUs = plan.withinUs + plan.waitUs + 2 * this.holdUs;
    const { unit, rule, code } = inputs;
    this.#bounds = placedBounds(plan.seq, rule.keysMax);
    this.#kept = new KeptEvents(unit.schema.kinds, cutsBeforeJudged(unit, rule));
    this.#tests = new StepTests(steps, code, this.#bounds.tests);
    this.#ways = new PlacedWays(plan, this.#judgeStep);
    this.#growth = new TailGrowth(plan, this.#ways, this.#judgeStep);
    this.#keys = new KeyTable({
      max: inputs.rule.keysMax,
      evict: inputs.rule.policy.evict,
      lifeUs: this.#horizonUs,
      progressOf: (state) => this.#progressOf(state),
      onEvict: inputs.onGivenUp,
    });
    this.#timers = new KeyTimers((key) => this.#keys.get(key));
  }

  save() {
    return {
      keys: this.#keys.save(),
      timers: this.#timers.save(),
      waiting: this.#waiting.items,
      leaving: this.#leaving.items,
      outbox: this.#outbox,
      partialsEvicted: this.#partialsEvicted,
      eventsEvicted: this.#eventsEvicted,
      hurried: this.#hurried,
      arrived: this.#arrived,
    };
  }

  restore(saved: ReturnType<PlacedSequenceMatcher["save"]>): void {
    this.#keys.restore(saved.keys);
    this.#timers.restore(saved.timers);
    this.#waiting.replace(saved.waiting);
    this.#leaving.replace(saved.leaving);
    this.#outbox = saved.outbox;
    this.#partialsEvicted = saved.partialsEvicted;
    this.#eventsEvicted = saved.eventsEvicted;
    this.#hurried = saved.hurried;
    this.#arrived = saved.arrived;
  }

  get counters(): StateCounters {
    return {
      keysEvicted: this.#keys.evicted,
      partialsEvicted: this.#partialsEvicted,
      eventsEvicted: this.#eventsEvicted,
      evidenceEvicted: 0,
      hurried: this.#hurried,
    };
  }

  get nextDeadline(): number {
    const next = this.#waiting.peek()?.ts ?? never;
    return Math.min(next, this.#timers.next, this.#outbox[0]?.at ?? never) + this.holdUs;
  }

  onEntity(): void {}

  drain(untilUs: number): void {
    this.#drainsUs = untilUs;
  }

  isDrained(watermark: number): boolean {
    if (watermark <= this.#drainsUs + 2 * this.holdUs) return false;
    return this.#keys.size === 0 || watermark > this.#drainsUs + this.#horizonUs;
  }

  adapt({ atUs }: Adaptation): void {
    this.#keys.fit(atUs);
  }

  /** `hits` are steps (in the order of `allStepsOf`) that `event` may be for. */
  onEvent(event: EventData, hits: readonly number[]): void {
    const groups = groupsOf(this.#plan, this.#inputs.code, event, hits);
    const kept = this.#kept.of(event);
    const no = this.#arrived++;
    for (const [key, steps] of groups) this.#arrive(key, kept, steps, no);
  }

  /** Judges the next event, or decides all that is decided at the next time. */
  fireDeadline(): void {
    const at = this.nextDeadline - this.holdUs;
    this.#tests.begin();
    if (this.#waiting.peek()?.ts === at) {
      const queued = this.#waiting.shift();
      if (queued) this.#judgeQueued(queued);
      return;
    }
    while (this.#timers.next === at) {
      const timer = this.#timers.pop();
      if (timer) this.#decideNext(timer);
    }
    // The time that was decided may lie before that of a match which waits to be told.
    this.#tellOutbox(at);
  }

  /** Tells what waited to be told of times up to `at`, µs. */
  #tellOutbox(at: number): void {
    const told = this.#outbox.filter((m) => m.at <= at);
    this.#outbox = this.#outbox.filter((m) => m.at > at);
    const { schema } = this.#inputs.unit;
    told.sort((a, b) => compareMatches(schema, a, b));
    for (const match of told) this.#inputs.emit(match);
  }

  readonly #judgeStep: JudgeEntry = (step, { event, steps }, captures) => {
    return steps.has(step) ? this.#tests.of(step, event, { captures }) : 0;
  };

  // ---------- events ----------

  #arrive(key: string, event: EventData, steps: ReadonlySet<number>, no: number): void {
    const state = this.#keys.touch(key, event.ts, () => ({
      entries: [],
      judged: -1,
      latest: -1,
      partials: [],
      tails: [],
      completions: [],
      settledUs: Number.NEGATIVE_INFINITY,
      barrier: -1,
      doubtUntil: Number.NEGATIVE_INFINITY,
      ...notDue,
    }));
    const interval = intervalOf(this.#inputs.unit.schema, event, this.#plan.slackUs);
    state.latest = no;
    state.entries.push({ event, interval, no, steps });
    this.#waiting.push({ key, no, ts: event.ts });
    if (this.#waiting.size > this.#bounds.waiting) this.#giveUpOldest(event.ts);
    while (state.entries.length > this.#bounds.entries) this.#forgetFirst(state, event.ts);
  }

  /** The oldest event of a key goes, and what it is part of: of a run it is the first one. */
  #forgetFirst(state: KeyState, now: number): void {
    const oldest = state.entries.shift();
    this.#eventsEvicted++;
    this.#doubt(state, now);
    const isWithout = (runs: Runs) => runs.every((run) => !run?.some((x) => x === oldest));
    state.partials = state.partials.filter((p) => isWithout(p.way.runs));
    state.tails = state.tails.filter((t) => isWithout(t.way.runs));
  }

  /** The event that has waited longest is never judged: no match takes it, or ends there. */
  #giveUpOldest(now: number): void {
    const oldest = this.#waiting.shift();
    const state = oldest && this.#keys.get(oldest.key);
    if (!state || !entryOf(state, oldest.no)) return;
    state.entries = state.entries.filter((x) => x.no !== oldest.no);
    state.completions = state.completions.filter((c) => c.isTimed || c.end.no !== oldest.no);
    this.#eventsEvicted++;
    this.#doubt(state, now);
  }

  #judgeQueued({ key, no }: Queued): void {
    const state = this.#keys.get(key);
    const entry = state && entryOf(state, no);
    if (!entry) return;
    this.#judge(key, state, entry);
    if (this.#tests.isOver) this.#giveUp(state, entry.event.ts);
  }

  #judge(key: string, state: KeyState, entry: Entry): void {
    const now = entry.event.ts;
    const before = new Map(state.tails.map((tail) => [tail, tail.run.length]));
    state.judged = entry.no;
    this.#retire(state, entry);
    this.#showCompletions(state, entry);
    for (const tail of state.tails) this.#growth.meet(state.entries, tail, entry);
    const fresh: Partial[] = [];
    this.#extend(state, emptyWay, entry, entry, fresh);
    for (const { way } of state.partials) this.#extend(state, way, entry, entry, fresh);
    state.partials.push(...fresh);
    this.#settleTails(state, entry.no);
    this.#numberCompletions(state, entry.no);
    const here = state.completions.filter((c) => !c.isTimed && c.end === entry);
    state.completions = state.completions.filter((c) => c.isTimed || c.end !== entry);
    this.#report(key, state, here, now);
    this.#drop(state, entry);
    this.#trim(state, now);
    if (this.#plan.isClosing) this.#tellGoingOn(key, state, (tail) => before.get(tail) ?? 0);
    this.#schedule(key, state);
    this.#keys.settle(key);
    this.#mayLeave(key, state, entry.no, now);
    this.#leave(now);
  }

  // ---------- partial matches ----------

  /** `way` with its next step starting on `x`, and all that then follows of what came before. */
  #extend(state: KeyState, way: Way, x: Entry, judged: Entry, fresh: Partial[]): void {
    if (x.no <= state.barrier) return;
    // What is told later may have happened before the rest of the match.
    if (way.runs.length === 0 && x.event.ts > this.#drainsUs + this.holdUs) return;
    const { slots } = this.#plan;
    for (let at = way.runs.length; at < slots.length; at++) {
      if (x.steps.has(slots[at]?.index ?? -1)) {
        if (this.#tests.isOver) return;
        const next = this.#ways.bind(state.entries, way, at, x);
        if (next) this.#found(state, next, judged, fresh);
      }
      if (!slots[at]?.step.isOptional) return;
    }
  }

  #found(state: KeyState, way: Way, judged: Entry, fresh: Partial[]): void {
    if (way.runs.length === this.#plan.slots.length) {
      this.#bound(state, way, judged);
      return;
    }
    const chain = chainOf(way.runs);
    const [first] = chain;
    const last = chain.at(-1);
    if (!first || !last) return;
    fresh.push({ way, first, last });
    for (const x of state.entries) {
      if (x.no >= judged.no) break;
      // Behind the judged event, which is in the chain.
      if (x.interval.to >= judged.event.ts) this.#extend(state, way, x, judged, fresh);
    }
  }

  /** All steps are bound; a run may go on. */
  #bound(state: KeyState, way: Way, judged: Entry): void {
    const slot = this.#plan.slots.at(-1);
    if (!slot?.step.repeat || (slot.min === 1 && !this.#plan.isClosing)) {
      this.#finish(state, way);
      return;
    }
    if (this.#plan.isClosing && !isWithinSpan(this.#plan, way.runs)) return;
    const tail = tailOf(way);
    for (const x of state.entries) {
      if (x.no <= judged.no) this.#growth.meet(state.entries, tail, x);
    }
    state.tails.push(tail);
  }

  /** Completes a way whose runs are all closed, or rejects it. */
  #finish(state: KeyState, way: Way): void {
    const chain = chainOf(way.runs);
    const [first] = chain;
    const end = endOf(chain);
    if (!first || !end || !isWithinSpan(this.#plan, way.runs)) return;
    const { waitUs, deadlineIndex } = this.#plan;
    const isTimed = deadlineIndex >= 0;
    const completion = { way, first, end, at: end.event.ts + waitUs, isTimed, number: -1 };
    // Where nothing is waited for, all that may lie inside is known; otherwise it comes one by one.
    const known = isTimed ? state.entries.filter((x) => x.no <= state.judged) : state.entries;
    if (this.#isForbidden(completion, known)) return;
    state.completions.push(completion);
  }

  /** Whether what must not happen did; marks the completion with what is not certain. */
  #isForbidden(completion: Completion, entries: readonly Entry[]): boolean {
    const { way, first, end } = completion;
    const { untilIndex, deadlineIndex, waitUs } = this.#plan;
    const last = chainOf(way.runs).at(-1) ?? end;
    let verdict: Verdict = nothing;
    const ask = (step: number, after: Entry) => {
      const stretch: Stretch =
        deadlineIndex < 0 ? { after, before: last } : { after, end, us: waitUs };
      const known = (x: Entry) =>
        step === untilIndex ? this.#ways.knownAt(way.runs, x) : capturesOf(this.#plan, way.runs);
      verdict = worst(verdict, this.#ways.happened(entries, way.runs, step, stretch, known));
    };
    if (untilIndex >= 0) ask(untilIndex, first);
    if (deadlineIndex >= 0) ask(deadlineIndex, last);
    if (!verdict.yes) completion.way = marked(way, verdict, way.runs.length - 1);
    return verdict.yes;
  }

  /** Completions that wait for a deadline hear of the event. */
  #showCompletions(state: KeyState, entry: Entry): void {
    if (this.#plan.deadlineIndex < 0) return;
    state.completions = state.completions.filter((c) => !this.#isForbidden(c, [entry]));
  }

  /** What became of runs that were open: complete, dead, or still waiting. */
  #settleTails(state: KeyState, no: number): void {
    const { isClosing, withinUs } = this.#plan;
    for (const tail of state.tails) {
      if (tail.state !== "complete") continue;
      if (isClosing) state.completions.push(this.#closed(tail));
      else {
        const way = this.#ways.contiguous(state.entries, grown(tail), tail.way.runs.length - 1);
        if (way) this.#finish(state, way);
      }
    }
    state.tails = state.tails.filter((t) => t.state === "open");
    for (const tail of isClosing ? state.tails : []) {
      const [first] = chainOf(tail.way.runs);
      if (tail.number >= 0 || !first) continue;
      tail.number = no;
      tail.at = first.event.ts + withinUs;
    }
  }

  /** A run that went on, now that it is over. */
  #closed(tail: Tail): Completion {
    const way = grown(tail);
    const chain = chainOf(way.runs);
    const [first] = chain;
    const end = endOf(chain);
    if (!first || !end) throw new Error("a run has an event");
    const isFull = tail.run.length >= (this.#plan.slots.at(-1)?.max ?? never);
    const closedAt = tail.cancel?.event.ts ?? first.event.ts + this.#plan.withinUs;
    const at = isFull ? end.event.ts : Math.max(end.event.ts, closedAt);
    return { way, first, end, at, isTimed: !isFull, number: -1 };
  }

  // ---------- times ----------

  /** Completions that only a time completes are told in the order in which they ended. */
  #numberCompletions(state: KeyState, no: number): void {
    for (const c of state.completions) {
      if (c.isTimed && c.number < 0) c.number = this.#plan.deadlineIndex < 0 ? no : c.end.no;
    }
  }

  /** Sees to it that the key hears of what it waits for next. */
  #schedule(key: string, state: KeyState): void {
    const next = soonest(this.#waitedFor(state));
    if (next) this.#timers.set(key, state, next.at, next.number);
  }

  #waitedFor({ tails, completions }: KeyState): readonly (Tail | Completion)[] {
    const open = this.#plan.isClosing ? tails : [];
    return [...open, ...completions.filter((c) => c.isTimed)];
  }

  /** Of what `key` waits for at `at`: ends runs whose span is over, then tells what is first. */
  #decideNext({ key, at, number }: KeyTimer): void {
    const state = this.#keys.get(key);
    if (!state) return;
    const now = state.judged;
    const over = this.#plan.isClosing ? state.tails.filter((t) => t.at <= at) : [];
    for (const tail of over.sort((a, b) => a.number - b.number)) this.#close(state, tail);
    const due = soonest(state.completions.filter((c) => c.isTimed && c.at <= at));
    // Behind what other keys wait for at that time it has its own turn.
    if (due && (due.at < at || due.number <= number)) this.#decide(key, state, due);
    if (this.#tests.isOver) this.#giveUp(state, at);
    this.#schedule(key, state);
    if (state.latest === now) this.#mayLeave(key, state, now, at);
  }

  /** The span of an open run is over; events that are known and come later may be part of it. */
  #close(state: KeyState, tail: Tail): void {
    for (const x of state.entries) {
      if (x.no > state.judged) this.#growth.meet(state.entries, tail, x);
    }
    this.#growth.close(tail);
    this.#settleTails(state, tail.number);
    this.#numberCompletions(state, tail.number);
  }

  /** Reports of what is complete at the time of `due`, unless that has been done. */
  #decide(key: string, state: KeyState, due: Completion): void {
    const isDeadline = this.#plan.deadlineIndex >= 0;
    const isHere = (c: Completion) =>
      c.isTimed && c.at === due.at && (!isDeadline || c.end === due.end);
    const here = state.completions.filter(isHere);
    state.completions = state.completions.filter((c) => !isHere(c));
    const late = state.entries.filter((x) => x.no > state.judged);
    const isOpen = (c: Completion) => !isDeadline || !this.#isForbidden(c, late);
    this.#report(key, state, here.filter(isOpen), due.at);
  }

  // ---------- matches ----------

  /** Reports what is selected among the matches of one completion point. */
  #report(key: string, state: KeyState, candidates: readonly Completion[], at: number): void {
    const { deadlineIndex, kindsOf } = this.#plan;
    const chosen = this.#chosen(candidates, state.barrier);
    const [best] = chosen;
    if (!best) return;
    const conclusion =
      deadlineIndex < 0
        ? "sound"
        : this.#inputs.concludes(kindsOf[deadlineIndex] ?? [], best.end.event.ts, at);
    if (conclusion === "hold" || conclusion === "drop") return;
    state.barrier = Math.max(state.barrier, ...chosen.map((c) => this.#barrierOf(c)));
    for (const c of chosen) {
      const isInDoubt = this.#isInDoubt(state, c.way, c.end);
      // What is told in its place, and what that leaves out, may be wrong in turn.
      if (isInDoubt) this.#doubt(state, at);
      const match = this.#matchOf(key, c, at, isInDoubt);
      this.#tell(conclusion === "flag" ? withDoubt(match, [c.way.runs.length - 1]) : match);
    }
    const isBehind = (way: Way) => startOf(way) > state.barrier;
    state.partials = state.partials.filter((p) => isBehind(p.way));
    state.tails = state.tails.filter((t) => isBehind(t.way));
    state.completions = state.completions.filter((c) => isBehind(c.way));
  }

  /** What is selected among the matches of one completion point, best first. */
  #chosen(candidates: readonly Completion[], barrier: number): Completion[] {
    const open = candidates.filter((c) => startOf(c.way) > barrier && this.#hasBegun(c.way));
    const sorted = open.sort((a, b) => this.#preference(a.way, b.way));
    const { select } = this.#inputs.rule.policy;
    return sorted.slice(0, select === "each" ? this.#plan.seq.partials : 1);
  }

  /** Tells of runs that go on and that have become long enough since they were `before`. */
  #tellGoingOn(key: string, state: KeyState, before: (tail: Tail) => number): void {
    const { onGoingOn } = this.#inputs;
    const least = this.#plan.slots.at(-1)?.min ?? 1;
    const news = state.tails.filter((t) => isToldAgain(before(t), t.run.length, least));
    if (!onGoingOn || news.length === 0) return;
    const open = new Map(
      state.tails.filter((t) => t.run.length >= least).map((t) => [this.#closed(t), t] as const),
    );
    for (const c of this.#toldIfOver(state, [...state.completions, ...open.keys()])) {
      const tail = open.get(c);
      if (!tail || !news.includes(tail)) continue;
      const match = this.#matchOf(key, c, c.end.event.ts, this.#isInDoubt(state, c.way, c.end));
      // An event may lie inside the span and be recorded a little later than that ends.
      onGoingOn(match, c.first.event.ts + this.#plan.withinUs + this.holdUs);
    }
  }

  /** What of `completions` would be reported if nothing more came. */
  #toldIfOver(state: KeyState, completions: readonly Completion[]): Completion[] {
    const told: Completion[] = [];
    let { barrier } = state;
    for (const at of [...new Set(completions.map((c) => c.at))].sort((a, b) => a - b)) {
      const chosen = this.#chosen(
        completions.filter((c) => c.at === at),
        barrier,
      );
      told.push(...chosen);
      barrier = Math.max(barrier, ...chosen.map((c) => this.#barrierOf(c)));
    }
    return told;
  }

  #preference(a: Way, b: Way): number {
    return preference(a.runs, b.runs, {
      lengthOf: (run) => run.length,
      compareStarts: (x, y) => (x[0]?.no ?? 0) - (y[0]?.no ?? 0),
      isWidest: this.#inputs.rule.policy.select === "widest",
    });
  }

  /** Whether a match is still looked for that has the events of `way`. */
  #hasBegun({ runs }: Way): boolean {
    const untilUs = this.#drainsUs;
    return untilUs === never || chainOf(runs).some((x) => x.event.ts <= untilUs);
  }

  #barrierOf({ way, end }: Completion): number {
    const { skip } = this.#inputs.rule.policy;
    if (skip === "past") return end.no;
    if (skip === "none") return -1;
    const start = startOf(way);
    const from = way.runs[skip]?.[0];
    // At least one event further, so that the same match is not found again.
    return from ? Math.max(start, from.no - 1) : start;
  }

  #matchOf(key: string, { way, end }: Completion, at: number, isInDoubt: boolean): EngineMatch {
    const uncertain = [...new Set([...way.uncertain, ...uncertainSteps(way.runs)])];
    uncertain.sort((a, b) => a - b);
    return {
      rule: this.#inputs.rule,
      key,
      at,
      captures: capturesOf(this.#plan, way.runs),
      last: end.event,
      isIncomplete: way.isIncomplete || isInDoubt,
      ...(uncertain.length > 0 ? { quality: { uncertain, incomplete: [] } } : {}),
    };
  }

  /** Whether something that was given up could have been reported instead, or before it. */
  #isInDoubt(state: KeyState, way: Way, end: Entry): boolean {
    const until = Math.max(state.doubtUntil, this.#keys.evictedAt + this.#horizonUs);
    if (this.#inputs.rule.policy.skip === "none") return end.event.ts <= until;
    return chainOf(way.runs).some((x) => x.event.ts <= until);
  }

  #doubt(state: KeyState, at: number): void {
    state.doubtUntil = Math.max(state.doubtUntil, at + this.#horizonUs);
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
    this.#tellOutbox(never);
  }

  // ---------- what is of no more use ----------

  /** Gives up what no event from `now` on can complete. */
  #retire(state: KeyState, now: Entry): void {
    const { withinUs } = this.#plan;
    const ts = now.event.ts;
    const isInTime = (first: Entry | undefined) =>
      first !== undefined && ts <= first.interval.to + withinUs;
    state.partials = state.partials.filter((p) => isInTime(p.first));
    if (!this.#plan.isClosing)
      state.tails = state.tails.filter((t) => isInTime(chainOf(t.way.runs)[0]));
    for (const x of state.entries) {
      if (x.no >= now.no) break;
      if (x.interval.to >= ts || x.interval.to < state.settledUs) continue;
      state.partials = state.partials.filter((p) => !this.#isEnded(p, x));
    }
    state.settledUs = ts;
  }

  /** Whether `x`, after which all that is still to come happened, ends the partial match. */
  #isEnded({ way, first, last }: Partial, x: Entry): boolean {
    const { untilIndex, untilReads, seq, slots, isClosing } = this.#plan;
    // What ends a run that goes on is judged against its first event, when that is known.
    const canCancel = x.steps.has(untilIndex) && !untilReads && !isClosing;
    if (canCancel && isCertain(first, x) && this.#judgeStep(untilIndex, x, []) === 1) return true;
    const at = way.runs.length;
    // A run may still go on behind it.
    if (slots[at - 1]?.step.repeat || !isCertain(last, x)) return false;
    if (seq.isStrict) return true;
    const captures = capturesOf(this.#plan, way.runs);
    return (slots[at]?.negatives ?? []).some((n) => this.#judgeStep(n, x, captures) === 1);
  }

  /** Keeps the newest partial matches of a shape, where they complete whenever the others do. */
  #drop(state: KeyState, now: Entry): void {
    const { partials } = state;
    const { newestKept } = this.#plan;
    if (partials.length <= newestKept) return;
    const settled = partials.filter((p) => isSettled(p.way, now.event.ts) && this.#hasBegun(p.way));
    const isKept = (p: Partial) =>
      settled.filter((q) => q !== p && isNewer(q.way, p.way)).length < newestKept;
    state.partials = partials.filter(isKept);
  }

  /** Enforces the bounds of a key, and forgets events that nothing can need. */
  #trim(state: KeyState, now: number): void {
    const { partials } = this.#plan.seq;
    const { refs, held } = this.#bounds;
    while (sizeOf(state) > partials || refsOf(state) > refs) {
      if (state.partials.length > 0) state.partials.splice(this.#worst(state.partials), 1);
      else if (state.tails.length > 0) state.tails.shift();
      else state.completions.shift();
      this.#giveUp(state, now);
    }
    // Of what is complete the events are not in the buffer any more.
    while (refsIn(state.completions) > held) {
      state.completions.shift();
      this.#giveUp(state, now);
    }
    const firsts = [
      ...state.partials.map((p) => p.first),
      ...state.tails.map((t) => chainOf(t.way.runs)[0]),
    ];
    const from = firsts.reduce((least, x) => Math.min(least, x?.interval.from ?? never), now);
    state.entries = state.entries.filter((x) => x.no > state.judged || x.interval.to >= from);
  }

  #giveUp(state: KeyState, now: number): void {
    this.#partialsEvicted++;
    this.#doubt(state, now);
  }

  /** The least advanced of the oldest, or just the oldest. */
  #worst(partials: readonly Partial[]): number {
    const isByAge = this.#inputs.rule.policy.evict === "oldest";
    let worst = 0;
    for (const [i, p] of partials.entries()) {
      const w = partials[worst] ?? p;
      const isOlder = p.first.no < w.first.no;
      const advance = p.way.runs.length - w.way.runs.length;
      if (isByAge ? isOlder : advance < 0 || (advance === 0 && isOlder)) worst = i;
    }
    return worst;
  }

  #progressOf({ partials, tails, completions }: KeyState): number {
    if (tails.length + completions.length > 0) return this.#plan.slots.length + 1;
    const bound = ({ way }: Partial) => way.runs.filter((run) => run !== undefined).length;
    return partials.reduce((most, p) => Math.max(most, bound(p)), 1);
  }

  /** A key that nothing waits under is forgotten when that stays so. */
  #mayLeave(key: string, state: KeyState, no: number, ts: number): void {
    if (isIdle(state) && this.#leaving.size < this.#bounds.waiting)
      this.#leaving.push({ key, no, ts });
  }

  /** Forgets keys of which nothing is left but events that all lie behind. */
  #leave(now: number): void {
    for (;;) {
      const queued = this.#leaving.peek();
      if (!queued || queued.ts + this.holdUs >= now) return;
      this.#leaving.shift();
      const state = this.#keys.get(queued.key);
      if (!state || state.latest !== queued.no || state.doubtUntil >= now) continue;
      if (isIdle(state)) this.#keys.delete(queued.key);
    }
  }
}

function entryOf({ entries }: KeyState, no: number): Entry | undefined {
  return entries.findLast((x) => x.no === no);
}

function sizeOf({ partials, tails, completions }: KeyState): number {
  return partials.length + tails.length + completions.length;
}

/** Whether nothing waits for more events or for a time. */
function isIdle(state: KeyState): boolean {
  return sizeOf(state) === 0;
}

/** How often events are part of what is kept; of the same event several may be. */
function refsOf({ partials, tails, completions }: KeyState): number {
  const runs = tails.reduce((n, t) => n + t.run.length, 0);
  return refsIn(partials) + refsIn(tails) + refsIn(completions) + runs;
}

function refsIn(ways: readonly { readonly way: Way }[]): number {
  return ways.reduce((n, { way }) => way.runs.reduce((m, run) => m + (run?.length ?? 0), n), 0);
}

/** What is decided first. */
function soonest<T extends { readonly at: number; readonly number: number }>(
  all: readonly T[],
): T | undefined {
  return all.reduce<T | undefined>((first, x) => {
    const isSooner = !first || x.at < first.at || (x.at === first.at && x.number < first.number);
    return isSooner ? x : first;
  }, undefined);
}

/** The first of its events in ≺. */
function startOf(way: Way): number {
  return chainOf(way.runs).reduce((least, x) => Math.min(least, x.no), never);
}

/** Whether all of a way's events lie before `ts` and are in the order ≺. */
function isSettled({ runs }: Way, ts: number): boolean {
  const chain = chainOf(runs);
  return chain.every((x, i) => x.interval.to < ts && (i === 0 || (chain[i - 1]?.no ?? 0) < x.no));
}

/** Whether `a` has the same shape and clocks as `b`, and no event of it is older. */
function isNewer(a: Way, b: Way): boolean {
  return (
    a.runs.length === b.runs.length &&
    a.runs.every((run, at) => {
      const [x] = run ?? [];
      const [y] = b.runs[at] ?? [];
      if (!x || !y) return x === y;
      return x.interval.source === y.interval.source && x.no >= y.no;
    })
  );
}
