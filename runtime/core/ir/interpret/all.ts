/**
 * `all of`, `any of` and `n of` by definition: at each event of a key, every choice of one event
 * per step among the events of the span that ends there. A choice with enough steps that uses this
 * event is a match which this event completes. One event may stand for several steps; a step's
 * condition may read the steps written before it.
 *
 * The span holds when one placement of the chosen events inside their intervals satisfies it: what
 * matches is what a sequence over some order of the steps would match.
 */
import { type All, stepsRead } from "../core.ts";
import type { Taken } from "../eval.ts";
import { evidenceKept, takenOf } from "../taken.ts";
import { durationOf } from "./key.ts";
import type { Case, Found, Match } from "./match.ts";
import { type Constraint, isCertainlyBefore, isPlaceable, isPossiblyBefore } from "./placement.ts";
import { eventsBetween, judge, type Scene, scenesOf } from "./scene.ts";
import { eventAt, type Verdict, worst } from "./sequence.ts";

/** For each step the event chosen for it; undefined for a step that has none. */
export type Choice = readonly (number | undefined)[];

export interface AllScene extends Scene {
  readonly all: All;
  /** Steps whose condition neither reads other steps nor is read: judged once per event. */
  readonly alone: readonly boolean[];
  /** For a step that stands alone, which events satisfy it. */
  readonly fits: readonly (readonly boolean[])[];
  /** Only what began by then can match, µs; infinity for all. */
  readonly begunBy: number;
}

export function interpretAll(the: Case): Found {
  return { matches: allScenesOf(the).flatMap((s) => report(the, s)), withheld: [] };
}

export function allScenesOf(the: Case): AllScene[] {
  const all = the.rule.pattern;
  if (all.node !== "all") return [];
  const conditions = [...all.steps.map((s) => s.where), all.until?.where];
  const read = new Set(conditions.flatMap(stepsRead));
  return scenesOf(the, all).map((scene) => {
    const alone = all.steps.map((s, i) => !read.has(i) && stepsRead(s.where).length === 0);
    const fits = all.steps.map((s, i) =>
      alone[i] ? scene.events.map((_, x) => judge(scene, s, x, []) === true) : [],
    );
    return { ...scene, all, alone, fits, begunBy: the.trace.begunBy ?? Number.POSITIVE_INFINITY };
  });
}

function report(the: Case, scene: AllScene): Match[] {
  const { rule } = the;
  const { select, skip } = rule.policy;
  const out: Match[] = [];
  let barrier = Number.NEGATIVE_INFINITY;
  for (const end of scene.events.keys()) {
    const span = spanBefore(scene, end, barrier);
    const choices = choicesOf(scene, span, end, scene.all.need, select);
    const chosen = choices.slice(0, select === "each" ? scene.all.partials : 1);
    for (const choice of chosen) {
      out.push(matchOf(rule, scene, span, end, choice));
      barrier = Math.max(barrier, barrierOf(skip, choice, end));
    }
  }
  return out;
}

/** The events a match completed by `end` may use. */
function spanBefore(scene: AllScene, end: number, barrier: number): number[] {
  const { ts } = eventAt(scene, end);
  return eventsBetween(scene, ts - withinOf(scene), ts).filter(
    (x) => x > barrier && x <= end && isWithinSpan(scene, [x, end]) && !isBarred(scene, x, end),
  );
}

/** Whether some placement of `events` puts the last of them within the span of the first. */
function isWithinSpan(scene: AllScene, events: readonly number[]): boolean {
  // On exact clocks they are: the recorded times of a span say so.
  if (isExact(scene)) return true;
  const us = withinOf(scene);
  return events.some((first) =>
    events.some((last) => {
      const order = events.flatMap((x): Constraint[] => [
        ...(x === first ? [] : [{ is: "before" as const, a: first, b: x }]),
        ...(x === last ? [] : [{ is: "before" as const, a: x, b: last }]),
      ]);
      return isPlaceable(scene.intervals, [...order, { is: "atMost", a: first, b: last, us }]);
    }),
  );
}

function isExact(scene: AllScene): boolean {
  return scene.reach === 0;
}

export function withinOf(scene: AllScene): number {
  return durationOf(scene.all.within, scene.base.params);
}

/** The next match must begin after this event. */
function barrierOf(skip: "past" | "none" | number, choice: Choice, end: number): number {
  if (skip === "past") return end;
  if (skip === "none") return Number.NEGATIVE_INFINITY;
  const start = Math.min(...used(choice));
  // At least one event further, so that the same match is not found again.
  return Math.max(start, (choice[skip] ?? 0) - 1);
}

function used(choice: Choice): number[] {
  return choice.filter((x) => x !== undefined).sort((a, b) => a - b);
}

/**
 * Every choice among the events of `span` that uses `must` and has at least `need` steps, the
 * preferred one first.
 */
export function choicesOf(
  scene: AllScene,
  span: readonly number[],
  must: number,
  need: number,
  select: "tightest" | "widest" | "each",
): Choice[] {
  const out: Choice[] = [];
  const { steps } = scene.all;
  const go = (choice: Choice) => {
    if (used(choice).length + steps.length - choice.length < need) return;
    if (choice.length < steps.length) {
      for (const x of optionsOf(scene, span, must, choice, select)) go([...choice, x]);
      go([...choice, undefined]);
    } else if (isMatch(scene, choice, must)) out.push(choice);
  };
  go([]);
  return out.sort((a, b) => preference(select === "widest", a, b));
}

