/**
 * The eBPF instruction set: numbers of RFC 9669, and of the kernel's helper functions.
 *
 *   | u8 opcode | u4 dst, u4 src | s16 offset | s32 immediate |
 *      = class.3 bits + source.1 + operation.4, or class.3 + size.2 + mode.3
 */

export const REGISTERS = [
  "r0",
  "r1",
  "r2",
  "r3",
  "r4",
  "r5",
  "r6",
  "r7",
  "r8",
  "r9",
  "r10",
] as const;

/** r0: result; r1–r5: arguments, lost in a call; r6–r9: kept; r10: end of the 512-byte stack. */
export type Register = (typeof REGISTERS)[number];

/** Bytes a load or store moves. */
export type Size = 1 | 2 | 4 | 8;

export const CLASS = {
  load: 0x00,
  loadMemory: 0x01,
  storeImmediate: 0x02,
  storeRegister: 0x03,
  alu32: 0x04,
  jump64: 0x05,
  jump32: 0x06,
  alu64: 0x07,
} as const;

export const SIZE_BITS: Readonly<Record<Size, number>> = { 4: 0x00, 2: 0x08, 1: 0x10, 8: 0x18 };
export const MODE_MEMORY = 0x60;
export const FROM_REGISTER = 0x08;
export const LOAD_IMMEDIATE_64 = 0x18;
export const CALL = 0x85;
export const EXIT = 0x95;
export const JUMP_ALWAYS = 0x05;
/** Kernel 6.9 and later: a jump taken when the loop has run too often; makes any loop bounded. */
export const MAY_GOTO = 0xe5;

export const ALU_CODES = {
  add: 0x00,
  sub: 0x10,
  mul: 0x20,
  div: 0x30,
  or: 0x40,
  and: 0x50,
  lsh: 0x60,
  rsh: 0x70,
  mod: 0x90,
  xor: 0xa0,
  mov: 0xb0,
  arsh: 0xc0,
} as const;
export type AluOperation = keyof typeof ALU_CODES;

export const JUMP_CODES = {
  "==": 0x10,
  ">": 0x20,
  ">=": 0x30,
  "&": 0x40,
  "!=": 0x50,
  "s>": 0x60,
  "s>=": 0x70,
  "<": 0xa0,
  "<=": 0xb0,
  "s<": 0xc0,
  "s<=": 0xd0,
} as const;
/** Plain comparisons are unsigned, `s…` are signed, `&` tests for common bits. */
export type Comparison = keyof typeof JUMP_CODES;

/** What the immediate of a 64-bit load means, from its source register field. */
export const IMMEDIATE_SOURCE = { number: 0, map: 1, mapValue: 2 } as const;

/** Kernel helper functions by number; part of the kernel's stable interface. */
export const HELPERS = {
  mapLookup: 1,
  mapUpdate: 2,
  ktimeGetNs: 5,
  tailCall: 12,
  getCurrentPidTgid: 14,
  getCurrentTask: 35,
  probeReadKernel: 113,
  probeReadKernelStr: 115,
  ringbufOutput: 130,
} as const;
export type Helper = keyof typeof HELPERS;
