/**
 * Tumbling and hopping windows: panes [k · every, k · every + size), aligned to the epoch, each
 * decided at its end, also when it is empty.
 *
 *     every      ├────┤
 *     pane k          ├───────────┤ decided here
 *     pane k + 1           ├───────────┤
 *
 * Decided are the panes in which, or in the window's size before which, the key had an event, and
 * those through which the entity that the key stands for was up. Neighbouring panes for which the
 * condition is true are a run, reported once: at the first, under `emit close` when the first pane
 * after them ends.
 */
import {
  durationOf,
  type EntityLife,
  type EntityRef,
  type EventData,
  keyText,
  onlyGrows,
  type Win,
  withDoubt,
} from "#core";
import type { EngineMatch, LiveView } from "../../code/scope.ts";
import type { Conclusion } from "../../intake/source-states.ts";
import { isToldAgain } from "../going-on.ts";
import type { MatcherInputs } from "../pattern-matcher.ts";
import { type Cell, CellPlan } from "./cells.ts";
import type { WindowForm, WindowState } from "./form.ts";
import type { WindowSample } from "./gauges.ts";
import type { PastView, WindowJudge } from "./judge.ts";

interface Run {
  /** Numbers of its first and its last pane. */
  readonly first: number;
  last: number;
  /** The key's past, and what it stands for, as of the last pane. */
  past: PastView;
  subject: EntityRef | undefined;
  /** The silence of a pane was not proven. */
  isFlagged: boolean;
  /** An event that may count against it, or something that was given up. */
  isDoubtful: boolean;
  /** What has come in its panes, under `emit close`. */
  cell: Cell | undefined;
  kept: readonly EventData[];
}

interface Numbered {
  readonly number: number;
  readonly cell: Cell;
}

export interface PaneState extends WindowState {
  /** Number of the last pane that is decided. */
  decided: number;
  /** Panes near an event, as far as they are not decided; a range, as later events come later. */
  nearFrom: number;
  nearTo: number;
  /** Lives that panes still to be decided may be in. */
  lives: EntityLife[];
  /** From then on all lives are known, µs: before, the key may have been given up with some. */
  livesFrom: number;
  /** The first event of unknown truth in each `every` that a pane still to be decided has, µs. */
  doubtful: number[];
  /** Panes that hold an event and are still to be decided, oldest first. */
  open: Numbered[];
  /** Of each pane to be decided what the one before does not hold; where a run may need it. */
  parts: Numbered[];
  /** The evidence when a pane ended, where more has come before it is decided. */
  before: { readonly number: number; readonly kept: readonly EventData[] } | undefined;
  run: Run | undefined;
}

/** Lives kept of one entity; of more the one that began first is forgotten. */
const livesMost = 16;

export class PanesForm implements WindowForm<PaneState> {
  readonly isImmediate = false;
  /** Keys are forgotten when nothing more is decided about them. */
  readonly lifeUs = Number.POSITIVE_INFINITY;
  startUs: number | undefined;
  readonly #inputs: MatcherInputs<Win>;
  readonly #judge: WindowJudge;
  readonly #sizeUs: number;
  readonly #everyUs: number;
  readonly #isClosing: boolean;
  readonly #isGrowing: boolean;
  readonly #cells: CellPlan;
  /** What entities the keys are; undefined where they are something else. */
  readonly #entity: string | undefined;

