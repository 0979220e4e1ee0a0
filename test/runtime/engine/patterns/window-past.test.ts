/** The past of a key: windows as they were at the ends of panes, and what fades (LANGUAGE C.4). */
import { expect, test } from "vitest";
import { tell } from "../../core/ir/by-hand.ts";
import { over } from "./windows-by-hand.ts";

/** What is told of each finding, which the interpreter tells, too. */
function summaries(rule: string, lines: readonly string[]): string[] {
  return tell(rule, lines).judgement.findings.map((f) => f.finding.summary);
}

/** Told at the first event of 90 or more; the panes that ended before are its past. */
const before = (what: string, shape = "sliding 10s resolution 10s") =>
  over(shape, "count(e.x >= 90) >= 1", "", `{baseline(${what}, half_life: 10s)}`);

test("a window of the past has its own newest event", () => {
  const rule = before("count() + e.x");
  expect(summaries(rule, ["a 1 x=5", "a 4 x=7", "a 11 x=90"])).toEqual(["9"]);
  // The end of the pane belongs to it.
  expect(summaries(rule, ["a 1 x=5", "a 10 x=8", "a 11 x=90"])).toEqual(["10"]);
  // (0, 10] does not hold the one at 0; what it lacks is not learned from.
  expect(summaries(rule, ["a 0 x=5", "a 11 x=90"])).toEqual(["6"]);
  expect(summaries(rule, ["a 4 x=5", "a 35 x=90"])).toEqual(["6"]);
});

test("a window of the past has lasted from its own first event on", () => {
  const rule = before("count() * duration()");
  expect(summaries(rule, ["a 1", "a 6", "a 11 x=90"])).toEqual(["10s"]);
});

test("of values themselves each pane has its own, also while nothing comes", () => {
  const text = "{baseline(1000 * p50(e.x), half_life: 10s)}";
  const rule = over("sliding 10s resolution 2s", "count() >= 3", "", text);
  // 4 at the ends from 2 to 10, 8 alone at 12, and nothing from then on.
  expect(summaries(rule, ["a 1 x=4", "a 3 x=8", "a 25", "a 26", "a 27"])).toEqual(["4517"]);
  expect(summaries(rule, ["a 1 x=4", "a 3 x=4", "a 25", "a 26", "a 27"])).toEqual(["4000"]);
});

test("values fade while nothing comes, also those that are as before for a moment", () => {
  const rule = (what: string) =>
    over("sliding 1s resolution 1s", "count(e.x >= 90) >= 1", "", `{${what}}`);
  // 3 and −3: the mean is that of the silence which follows, the variance is not.
  const spread = rule("zscore(sum(e.x), half_life: 1s)");
  expect(summaries(spread, ["a 0.5 x=3", "a 1.5 x=-3", "a 10.5 x=90"])).toEqual(["480"]);
  // 2, 0 and 1: in the silence which follows the variance stays for one pane, the mean does not.
  const mean = rule("baseline(1000 * sum(e.x), half_life: 1s)");
  expect(summaries(mean, ["a 0.5 x=2", "a 1.5 x=0", "a 2.5 x=1", "a 10.5 x=90"])).toEqual(["7"]);
});
