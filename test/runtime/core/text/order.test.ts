/** The order of texts is that of their bytes; of cut texts only what every full text agrees on. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CutText } from "../../../../runtime/core/schema.ts";
import { type TextOrder, textsInOrder } from "../../../../runtime/core/text/index.ts";
import { FUZZ_RUNS } from "./trees.ts";

const numRuns = Math.ceil(FUZZ_RUNS / 2);
const operators = ["<", "<=", ">", ">="] as const;
const utf8 = new TextEncoder();

/** The definition: bytes, one after the other. */
function byBytes(op: TextOrder, a: string, b: string): boolean {
  const order = Buffer.compare(utf8.encode(a), utf8.encode(b));
  if (op === "<") return order < 0;
  if (op === "<=") return order <= 0;
  return op === ">" ? order > 0 : order >= 0;
}

/** Characters of every length in UTF-8, at the edges of surrogates in UTF-16. */
const characters = ["\0", "A", "a", "b", "é", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "😀"];
const text = fc.array(fc.constantFrom(...characters), { maxLength: 4 }).map((c) => c.join(""));

describe("the order of texts", () => {
  it("is that of their bytes in UTF-8", () => {
    fc.assert(
      fc.property(fc.constantFrom(...operators), text, text, (op, a, b) => {
        expect(textsInOrder(op, a, b)).toBe(byBytes(op, a, b));
      }),
      { numRuns },
    );
  });

  it("of cut texts is known where all full texts agree", () => {
    // The least text behind a prefix is the prefix; no text of these is greater than the last.
    const tails = ["", "\0", "a", "b", "é", "\ue000", "\u{10ffff}".repeat(5)];
    fc.assert(
      fc.property(fc.constantFrom(...operators), text, text, fc.nat(2), (op, a, b, which) => {
        const fullOf = (x: string, isCut: boolean) => (isCut ? tails.map((t) => x + t) : [x]);
        const [isCutA, isCutB] = [which !== 1, which !== 0];
        const answers = fullOf(a, isCutA).flatMap((x) =>
          fullOf(b, isCutB).map((y) => byBytes(op, x, y)),
        );
        const expected = answers.every((x) => x) || (answers.some((x) => x) ? undefined : false);
        const known = (x: string, isCut: boolean) => (isCut ? new CutText(x) : x);
        expect(textsInOrder(op, known(a, isCutA), known(b, isCutB))).toBe(expected);
      }),
      { numRuns },
    );
  });

  it("follows the table of the header comment", () => {
    const answers = (l: string) => operators.map((op) => textsInOrder(op, new CutText("abc"), l));
    expect(answers("ab")).toEqual([false, false, true, true]);
    expect(answers("abc")).toEqual([false, undefined, undefined, true]);
    expect(answers("abcd")).toEqual([undefined, undefined, undefined, undefined]);
    expect(answers("abd")).toEqual([true, true, false, false]);
  });
});
