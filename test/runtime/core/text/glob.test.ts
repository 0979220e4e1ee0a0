/** Globs describe whole paths. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileGlob, matchText } from "../../../../runtime/core/text/index.ts";
import { LAW_RUNS } from "./trees.ts";

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

  it("agree with a matcher that tries everything", () => {
    fc.assert(
      fc.property(globAndText, ([tree, text]) => {
        const glob = tree.map(printPiece).join("");
        const characters = [...text];
        const expected = endsOf(tree, characters, [0]).includes(characters.length);
        expect(like(glob, text), JSON.stringify({ glob, text })).toBe(expected);
      }),
      { numRuns: LAW_RUNS },
    );
  });
});

/** A piece of a glob; a list of pieces is a glob. */
type Piece =
  | { readonly t: "text"; readonly text: string }
  | { readonly t: "run"; readonly print: "*" | "**" }
  | { readonly t: "one"; readonly print: string; readonly fits: (c: string) => boolean }
  | { readonly t: "alternatives"; readonly options: readonly (readonly Piece[])[] };

const ONE: readonly (readonly [string, (c: string) => boolean])[] = [
  ["?", () => true],
  ["[ab]", (c) => c === "a" || c === "b"],
  ["[!a]", (c) => c !== "a"],
  ["[.-9]", (c) => c === "." || c === "1"],
  ["[é😀]", (c) => c === "é" || c === "😀"],
];
const LETTERS = ["a", "b", "/", ".", "1", "é", "😀", ",", "{"] as const;

const { tree: globTree } = fc.letrec<{ tree: Piece[] }>((tie) => ({
  tree: fc.array(
    fc.oneof(
      { maxDepth: 2 },
      fc.constantFrom(...LETTERS).map((text): Piece => ({ t: "text", text })),
      fc.constantFrom("*" as const, "**" as const).map((print): Piece => ({ t: "run", print })),
      fc.constantFrom(...ONE).map(([print, fits]): Piece => ({ t: "one", print, fits })),
      fc
        .array(tie("tree"), { minLength: 1, maxLength: 3 })
        .map((options): Piece => ({ t: "alternatives", options })),
    ),
    { maxLength: 5 },
  ),
}));

const globAndText = globTree.chain((tree) => fc.tuple(fc.constant(tree), nearby(tree)));

/** Stars side by side would read as other stars; an empty pair of braces keeps them apart. */
function printPiece(piece: Piece): string {
  switch (piece.t) {
    case "text":
      return piece.text.replace(/[,{]/, "\\$&");
    case "run":
      return `{}${piece.print}`;
    case "one":
      return piece.print;
    case "alternatives":
      return `{${piece.options.map((o) => o.map(printPiece).join("")).join(",")}}`;
  }
}

/** Everywhere a match of the pieces can end that starts at one of `starts`. */
function endsOf(
  pieces: readonly Piece[],
  text: readonly string[],
  starts: readonly number[],
): readonly number[] {
  return pieces.reduce<readonly number[]>((places, piece) => {
    const ends = places.flatMap((at) => endsOfPiece(piece, text, at));
    return [...new Set(ends)];
  }, starts);
}

function endsOfPiece(piece: Piece, text: readonly string[], at: number): readonly number[] {
  const next = text[at];
  switch (piece.t) {
    case "text":
      return next === piece.text ? [at + 1] : [];
    case "one":
      return next !== undefined && next !== "/" && piece.fits(next) ? [at + 1] : [];
    case "alternatives":
      return piece.options.flatMap((option) => endsOf(option, text, [at]));
    case "run": {
      const ends = [at];
      for (let end = at; end < text.length; end++) {
        if (piece.print === "*" && text[end] === "/") break;
        ends.push(end + 1);
      }
      return ends;
    }
  }
}

/** Texts the glob describes but for an occasional change. */
function nearby(pieces: readonly Piece[]): fc.Arbitrary<string> {
  const letter = fc.constantFrom(...LETTERS);
  const word = fc.array(letter, { maxLength: 2 }).map((cs) => cs.join(""));
  const parts = pieces.map((piece): fc.Arbitrary<string> => {
    if (piece.t === "text")
      return fc.oneof({ weight: 9, arbitrary: fc.constant(piece.text) }, word);
    if (piece.t === "run") return word;
    if (piece.t === "one") return fc.constantFrom(...LETTERS.filter((c) => piece.fits(c)));
    return fc.oneof(...piece.options.map(nearby));
  });
  return fc.tuple(...parts).map((texts) => texts.join(""));
}
