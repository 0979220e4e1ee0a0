/**
 * The law of cut texts: an answer is `true` when every text with that beginning matches, `false`
 * when none does, `undefined` when some do and some do not. Checked against enumeration.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CutText } from "../../../../runtime/core/schema.ts";
import {
  captures,
  compileGlob,
  compileLiteral,
  type Kleene,
  matchText,
  type TextProgram,
  textContains,
  textEndsWith,
  textEquals,
  textStartsWith,
} from "../../../../runtime/core/text/index.ts";
import { regex, simulated } from "./harness.ts";
import { FUZZ_RUNS, LAW_RUNS, nearMiss, print, sample, type Tree, treeArbitrary } from "./trees.ts";

const RUNS = Math.ceil(FUZZ_RUNS / 2);
const TAIL_ALPHABET = ["a", "b", "A", "é", "\n", " "];

/** All texts over the alphabet up to this length, shortest first. */
function tails(maxLength: number, alphabet: readonly string[] = TAIL_ALPHABET): readonly string[] {
  const all = [""];
  for (let from = 0, length = 0; length < maxLength; length++) {
    const to = all.length;
    for (let i = from; i < to; i++) for (const c of alphabet) all.push(all[i]! + c);
    from = to;
  }
  return all;
}

const SHORT_TAILS = tails(3);
/** `_` is the word character no generated pattern names. */
const LONG_TAILS = tails(5, ["a", "b", "_", "é", "\n", " "]);

/** Tails that complete a text of the pattern, longer than enumeration could reach. */
function completions(tree: Tree): readonly string[] {
  const found = new Set<string>();
  for (let choice = 0; choice < 6; choice++) {
    const text = sample(tree, [choice, choice + 1, choice >> 1]);
    for (let from = 0; from <= text.length; from++) {
      for (const before of ["", ...TAIL_ALPHABET]) {
        for (const after of ["", " ", "a"]) found.add(before + text.slice(from) + after);
      }
    }
  }
  return [...found];
}

/** Fails unless `answer` is what enumeration of full texts says. */
function expectLaw(
  answer: Kleene,
  test: (tail: string) => boolean,
  more: () => readonly string[],
  label: string,
): void {
  if (answer === undefined) {
    const canMatch = SHORT_TAILS.some(test) || more().some(test) || LONG_TAILS.some(test);
    expect(canMatch, `${label}: unknown, but nothing matches`).toBe(true);
    expect(
      LONG_TAILS.some((tail) => !test(tail)),
      `${label}: unknown, but all match`,
    ).toBe(true);
  } else {
    const wrong = SHORT_TAILS.find((tail) => test(tail) !== answer);
    expect(wrong, `${label}: ${answer}, but wrong with this tail`).toBe(undefined);
  }
}

const smallTree: fc.Arbitrary<Tree> = treeArbitrary({
  alphabet: ["a", "b", "é"],
  classes: [
    [".", ["a"]],
    ["[ab]", ["b"]],
    ["[^a]", ["b"]],
    ["\\w", ["a"]],
    ["\\W", [" "]],
    ["(?s:.)", ["a"]],
  ],
  maxDepth: 2,
  maxParts: 2,
});
const visibleText = fc
  .array(fc.constantFrom(...TAIL_ALPHABET), { maxLength: 4 })
  .map((characters) => characters.join(""));

