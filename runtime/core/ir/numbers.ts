/** Integers outside ±(2⁵³−1), NaN and infinities are missing. */
export function bounded(x: number, isInt: boolean): number | undefined {
  const y = isInt ? Math.trunc(x) : x;
  return Number.isFinite(y) && (!isInt || Number.isSafeInteger(y)) ? y + 0 : undefined;
}
