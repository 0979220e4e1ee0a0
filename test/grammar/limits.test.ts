/** What no source text may do: exhaust the stack, the memory or the reader's patience. */
import { describe, expect, it } from "vitest";
import { EXPRESSION_DEPTH_MAX, FILE_LENGTH_MAX, NESTING_MAX, textOf } from "#grammar";
import { FUZZ_RUNS, outcomeOf } from "./harness.ts";

/** Generous, because machines differ; what would hang takes minutes. */
const LARGE_MS_MAX = 30_000;
const MANY = 100_000;

function ruleWhere(condition: string): string {
  return `module a\nrule r version 1 {\n  severity info\n  match s: k.a where ${condition}\n}\n`;
}

function ruleDoc(string: string): string {
  return `module a\nrule r version 1 {\n  doc "${string}"\n  match s: k.a\n}\n`;
}

function ruleSummary(string: string): string {
  return `module a\nrule r { match s: k.a explain { summary "${string}" } }\n`;
}

function fieldOf(type: string): string {
  return `module a\nevent x.y from k { f: ${type} }\n`;
}

function checkCode(text: string, code: string): void {
  const { diagnostics, tree } = outcomeOf(text, LARGE_MS_MAX);
  expect(diagnostics.map((diagnostic) => diagnostic.code)).toEqual([code]);
  expect(textOf(tree) === text).toBe(true);
}

function checkClean(text: string, declarations: number): void {
  const { diagnostics, ast } = outcomeOf(text, LARGE_MS_MAX);
  expect(diagnostics).toEqual([]);
  expect(ast.decls).toHaveLength(declarations);
}

describe("nesting", () => {
  it.each([
    ["parentheses", ruleWhere(`${"(".repeat(MANY)}x${")".repeat(MANY)}`)],
    ["open parentheses", ruleWhere("(".repeat(MANY))],
    ["open brackets", ruleWhere("[".repeat(MANY))],
    ["calls", ruleWhere(`${"f(".repeat(MANY)}x${")".repeat(MANY)}`)],
    ["indexes", ruleWhere(`${"a[".repeat(MANY)}1${"]".repeat(MANY)}`)],
    ["quantifiers", ruleWhere("any(x in y: ".repeat(MANY))],
    ["not", ruleWhere(`${"not ".repeat(MANY)}x`)],
    ["minus", ruleWhere(`${"-".repeat(MANY)}x`)],
    ["minus and parentheses", ruleWhere(`${"-(".repeat(MANY)}x${")".repeat(MANY)}`)],
    ["lists of types", fieldOf(`${"list<".repeat(MANY)}int${", 1>".repeat(MANY)}`)],
    ["maps of types", fieldOf("map<int, ".repeat(MANY))],
    ["records", fieldOf(`${"{ f: ".repeat(MANY)}int${" }".repeat(MANY)}`)],
  ])("%s beyond the limit are one diagnostic", (_name, text) => checkCode(text, "TAP1010"));

  it("is allowed up to the limit", () => {
    const depth = NESTING_MAX - 1;
    checkClean(ruleWhere(`${"(".repeat(depth)}x${")".repeat(depth)}`), 1);
    checkClean(fieldOf(`${"list<".repeat(depth)}int${", 1>".repeat(depth)}`), 1);
  });
});

describe("depth of expressions", () => {
  it.each([
    ["or", ruleWhere(`${"x or ".repeat(MANY)}x`)],
    ["and not", ruleWhere(`${"x and not ".repeat(MANY)}x`)],
    ["+", ruleWhere(`${"1 + ".repeat(MANY)}1 > 2`)],
    ["fields", ruleWhere(`a${".b".repeat(MANY)}`)],
    [
      "chains in parentheses",
      ruleWhere(`${"(".repeat(100)}x${`${" or x".repeat(50)})`.repeat(100)}`),
    ],
  ])("%s beyond the limit is one diagnostic", (_name, text) => checkCode(text, "TAP1023"));

  it("is allowed up to the limit, and lists may have any length", () => {
    checkClean(ruleWhere(`${"x or ".repeat(EXPRESSION_DEPTH_MAX - 1)}x`), 1);
    checkClean(ruleWhere(`x in [${"1, ".repeat(MANY)}1]`), 1);
  });
});

describe("size", () => {
  it("refuses a file over the limit without reading it, and keeps its text", () => {
    checkCode(" ".repeat(FILE_LENGTH_MAX + 1), "TAP1011");
    checkCode("(".repeat(10_000_000), "TAP1011");
  });

  it("reads fifty thousand declarations", () => {
    checkClean(`module a\n${"event a.b from k { x: int }\n".repeat(50_000)}`, 50_000);
  });

  // The long run fills the whole limit; the quick one an eighth of it.
  const full = FUZZ_RUNS >= 10_000 ? FILE_LENGTH_MAX - 100 : FILE_LENGTH_MAX / 8;
  it.each([
    ["braces", "{".repeat(full)],
    ["closing braces", "}".repeat(full)],
    ["words", "a ".repeat(full / 2)],
    ["NUL bytes", "\0".repeat(full)],
    ["quotes", '"'.repeat(full)],
    ["one word", "a".repeat(full)],
    ["digits", "1".repeat(full)],
    ["backslashes", `"${"\\".repeat(full)}`],
    ["slashes", "/".repeat(full)],
    ["pub", "pub ".repeat(full / 4)],
    ["broken rules", `module a\n${"rule {\n}\n".repeat(Math.floor(full / 11))}`],
    [
      "broken steps",
      `module a\nrule r { match sequence { ${"a: k.x then ".repeat(Math.floor(full / 14))}`,
    ],
    ["nested sequences", `module a\nrule r {${" match sequence {".repeat(MANY)}`],
    ["holes", ruleSummary("{a}".repeat(Math.floor(full / 4)))],
    ["open holes", ruleSummary("{".repeat(Math.floor(full / 4) * 2 + 1))],
    ["stray braces", ruleSummary("} ".repeat(Math.floor(full / 3)))],
    ["bad escapes", ruleDoc("\\q".repeat(Math.floor(full / 3)))],
  ])("reads a file full of %s in linear time", (_name, text) => {
    const { tree } = outcomeOf(text, LARGE_MS_MAX);
    expect(textOf(tree) === text).toBe(true);
  });
});
