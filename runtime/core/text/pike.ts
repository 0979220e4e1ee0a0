/**
 * Pike's virtual machine: runs all threads of a program side by side, one pass over the text, each
 * thread with its own captures. Threads are kept in order of preference and at most one per
 * instruction, so the result is the leftmost-first match in time linear in the text (Pike, "sam";
 * Cox, "Regular Expression Matching: the Virtual Machine Approach").
 *
 * ```text
 *   waiting ──close(before, after)──▶ ready ──step(byte)──▶ waiting ──▶ …
 *   any instruction                   BYTE and MATCH only
 * ```
 *
 * Slots hold offsets into the JavaScript string; the bytes of a character are fed on the fly. A
 * text may be cut: then `finish` looks at every kind of byte that could come next.
 */

import { assertionHolds, NEIGHBOUR, neighbourOf } from "./boundary.ts";
import { readsByte } from "./dfa.ts";
import { canRead, leadsOn, POSSIBLE_NEXT } from "./live.ts";
import { entryOf, INSTRUCTION_WORDS, OP } from "./nfa.ts";
import type { Kleene } from "./text-program.ts";

/** Slots of a thread; -1 is "not set". */
export type Slots = Int32Array;

/** Counts elementary steps, for tests of the linear bound. */
export interface StepMeter {
  steps: number;
}

/** Whether the program, as made by `removeDeadPositions`, matches the text. */
export function simulate(
  code: Uint16Array,
  text: string,
  isCut: boolean,
  meter: StepMeter = { steps: 0 },
): Kleene {
  const machine = machineFor(code, 0, meter);
  machine.read(text, isCut, true);
  if (!isCut || machine.best !== undefined) return machine.best !== undefined;
  const ends = POSSIBLE_NEXT.map((after) => machine.lookAhead(text, after));
  if (ends.every((end) => end.hasMatch)) return true;
  if (ends.some((end) => end.hasMatch || end.readers.length > 0)) return undefined;
  // No thread is left, but a later place may still be where a match begins.
  const laterBefore = [NEIGHBOUR.newline, NEIGHBOUR.word, NEIGHBOUR.other];
  const entry = entryOf(code);
  return laterBefore.some((before) => leadsOn(code, entry, before, () => true)) ? undefined : false;
}

/** The slots of the leftmost-first match of a whole text. */
export function findMatch(
  code: Uint16Array,
  slotCount: number,
  text: string,
  meter: StepMeter = { steps: 0 },
): Slots | undefined {
  const machine = machineFor(code, slotCount, meter);
  machine.read(text, false, false);
  return machine.best;
}

/**
 * The slots that are the same in every text beginning with `visible`; the others are -1. A slot is
 * settled when all threads that could still win agree on it and none of them can set it again.
 */
export function findSettledSlots(code: Uint16Array, slotCount: number, visible: string): Slots {
  const machine = machineFor(code, slotCount, { steps: 0 });
  machine.read(visible, true, false);
  const unsettled = new Int32Array(slotCount).fill(-1);
  const candidates: Slots[] = [];
  const readers: number[] = [];
  for (const after of POSSIBLE_NEXT) {
    const end = machine.lookAhead(visible, after);
    if (!end.hasMatch && machine.best === undefined) return unsettled;
    candidates.push(...end.slots);
    if (!end.hasMatch && machine.best !== undefined) candidates.push(machine.best);
    readers.push(...end.readers);
  }
  const open = slotsInReach(code, readers);
  return unsettled.map((missing, slot) => {
    const value = candidates[0]?.[slot] ?? -1;
    const isSettled = !open.has(slot) && candidates.every((slots) => slots[slot] === value);
    return isSettled ? value : missing;
  });
}

function slotsInReach(code: Uint16Array, starts: readonly number[]): ReadonlySet<number> {
  const slots = new Set<number>();
  const seen = new Set<number>();
  const stack = [...starts];
  for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
    if (seen.has(index)) continue;
    seen.add(index);
    const at = index * INSTRUCTION_WORDS;
    if (code[at] === OP.match) continue;
    if (code[at] === OP.save) slots.add(code[at + 1]!);
    stack.push(code[at + 2]!);
    if (code[at] === OP.split) stack.push(code[at + 3]!);
  }
  return slots;
}

/** Threads in order of preference, at most one per instruction, each with its slots. */
class ThreadList {
  readonly instructions: Uint16Array;
  count = 0;
  private readonly slotCount: number;
  private readonly slots: Int32Array;
  private readonly addedIn: Uint32Array;
  private generation = 1;

  constructor(size: number, slotCount: number) {
    this.slotCount = slotCount;
    this.instructions = new Uint16Array(size);
    this.slots = new Int32Array(size * slotCount);
    this.addedIn = new Uint32Array(size);
  }

  clear(): void {
    this.count = 0;
    this.generation++;
  }

