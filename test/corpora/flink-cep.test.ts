import { describe, expect, it } from "vitest";
import { skipReason } from "../harness/skip.ts";
import { isUsualFolder, missingReason, readRecords, Tally } from "./corpus.ts";
import { runBoth } from "./execution.ts";
import { everyMatch, expectedReports, skippedMatches } from "./flink-expected.ts";
import { withExactGroups } from "./flink-groups.ts";
import { type FlinkCase, flatten } from "./flink-pattern.ts";
import { ruleText, sentEvents, skipText } from "./flink-rule.ts";

const file = "flink-cep/cases.ndjson";
const floor = { checked: 62, excluded: 4 };

describe.skipIf(skipReason("Flink CEP cases", missingReason(file)))("Flink CEP", () => {
  const tally = new Tally("flink-cep");
  it.each(readRecords<FlinkCase>(file).map((c) => [c.id, c] as const))("%s", (id, record) => {
    tally.run(id, () => withExactGroups(record).forEach(checkCase));
  });
  it("enough cases are checked", () => {
    console.log(tally.table());
    if (isUsualFolder) tally.expectFloor(floor);
  });
});

function checkCase(record: FlinkCase): void {
  const pattern = flatten(record);
  const { reports, endsOnly } = expectedReports(record, pattern);
  const text = ruleText(pattern);
  const shown = (all: readonly (readonly number[])[]) =>
    all.map((m) => (endsOnly ? m.slice(-1) : m).map((p) => record.events[p]?.ref).join(" "));
  expect(shown(foundIn(record, text)), text).toEqual(shown(reports));
  const every = everyMatch(record, pattern);
  if (every) {
    const all = ruleText(pattern, "select each skip none");
    expect(shown(foundIn(record, all)).sort(), all).toEqual(shown(every).sort());
  }
  const skipped = skippedMatches(record, pattern);
  const policies = skipText(pattern);
  if (skipped && policies) {
    const skipping = ruleText(pattern, policies);
    expect(foundIn(record, skipping), skipping).toEqual(skipped);
  }
}

/** The events of each finding, by their place in the record. */
function foundIn(record: FlinkCase, text: string): number[][] {
  const isTimed = /within \d+us|for \d+us/.test(text);
  const sent = sentEvents(record.events, isTimed);
  const found = runBoth(text, sent, (sent.at(-1)?.atUs ?? 0) + 1);
  return found.map((f) => [...f.steps.values()].flat());
}
