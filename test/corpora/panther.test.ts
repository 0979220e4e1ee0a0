/**
 * Panther's correlation rules with their own tests: when each part matched and for whom, and
 * whether the whole must be found.
 */
import { describe, expect, it } from "vitest";
import { skipReason } from "../harness/skip.ts";
import { isUsualFolder, missingReason, readFolder, Tally } from "./corpus.ts";
import { runBoth } from "./execution.ts";
import { type Detection, pantherEvents, pantherRules, readDetection } from "./panther-rule.ts";
import { at, itemsOf, readYaml, type Yaml } from "./yaml.ts";

const folder = "panther/correlation_rules";
const floor = { checked: 48, excluded: 0 };

describe.skipIf(skipReason("Panther rules", missingReason(folder)))("Panther correlation", () => {
  const tally = new Tally("panther");
  const cases = readFolder(folder, ".yml").flatMap(({ name, text }) => {
    const [rule] = readYaml(text);
    return itemsOf(at(rule, "Tests")).map(
      (test, i) => [`${name} ${i} ${String(at(test, "Name"))}`, rule, test] as const,
    );
  });
  it.each(cases)("%s", (id, rule, test) => {
    tally.run(id, () => checkCase(rule, test));
  });
  it("enough cases are checked", () => {
    console.log(tally.table());
    if (isUsualFolder) tally.expectFloor(floor);
  });
});

function checkCase(rule: Yaml | undefined, test: Yaml): void {
  const detection = readDetection(rule);
  const texts = pantherRules(detection);
  const sent = pantherEvents(test, detection);
  for (const text of texts) {
    const found = runBoth(text, sent, endUs(detection, sent.at(-1)?.atUs ?? 0));
    expect(found.length > 0, text).toBe(at(test, "ExpectedResult"));
  }
}

/** Long enough for every deadline and for the end of every window. */
function endUs({ lookbackMin }: Detection, lastUs: number): number {
  return lastUs + 2 * lookbackMin * 60_000_000 + 1;
}
