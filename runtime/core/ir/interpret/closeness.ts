/** Which of two near misses is closer to a match. */
import type { NearMiss } from "./match.ts";

/** How many are kept of all rules together. */
const keptMax = 256;

/** The `max` closest, closest first. */
export function closest(misses: readonly NearMiss[], max = keptMax): NearMiss[] {
  return [...misses].sort(compareCloseness).slice(0, max);
}

/** Most steps first, then the fewest tests in the way, then the nearest in time. */
function compareCloseness(a: NearMiss, b: NearMiss): number {
  return (
    b.reached - a.reached ||
    compareNumbers(failing(a), failing(b)) ||
    compareNumbers(a.overshoot ?? Number.POSITIVE_INFINITY, b.overshoot ?? Number.POSITIVE_INFINITY)
  );
}

/** Infinite ones are equal. */
function compareNumbers(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function failing({ having, candidates }: NearMiss): number {
  const proof = having ?? candidates[0]?.proof;
  return proof?.flips.length ?? Number.POSITIVE_INFINITY;
}
