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
import type { MatcherInputs } from "./pattern-matcher.ts";
import type { EngineMatch } from "./scope.ts";
import type { Conclusion } from "./source-states.ts";
import type { WindowForm, WindowState } from "./window-form.ts";
import type { PastView, WindowJudge } from "./window-judge.ts";
import { countOf, firstAfter, slice } from "./window-log.ts";

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
}

export interface PaneState extends WindowState {
  /** Number of the last pane that is decided. */
  decided: number;
  /** Panes near an event, as far as they are not decided; a range, as later events come later. */
  nearFrom: number;
  nearTo: number;
  /** Lives that panes still to be decided may be in. */
  lives: EntityLife[];
  /** The first event of unknown truth in each `every` that a pane still to be decided has, µs. */
  doubtful: number[];
  run: Run | undefined;
}

/** Lives kept of one entity; of more the one that began first is forgotten. */
const livesMost = 16;

export class PanesForm implements WindowForm<PaneState> {
  readonly isImmediate = false;
  /** Keys are forgotten when nothing more is decided about them. */
  readonly lifeUs = Number.POSITIVE_INFINITY;
  readonly #inputs: MatcherInputs<Win>;
  readonly #judge: WindowJudge;
  readonly #sizeUs: number;
  readonly #everyUs: number;
  readonly #isClosing: boolean;
  readonly #isGrowing: boolean;
  /** What entities the keys are; undefined where they are something else. */
  readonly #entity: string | undefined;

  constructor(inputs: MatcherInputs<Win>, judge: WindowJudge) {
    this.#inputs = inputs;
    this.#judge = judge;
    this.#sizeUs = judge.sizeUs;
    const { shape, having, step } = inputs.pattern;
    this.#everyUs = shape.shape === "hop" ? durationOf(shape.every, inputs.params) : this.#sizeUs;
    this.#isClosing = inputs.rule.policy.emit === "close";
    this.#isGrowing = onlyGrows(having);
    const [part, more] = step.key;
    this.#entity = part?.expr.op === "entity" && !more ? part.expr.kind : undefined;
  }

  begin(state: WindowState): PaneState {
    const none = Number.NEGATIVE_INFINITY;
    return {
      ...state,
      decided: none,
      nearFrom: Number.POSITIVE_INFINITY,
      nearTo: none,
      lives: [],
      doubtful: [],
      run: undefined,
    };
  }

  isAdvanced(state: PaneState): boolean {
    return countOf(state.log) > 1 || state.lives.length > 0;
  }

  keyOf(life: EntityLife): string | undefined {
    return life.kind === this.#entity ? JSON.stringify([keyText(life.key)]) : undefined;
  }

  live(state: PaneState, life: EntityLife, now: number): void {
    const others = state.lives.filter((x) => x.up !== life.up);
    const lives = [...others, life].sort((a, b) => a.up - b.up);
    if (lives.length > livesMost) {
      lives.shift();
      this.#judge.evicted++;
      state.lostUs = Math.max(state.lostUs, now);
    }
    state.lives = lives;
    const open = Math.ceil((now - this.#sizeUs) / this.#everyUs);
    state.decided = Math.max(state.decided, open - 1);
    state.dueUs = this.#nextDue(state);
  }

  take(state: PaneState, event: EventData, isCertain: boolean): void {
    if (isCertain) {
      this.#judge.add(state, event);
      this.#near(state, event.ts);
    } else this.#doubt(state, event.ts);
    state.dueUs = this.#nextDue(state);
  }

  decide(state: PaneState, at: number): boolean {
    const number = (at - this.#sizeUs) / this.#everyUs;
    if (Number.isInteger(number) && number > state.decided) {
      this.#decidePane(state, number);
      state.decided = number;
    }
    this.#forget(state);
    state.dueUs = this.#nextDue(state);
    return state.dueUs > at;
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
    const start = Math.max(life.up, this.#inputs.startUs ?? Number.NEGATIVE_INFINITY);
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

  #decidePane(state: PaneState, number: number): void {
    const conclusion = this.#isDue(state, number) ? this.#conclude(state, number) : "drop";
    if (conclusion === "hold" || conclusion === "drop") {
      this.#close(state);
      return;
    }
    const from = this.#startOf(number);
    const run: Run = state.run ?? {
      first: number,
      last: number,
      past: { knownUs: 0, pasts: [] },
      subject: undefined,
      isFlagged: false,
      // What is not known of the pane before leaves open whether this is the first one.
      isDoubtful: this.#judge.isDoubtful(state, from - this.#everyUs - 1),
    };
    run.last = number;
    run.past = this.#judge.pastOf(state, this.#endOf(number));
    run.subject = this.#subjectAt(state, number);
    run.isFlagged ||= conclusion === "flag";
    run.isDoubtful ||= this.#hasUnknown(state, number) || this.#judge.isDoubtful(state, from - 1);
    if (!this.#isClosing && !state.run) this.#report(state, run, this.#endOf(number));
    state.run = run;
  }

  /** `drop` also when the condition is not true. */
  #conclude(state: PaneState, number: number): Conclusion {
    const end = this.#endOf(number);
    this.#judge.learn(state, end);
    const events = this.#eventsIn(state, number, number);
    const past = this.#judge.pastOf(state, end);
    const view = { events, paned: events, sizeUs: this.#sizeUs, ...past };
    if (!this.#judge.holds(view, end)) return "drop";
    if (this.#isGrowing) return "sound";
    const { pattern, concludes } = this.#inputs;
    return concludes(pattern.step.kinds, end - this.#sizeUs, end);
  }

  #eventsIn({ log }: PaneState, first: number, last: number): readonly EventData[] {
    const from = firstAfter(log, this.#startOf(first) - 1);
    return slice(log, from, firstAfter(log, this.#endOf(last) - 1));
  }

  #close(state: PaneState): void {
    const { run } = state;
    state.run = undefined;
    if (run && this.#isClosing) this.#report(state, run, this.#endOf(run.last + 1));
  }

  #report(state: PaneState, run: Run, at: number): void {
    const events = this.#eventsIn(state, run.first, run.last);
    const sizeUs = this.#endOf(run.last) - this.#startOf(run.first);
    const view = { events, paned: events, sizeUs, ...run.past };
    const isDoubtful =
      run.isDoubtful || this.#judge.isDoubtful(state, this.#startOf(run.first) - 1);
    const match = this.#judge.match(state.key, view, at, isDoubtful);
    const { subject } = run;
    const known: EngineMatch = match.last || !subject ? match : { ...match, subject };
    this.#inputs.emit(run.isFlagged ? withDoubt(known, [0]) : known);
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
    const from = this.#startOf(state.decided + 1);
    const shown = state.run && this.#isClosing ? this.#startOf(state.run.first) : from;
    this.#judge.forgetUpTo(state, Math.min(from, shown) - 1);
    state.doubtful = state.doubtful.filter((ts) => ts >= from);
    state.lives = state.lives.filter((l) => l.down === undefined || l.down > from - this.#sizeUs);
  }
}
