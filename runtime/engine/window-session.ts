/**
 * Sessions: events less than `gap` apart, cut at `max` after the first; each decided at its end. An
 * event that comes exactly when a session ends belongs to the next one.
 */
import { durationOf, type EventData, type Win } from "#core";
import type { MatcherInputs } from "./pattern-matcher.ts";
import type { WindowForm, WindowState } from "./window-form.ts";
import type { WindowJudge } from "./window-judge.ts";
import { countOf, firstAfter, slice } from "./window-log.ts";

interface Session {
  readonly fromUs: number;
  /** Its last event, µs. */
  lastUs: number;
  /** Whether it may have begun earlier, for what was given up. */
  readonly isDoubtful: boolean;
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

  constructor(inputs: MatcherInputs<Win>, judge: WindowJudge) {
    this.#inputs = inputs;
    this.#judge = judge;
    const { shape } = inputs.pattern;
    this.#gapUs = shape.shape === "session" ? durationOf(shape.gap, inputs.params) : 0;
    this.#maxUs = judge.sizeUs;
    this.lifeUs = judge.hasPast ? Number.POSITIVE_INFINITY : this.#gapUs;
  }

  begin(state: WindowState): SessionState {
    return { ...state, session: undefined };
  }

  isAdvanced(state: SessionState): boolean {
    return countOf(state.log) > 1;
  }

  take(state: SessionState, event: EventData): void {
    if (state.session && event.ts >= this.#endOf(state.session)) this.#end(state, state.session);
    const fromUs = state.session?.fromUs ?? event.ts;
    if (!state.past) this.#judge.forgetUpTo(state, fromUs - 1);
    const isDoubtful = this.#judge.isDoubtful(state, event.ts - this.#gapUs);
    this.#judge.add(state, event);
    state.session ??= { fromUs, lastUs: event.ts, isDoubtful };
    state.session.lastUs = event.ts;
    state.dueUs = this.#endOf(state.session);
  }

  decide(state: SessionState): boolean {
    if (state.session) this.#end(state, state.session);
    return true;
  }

  #endOf({ fromUs, lastUs }: Session): number {
    return Math.min(lastUs + this.#gapUs, fromUs + this.#maxUs);
  }

  #end(state: SessionState, session: Session): void {
    const at = this.#endOf(session);
    const { fromUs } = session;
    this.#judge.learn(state, at);
    const events = slice(state.log, firstAfter(state.log, fromUs - 1));
    const past = this.#judge.pastOf(state, at);
    const view = { events, paned: events, sizeUs: at - fromUs, ...past };
    const isDoubtful = session.isDoubtful || this.#judge.isDoubtful(state, fromUs - 1);
    if (this.#judge.holds(view, at))
      this.#inputs.emit(this.#judge.match(state.key, view, at, isDoubtful));
    // Where this one ends decides where the next one begins.
    if (isDoubtful) state.lostUs = Math.max(state.lostUs, session.lastUs);
    this.#judge.forgetUpTo(state, session.lastUs);
    state.session = undefined;
    state.dueUs = Number.POSITIVE_INFINITY;
  }
}
