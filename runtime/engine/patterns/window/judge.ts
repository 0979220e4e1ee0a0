/**
 * What windows of every shape have in common: the evidence of a key, its panes, the values its
 * aggregates need, its past, and what a view of all that comes to.
 */
import {
  cutsShown,
  type EventData,
  evidenceKept,
  ofValues,
  resolutionOf,
  type Taken,
  type Value,
  type Win,
} from "#core";
import type { EngineMatch, LiveView } from "../../code/scope.ts";
import { KeptEvents } from "../kept-events.ts";
import type { MatcherInputs } from "../pattern-matcher.ts";
import { notDue } from "../timers.ts";
import { type Cell, CellPlan } from "./cells.ts";
import type { Entry, WindowState } from "./form.ts";
import { WindowGauges, type WindowSample } from "./gauges.ts";
import {
  append,
  countOf,
  emptyLog,
  firstAfter,
  forgetOldest,
  forgetUpTo,
  newestOf,
  slice,
} from "./log.ts";
import { type PastWindow, WindowPast } from "./past.ts";

/** The past of a key as a view has it. */
export type PastView = Pick<LiveView, "knownUs" | "pasts">;

/** What a match shows of its window's events. */
export interface Evidence {
  readonly kept: readonly EventData[];
  readonly count: number;
  /** When the first of them came, µs. */
  readonly sinceUs: number;
}

export class WindowJudge {
  readonly sizeUs: number;
  readonly gauges: WindowGauges;
  /** Of the panes of a sliding window and of the past. */
  readonly panes: CellPlan;
  /** Values given up for room. */
  evicted = 0;
  readonly #inputs: MatcherInputs<Win>;
  readonly #resolutionUs: number;
  readonly #isPaned: boolean;
  readonly #past: WindowPast | undefined;
  readonly #kept: KeptEvents;
  /** By log whether the past asks for its values. */
  readonly #pastLogs: readonly boolean[];

