/**
 * Sessions: events less than `gap` apart, cut at `max` after the first; each decided at its end. An
 * event that comes exactly when a session ends belongs to the next one.
 */
import { durationOf, type EventData, type Win } from "#core";
import type { MatcherInputs } from "../pattern-matcher.ts";
import { type Cell, CellPlan } from "./cells.ts";
import type { WindowForm, WindowState } from "./form.ts";
import type { WindowJudge } from "./judge.ts";

interface Session {
  readonly fromUs: number;
  /** Its last event, µs. */
  lastUs: number;
  /** Whether it may have begun earlier, for what was given up. */
  readonly isDoubtful: boolean;
  readonly cell: Cell;
}

export interface SessionState extends WindowState {
  session: Session | undefined;
}

export class SessionForm implements WindowForm<SessionState> {
  readonly isImmediate = false;
  readonly lifeUs: number;
  readonly #inputs: MatcherInputs<Win>;
  readonly #judge: WindowJudge;
  readonly #gapUs: number;
  readonly #maxUs: number;
  readonly #cells: CellPlan;

  constructor(inputs: MatcherInputs<Win>, judge: WindowJudge) {
    this.#inputs = inputs;
    this.#judge = judge;
    const { shape } = inputs.pattern;
    this.#gapUs = shape.shape === "session" ? durationOf(shape.gap, inputs.params) : 0;
    this.#maxUs = judge.sizeUs;
    const { gauges, limits } = judge.gauges;
    this.#cells = new CellPlan(
      gauges,
      judge.gauges.unlogged(() => true),
      limits,
    );
    this.lifeUs = judge.hasPast ? Number.POSITIVE_INFINITY : this.#gapUs;
  }

  begin(state: WindowState): SessionState {
    return { ...state, session: undefined };
  }

  isAdvanced({ kept, session }: SessionState): boolean {
    const before = kept.at(-2);
    return before !== undefined && session !== undefined && before.ts >= session.fromUs;
  }

  take(key: string, state: SessionState, event: EventData): void {
    const { ts } = event;
    if (state.session && ts >= this.#endOf(state.session)) this.#end(key, state, state.session);
    this.#judge.learn(state, ts);
    const fromUs = state.session?.fromUs ?? ts;
    this.#judge.forget(state, Number.POSITIVE_INFINITY, fromUs - 1);
    const isDoubtful = this.#judge.isDoubtful(state, ts - this.#gapUs);
    const sample = this.#judge.add(state, event);
    this.#judge.keep(state, event);
    state.session ??= { fromUs, lastUs: ts, isDoubtful, cell: this.#cells.empty() };
    state.session.lastUs = ts;
    this.#cells.add(state.session.cell, sample);
    state.dueUs = this.#endOf(state.session);
  }

  decide(key: string, state: SessionState): boolean {
    if (state.session) this.#end(key, state, state.session);
    return true;
  }

  #endOf({ fromUs, lastUs }: Session): number {
    return Math.min(lastUs + this.#gapUs, fromUs + this.#maxUs);
  }

  #end(key: string, state: SessionState, session: Session): void {
    const at = this.#endOf(session);
    const { fromUs, lastUs, cell } = session;
    this.#judge.learn(state, at);
    const sizeUs = at - fromUs;
    const aggregate = (index: number) =>
      this.#cells.has(index)
        ? this.#cells.valueOver(index, [cell], sizeUs)
        : this.#judge.valueOfLog(state, index, fromUs - 1, lastUs);
    const view = { sizeUs, ...this.#judge.pastOf(state, at), aggregate };
    const isIncomplete = session.isDoubtful || this.#judge.isDoubtful(state, fromUs - 1);
    if (this.#judge.holds(view, at)) {
      const kept = state.kept.filter((e) => e.ts >= fromUs);
      const count = Number(aggregate(this.#judge.gauges.count));
      const evidence = { kept, count, sinceUs: fromUs };
      this.#inputs.emit(this.#judge.match({ key, at, isIncomplete }, view, evidence));
    }
    // Where this one ends decides where the next one begins.
    if (isIncomplete) state.lostUs = Math.max(state.lostUs, lastUs);
    this.#judge.forget(state, Number.POSITIVE_INFINITY, lastUs);
    state.session = undefined;
    state.dueUs = Number.POSITIVE_INFINITY;
  }
}
