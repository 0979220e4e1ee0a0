/** Near misses of sequences: the furthest that came of each first event. */
import type { SeqStep, Step } from "../core.ts";
import { candidatesOf, killerAt, overshootOf, stepProof } from "./candidates.ts";
import { closest } from "./closeness.ts";
import type { Played } from "./completion.ts";
import { coveredBy } from "./covered.ts";
import { countOf, durationOf } from "./key.ts";
import type { Candidate, Case, Focus, Match, NearMiss } from "./match.ts";
import { isPlaceable } from "./placement.ts";
import { judge } from "./scene.ts";
import {
  capturesOf,
  chainOf,
  closeRun,
  constraintsOf,
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

export function sequenceMisses(
  the: Case,
  { scene, completions }: Played,
  matches: readonly Match[],
): NearMiss[] {
  const { focus, watermark } = the.trace;
  if (focus?.keys && !focus.keys.has(scene.key)) return [];
  const covered = coveredBy(scene, matches);
  // Under a focus also what is complete and only waits for its deadline is of interest.
  const decided = completions.filter((c) => !focus || c.at < watermark);
  const complete = new Set(decided.map((c) => chainOf(c.way.runs)[0]));
  const isHopeless = (x: number) =>
    covered.has(x) || complete.has(x) || !isNear(scene, focus, eventAt(scene, x).ts);
  /** First events from which one comes to events of a match: parts of its story. */
  const isPart = new Set<number>();
  const attempts: Attempt[] = [];
  for (const way of prefixesOf(scene, isHopeless)) {
    const [first, ...rest] = chainOf(way.runs);
    if (first === undefined) continue;
    if (rest.some((x) => covered.has(x))) isPart.add(first);
    const attempt = attemptOf(the, scene, first, way);
    if (attempt) attempts.push(attempt);
  }
  const open = attempts.filter((a) => !isPart.has(a.first));
  const begun = furthestOf(the, scene, open);
  return focus ? [...begun, ...unbegun(the, scene, covered)] : begun;
}

/** Attempts that are looked at closely; of more the furthest, and of these the earliest. */
const attemptsMax = 2000;

/** Of each first event the closest miss. */
function furthestOf(the: Case, scene: SeqScene, attempts: readonly Attempt[]): NearMiss[] {
  const out = new Map<number, NearMiss>();
  const furthest = [...attempts].sort((a, b) => b.reached - a.reached).slice(0, attemptsMax);
  for (const attempt of furthest) {
    const known = out.get(attempt.first);
    const miss = missOf(the, scene, attempt);
    const [best] = closest(known ? [known, miss] : [miss], 1);
    if (best) out.set(attempt.first, best);
  }
  return [...out.values()];
}

/** Whether something that begins at `ts`, µs, can reach into the focus. */
function isNear(scene: SeqScene, focus: Focus | undefined, ts: number): boolean {
  if (!focus) return true;
  return ts <= focus.to && ts + spanOf(scene) + (waitOf(scene) ?? 0) >= focus.from;
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

/** Events that could have been the first that must come, and were not. */
function unbegun(the: Case, scene: SeqScene, covered: ReadonlySet<number>): NearMiss[] {
  const step = scene.seq.steps.find((s) => !s.isOptional)?.step;
  if (!step) return [];
  return [...(scene.own.get(step) ?? [])]
    .filter((x) => !covered.has(x) && isNear(scene, the.trace.focus, eventAt(scene, x).ts))
    .filter((x) => judge(scene, step, x, []) !== true)
    .map((x) => unmetAt(the, scene, step, x));
}

function unmetAt(the: Case, scene: SeqScene, step: Step, x: number): NearMiss {
  const event = eventAt(scene, x);
  const proof = stepProof(scene, step, x, []);
  return {
    rule: the.rule,
    key: scene.key,
    cause: "unmet",
    reached: 0,
    missing: step.name,
    overshoot: undefined,
    at: event.ts,
    captures: [],
    candidates: [{ step: step.name, event, proof, overshoot: 0, isEarly: false }],
  };
}

/** The step a prefix waits for. */
interface Wait {
  readonly step: Step;
  /** Undefined for the next event of a run, and for the step that must not come. */
  readonly seqStep: SeqStep | undefined;
  readonly reached: number;
  readonly negatives: readonly Step[];
  /** How many more events the run needs. */
  readonly lacking?: number;
}

/** A prefix, what it waits for, and why in vain. */
interface Attempt {
  readonly first: number;
  readonly way: Way;
  readonly wait: Wait;
  readonly death: Death;
  readonly isOpen: boolean;
  readonly reached: number;
}

function attemptOf(the: Case, scene: SeqScene, first: number, prefix: Way): Attempt | undefined {
  const way = withRun(scene, prefix);
  const wait = waitFor(scene, way);
  if (!wait) return undefined;
  const death = deathOf(scene, way, wait);
  const isOpen = death.at >= the.trace.watermark;
  if (isOpen && !the.trace.focus) return undefined;
  if (death.cause === "expired" && !isOpen && isForbidden(scene, wait)) return undefined;
  return { first, way, wait, death, isOpen, reached: wait.reached };
}

function missOf(the: Case, scene: SeqScene, attempt: Attempt): NearMiss {
  const { way, wait, death, isOpen, reached } = attempt;
  const candidates = isForbidden(scene, wait) ? [] : candidatesFor(scene, way, wait);
  return {
    rule: the.rule,
    key: scene.key,
    cause: isOpen ? "open" : death.cause,
    reached,
    missing: wait.step.name,
    overshoot: death.cause === "expired" ? overshootOf(candidates) : undefined,
    at: death.at,
    captures: capturesOf(scene, way.runs),
    by: death.by,
    candidates,
    lacking: wait.lacking,
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
  const lacking = leastOf(scene, last) - (way.runs[at - 1]?.length ?? 0);
  if (last && lacking > 0)
    return { step: last.step, seqStep: undefined, reached: bound - 1, negatives: [], lacking };
  const next = steps.findIndex((s, i) => i >= at && !s.isOptional);
  const seqStep = steps[next];
  if (seqStep) {
    const negatives = negativesBefore(scene.seq, way.runs, next);
    return { step: seqStep.step, seqStep, reached: bound, negatives };
  }
  if (!deadline) return undefined;
  return { step: deadline.step, seqStep: undefined, reached: bound, negatives: [deadline.step] };
}

/** How many events a step takes at least. */
function leastOf(scene: SeqScene, seqStep: SeqStep | undefined): number {
  return seqStep?.repeat ? countOf(seqStep.repeat.min, scene.base.params) : 1;
}

/** Whether what it waits for is that a step does not come. */
function isForbidden(scene: SeqScene, wait: Wait): boolean {
  return wait.step === scene.seq.deadline?.step;
}

/** Why a prefix came no further, and when. */
interface Death {
  readonly cause: "expired" | "negated" | "cancelled";
  readonly at: number;
  readonly by?: NearMiss["by"];
}

/**
 * What happened first: a negative, a cancel, which may be one of the steps itself, or the end of
 * the time there was.
 */
function deathOf(scene: SeqScene, way: Way, wait: Wait): Death {
  const chain = chainOf(way.runs);
  const first = chain[0] ?? 0;
  const last = chain.at(-1) ?? 0;
  const { until } = scene.seq;
  const end = expiryOf(scene, way, wait);
  const captures = capturesOf(scene, way.runs);
  // On exact clocks the recorded times say all.
  const order = scene.reach ? constraintsOf(scene, way.runs) : [];
  const isCertainlyAfter = (a: number, x: number) =>
    !isPlaceable(scene.intervals, [...order, { is: "before", a: x, b: a }]);
  for (let x = first + 1; x < scene.events.length; x++) {
    const event = eventAt(scene, x);
    if (event.ts > end) break;
    const known = until ? knownAt(scene, way.runs, x) : [];
    if (until && isCertainlyAfter(first, x) && judge(scene, until, x, known) === true)
      return { cause: "cancelled", at: event.ts, by: killerAt(scene, until, x, known) };
    if (x === last || !isCertainlyAfter(last, x)) continue;
    const negative = wait.negatives.find((n) => judge(scene, n, x, captures) === true);
    if (negative)
      return { cause: "negated", at: event.ts, by: killerAt(scene, negative, x, captures) };
  }
  return { cause: "expired", at: end };
}

/** When the next step could not come any more: the end of the span or of its gap, µs. */
function expiryOf(scene: SeqScene, way: Way, wait: Wait): number {
  if (isForbidden(scene, wait)) return eventAt(scene, endOf(way.runs)).ts + (waitOf(scene) ?? 0);
  const chain = chainOf(way.runs);
  const gap = gapBounds(scene, wait.seqStep);
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

/** What came behind the prefix and could have gone on with it. */
function candidatesFor(scene: SeqScene, way: Way, wait: Wait): Candidate[] {
  const chain = chainOf(way.runs);
  const last = chain.at(-1) ?? 0;
  const { isStrict } = scene.seq;
  const isContiguous = isStrict || wait.seqStep?.gap?.gap === "next";
  return candidatesOf(scene, {
    step: wait.step,
    since: last,
    from: eventAt(scene, last).ts + gapBounds(scene, wait.seqStep).min,
    to: expiryOf(scene, way, wait),
    taken: chain,
    // A run goes on by events of its own, whose condition sees what it has taken so far.
    capturesAt: (x) =>
      capturesOf(scene, wait.lacking === undefined ? runsBefore(scene, way, x) : way.runs),
    betweenAt: isContiguous ? (x) => (x > last + 1 ? last + 1 : undefined) : undefined,
  });
}

/** The runs of `way` as they are closed when event `x` is the next step's. */
function runsBefore(scene: SeqScene, way: Way, x: number): Way["runs"] {
  return closeRun(scene, way, x)?.runs ?? way.runs;
}
