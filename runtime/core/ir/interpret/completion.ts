/**
 * What is reported of all ways to match (LANGUAGE C.3): at each completion point what `select`
 * chooses, of those that `skip` still allows.
 */
import type { CoreRule } from "../core.ts";
import { finishAtClose } from "./closing.ts";
import type { Case, Found, Match, Withheld } from "./match.ts";
import { scenesOf } from "./scene.ts";
import {
  capturesOf,
  chainOf,
  endOf,
  eventAt,
  finishAtMinimum,
  type SeqScene,
  uncertainOf,
  type Way,
  waitOf,
  waysOf,
} from "./sequence.ts";
import { doubted, type Silence, silenceOf, withDoubt } from "./silence.ts";

/** A way and when it is complete. */
export interface Completion {
  readonly way: Way;
  /** The last of its events in ≺. */
  readonly end: number;
  /** µs. */
  readonly at: number;
  /** Equal for those among which `select` chooses. */
  readonly point: string;
}

function seqScenesOf(the: Case): SeqScene[] {
  const { pattern, policy } = the.rule;
  if (pattern.node !== "seq") return [];
  const isOpenEnded = pattern.steps.at(-1)?.repeat !== undefined && pattern.within !== undefined;
  const isClosing = policy.emit === "close" && isOpenEnded && !pattern.deadline;
  return scenesOf(the, pattern).map((scene) => ({ ...scene, seq: pattern, isClosing }));
}

/** Every complete match of a key, in the order in which they are complete. */
function completionsOf(scene: SeqScene): Completion[] {
  const ways = waysOf(scene, scene.isClosing ? finishAtClose : finishAtMinimum);
  return ways
    .map((way) => completionOf(scene, way))
    .sort((a, b) => a.at - b.at || Number(isTimed(a)) - Number(isTimed(b)) || a.end - b.end);
}

function completionOf(scene: SeqScene, way: Way): Completion {
  const end = endOf(way.runs);
  const { ts } = eventAt(scene, end);
  if (way.closedAt === undefined)
    return { way, end, at: ts + (waitOf(scene) ?? 0), point: `${end}` };
  const at = Math.max(ts, way.closedAt);
  return { way, end, at, point: `at ${at}` };
}

/** Events at the time of a deadline come before it. */
function isTimed(c: Completion): boolean {
  return c.way.closedAt !== undefined;
}

/** A key's stage, and every complete match on it. */
export interface Played {
  readonly scene: SeqScene;
  readonly completions: readonly Completion[];
}

export function interpretSequence(the: Case): Found & { readonly played: readonly Played[] } {
  const played = seqScenesOf(the).map((scene) => ({ scene, completions: completionsOf(scene) }));
  const found = played.map((p) => report(the, p));
  return {
    matches: found.flatMap((f) => f.matches),
    withheld: found.flatMap((f) => f.withheld),
    played,
  };
}

function report(the: Case, { scene, completions: all }: Played): Found {
  const { rule, trace } = the;
  const completions = all.filter((c) => c.at < trace.watermark);
  const matches: Match[] = [];
  const withheld: Withheld[] = [];
  let barrier = Number.NEGATIVE_INFINITY;
  for (const point of new Set(completions.map((c) => c.point))) {
    const open = completions.filter(
      (c) => c.point === point && startOf(c) > barrier && hasBegun(the, scene, c),
    );
    const chosen = selected(rule, scene, open);
    const [best] = chosen;
    if (!best) continue;
    const { conclusion, doubtful } = silenceBefore(the, scene, best);
    if (conclusion === "hold" || conclusion === "drop") {
      withheld.push(doubted(matchOf(rule, scene, best), conclusion, doubtful));
      continue;
    }
    barrier = Math.max(barrier, ...chosen.map((c) => barrierOf(rule, c)));
    for (const c of chosen) {
      const match = matchOf(rule, scene, c);
      matches.push(conclusion === "flag" ? withDoubt(match, [lastStep(c)]) : match);
    }
  }
  return { matches, withheld };
}

function selected(
  rule: CoreRule,
  scene: SeqScene,
  open: readonly Completion[],
): readonly Completion[] {
  const { select } = rule.policy;
  const sorted = [...open].sort((a, b) => preference(select === "widest", a.way, b.way));
  return sorted.slice(0, select === "each" ? scene.seq.partials : 1);
}

/**
 * Longer first; then step by step: bound before left out, longest run, latest event (or earliest,
 * for the widest). Runs that an upper bound made equally long are chosen among like single events:
 * `repeat 2` reports what the step written twice would.
 */
function preference(isWidest: boolean, a: Way, b: Way): number {
  const bound = (w: Way) => w.runs.filter((r) => r !== undefined).length;
  if (bound(a) !== bound(b)) return bound(b) - bound(a);
  for (const [at, x = []] of a.runs.entries()) {
    const y = b.runs[at] ?? [];
    if (x.length !== y.length) return y.length - x.length;
    if (x.length === 0) continue;
    const later = (y[0] ?? 0) - (x[0] ?? 0);
    if (later !== 0) return isWidest ? -later : later;
  }
  return 0;
}

/** The first of its events in ≺. */
function startOf(c: Completion): number {
  return Math.min(...chainOf(c.way.runs));
}

function hasBegun({ trace: { begunBy } }: Case, scene: SeqScene, c: Completion): boolean {
  return begunBy === undefined || eventAt(scene, startOf(c)).ts <= begunBy;
}

/** The next match must begin after this event. */
function barrierOf(rule: CoreRule, c: Completion): number {
  const { skip } = rule.policy;
  if (skip === "past") return c.end;
  if (skip === "none") return Number.NEGATIVE_INFINITY;
  const step = c.way.runs[skip]?.[0];
  // At least one event further, so that the same match is not found again.
  return step === undefined ? startOf(c) : Math.max(startOf(c), step - 1);
}

/** What the silence that completes `c` allows to conclude. */
function silenceBefore(the: Case, scene: SeqScene, c: Completion): Silence {
  const { deadline } = scene.seq;
  if (!deadline) return { conclusion: "sound", doubtful: [] };
  return silenceOf(the, deadline.step.kinds, eventAt(scene, c.end).ts, c.at);
}

function lastStep(c: Completion): number {
  return c.way.runs.findLastIndex((r) => r !== undefined);
}

function matchOf(rule: CoreRule, scene: SeqScene, c: Completion): Match {
  const { way } = c;
  const uncertain = [...new Set([...way.uncertain, ...uncertainOf(scene, way.runs)])].sort(
    (a, b) => a - b,
  );
  return {
    rule,
    key: scene.key,
    at: c.at,
    captures: capturesOf(scene, way.runs),
    last: eventAt(scene, c.end),
    isIncomplete: way.isIncomplete,
    ...(uncertain.length > 0 ? { quality: { uncertain, incomplete: [] } } : {}),
  };
}
