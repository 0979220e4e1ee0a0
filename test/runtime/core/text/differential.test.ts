/** The library against RE2 (re2js): same matches, same leftmost-first captures. */

import fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import { matchText, type TextProgram, VERDICT } from "../../../../runtime/core/text/index.ts";
import { leftmostFirst, regex, simulated } from "./harness.ts";
import { ALPHABET, LAW_RUNS, nearMiss, print, treeArbitrary } from "./trees.ts";

/** The same shape as `leftmostFirst`. */
function re2(pattern: string, text: string): Record<string, string | undefined> | undefined {
  const compiled = RE2JS.compile(pattern);
  const matcher = compiled.matcher(text);
  if (!matcher.find()) return undefined;
  const names = Object.keys(compiled.namedGroups());
  const cut = (group: string | number) =>
    matcher.start(group) < 0 ? undefined : `${matcher.start(group)}:${matcher.group(group)}`;
  return Object.fromEntries([["", cut(0)], ...names.map((name) => [name, cut(name)])]);
}

const patternAndText = treeArbitrary().chain((tree) =>
  fc.record({ pattern: fc.constant(print(tree)), text: nearMiss(tree) }),
);

/** Whole characters, parts of them, and bytes that occur in none. */
const chunk = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...ALPHABET).map((c) => Buffer.from(c)) },
  { weight: 1, arbitrary: fc.constantFrom(...ALPHABET).map((c) => Buffer.from(c).subarray(0, 1)) },
  { weight: 1, arbitrary: fc.nat(255).map((byte) => Buffer.of(byte)) },
);

/** The table, read the way a reader of bytes reads it. */
function runOverBytes({ automaton }: TextProgram, bytes: Buffer): boolean {
  if (automaton.kind === "nfa") throw new Error("the pattern has no automaton");
  const { classOf, classCount, table, start, verdicts } = automaton;
  let state = start;
  for (const byte of bytes) state = table[state * classCount + (classOf[byte] ?? 0)] ?? 0;
  return ((verdicts[state] ?? 0) & VERDICT.acceptsHere) !== 0;
}

describe("differential against RE2", () => {
  it("finds the same leftmost-first match and captures", () => {
    fc.assert(
      fc.property(patternAndText, ({ pattern, text }) => {
        expect(leftmostFirst(pattern, text)).toEqual(re2(pattern, text));
      }),
      { numRuns: LAW_RUNS },
    );
  });

  it("answers the same yes or no with the automaton and by simulation", () => {
    fc.assert(
      fc.property(patternAndText, ({ pattern, text }) => {
        const expected = RE2JS.compile(pattern).matcher(text).find();
        expect(matchText(regex(pattern), text)).toBe(expected);
        const program = simulated(pattern);
        if (program !== undefined) expect(matchText(program, text)).toBe(expected);
      }),
      { numRuns: LAW_RUNS },
    );
  });

  it("reads the text that a source makes of any bytes, byte by byte", () => {
    fc.assert(
      fc.property(treeArbitrary(), fc.array(chunk, { maxLength: 8 }), (tree, chunks) => {
        const pattern = print(tree);
        const program = regex(pattern);
        // What is not UTF-8 becomes U+FFFD, as in every decoder of `runtime/sources`.
        const text = Buffer.concat(chunks).toString("utf8");
        const expected = RE2JS.compile(pattern).matcher(text).find();
        const label = JSON.stringify({ pattern, text });
        expect(matchText(program, text), label).toBe(expected);
        expect(runOverBytes(program, Buffer.from(text)), label).toBe(expected);
      }),
      { numRuns: LAW_RUNS },
    );
  });

  it("takes half a surrogate pair for U+FFFD", () => {
    const half = fc.constantFrom("\ud83d", "\ude00", "😀", "\ufffd", "a", "\n", "é");
    fc.assert(
      fc.property(treeArbitrary(), fc.array(half, { maxLength: 8 }), (tree, units) => {
        const pattern = print(tree);
        const text = units.join("");
        const expected = RE2JS.compile(pattern).matcher(text.toWellFormed()).find();
        expect(matchText(regex(pattern), text), JSON.stringify({ pattern, text })).toBe(expected);
      }),
      { numRuns: LAW_RUNS },
    );
  });

  it("agrees on awkward patterns found in RE2's own tests", () => {
    const patterns = [
      "(?<x>|a)*",
      "(?<x>|a)+",
      "(?:(?<x>a*))*",
      "(?:(?<x>a*)+)+",
      "(?:(?<x>a|b)*?)(?<y>b*)$",
      "(?<x>a+)(?<y>b+)?",
      "(?:(?<x>a)|b)*",
      "(?:^a)*(?<x>b)",
      "(?m)^(?<x>.*)$",
      "(?:(?<x>a){0}b)+",
      "(?<x>a??)(?<y>a*)",
      "(?i)(?<x>AB)c|(?<y>ab)",
      "\\b(?<x>\\w+)\\b\\W+(?<y>\\w+)",
      "(?:\\b|a)+",
      "(?:$|a)*b",
      "\\B",
      "(?s).*?(?<x>b)",
      "[^\\x00-\\x{10FFFF}]|b",
      "a{0}",
      "\\Qa+b\\E+",
      "[]a]+|[^]a]+",
      "[a-]+|[-b]+",
    ];
    const texts = [
      "",
      "a",
      "b",
      "ab",
      "aab",
      "abc",
      "ABC",
      "ba",
      "a b",
      "a\nb",
      "é",
      "aé",
      "éa",
      "a+bb",
      "-]",
      "\n",
    ];
    for (const pattern of patterns) {
      for (const text of texts) {
        const label = JSON.stringify({ pattern, text });
        expect(leftmostFirst(pattern, text), label).toEqual(re2(pattern, text));
        expect(matchText(regex(pattern), text), label).toBe(re2(pattern, text) !== undefined);
      }
    }
  });
});
