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
import { ACCEPT_STATE, DEAD_STATE, TEXT_LIMITS } from "./text-program.ts";

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

/** The kind of a byte and the instructions it leads to, a character each, so that it is a key. */
type Places = string;

class SubsetConstruction {
  private readonly code: Uint16Array;
  private readonly stateLimit: number;
  private readonly classes: ByteClasses;
  private readonly ids = new Map<string, number>();
  /** By state id; the two fixed states have no subset. */
  private readonly subsets: Subset[] = [NO_SUBSET, NO_SUBSET];
  private readonly closure: Closure;
  /** States by the places a byte leads to; most bytes lead to the same few. */
  private readonly closed = new Map<Places, number>();
  /** By class, the places to which it leads when no instruction reads it: none. See `Places`. */
  private readonly restarts: readonly Places[];
  /** The table so far, one row for each state, and room for more. */
  private rows = new Uint16Array(0);

  constructor(code: Uint16Array, stateLimit: number) {
    this.code = code;
    this.stateLimit = stateLimit;
    this.classes = byteClasses(code);
    this.closure = new Closure(code);
    this.restarts = this.classes.before.map((kind) => String.fromCharCode(kind));
  }

  run(): RawDfa | undefined {
    const { subsets, closure } = this;
    const { classOf } = this.classes;
    const classCount = this.restarts.length;
    const start = this.close([entryOf(this.code)], NEIGHBOUR.edge);
    // What a byte comes to that no member reads: the search begins again behind it.
    const restart = this.restarts.map((places) => this.stateAt(places));
    this.reserve(2 * classCount);
    this.rows.fill(DEAD_STATE, 0, classCount).fill(ACCEPT_STATE, classCount, 2 * classCount);
    const acceptsAtEnd = [0, 1];
    for (let state = acceptsAtEnd.length; state < subsets.length; state++) {
      if (state > this.stateLimit || closure.work > TEXT_LIMITS.dfaWork) return undefined;
      const subset = subsets[state]!;
      acceptsAtEnd.push(this.decide(subset, NEIGHBOUR.edge).isMatch ? 1 : 0);
      this.reserve((state + 1) * classCount);
      this.rows.set(restart, state * classCount);
      this.fillRow(state * classCount, subset);
    }
    return {
      classOf,
      classCount,
      stateCount: subsets.length,
      start,
      table: this.rows.slice(0, subsets.length * classCount),
      acceptsAtEnd: new Uint8Array(acceptsAtEnd),
    };
  }

  private reserve(length: number): void {
    if (length <= this.rows.length) return;
    const grown = new Uint16Array(2 * length);
    grown.set(this.rows);
    this.rows = grown;
  }

  /** Writes where each class leads that some member reads; the row holds the others already. */
  private fillRow(row: number, subset: Subset): void {
    if (!subset.hasUndecided) {
      this.fillFrom(row, subset.members, undefined);
      return;
    }
    const { after } = this.classes;
    for (const kind of new Set(after)) {
      const { members, isMatch } = this.decide(subset, kind);
      if (!isMatch) this.fillFrom(row, members, kind);
      else
        after.forEach((its, byteClass) => {
          if (its === kind) this.rows[row + byteClass] = ACCEPT_STATE;
        });
    }
  }

  /** The part of `fillRow` for the classes of one kind, or of all when it is undefined. */
  private fillFrom(row: number, members: readonly number[], kind: number | undefined): void {
    const { code, restarts, rows } = this;
    const { first, last, after } = this.classes;
    const places = restarts.slice();
    const read: number[] = [];
    for (let i = 0; i < members.length; i++) {
      const member = members[i]!;
      const next = String.fromCharCode(code[member * INSTRUCTION_WORDS + 2]!);
      for (let byteClass = first[member]!; byteClass <= last[member]!; byteClass++) {
        if (kind !== undefined && after[byteClass] !== kind) continue;
        if (places[byteClass] === restarts[byteClass]) read.push(byteClass);
        places[byteClass] += next;
      }
    }
    for (let i = 0; i < read.length; i++) {
      const byteClass = read[i]!;
      rows[row + byteClass] = this.stateAt(places[byteClass]!);
    }
    // As if each of the classes asked every member, which is what a dense pattern comes to.
    const asking = kind === undefined ? after : after.filter((its) => its === kind);
    this.closure.work += members.length * asking.length;
  }

