/** From instructions with labels to the bytes the kernel takes. */
import { removeDeadCode } from "./dead-code.ts";
import type { Code, Instruction, Item, Operand } from "./instruction.ts";
import {
  ALU_CODES,
  CALL,
  CLASS,
  EXIT,
  FROM_REGISTER,
  IMMEDIATE_SOURCE,
  JUMP_ALWAYS,
  JUMP_CODES,
  LOAD_IMMEDIATE_64,
  MAY_GOTO,
  MODE_MEMORY,
  REGISTERS,
  type Register,
  SIZE_BITS,
} from "./isa.ts";

export const INSTRUCTION_BYTES = 8;

/** The code cannot be encoded: a defect of the generator, or a program that grew too large. */
export class AssemblyError extends Error {
  override readonly name = "AssemblyError";
}

/**
 * Flattens, removes dead code, resolves labels and encodes.
 * Throws `AssemblyError` for a missing or doubled label, a jump over more than 32,767 instructions,
 * an offset or immediate out of range, or a program that does not end.
 */
export function assemble(code: Code): Uint8Array<ArrayBuffer> {
  const flat = flatten(code);
  checkLabels(flat);
  const items = removeDeadCode(flat);
  const places = new Map<string, number>();
  const instructions: Instruction[] = [];
  const slots: number[] = [];
  let slot = 0;
  for (const item of items) {
    if (item.op === "label") {
      places.set(item.name, slot);
      continue;
    }
    instructions.push(item);
    slots.push(slot);
    slot += slotsOf(item);
  }
  checkEnd(instructions, places, slot);
  const bytes = new Uint8Array(slot * INSTRUCTION_BYTES);
  const writer = new Writer(bytes, places);
  instructions.forEach((instruction, i) => {
    writer.write(instruction, slots[i]!);
  });
  return bytes;
}

/** Instruction slots of assembled bytes: what the kernel counts. */
export function instructionCount(bytes: Uint8Array): number {
  return bytes.length / INSTRUCTION_BYTES;
}

function flatten(code: Code): readonly Item[] {
  const items: Item[] = [];
  const add = (part: Code): void => {
    if ("op" in part) items.push(part);
    else part.forEach(add);
  };
  add(code);
  return items;
}

function slotsOf(instruction: Instruction): number {
  return instruction.op === "loadImmediate" ||
    instruction.op === "loadMap" ||
    instruction.op === "loadMapValue"
    ? 2
    : 1;
}

function checkLabels(items: readonly Item[]): void {
  const names = new Set<string>();
  for (const item of items) {
    if (item.op !== "label") continue;
    if (names.has(item.name)) throw new AssemblyError(`label \`${item.name}\` is defined twice`);
    names.add(item.name);
  }
  for (const item of items) {
    if ("target" in item && !names.has(item.target)) {
      throw new AssemblyError(`jump to \`${item.target}\`, which is not a label`);
    }
  }
}

/** The last instruction must leave: after dead-code removal, falling off the end is reachable. */
function checkEnd(
  instructions: readonly Instruction[],
  places: ReadonlyMap<string, number>,
  end: number,
): void {
  const last = instructions.at(-1);
  if (last === undefined) throw new AssemblyError("the program is empty");
  if (last.op !== "exit" && last.op !== "jump") {
    throw new AssemblyError(`the program runs past its end, after \`${last.op}\``);
  }
  for (const instruction of instructions) {
    if ("target" in instruction && places.get(instruction.target) === end) {
      throw new AssemblyError(`label \`${instruction.target}\` is behind the last instruction`);
    }
  }
}

class Writer {
  readonly #view: DataView;
  readonly #places: ReadonlyMap<string, number>;

