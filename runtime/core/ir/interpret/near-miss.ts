/**
 * Matches that almost were (LANGUAGE C.11): for each event that began something, the furthest it
 * came, why it went no further, and by how much the nearest candidate for the next step missed.
 *
 * Times are compared as recorded. Something that may still become a match is no near miss.
 */
import type { SeqStep, Step } from "../core.ts";
import {
  type AllScene,
  allScenesOf,
  type Choice,
  choicesOf,
  spanCaptures,
  withinOf,
} from "./all.ts";
import type { Played } from "./completion.ts";
import { countOf, durationOf } from "./key.ts";
import type { Case, Match, NearMiss } from "./match.ts";
import { isCertainlyBefore } from "./placement.ts";
import { judge, type Scene } from "./scene.ts";
import {
  capturesOf,
  chainOf,
  emptyWay,
  endOf,
  eventAt,
  extensionsOf,
  isCancelledInside,
  isWithinSpan,
  knownAt,
  negativesBefore,
  type SeqScene,
  spanOf,
  takeRun,
  type Way,
  waitOf,
} from "./sequence.ts";
import { windowMatch } from "./series.ts";
import { momentsOf } from "./window.ts";

/** How many are kept for each rule. */
const kept = 8;

/** The closest near misses of a rule whose pattern found `matches`, on the stages `played`. */
export function nearMissesOf(
  the: Case,
  matches: readonly Match[],
  played: readonly Played[],
): NearMiss[] {
  const all = [
    ...played.flatMap((p) => sequenceMisses(the, p, matches)),
    ...allScenesOf(the).flatMap((s) => allMisses(the, s, matches)),
    ...windowMisses(the, matches),
  ];
  const far = (m: NearMiss) => m.overshoot ?? Number.POSITIVE_INFINITY;
  return all
    .sort((a, b) => b.reached - a.reached || (far(a) < far(b) ? -1 : far(a) > far(b) ? 1 : 0))
    .slice(0, kept);
}

/** The events of the scene that lie inside matches of its key. */
function coveredBy(scene: Scene, matches: readonly Match[]): ReadonlySet<number> {
  const out = new Set<number>();
  for (const match of matches.filter((m) => m.key === scene.key)) {
    const taken = match.captures.flatMap((c) => (c ? [c.first, c.last] : []));
    const places = taken.map((e) => scene.events.indexOf(e));
    for (let i = Math.min(...places); i <= Math.max(...places); i++) out.add(i);
  }
  return out;
}

/** Why something that waited for a step died. */
interface Death {
  readonly cause: NearMiss["cause"];
  readonly at: number;
}

// ---------- sequences ----------

function sequenceMisses(the: Case, played: Played, matches: readonly Match[]): NearMiss[] {
  const { scene, completions } = played;
  const covered = coveredBy(scene, matches);
  const complete = new Set(completions.map((c) => chainOf(c.way.runs)[0]));
  const furthest = new Map<number, NearMiss>();
  const isHopeless = (x: number) => covered.has(x) || complete.has(x);
  /** First events from which one comes to events of a match: parts of its story. */
  const isPart = new Set<number>();
  for (const way of prefixesOf(scene, isHopeless)) {
    const chain = chainOf(way.runs);
    const [first] = chain;
    if (first === undefined) continue;
    if (chain.some((x) => covered.has(x))) isPart.add(first);
    const miss = missOf(the, scene, way);
    const known = furthest.get(first);
    if (miss && (!known || isCloser(miss, known))) furthest.set(first, miss);
  }
  return [...furthest].flatMap(([first, miss]) => (isPart.has(first) ? [] : [miss]));
}

function isCloser(a: NearMiss, b: NearMiss): boolean {
  if (a.reached !== b.reached) return a.reached > b.reached;
  const far = (m: NearMiss) => m.overshoot ?? Number.POSITIVE_INFINITY;
  return far(a) < far(b);
}

/** Every way to bind some of the first steps, the last of them bound; `isNoStart` begins none. */
function prefixesOf(scene: SeqScene, isNoStart: (x: number) => boolean): Way[] {
  const out: Way[] = [];
  const go = (way: Way) => {
    const [first] = chainOf(way.runs);
    if (first !== undefined && isNoStart(first)) return;
    const isBound = way.runs.at(-1) !== undefined;
    if (isBound && !isWithinSpan(scene, way.runs)) return;
    if (isBound && isCancelledInside(scene, way.runs)) return;
    if (isBound) out.push(way);
    if (way.runs.length < scene.seq.steps.length) extensionsOf(scene, way).forEach(go);
  };
  go(emptyWay);
  return out;
}

