/** All-of where clocks do not say the order: what one placement of all its events allows. */
import { describe, expect, test } from "vitest";
import { compileCase, disagreement, interpreted } from "../../../harness/law-sequences.ts";
import { found } from "../../core/ir/by-hand.ts";

describe("the span of a match", () => {
  const rule = `rule r { match all of by k within 5s slack 20s {
    p: t.far
    q: t.away
    r: t.a } }`;

  test("may lie wherever the clocks allow it", () => {
    // Either may have been told 20 s late.
    expect(found(rule, ["far 0", "away 10", "a 12"])).toEqual(["r@12 p=far1 q=away1 r=a1"]);
    expect(found(rule, ["far 0", "away 10", "a 26"])).toEqual([]);
  });

  test("is what was recorded between two events of one clock", () => {
    expect(found(rule, ["a 5", "far 0", "away 10"])).toEqual([]);
    expect(found(rule, ["a 5", "far 5", "away 10"])).toEqual(["r@10 p=far1 q=away1 r=a1"]);
  });
});

test("of two events of one time a cancel on a coarser clock is not certainly the later one", () => {
  const rule = compileCase(`module law.rules
import law.schema
rule r {
  match all of by k within 2us { p: t.f q: t.c } until u: t.g
  explain { root p confidence 0.1 plus 0.1 when p is uncertain summary "" }
}`);
  const sent = (kind: string, t: number) => ({ kind, t, k: 0, x: 0, place: 0 });
  const events = [sent("c", 9), sent("g", 9), sent("f", 10)];
  const none = { progress: [], lost: undefined, silent: undefined, restart: undefined };
  expect(disagreement(rule, { events, ...none })).toBeUndefined();
  // The cancel may have come first, or in between.
  expect(interpreted(rule, { events, ...none }).map((f) => f.confidence)).toEqual([0.2]);
});
