/** What windows of every shape have in common: views of a key's events, and what they come to. */
import {
  type EventData,
  evidenceKept,
  explainExprs,
  resolutionOf,
  someExpr,
  takenOf,
  type Win,
} from "#core";
import type { MatcherInputs } from "./pattern-matcher.ts";
import type { EngineMatch, EngineView } from "./scope.ts";
import type { WindowState } from "./window-form.ts";
import { append, countOf, emptyLog, forgetOldest, forgetUpTo } from "./window-log.ts";
import { WindowPast } from "./window-past.ts";

/** The past of a key as a view has it. */
export type PastView = Pick<EngineView, "knownUs" | "pasts">;

export class WindowJudge {
  readonly sizeUs: number;
  /** Events given up for room. */
  evicted = 0;
  readonly #inputs: MatcherInputs<Win>;
  readonly #resolutionUs: number;
  readonly #isPaned: boolean;
  readonly #past: WindowPast | undefined;

  /** `sizeUs`: the longest the window can be. */
  constructor(inputs: MatcherInputs<Win>, sizeUs: number) {
    this.#inputs = inputs;
    this.sizeUs = sizeUs;
    this.#resolutionUs = resolutionOf(inputs.pattern, sizeUs);
    this.#isPaned = asksForPanes(inputs);
    const { histories } = inputs.code;
    const paneStart = (at: number) => this.#paneStart(at);
    const resolutionUs = this.#resolutionUs;
    if (histories.length > 0)
      this.#past = new WindowPast({ histories, sizeUs, resolutionUs, paneStart });
  }

  /** Whether a key is worth keeping for its past alone. */
  get hasPast(): boolean {
    return this.#past !== undefined;
  }

  newState(key: string, lostUs: number): WindowState {
    const dueUs = Number.POSITIVE_INFINITY;
    return { key, log: emptyLog(), past: undefined, lostUs, dueUs };
  }

  /** Events up to this time are of no use to a window that ends at `at` or later; both µs. */
  startOf(at: number): number {
    return this.#isPaned ? this.#paneStart(at) : at - this.sizeUs;
  }

  /** Takes an event; beyond the bound the oldest goes and is returned. */
  add(state: WindowState, event: EventData): EventData | undefined {
    const isLossy = state.lostUs !== Number.NEGATIVE_INFINITY;
    state.past ??= this.#past?.begin(event, isLossy);
    append(state.log, event);
    if (countOf(state.log) <= this.#inputs.pattern.maxEvents) return undefined;
    const oldest = forgetOldest(state.log);
    this.evicted++;
    if (oldest) state.lostUs = Math.max(state.lostUs, oldest.ts);
    if (state.past) state.past.isLossy = true;
    return oldest;
  }

  /** Lets go the events up to `us` that the key's past has no use for either. */
  forgetUpTo(state: WindowState, us: number): void {
    const { past, log } = state;
    forgetUpTo(log, past ? Math.min(us, this.startOf(past.nextUs)) : us);
  }

  /** Folds in the panes that end before `before`, µs; the log has all events up to then. */
  learn({ past, log }: WindowState, before: number): void {
    if (past) this.#past?.learn(past, log, before);
  }

  /** The key's past as known now, at `at`. */
  pastOf({ past }: WindowState, at: number): PastView {
    return past
      ? { knownUs: Math.max(0, at - past.sinceUs), pasts: past.known }
      : { knownUs: 0, pasts: [] };
  }

  holds(view: EngineView, at: number): boolean {
    const captures = [takenOf(view.events, evidenceKept)];
    return this.#inputs.code.having?.(undefined, { captures, view, at }) === true;
  }

  /** Whether something later than `us` was given up that a view from then on may lack. */
  isDoubtful({ lostUs, past }: WindowState, us: number): boolean {
    return lostUs > us || past?.isLossy === true;
  }

  match(key: string, view: EngineView, at: number, isIncomplete: boolean): EngineMatch {
    return {
      rule: this.#inputs.rule,
      key,
      at,
      captures: [takenOf(view.events, evidenceKept)],
      window: view.events,
      view,
      last: view.events.at(-1),
      isIncomplete,
    };
  }

  #paneStart(at: number): number {
    return Math.floor((at - this.sizeUs) / this.#resolutionUs) * this.#resolutionUs;
  }
}

/** Whether anything the rule asks of its window is over whole panes. */
function asksForPanes({ rule, pattern }: MatcherInputs<Win>): boolean {
  const keys = [...(rule.suppress?.key ?? []), ...(rule.rate?.key ?? [])];
  const exprs = [
    pattern.having,
    ...explainExprs(rule),
    ...rule.exceptions.map((x) => x.when),
    ...keys.map((k) => k.expr),
    ...rule.subsumes.flatMap((s) => (s.key ?? []).map((k) => k.expr)),
  ];
  return exprs.some((e) => someExpr(e, (x) => x.op === "agg" && x.isPaned === true));
}
