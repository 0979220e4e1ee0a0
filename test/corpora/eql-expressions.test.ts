/**
 * What EQL's authors expect of an expression. Every constant in it becomes a field of an event, so
 * that the value is found when the event comes and not while the rule is compiled; then it is
 * written once more with its constants. Of the three rules *it is so*, *it is not so*, *it is
 * missing*, the right one must fire alone.
 */
import { describe, expect, it } from "vitest";
import { skipReason } from "../harness/skip.ts";
import { exclude, type Floor, isUsualFolder, missingReason, readRecords, Tally } from "./corpus.ts";
import { ConditionWriter, quoted } from "./eql-condition.ts";
import { fieldTexts } from "./eql-fields.ts";
import { type Node, parseExpression } from "./eql-query.ts";
import { runBoth, source } from "./execution.ts";

interface ExpressionCase {
  readonly id: string;
  readonly suite: string;
  readonly expression: string;
  /** Left out where EQL has null. */
  readonly expected?: string | number | boolean | null;
}

const files = ["test_folding", "test_string_functions"].map((name) => ({
  name,
  file: `eql-endgame/${name}.ndjson`,
}));
const floors: Readonly<Record<string, Floor>> = {
  test_folding: { checked: 44, excluded: 0 },
  test_string_functions: { checked: 40, excluded: 0 },
};

describe.each(files)("EQL's $name", ({ name, file }) => {
  describe.skipIf(skipReason("EQL expressions", missingReason(file)))("expressions", () => {
    const tally = new Tally(`eql-endgame ${name}`);
    const records = readRecords<ExpressionCase>(file);
    it.each(records.map((c) => [`${c.id} ${c.expression}`, c] as const))("%s", (_, record) => {
      tally.run(record.id, () => checkCase(record));
    });
    it("enough cases are checked", () => {
      console.log(tally.table());
      const floor = floors[name];
      if (isUsualFolder && floor) tally.expectFloor(floor);
    });
  });
});

function checkCase(record: ExpressionCase): void {
  const e = parseExpression(record.expression);
  const isCaseSensitive = /case_sensitive/.test(record.id);
  for (const hasConstantsInEvents of [true, false]) {
    const writer = new ConditionWriter(new Map(), { isCaseSensitive, hasConstantsInEvents });
    const [is_so, is_not_so, is_missing] = testsOf(writer, e, record.expected ?? null);
    const declared = fieldTexts(writer.added);
    const rules = { is_so, is_not_so, is_missing };
    const texts = Object.entries(rules).map(([n, w]) => `rule ${n} { match e: t.e where ${w} }`);
    const schema = `module corpus.eql\n${source}\nevent t.e from corpus { one: int ${declared} }`;
    const text = `${schema}\n${texts.join("\n")}\n`;
    const fields = { one: 1, ...Object.fromEntries(writer.constants) };
    const found = runBoth(text, [{ kind: "t.e", atUs: 0, fields }], 1);
    const expected = (record.expected ?? null) === null ? "is_missing" : "is_so";
    expect(
      found.map((f) => f.rule),
      text,
    ).toEqual([expected]);
  }
}

/** That it is what is expected, that it is something else, that it is missing. */
function testsOf(
  writer: ConditionWriter,
  e: Node,
  expected: string | number | boolean | null,
): readonly [string, string, string] {
  const { text, type } = writer.write(e, "e");
  if (type === "null") exclude("nothing but null");
  if (typeof expected === "boolean") {
    const condition = writer.condition(e, "e");
    const so = expected ? condition : `not (${condition})`;
    return [so, `not (${so})`, `(${condition}) is missing`];
  }
  const value = typeof expected === "string" ? quoted(expected) : String(expected ?? 0);
  // Whether there is something is all there is to ask.
  if (expected === null) return ["false", `(${text}) is not missing`, `(${text}) is missing`];
  if ((typeof expected === "string") !== (type === "string"))
    exclude("a value of another type than EQL's");
  return [`${text} == ${value}`, `${text} != ${value}`, `(${text}) is missing`];
}