  constructor(inputs: MatcherInputs<Win>, judge: WindowJudge) {
    this.#inputs = inputs;
    this.startUs = inputs.startUs;
    this.#judge = judge;
    this.#sizeUs = judge.sizeUs;
    const { shape, having, step } = inputs.pattern;
    this.#everyUs = shape.shape === "hop" ? durationOf(shape.every, inputs.params) : this.#sizeUs;
    this.#isClosing = inputs.rule.policy.emit === "close";
    this.#isGrowing = onlyGrows(having);
    const { gauges, limits } = judge.gauges;
    this.#cells = new CellPlan(
      gauges,
      judge.gauges.unlogged(() => true),
      limits,
    );
    const [part, more] = step.key;
    this.#entity = part?.expr.op === "entity" && !more ? part.expr.kind : undefined;
  }

  begin(state: WindowState, isAgain: boolean): PaneState {
    const none = Number.NEGATIVE_INFINITY;
    return {
      ...state,
      decided: none,
      nearFrom: Number.POSITIVE_INFINITY,
      nearTo: none,
      lives: [],
      livesFrom: isAgain && this.#entity !== undefined ? Number.POSITIVE_INFINITY : none,
      doubtful: [],
      open: [],
      parts: [],
      before: undefined,
      run: undefined,
    };
  }

  isAdvanced(state: PaneState): boolean {
    const before = state.kept.at(-2);
    const isMore = before !== undefined && before.ts >= this.#startOf(state.decided + 1);
    return isMore || state.lives.length > 0;
  }

  keyOf(life: EntityLife): string | undefined {
    return life.kind === this.#entity ? JSON.stringify([keyText(life.key)]) : undefined;
  }

  live(state: PaneState, life: EntityLife, now: number, isLatest: boolean): void {
    const open = Math.ceil((now - this.#sizeUs) / this.#everyUs);
    state.decided = Math.max(state.decided, open - 1);
    const others = state.lives.filter((x) => x.up !== life.up && this.#isNear(x, state.decided));
    const lives = [...others, life].sort((a, b) => a.up - b.up);
    if (lives.length > livesMost) {
      lives.shift();
      this.#judge.evicted++;
      state.lostUs = Math.max(state.lostUs, now);
    }
    state.lives = lives;
    // Of a key that was given up a later one may have been lost, which says more than this one.
    if (isLatest) state.livesFrom = Math.min(state.livesFrom, life.up);
    state.dueUs = this.#nextDue(state);
  }

  take(_: string, state: PaneState, event: EventData, isCertain: boolean): void {
    if (isCertain) this.#add(state, event);
    else this.#doubt(state, event.ts);
    state.dueUs = this.#nextDue(state);
  }

  decide(key: string, state: PaneState, at: number): boolean {
    const number = (at - this.#sizeUs) / this.#everyUs;
    if (Number.isInteger(number) && number > state.decided) {
      this.#decidePane(key, state, number);
      state.decided = number;
    }
    this.#forget(state);
    state.dueUs = this.#nextDue(state);
    return state.dueUs > at;
  }

  /** What the last pane held is gone, so that the next one that is true begins a run. */
  recheck(state: PaneState): void {
    state.run = undefined;
    state.dueUs = this.#nextDue(state);
  }

  #add(state: PaneState, event: EventData): void {
    this.#keepBefore(state, event.ts);
    this.#judge.learn(state, event.ts);
    const sample = this.#judge.add(state, event);
    this.#judge.keep(state, event);
    const first = Math.floor((event.ts - this.#sizeUs) / this.#everyUs) + 1;
    const last = Math.floor(event.ts / this.#everyUs);
    for (const pane of state.open) if (pane.number >= first) this.#cells.add(pane.cell, sample);
    const next = Math.max(first, (state.open.at(-1)?.number ?? first - 1) + 1, state.decided + 1);
    for (let number = next; number <= last; number++)
      state.open.push({ number, cell: this.#cellOf(sample) });
    if (this.#isClosing) this.#addPart(state, first, sample);
    this.#near(state, event.ts);
  }

  /** Events at the very end of a pane come before it is decided, and do not belong to it. */
  #keepBefore(state: PaneState, ts: number): void {
    const number = (ts - this.#sizeUs) / this.#everyUs;
    const isKept = state.before?.number === number;
    if (Number.isInteger(number) && number > state.decided && !isKept)
      state.before = { number, kept: [...state.kept] };
  }

  #cellOf(sample: WindowSample): Cell {
    const cell = this.#cells.empty();
    this.#cells.add(cell, sample);
    return cell;
  }

  /** `number` is the first pane that holds the event. */
  #addPart({ parts }: PaneState, number: number, sample: WindowSample): void {
    const newest = parts.at(-1);
    if (newest?.number === number) this.#cells.add(newest.cell, sample);
    else parts.push({ number, cell: this.#cellOf(sample) });
  }

  #startOf(number: number): number {
    return number * this.#everyUs;
  }

  #endOf(number: number): number {
    return this.#startOf(number) + this.#sizeUs;
  }

  // ---------- which panes ----------

  /** Panes that hold the time `ts`, and those that begin within the window's size after it. */
  #near(state: PaneState, ts: number): void {
    const first = Math.floor((ts - this.#sizeUs) / this.#everyUs) + 1;
    // What lies between is over; only what the ranges share or touch may not be decided yet.
    if (first > state.nearTo + 1) state.nearFrom = first;
    state.nearTo = Math.floor((ts + this.#sizeUs) / this.#everyUs);
  }

  /** When the next pane ends, or when there is nothing left to be kept for. */
  #nextDue(state: PaneState): number {
    const { decided, nearFrom, nearTo, lives, run } = state;
    let next = Number.POSITIVE_INFINITY;
    const near = Math.max(decided + 1, nearFrom);
    if (near <= nearTo) next = near;
    for (const life of lives) next = Math.min(next, this.#nextOf(life, decided));
    if (run) next = Math.min(next, run.last + 1);
    return next < Number.POSITIVE_INFINITY ? this.#endOf(next) : this.#usefulUntil(state);
  }

  /** The first pane after `decided` through the whole of which `life` lasts; or infinity. */
  #nextOf(life: EntityLife, decided: number): number {
    const number = Math.max(decided + 1, this.#firstOf(life));
    const isWhole = life.down === undefined || this.#endOf(number) <= life.down;
    return isWhole ? number : Number.POSITIVE_INFINITY;
  }

  #firstOf(life: EntityLife): number {
    const start = Math.max(life.up, this.startUs ?? Number.NEGATIVE_INFINITY);
    return Math.ceil(start / this.#everyUs);
  }

  #isDue({ nearFrom, nearTo, lives }: PaneState, number: number): boolean {
    if (number >= nearFrom && number <= nearTo) return true;
    return lives.some((life) => this.#nextOf(life, number - 1) === number);
  }

  #usefulUntil(state: PaneState): number {
    if (state.past) return Number.POSITIVE_INFINITY;
    const unknown = state.doubtful.at(-1) ?? Number.NEGATIVE_INFINITY;
    const ends = state.lives.map((l) => (l.down ?? 0) + 2 * this.#sizeUs);
    return Math.max(unknown + this.#sizeUs, ...ends);
  }

  // ---------- what is found in one ----------

  #decidePane(key: string, state: PaneState, number: number): void {
    const cell = state.open.find((p) => p.number === number)?.cell ?? this.#cells.empty();
    const conclusion = this.#isDue(state, number) ? this.#conclude(state, number, cell) : "drop";
    if (conclusion === "hold" || conclusion === "drop") {
      this.#close(key, state);
      return;
    }
    const isFirst = state.run === undefined;
    const run = state.run ?? this.#begun(state, number);
    state.run = run;
    run.last = number;
    run.past = this.#judge.pastOf(state, this.#endOf(number));
    run.subject = this.#subjectAt(state, number);
    run.isFlagged ||= conclusion === "flag";
    const from = this.#startOf(number);
    run.isDoubtful ||= this.#hasUnknown(state, number) || this.#isDoubtful(state, from);
    if (this.#isClosing) this.#goOn(key, state, run, cell);
    else if (isFirst) this.#report(key, state, { ...run, ...this.#contents(state, run, cell) });
  }

  #begun(state: PaneState, number: number): Run {
    const before = this.#startOf(number) - this.#everyUs;
    return {
      first: number,
      last: number,
      past: { knownUs: 0, pasts: [] },
      subject: undefined,
      isFlagged: false,
      // What is not known of the pane before leaves open whether this is the first one.
      isDoubtful: this.#isDoubtful(state, before),
      cell: undefined,
      kept: [],
    };
  }

  /** One pane more is true, that of `cell`; what it comes to is told at some lengths of the run. */
  #goOn(key: string, state: PaneState, run: Run, cell: Cell): void {
    this.#lengthen(state, run, cell);
    const { first, last } = run;
    const length = last - first + 1;
    const { onGoingOn } = this.#inputs;
    if (!onGoingOn || !isToldAgain(length - 1, length, 1)) return;
    // Before that it is over, or has become twice as long.
    onGoingOn(this.#matchOf(key, state, run, this.#endOf(last)), this.#endOf(last + length));
  }

  /** `cell` is that of the run's last pane. */
  #lengthen(state: PaneState, run: Run, cell: Cell): void {
    const part = state.parts.find((p) => p.number === run.last);
    if (run.cell && part) this.#cells.merge(run.cell, part.cell);
    Object.assign(run, this.#contents(state, run, run.cell ?? cell));
  }

  #contents(state: PaneState, { first, last }: Run, cell: Cell): Pick<Run, "cell" | "kept"> {
    const kept = this.#keptUntil(state, last).filter((e) => e.ts >= this.#startOf(first));
    return { cell, kept };
  }

  /** Whether something that a pane which starts at `us` may lack was given up. */
  #isDoubtful(state: PaneState, us: number): boolean {
    return us < state.livesFrom || this.#judge.isDoubtful(state, us - 1);
  }

  #keptUntil({ before, kept }: PaneState, number: number): readonly EventData[] {
    return before?.number === number ? before.kept : kept;
  }

  /** `drop` also when the condition is not true. */
  #conclude(state: PaneState, number: number, cell: Cell): Conclusion {
    const end = this.#endOf(number);
    this.#judge.learn(state, end);
    const view = this.#viewOf(state, cell, number, number, this.#judge.pastOf(state, end));
    if (!this.#judge.holds(view, end)) return "drop";
    if (this.#isGrowing) return "sound";
    const { pattern, concludes } = this.#inputs;
    return concludes(pattern.step.kinds, end - this.#sizeUs, end);
  }

  #viewOf(state: PaneState, cell: Cell, first: number, last: number, past: PastView): LiveView {
    const [from, to] = [this.#startOf(first), this.#endOf(last)];
    const sizeUs = to - from;
    const aggregate = (index: number) =>
      this.#cells.has(index)
        ? this.#cells.valueOver(index, [cell], sizeUs)
        : this.#judge.valueOfLog(state, index, from - 1, to - 1);
    return { sizeUs, ...past, aggregate };
  }

  #close(key: string, state: PaneState): void {
    const { run } = state;
    state.run = undefined;
    if (run && this.#isClosing) this.#report(key, state, run);
  }

  /** At the end of the run's first pane; under `emit close` of the first one after it. */
  #report(key: string, state: PaneState, run: Run): void {
    const at = this.#endOf(this.#isClosing ? run.last + 1 : run.first);
    this.#inputs.emit(this.#matchOf(key, state, run, at));
  }

  /** What the run comes to, known at `at`, µs. */
  #matchOf(key: string, state: PaneState, run: Run, at: number): EngineMatch {
    const { first, last, kept, subject } = run;
    const cell = run.cell ?? this.#cells.empty();
    const view = this.#viewOf(state, cell, first, last, run.past);
    const count = Number(view.aggregate(this.#judge.gauges.count));
    const isIncomplete = run.isDoubtful || this.#isDoubtful(state, this.#startOf(first));
    const evidence = { kept, count, sinceUs: cell.ts };
    const found = this.#judge.match({ key, at, isIncomplete }, view, evidence);
    const match = this.#isClosing ? { ...found, beganUs: this.#startOf(first) } : found;
    const known: EngineMatch = match.last || !subject ? match : { ...match, subject };
    return run.isFlagged ? withDoubt(known, [0]) : known;
  }

  /** What the key stands for: the entity's last life around the pane. */
  #subjectAt({ lives }: PaneState, number: number): EntityRef | undefined {
    const from = this.#startOf(number) - this.#sizeUs;
    return lives.findLast(
      (life) => life.up < this.#endOf(number) && (life.down === undefined || life.down > from),
    )?.chain;
  }

  // ---------- what is kept ----------

  #doubt(state: PaneState, ts: number): void {
    const cell = Math.floor(ts / this.#everyUs);
    const last = state.doubtful.at(-1);
    if (last === undefined || Math.floor(last / this.#everyUs) < cell) state.doubtful.push(ts);
  }

  /** Whether an event that could make the condition false may or may not be in the pane. */
  #hasUnknown({ doubtful }: PaneState, number: number): boolean {
    if (this.#isGrowing) return false;
    const [from, to] = [this.#startOf(number), this.#endOf(number)];
    return doubtful.some((ts) => ts >= from && ts < to);
  }

  #forget(state: PaneState): void {
    const { decided, run } = state;
    const from = this.#startOf(decided + 1);
    const shown = run && this.#isClosing ? this.#startOf(run.first) : from;
    this.#judge.forget(state, Number.POSITIVE_INFINITY, Math.min(from, shown) - 1);
    state.open = state.open.filter((p) => p.number > decided);
    state.parts = state.parts.filter((p) => p.number > decided);
    if (state.before && state.before.number <= decided) state.before = undefined;
    state.doubtful = state.doubtful.filter((ts) => ts >= from);
    state.lives = state.lives.filter((life) => this.#isNear(life, decided));
  }

  /** Whether a pane after `decided` may ask for the life. */
  #isNear({ down }: EntityLife, decided: number): boolean {
    return down === undefined || down > this.#startOf(decided + 1) - this.#sizeUs;
  }
}
