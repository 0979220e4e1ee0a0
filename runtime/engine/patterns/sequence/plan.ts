/** A sequence with its numbers resolved: what both ways of matching it read at every event. */
import {
  allStepsOf,
  countOf,
  durationOf,
  type Expr,
  needsContiguity,
  type Seq,
  type SeqStep,
  type Step,
  walkExpr,
} from "#core";
import type { MatcherInputs } from "../pattern-matcher.ts";
import { RunCells } from "./run-cells.ts";

/** A positive step. */
export interface Slot {
  readonly step: SeqStep;
  readonly min: number;
  readonly max: number;
  readonly keep: number;
  /** Index in the order of `allStepsOf`. */
  readonly index: number;
  /** Steps that must not happen before it, by the same index. */
  readonly negatives: readonly number[];
  /** Least and greatest distance from the event before it, µs. */
  readonly gapMinUs: number;
  readonly gapMaxUs: number;
}

export interface SequencePlan {
  readonly seq: Seq;
  readonly slots: readonly Slot[];
  readonly cells: RunCells;
  /** By index in the order of `allStepsOf`. */
  readonly kindsOf: readonly (readonly number[])[];
  readonly deadlineIndex: number;
  readonly untilIndex: number;
  readonly waitUs: number;
  readonly withinUs: number;
  readonly slackUs: number;
  /** Whether it matters that any other event lies between two of the match. */
  readonly isTouchy: boolean;
  /** Whether the last step goes on until the span ends (`emit close`). */
  readonly isClosing: boolean;
  /** Whether the condition of `until` reads other steps. */
  readonly untilReads: boolean;
  /** Positive steps whose events some condition of the pattern reads. */
  readonly readsRunOf: ReadonlySet<number>;
  /**
   * How many partials of one shape are enough: where a newer one completes whenever an older one
   * would, as many as are reported at once. Infinity where that is not so.
   */
  readonly newestKept: number;
  /** Whether of two runs of one step the one that began earlier is always preferred. */
  readonly longestWins: boolean;
}

const never = Number.POSITIVE_INFINITY;

export function planOf({ pattern: seq, rule, code, params }: MatcherInputs<Seq>): SequencePlan {
  const all = allStepsOf(seq);
  const count = (c: Parameters<typeof countOf>[0]) => countOf(c, params);
  const slots = seq.steps.map((step): Slot => {
    const { repeat, gap } = step;
    const index = all.indexOf(step.step);
    const negatives = step.without.map((_, i) => index + 1 + i);
    const gapMinUs = gap?.gap === "after" ? durationOf(gap.min, params) : 0;
    const gapMax = gap && gap.gap !== "next" ? gap.max : undefined;
    const gapMaxUs = gapMax === undefined ? never : durationOf(gapMax, params);
    const own = { step, index, negatives, gapMinUs, gapMaxUs };
    if (!repeat) return { ...own, min: 1, max: 1, keep: 1 };
    const max = repeat.max === undefined ? never : count(repeat.max);
    return { ...own, min: count(repeat.min), max, keep: repeat.keep };
  });
  const isTouchy = needsContiguity(seq);
  const readsRunOf = capturesRead(seq);
  const { select, emit } = rule.policy;
  const isPlain = seq.steps.every((s) => !s.repeat && s.gap?.gap !== "after");
  const isNewestBest = select !== "widest" && readsRunOf.size === 0 && !isTouchy && isPlain;
  const isOpenEnded = seq.steps.at(-1)?.repeat !== undefined && seq.within !== undefined;
  return {
    seq,
    slots,
    cells: new RunCells(rule, code),
    kindsOf: all.map((s) => s.kinds),
    deadlineIndex: seq.deadline ? all.indexOf(seq.deadline.step) : -1,
    untilIndex: seq.until ? all.indexOf(seq.until) : -1,
    waitUs: seq.deadline ? durationOf(seq.deadline.wait, params) : 0,
    withinUs: seq.within === undefined ? never : durationOf(seq.within, params),
    slackUs: durationOf(seq.slack, params),
    isTouchy,
    isClosing: emit === "close" && isOpenEnded && !seq.deadline,
    untilReads: seq.until !== undefined && capturesRead(seq, [seq.until]).size > 0,
    readsRunOf,
    newestKept: isNewestBest ? (select === "each" ? seq.partials : 1) : never,
    longestWins: select !== "each" && !isTouchy,
  };
}

/** The positive steps whose captured events the conditions of `steps` read. */
function capturesRead(seq: Seq, steps: readonly Step[] = allStepsOf(seq)): Set<number> {
  const read = new Set<number>();
  const look = (e: Expr | undefined) => {
    if (!e) return;
    walkExpr(e, (x) => {
      if (x.op === "taken" || x.op === "run") read.add(x.step);
      if (x.op === "span" || x.op === "matched") for (const i of seq.steps.keys()) read.add(i);
      if ("of" in x && x.of.step !== "current") read.add(x.of.step);
    });
  };
  for (const step of steps) look(step.where);
  return read;
}

/**
 * Which of two complete matches is reported: the longer one; then step by step bound before left
 * out, the longest run, the latest first event (for `widest` the earliest). Negative: `a`.
 */
export function preference<R>(
  a: readonly (R | undefined)[],
  b: readonly (R | undefined)[],
  of: {
    readonly lengthOf: (run: R) => number;
    readonly compareStarts: (x: R, y: R) => number;
    readonly isWidest: boolean;
  },
): number {
  const bound = (runs: readonly (R | undefined)[]) => runs.filter((r) => r !== undefined).length;
  if (bound(a) !== bound(b)) return bound(b) - bound(a);
  for (const [at, x] of a.entries()) {
    const y = b[at];
    if (x === undefined || y === undefined) {
      if (x === y) continue;
      return x === undefined ? 1 : -1;
    }
    if (of.lengthOf(x) !== of.lengthOf(y)) return of.lengthOf(y) - of.lengthOf(x);
    const later = of.compareStarts(y, x);
    if (later !== 0) return of.isWidest ? -later : later;
  }
  return 0;
}
