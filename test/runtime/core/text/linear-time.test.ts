/**
 * Patterns that blow up backtracking engines: steps stay proportional to the text, work is bounded.
 */

import { describe, expect, it } from "vitest";
import { compileRegex, matchText, parseRegex } from "../../../../runtime/core/text/index.ts";
import { buildNfa } from "../../../../runtime/core/text/nfa.ts";
import { findMatch, simulate } from "../../../../runtime/core/text/pike.ts";
import { regex } from "./harness.ts";

const EVIL: readonly (readonly [string, (n: number) => string])[] = [
  ["(a+)+$", (n) => `${"a".repeat(n)}!`],
  ["^(a|a)*b", (n) => "a".repeat(n)],
  ["(a|aa)+$", (n) => `${"a".repeat(n)}b`],
  ["(.*)*x$", (n) => "y".repeat(n)],
  ["(x+x+)+y", (n) => "x".repeat(n)],
  ["^(([a-z])+.)+[A-Z]([a-z])+$", (n) => "a".repeat(n)],
  ["(?:a*)*(?:a*)*c", (n) => "a".repeat(n)],
  ["(a?){30}a{30}", (n) => "a".repeat(n)],
  ["([a-zA-Z]+)*\\d", (n) => "a".repeat(n)],
  ["\\s+$", (n) => `${" ".repeat(n)}x`],
  ["^(\\w+\\s?)*$", (n) => `${"ab ".repeat(n)}!`],
  ["(?:\\b\\w+\\b|\\s)*#", (n) => "word ".repeat(n)],
  ["^[\\w.+-]+@([\\w-]+\\.)+[a-z]{2,}$", (n) => `a@${"a.".repeat(n)}`],
  ["(.+)=(.+)\\1?".replace("\\1?", ""), (n) => "é".repeat(n)],
];

describe("linear time", () => {
  it.each(EVIL)("%s", (pattern, textOf) => {
    const parsed = parseRegex(pattern);
    const code = parsed.ok ? buildNfa(parsed.syntax.root) : undefined;
    if (code === undefined) throw new Error(pattern);
    for (const run of [
      (text: string, meter: { steps: number }) => findMatch(code, 2, text, meter),
      (text: string, meter: { steps: number }) => simulate(code, text, false, meter),
    ]) {
      const steps = [500, 1000, 2000].map((n) => {
        const meter = { steps: 0 };
        const text = textOf(n);
        run(text, meter);
        // Per byte, each instruction is visited at most a few times.
        expect(meter.steps).toBeLessThan(4 * (code.length / 4) * (Buffer.byteLength(text) + 2));
        return meter.steps;
      });
      expect(steps[2]! - steps[1]!).toBeLessThanOrEqual(2.1 * (steps[1]! - steps[0]!) + 100);
    }
    const expected = findMatch(code, 2, textOf(300)) !== undefined;
    expect(matchText(regex(pattern), textOf(300))).toBe(expected);
  });

  it("bounds the work of compiling, too", () => {
    const patterns = [
      "(?:a{0,30}){0,30}",
      "(?:(?:a?){0,30}b?){0,30}",
      "(?s)(?:a|.){0,900}b",
      "(?:x?y?z?){300}",
      `(?:${"(?:a|b)?".repeat(500)}c)`,
      `${".*".repeat(200)}x`,
      `${"[^a]{3}".repeat(100)}`,
      `(?:${Array.from({ length: 300 }, (_, i) => `w${i * 7919}.*${i}`).join("|")})`,
      "\\pL{10}",
      "(?:\\pL.{3}){4}",
      "(?s)(?:\\PL|.{2}\\pN){0,9}\\p{Han}",
    ];
    for (const pattern of patterns) {
      const start = performance.now();
      const result = compileRegex(pattern);
      // Generous, because machines differ; what is not bounded takes minutes.
      expect(performance.now() - start, pattern).toBeLessThan(10_000);
      if (!result.ok) expect(result.error.kind).toBe("too-large");
    }
  });
});
