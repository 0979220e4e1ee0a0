/** eBPF assembler and disassembler. Knows the instruction set and the helper numbers, no more. */
export { AssemblyError, assemble, instructionCount } from "./assemble.ts";
export { decode, disassemble } from "./disassemble.ts";
export {
  alu,
  alu32,
  branch,
  branch32,
  type Code,
  call,
  exit,
  type Instruction,
  type Item,
  jump,
  type Label,
  label,
  load,
  loadImmediate,
  loadMap,
  loadMapValue,
  mayGoto,
  mov,
  type Operand,
  store,
} from "./instruction.ts";
export type { AluOperation, Comparison, Helper, Register, Size } from "./isa.ts";