function isMatch(scene: AllScene, choice: Choice, must: number): boolean {
  const events = used(choice);
  const [first] = events;
  return (
    choice.includes(must) &&
    first !== undefined &&
    eventAt(scene, first).ts <= scene.begunBy &&
    isWithinSpan(scene, events) &&
    cancelledBy(scene, choice) !== "yes"
  );
}

/**
 * The events the next step may choose. On exact clocks a later event is always as good as an
 * earlier one for a step that stands alone (for the widest the other way round, unless an `until`
 * that reads steps may lie behind the earlier one only, or unless a match must have begun by some
 * time), so one of them is enough.
 */
function optionsOf(
  scene: AllScene,
  span: readonly number[],
  must: number,
  choice: Choice,
  select: "tightest" | "widest" | "each",
): number[] {
  const at = choice.length;
  const step = scene.all.steps[at];
  if (!step) return [];
  if (!scene.alone[at]) {
    const captures = capturesOf(scene, choice);
    return span.filter((x) => judge(scene, step, x, captures) === true);
  }
  const fitting = span.filter((x) => scene.fits[at]?.[x]);
  const isEitherGood = select === "widest" && stepsRead(scene.all.until?.where).length > 0;
  const isBegun = scene.begunBy < Number.POSITIVE_INFINITY;
  if (!isExact(scene) || isEitherGood || isBegun) return fitting;
  // Of each step no more than are reported can be among the preferred choices.
  if (select === "each") return fitting.slice(-scene.all.partials);
  const best = select === "widest" ? fitting[0] : fitting.at(-1);
  return [...new Set([best, must])].filter(
    (x) => x !== undefined && fitting.includes(x),
  ) as number[];
}

function capturesOf(scene: AllScene, choice: Choice): (Taken | undefined)[] {
  return choice.map((x) => (x === undefined ? undefined : takenOf([eventAt(scene, x)], 1)));
}

/** More steps first; then the choice whose earliest event, next earliest, … is the latest. */
function preference(isWidest: boolean, a: Choice, b: Choice): number {
  const x = used(a);
  const y = used(b);
  if (x.length !== y.length) return y.length - x.length;
  const later = firstDifference(y, x);
  if (later !== 0) return isWidest ? -later : later;
  // The same events for different steps: the step written first takes the latest.
  return firstDifference(
    b.map((i) => i ?? -1),
    a.map((i) => i ?? -1),
  );
}

function firstDifference(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((x, i) => x !== b[i]);
  // Where there is none, both are missing.
  return (a[at] ?? 0) - (b[at] ?? 0);
}

// ---------- until ----------

/** Whether an `until` that reads no steps lies for certain between `x` and `end`. */
function isBarred(scene: AllScene, x: number, end: number): boolean {
  const { until } = scene.all;
  if (!until || stepsRead(until.where).length > 0) return false;
  return betweenOf(scene, x, end).some(
    (u) => isCertain(scene, x, u, end) && judge(scene, until, u, []) === true,
  );
}

/** Whether `until` happened between the first event of a choice and its last. */
function cancelledBy(scene: AllScene, choice: Choice): Verdict {
  const { until } = scene.all;
  const events = used(choice);
  const [first] = events;
  const end = events.at(-1);
  if (!until || first === undefined || end === undefined) return "no";
  const verdicts = betweenOf(scene, first, end).flatMap((u): Verdict[] => {
    const known = choice.map((x) => (x !== undefined && x <= u ? x : undefined));
    const truth = judge(scene, until, u, capturesOf(scene, known));
    if (truth === false) return [];
    if (truth === undefined) return ["unknown"];
    return [isCertain(scene, first, u, end) ? "yes" : "possibly"];
  });
  return worst(verdicts);
}

function betweenOf(scene: AllScene, first: number, end: number): number[] {
  const from = scene.intervals[first]?.from ?? 0;
  const to = scene.intervals[end]?.to ?? 0;
  return eventsBetween(scene, from, to).filter(
    (u) => isPossiblyBefore(scene.intervals, first, u) && isPossiblyBefore(scene.intervals, u, end),
  );
}

function isCertain(scene: AllScene, first: number, u: number, end: number): boolean {
  return isCertainlyBefore(scene.intervals, first, u) && isCertainlyBefore(scene.intervals, u, end);
}

// ---------- the match ----------

function matchOf(
  rule: Match["rule"],
  scene: AllScene,
  span: readonly number[],
  end: number,
  choice: Choice,
): Match {
  const last = eventAt(scene, end);
  const doubt = cancelledBy(scene, choice);
  const completing = [...choice.keys()].filter((i) => choice[i] === end);
  return {
    rule,
    key: scene.key,
    at: last.ts,
    captures:
      rule.policy.select === "each" ? capturesOf(scene, choice) : spanCaptures(scene, span, choice),
    last,
    isIncomplete: doubt.endsWith("unknown"),
    ...(doubt.startsWith("possibly") ? { quality: { uncertain: completing, incomplete: [] } } : {}),
  };
}

/** Of each chosen step all events of the span that satisfy it beside the other steps' choices. */
export function spanCaptures(
  scene: AllScene,
  span: readonly number[],
  choice: Choice,
): (Taken | undefined)[] {
  const chosen = capturesOf(scene, choice);
  return scene.all.steps.map((step, at) => {
    if (choice[at] === undefined) return undefined;
    const mine = span.filter((x) => judge(scene, step, x, chosen.slice(0, at)) === true);
    return takenOf(
      mine.map((x) => eventAt(scene, x)),
      evidenceKept,
    );
  });
}
