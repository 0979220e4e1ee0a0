import { describe, expect, it } from "vitest";
import {
  AssemblyError,
  alu,
  alu32,
  assemble,
  branch,
  branch32,
  type Code,
  call,
  decode,
  disassemble,
  exit,
  instructionCount,
  jump,
  label,
  load,
  loadImmediate,
  loadMap,
  loadMapValue,
  mayGoto,
  mov,
  type Register,
  type Size,
  store,
} from "#bpf/asm";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const SIZES: readonly Size[] = [1, 2, 4, 8];
const REGISTERS: readonly Register[] = ["r0", "r1", "r5", "r9", "r10"];

describe("encoding", () => {
  // Expected bytes are from the kernel's own macros (include/linux/filter.h), not from this code.
  const cases: readonly (readonly [string, Code, string])[] = [
    ["mov64 imm", mov("r0", 1), "b700000001000000"],
    ["mov64 imm negative", mov("r3", -1), "b7030000ffffffff"],
    ["mov64 reg", mov("r6", "r1"), "bf16000000000000"],
    ["add64 imm", alu("add", "r2", -4), "07020000fcffffff"],
    ["rsh32 imm", alu32("rsh", "r4", 3), "7404000003000000"],
    ["arsh64 reg", alu("arsh", "r1", "r2"), "cf21000000000000"],
    ["ldx u64", load(8, "r1", "r6", 8), "7961080000000000"],
    ["ldx u8", load(1, "r9", "r7", -1), "7179ffff00000000"],
    ["stx u32", store(4, "r10", -4, "r1"), "631afcff00000000"],
    ["st u16", store(2, "r7", 10, 5), "6a070a0005000000"],
    ["lddw", loadImmediate("r2", 0x1122334455667788n), "18020000887766550000000044332211"],
    ["ld map", loadMap("r1", 7), "18110000070000000000000000000000"],
    ["ld map value", loadMapValue("r2", 7, 16), "18220000070000000000000010000000"],
    ["call", call("probeReadKernel"), "8500000071000000"],
  ];
  it.each(cases)("%s", (_, code, bytes) => {
    expect(hex(assemble([code, exit()]))).toBe(`${bytes}9500000000000000`);
  });

  it("counts a wide load as two slots when it measures jumps", () => {
    const bytes = assemble([
      branch("r1", "==", 0, "end"),
      loadImmediate("r0", 1n),
      label("end"),
      exit(),
    ]);
    expect(hex(bytes.subarray(0, 8))).toBe("1501020000000000");
    expect(instructionCount(bytes)).toBe(4);
  });

  it("jumps backwards", () => {
    const bytes = assemble([label("again"), mayGoto("out"), jump("again"), label("out"), exit()]);
    expect(disassemble(bytes)).toBe("   0: may_goto 2\n   1: goto 0\n   2: exit");
  });
});