  constructor(bytes: Uint8Array, places: ReadonlyMap<string, number>) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#places = places;
  }

  write(instruction: Instruction, slot: number): void {
    switch (instruction.op) {
      case "alu": {
        const kind = instruction.width === 64 ? CLASS.alu64 : CLASS.alu32;
        const code = kind | ALU_CODES[instruction.alu];
        this.#withOperand(slot, code, instruction.dst, 0, instruction.operand);
        break;
      }
      case "load": {
        const code = CLASS.loadMemory | MODE_MEMORY | SIZE_BITS[instruction.size];
        this.#put(slot, code, instruction.dst, instruction.base, instruction.offset, 0);
        break;
      }
      case "store":
        this.#store(slot, instruction);
        break;
      case "loadImmediate":
        this.#wide(slot, instruction.dst, IMMEDIATE_SOURCE.number, instruction.value);
        break;
      case "loadMap":
        this.#wide(slot, instruction.dst, IMMEDIATE_SOURCE.map, BigInt(instruction.fd));
        break;
      case "loadMapValue": {
        const value = (BigInt(instruction.offset) << 32n) | BigInt(instruction.fd);
        this.#wide(slot, instruction.dst, IMMEDIATE_SOURCE.mapValue, value);
        break;
      }
      case "jump":
        this.#put(slot, JUMP_ALWAYS, "r0", "r0", this.#distance(slot, instruction.target), 0);
        break;
      case "branch": {
        const kind = instruction.width === 64 ? CLASS.jump64 : CLASS.jump32;
        const code = kind | JUMP_CODES[instruction.comparison];
        const offset = this.#distance(slot, instruction.target);
        this.#withOperand(slot, code, instruction.dst, offset, instruction.operand);
        break;
      }
      case "mayGoto":
        this.#put(slot, MAY_GOTO, "r0", "r0", this.#distance(slot, instruction.target), 0);
        break;
      case "call":
        this.#put(slot, CALL, "r0", "r0", 0, instruction.helper);
        break;
      case "exit":
        this.#put(slot, EXIT, "r0", "r0", 0, 0);
        break;
    }
  }

  #store(slot: number, { size, base, offset, operand }: Instruction & { op: "store" }): void {
    const code = MODE_MEMORY | SIZE_BITS[size];
    if (typeof operand === "number") {
      this.#put(slot, code | CLASS.storeImmediate, base, "r0", offset, operand);
    } else {
      this.#put(slot, code | CLASS.storeRegister, base, operand, offset, 0);
    }
  }

  #withOperand(slot: number, code: number, dst: Register, offset: number, operand: Operand): void {
    if (typeof operand === "number") this.#put(slot, code, dst, "r0", offset, operand);
    else this.#put(slot, code | FROM_REGISTER, dst, operand, offset, 0);
  }

  #wide(slot: number, dst: Register, source: number, value: bigint): void {
    const at = slot * INSTRUCTION_BYTES;
    this.#view.setUint8(at, LOAD_IMMEDIATE_64);
    this.#view.setUint8(at + 1, REGISTERS.indexOf(dst) | (source << 4));
    this.#view.setUint32(at + 4, Number(BigInt.asUintN(32, value)), true);
    this.#view.setUint32(at + 12, Number(BigInt.asUintN(32, value >> 32n)), true);
  }

  #put(
    slot: number,
    code: number,
    dst: Register,
    src: Register,
    offset: number,
    immediate: number,
  ): void {
    checkRange("offset", offset, 16, slot);
    checkRange("immediate", immediate, 32, slot);
    const at = slot * INSTRUCTION_BYTES;
    this.#view.setUint8(at, code);
    this.#view.setUint8(at + 1, REGISTERS.indexOf(dst) | (REGISTERS.indexOf(src) << 4));
    this.#view.setInt16(at + 2, offset, true);
    this.#view.setInt32(at + 4, immediate, true);
  }

  #distance(slot: number, target: string): number {
    const distance = this.#places.get(target)! - slot - 1;
    if (distance < -0x8000 || distance > 0x7fff) {
      throw new AssemblyError(
        `jump from instruction ${slot} to \`${target}\` spans ${distance} instructions; ` +
          "at most 32767 fit, so the program has to be split",
      );
    }
    return distance;
  }
}

function checkRange(what: string, value: number, bits: 16 | 32, slot: number): void {
  const limit = 2 ** (bits - 1);
  if (Number.isInteger(value) && value >= -limit && value < limit) return;
  throw new AssemblyError(`${what} ${value} of instruction ${slot} does not fit ${bits} bits`);
}
