/**
 * Where an assertion holds. An assertion looks at the neighbours of a place: the byte before it and
 * the byte after it, of which only the kind matters.
 *
 * Words are ASCII, so a non-ASCII character is no word character. A place inside a character (a
 * continuation byte follows) is no place at all: no assertion holds there, which keeps a
 * byte-wise search from finding an empty match between the bytes of `é`.
 */

import type { Assertion } from "./pattern-node.ts";

/** What stands beside a place. */
export const NEIGHBOUR = {
  /** The text begins or ends here. */
  edge: 0,
  newline: 1,
  word: 2,
  other: 3,
  /** Only as the byte after: a UTF-8 continuation byte. */
  continuation: 4,
  /** Only as the byte after: not known yet. */
  unknown: 5,
} as const;

/** In the order of their codes in an ASSERT instruction. */
export const ASSERTIONS: readonly Assertion[] = [
  "textStart",
  "textEnd",
  "lineStart",
  "lineEnd",
  "wordBoundary",
  "notWordBoundary",
];

/** The kind of a byte as the one after a place. */
export function neighbourOf(byte: number): number {
  if (byte === 0x0a) return NEIGHBOUR.newline;
  if (byte >= 0x80) return byte < 0xc0 ? NEIGHBOUR.continuation : NEIGHBOUR.other;
  const isWord =
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x5f;
  return isWord ? NEIGHBOUR.word : NEIGHBOUR.other;
}

/** The kind of a byte as the one before a place. */
export function neighbourBefore(byte: number): number {
  return byte >= 0x80 ? NEIGHBOUR.other : neighbourOf(byte);
}

/**
 * Whether assertion `code` holds between two neighbours; `undefined` while it depends on `after`.
 */
export function assertionHolds(code: number, before: number, after: number): boolean | undefined {
  const assertion = ASSERTIONS[code];
  if (assertion === "textStart") return before === NEIGHBOUR.edge;
  if (assertion === "lineStart") return before === NEIGHBOUR.edge || before === NEIGHBOUR.newline;
  if (after === NEIGHBOUR.unknown) return undefined;
  if (after === NEIGHBOUR.continuation) return false;
  if (assertion === "textEnd") return after === NEIGHBOUR.edge;
  if (assertion === "lineEnd") return after === NEIGHBOUR.edge || after === NEIGHBOUR.newline;
  const isBoundary = (before === NEIGHBOUR.word) !== (after === NEIGHBOUR.word);
  return isBoundary === (assertion === "wordBoundary");
}
