/** The library against RE2 (re2js): same matches, same leftmost-first captures. */

import fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import { matchText } from "../../../../runtime/core/text/index.ts";
import { leftmostFirst, regex, simulated } from "./harness.ts";
import { FUZZ_RUNS, nearMiss, print, treeArbitrary } from "./trees.ts";

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

describe("differential against RE2", () => {
  it("finds the same leftmost-first match and captures", () => {
    fc.assert(
      fc.property(patternAndText, ({ pattern, text }) => {
        expect(leftmostFirst(pattern, text)).toEqual(re2(pattern, text));
      }),
      { numRuns: FUZZ_RUNS },
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
      { numRuns: FUZZ_RUNS },
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
