import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Btf, BtfError, enumValue, hasMember, memberPath, tracepointArguments } from "#bpf/btf";
import { btfBytes, SAMPLE } from "./btf-bytes.ts";

const VMLINUX = "/sys/kernel/btf/vmlinux";
const sample = () => new Btf(SAMPLE);

describe("member paths", () => {
  it("adds offsets within a struct and starts anew behind a pointer", () => {
    expect(memberPath(sample(), "task", "pid")).toMatchObject({
      offsets: [0],
      size: 4,
      isSigned: true,
      bits: undefined,
    });
    expect(memberPath(sample(), "task", "parent.parent.pid").offsets).toEqual([8, 8, 0]);
  });

  it("looks into anonymous unions", () => {
    expect(memberPath(sample(), "task", "id")).toMatchObject({ offsets: [16], size: 8 });
  });

  it("indexes arrays", () => {
    expect(memberPath(sample(), "task", "table[2].pid").offsets).toEqual([48, 0]);
    expect(() => memberPath(sample(), "task", "table[4]")).toThrow(/4 elements/);
  });

  it("tells where a bit-field is", () => {
    expect(memberPath(sample(), "flags", "a")).toMatchObject({
      offsets: [0],
      size: 1,
      bits: { shift: 0, width: 3 },
    });
    expect(memberPath(sample(), "flags", "b")).toMatchObject({
      offsets: [1],
      size: 1,
      bits: { shift: 3, width: 5 },
    });
  });

  it("names what is missing", () => {
    expect(() => memberPath(sample(), "task", "parent.age")).toThrow(
      /no `parent.age` \(at `age`\)/,
    );
    expect(() => memberPath(sample(), "tusk", "pid")).toThrow(/no struct `tusk`/);
    expect(() => memberPath(sample(), "task", "a->b")).toThrow(/not a member path/);
    expect(hasMember(sample(), "task", "pid.x")).toBe(false);
    expect(hasMember(sample(), "task", "low")).toBe(true);
  });
});

describe("enums and tracepoints", () => {
  it("reads signed values", () => {
    expect(enumValue(sample(), "color", "red")).toBe(3);
    expect(enumValue(sample(), "color", "blue")).toBe(-1);
    expect(() => enumValue(sample(), "color", "green")).toThrow(/no `green`/);
  });

  it("reads a signature without its hidden first parameter", () => {
    expect(tracepointArguments(sample(), "thing")).toEqual([
      { index: 0, type: 3, pointsTo: "task", scalar: undefined },
      { index: 1, type: 1, pointsTo: undefined, scalar: "int" },
    ]);
    expect(tracepointArguments(sample(), "other")).toBeUndefined();
  });
});

describe("damaged bytes", () => {
  /** Does all a program generator would do. */
  const exercise = (bytes: Uint8Array) => {
    const btf = new Btf(bytes);
    memberPath(btf, "task", "parent.table[1].id");
    tracepointArguments(btf, "thing");
    enumValue(btf, "color", "red");
    for (let id = 1; id <= btf.typeCount; id++) btf.type(id);
  };

  it("cut off anywhere, are an error or complete", () => {
    exercise(SAMPLE);
    for (let length = 0; length < SAMPLE.length; length++) {
      expect(() => exercise(SAMPLE.slice(0, length)), `cut at ${length}`).toThrow(BtfError);
    }
  });

  it("with any byte changed, never crash or hang", () => {
    for (let at = 0; at < SAMPLE.length; at++) {
      for (const value of [0x00, 0x01, 0x7f, 0xff]) {
        const bytes = SAMPLE.slice();
        bytes[at] = value;
        try {
          exercise(bytes);
        } catch (error) {
          expect(error, `byte ${at} = ${value}`).toBeInstanceOf(BtfError);
        }
      }
    }
  });

  it("with typedefs in a circle, are an error", () => {
    const btf = sample();
    expect(() => btf.resolve(btf.require("typedef", "loop_a").id)).toThrow(/do not end/);
  });

  it("with a struct inside itself, are an error", () => {
    const bytes = btfBytes([{ name: "own", kind: 4, count: 1, sizeOrType: 8, extra: ["", 1, 0] }]);
    expect(() => memberPath(new Btf(bytes), "own", "x")).toThrow(BtfError);
  });

  it("are recognised by the first bytes", () => {
    expect(() => new Btf(new Uint8Array(100))).toThrow(/magic/);
    expect(() => new Btf(Uint8Array.from({ length: 24 }, (_, i) => [0xeb, 0x9f][i] ?? 0))).toThrow(
      /big-endian/,
    );
  });
});

describe.skipIf(!existsSync(VMLINUX))("this kernel", () => {
  const bytes = existsSync(VMLINUX) ? readFileSync(VMLINUX) : new Uint8Array();

  it("is read in under 200 ms", () => {
    const start = performance.now();
    const btf = new Btf(bytes);
    const tookMs = performance.now() - start;
    console.info(`vmlinux BTF: ${btf.typeCount} types in ${tookMs.toFixed(1)} ms`);
    expect(btf.typeCount).toBeGreaterThan(10_000);
    expect(tookMs).toBeLessThan(200);
  });

  it("has what the hooks need", () => {
    const btf = new Btf(bytes);
    expect(memberPath(btf, "task_struct", "real_parent.tgid").offsets).toHaveLength(2);
    expect(memberPath(btf, "task_struct", "comm").size).toBe(16);
    expect(tracepointArguments(btf, "sched_process_exec")?.[2]?.pointsTo).toBe("linux_binprm");
  });

  it("cut off, is an error", () => {
    for (const part of [0.1, 0.5, 0.9, 0.999]) {
      expect(() => new Btf(bytes.subarray(0, Math.floor(bytes.length * part)))).toThrow(BtfError);
    }
  });
});