  /** Claims an instruction; false when it is taken already. */
  claim(instruction: number): boolean {
    if (this.addedIn[instruction] === this.generation) return false;
    this.addedIn[instruction] = this.generation;
    return true;
  }

  /** Appends a thread with the slots that begin at `from`. Copies by hand: they are few. */
  append(instruction: number, slots: Slots, from: number): void {
    const to = this.count * this.slotCount;
    for (let i = 0; i < this.slotCount; i++) this.slots[to + i] = slots[from + i]!;
    this.instructions[this.count++] = instruction;
  }

  /** Takes over a thread of another list. */
  appendFrom(instruction: number, list: ThreadList, thread: number): void {
    this.append(instruction, list.slots, thread * this.slotCount);
  }

  load(thread: number, into: Slots): void {
    const from = thread * this.slotCount;
    for (let i = 0; i < this.slotCount; i++) into[i] = this.slots[from + i]!;
  }

  slotsOf(thread: number): Slots {
    return this.slots.slice(thread * this.slotCount, (thread + 1) * this.slotCount);
  }
}

/** What the machine would hold at the end of a text, for one kind of next byte. */
interface EndOfText {
  readonly hasMatch: boolean;
  /** BYTE instructions that could read such a byte and are preferred to the match. */
  readonly readers: readonly number[];
  /** Slots of those readers and of the match. */
  readonly slots: readonly Slots[];
}

/** Machines by program, so that a match allocates nothing but its result. */
const machines = new WeakMap<Uint16Array, PikeMachine>();

function machineFor(code: Uint16Array, slotCount: number, meter: StepMeter): PikeMachine {
  const known = machines.get(code);
  const machine =
    known !== undefined && known.slotCount >= slotCount ? known : new PikeMachine(code, slotCount);
  if (machine !== known) machines.set(code, machine);
  machine.reset(meter);
  return machine;
}

class PikeMachine {
  best: Slots | undefined;
  readonly slotCount: number;
  private meter: StepMeter = { steps: 0 };
  private readonly code: Uint16Array;
  private readonly bytes = new Uint8Array(4);
  private readonly entry: number;
  /** By ASCII byte: 1 when a match may begin with it. Beyond ASCII every character may. */
  private readonly begins: Uint8Array;
  private readonly noSlots: Slots;
  private readonly current: Slots;
  private readonly waiting: ThreadList;
  private readonly ready: ThreadList;
  private readonly stack: number[] = [];

  constructor(code: Uint16Array, slotCount: number) {
    const size = code.length / INSTRUCTION_WORDS;
    this.code = code;
    this.slotCount = slotCount;
    this.entry = entryOf(code);
    this.begins = possibleBeginnings(code);
    this.noSlots = new Int32Array(slotCount).fill(-1);
    this.current = new Int32Array(slotCount);
    this.waiting = new ThreadList(size, slotCount);
    this.ready = new ThreadList(size, slotCount);
  }

  reset(meter: StepMeter): void {
    this.best = undefined;
    this.meter = meter;
    this.waiting.clear();
  }

  /** Reads the text. For a cut text the threads then wait for `lookAhead`. */
  read(text: string, isCut: boolean, isFirstEnough: boolean): void {
    const { bytes } = this;
    let byteCount = 1;
    for (let at = 0; at <= text.length; at += byteCount === 4 ? 2 : 1) {
      if (this.best === undefined) {
        if (this.waiting.count === 0) at = this.skipToBeginning(text, at);
        const isBeginning = this.begins[text.charCodeAt(at)] !== 0;
        if (isBeginning && this.waiting.claim(this.entry)) {
          this.waiting.append(this.entry, this.noSlots, 0);
        }
      } else if (isFirstEnough || this.waiting.count === 0) return;
      if (at === text.length && isCut) return;
      this.close(neighbourBeforeAt(text, at), neighbourAt(text, at), at);
      this.takeMatch();
      if (at === text.length) return;
      byteCount = encodeAt(text, at, bytes);
      for (let i = 0; i < byteCount; i++) {
        if (i > 0) this.close(NEIGHBOUR.other, NEIGHBOUR.continuation, at);
        this.step(bytes[i]!);
      }
    }
  }

  /** While nothing runs, a match can only begin where its first byte stands. */
  private skipToBeginning(text: string, from: number): number {
    const { begins } = this;
    let at = from;
    while (at < text.length && begins[text.charCodeAt(at)] === 0) at++;
    return at;
  }

  /** The threads at the end of a cut text, if a byte of this kind (or the end) came next. */
  lookAhead(text: string, after: number): EndOfText {
    this.close(neighbourBeforeAt(text, text.length), after, text.length);
    const { code, ready } = this;
    const readers: number[] = [];
    const slots: Slots[] = [];
    for (let thread = 0; thread < ready.count; thread++) {
      const at = ready.instructions[thread]! * INSTRUCTION_WORDS;
      const isMatch = code[at] === OP.match;
      if (!isMatch && !canRead(code[at + 1]!, after)) continue;
      slots.push(ready.slotsOf(thread));
      if (isMatch) return { hasMatch: true, readers, slots };
      readers.push(ready.instructions[thread]!);
    }
    return { hasMatch: false, readers, slots };
  }

