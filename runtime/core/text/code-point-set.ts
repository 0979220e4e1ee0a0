/**
 * Sets of Unicode code points, as sorted, disjoint, non-adjacent ranges in one flat list:
 * `[0x30, 0x39, 0x61, 0x66]` is `[0-9a-f]`.
 */

export type CodePointSet = readonly number[];

export const LAST_CODE_POINT = 0x10ffff;

export const ANY: CodePointSet = [0, LAST_CODE_POINT];
export const ANY_BUT_NEWLINE: CodePointSet = [0, 0x09, 0x0b, LAST_CODE_POINT];
export const DIGIT: CodePointSet = [0x30, 0x39];
export const WORD: CodePointSet = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a];
/** RE2's `\s`: tab, newline, form feed, carriage return, space; no vertical tab. */
export const SPACE: CodePointSet = [0x09, 0x0a, 0x0c, 0x0d, 0x20, 0x20];

/** The POSIX names allowed inside a class, `[[:alpha:]]`; ASCII, like everything named here. */
export const POSIX_SETS: ReadonlyMap<string, CodePointSet> = new Map<string, CodePointSet>([
  ["alnum", [0x30, 0x39, 0x41, 0x5a, 0x61, 0x7a]],
  ["alpha", [0x41, 0x5a, 0x61, 0x7a]],
  ["ascii", [0, 0x7f]],
  ["blank", [0x09, 0x09, 0x20, 0x20]],
  ["cntrl", [0, 0x1f, 0x7f, 0x7f]],
  ["digit", DIGIT],
  ["graph", [0x21, 0x7e]],
  ["lower", [0x61, 0x7a]],
  ["print", [0x20, 0x7e]],
  ["punct", [0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e]],
  ["space", [0x09, 0x0d, 0x20, 0x20]],
  ["upper", [0x41, 0x5a]],
  ["word", WORD],
  ["xdigit", [0x30, 0x39, 0x41, 0x46, 0x61, 0x66]],
]);

/** Sorts and merges arbitrary ranges. */
export function normaliseRanges(ranges: readonly number[]): CodePointSet {
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i]!, ranges[i + 1]!]);
  pairs.sort((a, b) => a[0] - b[0]);
  const merged: number[] = [];
  for (const [low, high] of pairs) {
    const end = merged.length - 1;
    if (end > 0 && low <= merged[end]! + 1) merged[end] = Math.max(merged[end]!, high);
    else merged.push(low, high);
  }
  return merged;
}

export function complement(set: CodePointSet): CodePointSet {
  const rest: number[] = [];
  let from = 0;
  for (let i = 0; i < set.length; i += 2) {
    if (set[i]! > from) rest.push(from, set[i]! - 1);
    from = set[i + 1]! + 1;
  }
  if (from <= LAST_CODE_POINT) rest.push(from, LAST_CODE_POINT);
  return rest;
}

export function without(set: CodePointSet, removed: CodePointSet): CodePointSet {
  return complement(normaliseRanges([...complement(set), ...removed]));
}

/** Adds the other case of every ASCII letter in the set. */
export function foldAsciiCase(set: CodePointSet): CodePointSet {
  const folded = [...set];
  for (let i = 0; i < set.length; i += 2) {
    addShifted(folded, set[i]!, set[i + 1]!, 0x41, 0x5a, 0x20);
    addShifted(folded, set[i]!, set[i + 1]!, 0x61, 0x7a, -0x20);
  }
  return normaliseRanges(folded);
}

/** Appends the part of low..high that lies in first..last, moved by `shift`. */
function addShifted(
  out: number[],
  low: number,
  high: number,
  first: number,
  last: number,
  shift: number,
): void {
  const from = Math.max(low, first);
  const to = Math.min(high, last);
  if (from <= to) out.push(from + shift, to + shift);
}
