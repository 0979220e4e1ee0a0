/**
 * Sequences, incrementally. Per key there is a list of partial matches; every event may start one,
 * advance copies of them, lengthen a run, or kill them.
 *
 *     partial at step 1   event fits step 2   copy at step 2   (the source stays: a later event
 *     ────────────────►  ──────────────────►  ─────────────►    may be the better second step)
 *
 * Exact against the reference interpreter: all ways to match are kept, except those another partial
 * dominates (same completions, preferred in the report). The list is bounded; what does not fit is
 * counted and findings it may have affected are marked incomplete.
 */
import {
  allStepsOf,
  type CoreRule,
  type CoreUnit,
  compareEvents,
  countOf,
  durationOf,
  type EventData,
  type Expr,
  type Match,
  needsContiguity,
  type Seq,
  type SeqStep,
  type Taken,
  type Value,
  walkExpr,
} from "#core";
import { Heap } from "./heap.ts";
import type { RuleCode } from "./matcher.ts";

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

interface Pending extends Partial {
  readonly key: string;
  readonly deadline: number;
  /** Reported, cancelled or given up; its timer is then only waste. */
  isDead: boolean;
}

interface KeyState {
  partials: Partial[];
  pendings: Pending[];
  /** Partials were dropped for room; until then findings may lack something. */
  overflowUntil: number;
}

export interface SequenceCounters {
  partialsEvicted: number;
  keysEvicted: number;
}

/** A step with its numbers resolved. */
interface Slot {
  readonly step: SeqStep;
  readonly min: number;
  readonly max: number;
  readonly keep: number;
  /** Index in the order of `allStepsOf`. */
  readonly index: number;
  readonly negatives: readonly number[];
}

const never = Number.POSITIVE_INFINITY;

export class SequenceMatcher {
  readonly counters: SequenceCounters = { partialsEvicted: 0, keysEvicted: 0 };
  readonly #unit: CoreUnit;
  readonly #rule: CoreRule;
  readonly #seq: Seq;
  readonly #code: RuleCode;
  readonly #params: ReadonlyMap<string, Value>;
  readonly #emit: (match: Match) => void;
  readonly #slots: readonly Slot[];
  readonly #kindsOf: readonly (readonly number[])[];
  readonly #deadlineIndex: number;
  readonly #untilIndex: number;
  readonly #wait: number;
  readonly #within: number;
  readonly #isTouchy: boolean;
  readonly #newestWins: boolean;
  readonly #readsRunOf: ReadonlySet<number>;
  readonly #keys = new Map<string, KeyState>();
  readonly #timers: Heap<Pending>;
  #deadTimers = 0;
  #sweptAt = Number.NEGATIVE_INFINITY;
  #evictedAt = Number.NEGATIVE_INFINITY;

  constructor(
    unit: CoreUnit,
    rule: CoreRule,
    seq: Seq,
    code: RuleCode,
    params: ReadonlyMap<string, Value>,
    emit: (match: Match) => void,
  ) {
    this.#unit = unit;
    this.#rule = rule;
    this.#seq = seq;
    this.#code = code;
    this.#params = params;
    this.#emit = emit;
    const all = allStepsOf(seq);
    this.#kindsOf = all.map((s) => s.kinds);
    this.#slots = seq.steps.map((s) => this.#slot(s, all.indexOf(s.step)));
    this.#deadlineIndex = seq.deadline ? all.indexOf(seq.deadline.step) : -1;
    this.#untilIndex = seq.until ? all.indexOf(seq.until) : -1;
    this.#wait = seq.deadline ? durationOf(seq.deadline.wait, params) : 0;
    this.#within = seq.within === undefined ? never : durationOf(seq.within, params);
    this.#isTouchy = needsContiguity(seq);
    this.#readsRunOf = capturesRead(seq);
    this.#newestWins =
      this.#readsRunOf.size === 0 &&
      !this.#isTouchy &&
      seq.steps.every((s) => !s.repeat && s.gap?.gap !== "after");
    this.#timers = new Heap((a, b) => this.#isBefore(a, b));
  }

