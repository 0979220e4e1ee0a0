/** Globs describe whole paths. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileGlob, matchText } from "../../../../runtime/core/text/index.ts";
import { FUZZ_RUNS } from "./trees.ts";

function like(glob: string, text: string): boolean {
  const result = compileGlob(glob);
  if (!result.ok) throw new Error(`${glob}: ${result.error.message}`);
  return matchText(result.program, text);
}

describe("globs", () => {
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ["/etc/**", ["/etc/", "/etc/ssl/certs", "/etc/a\nb"], ["/etc", "/etcx", "x/etc/a"]],
    ["/etc/*", ["/etc/", "/etc/passwd"], ["/etc/ssl/certs"]],
    ["*.log", ["a.log", ".log"], ["a/b.log", "a.logs"]],
    ["**.log", ["a/b.log"], ["a.gz"]],
    ["/var/log/*.{log,gz}", ["/var/log/a.gz"], ["/var/log/b/a.gz", "/var/log/a.xz"]],
    ["a{b,{c,d}e,}f", ["abf", "acef", "adef", "af"], ["acf", "abcf"]],
    ["?", ["a", "é", "😀", "\n"], ["", "/", "ab"]],
    ["[a-c]", ["b"], ["d", "/"]],
    ["[!a-c]", ["d", "é"], ["b", "/"]],
    ["[.-0]", [".", "0"], ["/"]],
    ["[]-]", ["]", "-"], ["a"]],
    ["\\*\\{\\[a", ["*{[a"], ["x{[a"]],
    ["a,b", ["a,b"], ["a"]],
    ["", [""], ["a"]],
    ["***", ["", "a", "a/b"], []],
  ];
  it.each(cases)("%s", (glob, matching, other) => {
    for (const text of matching) expect(like(glob, text), text).toBe(true);
    for (const text of other) expect(like(glob, text), text).toBe(false);
  });

  const errors: readonly (readonly [string, number, string])[] = [
    ["a{b", 1, "`{` is never closed"],
    ["a}b", 1, "`}` closes no"],
    ["a[b", 1, "`[` is never closed"],
    ["[]", 0, "`[` is never closed"],
    ["[^a]", 1, "not how a glob negates"],
    ["[z-a]", 1, "wrong order"],
    ["[a/]", 2, "never matches `/`"],
    ["a\\", 2, "ends in a backslash"],
    ["{".repeat(101), 100, "nested too deeply"],
  ];
  it.each(errors)("%s is an error", (glob, at, message) => {
    const result = compileGlob(glob);
    expect(result).toMatchObject({ ok: false, error: { at } });
    if (!result.ok) expect(result.error.message).toContain(message);
  });

  it("agree with a backtracking reference", () => {
    const pieces = fc.array(fc.constantFrom("a", "b", "/", "*", "**", "?"), { maxLength: 6 });
    const text = fc.array(fc.constantFrom("a", "b", "/"), { maxLength: 6 });
    fc.assert(
      fc.property(pieces, text, (glob, characters) => {
        // Adjacent stars are read as one token, greedily.
        const tokens = glob.join("").match(/\*\*|./g) ?? [];
        const isMatch = (t: number, i: number): boolean => {
          const token = tokens[t];
          if (token === undefined) return i === characters.length;
          const c = characters[i];
          const isRun = token === "**" || (token === "*" && c !== "/");
          if (token.startsWith("*")) {
            return isMatch(t + 1, i) || (isRun && c !== undefined && isMatch(t, i + 1));
          }
          return (
            c !== undefined && (token === "?" ? c !== "/" : c === token) && isMatch(t + 1, i + 1)
          );
        };
        expect(like(glob.join(""), characters.join(""))).toBe(isMatch(0, 0));
      }),
      { numRuns: FUZZ_RUNS },
    );
  });
});
