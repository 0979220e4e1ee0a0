/**
 * The law of the integer filter: it never drops an event for which the condition is not definitely
 * false. Proven by running the compiled filter in the kernel (BPF_PROG_TEST_RUN) on random records
 * and comparing each verdict with a plain evaluation of the condition.
 */
import { describe, expect, it } from "vitest";
import { alu, assemble, type Code, disassemble, exit, label, load, mov, store } from "#bpf/asm";
import {
  EXIT,
  HEAD,
  type IntegerCondition,
  type IntegerFilter,
  type NumberField,
  OOM,
  PROGRAM_TYPE_RAW_TRACEPOINT,
} from "#bpf/programs";
import { loadNative, type Native } from "#native";
import { compileFilter } from "../../../bpf/programs/integer-filter.ts";
import { skipReason } from "../../harness/skip.ts";

const RECORD_BYTES = 80;
const KEPT = 1;
const DROPPED = 2;

type Fields = Readonly<Record<string, NumberField>>;
/** Undefined: the field is missing in this record. */
type RecordValues = Readonly<Record<string, number | undefined>>;

const EXIT_FIELDS: Fields = {
  pid: HEAD.pid,
  parent_pid: EXIT.parentPid,
  exit_code: EXIT.exitCode,
  signal: EXIT.signal,
};
const OOM_FIELDS: Fields = {
  pid: HEAD.pid,
  memory_limit: OOM.memoryLimit,
  memory_usage: OOM.memoryUsage,
  rss: OOM.rss,
};

/** True unless the condition is definitely false. */
function mayHold({ field, op, value }: IntegerCondition, record: RecordValues): boolean {
  const actual = record[field];
  if (actual === undefined) return true;
  switch (op) {
    case "==":
      return actual === value;
    case "!=":
      return actual !== value;
    case "<":
      return actual < value;
    case "<=":
      return actual <= value;
    case ">":
      return actual > value;
    case ">=":
      return actual >= value;
  }
}

const mayMatch = (filter: IntegerFilter, record: RecordValues) =>
  filter.anyOf.some(({ allOf }) => allOf.every((condition) => mayHold(condition, record)));

/** A record built on the stack from the context's words: the fields in order, then `present`. */
function harness(filter: IntegerFilter, fields: Fields): Uint8Array {
  const places = Object.values(fields);
  const clear: Code = Array.from({ length: RECORD_BYTES / 8 }, (_, i) => store(8, "r7", i * 8, 0));
  return assemble([
    mov("r6", "r1"),
    mov("r7", "r10"),
    alu("add", "r7", -RECORD_BYTES),
    clear,
    places.map((place, i) => [
      load(8, "r1", "r6", i * 8),
      store(place.size, "r7", place.offset, "r1"),
    ]),
    load(8, "r1", "r6", places.length * 8),
    store(2, "r7", HEAD.present.offset, "r1"),
    compileFilter(filter, fields, "drop"),
    mov("r0", KEPT),
    exit(),
    label("drop"),
    mov("r0", DROPPED),
    exit(),
  ]);
}

function context(record: RecordValues, fields: Fields): Uint8Array {
  const entries = Object.entries(fields);
  const words = entries.map(([name]) => BigInt(record[name] ?? 0));
  const present = entries.reduce(
    (bits, [name, { optional }]) => bits | (record[name] === undefined ? 0 : (optional ?? 0)),
    0,
  );
  return new Uint8Array(BigUint64Array.from([...words, BigInt(present)]).buffer);
}

/** Deterministic, so that a failure can be repeated. */
function randomOf(seed: number) {
  let state = seed;
  const below = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  return { below, pick: <T>(items: readonly T[]): T => items[below(items.length)]! };
}
type Random = ReturnType<typeof randomOf>;

const OPERATORS = ["==", "!=", "<", "<=", ">", ">="] as const;
const U32 = [0, 1, 2, 9, 127, 255, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
const I32 = [0, 1, -1, 9, 255, 2 ** 31 - 1, -(2 ** 31)];
const SIZES = [0, 1, 4096, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 33554432, 2 ** 52, 2 ** 53 - 1];

const valuesOf = (field: NumberField) => (field.size === 8 ? SIZES : field.isSigned ? I32 : U32);

function randomFilter(random: Random, fields: Fields): IntegerFilter {
  const names = [...Object.keys(fields), "comm", "no_such_field"];
  const odd = [0.5, -3.25, 9.5, 2 ** 60, -(2 ** 60), Number.POSITIVE_INFINITY, Number.NaN, -1];
  const condition = (): IntegerCondition => {
    const field = random.pick(names);
    const place = fields[field];
    const near = place === undefined ? U32 : valuesOf(place);
    const value =
      random.below(8) === 0
        ? random.pick(odd)
        : random.pick(near) + random.pick([-1, -0.5, 0, 0, 0.5, 1]);
    return { field, op: random.pick(OPERATORS), value };
  };
  const list = <T>(most: number, make: () => T) =>
    Array.from({ length: random.below(most + 1) }, make);
  return { anyOf: list(3, () => ({ allOf: list(4, condition) })) };
}

function randomRecord(random: Random, fields: Fields): RecordValues {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      const isMissing = field.optional !== undefined && random.below(4) === 0;
      return [name, isMissing ? undefined : random.pick(valuesOf(field))];
    }),
  );
}

