/** Law: the tree gives every source back, whatever it is, and parsing never throws or hangs. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { leavesOf, printTree, textOf } from "#grammar";
import {
  anyText,
  brokenSources,
  FUZZ_RUNS,
  mutatedSource,
  outcomeOf,
  tokenSoup,
  validSources,
} from "./harness.ts";

function checkLossless(text: string): void {
  const { tree, ast, diagnostics } = outcomeOf(text);
  expect(textOf(tree)).toBe(text);
  let end = 0;
  for (const leaf of leavesOf(tree.root)) {
    expect(leaf.fullStart).toBe(end);
    expect(leaf.startOffset).toBeGreaterThanOrEqual(leaf.fullStart);
    end = leaf.end;
  }
  expect(end).toBe(text.length);
  expect(ast.kind).toBe("file");
  for (const { at, help, message } of diagnostics) {
    expect(at.start).toBeGreaterThanOrEqual(0);
    expect(at.end).toBeGreaterThanOrEqual(at.start);
    expect(at.end).toBeLessThanOrEqual(text.length);
    expect(help).toBeTruthy();
    expect(message).not.toMatch(/\n/);
  }
}

describe("textOf(parse(x)) = x", () => {
  it.each([...validSources, ...brokenSources])("$name", ({ text }) => {
    checkLossless(text);
    expect(printTree(outcomeOf(text).tree)).toBe(text);
  });

  it.each([
    "",
    " ",
    "\n",
    "\uFEFF",
    "\uFEFFmodule a",
    "a\uFEFF",
    "\0",
    "module a\0",
    "\uD800",
    "\uDC00x",
    '"',
    'r"',
    're"\\',
    '"\\',
    "/*",
    "//",
    "///",
    "/",
    "module a /* x",
    '"{',
    '"{"',
    '"}"',
    '"{{}}"',
    "1",
    "1.",
    "1..",
    "1..2",
    "1.5.2",
    "10/s",
    "10/",
    "1e",
    "@",
    "@a",
    "@a(",
    "pub",
    "pub pub",
    "}",
    "module a\r\nrule b {\r\n}\r\n",
    "module",
    "module a.",
    "module a\nimport",
    "module a\nlet x(",
  ])("%j", checkLossless);

  const sources = { "any text": anyText, "token soup": tokenSoup, "mutated files": mutatedSource };
  it.each(Object.entries(sources))(
    `${FUZZ_RUNS} times %s`,
    (_name, source) => {
      fc.assert(fc.property(source, checkLossless), { numRuns: FUZZ_RUNS });
    },
    3_600_000,
  );

  it(`${FUZZ_RUNS} times arbitrary bytes read as UTF-8`, () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    fc.assert(
      fc.property(bytes, (raw) => checkLossless(decoder.decode(raw))),
      { numRuns: FUZZ_RUNS },
    );
  }, 3_600_000);
});
