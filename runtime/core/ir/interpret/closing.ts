/**
 * `emit close` of a sequence whose last step repeats: the run goes on until its upper bound is
 * reached, `until` happens, or the span ends. Only then is the match complete, once.
 */
import { countOf } from "./key.ts";
import { isCertainlyBefore } from "./placement.ts";
import { judge } from "./scene.ts";
import {
  capturesWith,
  chainOf,
  eventAt,
  gapless,
  isWithinSpan,
  knownAt,
  type SeqScene,
  spanOf,
  type Way,
} from "./sequence.ts";

/** The way with its last run at its longest; undefined when that does not reach the minimum. */
export function finishAtClose(scene: SeqScene, way: Way): Way | undefined {
  const at = scene.seq.steps.length - 1;
  const repeat = scene.seq.steps[at]?.repeat;
  const start = way.runs[at]?.[0];
  const [first] = chainOf(way.runs);
  if (!repeat || start === undefined || first === undefined || !isWithinSpan(scene, way.runs))
    return undefined;
  const { params } = scene.base;
  const max = repeat.max === undefined ? Number.POSITIVE_INFINITY : countOf(repeat.max, params);
  const { index: cancel, isUnknown } = cancelOf(scene, way, first, max);
  if (cancel !== undefined && isCertainlyBefore(scene.intervals, cancel, start)) return undefined;
  const done = longestRun(scene, way, max, cancel ?? scene.events.length);
  const length = done.runs[at]?.length ?? 0;
  if (length < countOf(repeat.min, params)) return undefined;
  const closedAt =
    length >= max
      ? undefined
      : cancel !== undefined
        ? eventAt(scene, cancel).ts
        : eventAt(scene, first).ts + spanOf(scene);
  return { ...done, isIncomplete: done.isIncomplete || isUnknown, closedAt };
}

/** The first event that certainly cancels, and whether one before it could not be decided. */
function cancelOf(
  scene: SeqScene,
  way: Way,
  first: number,
  max: number,
): { readonly index: number | undefined; readonly isUnknown: boolean } {
  const { until } = scene.seq;
  const end = eventAt(scene, first).ts + spanOf(scene);
  let isUnknown = false;
  for (let x = first + 1; until && x < scene.events.length; x++) {
    if (eventAt(scene, x).ts > end) break;
    const { runs } = longestRun(scene, way, max, x);
    if ((runs.at(-1)?.length ?? 0) >= max && x > Math.max(...chainOf(runs))) break;
    const verdict = judge(scene, until, x, knownAt(scene, runs, x));
    if (verdict === undefined) isUnknown = true;
    if (verdict === true && isCertainlyBefore(scene.intervals, first, x))
      return { index: x, isUnknown };
  }
  return { index: undefined, isUnknown };
}

/** The last run with every event before `stop` (in ≺) that satisfies its step inside the span. */
function longestRun(scene: SeqScene, way: Way, max: number, stop: number): Way {
  const at = way.runs.length - 1;
  const step = scene.seq.steps[at]?.step;
  let run = way.runs[at] ?? [];
  const [start = 0] = run;
  const chain = chainOf(way.runs);
  let captures = capturesWith(scene, way.runs, at, run);
  for (let x = start; step && x < stop && run.length < max; x++) {
    if (chain.includes(x) || judge(scene, step, x, captures) !== true) continue;
    const runs = way.runs.with(at, [...run, x]);
    if (!isWithinSpan(scene, runs)) continue;
    const stretch = { after: run.at(-1) ?? start, before: x };
    if (scene.seq.isStrict && gapless(scene, runs, stretch) === "yes") break;
    run = [...run, x];
    captures = capturesWith(scene, way.runs, at, run);
  }
  return { ...way, runs: way.runs.with(at, run) };
}
