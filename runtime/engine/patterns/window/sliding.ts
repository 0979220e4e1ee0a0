/**
 * Sliding windows: decided at events only, over (t − size, t]. A match is an episode: from the
 * event at which the condition becomes true until one at which it is false, or until nothing has
 * come for the window's size. It is reported when it begins, under `emit close` when it is over.
 */
import { type EventData, isCountExact, type Value, type Win } from "#core";
import type { LiveView } from "../../code/scope.ts";
import type { MatcherInputs } from "../pattern-matcher.ts";
import { type Cell, CellPlan } from "./cells.ts";
import { ExactGauges, type ExactState } from "./exact.ts";
import type { Entry, WindowForm, WindowState } from "./form.ts";
import type { WindowSample } from "./gauges.ts";
import type { Evidence, PastView, WindowJudge } from "./judge.ts";
import { newestOf } from "./log.ts";

interface Episode {
  /** The event at which the condition became true, and the last one at which it was; µs. */
  readonly fromUs: number;
  toUs: number;
  /** The key's past as of the latter. */
  past: PastView;
  isDoubtful: boolean;
  /** All since the beginning of the first window: of its panes, and of its exact span. */
  readonly panes: Cell;
  readonly exact: Cell;
}

export interface SlidingState extends WindowState {
  lastUs: number | undefined;
  /** Whether the condition was true at the last event. */
  isTrue: boolean;
  /** Whether that verdict may be wrong, for what was given up. */
  isDoubtful: boolean;
  readonly exact: ExactState;
  /** The one that is open; under `emit close`. */
  episode: Episode | undefined;
}

export class SlidingForm implements WindowForm<SlidingState> {
  readonly isImmediate: boolean;
  readonly lifeUs: number;
  readonly #inputs: MatcherInputs<Win>;
  readonly #judge: WindowJudge;
  readonly #sizeUs: number;
  readonly #exact: ExactGauges;
  /** Of an episode what is exact. */
  readonly #whole: CellPlan;
  readonly #isCountExact: boolean;