describe("patterns on cut texts", () => {
  it("give exactly the answer that enumeration gives", () => {
    fc.assert(
      fc.property(smallTree, visibleText, (tree, visible) => {
        const pattern = print(tree);
        const program = regex(pattern);
        const answer = matchText(program, new CutText(visible));
        const test = (tail: string) => matchText(program, visible + tail);
        expectLaw(answer, test, () => completions(tree), JSON.stringify({ pattern, visible }));
      }),
      { numRuns: RUNS },
    );
  });

  it("never say what the rest of a text refutes", () => {
    const cutText = treeArbitrary().chain((tree) =>
      fc.tuple(fc.constant(print(tree)), nearMiss(tree), fc.nat(40)),
    );
    fc.assert(
      fc.property(cutText, ([pattern, text, length]) => {
        const label = JSON.stringify({ pattern, text, length });
        const cut = new CutText(text.slice(0, length));
        for (const program of [regex(pattern), simulated(pattern)]) {
          if (program === undefined) continue;
          const answer = matchText(program, cut);
          if (answer !== undefined) expect(answer, label).toBe(matchText(program, text));
          const whole = captures(program, text);
          for (const [name, value] of Object.entries(captures(program, cut) ?? {}))
            if (value !== undefined) expect(whole?.[name], label).toBe(value);
        }
      }),
      { numRuns: LAW_RUNS },
    );
  });

  it("are never wrong by simulation, and `false` whenever nothing can match", () => {
    fc.assert(
      fc.property(smallTree, visibleText, (tree, visible) => {
        const exact = matchText(regex(print(tree)), new CutText(visible));
        const program = simulated(print(tree));
        fc.pre(program !== undefined);
        const answer = matchText(program, new CutText(visible));
        expect([exact, exact === true ? undefined : exact]).toContain(answer);
      }),
      { numRuns: RUNS },
    );
  });

  it("decide by simulation what every next character decides", () => {
    const program = simulated("a(?:\\b|\\B)");
    expect(program && matchText(program, new CutText("a"))).toBe(true);
  });

  it("decide as soon as the visible part does", () => {
    const answers = (pattern: string, visible: string) =>
      matchText(regex(pattern), new CutText(visible));
    expect(answers("Killed", "x Killed p")).toBe(true);
    expect(answers("Killed", "x Kil")).toBe(undefined);
    expect(answers("^Killed", "x Kil")).toBe(false);
    expect(answers("Killed$", "Killed")).toBe(undefined);
    expect(answers("^Killed$", "Killex")).toBe(false);
    expect(answers("(?s)^Killed.*$", "Killed")).toBe(true);
    expect(answers("^(?s:.)*\\z", "é")).toBe(true);
    expect(answers("\\bpid\\b", "pid")).toBe(undefined);
    expect(answers("\\bpid\\b", "pid ")).toBe(true);
    expect(answers("a\\Ab", "")).toBe(false);
    expect(answers("^é|^[^é]|^$", "")).toBe(true);
    expect(answers("^[^\\x{D7FF}]|^\\x{D7FF}|^$", "")).toBe(true);
    expect(answers("^[^\\x{800}]|^\\x{800}|^$", "")).toBe(true);
    expect(answers("😀", "\ud83d")).toBe(undefined);
    expect(answers("^a", "\ud83d")).toBe(undefined);
  });

  it("keep only captures that the rest cannot change", () => {
    const cut = (pattern: string, visible: string) =>
      captures(regex(pattern), new CutText(visible));
    expect(cut("pid (?<pid:int>\\d+)", "pid 12")).toEqual({ pid: undefined });
    expect(cut("pid (?<pid:int>\\d+) ", "pid 12 ")).toEqual({ pid: 12 });
    expect(cut("(?<a>x)(?<b>y*)", "xy")).toEqual({ a: "x", b: undefined });
    expect(cut("(?<a>x)(?<b>y*?)", "xy")).toEqual({ a: "x", b: "" });
    expect(cut("(?:(?<a>.);)+", "1;2;")).toEqual({ a: undefined });
    expect(cut("(?:x(?<a>.);)+", "x1;")).toEqual({ a: undefined });
    expect(cut("^(?<all>(?s:.)*)$", "x")).toEqual({ all: undefined });
    expect(cut("(?<a>x)$", "x")).toBe(undefined);
    fc.assert(
      fc.property(smallTree, visibleText, (tree, visible) => {
        const program = regex(print(tree));
        const certain = captures(program, new CutText(visible));
        for (const [name, value] of Object.entries(certain ?? {})) {
          if (value === undefined) continue;
          for (const tail of SHORT_TAILS) {
            const full = captures(program, visible + tail)?.[name];
            expect(full, JSON.stringify({ pattern: print(tree), visible, tail })).toBe(value);
          }
        }
      }),
      { numRuns: RUNS },
    );
  });
});

