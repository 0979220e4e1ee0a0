/**
 * The smallest automaton with the same answers: Hopcroft's partition refinement (1971), with the
 * partition kept in one permuted array as Valmari describes it. States are then numbered in the
 * order a breadth-first walk meets them, so automata that agree on all bytes become equal; classes
 * of bytes whose columns became equal are merged.
 *
 * ```text
 *   elements   3 7 1 | 0 4 | 2 5 6        block b is elements[first[b] .. end[b])
 *                ▲                        marking moves an element to the front of its block,
 *                └ marked[b] = 1          splitting cuts the block after its marked part
 * ```
 */

import type { RawDfa } from "./dfa.ts";
import { ACCEPT_STATE, DEAD_STATE, type DfaProgram } from "./text-program.ts";
import type { DecidedDfa } from "./verdicts.ts";

export function minimise({ dfa, verdicts }: DecidedDfa): DfaProgram {
  const blocks = refine(dfa, verdicts);
  const numbered = numberBlocks(dfa, blocks);
  const { order, columns } = numbered;
  const { columnOf, samples } = mergeColumns(columns);
  const table = new Uint16Array(order.length * samples.length);
  for (let column = 0; column < samples.length; column++) {
    const targets = columns[samples[column]!]!;
    for (let state = 0, at = column; state < order.length; state++, at += samples.length) {
      table[at] = targets[state]!;
    }
  }
  return {
    kind: "dfa",
    classOf: dfa.classOf.map((byteClass) => columnOf[byteClass]!),
    classCount: samples.length,
    start: numbered.start,
    table,
    verdicts: Uint8Array.from(order, (representative) => verdicts[representative]!),
  };
}

/** A partition of the states into blocks. */
class Blocks {
  readonly blockOf: Int32Array;
  readonly first: number[] = [];
  readonly end: number[] = [];
  private readonly marked: number[] = [];
  private readonly elements: Int32Array;
  private readonly place: Int32Array;

  /** States with equal keys begin in the same block. */
  constructor(keys: Uint8Array) {
    this.elements = sortedBy(keys);
    this.place = new Int32Array(keys.length);
    this.blockOf = new Int32Array(keys.length);
    this.elements.forEach((state, place) => {
      this.place[state] = place;
      const before = place > 0 ? keys[this.elements[place - 1]!] : undefined;
      if (keys[state] !== before) this.open(place);
      this.end[this.end.length - 1] = place + 1;
      this.blockOf[state] = this.end.length - 1;
    });
  }

  get count(): number {
    return this.first.length;
  }

  get largest(): number {
    const sizes = this.first.map((first, block) => this.end[block]! - first);
    return sizes.indexOf(Math.max(...sizes));
  }

  private open(first: number): number {
    this.first.push(first);
    this.end.push(first);
    this.marked.push(0);
    return this.first.length - 1;
  }

  statesOf(block: number): Int32Array {
    return this.elements.slice(this.first[block], this.end[block]);
  }

  /** Marks a state once; true when it is the first one marked in its block. */
  mark(state: number): boolean {
    const block = this.blockOf[state]!;
    const front = this.first[block]! + this.marked[block]!;
    const place = this.place[state]!;
    if (place < front) return false;
    const other = this.elements[front]!;
    this.elements[front] = state;
    this.elements[place] = other;
    this.place[state] = front;
    this.place[other] = place;
    this.marked[block]!++;
    return this.marked[block] === 1;
  }

  /** Cuts the marked part off; the smaller part becomes the new block. -1 when all are marked. */
  split(block: number): number {
    const first = this.first[block]!;
    const cut = first + this.marked[block]!;
    const end = this.end[block]!;
    this.marked[block] = 0;
    if (cut === end) return -1;
    const isFrontSmaller = cut - first <= end - cut;
    const added = this.open(isFrontSmaller ? first : cut);
    this.end[added] = isFrontSmaller ? cut : end;
    if (isFrontSmaller) this.first[block] = cut;
    else this.end[block] = cut;
    for (const state of this.statesOf(added)) this.blockOf[state] = added;
    return added;
  }
}

/** The indices of the keys, by key and then by index. */
function sortedBy(keys: Uint8Array): Int32Array {
  const next = new Int32Array(257);
  for (const key of keys) next[key + 1]!++;
  for (let key = 1; key < next.length; key++) next[key]! += next[key - 1]!;
  const sorted = new Int32Array(keys.length);
  keys.forEach((key, index) => {
    sorted[next[key]!++] = index;
  });
  return sorted;
}

