/**
 * UTF-8 as ranges of bytes, after Thompson's encoding and the range splitting of RE2 and of Rust's
 * `utf8-ranges`.
 *
 * Texts are well-formed, so byte sequences that cannot occur may be accepted or not, as suits. Two
 * ranges use that freedom to stay whole: three-byte sequences begin at `E0 80 80` and four-byte
 * ones at `F0 80 80 80` instead of the shortest forms, and a range across the surrogates keeps the
 * gap. "Any character" is then four sequences instead of nine:
 *
 * ```text
 *   [00-7F]   [C2-DF][80-BF]   [E0-EF][80-BF][80-BF]   [F0-F4][80-BF][80-BF][80-BF]
 * ```
 */

import type { CodePointSet } from "./code-point-set.ts";

/** A byte sequence as pairs: low and high of the first byte, of the second, … */
export type ByteSequence = readonly number[];

/** Inclusive code point ranges with the same encoded length. */
const LENGTH_BANDS = [
  [0, 0x7f],
  [0x80, 0x7ff],
  [0x800, 0xffff],
  [0x10000, 0x10ffff],
] as const;

/** Sets are few: `.`, named classes, and a glob's `*` and `?` are always the same lists. */
const known = new WeakMap<CodePointSet, readonly ByteSequence[]>();

/** The sequences of byte ranges that spell exactly the code points of the set. */
export function utf8Sequences(set: CodePointSet): readonly ByteSequence[] {
  const sequences = known.get(set) ?? spell(set);
  known.set(set, sequences);
  return sequences;
}

function spell(set: CodePointSet): readonly ByteSequence[] {
  const sequences: ByteSequence[] = [];
  for (let i = 0; i < set.length; i += 2) {
    for (const [low, high] of withoutSurrogates(set[i]!, set[i + 1]!)) {
      LENGTH_BANDS.forEach(([first, last], band) => {
        const from = Math.max(low, first);
        const to = Math.min(high, last);
        if (from <= to) split(lowestBytes(from, band, first), encode(to, band), 0, [], sequences);
      });
    }
  }
  return sequences;
}

function withoutSurrogates(low: number, high: number): readonly (readonly [number, number])[] {
  const isAcross = low <= 0xd7ff && high >= 0xe000;
  if (isAcross || high < 0xd800 || low > 0xdfff) return [[low, high]];
  const parts: (readonly [number, number])[] = [];
  if (low < 0xd800) parts.push([low, 0xd7ff]);
  if (high > 0xdfff) parts.push([0xe000, high]);
  return parts;
}

function lowestBytes(codePoint: number, band: number, first: number): readonly number[] {
  const bytes = encode(codePoint, band);
  if (codePoint !== first || band < 2) return bytes;
  return bytes.map((byte, i) => (i === 0 ? byte : 0x80));
}

/** `band` is the encoded length less one. */
function encode(codePoint: number, band: number): readonly number[] {
  const continuation = (shift: number) => 0x80 | ((codePoint >> shift) & 0x3f);
  if (band === 0) return [codePoint];
  if (band === 1) return [0xc0 | (codePoint >> 6), continuation(0)];
  if (band === 2) return [0xe0 | (codePoint >> 12), continuation(6), continuation(0)];
  return [0xf0 | (codePoint >> 18), continuation(12), continuation(6), continuation(0)];
}

/** Cuts low..high so that each piece is a product of byte ranges. */
function split(
  low: readonly number[],
  high: readonly number[],
  at: number,
  prefix: readonly number[],
  out: ByteSequence[],
): void {
  let first = low[at]!;
  let last = high[at]!;
  if (at === low.length - 1) {
    out.push([...prefix, first, last]);
    return;
  }
  if (first === last) {
    split(low, high, at + 1, [...prefix, first, first], out);
    return;
  }
  if (low.slice(at + 1).some((byte) => byte !== 0x80)) {
    const ceiling = low.map((byte, i) => (i <= at ? byte : 0xbf));
    split(low, ceiling, at + 1, [...prefix, first, first], out);
    first++;
  }
  const hasPartialEnd = high.slice(at + 1).some((byte) => byte !== 0xbf);
  if (hasPartialEnd) last--;
  if (first <= last) {
    const whole = low.slice(at + 1).flatMap(() => [0x80, 0xbf]);
    out.push([...prefix, first, last, ...whole]);
  }
  if (hasPartialEnd) {
    const floor = high.map((byte, i) => (i <= at ? byte : 0x80));
    split(floor, high, at + 1, [...prefix, last + 1, last + 1], out);
  }
}
