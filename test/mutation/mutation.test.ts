/**
 * Mutation of code: which mistakes are planted, and that text with all of them off means the same.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { Basis } from "./basis.ts";
import type { Verdict } from "./battery.ts";
import { readEquivalents } from "./equivalents.ts";
import { instrument } from "./instrument.ts";
import { Log } from "./log.ts";
import { mutatedFiles, sampled, testFiles } from "./scope.ts";
import { on, tick, withMutant } from "./switch.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** `from → to` of the body of a function. */
function mutantsOf(body: string): string[] {
  const { mutants } = instrument("a.ts", `function f() { ${body} }`, 0, "x");
  return mutants.map((m) => `${m.from} → ${m.to}`);
}

/** The functions of `text` with a switch in them. */
function compiled(text: string): { readonly run: (...args: number[]) => unknown; count: number } {
  const done = instrument("a.ts", text, 0, "x");
  const body = done.text.replace(/^import .*\n/, "").replaceAll("export ", "");
  const { outputText } = ts.transpileModule(body, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  const make = new Function("$on", "$tick", `${outputText}; return run;`);
  return { run: make(on, tick), count: done.mutants.length };
}

describe("mistakes", () => {
  test.each<[string, string, string[]]>([
    ["a comparison", "return a < b;", ["a < b → a <= b", "a < b → true", "a < b → false"]],
    ["equality", "return a === b;", ["a === b → true", "a === b → false"]],
    ["a junction", "return a && b;", ["a && b → a", "a && b → b", "a && b → false"]],
    [
      "parts of a junction have no constants",
      "return a > b || c === d;",
      [
        "a > b || c === d → a > b",
        "a > b || c === d → c === d",
        "a > b || c === d → true",
        "a > b → a >= b",
      ],
    ],
    ["a condition", "return f(a) ? b : c;", ["f(a) → true", "f(a) → false"]],
    ["a negation", "return !f(a);", ["!f(a) → true", "!f(a) → false"]],
    ["a number", "return a[1];", ["1 → 2", "1 → (0)"]],
    ["a bound", "return a > 1;", ["a > 1 → a >= 1", "a > 1 → true", "a > 1 → false", "1 → 2"]],
    ["a sum, but no text", 'return [a + b, a + "b"];', ['[a + b, a + "b"] → []', "a + b → a - b"]],
    ["a default", "return a ?? b;", ["a ?? b → b"]],
    ["a twin", "return Math.min(a, b);", ["Math.min(a, b) → Math.max(a, b)"]],
    ["a call that may be left out", "return a.filter(f);", ["a.filter(f) → a"]],
    ["a statement", "f(a);", ["f(a); → (nothing)"]],
    [
      "a return that is early",
      "if (f(a)) return a; return b;",
      ["f(a) → true", "f(a) → false", "return a; → (nothing)"],
    ],
    ["a step", "a++;", ["a++; → (nothing)", "a++ → a--"]],
    [
      "no end",
      "return Number.POSITIVE_INFINITY;",
      ["Number.POSITIVE_INFINITY → Number.NEGATIVE_INFINITY"],
    ],
  ])("of %s", (_, body, expected) => {
    expect(mutantsOf(body).sort()).toEqual([...expected].sort());
  });

  test("not in types, nor in what runs only once", () => {
    const text =
      "const a = [1, 2];\nexport type B = 1 | 2;\nfunction f(x: 3): 4[] { return x as 5; }";
    expect(instrument("a.ts", text, 0, "x").mutants).toEqual([]);
  });

  test("of a number with a name are the same wherever it is used", () => {
    const text = "const most = 8;\nfunction f(x: number) { return x > most ? most : x; }";
    const { mutants } = instrument("a.ts", text, 0, "x");
    expect(mutants.filter((m) => m.from === "most").map((m) => m.to)).toEqual(["9", "7"]);
  });
});

describe("switches", () => {
  const text = `
    export function run(a: number, b: number) {
      let n = 0;
      for (const x of [a, b]) if (x > 2) n += x;
      while (n > 10) n--;
      if (a === b) return "same";
      return n?.toFixed(1) ?? "none";
    }`;

  test("that are all off change nothing", () => {
    const { run } = compiled(text);
    expect([run(1, 2), run(3, 4), run(9, 8), run(5, 5)]).toEqual(["0.0", "7.0", "10.0", "same"]);
  });

  test("plant each mutant, which is noticed", async () => {
    const { run, count } = compiled(text);
    const shown = () => JSON.stringify([run(1, 2), run(3, 2), run(3, 4), run(9, 8), run(5, 5)]);
    const expected = shown();
    const survivors: number[] = [];
    for (let id = 0; id < count; id++) {
      const found = await withMutant(id, 1000, shown).catch(() => "failed");
      if (found === expected) survivors.push(id);
    }
    const { mutants } = instrument("a.ts", text, 0, "x");
    // Only the type asks for a default.
    expect(survivors.map((id) => mutants[id]?.from)).toEqual([]);
    expect(count).toBeGreaterThan(15);
  });

  test("end a loop without end", async () => {
    const { run } = compiled("export function run(a: number) { while (true) a++; }");
    await expect(withMutant(-1, 1000, () => run(1))).rejects.toThrow("goes on and on");
  });
});

describe("what is mutated", () => {
  test("is there, and so are the tests that are to notice", () => {
    expect(mutatedFiles(root)).toContain("runtime/engine/engine.ts");
    expect(testFiles(root).length).toBeGreaterThan(20);
  });

  test("some of all by chance are always the same", () => {
    expect(sampled(1000, "50", 1)).toEqual(sampled(1000, "50", 1));
    expect(sampled(1000, "50", 1)).not.toEqual(sampled(1000, "50", 2));
    expect(new Set(sampled(1000, "50", 1)).size).toBe(50);
  });

  test("what is said to be equivalent has a reason", () => {
    const said = readEquivalents(`${root}/test/mutation/equivalents.txt`);
    expect([...said.values()].filter((reason) => reason.length < 10)).toEqual([]);
    expect([...said.keys()].filter((name) => !name.includes(" → "))).toEqual([]);
  });
});

describe("what is known already", () => {
  const own = "runtime/a.ts";
  const noticing = "test/a.test.ts";
  const { mutants } = instrument(own, "function f(a, b) { return a < b; }", 0, "x");
  const imports = new Map([
    [own, []],
    ["runtime/b.ts", []],
    [noticing, ["runtime/b.ts", "test/helper.ts"]],
    ["test/helper.ts", [own]],
    ["test/b.test.ts", [own]],
  ]);
  const killed: Verdict = { verdict: "killed", by: noticing, isEndless: false };
  const survived: Verdict = { verdict: "survived", checks: 1, of: 1 };

  /** The ids that are known still after `changed` has another text. */
  function known(changed: string | undefined, patienceMs: number): number[] {
    const root = mkdtempSync(join(tmpdir(), "mutants-"));
    const write = (file: string, text: string) => {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    };
    const logOf = (ms: number) =>
      new Log(join(root, "judged.ndjson"), {
        mutants,
        basis: new Basis(root, imports),
        effort: { rules: 1, patienceMs: ms },
        isNew: false,
      });
    for (const file of imports.keys()) write(file, "before");
    try {
      const log = logOf(1000);
      log.add(0, killed);
      log.add(1, survived);
      if (changed) write(changed, "after");
      return [...logOf(patienceMs).verdicts.keys()];
    } finally {
      rmSync(root, { recursive: true });
    }
  }

  test.each<[string, string | undefined, number, number[]]>([
    ["is known, where nothing has changed", undefined, 1000, [0, 1]],
    ["and was noticed is known without more patience", undefined, 2000, [0]],
    ["is void with another text of the mutant's file", own, 1000, []],
    ["is void with another text of the test that noticed", noticing, 1000, []],
    ["is void with another text of what that test imports", "test/helper.ts", 1000, []],
    ["and was noticed is known in spite of other tests", "test/b.test.ts", 1000, [0]],
    ["and was noticed is known in spite of other code", "runtime/b.ts", 1000, [0]],
  ])("%s", (_, changed, patienceMs, expected) => {
    expect(mutants.length).toBeGreaterThan(2);
    expect(known(changed, patienceMs)).toEqual(expected);
  });
});
