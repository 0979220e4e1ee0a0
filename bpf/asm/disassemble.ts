/**
 * From bytes back to instructions and to text, for people reading `explain` and failed loads.
 *
 *    0: r6 = r1
 *    1: r1 = *(u64 *)(r6 + 8)
 *    2: if r1 == 0 goto 5
 *    3: call probeReadKernel
 */
import { AssemblyError, INSTRUCTION_BYTES } from "./assemble.ts";
import {
  alu,
  alu32,
  branch,
  branch32,
  exit,
  type Instruction,
  type Item,
  jump,
  label,
  load,
  loadImmediate,
  loadMap,
  loadMapValue,
  mayGoto,
  type Operand,
  store,
} from "./instruction.ts";
import {
  ALU_CODES,
  type AluOperation,
  CALL,
  CLASS,
  type Comparison,
  EXIT,
  FROM_REGISTER,
  HELPERS,
  IMMEDIATE_SOURCE,
  JUMP_ALWAYS,
  JUMP_CODES,
  LOAD_IMMEDIATE_64,
  MAY_GOTO,
  MODE_MEMORY,
  REGISTERS,
  type Register,
  SIZE_BITS,
  type Size,
} from "./isa.ts";

/**
 * Instructions with a label `L<slot>` at every jump target; `assemble` of the result gives the same
 * bytes. Throws `AssemblyError` for bytes this assembler does not make.
 */
export function decode(bytes: Uint8Array): readonly Item[] {
  if (bytes.length === 0 || bytes.length % INSTRUCTION_BYTES !== 0) {
    throw new AssemblyError(`${bytes.length} bytes are not a whole number of instructions`);
  }
  const decoded = decodeAll(bytes);
  const targets = new Set<string>();
  for (const { instruction } of decoded) {
    if ("target" in instruction) targets.add(instruction.target);
  }
  const items = decoded.flatMap(({ slot, instruction }): Item[] => {
    const name = `L${slot}`;
    return targets.delete(name) ? [label(name), instruction] : [instruction];
  });
  for (const target of targets) {
    throw new AssemblyError(`a jump leads to ${target}, where no instruction starts`);
  }
  return items;
}

/** One line per instruction, numbered as the verifier numbers them. */
export function disassemble(bytes: Uint8Array): string {
  return decodeAll(bytes)
    .map(({ slot, instruction }) => `${String(slot).padStart(4)}: ${format(instruction)}`)
    .join("\n");
}

const SYMBOLS: Readonly<Record<AluOperation, string>> = {
  add: "+=",
  sub: "-=",
  mul: "*=",
  div: "/=",
  or: "|=",
  and: "&=",
  lsh: "<<=",
  rsh: ">>=",
  mod: "%=",
  xor: "^=",
  mov: "=",
  arsh: "s>>=",
};

function format(instruction: Instruction): string {
  const place = ({ base, offset, size }: Extract<Instruction, { op: "load" | "store" }>) =>
    `*(u${size * 8} *)(${base} ${offset < 0 ? "-" : "+"} ${Math.abs(offset)})`;
  const goto = (target: string) => `goto ${target.slice(1)}`;
  switch (instruction.op) {
    case "alu": {
      const half = instruction.width === 32 ? "(u32) " : "";
      return `${half}${instruction.dst} ${SYMBOLS[instruction.alu]} ${instruction.operand}`;
    }
    case "load":
      return `${instruction.dst} = ${place(instruction)}`;
    case "store":
      return `${place(instruction)} = ${instruction.operand}`;
    case "loadImmediate":
      return `${instruction.dst} = ${BigInt.asIntN(64, instruction.value)} ll`;
    case "loadMap":
      return `${instruction.dst} = map ${instruction.fd}`;
    case "loadMapValue":
      return `${instruction.dst} = map ${instruction.fd} value + ${instruction.offset}`;
    case "jump":
      return goto(instruction.target);
    case "branch": {
      const half = instruction.width === 32 ? "(u32) " : "";
      const { dst, comparison, operand, target } = instruction;
      return `if ${half}${dst} ${comparison} ${operand} ${goto(target)}`;
    }
    case "mayGoto":
      return `may_${goto(instruction.target)}`;
    case "call":
      return `call ${HELPER_NAMES.get(instruction.helper) ?? instruction.helper}`;
    case "exit":
      return "exit";
  }
}

