/** The core form of representative rules, one `.ir` beside each source in `fixtures/ir`. */
import { expect, test } from "vitest";
import { printRule } from "#core";
import { compileFixture, fixturesIn, matchBeside, strayBeside } from "./fixtures.ts";

const fixtures = fixturesIn("ir");

test.each(fixtures)("$name", ({ name, files }) => {
  const { diagnostics, unit } = compileFixture(files);
  expect(diagnostics.map((d) => `${d.code} ${d.message}`)).toEqual([]);
  const kinds = unit.schema.kinds.map((k) => k.name);
  const params = unit.params.map((p) => {
    const range = p.min === undefined ? "" : ` range ${p.min} .. ${p.max}`;
    return `param ${p.name}: ${p.unit} = ${p.value}${range}\n`;
  });
  const rules = unit.rules.map((r) => printRule(r, kinds));
  matchBeside("ir", `${name}.ir`, [params.join(""), ...rules].filter((p) => p !== "").join("\n"));
});

test("every print beside a fixture belongs to one", () => {
  expect(
    strayBeside(
      "ir",
      ".ir",
      fixtures.map((f) => f.name),
    ),
  ).toEqual([]);
});