/** The step a prefix waits for. */
interface Wait {
  readonly step: Step;
  /** Undefined for the next event of a run, and for the step that must not come. */
  readonly seqStep: SeqStep | undefined;
  readonly reached: number;
  readonly negatives: readonly Step[];
}

function missOf(the: Case, scene: SeqScene, prefix: Way): NearMiss | undefined {
  const way = withRun(scene, prefix);
  const wait = waitFor(scene, way);
  if (!wait) return undefined;
  const death = deathOf(scene, way, wait);
  if (!death || death.at >= the.trace.watermark) return undefined;
  return {
    rule: the.rule,
    key: scene.key,
    cause: death.cause,
    reached: wait.reached,
    missing: wait.step.name,
    overshoot: death.cause === "expired" ? overshootOf(scene, way, wait) : undefined,
    at: death.at,
    captures: capturesOf(scene, way.runs),
  };
}

/** The prefix with its last run as long as the span allows, up to its minimum. */
function withRun(scene: SeqScene, way: Way): Way {
  const repeat = scene.seq.steps[way.runs.length - 1]?.repeat;
  if (!repeat) return way;
  for (let n = countOf(repeat.min, scene.base.params); n > 1; n--) {
    const longer = takeRun(scene, way, n, undefined);
    if (longer && isWithinSpan(scene, longer.runs)) return longer;
  }
  return way;
}

function waitFor(scene: SeqScene, way: Way): Wait | undefined {
  const { steps, deadline } = scene.seq;
  const at = way.runs.length;
  const last = steps[at - 1];
  const bound = way.runs.filter((r) => r !== undefined).length;
  const min = last?.repeat ? countOf(last.repeat.min, scene.base.params) : 1;
  if (last && (way.runs[at - 1]?.length ?? 0) < min)
    return { step: last.step, seqStep: undefined, reached: bound - 1, negatives: [] };
  const next = steps.findIndex((s, i) => i >= at && !s.isOptional);
  const seqStep = steps[next];
  if (seqStep) {
    const negatives = negativesBefore(scene.seq, way.runs, next);
    return { step: seqStep.step, seqStep, reached: bound, negatives };
  }
  if (!deadline) return undefined;
  return { step: deadline.step, seqStep: undefined, reached: bound, negatives: [deadline.step] };
}

/** What happened first: a negative, a cancel, or the end of the time there was. */
function deathOf(scene: SeqScene, way: Way, wait: Wait): Death | undefined {
  const chain = chainOf(way.runs);
  const last = chain.at(-1) ?? 0;
  const [first = 0] = chain;
  const isForbidden = wait.step === scene.seq.deadline?.step;
  const end = isForbidden
    ? eventAt(scene, endOf(way.runs)).ts + (waitOf(scene) ?? 0)
    : expiryOf(scene, way, wait);
  const captures = capturesOf(scene, way.runs);
  for (let x = first + 1; x < scene.events.length; x++) {
    const { ts } = eventAt(scene, x);
    if (ts > end) break;
    if (chain.includes(x)) continue;
    const { until } = scene.seq;
    if (
      until &&
      isCertainlyBefore(scene.intervals, first, x) &&
      judge(scene, until, x, knownAt(scene, way.runs, x)) === true
    )
      return { cause: "cancelled", at: ts };
    if (!isCertainlyBefore(scene.intervals, last, x)) continue;
    if (wait.negatives.some((n) => judge(scene, n, x, captures) === true))
      return { cause: "negated", at: ts };
  }
  return isForbidden || end === Number.POSITIVE_INFINITY
    ? undefined
    : { cause: "expired", at: end };
}

/** When the next step could not come any more: the end of the span or of its gap, µs. */
function expiryOf(scene: SeqScene, way: Way, { seqStep }: Wait): number {
  const chain = chainOf(way.runs);
  const gap = gapBounds(scene, seqStep);
  return Math.min(
    eventAt(scene, chain[0] ?? 0).ts + spanOf(scene),
    eventAt(scene, chain.at(-1) ?? 0).ts + gap.max,
  );
}

