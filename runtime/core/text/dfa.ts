/**
 * Instructions → deterministic automaton, by the subset construction (Rabin and Scott) over classes
 * of bytes that no instruction tells apart.
 *
 * A state is the set of instructions that may read the next byte. The search is unanchored: every
 * step adds the entry again. Reaching MATCH leads to state 1, which accepts whatever follows, so a
 * run stops at the first proof.
 *
 * Assertions look one byte ahead, as in RE2: an assertion that depends on the next byte stays in
 * the set, undecided, together with the kind of the byte before it; the transition decides it.
 * Example, `a$` with the two states that matter:
 *
 * ```text
 *   {read a} ──a──▶ {read a, assert textEnd}     accepts when the text ends here
 *       ▲                    │
 *       └──── not a ─────────┘
 * ```
 */

import { ASSERTIONS, assertionHolds, NEIGHBOUR, neighbourBefore, neighbourOf } from "./boundary.ts";
import { entryOf, INSTRUCTION_WORDS, OP } from "./nfa.ts";
import { ACCEPT_STATE, TEXT_LIMITS } from "./text-program.ts";

/** An automaton without verdicts; see verdicts.ts and minimise.ts for the rest of the way. */
export interface RawDfa {
  readonly classOf: Uint8Array;
  readonly classCount: number;
  readonly stateCount: number;
  readonly start: number;
  /** `table[state * classCount + class]`. */
  readonly table: Uint16Array;
  /** 1 when a text that ends in this state matches. */
  readonly acceptsAtEnd: Uint8Array;
}

/** The automaton; `undefined` when it exceeds the limits on states or work. */
export function buildDfa(
  code: Uint16Array,
  stateLimit: number = TEXT_LIMITS.dfaStates,
): RawDfa | undefined {
  return new SubsetConstruction(code, stateLimit).run();
}

interface Subset {
  /** BYTE and undecided ASSERT instructions, ascending. */
  readonly members: readonly number[];
  /** Whether an ASSERT is among the members. */
  readonly hasUndecided: boolean;
  /** Kind of the byte before, when an undecided assertion may ask. */
  readonly before: number;
}

class SubsetConstruction {
  private readonly code: Uint16Array;
  private readonly stateLimit: number;
  private readonly asked: AskedNeighbours;
  private readonly ids = new Map<string, number>();
  /** By state id; the two fixed states have no subset. */
  private readonly subsets: Subset[] = [NO_SUBSET, NO_SUBSET];
  private readonly closure: Closure;
  /** States by the places a byte leads to; most bytes lead to the same few. */
  private readonly closed = new Map<string, number>();

  constructor(code: Uint16Array, stateLimit: number) {
    this.code = code;
    this.stateLimit = stateLimit;
    this.asked = askedNeighbours(code);
    this.closure = new Closure(code);
  }

  run(): RawDfa | undefined {
    const classes = byteClasses(this.code, this.asked);
    const start = this.close([entryOf(this.code)], NEIGHBOUR.edge);
    const rows: number[] = [];
    const acceptsAtEnd: number[] = [];
    for (let state = 0; state < this.subsets.length; state++) {
      if (state > this.stateLimit || this.closure.work > TEXT_LIMITS.dfaWork) return undefined;
      const subset = this.subsets[state]!;
      acceptsAtEnd.push(state === ACCEPT_STATE || this.endsInMatch(subset) ? 1 : 0);
      const decided: Reached[] = [];
      for (const byte of classes.samples) {
        rows.push(state <= ACCEPT_STATE ? state : this.step(subset, byte, decided));
      }
    }
    return {
      classOf: classes.classOf,
      classCount: classes.samples.length,
      stateCount: this.subsets.length,
      start,
      table: new Uint16Array(rows),
      acceptsAtEnd: new Uint8Array(acceptsAtEnd),
    };
  }

  private endsInMatch(subset: Subset): boolean {
    return this.decide(subset, NEIGHBOUR.edge).isMatch;
  }

  /** What the subset comes to before a byte of this kind. */
  private decide(subset: Subset, after: number): Reached {
    const { members, before, hasUndecided } = subset;
    if (hasUndecided) return this.closure.run(members, before, after);
    this.closure.work += members.length;
    return { members, isMatch: false };
  }

  /** `decided` keeps what the subset comes to before each kind of byte. */
  private step(subset: Subset, byte: number, decided: Reached[]): number {
    const { code, closure } = this;
    const after = neighbourOf(byte);
    decided[after] ??= this.decide(subset, after);
    const { members, isMatch } = decided[after];
    if (isMatch) return ACCEPT_STATE;
    const targets: number[] = [];
    for (let i = 0; i < members.length; i++) {
      const at = members[i]! * INSTRUCTION_WORDS;
      if (readsByte(code[at + 1]!, byte)) targets.push(code[at + 2]!);
    }
    closure.work += members.length;
    const before = this.asked.relevant(neighbourBefore(byte));
    const key = String.fromCharCode(before, ...targets);
    const known = this.closed.get(key);
    if (known !== undefined) return known;
    targets.push(entryOf(code));
    const state = this.close(targets, before);
    this.closed.set(key, state);
    return state;
  }

