/**
 * The events that a step could have taken next, and what kept each from being taken: tests of its
 * condition, its time, or what lies between.
 */
import { type Proof, proofOf, proofOfNot } from "../atoms.ts";
import type { Step } from "../core.ts";
import type { Taken } from "../eval.ts";
import { type Candidate, candidatesKept, type Killer } from "./match.ts";
import { judge, type Scene } from "./scene.ts";
import { eventAt } from "./sequence.ts";

/** Events behind the end of the time that are looked at; the nearest is hardly ever further. */
const lookedAtMax = 1024;

/** Of those, how many that do not fit are taken apart. */
const unfitMax = 64;

/** Where a step looks, and when its event would have been in time, µs, both ends included. */
export interface Search {
  readonly step: Step;
  /** Number of the first event looked at. */
  readonly since: number;
  readonly from: number;
  readonly to: number;
  /** Not these: they are taken. */
  readonly taken: readonly number[];
  /** What an event already does for the other steps. */
  readonly useOf?: ((index: number) => Candidate["use"]) | undefined;
  readonly capturesAt: (index: number) => readonly (Taken | undefined)[];
  /** The event that lies between, where none may. */
  readonly betweenAt?: ((index: number) => number | undefined) | undefined;
}

/** The nearest ones first, at most `candidatesKept`. */
export function candidatesOf(scene: Scene, search: Search): Candidate[] {
  const { step, since, to, taken } = search;
  const own = scene.own.get(step);
  const out: Candidate[] = [];
  let late = 0;
  for (let x = since; own && x < scene.events.length && late < lookedAtMax; x++) {
    if (!own.has(x) || taken.includes(x)) continue;
    const isLate = eventAt(scene, x).ts > to;
    if (isLate) late++;
    const isFitting = judge(scene, step, x, search.capturesAt(x)) === true;
    if (isFitting || !isLate || late <= unfitMax) out.push(candidateAt(scene, search, x));
    // Whatever fits after this one is further away.
    if (isFitting && isLate) break;
  }
  return nearest(out);
}

function nearest(candidates: readonly Candidate[]): Candidate[] {
  return [...candidates].sort(compareCandidates).slice(0, candidatesKept);
}

function candidateAt(scene: Scene, search: Search, x: number): Candidate {
  const event = eventAt(scene, x);
  const { step, from, to, capturesAt, betweenAt, useOf } = search;
  const between = betweenAt?.(x);
  return {
    step: step.name,
    event,
    proof: stepProof(scene, step, x, capturesAt(x)),
    overshoot: Math.max(0, event.ts - to, from - event.ts),
    isEarly: event.ts < from,
    use: useOf?.(x),
    between: between === undefined ? undefined : eventAt(scene, between),
  };
}

/** What the condition of `step` comes to on event `index`. */
export function stepProof(
  scene: Scene,
  step: Step,
  index: number,
  captures: readonly (Taken | undefined)[],
): Proof {
  return proofOf(step.where, { ...scene.base, current: scene.events[index], captures });
}

/** Event `index` as the step that must not come. */
export function killerAt(
  scene: Scene,
  { name, where }: Step,
  index: number,
  captures: readonly (Taken | undefined)[],
): Killer {
  const event = eventAt(scene, index);
  const env = { ...scene.base, current: event, captures };
  return { step: name, event, proof: proofOfNot(where, env) };
}

/**
 * Events that no other step has chosen come first: one that is changed for this step may be lost to
 * the other. Then the fewest tests in the way, then those that fit no other step, then those on
 * which more of the condition holds, then the nearest in time.
 */
export function compareCandidates(a: Candidate, b: Candidate): number {
  return (
    Number(a.use === "chosen") - Number(b.use === "chosen") ||
    a.proof.flips.length - b.proof.flips.length ||
    Number(a.use !== undefined) - Number(b.use !== undefined) ||
    shareHolding(b.proof) - shareHolding(a.proof) ||
    a.overshoot - b.overshoot
  );
}

/** How much of a condition came out as wanted, 0 to 1; all of one that holds. */
function shareHolding({ atoms, flips }: Proof): number {
  if (flips.length === 0) return 1;
  return atoms.filter(({ verdict, wanted }) => verdict === wanted).length / atoms.length;
}

/** By how much the nearest one that fits was out of its time, µs; undefined: there was none. */
export function overshootOf(candidates: readonly Candidate[]): number | undefined {
  const fitting = candidates.filter((c) => c.proof.verdict === true && c.overshoot > 0);
  return fitting.length === 0 ? undefined : Math.min(...fitting.map((c) => c.overshoot));
}
