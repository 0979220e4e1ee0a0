/**
 * `\p{…}`: the table against the characters themselves, and the syntax against RE2. `UPDATE=1`
 * writes the table from this Node's own, when that is of the version the table names.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import { LAST_CODE_POINT } from "../../../../runtime/core/text/code-point-set.ts";
import { matchText } from "../../../../runtime/core/text/index.ts";
import { unicodeSet } from "../../../../runtime/core/text/unicode-set.ts";
import {
  categoryNames,
  categoryRuns,
  scriptNames,
  scriptRuns,
  unicodeVersion,
} from "../../../../runtime/core/text/unicode-table.ts";
import { skipReason } from "../../../harness/skip.ts";
import { regex } from "./harness.ts";
import { FUZZ_RUNS } from "./trees.ts";

const table = fileURLToPath(
  new URL("../../../../runtime/core/text/unicode-table.ts", import.meta.url),
);
const ours = process.versions.unicode;
const otherVersion =
  ours === unicodeVersion ? undefined : `this Node has Unicode ${ours}, not ${unicodeVersion}`;

/** All code points as texts in which no two surrogates pair up: first code point, units of each. */
const everything = [
  { first: 0, end: 0xdc00, units: 1 },
  { first: 0xdc00, end: 0x10000, units: 1 },
  { first: 0x10000, end: LAST_CODE_POINT + 1, units: 2 },
].map(({ first, end, units }) => {
  const characters = Array.from({ length: end - first }, (_, i) => String.fromCodePoint(first + i));
  return { first, units, text: characters.join("") };
});

/** By code point the index of the one property that holds; -1 when none does. */
function partition(names: readonly string[], key: string): Int16Array {
  const indexOf = new Int16Array(LAST_CODE_POINT + 1).fill(-1);
  for (const [i, name] of names.entries()) {
    for (const { first, units, text } of everything) {
      for (const run of text.matchAll(new RegExp(`\\p{${key}=${name}}+`, "gu"))) {
        const from = first + run.index / units;
        indexOf.fill(i, from, from + run[0].length / units);
      }
    }
  }
  return indexOf;
}

/** Runs of equal values, `12Ab` for twelve times the value Ab; one is not written. */
function runsOf(values: Int16Array): string {
  let out = "";
  for (let from = 0, to = 0; from < values.length; from = to) {
    while (to < values.length && values[to] === values[from]) to++;
    out += `${to - from === 1 ? "" : to - from}${letters((values[from] ?? -1) + 1)}`;
  }
  return out;
}

/** A number below 676 as a capital and a small letter. */
function letters(value: number): string {
  return String.fromCharCode(0x41 + Math.floor(value / 26), 0x61 + (value % 26));
}

function tableText(): string {
  const linesOf = (runs: string) =>
    (runs.match(/.{1,92}/g) ?? []).map((line) => `  "${line}",`).join("\n");
  const list = (names: readonly string[]) =>
    (names.join(" ").match(/.{1,90}(?: |$)/g) ?? []).map((l) => `  "${l}",`).join("\n");
  return `/** Unicode's general categories and scripts. Written by unicode.test.ts with \`UPDATE=1\`. */

export const unicodeVersion = "${unicodeVersion}";

export const categoryNames = [
${list(categoryNames)}
]
  .join("")
  .split(" ");

export const scriptNames = [
${list(scriptNames)}
]
  .join("")
  .split(" ");

/** Runs of code points with the same property; unicode-set.ts reads them. */
export const categoryRuns = [
${linesOf(runsOf(partition(categoryNames, "General_Category")))}
].join("");

export const scriptRuns = [
${linesOf(runsOf(partition(scriptNames, "Script")))}
].join("");
`;
}

describe.skipIf(skipReason("the table of Unicode", otherVersion))("the table", () => {
  it("is what Unicode says of every code point", () => {
    if (process.env.UPDATE === "1") return writeFileSync(table, tableText());
    expect(categoryRuns).toBe(runsOf(partition(categoryNames, "General_Category")));
    expect(scriptRuns).toBe(runsOf(partition(scriptNames, "Script")));
  }, 120_000);

  it("names every script there is", () => {
    const script = partition(["Unknown", ...scriptNames], "Script");
    const nameless = [...script.keys()].filter((c) => script[c] === -1);
    expect(nameless.map((c) => c.toString(16))).toEqual([]);
  });
});

describe("properties in patterns", () => {
  const names = [...categoryNames, ...scriptNames, "L", "M", "N", "P", "S", "Z", "C", "Any"];
  /** The ends of ranges and their neighbours. */
  const interesting = () =>
    names
      .flatMap((name) => unicodeSet(name) ?? [])
      .flatMap((c) => [c - 1, c, c + 1])
      .filter((c) => c >= 0 && c <= LAST_CODE_POINT && !(c >= 0xd800 && c <= 0xdfff));
  const form = fc.constantFrom("\\p{@}", "\\P{@}", "[\\p{@}a-z]", "[^\\p{@}5]", "[\\P{@}]");

  it("mean what they mean in RE2", () => {
    fc.assert(
      fc.property(
        form,
        fc.constantFrom(...names),
        fc.array(fc.constantFrom(...interesting()), { minLength: 4, maxLength: 24 }),
        (shape, name, codePoints) => {
          const pattern = `^${shape.replace("@", name)}$`;
          const program = regex(pattern);
          const re2 = RE2JS.compile(pattern);
          for (const c of codePoints) {
            const text = String.fromCodePoint(c);
            const label = `${pattern} on U+${c.toString(16)}`;
            expect(matchText(program, text), label).toBe(re2.matcher(text).find());
          }
        },
      ),
      { numRuns: Math.min(FUZZ_RUNS, 2000) / 4 },
    );
  });

  it.each([
    ["\\pL", ["a", "é", "ж", "中"], ["1", " ", "€"]],
    ["\\PL", ["1", " "], ["a"]],
    ["\\p{^L}", ["1"], ["a"]],
    ["\\P{^L}", ["a"], ["1"]],
    ["^\\p{Greek}+$", ["αβγ"], ["abc", "αb"]],
    ["^[\\p{Cyrillic}\\pN-]+$", ["ж-5"], ["z-5"]],
    ["(?i)^\\p{Lu}$", ["A", "a", "É"], ["é"]],
    ["(?i)^[^\\p{Lu}]$", ["é", "1"], ["A", "a"]],
    ["(?i)^\\P{Lu}$", ["é", "1"], ["A", "a"]],
  ])("%s", (pattern, matching, other) => {
    for (const text of matching) expect(matchText(regex(pattern), text), text).toBe(true);
    for (const text of other) expect(matchText(regex(pattern), text), text).toBe(false);
  });
});