const HELPER_NAMES = invert<string>(HELPERS);
const ALU_NAMES = invert<AluOperation>(ALU_CODES);
const COMPARISONS = invert<Comparison>(JUMP_CODES);
const SIZES = new Map<number, Size>(
  Object.entries(SIZE_BITS).map(([size, bits]) => [bits, Number(size) as Size]),
);

function invert<Name extends string>(
  numbers: Readonly<Record<Name, number>>,
): ReadonlyMap<number, Name> {
  return new Map((Object.entries(numbers) as [Name, number][]).map(([name, n]) => [n, name]));
}

interface Decoded {
  readonly slot: number;
  readonly instruction: Instruction;
}

function decodeAll(bytes: Uint8Array): readonly Decoded[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = Math.floor(bytes.length / INSTRUCTION_BYTES);
  const decoded: Decoded[] = [];
  for (let slot = 0; slot < count; slot++) {
    const instruction = decodeOne(view, slot);
    if (instruction === undefined) {
      const code = view.getUint8(slot * INSTRUCTION_BYTES);
      throw new AssemblyError(`instruction ${slot} has the unknown code 0x${code.toString(16)}`);
    }
    decoded.push({ slot, instruction });
    if (view.getUint8(slot * INSTRUCTION_BYTES) === LOAD_IMMEDIATE_64) slot++;
  }
  return decoded;
}

function decodeOne(view: DataView, slot: number): Instruction | undefined {
  const at = slot * INSTRUCTION_BYTES;
  const code = view.getUint8(at);
  const dst = REGISTERS[view.getUint8(at + 1) & 15];
  const src = REGISTERS[view.getUint8(at + 1) >> 4];
  if (dst === undefined || src === undefined) return undefined;
  const offset = view.getInt16(at + 2, true);
  const immediate = view.getInt32(at + 4, true);
  const target = `L${slot + 1 + offset}`;
  switch (code) {
    case LOAD_IMMEDIATE_64:
      return decodeWide(view, slot, dst);
    case JUMP_ALWAYS:
      return jump(target);
    case MAY_GOTO:
      return mayGoto(target);
    case CALL:
      return src === "r0" ? { op: "call", helper: immediate } : undefined;
    case EXIT:
      return exit();
  }
  const operand: Operand = (code & FROM_REGISTER) !== 0 ? src : immediate;
  const operation = code & 0xf0;
  const size = SIZES.get(code & 0x18);
  const isMemory = (code & 0xe0) === MODE_MEMORY;
  switch (code & 7) {
    case CLASS.alu64:
    case CLASS.alu32: {
      const name = ALU_NAMES.get(operation);
      if (name === undefined) return undefined;
      return (code & 7) === CLASS.alu64 ? alu(name, dst, operand) : alu32(name, dst, operand);
    }
    case CLASS.jump64:
    case CLASS.jump32: {
      const name = COMPARISONS.get(operation);
      if (name === undefined) return undefined;
      const make = (code & 7) === CLASS.jump64 ? branch : branch32;
      return make(dst, name, operand, target);
    }
    case CLASS.loadMemory:
      return isMemory && size !== undefined ? load(size, dst, src, offset) : undefined;
    case CLASS.storeImmediate:
      return isMemory && size !== undefined ? store(size, dst, offset, immediate) : undefined;
    case CLASS.storeRegister:
      return isMemory && size !== undefined ? store(size, dst, offset, src) : undefined;
  }
  return undefined;
}

function decodeWide(view: DataView, slot: number, dst: Register): Instruction | undefined {
  const at = slot * INSTRUCTION_BYTES;
  if (at + 2 * INSTRUCTION_BYTES > view.byteLength) return undefined;
  const low = view.getUint32(at + 4, true);
  const high = view.getUint32(at + 12, true);
  switch (view.getUint8(at + 1) >> 4) {
    case IMMEDIATE_SOURCE.number:
      return loadImmediate(dst, (BigInt(high) << 32n) | BigInt(low));
    case IMMEDIATE_SOURCE.map:
      return loadMap(dst, low);
    case IMMEDIATE_SOURCE.mapValue:
      return loadMapValue(dst, low, high);
  }
  return undefined;
}