describe("decoding", () => {
  const everything: Code = [
    REGISTERS.flatMap((dst) =>
      (
        [
          "add",
          "sub",
          "mul",
          "div",
          "or",
          "and",
          "lsh",
          "rsh",
          "mod",
          "xor",
          "mov",
          "arsh",
        ] as const
      ).flatMap((name) => [alu(name, dst, -7), alu(name, dst, "r3"), alu32(name, dst, 9)]),
    ),
    SIZES.flatMap((size) => [
      load(size, "r4", "r7", 300),
      store(size, "r10", -16, "r2"),
      store(size, "r7", 24, -1),
    ]),
    (["==", "!=", "<", "<=", ">", ">=", "&", "s<", "s<=", "s>", "s>="] as const).flatMap((op) => [
      branch("r1", op, 5, "end"),
      branch32("r2", op, "r8", "end"),
    ]),
    loadImmediate("r1", -1n),
    loadMap("r1", 3),
    loadMapValue("r2", 4, 8),
    call("ringbufOutput"),
    mayGoto("end"),
    mov("r0", 0),
    label("end"),
    exit(),
  ];

  it("gives back what was assembled, byte for byte", () => {
    const bytes = assemble(everything);
    expect(hex(assemble(decode(bytes)))).toBe(hex(bytes));
  });

  it("prints readable text", () => {
    const bytes = assemble([
      mov("r6", "r1"),
      load(8, "r8", "r6", 16),
      branch("r8", "s>=", -3, "end"),
      store(4, "r10", -4, 1),
      call("mapLookup"),
      label("end"),
      exit(),
    ]);
    expect(disassemble(bytes)).toBe(
      [
        "   0: r6 = r1",
        "   1: r8 = *(u64 *)(r6 + 16)",
        "   2: if r8 s>= -3 goto 5",
        "   3: *(u32 *)(r10 - 4) = 1",
        "   4: call mapLookup",
        "   5: exit",
      ].join("\n"),
    );
  });

  it("refuses bytes that are no instructions", () => {
    expect(() => decode(new Uint8Array(7))).toThrow(AssemblyError);
    expect(() => decode(new Uint8Array(0))).toThrow(AssemblyError);
    expect(() => decode(new Uint8Array(8).fill(0xff))).toThrow(AssemblyError);
    expect(() => decode(Uint8Array.of(0x18, 0, 0, 0, 0, 0, 0, 0))).toThrow(/unknown code 0x18/);
    expect(() => decode(Uint8Array.of(0x05, 0, 9, 0, 0, 0, 0, 0))).toThrow(/L10/);
  });

  it("survives random bytes", () => {
    let state = 12345;
    const random = () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return state >>> 16;
    };
    for (let i = 0; i < 2000; i++) {
      const bytes = Uint8Array.from({ length: 8 * (1 + (random() % 6)) }, () => random() & 0xff);
      try {
        disassemble(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(AssemblyError);
      }
    }
  });
});

describe("dead code", () => {
  it("is removed, as the verifier demands", () => {
    const bytes = assemble([
      jump("live"),
      mov("r1", 1),
      label("island"),
      mov("r2", 2),
      jump("island"),
      label("live"),
      mov("r0", 0),
      exit(),
      mov("r3", 3),
    ]);
    expect(disassemble(bytes)).toBe("   0: r0 = 0\n   1: exit");
  });

  it("keeps what only a branch reaches", () => {
    const bytes = assemble([
      branch("r1", "==", 0, "zero"),
      mov("r0", 1),
      exit(),
      label("zero"),
      mov("r0", 0),
      exit(),
    ]);
    expect(instructionCount(bytes)).toBe(5);
  });

  it("drops a jump to the next instruction, also over other labels", () => {
    const bytes = assemble([jump("b"), label("a"), label("b"), exit()]);
    expect(disassemble(bytes)).toBe("   0: exit");
  });
});

describe("errors", () => {
  const cases: readonly (readonly [string, Code, RegExp])[] = [
    ["a missing label", [jump("nowhere"), exit()], /jump to `nowhere`, which is not a label/],
    ["a doubled label", [label("a"), label("a"), exit()], /`a` is defined twice/],
    ["no code", [], /empty/],
    ["no exit", mov("r0", 0), /runs past its end/],
    ["a label at the end", [branch("r1", "==", 0, "end"), exit(), label("end")], /behind the last/],
    ["a wide immediate", [mov("r0", 2 ** 31), exit()], /immediate 2147483648 .* 32 bits/],
    ["a fraction", [mov("r0", 0.5), exit()], /immediate 0.5/],
    ["a far offset", [load(8, "r1", "r6", 40_000), exit()], /offset 40000 .* 16 bits/],
  ];
  it.each(cases)("%s", (_, code, message) => {
    expect(() => assemble(code)).toThrow(message);
    expect(() => assemble(code)).toThrow(AssemblyError);
  });

  it("a jump over too many instructions names both ends", () => {
    const filler = Array.from({ length: 32_768 }, () => mov("r0", 0));
    const code = [branch("r1", "==", 0, "far"), filler, label("far"), exit()];
    expect(() => assemble(code)).toThrow(/instruction 0 to `far` spans 32768 instructions/);
    const fitting = [branch("r1", "==", 0, "far"), filler.slice(1), label("far"), exit()];
    expect(instructionCount(assemble(fitting))).toBe(32_769);
  });
});
