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
  const order = numberBlocks(dfa, blocks);
  const columns = mergeColumns(dfa, blocks, order);
  const { samples } = columns;
  const table = new Uint16Array(order.length * samples.length);
  for (let state = 0; state < order.length; state++) {
    const row = order[state]! * dfa.classCount;
    for (let column = 0; column < samples.length; column++) {
      const target = dfa.table[row + samples[column]!]!;
      table[state * samples.length + column] = blocks.numberOf(target);
    }
  }
  return {
    kind: "dfa",
    classOf: dfa.classOf.map((byteClass) => columns.columnOf[byteClass]!),
    classCount: samples.length,
    start: blocks.numberOf(dfa.start),
    table,
    verdicts: Uint8Array.from(order, (representative) => verdicts[representative]!),
  };
}

/** A partition of the states into blocks. */
class Blocks {
  readonly blockOf: Int32Array;
  readonly first: number[] = [];
  readonly end: number[] = [];
  /** The number a block gets in the result, -1 before that. */
  readonly numbers: number[] = [];
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

  private open(first: number): number {
    this.first.push(first);
    this.end.push(first);
    this.marked.push(0);
    this.numbers.push(-1);
    return this.first.length - 1;
  }

  statesOf(block: number): Int32Array {
    return this.elements.slice(this.first[block], this.end[block]);
  }

  numberOf(state: number): number {
    return this.numbers[this.blockOf[state]!]!;
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
  const incoming = incomingStates(dfa);
  // Blocks to split the others by, each with all classes. Its states are copied first: should a
  // block split itself, the rest of its classes still go by what it was, and its new part waits its
  // turn. A new block is the smaller part, so adding it always suffices.
  const pending = [...blocks.first.keys()];
  const touched: number[] = [];
  for (let block = pending.pop(); block !== undefined; block = pending.pop()) {
    const states = blocks.statesOf(block);
    for (let byteClass = 0; byteClass < classCount; byteClass++) {
      touched.length = 0;
      for (let i = 0; i < states.length; i++) {
        const cell = states[i]! * classCount + byteClass;
        for (let at = incoming.starts[cell]!; at < incoming.starts[cell + 1]!; at++) {
          const source = incoming.states[at]!;
          if (blocks.mark(source)) touched.push(blocks.blockOf[source]!);
        }
      }
      for (const one of touched) {
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

function incomingStates(dfa: RawDfa): IncomingStates {
  const { classCount, stateCount, table } = dfa;
  const starts = new Int32Array(stateCount * classCount + 1);
  const cell = (edge: number) => table[edge]! * classCount + (edge % classCount);
  for (let edge = 0; edge < table.length; edge++) starts[cell(edge) + 1]!++;
  for (let i = 1; i < starts.length; i++) starts[i]! += starts[i - 1]!;
  const filled = starts.slice();
  const states = new Int32Array(table.length);
  for (let edge = 0; edge < table.length; edge++) {
    states[filled[cell(edge)]!++] = Math.floor(edge / classCount);
  }
  return { starts, states };
}

/** Numbers the reachable blocks, dead and accepting first; returns one state of each, in order. */
function numberBlocks(dfa: RawDfa, blocks: Blocks): readonly number[] {
  const order: number[] = [];
  const meet = (state: number) => {
    const block = blocks.blockOf[state]!;
    if (blocks.numbers[block] !== -1) return;
    blocks.numbers[block] = order.length;
    order.push(state);
  };
  [DEAD_STATE, ACCEPT_STATE, dfa.start].forEach(meet);
  for (let i = 0; i < order.length; i++) {
    const row = order[i]! * dfa.classCount;
    for (let c = 0; c < dfa.classCount; c++) meet(dfa.table[row + c]!);
  }
  return order;
}

function mergeColumns(
  dfa: RawDfa,
  blocks: Blocks,
  order: readonly number[],
): { readonly columnOf: Uint8Array; readonly samples: readonly number[] } {
  const columnOf = new Uint8Array(dfa.classCount);
  const samples: number[] = [];
  const known = new Map<string, number>();
  for (let c = 0; c < dfa.classCount; c++) {
    const targets = order.map((state) => blocks.numberOf(dfa.table[state * dfa.classCount + c]!));
    const key = String.fromCharCode(...targets);
    const column = known.get(key) ?? samples.length;
    if (column === samples.length) {
      samples.push(c);
      known.set(key, column);
    }
    columnOf[c] = column;
  }
  return { columnOf, samples };
}
