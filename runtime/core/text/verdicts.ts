/**
 * What can still happen from a state of the automaton: a text that goes on may match, or must, or
 * cannot. Answers for cut texts and early exits come from here.
 *
 * Only well-formed UTF-8 counts. From the state of glob `**`, a stray byte FF would lead nowhere,
 * but no text contains one, so the state accepts whatever follows. The analysis therefore walks
 * pairs of (state, phase), the phase being how many continuation bytes are due:
 *
 * ```text
 *   boundary ──00-7F──▶ boundary      boundary ──E0──▶ second byte A0-BF ──▶ one due ──▶ boundary
 * ```
 *
 * Walking backwards from the pairs where a text may end, it marks the pairs that can reach a match
 * and those that can reach a mismatch.
 */

import type { RawDfa } from "./dfa.ts";
import { ACCEPT_STATE, DEAD_STATE, VERDICT } from "./text-program.ts";

/** By phase: low byte, high byte, next phase. Phase 0 is a boundary; the table of RFC 3629. */
const PHASES: readonly (readonly (readonly [number, number, number])[])[] = [
  [
    [0x00, 0x7f, 0],
    [0xc2, 0xdf, 1],
    [0xe0, 0xe0, 4],
    [0xe1, 0xec, 2],
    [0xed, 0xed, 5],
    [0xee, 0xef, 2],
    [0xf0, 0xf0, 6],
    [0xf1, 0xf3, 3],
    [0xf4, 0xf4, 7],
  ],
  [[0x80, 0xbf, 0]],
  [[0x80, 0xbf, 1]],
  [[0x80, 0xbf, 2]],
  [[0xa0, 0xbf, 1]],
  [[0x80, 0x9f, 1]],
  [[0x90, 0xbf, 2]],
  [[0x80, 0x8f, 2]],
];
const PHASE_COUNT = PHASES.length;

export interface DecidedDfa {
  /** The automaton with decided states replaced by the accepting and the dead state. */
  readonly dfa: RawDfa;
  /** `VERDICT` bits by state. */
  readonly verdicts: Uint8Array;
}

/** Finds every state's verdicts, and lets a run stop as soon as its answer is certain. */
export function decideStates(dfa: RawDfa): DecidedDfa {
  const graph = reachablePairs(dfa);
  const canMatch = pairsLeadingTo(graph, (state) => dfa.acceptsAtEnd[state] === 1);
  const canFail = pairsLeadingTo(graph, (state) => dfa.acceptsAtEnd[state] === 0);
  const verdicts = new Uint8Array(dfa.stateCount);
  const replacement = new Uint16Array(dfa.stateCount);
  for (let state = 0; state < dfa.stateCount; state++) {
    const boundary = state * PHASE_COUNT;
    let canMatchLater = false;
    let canFailLater = false;
    for (let pair = boundary; pair < boundary + PHASE_COUNT; pair++) {
      if (graph.isReached[pair] === 0) continue;
      canMatchLater ||= canMatch[pair] === 1;
      canFailLater ||= canFail[pair] === 1;
    }
    if (!canMatchLater) replacement[state] = DEAD_STATE;
    else replacement[state] = canFailLater ? state : ACCEPT_STATE;
    // No text ends between the bytes of a character, so such a state needs no verdict.
    if (graph.isReached[boundary] === 0) continue;
    verdicts[state] =
      (dfa.acceptsAtEnd[state] === 1 ? VERDICT.acceptsHere : 0) |
      (canFail[boundary] === 0 ? VERDICT.acceptsAlways : 0) |
      (canMatch[boundary] === 0 ? VERDICT.acceptsNever : 0);
  }
  replacement[DEAD_STATE] = DEAD_STATE;
  replacement[ACCEPT_STATE] = ACCEPT_STATE;
  verdicts[ACCEPT_STATE] = VERDICT.acceptsHere | VERDICT.acceptsAlways;
  verdicts[DEAD_STATE] = VERDICT.acceptsNever;
  return { dfa: withStatesReplaced(dfa, replacement), verdicts };
}

function withStatesReplaced(dfa: RawDfa, replacement: Uint16Array): RawDfa {
  if (replacement.every((to, state) => to === state)) return dfa;
  const table = dfa.table.map((state) => replacement[state]!);
  return { ...dfa, table, start: replacement[dfa.start]! };
}

/** A graph over pairs `state * PHASE_COUNT + phase`. */
interface PairGraph {
  readonly isReached: Uint8Array;
  /** Edge i comes from `from[i]`. */
  readonly from: readonly number[];
  /** The last edge into a pair, -1 when there is none; `edgeBefore` leads to the others. */
  readonly lastEdge: Int32Array;
  readonly edgeBefore: readonly number[];
}

function reachablePairs(dfa: RawDfa): PairGraph {
  const { classCount, table } = dfa;
  const steps = PHASES.map((ranges) => classSteps(dfa, ranges));
  const isReached = new Uint8Array(dfa.stateCount * PHASE_COUNT);
  const from: number[] = [];
  const lastEdge = new Int32Array(isReached.length).fill(-1);
  const edgeBefore: number[] = [];
  const pending = [dfa.start * PHASE_COUNT];
  isReached[pending[0]!] = 1;
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    const state = Math.floor(pair / PHASE_COUNT);
    const { classes, phases } = steps[pair % PHASE_COUNT]!;
    const row = state * classCount;
    let previous = -1;
    for (let i = 0; i < classes.length; i++) {
      const target = table[row + classes[i]!]! * PHASE_COUNT + phases[i]!;
      // Most classes of a state lead to where the one before leads.
      if (target === previous) continue;
      previous = target;
      edgeBefore.push(lastEdge[target]!);
      lastEdge[target] = from.length;
      from.push(pair);
      if (isReached[target] === 1) continue;
      isReached[target] = 1;
      pending.push(target);
    }
  }
  return { isReached, from, lastEdge, edgeBefore };
}

/** The classes a phase may read, and by each the phase it leads to. */
interface ClassSteps {
  readonly classes: readonly number[];
  readonly phases: readonly number[];
}

function classSteps(
  dfa: RawDfa,
  ranges: readonly (readonly [number, number, number])[],
): ClassSteps {
  const classes: number[] = [];
  const phases: number[] = [];
  const isKnown = new Uint8Array(dfa.classCount * PHASE_COUNT);
  for (const [low, high, phase] of ranges) {
    // Classes are numbered in the order of their bytes.
    for (let byteClass = dfa.classOf[low]!; byteClass <= dfa.classOf[high]!; byteClass++) {
      const key = byteClass * PHASE_COUNT + phase;
      if (isKnown[key] === 1) continue;
      isKnown[key] = 1;
      classes.push(byteClass);
      phases.push(phase);
    }
  }
  return { classes, phases };
}

/** Marks the pairs from which a boundary pair with such a state can be reached. */
function pairsLeadingTo(graph: PairGraph, isGoal: (state: number) => boolean): Uint8Array {
  const { isReached, from, lastEdge, edgeBefore } = graph;
  const leads = new Uint8Array(isReached.length);
  const pending: number[] = [];
  for (let pair = 0; pair < isReached.length; pair += PHASE_COUNT) {
    if (isReached[pair] === 1 && isGoal(pair / PHASE_COUNT)) {
      leads[pair] = 1;
      pending.push(pair);
    }
  }
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    for (let edge = lastEdge[pair]!; edge >= 0; edge = edgeBefore[edge]!) {
      const source = from[edge]!;
      if (leads[source] === 1) continue;
      leads[source] = 1;
      pending.push(source);
    }
  }
  return leads;
}