  /** The state for these instructions and everything they reach without reading. */
  private close(seeds: readonly number[], before: number): number {
    const { members: unsorted, isMatch } = this.closure.run(seeds, before, NEIGHBOUR.unknown);
    if (isMatch) return ACCEPT_STATE;
    const members = [...unsorted].sort((a, b) => a - b);
    const hasUndecided = members.some((at) => this.code[at * INSTRUCTION_WORDS] === OP.assert);
    const kept = hasUndecided ? before : NEIGHBOUR.other;
    const key = String.fromCharCode(kept, ...members);
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    const id = this.subsets.length;
    this.ids.set(key, id);
    this.subsets.push({ members, hasUndecided, before: kept });
    return id;
  }
}

const NO_SUBSET: Subset = { members: [], hasUndecided: false, before: NEIGHBOUR.other };

interface Reached {
  readonly members: readonly number[];
  readonly isMatch: boolean;
}

/** Follows SPLIT, SAVE and decided ASSERT instructions. One instance is reused for its buffers. */
class Closure {
  /** Instructions visited so far, over all runs, and looked at for a byte. */
  work = 0;
  private readonly code: Uint16Array;
  private readonly seenIn: Uint32Array;
  private generation = 0;

  constructor(code: Uint16Array) {
    this.code = code;
    this.seenIn = new Uint32Array(code.length / INSTRUCTION_WORDS);
  }

  run(seeds: readonly number[], before: number, after: number): Reached {
    const { code, seenIn } = this;
    const generation = ++this.generation;
    const members: number[] = [];
    let isMatch = false;
    const stack = [...seeds];
    for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
      this.work++;
      if (seenIn[index] === generation) continue;
      seenIn[index] = generation;
      const at = index * INSTRUCTION_WORDS;
      const op = code[at];
      if (op === OP.byte) members.push(index);
      else if (op === OP.match) isMatch = true;
      else if (op === OP.split) stack.push(code[at + 3]!, code[at + 2]!);
      else if (op === OP.save) stack.push(code[at + 2]!);
      else {
        const holds = assertionHolds(code[at + 1]!, before, after);
        if (holds === undefined) members.push(index);
        else if (holds) stack.push(code[at + 2]!);
      }
    }
    return { members, isMatch };
  }
}

/** Which neighbours the assertions of a program can tell apart. */
interface AskedNeighbours {
  readonly asksWord: boolean;
  readonly asksNewline: boolean;
  /** The neighbour, with what nobody asks about replaced by "other". */
  relevant(neighbour: number): number;
}

function askedNeighbours(code: Uint16Array): AskedNeighbours {
  const used = new Set<string | undefined>();
  for (let at = 0; at < code.length; at += INSTRUCTION_WORDS) {
    if (code[at] === OP.assert) used.add(ASSERTIONS[code[at + 1]!]);
  }
  const asksWord = used.has("wordBoundary") || used.has("notWordBoundary");
  const asksNewline = used.has("lineStart") || used.has("lineEnd");
  return {
    asksWord,
    asksNewline,
    relevant: (neighbour) =>
      (neighbour === NEIGHBOUR.word && !asksWord) ||
      (neighbour === NEIGHBOUR.newline && !asksNewline)
        ? NEIGHBOUR.other
        : neighbour,
  };
}

/** Whether a BYTE argument allows the byte. */
export function readsByte(range: number, byte: number): boolean {
  return range >> 8 <= byte && byte <= (range & 0xff);
}

/** Bytes that no instruction and no assertion tells apart share a class; one sample for each. */
function byteClasses(
  code: Uint16Array,
  asked: AskedNeighbours,
): { readonly classOf: Uint8Array; readonly samples: readonly number[] } {
  const startsClass = new Uint8Array(257);
  const separate = (low: number, high: number) => {
    startsClass[low] = 1;
    startsClass[high + 1] = 1;
  };
  for (let at = 0; at < code.length; at += INSTRUCTION_WORDS) {
    if (code[at] === OP.byte) separate(code[at + 1]! >> 8, code[at + 1]! & 0xff);
  }
  if (asked.asksNewline) separate(0x0a, 0x0a);
  if (asked.asksWord) {
    for (const [low, high] of [
      [0x30, 0x39],
      [0x41, 0x5a],
      [0x5f, 0x5f],
      [0x61, 0x7a],
    ] as const) {
      separate(low, high);
    }
    separate(0x80, 0xbf);
  }
  const classOf = new Uint8Array(256);
  const samples = [0];
  for (let byte = 1; byte < 256; byte++) {
    if (startsClass[byte] === 1) samples.push(byte);
    classOf[byte] = samples.length - 1;
  }
  return { classOf, samples };
}