describe("globs on cut texts", () => {
  it("give exactly the answer that enumeration gives", () => {
    const piece = fc.constantFrom("a", "b", "*", "**", "?", "/", "[ab]", "[!a]", "{a,bb}", "é");
    const glob = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(""));
    const characters = ["a", "b", "/", "é"];
    const visibleGlobText = fc.array(fc.constantFrom(...characters), { maxLength: 4 });
    const all = tails(6, characters);
    fc.assert(
      fc.property(glob, visibleGlobText, (text, visibleCharacters) => {
        const visible = visibleCharacters.join("");
        const result = compileGlob(text);
        expect(result.ok, text).toBe(true);
        const program = (result as { program: TextProgram }).program;
        const answer = matchText(program, new CutText(visible));
        const matching = all.filter((tail) => matchText(program, visible + tail)).length;
        const expected = matching === all.length ? true : matching === 0 ? false : undefined;
        expect(answer, JSON.stringify({ text, visible })).toBe(expected);
      }),
      { numRuns: RUNS },
    );
  });
});

describe("literals on cut texts", () => {
  const relations = {
    equals: [textEquals, (full: string, l: string) => full === l],
    startsWith: [textStartsWith, (full: string, l: string) => full.startsWith(l)],
    endsWith: [textEndsWith, (full: string, l: string) => full.endsWith(l)],
    contains: [textContains, (full: string, l: string) => full.includes(l)],
  } as const;
  const names = ["equals", "startsWith", "endsWith", "contains"] as const;
  const word = fc
    .array(fc.constantFrom("a", "b", "A", "é"), { maxLength: 4 })
    .map((c) => c.join(""));
  const lower = (text: string) => text.replace(/[A-Z]/g, (c) => c.toLowerCase());

  it("give exactly the answer that enumeration gives, and so do literal programs", () => {
    const all = tails(5, ["a", "b", "A", "é"]);
    fc.assert(
      fc.property(fc.constantFrom(...names), word, word, fc.boolean(), (name, v, l, nocase) => {
        const [relation, reference] = relations[name];
        const test = (full: string) =>
          nocase ? reference(lower(full), lower(l)) : reference(full, l);
        expect(relation(v, l, nocase)).toBe(test(v));
        const matching = all.filter((tail) => test(v + tail)).length;
        const expected = matching === all.length ? true : matching === 0 ? false : undefined;
        expect(relation(new CutText(v), l, nocase)).toBe(expected);
        const compiled = compileLiteral(name, l, { nocase });
        expect(compiled.ok).toBe(true);
        const { program } = compiled as { program: TextProgram };
        expect(matchText(program, v)).toBe(test(v));
        expect(matchText(program, new CutText(v))).toBe(expected);
      }),
      { numRuns: RUNS },
    );
  });

  it("follow the table of the header comment", () => {
    const abc = new CutText("abc");
    expect([textEquals(abc, "abd"), textEquals(abc, "abcd"), textEquals(abc, "ab")]).toEqual([
      false,
      undefined,
      false,
    ]);
    expect(textEquals(abc, "abc")).toBe(undefined);
    expect([
      textStartsWith(abc, "ab"),
      textStartsWith(abc, "abcd"),
      textStartsWith(abc, "b"),
    ]).toEqual([true, undefined, false]);
    expect([textContains(abc, "bc"), textContains(abc, "cd"), textContains(abc, "")]).toEqual([
      true,
      undefined,
      true,
    ]);
    expect([textEndsWith(abc, "bc"), textEndsWith(abc, "")]).toEqual([undefined, true]);
  });

  it("fold ASCII letters and nothing else", () => {
    expect(textEquals("NGINX[1]", "nginx[1]", true)).toBe(true);
    expect(textEquals("É", "é", true)).toBe(false);
    expect(textEquals("@", "`", true)).toBe(false);
    expect(textContains("xK", "\u212a", true)).toBe(false);
    expect(textEndsWith("a.LOG", ".log", true)).toBe(true);
    expect(textStartsWith("", "a", true)).toBe(false);
  });
});
