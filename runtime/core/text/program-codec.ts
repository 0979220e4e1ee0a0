/**
 * A `TextProgram` as numbers, strings and bytes, for the bundle. 16-bit words become little-endian
 * bytes on every machine. Equal programs pack to equal values.
 *
 * Unpacking checks everything the runner relies on, so that a damaged bundle gives a message at
 * load time and never a read beyond a table: states and classes in range, jumps inside the program,
 * slots inside the groups.
 */

import { ASSERTIONS } from "./boundary.ts";
import { INSTRUCTION_WORDS, OP } from "./nfa.ts";
import {
  ACCEPT_STATE,
  CAPTURE_TYPES,
  type CaptureGroup,
  DEAD_STATE,
  type DfaProgram,
  TEXT_LIMITS,
  type TextProgram,
  VERDICT,
} from "./text-program.ts";

/** Plain data with sorted-enough keys for any deterministic encoder. */
export interface PackedTextProgram {
  readonly code: Uint8Array;
  readonly dfa?: {
    readonly classCount: number;
    readonly classOf: Uint8Array;
    readonly start: number;
    readonly table: Uint8Array;
    readonly verdicts: Uint8Array;
  };
  readonly groups: readonly { readonly name: string; readonly type: string }[];
  readonly literal: string;
}

export type UnpackTextResult =
  | { readonly ok: true; readonly program: TextProgram }
  | { readonly ok: false; readonly message: string };

export function packTextProgram(program: TextProgram): PackedTextProgram {
  const { automaton, code, groups, requiredLiteral } = program;
  const packed = {
    code: toBytes(code),
    groups: groups.map(({ name, type }) => ({ name, type })),
    literal: requiredLiteral,
  };
  if (automaton.kind === "nfa") return packed;
  const { classCount, classOf, start, table, verdicts } = automaton;
  return { ...packed, dfa: { classCount, classOf, start, table: toBytes(table), verdicts } };
}

/** The program, or what is wrong with the data. */
export function unpackTextProgram(packed: unknown): UnpackTextResult {
  if (!isRecord(packed)) return damaged("it is no record");
  const groups = readGroups(packed.groups);
  if (groups === undefined) return damaged("its groups");
  const code = toWords(packed.code);
  if (code === undefined || !isSound(code, groups.length)) return damaged("its instructions");
  const literal = packed.literal;
  if (typeof literal !== "string") return damaged("its literal");
  const isSimulated = packed.dfa === undefined;
  if ((isSimulated || groups.length > 0) && code.length === 0) return damaged("its instructions");
  if (isSimulated) {
    return {
      ok: true,
      program: { automaton: { kind: "nfa" }, code, groups, requiredLiteral: literal },
    };
  }
  const automaton = readDfa(packed.dfa);
  if (automaton === undefined) return damaged("its automaton");
  return { ok: true, program: { automaton, code, groups, requiredLiteral: literal } };
}

function damaged(what: string): UnpackTextResult {
  return { ok: false, message: `the text program is damaged: ${what}` };
}

function readGroups(value: unknown): readonly CaptureGroup[] | undefined {
  if (!Array.isArray(value) || value.length > TEXT_LIMITS.groups) return undefined;
  const groups: CaptureGroup[] = [];
  for (const item of value as readonly unknown[]) {
    if (!isRecord(item) || typeof item.name !== "string") return undefined;
    const type = CAPTURE_TYPES.find((known) => known === item.type);
    if (type === undefined) return undefined;
    groups.push({ name: item.name, type });
  }
  return groups;
}

/** Whether every instruction is known and stays inside the program and its slots. */
function isSound(code: Uint16Array, groupCount: number): boolean {
  const count = code.length / INSTRUCTION_WORDS;
  if (!Number.isInteger(count) || count > TEXT_LIMITS.instructions) return false;
  for (let at = 0; at < code.length; at += INSTRUCTION_WORDS) {
    const [op, argument, next, other] = [code[at]!, code[at + 1]!, code[at + 2]!, code[at + 3]!];
    if (op > OP.assert || next >= count || other >= count) return false;
    if (op === OP.save && argument >= 2 * groupCount + 2) return false;
    if (op === OP.assert && argument >= ASSERTIONS.length) return false;
  }
  return true;
}

function readDfa(value: unknown): DfaProgram | undefined {
  if (!isRecord(value)) return undefined;
  const { classCount, classOf, start, verdicts } = value;
  const table = toWords(value.table);
  if (table === undefined) return undefined;
  if (!(classOf instanceof Uint8Array) || !(verdicts instanceof Uint8Array)) return undefined;
  if (!isIndex(classCount) || !isIndex(start)) return undefined;
  const stateCount = verdicts.length;
  if (stateCount < 2 || stateCount > TEXT_LIMITS.dfaStates + 2 || start >= stateCount)
    return undefined;
  if (classOf.length !== 256 || classOf.some((byteClass) => byteClass >= classCount))
    return undefined;
  if (table.length !== stateCount * classCount) return undefined;
  if (table.some((state) => state >= stateCount)) return undefined;
  // A run stops in the fixed states, so their meaning must be what the runner takes it for.
  if (verdicts[DEAD_STATE] !== VERDICT.acceptsNever) return undefined;
  if (verdicts[ACCEPT_STATE] !== (VERDICT.acceptsHere | VERDICT.acceptsAlways)) return undefined;
  return { kind: "dfa", classCount, classOf, start, table, verdicts };
}

function isIndex(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !ArrayBuffer.isView(value);
}

function toBytes(words: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(words.length * 2);
  words.forEach((word, i) => {
    bytes[2 * i] = word & 0xff;
    bytes[2 * i + 1] = word >> 8;
  });
  return bytes;
}

function toWords(bytes: unknown): Uint16Array | undefined {
  if (!(bytes instanceof Uint8Array) || bytes.length % 2 !== 0) return undefined;
  const words = new Uint16Array(bytes.length / 2);
  for (let i = 0; i < words.length; i++) words[i] = bytes[2 * i]! | (bytes[2 * i + 1]! << 8);
  return words;
}
