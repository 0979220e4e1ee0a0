/**
 * Sequences by definition (LANGUAGE C.3, C.0): every way in which the events of a key match the
 * steps is written down; `completion.ts` then picks what is reported.
 *
 * A way is a list of runs, one for each bound step: the events the step took. A step without
 * `repeat` takes one event. A repeated step takes every event from its first one on that satisfies
 * it, which may depend on those it has taken, until the next bound step's event or its upper
 * bound. As the last step it stops as soon as its minimum is reached, because that is when the
 * match is complete; `closing.ts` has the form of it that goes on.
 *
 * All events of a way in their order make a chain. Order, gaps and span hold when one placement of
 * the chain inside the events' intervals satisfies all of them.
 */
import type { EventData } from "../../schema.ts";
import type { Seq, SeqStep, Step } from "../core.ts";
import type { Taken } from "../eval.ts";
import { takenOf } from "../taken.ts";
import { countOf, durationOf } from "./key.ts";
import { type Constraint, isCertainlyBefore, isPlaceable, isPossiblyBefore } from "./placement.ts";
import { eventsBetween, judge, type Scene } from "./scene.ts";

export interface Way {
  /** For each step the events it took, in order; undefined for an option left out. */
  readonly runs: readonly (readonly number[] | undefined)[];
  /** A negative or a cancel was unknown. */
  readonly isIncomplete: boolean;
  /** Steps whose place in the order was not certain. */
  readonly uncertain: readonly number[];
  /** When a run that goes on was closed, µs; undefined: complete at its last event. */
  readonly closedAt?: number | undefined;
}

export interface SeqScene extends Scene {
  readonly seq: Seq;
  /** Whether the last step goes on until the span ends (`emit close`). */
  readonly isClosing: boolean;
}

/** Binds all steps but decides nothing about the end: `finish` completes a way or rejects it. */
export type Finish = (scene: SeqScene, way: Way) => Way | undefined;

/** Every way to match; `finish` applies what concerns a match as a whole. */
export function waysOf(scene: SeqScene, finish: Finish): Way[] {
  const out: Way[] = [];
  const go = (way: Way) => {
    if (way.runs.length === scene.seq.steps.length) {
      const done = finish(scene, way);
      if (done) out.push(done);
      return;
    }
    for (const next of extensionsOf(scene, way)) go(next);
  };
  go(emptyWay);
  return out;
}

export const emptyWay: Way = { runs: [], isIncomplete: false, uncertain: [] };

/** `way` with its next step left out, if it may be, or bound to each event that fits. */
export function extensionsOf(scene: SeqScene, way: Way): Way[] {
  const out: Way[] = [];
  const at = way.runs.length;
  if (scene.seq.steps[at]?.isOptional) out.push({ ...way, runs: [...way.runs, undefined] });
  for (const index of mayFollow(scene, way)) {
    const next = bind(scene, way, index);
    if (next) out.push(next);
  }
  return out;
}

/** The events of a way in the order in which it says they happened. */
export function chainOf(runs: Way["runs"]): number[] {
  return runs.flatMap((r) => r ?? []);
}

export function capturesOf(scene: SeqScene, runs: Way["runs"]): (Taken | undefined)[] {
  return runs.map((run, at) => {
    const events = (run ?? []).map((i) => scene.events[i]).filter((e) => e !== undefined);
    const { repeat } = scene.seq.steps[at] ?? {};
    const taken = takenOf(events, repeat?.keep ?? 1);
    return taken && repeat ? { ...taken, run: events } : taken;
  });
}

/** `way` with its next step starting on event `index`, the previous run closed before it. */
function bind(scene: SeqScene, way: Way, index: number): Way | undefined {
  const closed = closeRun(scene, way, index);
  const at = way.runs.length;
  const seqStep = scene.seq.steps[at];
  if (!closed || !seqStep) return undefined;
  const captures = capturesOf(scene, closed.runs);
  if (judge(scene, seqStep.step, index, captures) !== true) return undefined;
  const next = { ...closed, runs: [...closed.runs, [index]] };
  if (!isPlaceable(scene.intervals, constraintsOf(scene, next.runs))) return undefined;
  const previous = chainOf(closed.runs).at(-1);
  if (previous === undefined) return next;
  const stretch: Stretch = { after: previous, before: index };
  const contiguity = contiguityOf(scene, next, at, stretch);
  const negatives = negativesBefore(scene.seq, closed.runs, at);
  const verdict = worst([
    contiguity,
    ...negatives.map((n) => happened(scene, next.runs, n, stretch, () => captures)),
  ]);
  if (verdict === "yes") return undefined;
  return marked(next, verdict, at);
}

