/** Near misses of all-of patterns: how many steps came together, and what the others met. */
import { someExpr } from "../core.ts";
import {
  type AllScene,
  allScenesOf,
  type Choice,
  choicesOf,
  spanCaptures,
  withinOf,
} from "./all.ts";
import { candidatesOf, compareCandidates, killerAt, overshootOf, stepProof } from "./candidates.ts";
import { coveredBy } from "./covered.ts";
import { type Candidate, type Case, candidatesKept, type Match, type NearMiss } from "./match.ts";
import { isCertainlyBefore } from "./placement.ts";
import { eventsBetween, judge } from "./scene.ts";
import { eventAt } from "./sequence.ts";

export function allMisses(the: Case, matches: readonly Match[]): NearMiss[] {
  const { focus } = the.trace;
  return allScenesOf(the)
    .filter((s) => !focus?.keys || focus.keys.has(s.key))
    .flatMap((s) => missesOf(the, s, matches));
}

function missesOf(the: Case, scene: AllScene, matches: readonly Match[]): NearMiss[] {
  const covered = coveredBy(scene, matches);
  const { focus, watermark } = the.trace;
  const out: NearMiss[] = [];
  const seen = new Set<number>();
  const told = new Set<string>();
  for (const start of scene.events.keys()) {
    if (covered.has(start) || seen.has(start)) continue;
    const death = deathOf(scene, start);
    const isOpen = death.at >= watermark;
    if (isOpen && !focus) continue;
    const { ts } = eventAt(scene, start);
    if (focus && (ts > focus.to || death.at < focus.from)) continue;
    const span = eventsBetween(scene, ts, death.at).filter((x) => x >= start);
    const [choice] = choicesOf(scene, span, start, 1, "tightest");
    const miss = choice && missOf(the, scene, span, choice, death);
    if (!choice || !miss) continue;
    for (const x of choice) if (x !== undefined) seen.add(x);
    const story = storyOf(scene, choice, miss);
    if (told.has(story)) continue;
    told.add(story);
    out.push(isOpen ? { ...miss, cause: "open" } : miss);
  }
  return focus ? [...out, ...unbegun(the, scene, covered)] : out;
}

/**
 * Equal for near misses of the same events as the same steps: that the second came too late after
 * the first is also that the first came too early before the second.
 */
function storyOf(scene: AllScene, choice: Choice, { candidates: [best] }: NearMiss): string {
  const parts = scene.all.steps.map(({ name }, i) => {
    const x = choice[i];
    return x === undefined ? best?.step === name && best.event.id : eventAt(scene, x).id;
  });
  return JSON.stringify(parts);
}

/** Events of the pattern's kinds that no step could take. */
function unbegun(the: Case, scene: AllScene, covered: ReadonlySet<number>): NearMiss[] {
  return [...scene.events.keys()].flatMap((x): NearMiss[] => {
    const steps = scene.all.steps.filter((s) => scene.own.get(s)?.has(x));
    if (covered.has(x) || steps.some((s) => judge(scene, s, x, []) === true)) return [];
    const event = eventAt(scene, x);
    const candidates = steps
      .map((s): Candidate => {
        const proof = stepProof(scene, s, x, []);
        return { step: s.name, event, proof, overshoot: 0, isEarly: false };
      })
      .filter((c) => !waitsForAnother(c, []))
      .sort(compareCandidates);
    const [best] = candidates;
    if (!best) return [];
    return [
      {
        rule: the.rule,
        key: scene.key,
        cause: "unmet",
        reached: 0,
        missing: best.step,
        overshoot: undefined,
        at: event.ts,
        captures: [],
        candidates: candidates.slice(0, candidatesKept),
        lacking: scene.all.need,
      },
    ];
  });
}

interface Death {
  readonly cause: "expired" | "cancelled";
  readonly at: number;
  readonly by?: NearMiss["by"];
}

/** The end of the span that begins with event `start`, or the first `until` in it. */
function deathOf(scene: AllScene, start: number): Death {
  const { until } = scene.all;
  const end = eventAt(scene, start).ts + withinOf(scene);
  for (let x = start + 1; until && x < scene.events.length; x++) {
    const event = eventAt(scene, x);
    if (event.ts > end) break;
    if (!isCertainlyBefore(scene.intervals, start, x)) continue;
    if (judge(scene, until, x, []) === true)
      return { cause: "cancelled", at: event.ts, by: killerAt(scene, until, x, []) };
  }
  return { cause: "expired", at: end };
}

function missOf(
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
  const candidates = candidatesFor(scene, span, choice, death);
  const late = candidates.filter((c) => !c.isEarly);
  return {
    rule: the.rule,
    key: scene.key,
    cause: death.cause,
    reached,
    missing: missing.name,
    overshoot: death.cause === "expired" ? overshootOf(late) : undefined,
    at: death.at,
    captures,
    by: death.by,
    candidates: candidates.slice(0, candidatesKept),
    lacking: scene.all.need - reached,
  };
}

/** Of each step without an event the nearest candidates, the nearest of all first. */
function candidatesFor(
  scene: AllScene,
  span: readonly number[],
  choice: Choice,
  death: Death,
): Candidate[] {
  const captures = spanCaptures(scene, span, choice);
  const chosen = choice.flatMap((x) => (x === undefined ? [] : [eventAt(scene, x).ts]));
  const within = withinOf(scene);
  // The steps are in no order: what came before the first event may also be in time.
  const from = Math.max(...chosen) - within;
  const since = eventsBetween(scene, from - within, death.at)[0] ?? 0;
  const all = scene.all.steps.flatMap((step, i) =>
    choice[i] !== undefined
      ? []
      : candidatesOf(scene, {
          step,
          since,
          from,
          to: death.at,
          taken: [],
          useOf: (x) => useOf(scene, choice, captures, x),
          capturesAt: () => captures.slice(0, i),
        }),
  );
  const ready = all.filter((c) => !waitsForAnother(c, captures)).sort(compareCandidates);
  const others = ready.filter((c) => c.use !== "chosen");
  return others.length > 0 ? others : ready;
}

/** What event `x` does for the steps that have an event. */
function useOf(
  scene: AllScene,
  choice: Choice,
  captures: NearMiss["captures"],
  x: number,
): Candidate["use"] {
  if (choice.includes(x)) return "chosen";
  const isFitting = scene.all.steps.some(
    (step, i) => choice[i] !== undefined && judge(scene, step, x, captures.slice(0, i)) === true,
  );
  return isFitting ? "fits" : undefined;
}

/** Whether a test in its way reads a step that has no event: that one is what is missing. */
function waitsForAnother({ proof }: Candidate, captures: NearMiss["captures"]): boolean {
  return proof.flips.some(({ expr }) =>
    someExpr(expr, (e) => "of" in e && e.of.step !== "current" && !captures[e.of.step]),
  );
}
