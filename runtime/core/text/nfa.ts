/**
 * Thompson's construction: nodes → instructions that read bytes (Thompson 1968; the virtual machine
 * form after Pike and Cox, "Regular Expression Matching: the Virtual Machine Approach").
 *
 * An instruction is four 16-bit words, so the program is one `Uint16Array`:
 *
 * ```text
 *   word 0   1                     2      3
 *   MATCH    -                     -      -
 *   BYTE     low << 8 | high       next   -
 *   SPLIT    -                     next   other      `next` is preferred
 *   SAVE     slot                  next   -
 *   ASSERT   index in ASSERTIONS   next   -
 * ```
 *
 * Example, `a|b*` (built back to front, entry is the last one):
 *
 * ```text
 *   0 MATCH     1 SPLIT 2 0     2 BYTE b b → 1     3 BYTE a a → 0     4 SPLIT 3 1
 * ```
 */

import { ASSERTIONS } from "./boundary.ts";
import type { CodePointSet } from "./code-point-set.ts";
import { canBeEmpty, type PatternNode } from "./pattern-node.ts";
import { TEXT_LIMITS } from "./text-program.ts";
import { type ByteSequence, utf8Sequences } from "./utf8.ts";

export const OP = { match: 0, byte: 1, split: 2, save: 3, assert: 4 } as const;

/** A code point up to here is one byte. */
const LAST_ASCII = 0x7f;

/** Words per instruction. */
export const INSTRUCTION_WORDS = 4;

/** The instructions and where to begin; `undefined` when there would be too many. */
export function buildNfa(root: PatternNode): Uint16Array | undefined {
  const builder = new NfaBuilder();
  const match = builder.emit(OP.match, 0, 0, 0);
  const end = builder.emit(OP.save, 1, match, 0);
  builder.emit(OP.save, 0, builder.build(root, end), 0);
  return builder.isTooLarge ? undefined : Uint16Array.from(builder.words);
}

/** The entry is the last instruction, because programs are built back to front. */
export function entryOf(code: Uint16Array): number {
  return code.length / INSTRUCTION_WORDS - 1;
}

/** How many instructions read a byte. */
export function countPositions(code: Uint16Array): number {
  let count = 0;
  for (let at = 0; at < code.length; at += INSTRUCTION_WORDS) if (code[at] === OP.byte) count++;
  return count;
}

class NfaBuilder {
  readonly words: number[] = [];
  isTooLarge = false;

  /** Appends an instruction and returns its index. */
  emit(op: number, argument: number, next: number, other: number): number {
    const index = this.words.length / INSTRUCTION_WORDS;
    if (index >= TEXT_LIMITS.instructions) {
      this.isTooLarge = true;
      return 0;
    }
    this.words.push(op, argument, next, other);
    return index;
  }

  /** Builds the node so that it continues at `next`; returns its entry. */
  build(node: PatternNode, next: number): number {
    if (this.isTooLarge) return 0;
    switch (node.kind) {
      case "empty":
        return next;
      case "set":
        return this.buildSet(node.set, next);
      case "assert":
        return this.emit(OP.assert, ASSERTIONS.indexOf(node.assertion), next, 0);
      case "sequence":
        return node.parts.reduceRight((entry, part) => this.build(part, entry), next);
      case "choice":
        return this.buildChoice(node.options.map((option) => this.build(option, next)));
      case "repeat":
        return this.buildRepeat(node, next);
      case "capture": {
        const end = this.emit(OP.save, 2 * node.index + 3, next, 0);
        return this.emit(OP.save, 2 * node.index + 2, this.build(node.body, end), 0);
      }
    }
  }

  private buildSet(set: CodePointSet, next: number): number {
    if (set.length === 2 && set[1]! <= LAST_ASCII) {
      return this.emit(OP.byte, (set[0]! << 8) | set[1]!, next, 0);
    }
    const entry = this.buildSequences(utf8Sequences(set), 0, next, new Map());
    // An empty set reads a byte from a range that holds none.
    return entry ?? this.emit(OP.byte, 0x0100, next, 0);
  }

  /**
   * The bytes of the sequences from `at` on. Sequences in order with the same bytes before `at`
   * share their beginnings as well as their tails, which keeps large classes small.
   */
  private buildSequences(
    sequences: readonly ByteSequence[],
    at: number,
    next: number,
    shared: Map<string, number>,
  ): number | undefined {
    const entries: number[] = [];
    for (let from = 0, to = 0; from < sequences.length; from = to) {
      const bytes = rangeAt(sequences[from]!, at);
      while (to < sequences.length && rangeAt(sequences[to]!, at) === bytes) to++;
      const isLast = sequences[from]!.length === at + 2;
      const rest = isLast
        ? next
        : this.buildSequences(sequences.slice(from, to), at + 2, next, shared)!;
      entries.push(once(shared, `${bytes}:${rest}`, () => this.emit(OP.byte, bytes, rest, 0)));
    }
    if (entries.length === 0) return undefined;
    return once(shared, entries.join(), () => this.buildChoice(entries));
  }

  private buildChoice(entries: readonly number[]): number {
    return entries.reduceRight((other, entry) => this.emit(OP.split, 0, entry, other));
  }

  /** `x{2,4}` is `xx(x(x)?)?`, `x{2,}` is `xx+`. */
  private buildRepeat(node: PatternNode & { readonly kind: "repeat" }, next: number): number {
    const { body, min, max, isLazy } = node;
    if (max === undefined && min === 0) return this.buildStar(body, isLazy, next);
    let entry = max === undefined ? this.buildPlus(body, isLazy, next) : next;
    for (let count = min; max !== undefined && count < max && !this.isTooLarge; count++) {
      entry = this.emitChoice(this.build(body, entry), next, isLazy);
    }
    const copies = max === undefined ? min - 1 : min;
    for (let count = 0; count < copies && !this.isTooLarge; count++)
      entry = this.build(body, entry);
    return entry;
  }

  /** RE2's rule: when `x` can be empty, `x*` means `(x+)?`, so that preferences come out right. */
  private buildStar(body: PatternNode, isLazy: boolean, next: number): number {
    if (canBeEmpty(body)) return this.emitChoice(this.buildPlus(body, isLazy, next), next, isLazy);
    const loop = this.emit(OP.split, 0, next, next);
    this.patchLoop(loop, this.build(body, loop), isLazy);
    return loop;
  }

  private buildPlus(body: PatternNode, isLazy: boolean, next: number): number {
    const loop = this.emit(OP.split, 0, next, next);
    const entry = this.build(body, loop);
    this.patchLoop(loop, entry, isLazy);
    return entry;
  }

  private patchLoop(loop: number, entry: number, isLazy: boolean): void {
    this.words[loop * INSTRUCTION_WORDS + (isLazy ? 3 : 2)] = entry;
  }

  private emitChoice(body: number, skip: number, isLazy: boolean): number {
    return isLazy ? this.emit(OP.split, 0, skip, body) : this.emit(OP.split, 0, body, skip);
  }
}

/** The byte range of a sequence at an offset, as the argument of a BYTE instruction. */
function rangeAt(sequence: ByteSequence, at: number): number {
  return (sequence[at]! << 8) | sequence[at + 1]!;
}

/** The value known under the key, or the new one that is then known. */
function once(known: Map<string, number>, key: string, make: () => number): number {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}
