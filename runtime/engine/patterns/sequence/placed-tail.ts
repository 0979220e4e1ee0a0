/**
 * A last step that repeats, while its run is still open: it takes events until its minimum is
 * reached, or, with `emit close`, until its upper bound, `until` or the end of the span.
 */
import {
  arePlaceable,
  capturesOf,
  chainOf,
  type Entry,
  endOf,
  isCertain,
  isWithinSpan,
  tiesOf,
} from "./placed-chain.ts";
import type { JudgeEntry, PlacedWays, Way } from "./placed-ways.ts";
import type { SequencePlan } from "./plan.ts";

export interface Tail {
  /** All steps are bound, the last one with the first event of its run. */
  readonly way: Way;
  run: readonly Entry[];
  /** `until` was unknown on some event. */
  isUnknown: boolean;
  /** Under `strict`: something else has happened, the run has ended. */
  isBroken: boolean;
  /** The event that ended it. */
  cancel: Entry | undefined;
  state: "open" | "complete" | "dead";
  /** When its span ends, µs, and the place of the event that began it; -1 while none has. */
  at: number;
  number: number;
}

export function tailOf(way: Way): Tail {
  const run = way.runs.at(-1) ?? [];
  return {
    way,
    run,
    isUnknown: false,
    isBroken: false,
    cancel: undefined,
    state: "open",
    at: Number.POSITIVE_INFINITY,
    number: -1,
  };
}

/** The way with the run as long as it is. */
export function grown({ way, run, isUnknown }: Tail): Way {
  const runs = way.runs.with(-1, run);
  return { ...way, runs, isIncomplete: way.isIncomplete || isUnknown };
}

export class TailGrowth {
  readonly #plan: SequencePlan;
  readonly #ways: PlacedWays;
  readonly #judge: JudgeEntry;

  constructor(plan: SequencePlan, ways: PlacedWays, judge: JudgeEntry) {
    this.#plan = plan;
    this.#ways = ways;
    this.#judge = judge;
  }

  /** Shows the tail the next entry in ≺; `entries` are all that are known. */
  meet(entries: readonly Entry[], tail: Tail, x: Entry): void {
    if (tail.state !== "open") return;
    if (this.#plan.isClosing) this.#goOn(entries, tail, x);
    else this.#reachMinimum(tail, x);
  }

  /** The span is over. */
  close(tail: Tail): void {
    if (tail.state === "open") tail.state = tail.run.length < this.#slot.min ? "dead" : "complete";
  }

  get #slot() {
    const slot = this.#plan.slots.at(-1);
    if (!slot) throw new Error("a sequence has a step");
    return slot;
  }

  #reachMinimum(tail: Tail, x: Entry): void {
    if (!this.#isCandidate(tail, x)) return;
    const runs = tail.way.runs.with(-1, [...tail.run, x]);
    if (!arePlaceable(tiesOf(this.#plan, runs))) return;
    tail.run = [...tail.run, x];
    if (tail.run.length >= this.#slot.min) tail.state = "complete";
  }

  #goOn(entries: readonly Entry[], tail: Tail, x: Entry): void {
    const chain = chainOf(tail.way.runs);
    const [first] = chain;
    const [start] = tail.run;
    if (!first || !start) return;
    const isInSpan = x.no > first.no && x.event.ts <= first.event.ts + this.#plan.withinUs;
    if (isInSpan && this.#isCancelled(tail, x)) {
      const isTooEarly = x === start || isCertain(x, start);
      tail.cancel = x;
      tail.state = isTooEarly || tail.run.length < this.#slot.min ? "dead" : "complete";
      return;
    }
    if (tail.run.length < this.#slot.max && !tail.isBroken && this.#isCandidate(tail, x))
      this.#take(entries, tail, x);
    const end = endOf([...chain, ...tail.run]);
    // Until the last event of the chain has been seen a cancel may still lie before it.
    if (tail.run.length >= this.#slot.max && end && x.no >= end.no) tail.state = "complete";
  }

  #isCancelled(tail: Tail, x: Entry): boolean {
    const { untilIndex } = this.#plan;
    if (untilIndex < 0 || !x.steps.has(untilIndex)) return false;
    const runs = tail.way.runs.with(-1, tail.run);
    const verdict = this.#judge(untilIndex, x, this.#ways.knownAt(runs, x));
    if (verdict === 2) tail.isUnknown = true;
    const [first] = chainOf(runs);
    return verdict === 1 && first !== undefined && isCertain(first, x);
  }

  #isCandidate({ way, run }: Tail, x: Entry): boolean {
    const [start] = run;
    const { index } = this.#slot;
    if (!start || x.no <= start.no || !x.steps.has(index)) return false;
    if (chainOf(way.runs).includes(x)) return false;
    return this.#judge(index, x, capturesOf(this.#plan, way.runs.with(-1, run))) === 1;
  }

  #take(entries: readonly Entry[], tail: Tail, x: Entry): void {
    const runs = tail.way.runs.with(-1, [...tail.run, x]);
    const after = tail.run.at(-1);
    if (!after || !isWithinSpan(this.#plan, runs)) return;
    if (this.#plan.seq.isStrict && this.#ways.gapless(entries, runs, { after, before: x }).yes)
      tail.isBroken = true;
    else tail.run = [...tail.run, x];
  }
}