  /** What the subset comes to before a byte of this kind. */
  private decide(subset: Subset, after: number): Reached {
    const { members, before, hasUndecided } = subset;
    if (hasUndecided) return this.closure.run(members, before, after);
    return { members, isMatch: false, hasUndecided };
  }

  /** The state behind a byte that leads to these places, and to the entry as every byte does. */
  private stateAt(places: Places): number {
    const known = this.closed.get(places);
    if (known !== undefined) return known;
    const seeds = [entryOf(this.code)];
    for (let i = 1; i < places.length; i++) seeds.push(places.charCodeAt(i));
    const state = this.close(seeds, places.charCodeAt(0));
    this.closed.set(places, state);
    return state;
  }

  /** The state for these instructions and everything they reach without reading. */
  private close(seeds: readonly number[], before: number): number {
    const reached = this.closure.run(seeds, before, NEIGHBOUR.unknown);
    if (reached.isMatch) return ACCEPT_STATE;
    const { hasUndecided } = reached;
    const members = [...reached.members].sort(ascending);
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

function ascending(a: number, b: number): number {
  return a - b;
}

interface Reached {
  readonly members: readonly number[];
  readonly hasUndecided: boolean;
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
    let hasUndecided = false;
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
        hasUndecided ||= holds === undefined;
        if (holds === undefined) members.push(index);
        else if (holds) stack.push(code[at + 2]!);
      }
    }
    return { members, hasUndecided, isMatch };
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

/**
 * Bytes that no instruction and no assertion tells apart share a class. Classes are numbered in the
 * order of their bytes, so what an instruction reads is a range of classes.
 */
interface ByteClasses {
  readonly classOf: Uint8Array;
  /** By class, its kind as the byte before a place, and as the one after. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** By instruction, the classes it reads: none when the first is behind the last. */
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

function byteClasses(code: Uint16Array): ByteClasses {
  const asked = askedNeighbours(code);
  const starts = classStarts(code, asked);
  const classOf = new Uint8Array(256);
  const before: number[] = [];
  const after: number[] = [];
  for (let byte = 0, next = 0; byte < 256; byte = next) {
    next = starts.indexOf(1, byte + 1);
    classOf.fill(before.length, byte, next);
    before.push(asked.relevant(neighbourBefore(byte)));
    after.push(neighbourOf(byte));
  }
  const first = new Uint8Array(code.length / INSTRUCTION_WORDS).fill(1);
  const last = new Uint8Array(first.length);
  for (let index = 0; index < first.length; index++) {
    const at = index * INSTRUCTION_WORDS;
    if (code[at] !== OP.byte) continue;
    first[index] = classOf[code[at + 1]! >> 8]!;
    last[index] = classOf[code[at + 1]! & 0xff]!;
  }
  return { classOf, before, after, first, last };
}

/** 1 for each byte that begins a class, and for 256. */
function classStarts(code: Uint16Array, asked: AskedNeighbours): Uint8Array {
  const starts = new Uint8Array(257);
  const separate = (low: number, high: number) => {
    starts[low] = 1;
    starts[high + 1] = 1;
  };
  separate(0, 0xff);
  for (let at = 0; at < code.length; at += INSTRUCTION_WORDS) {
    if (code[at] === OP.byte) separate(code[at + 1]! >> 8, code[at + 1]! & 0xff);
  }
  if (asked.asksNewline) separate(0x0a, 0x0a);
  if (asked.asksWord) {
    separate(0x30, 0x39);
    separate(0x41, 0x5a);
    separate(0x5f, 0x5f);
    separate(0x61, 0x7a);
    separate(0x80, 0xbf);
  }
  return starts;
}
