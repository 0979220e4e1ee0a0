/** The core form of representative rules, one `.ir` beside each source in `fixtures/ir`. */
import { expect, test } from "vitest";
import { type EventKind, type FieldType, printDerive, printRule } from "#core";
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
  const made = unit.schema.kinds.filter((k) => k.made).map(printKind);
  const derives = unit.derives.map((d) => printDerive(d, unit.schema));
  const rules = unit.rules.map((r) => printRule(r, kinds));
  const parts = [params.join(""), made.join(""), ...derives, ...rules];
  matchBeside("ir", `${name}.ir`, parts.filter((p) => p !== "").join("\n"));
});

/** A kind that the unit makes itself, on one line. */
function printKind(kind: EventKind): string {
  const fields = kind.fields.map(
    (f) => `${f.name}: ${printType(f.type)}${f.isOptional ? "?" : ""}`,
  );
  return `${kind.made} ${kind.name} of source ${kind.source} { ${fields.join(", ")} }\n`;
}

function printType(type: FieldType): string {
  if (type.t === "string") return `string(${type.maxBytes})`;
  return type.t === "enum" ? `enum(${type.members.length})` : type.t;
}

test("every print beside a fixture belongs to one", () => {
  expect(
    strayBeside(
      "ir",
      ".ir",
      fixtures.map((f) => f.name),
    ),
  ).toEqual([]);
});