  /** Follows everything that reads no byte, preferred branches first. */
  private close(before: number, after: number, position: number): void {
    this.ready.clear();
    for (let thread = 0; thread < this.waiting.count; thread++) {
      this.waiting.load(thread, this.current);
      this.follow(this.waiting.instructions[thread]!, before, after, position);
    }
  }

  /**
   * Depth first. The stack holds instructions, and below a SAVE's continuation an order to put the
   * slot back: its old value, then -1 - slot on top.
   */
  private follow(start: number, before: number, after: number, position: number): void {
    const { code, current, ready, stack } = this;
    stack.push(start);
    for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
      this.meter.steps++;
      if (index < 0) {
        current[-1 - index] = stack.pop()!;
        continue;
      }
      if (!ready.claim(index)) continue;
      const at = index * INSTRUCTION_WORDS;
      const op = code[at];
      if (op === OP.byte || op === OP.match) ready.append(index, current, 0);
      else if (op === OP.split) stack.push(code[at + 3]!, code[at + 2]!);
      else if (op === OP.assert) {
        if (assertionHolds(code[at + 1]!, before, after) === true) stack.push(code[at + 2]!);
      } else {
        const slot = code[at + 1]!;
        if (slot < current.length) {
          stack.push(current[slot]!, -1 - slot);
          current[slot] = position;
        }
        stack.push(code[at + 2]!);
      }
    }
  }

  /** A match beats all threads after it. */
  private takeMatch(): void {
    const { code, ready } = this;
    for (let thread = 0; thread < ready.count; thread++) {
      if (code[ready.instructions[thread]! * INSTRUCTION_WORDS] !== OP.match) continue;
      this.best = ready.slotsOf(thread);
      ready.count = thread;
    }
  }

  private step(byte: number): void {
    const { code, ready, waiting } = this;
    waiting.clear();
    for (let thread = 0; thread < ready.count; thread++) {
      this.meter.steps++;
      const at = ready.instructions[thread]! * INSTRUCTION_WORDS;
      const next = code[at + 2]!;
      if (readsByte(code[at + 1]!, byte) && waiting.claim(next)) {
        waiting.appendFrom(next, ready, thread);
      }
    }
  }
}

/** All of them when a match may be empty or begins with an assertion. */
function possibleBeginnings(code: Uint16Array): Uint8Array {
  const begins = new Uint8Array(0x80);
  const seen = new Uint8Array(code.length / INSTRUCTION_WORDS);
  const stack = [entryOf(code)];
  for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
    if (seen[index] === 1) continue;
    seen[index] = 1;
    const at = index * INSTRUCTION_WORDS;
    const argument = code[at + 1]!;
    if (code[at] === OP.byte) begins.fill(1, argument >> 8, (argument & 0xff) + 1);
    else if (code[at] === OP.split) stack.push(code[at + 2]!, code[at + 3]!);
    else if (code[at] === OP.save) stack.push(code[at + 2]!);
    else return begins.fill(1);
  }
  return begins;
}

function neighbourAt(text: string, at: number): number {
  if (at >= text.length) return NEIGHBOUR.edge;
  const code = text.charCodeAt(at);
  return code < 0x80 ? neighbourOf(code) : NEIGHBOUR.other;
}

function neighbourBeforeAt(text: string, at: number): number {
  return at === 0 ? NEIGHBOUR.edge : neighbourAt(text, at - 1);
}

/**
 * Writes the UTF-8 bytes of the character at this offset and returns how many there are. Half a
 * surrogate pair becomes U+FFFD.
 */
function encodeAt(text: string, at: number, bytes: Uint8Array): number {
  const read = text.codePointAt(at) ?? 0;
  const codePoint = read >= 0xd800 && read <= 0xdfff ? 0xfffd : read;
  if (codePoint < 0x80) {
    bytes[0] = codePoint;
    return 1;
  }
  if (codePoint < 0x800) {
    bytes[0] = 0xc0 | (codePoint >> 6);
    bytes[1] = 0x80 | (codePoint & 0x3f);
    return 2;
  }
  const last = codePoint < 0x10000 ? 2 : 3;
  if (last === 2) bytes[0] = 0xe0 | (codePoint >> 12);
  else {
    bytes[0] = 0xf0 | (codePoint >> 18);
    bytes[1] = 0x80 | ((codePoint >> 12) & 0x3f);
  }
  bytes[last - 1] = 0x80 | ((codePoint >> 6) & 0x3f);
  bytes[last] = 0x80 | (codePoint & 0x3f);
  return last + 1;
}