/** Events behind the last of the chain, within a span that some placement could meet. */
function mayFollow(scene: SeqScene, way: Way): number[] {
  const chain = chainOf(way.runs);
  const previous = scene.intervals[chain.at(-1) ?? -1];
  const first = scene.intervals[chain[0] ?? -1];
  if (!previous || !first) return [...scene.events.keys()];
  return eventsBetween(scene, previous.from, first.to + spanOf(scene)).filter(
    (x) => !chain.includes(x) && isPossiblyBefore(scene.intervals, chain.at(-1) ?? 0, x),
  );
}

/** Longest time from the first to the last event, µs. */
export function spanOf(scene: SeqScene): number {
  const { within } = scene.seq;
  return within === undefined ? Number.POSITIVE_INFINITY : durationOf(within, scene.base.params);
}

/** Order and gaps of a way's chain; the span is judged when it is complete. */
export function constraintsOf(scene: SeqScene, runs: Way["runs"]): Constraint[] {
  const chain = chainOf(runs);
  const order = chain.slice(1).map((b, i): Constraint => ({ is: "before", a: chain[i] ?? b, b }));
  const gaps = runs.flatMap((run, at): Constraint[] => {
    const [b] = run ?? [];
    const a = b === undefined ? undefined : chain[chain.indexOf(b) - 1];
    if (a === undefined || b === undefined) return [];
    return gapOf(scene, scene.seq.steps[at], a, b);
  });
  return [...order, ...gaps];
}

function gapOf(scene: SeqScene, seqStep: SeqStep | undefined, a: number, b: number): Constraint[] {
  const { params } = scene.base;
  const gap = seqStep?.gap;
  if (!gap || gap.gap === "next") return [];
  const max: Constraint[] =
    gap.max === undefined ? [] : [{ is: "atMost", a, b, us: durationOf(gap.max, params) }];
  if (gap.gap === "within") return max;
  return [{ is: "atLeast", a, b, us: durationOf(gap.min, params) }, ...max];
}

/** Negatives since the previous bound step: those of left-out optional steps count too. */
export function negativesBefore(seq: Seq, runs: Way["runs"], at: number): Step[] {
  const previous = runs.findLastIndex((r) => r !== undefined);
  return seq.steps.slice(previous + 1, at + 1).flatMap((s) => s.without);
}

/** Lets the last bound step take all it can before event `before`; undefined: too few. */
export function closeRun(scene: SeqScene, way: Way, before: number): Way | undefined {
  const at = way.runs.findLastIndex((r) => r !== undefined);
  const repeat = scene.seq.steps[at]?.repeat;
  if (!repeat) return way;
  const { params } = scene.base;
  const max = repeat.max === undefined ? Number.POSITIVE_INFINITY : countOf(repeat.max, params);
  const closed = takeRun(scene, way, max, before);
  const run = closed?.runs[at];
  return run && run.length >= countOf(repeat.min, params) ? closed : undefined;
}

/**
 * `way` with the run of its last bound step continued: up to `max` events in ≺ that satisfy it and
 * have a place in the chain, before event `before` if there is one.
 */
export function takeRun(
  scene: SeqScene,
  way: Way,
  max: number,
  before: number | undefined,
): Way | undefined {
  const at = way.runs.findLastIndex((r) => r !== undefined);
  const step = scene.seq.steps[at]?.step;
  const first = way.runs[at]?.[0];
  if (!step || first === undefined) return undefined;
  const chain = chainOf(way.runs);
  let run: number[] = [first];
  let captures = capturesWith(scene, way.runs, at, run);
  for (const x of placesForRun(scene, chain, first, before)) {
    if (run.length >= max) break;
    if (judge(scene, step, x, captures) !== true) continue;
    const longer = [...run, x];
    if (!fits(scene, way.runs.with(at, longer), before)) continue;
    run = longer;
    captures = capturesWith(scene, way.runs, at, run);
  }
  return contiguousRun(scene, { ...way, runs: way.runs.with(at, run) }, at, run);
}

/** What the condition of step `at` sees whose run has taken `run`. */
export function capturesWith(
  scene: SeqScene,
  runs: Way["runs"],
  at: number,
  run: readonly number[],
): (Taken | undefined)[] {
  return capturesOf(scene, [...runs.slice(0, at), run]);
}

/** Events after the first of a run in ≺ that could be in it. */
function placesForRun(
  scene: SeqScene,
  chain: readonly number[],
  first: number,
  before: number | undefined,
): number[] {
  const from = scene.intervals[first]?.from ?? 0;
  const start = scene.intervals[chain[0] ?? -1]?.to ?? 0;
  const end = before === undefined ? undefined : scene.intervals[before]?.to;
  return eventsBetween(scene, from, end ?? start + spanOf(scene)).filter(
    (x) =>
      x > first &&
      x !== before &&
      !chain.includes(x) &&
      (before === undefined || isPossiblyBefore(scene.intervals, x, before)),
  );
}

