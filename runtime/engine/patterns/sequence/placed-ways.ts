/**
 * How partial matches grow where the order of events is not certain: `bind` starts the next step,
 * which closes the run before it; verdicts say what must not have happened in between.
 */
import type { Taken } from "#core";
import {
  arePlaceable,
  capturesOf,
  chainOf,
  type Entry,
  isPossible,
  placeIn,
  type Runs,
  type Stretch,
  tiesOf,
} from "./placed-chain.ts";
import type { SequencePlan } from "./plan.ts";

export interface Way {
  /** A repeated step that is the last bound one has its first event only: it is still open. */
  readonly runs: Runs;
  /** A negative or a cancel was unknown. */
  readonly isIncomplete: boolean;
  /** Steps before which something may have been that must not. */
  readonly uncertain: readonly number[];
}

export const emptyWay: Way = { runs: [], isIncomplete: false, uncertain: [] };

/** What is known of whether something happened; `yes` for certain. */
export interface Verdict {
  readonly yes: boolean;
  readonly possibly: boolean;
  readonly unknown: boolean;
}

export const nothing: Verdict = { yes: false, possibly: false, unknown: false };

export function worst(a: Verdict, b: Verdict): Verdict {
  return {
    yes: a.yes || b.yes,
    possibly: a.possibly || b.possibly,
    unknown: a.unknown || b.unknown,
  };
}

/** `way` with what a verdict that did not reject it says about step `at`. */
export function marked(way: Way, { possibly, unknown }: Verdict, at: number): Way {
  return {
    ...way,
    uncertain: possibly && !way.uncertain.includes(at) ? [...way.uncertain, at] : way.uncertain,
    isIncomplete: way.isIncomplete || unknown,
  };
}

/** 1 true, 0 false, 2 unknown; 0 also for an entry that is not for the step. */
export type JudgeEntry = (
  step: number,
  entry: Entry,
  captures: readonly (Taken | undefined)[],
) => number;

export class PlacedWays {
  readonly #plan: SequencePlan;
  readonly #judge: JudgeEntry;

  constructor(plan: SequencePlan, judge: JudgeEntry) {
    this.#plan = plan;
    this.#judge = judge;
  }

  /** `way` with step `at`, everything in between left out, starting on `x`. */
  bind(entries: readonly Entry[], way: Way, at: number, x: Entry): Way | undefined {
    const slot = this.#plan.slots[at];
    const chain = chainOf(way.runs);
    const [first] = chain;
    const open = chain.at(-1);
    if (!slot?.step || !x.steps.has(slot.index) || chain.includes(x)) return undefined;
    if (open && !isPossible(open, x)) return undefined;
    if (first && x.interval.from > first.interval.to + this.#plan.withinUs) return undefined;
    const closed = this.#closeRun(entries, way, x);
    if (!closed) return undefined;
    const captures = capturesOf(this.#plan, closed.runs);
    while (captures.length < at) captures.push(undefined);
    if (this.#judge(slot.index, x, captures) !== 1) return undefined;
    const runs = [...closed.runs];
    while (runs.length < at) runs.push(undefined);
    const next: Way = { ...closed, runs: [...runs, [x]] };
    if (!arePlaceable(tiesOf(this.#plan, next.runs))) return undefined;
    const after = chainOf(closed.runs).at(-1);
    if (!after) return next;
    const verdict = this.#between(entries, next.runs, at, { after, before: x }, captures);
    return verdict.yes ? undefined : marked(next, verdict, at);
  }

  /** What must not be between step `at` and the one bound before it. */
  #between(
    entries: readonly Entry[],
    runs: Runs,
    at: number,
    stretch: Stretch,
    captures: readonly (Taken | undefined)[],
  ): Verdict {
    const { seq, slots } = this.#plan;
    const isNext = seq.isStrict || slots[at]?.step.gap?.gap === "next";
    let verdict = isNext ? this.gapless(entries, runs, stretch) : nothing;
    const previous = runs.findLastIndex((run, i) => i < at && run !== undefined);
    for (const { negatives } of slots.slice(previous + 1, at + 1)) {
      for (const negative of negatives) {
        const happened = this.happened(entries, runs, negative, stretch, () => captures);
        verdict = worst(verdict, happened);
      }
    }
    return verdict;
  }

  /** Lets the last bound step take all it can before `before`. */
  #closeRun(entries: readonly Entry[], way: Way, before: Entry): Way | undefined {
    const at = way.runs.length - 1;
    const slot = this.#plan.slots[at];
    const [start] = way.runs[at] ?? [];
    if (!slot?.step.repeat || !start) return way;
    const chain = chainOf(way.runs);
    let run: readonly Entry[] = [start];
    let captures = capturesOf(this.#plan, way.runs);
    for (const x of entries) {
      if (run.length >= slot.max) break;
      if (x.no <= start.no || !x.steps.has(slot.index) || chain.includes(x)) continue;
      if (!isPossible(x, before) || this.#judge(slot.index, x, captures) !== 1) continue;
      const runs = way.runs.with(at, [...run, x]);
      if (!arePlaceable([...tiesOf(this.#plan, runs), { is: "before", a: x, b: before }])) continue;
      run = [...run, x];
      if (this.#plan.readsRunOf.has(at)) captures = capturesOf(this.#plan, runs);
    }
    if (run.length < slot.min) return undefined;
    return this.contiguous(entries, { ...way, runs: way.runs.with(at, run) }, at);
  }

  /** Under `strict` no event may lie between those of a run. */
  contiguous(entries: readonly Entry[], way: Way, at: number): Way | undefined {
    const run = way.runs[at] ?? [];
    if (!this.#plan.seq.isStrict) return way;
    let verdict = nothing;
    for (const [i, before] of run.slice(1).entries()) {
      const after = run[i] ?? before;
      verdict = worst(verdict, this.gapless(entries, way.runs, { after, before }));
    }
    return verdict.yes ? undefined : marked(way, verdict, at);
  }

  /** Whether an entry that makes `step` true lies in `stretch`. */
  happened(
    entries: readonly Entry[],
    runs: Runs,
    step: number,
    stretch: Stretch,
    capturesAt: (x: Entry) => readonly (Taken | undefined)[],
  ): Verdict {
    const ties = tiesOf(this.#plan, runs);
    let verdict = nothing;
    for (const x of entries) {
      if (!x.steps.has(step)) continue;
      const place = placeIn(ties, stretch, x);
      if (place === "no") continue;
      const truth = this.#judge(step, x, capturesAt(x));
      if (truth === 1) verdict = worst(verdict, { ...nothing, [place]: true });
      if (truth === 2) verdict = { ...verdict, unknown: true };
      if (verdict.yes) break;
    }
    return verdict;
  }

  /** Whether any other entry lies between two neighbours of the chain. */
  gapless(entries: readonly Entry[], runs: Runs, stretch: Stretch): Verdict {
    const ties = tiesOf(this.#plan, runs);
    const chain = chainOf(runs);
    let verdict = nothing;
    for (const x of entries) {
      const place = chain.includes(x) ? "no" : placeIn(ties, stretch, x);
      if (place !== "no") verdict = worst(verdict, { ...nothing, [place]: true });
      if (verdict.yes) break;
    }
    return verdict;
  }

  /** What was known when `x` happened, not what came later. */
  knownAt(runs: Runs, x: Entry): readonly (Taken | undefined)[] {
    return capturesOf(
      this.#plan,
      runs.map((run) => run?.filter((y) => y.no <= x.no)),
    );
  }
}