function refine(dfa: RawDfa, verdicts: Uint8Array): Blocks {
  const { classCount } = dfa;
  const blocks = new Blocks(verdicts);
  const { starts, states: sources } = incomingStates(dfa);
  // Blocks to split the others by, each with all classes. One block may be left out, because the
  // table is complete: what leads into it is what leads into none of the others. A block's states
  // are copied first: should it split itself, the rest of its classes still go by what it was, and
  // its new part waits its turn. A new block is the smaller part, so adding it always suffices.
  const largest = blocks.largest;
  const pending = [...blocks.first.keys()].filter((block) => block !== largest);
  const touched: number[] = [];
  for (let block = pending.pop(); block !== undefined; block = pending.pop()) {
    const states = blocks.statesOf(block);
    for (let byteClass = 0; byteClass < classCount; byteClass++) {
      for (let i = 0; i < states.length; i++) {
        const cell = states[i]! * classCount + byteClass;
        for (let at = starts[cell]!; at < starts[cell + 1]!; at++) {
          const source = sources[at]!;
          if (blocks.mark(source)) touched.push(blocks.blockOf[source]!);
        }
      }
      for (let one = touched.pop(); one !== undefined; one = touched.pop()) {
        const added = blocks.split(one);
        if (added >= 0) pending.push(added);
      }
    }
  }
  return blocks;
}

/**
 * For a state and a class, the states from which the class leads there: those of `states` from
 * `starts[state * classCount + class]` up to the next start.
 */
interface IncomingStates {
  readonly starts: Int32Array;
  readonly states: Int32Array;
}

function incomingStates({ classCount, stateCount, table }: RawDfa): IncomingStates {
  const starts = new Int32Array(stateCount * classCount + 1);
  for (let edge = 0, byteClass = 0; edge < table.length; edge++, byteClass++) {
    if (byteClass === classCount) byteClass = 0;
    starts[table[edge]! * classCount + byteClass]!++;
  }
  // First the end of each cell; filled from its end, each becomes the start.
  for (let cell = 1; cell < starts.length; cell++) starts[cell]! += starts[cell - 1]!;
  const states = new Int32Array(table.length);
  for (let state = 0, edge = 0; state < stateCount; state++) {
    for (let byteClass = 0; byteClass < classCount; byteClass++, edge++) {
      states[--starts[table[edge]! * classCount + byteClass]!] = state;
    }
  }
  return { starts, states };
}

interface NumberedBlocks {
  /** One state of each block that is reached, in the order of their numbers. */
  readonly order: readonly number[];
  readonly start: number;
  /** By class and then by number: the number it leads to. */
  readonly columns: readonly (readonly number[])[];
}

/** Numbers the reachable blocks, dead and accepting first. */
function numberBlocks(dfa: RawDfa, blocks: Blocks): NumberedBlocks {
  const { classCount, table } = dfa;
  const { blockOf, count } = blocks;
  const order: number[] = [];
  const numbers = new Int32Array(count).fill(-1);
  const numberOf = (state: number): number => {
    const block = blockOf[state]!;
    if (numbers[block] === -1) numbers[block] = order.push(state) - 1;
    return numbers[block]!;
  };
  [DEAD_STATE, ACCEPT_STATE].forEach(numberOf);
  const start = numberOf(dfa.start);
  const columns: number[][] = Array.from({ length: classCount }, () => []);
  for (let i = 0; i < order.length; i++) {
    const row = order[i]! * classCount;
    for (let c = 0; c < classCount; c++) columns[c]!.push(numberOf(table[row + c]!));
  }
  return { order, start, columns };
}

/** Classes with equal columns become one: the new number of each, and a class of each number. */
function mergeColumns(columns: readonly (readonly number[])[]): {
  readonly columnOf: Uint8Array;
  readonly samples: readonly number[];
} {
  const samples: number[] = [];
  const known = new Map<string, number>();
  const columnOf = Uint8Array.from(columns, (targets, byteClass) => {
    const key = String.fromCharCode(...targets);
    const column = known.get(key) ?? samples.push(byteClass) - 1;
    known.set(key, column);
    return column;
  });
  return { columnOf, samples };
}
