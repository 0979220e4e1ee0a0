/**
 * Removes what can never lead to a match from a program that is simulated, such as everything
 * before the `\A` of `abc\A`. Afterwards a thread that may read a byte is a proof that some
 * continuation matches, which is what a "no" on a cut text needs.
 *
 * An instruction is live when, after one of its bytes and before some next byte, MATCH or a live
 * instruction for that next byte is in reach. The fixpoint runs upwards, because programs are built
 * back to front: without loops one pass is enough.
 */

import { assertionHolds, NEIGHBOUR, neighbourBefore, neighbourOf } from "./boundary.ts";
import { INSTRUCTION_WORDS, OP } from "./nfa.ts";

/** A BYTE argument that no byte satisfies. */
export const NO_BYTE = 0x0100;

/** What may follow a place, when nothing is known about it. */
export const POSSIBLE_NEXT: readonly number[] = [
  NEIGHBOUR.edge,
  NEIGHBOUR.newline,
  NEIGHBOUR.word,
  NEIGHBOUR.other,
];

const POSSIBLE_NEXT_BYTE_WISE = [...POSSIBLE_NEXT, NEIGHBOUR.continuation];

/** The program with dead BYTE instructions reading nothing. */
export function removeDeadPositions(code: Uint16Array): Uint16Array {
  const live = new Uint8Array(code.length / INSTRUCTION_WORDS);
  const isLive = (index: number) => live[index] === 1;
  for (let isChanged = true; isChanged; ) {
    isChanged = false;
    for (let index = 0; index < live.length; index++) {
      const at = index * INSTRUCTION_WORDS;
      if (live[index] === 1 || code[at] !== OP.byte) continue;
      const befores = neighboursIn(code[at + 1]!, neighbourBefore);
      if (!befores.some((before) => leadsOn(code, code[at + 2]!, before, isLive))) continue;
      live[index] = 1;
      isChanged = true;
    }
  }
  const pruned = code.slice();
  live.forEach((flag, index) => {
    const at = index * INSTRUCTION_WORDS;
    if (flag === 0 && code[at] === OP.byte) pruned[at + 1] = NO_BYTE;
  });
  return pruned;
}

/** Whether MATCH, or an instruction that is live and can read on, is in reach of `start`. */
export function leadsOn(
  code: Uint16Array,
  start: number,
  before: number,
  isLive: (index: number) => boolean,
): boolean {
  return POSSIBLE_NEXT_BYTE_WISE.some((after) =>
    reached(code, start, before, after).some((index) => {
      const at = index * INSTRUCTION_WORDS;
      if (code[at] === OP.match) return true;
      return isLive(index) && canRead(code[at + 1]!, after);
    }),
  );
}

/** Whether a BYTE argument allows a byte of this kind. */
export function canRead(range: number, after: number): boolean {
  return neighboursIn(range, neighbourOf).includes(after);
}

function neighboursIn(range: number, kindOf: (byte: number) => number): readonly number[] {
  const kinds = new Set<number>();
  for (let byte = range >> 8; byte <= (range & 0xff); byte++) kinds.add(kindOf(byte));
  return [...kinds];
}

/** MATCH and BYTE instructions in reach without reading. */
function reached(code: Uint16Array, start: number, before: number, after: number): number[] {
  const found: number[] = [];
  const seen = new Set<number>();
  const stack = [start];
  for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
    if (seen.has(index)) continue;
    seen.add(index);
    const at = index * INSTRUCTION_WORDS;
    const op = code[at];
    if (op === OP.byte || op === OP.match) found.push(index);
    else if (op === OP.split) stack.push(code[at + 2]!, code[at + 3]!);
    else if (op === OP.save) stack.push(code[at + 2]!);
    else if (assertionHolds(code[at + 1]!, before, after) === true) stack.push(code[at + 2]!);
  }
  return found;
}
