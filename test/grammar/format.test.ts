/** Laws of the formatter: same meaning, same tokens, same comments, and nothing left to do. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { format, leavesOf, triviaOf } from "#grammar";
import { brokenSources, FUZZ_RUNS, outcomeOf, shapeOf, validSources } from "./harness.ts";

function commentsOf(text: string): string[] {
  const comments: string[] = [];
  for (const leaf of leavesOf(outcomeOf(text).tree.root)) {
    for (const { kind, start, end } of triviaOf(text, leaf.fullStart, leaf.startOffset)) {
      if (kind !== "blank") comments.push(text.slice(start, end).replace(/\s+/g, " ").trimEnd());
    }
  }
  return comments;
}

function checkFormat(text: string): string {
  const formatted = format(text, "test.tapio");
  expect(formatted.diagnostics).toEqual([]);
  const before = outcomeOf(text);
  const after = outcomeOf(formatted.text);
  expect(after.diagnostics).toEqual([]);
  expect(shapeOf(after.ast)).toEqual(shapeOf(before.ast));
  expect(commentsOf(formatted.text)).toEqual(commentsOf(text));
  expect(format(formatted.text, "test.tapio").text).toBe(formatted.text);
  expect(formatted.text).not.toMatch(/[ \t]$/m);
  expect(formatted.text).not.toMatch(/\n\n\n|^\n|\n\n$/);
  return formatted.text;
}

/** A valid file whose gaps between tokens are filled anew. */
const respaced = fc
  .tuple(
    fc.constantFrom(...validSources),
    fc.infiniteStream(
      fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom(" ", " ", "  ", "\t") },
        { weight: 3, arbitrary: fc.constantFrom("\n", "\n\n", "\n\n\n  ", "\r\n") },
        {
          weight: 1,
          arbitrary: fc.constantFrom(
            " // line\n",
            "\n// own\n",
            "\n/// doc\n",
            " /* in */ ",
            "\n/* a\n   b  \n*/\n",
            " /* x */ // y\n",
            "\n\n// one\n\n// two\n\n",
          ),
        },
      ),
    ),
  )
  .map(([{ text }, gaps]) => {
    const images = [...leavesOf(outcomeOf(text).tree.root)].map((leaf) => leaf.image);
    // A reserved word after a dot stays on the dot's line (see `fieldName` in the parser).
    return images.map((image) => (image === "." ? ". " : `${image}${gaps.next().value}`)).join("");
  });

describe("format", () => {
  it.each(validSources)("$name keeps its meaning and needs no second pass", ({ text }) => {
    const formatted = checkFormat(text);
    for (const line of formatted.split("\n")) {
      // What is longer than the page is one piece that cannot be broken.
      if (line.length > 100) expect(line).toMatch(/"/);
    }
  });

  it(`${FUZZ_RUNS} times valid files with other gaps`, () => {
    fc.assert(
      fc.property(respaced, (text) => {
        checkFormat(text);
      }),
      { numRuns: Math.ceil(FUZZ_RUNS / 4) },
    );
  }, 3_600_000);

  it.each(brokenSources)("leaves $name alone and says why", ({ text }) => {
    const formatted = format(text, "test.tapio");
    expect(formatted.text).toBe(text);
    expect(formatted.diagnostics.length).toBeGreaterThan(0);
  });

  it("puts the clauses of a rule on lines of their own", () => {
    const text = "module a\nrule r version 1 {severity info match s:k.a where s.x==1 suppress 5m}";
    expect(checkFormat(text)).toBe(
      "module a\nrule r version 1 {\n  severity info\n  match s: k.a where s.x == 1\n  suppress 5m\n}\n",
    );
  });

  it("keeps a short block on its line, and breaks one that was broken or does not fit", () => {
    const kept = "module a\nevent x.y from k { a: int b: string(5)? }\n";
    expect(checkFormat(kept)).toBe(kept);
    const broken = "module a\nevent x.y from k { a: int\nb: int }\n";
    expect(checkFormat(broken)).toBe("module a\nevent x.y from k {\n  a: int\n  b: int\n}\n");
    const long = `module a\nevent x.y from k { ${"field_name: string(100) ".repeat(5)}}\n`;
    expect(checkFormat(long).split("\n")).toHaveLength(9);
  });

  it("breaks the outer structure before the inner one", () => {
    const condition = "s.first_field == 11111111 and s.second_field == 2222222";
    const text = `module a\nrule r version 1 {\n  match s: k.a where ${condition} or ${condition}\n}\n`;
    expect(checkFormat(text).split("\n").slice(2, -2)).toEqual([
      "  match s: k.a",
      `    where ${condition}`,
      `      or ${condition}`,
    ]);
  });

  it("puts the items of `set` under the line with its brace", () => {
    const where = "e.message contains first_marker and e.message contains second_marker";
    const derive = `derive log.some_event from e: journal.entry where ${where} set { a: e.b c: e.d }`;
    const expected = [
      "derive log.some_event",
      "  from e: journal.entry",
      `  where ${where}`,
      "  set {",
      "    a: e.b",
      "    c: e.d",
      "  }",
    ];
    const broken = derive.replace("{ a", "{\na");
    expect(checkFormat(`module a\n${broken}\n`).split("\n").slice(1, -1)).toEqual(expected);
    const soft = derive.replace("set {", `set { long_name: ${"x".repeat(60)}`);
    expect(checkFormat(`module a\n${soft}\n`).split("\n").slice(4, 6)).toEqual([
      "  set {",
      `    long_name: ${"x".repeat(60)}`,
    ]);
    const short = "derive log.x from e: journal.entry set {\n  a: e.b\n}\n";
    expect(checkFormat(`module a\n${short}`)).toBe(`module a\n${short}`);
  });

  it("keeps comments where they are", () => {
    const text = [
      "// top",
      "",
      "",
      "module a // name",
      "/// doc",
      "rule r version 1 { // open",
      "      // own",
      "  severity info /* in */ match s: k.a",
      "",
      "  // last",
      "}",
      "// end",
    ].join("\n");
    expect(checkFormat(text)).toBe(
      [
        "// top",
        "",
        "module a // name",
        "/// doc",
        "rule r version 1 { // open",
        "  // own",
        "  severity info",
        "  /* in */ match s: k.a",
        "",
        "  // last",
        "}",
        "// end",
        "",
      ].join("\n"),
    );
  });
});
