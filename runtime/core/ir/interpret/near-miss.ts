/**
 * Matches that almost were (LANGUAGE C.11): for each event that began something, the furthest it
 * came, why it went no further, and how close the nearest candidate for the next step was.
 *
 * Times are compared as recorded. Something that may still become a match is no near miss, unless a
 * focus asks what became of one key at one time: then what is still open and what did not even
 * begin are told too.
 */
import { sinceOf } from "../taken.ts";
import { closest } from "./closeness.ts";
import type { Played } from "./completion.ts";
import type { Case, Match, NearMiss } from "./match.ts";
import { allMisses } from "./miss-all.ts";
import { sequenceMisses } from "./miss-sequence.ts";
import { silenceMisses } from "./miss-silence.ts";
import { windowMisses } from "./miss-window.ts";

/** How many are kept for each rule. */
const keptOfRule = 8;

/** The closest near misses of a rule whose pattern found `matches`, on the stages `played`. */
export function nearMissesOf(
  the: Case,
  matches: readonly Match[],
  played: readonly Played[],
): NearMiss[] {
  const all = [
    ...played.flatMap((p) => sequenceMisses(the, p, matches)),
    ...allMisses(the, matches),
    ...windowMisses(the, matches),
    ...silenceMisses(the),
  ];
  return closest(withoutRepetition(all.filter((m) => isInFocus(the, m))), keptOfRule);
}

/** An event that is told of as the candidate of something that began needs no word of its own. */
function withoutRepetition(misses: readonly NearMiss[]): NearMiss[] {
  const begun = misses.filter((m) => m.cause !== "unmet");
  const told = new Set(begun.flatMap((m) => m.candidates.map((c) => c.event)));
  return misses.filter((m) => m.cause !== "unmet" || m.candidates.some((c) => !told.has(c.event)));
}

function isInFocus(the: Case, miss: NearMiss): boolean {
  const { focus } = the.trace;
  if (!focus) return true;
  if (focus.keys && !focus.keys.has(miss.key)) return false;
  return startOf(miss) <= focus.to && miss.at >= focus.from;
}

/** When it began, µs. */
function startOf({ captures, at }: NearMiss): number {
  return Math.min(at, ...captures.flatMap((c) => (c ? [sinceOf(c)] : [])));
}