/** Least and greatest distance to the step before, µs. */
function gapBounds(scene: SeqScene, seqStep: SeqStep | undefined) {
  const { params } = scene.base;
  const gap = seqStep?.gap;
  const max =
    gap && gap.gap !== "next" && gap.max !== undefined
      ? durationOf(gap.max, params)
      : Number.POSITIVE_INFINITY;
  return { min: gap?.gap === "after" ? durationOf(gap.min, params) : 0, max };
}

/** By how much the nearest event that satisfies the step misses its bounds, µs. */
function overshootOf(scene: SeqScene, way: Way, wait: Wait): number | undefined {
  const chain = chainOf(way.runs);
  const first = eventAt(scene, chain[0] ?? 0).ts;
  const last = eventAt(scene, chain.at(-1) ?? 0).ts;
  const gap = gapBounds(scene, wait.seqStep);
  const captures = capturesOf(scene, way.runs);
  const misses: number[] = [];
  for (let x = (chain.at(-1) ?? 0) + 1; x < scene.events.length; x++) {
    if (chain.includes(x) || judge(scene, wait.step, x, captures) !== true) continue;
    const { ts } = eventAt(scene, x);
    const tooLate = Math.max(ts - first - spanOf(scene), ts - last - gap.max);
    misses.push(Math.max(tooLate, gap.min - (ts - last)));
  }
  return least(misses.filter((m) => m > 0));
}

function least(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.min(...values);
}

// ---------- all-of ----------

function allMisses(the: Case, scene: AllScene, matches: readonly Match[]): NearMiss[] {
  const covered = coveredBy(scene, matches);
  const out: NearMiss[] = [];
  const seen = new Set<number>();
  for (const start of scene.events.keys()) {
    if (covered.has(start) || seen.has(start)) continue;
    const death = allDeath(scene, start);
    if (death.at >= the.trace.watermark) continue;
    const span = [...scene.events.keys()].filter(
      (x) => x >= start && !covered.has(x) && eventAt(scene, x).ts <= death.at,
    );
    const [choice] = choicesOf(scene, span, start, 1, "tightest");
    const miss = choice && allMiss(the, scene, span, choice, death);
    if (!choice || !miss) continue;
    for (const x of choice) if (x !== undefined) seen.add(x);
    out.push(miss);
  }
  return out;
}

/** The end of the span that begins with event `start`, or the first `until` in it. */
function allDeath(scene: AllScene, start: number): Death {
  const { until } = scene.all;
  const end = eventAt(scene, start).ts + withinOf(scene);
  for (let x = start + 1; until && x < scene.events.length; x++) {
    const { ts } = eventAt(scene, x);
    if (ts > end) break;
    if (!isCertainlyBefore(scene.intervals, start, x)) continue;
    if (judge(scene, until, x, []) === true) return { cause: "cancelled", at: ts };
  }
  return { cause: "expired", at: end };
}

function allMiss(
  the: Case,
  scene: AllScene,
  span: readonly number[],
  choice: Choice,
  death: Death,
): NearMiss | undefined {
  const reached = choice.filter((x) => x !== undefined).length;
  const missing = scene.all.steps.find((_, i) => choice[i] === undefined);
  if (reached >= scene.all.need || !missing) return undefined;
  const captures = spanCaptures(scene, span, choice);
  const late = [...scene.events.keys()].flatMap((x) => {
    const { ts } = eventAt(scene, x);
    const isCandidate = scene.all.steps.some(
      (s, i) => choice[i] === undefined && judge(scene, s, x, captures.slice(0, i)) === true,
    );
    return ts > death.at && isCandidate ? [ts - death.at] : [];
  });
  return {
    rule: the.rule,
    key: scene.key,
    cause: death.cause,
    reached,
    missing: missing.name,
    overshoot: death.cause === "expired" ? least(late) : undefined,
    at: death.at,
    captures,
  };
}

// ---------- windows ----------

/** Of each key that never matched, the moment at which its window held most. */
function windowMisses(the: Case, matches: readonly Match[]): NearMiss[] {
  return momentsOf(the).flatMap(({ series, moments }): NearMiss[] => {
    if (matches.some((m) => m.key === series.key)) return [];
    const peak = Math.max(0, ...moments.map((m) => m.view.events.length));
    const best = moments.find((m) => m.view.events.length === peak);
    if (!best || peak === 0) return [];
    const { captures, view } = windowMatch(series, best);
    return [
      {
        rule: the.rule,
        key: series.key,
        cause: "threshold",
        reached: peak,
        missing: series.win.step.name,
        overshoot: undefined,
        at: best.at,
        captures,
        view,
      },
    ];
  });
}