function fits(scene: SeqScene, runs: Way["runs"], before: number | undefined): boolean {
  const a = chainOf(runs).at(-1);
  const end: Constraint[] =
    a === undefined || before === undefined ? [] : [{ is: "before", a, b: before }];
  return isPlaceable(scene.intervals, [...constraintsOf(scene, runs), ...end]);
}

/** Under `strict` no event may lie between those of a run. */
function contiguousRun(
  scene: SeqScene,
  way: Way,
  at: number,
  run: readonly number[],
): Way | undefined {
  if (!scene.seq.isStrict) return way;
  const verdict = worst(
    run.slice(1).map((before, i) => gapless(scene, way.runs, { after: run[i] ?? before, before })),
  );
  return verdict === "yes" ? undefined : marked(way, verdict, at);
}

// ---------- what must not happen in between ----------

/**
 * From after one event of the chain to before another, or to `us` after event `end`. The events
 * named are not in it.
 */
export type Stretch =
  | { readonly after: number; readonly before: number }
  | { readonly after: number; readonly end: number; readonly us: number };

/** Whether something happened: for certain, in some placements, perhaps (unknown), or not. */
export type Verdict = "yes" | "possibly" | "unknown" | "possibly and unknown" | "no";

export function worst(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes("yes")) return "yes";
  const isPossible = verdicts.some((v) => v.startsWith("possibly"));
  const isUnknown = verdicts.some((v) => v.endsWith("unknown"));
  if (isPossible) return isUnknown ? "possibly and unknown" : "possibly";
  return isUnknown ? "unknown" : "no";
}

/** `way` with what a verdict that did not reject it says about step `at`. */
export function marked(way: Way, verdict: Verdict, at: number): Way {
  const uncertain = verdict.startsWith("possibly") ? [...way.uncertain, at] : way.uncertain;
  return { ...way, uncertain, isIncomplete: way.isIncomplete || verdict.endsWith("unknown") };
}

/** Whether an event that makes `step` true lies in `stretch`. */
export function happened(
  scene: SeqScene,
  runs: Way["runs"],
  step: Step,
  stretch: Stretch,
  capturesAt: (index: number) => readonly (Taken | undefined)[],
): Verdict {
  const constraints = constraintsOf(scene, runs);
  const verdicts: Verdict[] = [];
  for (const x of candidates(scene, stretch)) {
    const place = placeIn(scene, constraints, stretch, x);
    if (place === "no") continue;
    const truth = judge(scene, step, x, capturesAt(x));
    if (truth === false) continue;
    verdicts.push(truth === undefined ? "unknown" : place);
  }
  return worst(verdicts);
}

/** Whether an event of the scene lies between two neighbours of the chain. */
export function gapless(scene: SeqScene, runs: Way["runs"], stretch: Stretch): Verdict {
  const constraints = constraintsOf(scene, runs);
  const chain = chainOf(runs);
  return worst(
    candidates(scene, stretch).map((x) =>
      chain.includes(x) ? "no" : placeIn(scene, constraints, stretch, x),
    ),
  );
}

function contiguityOf(scene: SeqScene, way: Way, at: number, stretch: Stretch): Verdict {
  const isNeeded = scene.seq.isStrict || scene.seq.steps[at]?.gap?.gap === "next";
  return isNeeded ? gapless(scene, way.runs, stretch) : "no";
}

/** Events that could lie in `stretch` by themselves. */
function candidates(scene: SeqScene, stretch: Stretch): number[] {
  const end = "before" in stretch ? stretch.before : stretch.end;
  const named = [stretch.after, end];
  const from = scene.intervals[stretch.after]?.from ?? 0;
  const to = (scene.intervals[end]?.to ?? 0) + ("us" in stretch ? stretch.us : 0);
  return eventsBetween(scene, from, to).filter(
    (x) => !named.includes(x) && isPlaceable(scene.intervals, insideOf(stretch, x)),
  );
}

/** Whether `x` is in `stretch` in all, some or no placements of the chain. */
function placeIn(
  scene: SeqScene,
  constraints: readonly Constraint[],
  stretch: Stretch,
  x: number,
): "yes" | "possibly" | "no" {
  const isPossible = (more: readonly Constraint[]) =>
    isPlaceable(scene.intervals, [...constraints, ...more]);
  if (!isPossible(insideOf(stretch, x))) return "no";
  return outsidesOf(stretch, x).some((c) => isPossible([c])) ? "possibly" : "yes";
}

function insideOf(stretch: Stretch, x: number): Constraint[] {
  const start: Constraint = { is: "before", a: stretch.after, b: x };
  if ("before" in stretch) return [start, { is: "before", a: x, b: stretch.before }];
  return [start, { is: "atMost", a: stretch.end, b: x, us: stretch.us }];
}

