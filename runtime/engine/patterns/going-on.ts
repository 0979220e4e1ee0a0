/**
 * When a match that goes on under `emit close` is told of again: at its least length and at each
 * doubling of that. It follows from the length alone, so that nothing is to be remembered of it,
 * and how often a match is told of is bounded by the logarithm of its length.
 */

/** Whether a length has come to `least`, or to a doubling of it, on its way up from `before`. */
export function isToldAgain(before: number, length: number, least: number): boolean {
  return doublings(length, least) > doublings(before, least);
}

/** How often `least` was doubled up to `length`; -1 below it. Lengths are below 2^32. */
function doublings(length: number, least: number): number {
  return 31 - Math.clz32(Math.floor(length / Math.max(1, least)));
}
