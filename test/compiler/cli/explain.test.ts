/** What `explain` prints of one rule: all that it is made of, and nothing else. */
import { expect, test } from "vitest";
import { explainRules } from "../../../compiler/cli/explain.ts";
import { compileFixture } from "../fixtures.ts";

const source = `module a
import fixture.schema
derive t.large from e: t.a where e.x > 10 set { k: e.k }
derive t.huge from l: t.large where l.k > 5 set { k: l.k }
derive t.other from e: t.b set { k: e.k }
rule plain { match e: t.a }
rule deep { match h: t.huge }
rule ended { match e: t.a resolve on l: t.large }
`;

/** The names of the derived events in what is printed. */
function derives(rule: string | undefined): string[] {
  const result = compileFixture([{ file: "r.tapio", text: source }]);
  expect(result.diagnostics).toEqual([]);
  const text = explainRules(result, "lower", rule);
  return ["t.large", "t.huge", "t.other"].filter((name) => text.includes(`derive ${name}`));
}

test("a rule is shown with the derived events it reads, and with what these are made of", () => {
  expect(derives("plain")).toEqual([]);
  expect(derives("deep")).toEqual(["t.large", "t.huge"]);
  expect(derives("ended")).toEqual(["t.large"]);
});

test("all rules are shown with all derived events", () => {
  expect(derives(undefined)).toEqual(["t.large", "t.huge", "t.other"]);
});