  /** The next time something is decided without an event, µs. */
  get nextDeadline(): number {
    return this.#timers.peek()?.deadline ?? never;
  }

  /** `hits` are steps (in the order of `allStepsOf`) that `event` may be for. */
  onEvent(event: EventData, hits: readonly number[]): void {
    if (event.ts - this.#sweptAt > this.#within + this.#wait) this.#sweep(event.ts);
    const groups = new Map<string, number[]>();
    for (const index of hits) {
      const key = this.#keyOf(index, event);
      if (key === undefined) continue;
      const group = groups.get(key);
      if (group) group.push(index);
      else groups.set(key, [index]);
    }
    if (this.#isTouchy) this.#addTouchedKeys(event, groups);
    for (const [key, indexes] of groups) this.#onKeyEvent(key, event, new Set(indexes));
  }

  /** Decides the deadline that is next. */
  fireDeadline(): void {
    const next = this.#timers.pop();
    if (!next) return;
    if (next.isDead) {
      this.#deadTimers--;
      return;
    }
    const state = this.#keys.get(next.key);
    if (!state) return;
    const group = state.pendings.filter((p) => p.last === next.last);
    const best = group.sort((a, b) => this.#preference(a, b))[0];
    if (best) this.#report(next.key, state, best, best.deadline);
  }

  #slot(step: SeqStep, index: number): Slot {
    const { repeat } = step;
    return {
      step,
      index,
      min: repeat ? countOf(repeat.min, this.#params) : 1,
      max: !repeat ? 1 : repeat.max === undefined ? never : countOf(repeat.max, this.#params),
      keep: repeat?.keep ?? 1,
      negatives: step.without.map((_, i) => index + 1 + i),
    };
  }

  #keyOf(index: number, event: EventData): string | undefined {
    const code = this.#code.steps[index]?.key;
    return code ? code(event) : "";
  }

  #addTouchedKeys(event: EventData, groups: Map<string, number[]>): void {
    for (const [index, kinds] of this.#kindsOf.entries()) {
      if (!kinds.includes(event.kind)) continue;
      const key = this.#keyOf(index, event);
      if (key !== undefined && !groups.has(key)) groups.set(key, []);
    }
  }

  #judge(index: number, event: EventData, captures: readonly (Taken | undefined)[]): number {
    const judge = this.#code.steps[index]?.judge;
    return judge ? judge(event, captures) : 1;
  }

  #onKeyEvent(key: string, event: EventData, hits: ReadonlySet<number>): void {
    const state = this.#keys.get(key) ?? {
      partials: [],
      pendings: [],
      overflowUntil: Number.NEGATIVE_INFINITY,
    };
    const completed: Partial[] = [];
    const fresh: Partial[] = [];
    const kept: Partial[] = [];
    for (const partial of state.partials) {
      if (event.ts - partial.first.ts > this.#within) continue;
      this.#advance(partial, event, hits, fresh, completed);
      const extended = this.#extend(partial, event, hits);
      if (extended && this.#isComplete(partial)) {
        completed.push(partial);
        continue;
      }
      if (!extended) this.#passBy(partial, event, hits);
      if (this.#isAlive(partial) && !this.#isCancelled(partial, event, hits)) kept.push(partial);
    }
    this.#start(event, hits, fresh, completed);
    for (const partial of fresh) {
      if (partial.first === event || !this.#isCancelled(partial, event, hits))
        this.#keep(kept, partial);
    }
    state.partials = kept;
    this.#judgePendings(state, event, hits);
    if (completed.length > 0) this.#complete(key, state, completed, event);
    this.#trim(state, event);
    this.#store(key, state, event);
  }

  /** Copies of `partial` that take `event` as their next step. */
  #advance(
    partial: Partial,
    event: EventData,
    hits: ReadonlySet<number>,
    fresh: Partial[],
    completed: Partial[],
  ): void {
    const here = this.#slots[partial.at];
    if (!here || partial.count < here.min) return;
    for (let to = partial.at + 1; to < this.#slots.length; to++) {
      const slot = this.#slots[to] as Slot;
      if (
        hits.has(slot.index) &&
        partial.blockedFrom > to &&
        this.#gapHolds(partial, slot, event) &&
        this.#judge(slot.index, event, partial.captures) === 1
      ) {
        const next = this.#taken(partial, to, event);
        if (this.#isComplete(next)) completed.push(next);
        else fresh.push(next);
      }
      if (!slot.step.isOptional) break;
    }
  }

  #taken(from: Partial, to: number, event: EventData): Partial {
    const captures = [...from.captures];
    while (captures.length < to) captures.push(undefined);
    captures.push({ first: event, last: event, count: 1, kept: [event] });
    return {
      at: to,
      captures,
      first: from.first,
      last: event,
      count: 1,
      blockedFrom: never,
      unknownFrom: never,
      isTouched: false,
      isIncomplete: from.isIncomplete || from.unknownFrom <= to,
    };
  }

  #gapHolds(partial: Partial, slot: Slot, event: EventData): boolean {
    const { gap } = slot.step;
    if (partial.isTouched && (this.#seq.isStrict || gap?.gap === "next")) return false;
    if (event.ts - partial.first.ts > this.#within) return false;
    if (!gap || gap.gap === "next") return true;
    const distance = event.ts - partial.last.ts;
    if (gap.gap === "within") return distance <= durationOf(gap.max, this.#params);
    return (
      distance >= durationOf(gap.min, this.#params) &&
      (gap.max === undefined || distance <= durationOf(gap.max, this.#params))
    );
  }

  /** Lengthens the run of a repeated step, in place; true when it did. */
  #extend(partial: Partial, event: EventData, hits: ReadonlySet<number>): boolean {
    const slot = this.#slots[partial.at] as Slot;
    const run = partial.captures[partial.at];
    if (!run || !slot.step.repeat || partial.count >= slot.max || !hits.has(slot.index))
      return false;
    if (this.#seq.isStrict && partial.isTouched) return false;
    if (this.#judge(slot.index, event, partial.captures.slice(0, partial.at)) !== 1) return false;
    const kept = run.kept.length < slot.keep ? [...run.kept, event] : run.kept;
    partial.captures = partial.captures.with(partial.at, {
      first: run.first,
      last: event,
      count: run.count + 1,
      kept,
    });
    partial.last = event;
    partial.count++;
    partial.blockedFrom = never;
    partial.unknownFrom = never;
    partial.isTouched = false;
    return true;
  }

  /** The event was not taken: negatives and contiguity. */
  #passBy(partial: Partial, event: EventData, hits: ReadonlySet<number>): void {
    partial.isTouched = true;
    for (let to = partial.at + 1; to < this.#slots.length; to++) {
      const slot = this.#slots[to] as Slot;
      for (const index of slot.negatives) {
        if (!hits.has(index)) continue;
        const verdict = this.#judge(index, event, partial.captures);
        if (verdict === 1) partial.blockedFrom = Math.min(partial.blockedFrom, to);
        if (verdict === 2) partial.unknownFrom = Math.min(partial.unknownFrom, to);
      }
      if (!slot.step.isOptional) break;
    }
  }

  #isAlive(partial: Partial): boolean {
    const slot = this.#slots[partial.at] as Slot;
    const canExtend = partial.count < slot.max && !(this.#seq.isStrict && partial.isTouched);
    return canExtend || partial.blockedFrom > partial.at + 1;
  }

  #isCancelled(partial: Partial, event: EventData, hits: ReadonlySet<number>): boolean {
    if (this.#untilIndex < 0 || !hits.has(this.#untilIndex)) return false;
    const verdict = this.#judge(this.#untilIndex, event, partial.captures);
    if (verdict === 2) partial.isIncomplete = true;
    return verdict === 1;
  }

  #start(
    event: EventData,
    hits: ReadonlySet<number>,
    fresh: Partial[],
    completed: Partial[],
  ): void {
    for (let to = 0; to < this.#slots.length; to++) {
      const slot = this.#slots[to] as Slot;
      if (hits.has(slot.index) && this.#judge(slot.index, event, []) === 1) {
        const nothing: Partial = {
          at: -1,
          captures: [],
          first: event,
          last: event,
          count: 0,
          blockedFrom: never,
          unknownFrom: never,
          isTouched: false,
          isIncomplete: false,
        };
        const partial = this.#taken(nothing, to, event);
        if (this.#isComplete(partial)) completed.push(partial);
        else fresh.push(partial);
      }
      if (!slot.step.isOptional) break;
    }
  }

  #isComplete(partial: Partial): boolean {
    const at = this.#slots.length - 1;
    return partial.at === at && partial.count >= (this.#slots[at] as Slot).min;
  }

  /** Adds `partial` unless another dominates it; drops those it dominates. */
  #keep(kept: Partial[], partial: Partial): void {
    const isSameShape = (p: Partial) =>
      p.at === partial.at &&
      p.captures.every((c, i) => (c === undefined) === (partial.captures[i] === undefined));
    if (this.#newestWins) {
      const older = kept.findIndex(
        (p) => isSameShape(p) && p.isIncomplete === partial.isIncomplete,
      );
      // A newer partial starts later and got here later, so it completes whenever the older would.
      if (older >= 0) kept.splice(older, 1);
    } else if (this.#isDominatedRun(kept, partial)) return;
    kept.push(partial);
  }

  /** An earlier run of the same open-ended step after the same events takes all this one would. */
  #isDominatedRun(kept: readonly Partial[], partial: Partial): boolean {
    const slot = this.#slots[partial.at] as Slot;
    if (partial.at === 0 || partial.at === this.#slots.length - 1) return false;
    if (slot.max !== never || this.#isTouchy || this.#readsRunOf.has(partial.at)) return false;
    return kept.some(
      (p) =>
        p.at === partial.at &&
        p.isIncomplete === partial.isIncomplete &&
        p.last === partial.last &&
        p.captures.every((c, i) => i === partial.at || isSameRun(c, partial.captures[i])),
    );
  }

  /** Its timer stays in the heap until the dead outnumber the living. */
  #kill(pending: Pending): void {
    if (pending.isDead) return;
    pending.isDead = true;
    if (++this.#deadTimers <= 1024 || this.#deadTimers * 2 <= this.#timers.size) return;
    this.#timers.filter((p) => !p.isDead);
    this.#deadTimers = 0;
  }

  /** Deadlines waiting under this key hear of the event. */
  #judgePendings(state: KeyState, event: EventData, hits: ReadonlySet<number>): void {
    if (state.pendings.length === 0) return;
    for (const pending of state.pendings) {
      let isDead = this.#isCancelled(pending, event, hits);
      if (!isDead && hits.has(this.#deadlineIndex)) {
        const verdict = this.#judge(this.#deadlineIndex, event, pending.captures);
        if (verdict === 2) pending.isIncomplete = true;
        isDead = verdict === 1;
      }
      if (isDead) this.#kill(pending);
    }
    state.pendings = state.pendings.filter((p) => !p.isDead);
  }

  /** Enforces the bound: the least advanced and oldest go first, waiting deadlines last. */
  #trim(state: KeyState, event: EventData): void {
    while (state.partials.length + state.pendings.length > this.#seq.partials) {
      const worst = this.#leastAdvanced(state.partials);
      if (worst >= 0) state.partials.splice(worst, 1);
      else {
        const [oldest] = state.pendings.splice(0, 1);
        if (oldest) this.#kill(oldest);
      }
      this.counters.partialsEvicted++;
      const horizon = Math.min(this.#within + this.#wait, 1e15);
      state.overflowUntil = Math.max(state.overflowUntil, event.ts + horizon);
    }
  }

  #leastAdvanced(partials: readonly Partial[]): number {
    let worst = -1;
    for (const [i, p] of partials.entries()) {
      const w = partials[worst];
      const isOlder = w && compareEvents(this.#unit.schema, p.first, w.first) < 0;
      if (!w || p.at < w.at || (p.at === w.at && isOlder)) worst = i;
    }
    return worst;
  }

  #complete(key: string, state: KeyState, completed: Partial[], event: EventData): void {
    if (!this.#seq.deadline) {
      const best = completed.sort((a, b) => this.#preference(a, b))[0];
      if (best) this.#report(key, state, best, event.ts);
      return;
    }
    for (const partial of completed) {
      const pending: Pending = { ...partial, key, deadline: event.ts + this.#wait, isDead: false };
      state.pendings.push(pending);
      this.#timers.push(pending);
    }
  }

  #report(key: string, state: KeyState, best: Partial, at: number): void {
    const captures = [...best.captures];
    this.#emit({
      rule: this.#rule,
      key,
      at,
      captures,
      window: [],
      last: best.last,
      isIncomplete:
        best.isIncomplete ||
        best.last.ts <= state.overflowUntil ||
        this.#evictedAt >= best.first.ts,
    });
    const isAfter = (p: Partial) => compareEvents(this.#unit.schema, p.first, best.last) > 0;
    state.partials = state.partials.filter(isAfter);
    for (const p of state.pendings) if (!isAfter(p)) this.#kill(p);
    state.pendings = state.pendings.filter((p) => !p.isDead);
    if (state.partials.length + state.pendings.length === 0) this.#keys.delete(key);
  }

  #store(key: string, state: KeyState, event: EventData): void {
    if (state.partials.length + state.pendings.length === 0) {
      this.#keys.delete(key);
      return;
    }
    if (!this.#keys.has(key) && this.#keys.size >= this.#rule.keysMax) this.#evictKey(event);
    this.#keys.set(key, state);
  }

  /** A new key takes the place of the least advanced of the oldest keys. */
  #evictKey(event: EventData): void {
    let victim: string | undefined;
    let least = never;
    let looked = 0;
    for (const [key, state] of this.#keys) {
      const progress = Math.max(
        -1,
        ...state.partials.map((p) => p.at),
        ...state.pendings.map(() => never),
      );
      if (progress < least || victim === undefined) {
        victim = key;
        least = progress;
      }
      if (++looked >= 64 || least <= 0) break;
    }
    if (victim === undefined) return;
    for (const pending of this.#keys.get(victim)?.pendings ?? []) this.#kill(pending);
    this.#keys.delete(victim);
    this.counters.keysEvicted++;
    this.#evictedAt = event.ts;
  }

  /** Forgets keys whose partials have all expired. */
  #sweep(now: number): void {
    this.#sweptAt = now;
    for (const [key, state] of this.#keys) {
      state.partials = state.partials.filter((p) => now - p.first.ts <= this.#within);
      if (state.partials.length + state.pendings.length === 0) this.#keys.delete(key);
    }
  }

  #isBefore(a: Pending, b: Pending): boolean {
    return a.deadline !== b.deadline
      ? a.deadline < b.deadline
      : compareEvents(this.#unit.schema, a.last, b.last) < 0;
  }

  /** Longer first; then step by step: bound before left out, longest run, latest event. */
  #preference(a: Partial, b: Partial): number {
    const bound = (p: Partial) => p.captures.filter((c) => c !== undefined).length;
    if (bound(a) !== bound(b)) return bound(b) - bound(a);
    for (const at of this.#slots.keys()) {
      const x = a.captures[at];
      const y = b.captures[at];
      if (!x || !y) {
        if (x === y) continue;
        return x ? -1 : 1;
      }
      if (x.count !== y.count) return y.count - x.count;
      const later = compareEvents(this.#unit.schema, y.first, x.first);
      if (later !== 0) return later;
    }
    return 0;
  }
}

/** The same events: a run is settled by its first event and its length. */
function isSameRun(a: Taken | undefined, b: Taken | undefined): boolean {
  return a?.first === b?.first && a?.count === b?.count;
}

/** The steps whose captured events some condition of the pattern reads. */
function capturesRead(seq: Seq): Set<number> {
  const read = new Set<number>();
  const look = (e: Expr | undefined) => {
    if (!e) return;
    walkExpr(e, (x) => {
      if (x.op === "taken") read.add(x.step);
      if (x.op === "span") read.add(0);
      if ("of" in x && x.of.step !== "current") read.add(x.of.step);
    });
  };
  for (const step of allStepsOf(seq)) look(step.where);
  return read;
}
