/**
 * Instructions as data, and short functions that make them.
 *
 * A program is a list, possibly nested, of instructions and labels; `assemble` flattens it. Jumps
 * name labels, so code can be composed without counting.
 *
 *   assemble([
 *     mov("r0", 0), branch("r1", "==", 0, "done"), mov("r0", 1), label("done"), exit(),
 *   ])
 */

import type { Register, Size } from "./isa.ts";
import { type AluOperation, type Comparison, HELPERS, type Helper } from "./isa.ts";

/** A register, or a signed 32-bit immediate (sign-extended where the operation is 64 bits wide). */
export type Operand = Register | number;

export type Instruction =
  | {
      readonly op: "alu";
      readonly alu: AluOperation;
      readonly width: 32 | 64;
      readonly dst: Register;
      readonly operand: Operand;
    }
  | {
      readonly op: "load";
      readonly size: Size;
      readonly dst: Register;
      readonly base: Register;
      readonly offset: number;
    }
  | {
      readonly op: "store";
      readonly size: Size;
      readonly base: Register;
      readonly offset: number;
      readonly operand: Operand;
    }
  | { readonly op: "loadImmediate"; readonly dst: Register; readonly value: bigint }
  | { readonly op: "loadMap"; readonly dst: Register; readonly fd: number }
  | {
      readonly op: "loadMapValue";
      readonly dst: Register;
      readonly fd: number;
      readonly offset: number;
    }
  | { readonly op: "jump"; readonly target: string }
  | {
      readonly op: "branch";
      readonly width: 32 | 64;
      readonly dst: Register;
      readonly comparison: Comparison;
      readonly operand: Operand;
      readonly target: string;
    }
  | { readonly op: "mayGoto"; readonly target: string }
  | { readonly op: "call"; readonly helper: number }
  | { readonly op: "exit" };

export interface Label {
  readonly op: "label";
  readonly name: string;
}

export type Item = Instruction | Label;

/** Instructions in any nesting. */
export type Code = Item | readonly Code[];

/** A place to jump to; names are unique within a program. */
export const label = (name: string): Label => ({ op: "label", name });

/** `dst = dst <alu> operand`, on 64 bits. */
export const alu = (operation: AluOperation, dst: Register, operand: Operand): Instruction => ({
  op: "alu",
  alu: operation,
  width: 64,
  dst,
  operand,
});

/** As `alu` on the low 32 bits; the high half becomes zero. */
export const alu32 = (operation: AluOperation, dst: Register, operand: Operand): Instruction => ({
  op: "alu",
  alu: operation,
  width: 32,
  dst,
  operand,
});

export const mov = (dst: Register, operand: Operand): Instruction => alu("mov", dst, operand);

/** `dst = *(size *)(base + offset)`, zero-extended. */
export const load = (size: Size, dst: Register, base: Register, offset: number): Instruction => ({
  op: "load",
  size,
  dst,
  base,
  offset,
});

/** `*(size *)(base + offset) = operand`. */
export const store = (
  size: Size,
  base: Register,
  offset: number,
  operand: Operand,
): Instruction => ({ op: "store", size, base, offset, operand });

/** Any 64-bit number; takes two instruction slots. */
export const loadImmediate = (dst: Register, value: bigint): Instruction => ({
  op: "loadImmediate",
  dst,
  value: BigInt.asUintN(64, value),
});

/** Address of the map behind a file descriptor; takes two slots. */
export const loadMap = (dst: Register, fd: number): Instruction => ({ op: "loadMap", dst, fd });

/** Address inside the value of a one-element array map; takes two slots. */
export const loadMapValue = (dst: Register, fd: number, offset: number): Instruction => ({
  op: "loadMapValue",
  dst,
  fd,
  offset,
});

export const jump = (target: string): Instruction => ({ op: "jump", target });

/** Jumps when `dst <comparison> operand` holds. */
export const branch = (
  dst: Register,
  comparison: Comparison,
  operand: Operand,
  target: string,
): Instruction => ({ op: "branch", width: 64, dst, comparison, operand, target });

/** As `branch`, on the low 32 bits. */
export const branch32 = (
  dst: Register,
  comparison: Comparison,
  operand: Operand,
  target: string,
): Instruction => ({ op: "branch", width: 32, dst, comparison, operand, target });

/** Kernel 6.9 and later. */
export const mayGoto = (target: string): Instruction => ({ op: "mayGoto", target });

/** Calls a helper: arguments in r1–r5, result in r0. */
export const call = (helper: Helper): Instruction => ({ op: "call", helper: HELPERS[helper] });

export const exit = (): Instruction => ({ op: "exit" });
