/**
 * Falco's filters, each with whether it is well formed, whether it type-checks, or what it answers
 * on an event. As a condition of a Tapio rule each must be accepted or refused alike, and answer
 * the same. Fields, macros and values become what falco-filter.ts says.
 */
import { describe, expect, it } from "vitest";
import { compile } from "#compiler";
import type { Value } from "#core";
import type { Diagnostic } from "#grammar";
import { skipReason } from "../harness/skip.ts";
import { exclude, isUsualFolder, missingReason, readRecords, Tally } from "./corpus.ts";
import { runBoth, source } from "./execution.ts";
import { fieldName, type TapioFilter, tapioFilter } from "./falco-filter.ts";
import { declaredTypes, type FieldType } from "./falco-value.ts";

interface FilterCase {
  readonly id: string;
  readonly kind: "parse" | "compile" | "evaluate";
  readonly filter: string;
  readonly expect: "ok" | "error" | boolean;
  readonly event?: Readonly<Record<string, Value>>;
}

const file = "falco-filter-cases/cases.ndjson";
const floor = { checked: 388, excluded: 7 };

/** What a list holds whose items are compared with a field. */
const itemTypes: Readonly<Partial<Record<FieldType, string>>> = { int: "int", u32: "int" };

/** The fields the suite's own mock knows. */
const mockEvent = {
  "c.true": 1,
  "c.false": 0,
  "c.singlequote": "hello 'quoted'",
  "c.doublequote": 'hello "quoted"',
};

describe.skipIf(skipReason("Falco filters", missingReason(file)))("Falco filters", () => {
  const tally = new Tally("falco-filter-cases");
  const records = readRecords<FilterCase>(file);
  it.each(records.map((c) => [`${c.id} ${c.filter}`, c] as const))("%s", (_, record) => {
    tally.run(record.id, () => checkCase(record));
  });
  it("enough cases are checked", () => {
    console.log(tally.table());
    if (isUsualFolder) tally.expectFloor(floor);
  });
});

function checkCase(record: FilterCase): void {
  const filter = tapioFilter(record.filter);
  const text = ruleText(filter);
  if (record.kind === "evaluate") {
    if (record.filter.includes("b64(")) exclude("base 64");
    expect(answerOf(filter, text, record.event ?? mockEvent), text).toBe(record.expect);
    return;
  }
  const errors = errorsOf(text);
  if (errors[0] && errors.every((d) => d.code === "TAP6001"))
    exclude("a form that is not compiled");
  const said = errors.map((d) => `${d.code} ${d.message}`).join("\n");
  expect(errors.length === 0 ? "ok" : "error", `${text}\n${said}`).toBe(record.expect);
}

function errorsOf(text: string): readonly Diagnostic[] {
  const { diagnostics } = compile([{ file: "falco.tapio", text }], { std: [], version: "test" });
  return diagnostics.filter((d) => d.severity === "error");
}

function ruleText({ condition, fields, macros, lists }: TapioFilter): string {
  const declared = [...fields].map(([name, type]) => `${name}: ${declaredTypes[type]}`);
  const lets = [...macros].map((name) => `  let m_${name} = e.one == 1\n`);
  return [
    `module corpus.falco\n${source}`,
    ...[...lists].map(([name, type]) => `list l_${name}: ${itemTypes[type] ?? "string(64)"} = []`),
    `event falco.event from corpus { one: int ${declared.join(" ")} }`,
    `rule r {\n${lets.join("")}  match e: falco.event where ${condition}\n}\n`,
  ].join("\n");
}

function answerOf({ fields }: TapioFilter, text: string, event: FilterCase["event"] = {}): boolean {
  const values = new Map(Object.entries(event).map(([name, v]) => [fieldName(name), v]));
  const lacking = [...fields.keys()].filter((name) => !values.has(name));
  if (lacking.length > 0) exclude("a field the event does not have");
  // The suite counts a filter that cannot be read as one that does not hold.
  if (errorsOf(text).some((d) => d.code.startsWith("TAP1"))) return false;
  const sent = { kind: "falco.event", atUs: 0, fields: { one: 1, ...Object.fromEntries(values) } };
  return runBoth(text, [sent], 1).length === 1;
}