/** The two ways to be outside. */
function outsidesOf(stretch: Stretch, x: number): Constraint[] {
  const early: Constraint = { is: "before", a: x, b: stretch.after };
  if ("before" in stretch) return [early, { is: "before", a: stretch.before, b: x }];
  return [early, { is: "atLeast", a: stretch.end, b: x, us: stretch.us + 1 }];
}

// ---------- the match as a whole ----------

/** Closes the last run at its minimum and applies span, cancel and deadline. */
export function finishAtMinimum(scene: SeqScene, way: Way): Way | undefined {
  const { seq, base } = scene;
  const at = seq.steps.length - 1;
  if (!way.runs[at]) return undefined;
  const { repeat } = seq.steps[at] ?? {};
  const min = repeat ? countOf(repeat.min, base.params) : 1;
  const done = takeRun(scene, way, min, undefined);
  if (!done || (done.runs[at]?.length ?? 0) < min) return undefined;
  if (!isWithinSpan(scene, done.runs)) return undefined;
  const verdict = worst([cancelled(scene, done.runs), negated(scene, done.runs)]);
  return verdict === "yes" ? undefined : marked(done, verdict, at);
}

export function isWithinSpan(scene: SeqScene, runs: Way["runs"]): boolean {
  return isPlaceable(scene.intervals, [
    ...constraintsOf(scene, runs),
    ...spanConstraint(scene, runs),
  ]);
}

function spanConstraint(scene: SeqScene, runs: Way["runs"]): Constraint[] {
  const chain = chainOf(runs);
  const [a] = chain;
  const b = chain.at(-1);
  const us = spanOf(scene);
  if (a === undefined || b === undefined || us === Number.POSITIVE_INFINITY) return [];
  return [{ is: "atMost", a, b, us }];
}

/** The event that completes a chain: the last of it in ≺. */
export function endOf(runs: Way["runs"]): number {
  return Math.max(...chainOf(runs));
}

/** Whether `until` happened inside: after the first event, before the match is complete. */
function cancelled(scene: SeqScene, runs: Way["runs"]): Verdict {
  const { until } = scene.seq;
  const chain = chainOf(runs);
  const [after] = chain;
  const before = chain.at(-1);
  if (!until || after === undefined || before === undefined) return "no";
  const us = waitOf(scene);
  const stretch = us === undefined ? { after, before } : { after, end: endOf(runs), us };
  return happened(scene, runs, until, stretch, (x) => knownAt(scene, runs, x));
}

/** Whether `until` happened between the first and the last event so far. */
export function isCancelledInside(scene: SeqScene, runs: Way["runs"]): boolean {
  const { until } = scene.seq;
  const chain = chainOf(runs);
  const [after] = chain;
  const before = chain.at(-1);
  if (!until || after === undefined || before === undefined || after === before) return false;
  const stretch = { after, before };
  return happened(scene, runs, until, stretch, (x) => knownAt(scene, runs, x)) === "yes";
}

/** What was known when event `x` happened, not what came later. */
export function knownAt(
  scene: SeqScene,
  runs: Way["runs"],
  x: number,
): readonly (Taken | undefined)[] {
  return capturesOf(
    scene,
    runs.map((r) => r?.filter((i) => i <= x)),
  );
}

/** Whether the event that `then no … for …` forbids happened. */
function negated(scene: SeqScene, runs: Way["runs"]): Verdict {
  const { deadline } = scene.seq;
  const after = chainOf(runs).at(-1);
  const us = waitOf(scene);
  if (!deadline || us === undefined || after === undefined) return "no";
  const captures = capturesOf(scene, runs);
  return happened(scene, runs, deadline.step, { after, end: endOf(runs), us }, () => captures);
}

/** How long the silence after the last event must last, µs. */
export function waitOf(scene: SeqScene): number | undefined {
  const { deadline } = scene.seq;
  return deadline && durationOf(deadline.wait, scene.base.params);
}

/** Steps that have a neighbour in the chain to which their order is not certain. */
export function uncertainOf(scene: SeqScene, runs: Way["runs"]): number[] {
  const bound = runs.flatMap((run, step) => (run ?? []).map((index) => ({ step, index })));
  return bound.slice(1).flatMap((b, i) => {
    const a = bound[i];
    if (!a || a.step === b.step) return [];
    return isCertainlyBefore(scene.intervals, a.index, b.index) ? [] : [a.step, b.step];
  });
}

/** The event at `index`, which is known to exist. */
export function eventAt(scene: Scene, index: number): EventData {
  const event = scene.events[index];
  if (!event) throw new Error(`no event ${index} in the scene of ${scene.key}`);
  return event;
}
