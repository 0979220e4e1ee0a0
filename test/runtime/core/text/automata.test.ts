/** The automaton itself: size, minimality, determinism, and the required literal beside it. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compileRegex,
  type DfaProgram,
  matchText,
  packTextProgram,
  parseRegex,
  requiredLiteral,
  unpackTextProgram,
} from "../../../../runtime/core/text/index.ts";
import { regex, simulated } from "./harness.ts";
import { FUZZ_RUNS, nearMiss, print, treeArbitrary } from "./trees.ts";

function automaton(pattern: string): DfaProgram {
  const program = regex(pattern).automaton;
  if (program.kind !== "dfa") throw new Error(`${pattern} has no automaton`);
  return program;
}

const patternAndText = treeArbitrary().chain((tree) =>
  fc.record({ pattern: fc.constant(print(tree)), text: nearMiss(tree) }),
);

describe("automata", () => {
  it.each([
    ["abc", 5],
    ["^abc$", 6],
    ["(?:ab|ac)", 4],
    ["a|b|c|[a-z]", 3],
    ["", 2],
    ["a\\Ab", 2],
    ["(?s).*a.*", 3],
    ["(?:x{0,10}){0,10}", 2],
  ])("%j has %i states", (pattern, states) => {
    expect(automaton(pattern).verdicts.length).toBe(states);
  });

  it("is the same bytes for the same language", () => {
    const same = [
      ["a(?:b|c)", "ab|ac"],
      ["a+", "aa*", "a"],
      ["(?i)a", "[Aa]"],
      ["\\d{2,3}$", "(?:\\d|\\d{2})\\d\\z"],
      [".", "[^\\n]"],
    ];
    for (const group of same) {
      const packed = group.map((pattern) => {
        const { table, verdicts, start } = automaton(pattern);
        return { table, verdicts, start };
      });
      for (const other of packed) expect(other, group.join("  ")).toEqual(packed[0]);
    }
  });

  it("has no two states that answer alike", () => {
    fc.assert(
      fc.property(treeArbitrary(), (tree) => {
        const { table, classCount, verdicts } = automaton(print(tree));
        // Moore's refinement, the slow way: as many blocks as states, or it is not minimal.
        let blocks = [...verdicts];
        for (let count = 0; new Set(blocks).size > count; ) {
          count = new Set(blocks).size;
          const keys = new Map<string, number>();
          blocks = blocks.map((block, state) => {
            const row = Array.from(table.subarray(state * classCount, (state + 1) * classCount));
            const key = [block, ...row.map((target) => blocks[target])].join();
            if (!keys.has(key)) keys.set(key, keys.size);
            return keys.get(key)!;
          });
        }
        expect(new Set(blocks).size).toBe(verdicts.length);
      }),
      { numRuns: Math.ceil(FUZZ_RUNS / 4) },
    );
  });

  it("falls back to simulation, and only up to its limit", () => {
    expect(regex("(?s)a.{12}b").automaton.kind).toBe("nfa");
    expect(matchText(regex("(?s)a.{12}b"), `xa${"é".repeat(12)}b`)).toBe(true);
    expect(matchText(regex("(?s)a.{12}b"), `xa${"é".repeat(11)}b`)).toBe(false);
    expect(compileRegex("(?s)a.{60}b")).toMatchObject({ ok: false, error: { kind: "too-large" } });
  });
});

describe("required literals", () => {
  it.each([
    ["Memory cgroup out of memory: Kill(ed)? process", "Memory cgroup out of memory: Kill"],
    [
      "connect\\(\\) to (?<host>[^:]+):\\d+ failed: Connection refused",
      " failed: Connection refused",
    ],
    ["foo(?:bar|baz)qux", "fooba"],
    ["(?:xfoo|yfoo)$", "foo"],
    ["(?:ab){3}c", "abababc"],
    ["(?:ab)+c", "abc"],
    ["a|b", undefined],
    ["a?", undefined],
    ["(?i)abc1", "1"],
    ["^a\\bb$", "ab"],
    ["😀|😁", undefined],
    ["\ufffd", undefined],
    ["", undefined],
  ])("of %j is %j", (pattern, literal) => {
    const parsed = parseRegex(pattern);
    expect(parsed.ok && requiredLiteral(parsed.syntax.root)).toBe(literal);
    expect(regex(pattern).requiredLiteral).toBe(literal ?? "");
  });

  it("occur in every text that matches", () => {
    fc.assert(
      fc.property(patternAndText, ({ pattern, text }) => {
        const program = regex(pattern);
        if (matchText(program, text)) expect(text).toContain(program.requiredLiteral);
      }),
      { numRuns: FUZZ_RUNS },
    );
  });
});

describe("packed programs", () => {
  it("unpack to what was packed", () => {
    fc.assert(
      fc.property(treeArbitrary(), fc.boolean(), (tree, isSimulated) => {
        const compile = isSimulated ? simulated : regex;
        const program = compile(print(tree));
        fc.pre(program !== undefined);
        const packed = packTextProgram(program);
        expect(unpackTextProgram(structuredClone(packed))).toEqual({ ok: true, program });
        const again = compile(print(tree));
        expect(again && packTextProgram(again)).toEqual(packed);
      }),
      { numRuns: Math.ceil(FUZZ_RUNS / 4) },
    );
  });

  it("never unpack to a program that runs out of its tables", () => {
    const packed = [
      packTextProgram(regex("(?<x>a+)b$")),
      packTextProgram(regex("(?<x>\\b.)", { maxStates: 0 })),
    ];
    const edit = fc.record({
      which: fc.nat(1),
      part: fc.nat(3),
      at: fc.nat(2000),
      value: fc.nat(255),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const copy = structuredClone(packed[edits[0]!.which]!);
        for (const { part, at, value } of edits) {
          const { dfa } = copy;
          const bytes = [copy.code, dfa?.table, dfa?.classOf, dfa?.verdicts][part];
          if (bytes !== undefined) bytes[at % bytes.length] = value;
        }
        const result = unpackTextProgram(copy);
        if (result.ok) expect(typeof matchText(result.program, "xaab\né")).toBe("boolean");
      }),
      { numRuns: FUZZ_RUNS },
    );
  });

  it("refuse what is no program", () => {
    const good = packTextProgram(regex("(?<x>a)"));
    const bad: readonly unknown[] = [
      undefined,
      null,
      1,
      [],
      {},
      new Uint8Array(3),
      { ...good, code: good.code.slice(0, 7) },
      { ...good, code: new Uint8Array(0) },
      { ...good, groups: [{ name: "x", type: "date" }] },
      { ...good, literal: 1 },
      { ...good, dfa: { ...good.dfa, start: 99 } },
      { ...good, dfa: { ...good.dfa, classCount: 1 } },
      { ...good, dfa: { ...good.dfa, table: new Uint8Array(2) } },
      { ...good, dfa: null },
    ];
    for (const value of bad) expect(unpackTextProgram(value).ok).toBe(false);
  });
});
