/**
 * Sliding windows: decided at events only, over (t − size, t]. A match is an episode: from the
 * event at which the condition becomes true until one at which it is false, or until nothing has
 * come for the window's size. It is reported when it begins, under `emit close` when it is over.
 */
import { type EventData, keyText, type Win } from "#core";
import type { AggregateCode } from "./matcher.ts";
import type { MatcherInputs } from "./pattern-matcher.ts";
import type { EngineView } from "./scope.ts";
import type { WindowForm, WindowState } from "./window-form.ts";
import type { PastView, WindowJudge } from "./window-judge.ts";
import { endOf, eventAt, firstAfter, slice } from "./window-log.ts";

interface Episode {
  /** The event at which the condition became true, and the last one at which it was; µs. */
  readonly fromUs: number;
  toUs: number;
  /** The key's past as of the latter. */
  past: PastView;
  isDoubtful: boolean;
}

/** Running counters of the window, for conditions that ask for no more than those. */
interface Counters {
  /** Number of the oldest event that is counted. */
  first: number;
  readonly counts: Float64Array;
  /** For distinct aggregates: how often each value is in the window. */
  readonly values: readonly (Map<string, number> | undefined)[];
}

export interface SlidingState extends WindowState {
  lastUs: number | undefined;
  /** Whether the condition was true at the last event. */
  isTrue: boolean;
  /** Whether that verdict may be wrong, for what was given up. */
  isDoubtful: boolean;
  /** The one that is open; under `emit close`. */
  episode: Episode | undefined;
  readonly counters: Counters | undefined;
}

export class SlidingForm implements WindowForm<SlidingState> {
  readonly isImmediate: boolean;
  readonly lifeUs: number;
  readonly #inputs: MatcherInputs<Win>;
  readonly #judge: WindowJudge;
  readonly #sizeUs: number;

  constructor(inputs: MatcherInputs<Win>, judge: WindowJudge) {
    this.#inputs = inputs;
    this.#judge = judge;
    this.#sizeUs = judge.sizeUs;
    this.isImmediate = inputs.rule.policy.emit !== "close";
    this.lifeUs = judge.hasPast ? Number.POSITIVE_INFINITY : 2 * this.#sizeUs;
  }

  begin(state: WindowState): SlidingState {
    const { aggregates, counted } = this.#inputs.code;
    const counters = counted && {
      first: 0,
      counts: new Float64Array(aggregates.length),
      values: aggregates.map((a) => (a.arg ? new Map<string, number>() : undefined)),
    };
    return {
      ...state,
      lastUs: undefined,
      isTrue: false,
      isDoubtful: false,
      episode: undefined,
      counters,
    };
  }

  isAdvanced(state: SlidingState): boolean {
    return endOf(state.log) - state.log.first > 1;
  }

  take(state: SlidingState, event: EventData): void {
    if (state.lastUs !== undefined && event.ts >= state.lastUs + this.#sizeUs) this.#rest(state);
    this.#judge.learn(state, event.ts);
    this.#expire(state, event.ts);
    this.#add(state, event);
    const holds = this.#holds(state, event.ts);
    const wasDoubtful = state.isDoubtful;
    state.isDoubtful = this.#judge.isDoubtful(state, this.#judge.startOf(event.ts));
    if (holds) this.#goOn(state, event, wasDoubtful || state.isDoubtful);
    else this.#close(state, event.ts, 1);
    state.isTrue = holds;
    state.lastUs = event.ts;
    state.dueUs = state.episode ? event.ts + this.#sizeUs : Number.POSITIVE_INFINITY;
  }

  decide(state: SlidingState): boolean {
    this.#rest(state);
    return true;
  }

  /** Nothing has come for the window's size: what was true is over. */
  #rest(state: SlidingState): void {
    this.#close(state, (state.lastUs ?? 0) + this.#sizeUs, 0);
    state.isTrue = false;
    state.isDoubtful = false;
    state.dueUs = Number.POSITIVE_INFINITY;
  }

  #expire(state: SlidingState, now: number): void {
    const { log, counters, episode } = state;
    const inside = firstAfter(log, now - this.#sizeUs);
    while (counters && counters.first < inside)
      this.#uncount(counters, eventAt(log, counters.first));
    const shown = episode ? episode.fromUs - this.#sizeUs : now;
    this.#judge.forgetUpTo(state, Math.min(this.#judge.startOf(now), shown));
  }

  #add(state: SlidingState, event: EventData): void {
    const { log, counters } = state;
    const isCounted = counters?.first === log.first;
    const dropped = this.#judge.add(state, event);
    if (!counters) return;
    if (dropped && isCounted) this.#uncount(counters, dropped);
    this.#count(counters, event, 1);
  }

  #holds(state: SlidingState, at: number): boolean {
    const { counted } = this.#inputs.code;
    if (state.counters && counted) return counted(state.counters.counts);
    return this.#judge.holds(this.#viewAt(state, at), at);
  }

  #viewAt(state: SlidingState, at: number): EngineView {
    const { log } = state;
    const events = slice(log, firstAfter(log, at - this.#sizeUs));
    const paned = slice(log, firstAfter(log, this.#judge.startOf(at)));
    return { events, paned, sizeUs: this.#sizeUs, ...this.#judge.pastOf(state, at) };
  }

  /** The condition is true at `event`. */
  #goOn(state: SlidingState, event: EventData, isDoubtful: boolean): void {
    if (this.isImmediate) {
      if (state.isTrue) return;
      const view = this.#viewAt(state, event.ts);
      this.#inputs.emit(this.#judge.match(state.key, view, event.ts, isDoubtful));
      return;
    }
    const past = this.#judge.pastOf(state, event.ts);
    state.episode ??= { fromUs: event.ts, toUs: event.ts, past, isDoubtful };
    state.episode.toUs = event.ts;
    state.episode.past = past;
    state.episode.isDoubtful ||= isDoubtful;
  }

  /** The open episode is over at `at`; the last `behind` events held came after it. */
  #close(state: SlidingState, at: number, behind: 0 | 1): void {
    const { episode, log } = state;
    if (!episode) return;
    const fromUs = episode.fromUs - this.#sizeUs;
    const events = slice(log, firstAfter(log, fromUs), endOf(log) - behind);
    const sizeUs = episode.toUs - fromUs;
    const view = { events, paned: events, sizeUs, ...episode.past };
    const isDoubtful =
      episode.isDoubtful || state.isDoubtful || this.#judge.isDoubtful(state, fromUs);
    this.#inputs.emit(this.#judge.match(state.key, view, at, isDoubtful));
    state.episode = undefined;
  }

  #uncount(counters: Counters, event: EventData | undefined): void {
    if (event) this.#count(counters, event, -1);
    counters.first++;
  }

  #count(counters: Counters, event: EventData, by: 1 | -1): void {
    for (const [i, aggregate] of this.#inputs.code.aggregates.entries()) {
      if (aggregate.where && !aggregate.where(event)) continue;
      counters.counts[i] = counted(counters, i, aggregate, event, by);
    }
  }
}

/** Aggregate `i` with `event` in the window (1) or no longer in it (−1). */
function counted(
  { counts, values }: Counters,
  i: number,
  aggregate: AggregateCode,
  event: EventData,
  by: 1 | -1,
): number {
  const known = values[i];
  if (!aggregate.arg || !known) return (counts[i] ?? 0) + by;
  const value = aggregate.arg(event);
  if (value === undefined) return known.size;
  const text = keyText(value);
  const n = (known.get(text) ?? 0) + by;
  if (n > 0) known.set(text, n);
  else known.delete(text);
  return known.size;
}