  constructor(inputs: MatcherInputs<Win>, judge: WindowJudge) {
    this.#inputs = inputs;
    this.#judge = judge;
    this.#sizeUs = judge.sizeUs;
    this.isImmediate = inputs.rule.policy.emit !== "close";
    this.lifeUs = judge.hasPast ? Number.POSITIVE_INFINITY : 2 * this.#sizeUs;
    const most = inputs.pattern.maxEvents;
    this.#exact = new ExactGauges(judge.gauges, most);
    const { gauges, limits } = judge.gauges;
    this.#whole = new CellPlan(
      gauges,
      this.#exact.kept,
      limits.map((l) => l ?? most),
    );
    this.#isCountExact = isCountExact(inputs.rule);
  }

  begin(state: WindowState): SlidingState {
    return {
      ...state,
      lastUs: undefined,
      isTrue: false,
      isDoubtful: false,
      exact: this.#exact.begin(),
      episode: undefined,
    };
  }

  isAdvanced({ kept, lastUs }: SlidingState): boolean {
    const before = kept.at(-2);
    return before !== undefined && before.ts > this.#judge.startOf(lastUs ?? before.ts);
  }

  take(key: string, state: SlidingState, event: EventData): void {
    const { ts } = event;
    if (state.lastUs !== undefined && ts >= state.lastUs + this.#sizeUs) this.#rest(key, state);
    this.#judge.learn(state, ts);
    this.#forget(state, ts);
    const before = state.logs.map(newestOf);
    const sample = this.#judge.add(state, event);
    this.#exact.add(state.exact, sample);
    const holds = this.#judge.holds(this.#viewAt(state, ts), ts);
    const wasDoubtful = state.isDoubtful;
    state.isDoubtful = this.#judge.isDoubtful(state, this.#judge.startOf(ts));
    if (!holds) this.#close(key, state, ts, before);
    this.#judge.keep(state, event);
    if (holds) this.#goOn(key, state, sample, wasDoubtful || state.isDoubtful);
    state.isTrue = holds;
    state.lastUs = ts;
    state.dueUs = state.episode ? ts + this.#sizeUs : Number.POSITIVE_INFINITY;
  }

  decide(key: string, state: SlidingState): boolean {
    this.#rest(key, state);
    return true;
  }

  takeOver(state: SlidingState): void {
    this.#exact.takeOver(state.exact);
  }

  /** Where it was true and is not, its becoming true is still to be told. */
  recheck(state: SlidingState): void {
    const { lastUs } = state;
    if (!state.isTrue || lastUs === undefined) return;
    state.isTrue = this.#judge.holds(this.#viewAt(state, lastUs), lastUs);
  }

  /** Nothing has come for the window's size: what was true is over. */
  #rest(key: string, state: SlidingState): void {
    this.#close(key, state, (state.lastUs ?? 0) + this.#sizeUs, state.logs.map(newestOf));
    state.isTrue = false;
    state.isDoubtful = false;
    state.dueUs = Number.POSITIVE_INFINITY;
  }

  #forget(state: SlidingState, now: number): void {
    const { episode } = state;
    const shown = episode ? episode.fromUs : now;
    this.#judge.forget(state, now, this.#judge.startOfPanes(Math.min(now, shown)));
  }

  #viewAt(state: SlidingState, at: number): LiveView {
    const from = this.#judge.startOfPanes(at);
    let panes: readonly Cell[] | undefined;
    const aggregate = (index: number): Value => {
      if (this.#judge.panes.has(index)) {
        panes ??= this.#judge.panesIn(state, from, at);
        return this.#judge.panes.valueOver(index, panes, this.#sizeUs);
      }
      if (this.#whole.has(index)) return this.#exact.value(state.exact, index, at - this.#sizeUs);
      return this.#judge.valueOfLog(state, index, from, at);
    };
    return { sizeUs: this.#sizeUs, ...this.#judge.pastOf(state, at), aggregate };
  }

  /** The condition is true at the event of `sample`. */
  #goOn(key: string, state: SlidingState, sample: WindowSample, isDoubtful: boolean): void {
    const { ts } = sample;
    if (this.isImmediate) {
      if (state.isTrue) return;
      const view = this.#viewAt(state, ts);
      const panes = this.#judge.panesIn(state, this.#judge.startOfPanes(ts), ts);
      const from = ts - this.#sizeUs;
      const since = this.#exact.oldest(state.exact, this.#judge.gauges.count, from);
      const sinceUs = (this.#isCountExact ? since : panes[0]?.ts) ?? ts;
      const evidence = this.#evidenceOf(state, view, from, sinceUs);
      const match = { key, at: ts, isIncomplete: isDoubtful };
      this.#inputs.emit(this.#judge.match(match, view, evidence));
      return;
    }
    const past = this.#judge.pastOf(state, ts);
    if (!state.episode) {
      const cells = this.#cellsAt(state, ts);
      state.episode = { fromUs: ts, toUs: ts, past, isDoubtful, ...cells };
    } else {
      state.episode.toUs = ts;
      state.episode.past = past;
      state.episode.isDoubtful ||= isDoubtful;
      this.#lengthen(state.episode, sample);
    }
  }

  /** What an episode that begins at `at` has of its first window. */
  #cellsAt(state: SlidingState, at: number): Pick<Episode, "panes" | "exact"> {
    const from = at - this.#sizeUs;
    const inside = this.#judge.panesIn(state, this.#judge.startOfPanes(at), at);
    const panes = this.#judge.panes.whole(inside);
    const exact = this.#whole.empty();
    for (const index of this.#exact.kept)
      this.#whole.set(exact, index, this.#exact.known(state.exact, index, from));
    exact.ts = this.#exact.oldest(state.exact, this.#judge.gauges.count, from) ?? at;
    return { panes, exact };
  }

  #lengthen({ panes, exact }: Episode, sample: WindowSample): void {
    const cell = this.#judge.panes.empty();
    this.#judge.panes.add(cell, sample);
    this.#judge.panes.merge(panes, cell);
    this.#whole.add(exact, sample);
  }

  /** The open episode is over at `at`; `newest` are the last values in it, by log. */
  #close(
    key: string,
    state: SlidingState,
    at: number,
    newest: readonly (Entry | undefined)[],
  ): void {
    const { episode } = state;
    if (!episode) return;
    const { fromUs, toUs, panes, exact } = episode;
    const from = fromUs - this.#sizeUs;
    const aggregate = (index: number): Value => {
      if (this.#judge.panes.has(index))
        return this.#judge.panes.valueOver(index, [panes], toUs - from);
      if (this.#whole.has(index)) return this.#whole.valueOver(index, [exact], toUs - from);
      return this.#judge.valueOfLog(state, index, this.#judge.startOfPanes(fromUs), newest);
    };
    const view = { sizeUs: toUs - from, ...episode.past, aggregate };
    const sinceUs = this.#isCountExact ? exact.ts : panes.ts;
    const isIncomplete =
      episode.isDoubtful ||
      state.isDoubtful ||
      this.#judge.isDoubtful(state, this.#judge.startOf(fromUs));
    const evidence = this.#evidenceOf(state, view, from, sinceUs);
    const match = this.#judge.match({ key, at, isIncomplete }, view, evidence);
    this.#inputs.emit({ ...match, beganUs: from });
    state.episode = undefined;
  }

  #evidenceOf(state: SlidingState, view: LiveView, from: number, sinceUs: number): Evidence {
    const kept = state.kept.filter((e) => e.ts > from);
    return { kept, count: Number(view.aggregate(this.#judge.gauges.count)), sinceUs };
  }
}