/** The addon, or why the kernel cannot be asked. */
function kernel(): Native | string {
  const loaded = loadNative();
  if (!loaded.ok) {
    return loaded.reason;
  }
  const trivial = assemble([mov("r0", 0), exit()]);
  const fd = loaded.native.programLoad(
    PROGRAM_TYPE_RAW_TRACEPOINT,
    trivial,
    "probe",
    new Uint8Array(),
  );
  if (fd < 0) {
    return `loading a program was refused (errno ${-fd})`;
  }
  loaded.native.closeFd(fd);
  return loaded.native;
}

const asked = kernel();
const whyNot = typeof asked === "string" ? asked : undefined;
const native = typeof asked === "string" ? undefined : asked;

function verdicts(
  filter: IntegerFilter,
  fields: Fields,
  records: readonly RecordValues[],
): number[] {
  const code = harness(filter, fields);
  const fd = native!.programLoad(PROGRAM_TYPE_RAW_TRACEPOINT, code, "filter", new Uint8Array());
  if (fd < 0) throw new Error(`the filter was refused (errno ${-fd})\n${disassemble(code)}`);
  try {
    return records.map((record) => native!.programTestRun(fd, context(record, fields)));
  } finally {
    native!.closeFd(fd);
  }
}

describe.skipIf(skipReason("integer filters in the kernel", whyNot))(
  "the integer filter in the kernel",
  () => {
    it.each([
      ["exit", EXIT_FIELDS],
      ["oom", OOM_FIELDS],
    ] as const)("agrees with plain evaluation on random %s records", (_, fields) => {
      const seed = 20_240_611;
      const random = randomOf(seed);
      let [kept, dropped] = [0, 0];
      for (let i = 0; i < 400; i++) {
        const filter = randomFilter(random, fields);
        const records = Array.from({ length: 40 }, () => randomRecord(random, fields));
        verdicts(filter, fields, records).forEach((verdict, at) => {
          const input = JSON.stringify({ filter, record: records[at] });
          const told = `seed ${seed}, filter ${i}: ${input}`;
          if (mayMatch(filter, records[at]!)) expect(verdict, told).toBe(KEPT);
          if (verdict === KEPT) kept++;
          else dropped++;
        });
      }
      // Sound is not enough: it has to drop what is plainly unwanted.
      expect(kept).toBeGreaterThan(1000);
      expect(dropped).toBeGreaterThan(1000);
    });

    it("is exact for fields that are never missing", () => {
      const random = randomOf(7);
      for (let i = 0; i < 300; i++) {
        const field = random.pick(["pid", "exit_code", "parent_pid"]);
        const near = random.pick(field === "exit_code" ? I32 : U32);
        const value = near + random.pick([-0.5, 0, 0, 0, 0.5]);
        const filter = { anyOf: [{ allOf: [{ field, op: random.pick(OPERATORS), value }] }] };
        const records = Array.from({ length: 20 }, () => randomRecord(random, EXIT_FIELDS));
        const expected = records.map((record) => (mayMatch(filter, record) ? KEPT : DROPPED));
        expect(verdicts(filter, EXIT_FIELDS, records), JSON.stringify(filter)).toEqual(expected);
      }
    });

    it("keeps nothing without groups and everything with an empty one", () => {
      const record = { pid: 1, parent_pid: 1, exit_code: 0, signal: undefined };
      expect(verdicts({ anyOf: [] }, EXIT_FIELDS, [record])).toEqual([DROPPED]);
      expect(verdicts({ anyOf: [{ allOf: [] }] }, EXIT_FIELDS, [record])).toEqual([KEPT]);
    });

    it("loads with as many conditions as it takes", () => {
      const allOf = [{ field: "pid", op: "==" as const, value: 1 }];
      const anyOf = Array.from({ length: 1000 }, (_, i) => ({
        allOf: [{ ...allOf[0]!, value: i }],
      }));
      const record = (pid: number) => ({ pid, parent_pid: 0, exit_code: 0, signal: undefined });
      expect(verdicts({ anyOf }, EXIT_FIELDS, [record(999), record(1000)])).toEqual([
        KEPT,
        DROPPED,
      ]);
    });
  },
);