  /** `sizeUs`: the longest the window can be. */
  constructor(inputs: MatcherInputs<Win>, sizeUs: number) {
    this.#inputs = inputs;
    this.sizeUs = sizeUs;
    this.#resolutionUs = resolutionOf(inputs.pattern, sizeUs);
    const { unit, rule, pattern } = inputs;
    this.#kept = new KeptEvents(unit.schema.kinds, cutsShown(unit, rule));
    const isSliding = pattern.shape.shape === "sliding";
    this.gauges = new WindowGauges(inputs);
    const { gauges, limits, logs } = this.gauges;
    const isOfPanes = (isPaned: boolean | undefined) => isSliding && isPaned === true;
    const paned = this.gauges.unlogged((g) => g.isPast || isOfPanes(g.agg.isPaned));
    this.panes = new CellPlan(gauges, paned, limits);
    this.#isPaned = gauges.some((g) => isOfPanes(g.agg.isPaned));
    const count = Math.max(-1, ...logs.map((l) => l ?? -1)) + 1;
    this.#pastLogs = Array.from({ length: count }, (_, log) =>
      gauges.some((g, i) => g.isPast && logs[i] === log),
    );
    const { histories } = inputs.code;
    const resolutionUs = this.#resolutionUs;
    if (histories.length > 0) this.#past = new WindowPast({ histories, resolutionUs });
  }

  /** Whether a key is worth keeping for its past alone. */
  get hasPast(): boolean {
    return this.#past !== undefined;
  }

  newState(lostUs: number): WindowState {
    return {
      kept: [],
      cells: emptyLog(),
      logs: this.#pastLogs.map(() => emptyLog<Entry>()),
      past: undefined,
      lostUs,
      dueUs: Number.POSITIVE_INFINITY,
      timer: { ...notDue },
    };
  }

  // ---------- what comes and goes ----------

  /** Takes in what an event says; the evidence is kept by `keep`. */
  add(state: WindowState, event: EventData): WindowSample {
    const sample = this.gauges.sample(event);
    const isLossy = state.lostUs !== Number.NEGATIVE_INFINITY;
    state.past ??= this.#past?.begin(event, isLossy);
    if (this.#past || !this.panes.isEmpty) this.#addToPane(state, sample);
    const seen = new Set<number>();
    for (const [index, log] of this.gauges.logs.entries()) {
      if (log === undefined || seen.has(log)) continue;
      seen.add(log);
      const value = sample.isTaken(index) ? sample.value(index) : undefined;
      if (value !== undefined) this.#addToLog(state, log, { ts: event.ts, value });
    }
    return sample;
  }

  /** The event is evidence from now on. */
  keep({ kept }: WindowState, event: EventData): void {
    kept.push(this.#kept.of(event));
    if (kept.length > evidenceKept) kept.shift();
  }

  /** Lets go of panes and values that no window from `at` on needs; those since `us` are shown. */
  forget(state: WindowState, at: number, us: number): void {
    const pastFrom = state.past ? this.startOfPanes(state.past.nextUs) : Number.POSITIVE_INFINITY;
    forgetUpTo(state.cells, Math.min(this.startOfPanes(at), pastFrom));
    for (const [i, log] of state.logs.entries())
      forgetUpTo(log, this.#pastLogs[i] ? Math.min(us, pastFrom) : us);
  }

  #addToPane({ cells }: WindowState, sample: WindowSample): void {
    const newest = newestOf(cells);
    const isIn =
      newest && sample.ts <= Math.ceil(newest.ts / this.#resolutionUs) * this.#resolutionUs;
    const cell = isIn ? newest : this.panes.empty();
    this.panes.add(cell, sample);
    if (!isIn) append(cells, cell);
  }

  #addToLog(state: WindowState, index: number, entry: Entry): void {
    const log = state.logs[index];
    if (!log) return;
    append(log, entry);
    if (countOf(log) <= this.#inputs.pattern.maxEvents) return;
    const oldest = forgetOldest(log);
    this.evicted++;
    if (oldest) state.lostUs = Math.max(state.lostUs, oldest.ts);
    if (state.past && this.#pastLogs[index]) state.past.isLossy = true;
  }

  // ---------- what it comes to ----------

  /** What is later than this is in the panes of a window that ends at `at`; both µs. */
  startOfPanes(at: number): number {
    return Math.floor((at - this.sizeUs) / this.#resolutionUs) * this.#resolutionUs;
  }

  /** What is not later than this is of no use to a window that ends at `at` or later; both µs. */
  startOf(at: number): number {
    return this.#isPaned ? this.startOfPanes(at) : at - this.sizeUs;
  }

  /** The panes that end in (from, to], oldest first; both µs. */
  panesIn({ cells }: WindowState, from: number, to: number): Cell[] {
    return slice(cells, firstAfter(cells, from), firstAfter(cells, to));
  }

  /**
   * The value of a gauge that is answered by values themselves: by those in (from, to], µs; or from
   * then on up to the entry of each log that is given.
   */
  valueOfLog(
    state: WindowState,
    index: number,
    from: number,
    to: number | readonly (Entry | undefined)[],
  ): Value {
    const number = this.gauges.logs[index] ?? -1;
    const log = state.logs[number];
    const agg = this.gauges.gauges[index]?.agg;
    if (!log || !agg) return undefined;
    const isTimed = typeof to === "number";
    const isBehind = !isTimed && newestOf(log) !== to[number];
    const end = isTimed ? firstAfter(log, to) : log.items.length - (isBehind ? 1 : 0);
    const entries = slice(log, firstAfter(log, from), end);
    return ofValues(
      agg,
      entries.map((e) => e.value),
    );
  }

  /** Folds in the panes that end before `before`, µs; all events up to then have come. */
  learn(state: WindowState, before: number): void {
    const { past, cells } = state;
    if (!past || past.nextUs >= before) return;
    // What came after the first of these ends came after all of them.
    const known = slice(cells, cells.head, firstAfter(cells, past.nextUs));
    const valueFrom = this.panes.valuesFrom(known, this.sizeUs);
    this.#past?.learn(past, before, (at) => this.#pastWindow(state, at, known, valueFrom));
  }

  #pastWindow(
    state: WindowState,
    at: number,
    known: readonly Cell[],
    valueFrom: (index: number, from: number) => Value,
  ): PastWindow {
    const { cells, kept } = state;
    const since = this.startOfPanes(at);
    const from = firstAfter(cells, since) - cells.head;
    const evidence = kept.filter((e) => e.ts > at - this.sizeUs && e.ts <= at);
    const aggregate = (index: number) =>
      this.panes.has(index) ? valueFrom(index, from) : this.valueOfLog(state, index, since, at);
    const taken = takenOf({ kept: evidence, count: 0, sinceUs: known[from]?.ts ?? at });
    return {
      view: { sizeUs: this.sizeUs, knownUs: 0, pasts: [], aggregate },
      captures: [taken],
      contents: `${from} ${evidence.length}`,
      isSilent: from >= known.length && known.length === countOf(cells),
    };
  }

  /** The key's past as known now, at `at`. */
  pastOf({ past }: WindowState, at: number): PastView {
    return past
      ? { knownUs: Math.max(0, at - past.sinceUs), pasts: past.known }
      : { knownUs: 0, pasts: [] };
  }

  holds(view: LiveView, at: number): boolean {
    return this.#inputs.code.having?.(undefined, { captures: [], view, at }) === true;
  }

  /** Whether something later than `us` was given up that a view from then on may lack. */
  isDoubtful({ lostUs, past }: WindowState, us: number): boolean {
    return lostUs > us || past?.isLossy === true;
  }

  match(
    { key, at, isIncomplete }: Pick<EngineMatch, "key" | "at" | "isIncomplete">,
    view: LiveView,
    evidence: Evidence,
  ): EngineMatch {
    const { sizeUs, knownUs, pasts } = view;
    const values = this.gauges.gauges.map((g, i) => (g.isShown ? view.aggregate(i) : undefined));
    return {
      rule: this.#inputs.rule,
      key,
      at,
      captures: [takenOf(evidence)],
      view: { values, sizeUs, knownUs, pasts },
      last: evidence.kept.at(-1),
      isIncomplete,
    };
  }
}

function takenOf({ kept, count, sinceUs }: Evidence): Taken | undefined {
  const [first] = kept;
  const last = kept.at(-1);
  return first && last && { first, last, count, kept, sinceUs };
}
