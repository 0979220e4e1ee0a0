/** The two fixes of an unguarded optional value (TAP2101) do what their titles say. */
import { expect, test } from "vitest";
import { findingsOf } from "./both-ways.ts";
import { compileFixture } from "./fixtures.ts";

const lets = 'let is_a(s: string) -> bool = s == "a"\nlet not_a(s: string) -> bool = s != "a"\n';
const rule = (where: string) => `${lets}rule r { match p: t.a where ${where} }`;

/** The condition after each of the two fixes. */
function fixed(where: string): string[] {
  const text = `module a\nimport fixture.schema\n${rule(where)}\n`;
  const { diagnostics } = compileFixture([{ file: "r.tapio", text }]);
  expect(diagnostics.map((d) => d.code)).toEqual(["TAP2101"]);
  return (diagnostics[0]?.fixes ?? []).map((fix) => {
    const [edit] = fix.edits;
    const after = text.slice(0, edit?.at.start) + edit?.newText + text.slice(edit?.at.end);
    expect(compileFixture([{ file: "r.tapio", text: after }]).diagnostics).toEqual([]);
    return after.slice(after.indexOf("where ") + 6, after.lastIndexOf(" }"));
  });
}

test.each([
  'p.s != "a"',
  'not (p.s == "a")',
  'not p.s == "a"',
  'p.s not in ["a"]',
  'not (p.s in ["a"])',
  'p.s not contains "a"',
  'not (p.s startswith "a" or p.id == "q")',
  'not (not (p.s not matches re"a"))',
  'p.s + "b" != "ab"',
  "p.x + len(p.s) != 2",
  "not_a(p.s)",
  "not is_a(p.s)",
  'not (p.id == "q" or is_a(p.s))',
])("%s", (where) => {
  const [without, withMissing] = fixed(where);
  const count = (condition: string | undefined, s: string | undefined) =>
    findingsOf(rule(condition ?? ""), [["a", s]]).length;
  expect([count(without, "z9"), count(without, "a")]).toEqual([count(where, "z9"), 0]);
  expect([count(withMissing, "z9"), count(withMissing, "a")]).toEqual([count(where, "z9"), 0]);
  expect(count(where, "z9")).toBe(1);
  expect([count(without, undefined), count(withMissing, undefined)]).toEqual([0, 1]);
});
