/** All-of where clocks do not say the order: what one placement of all its events allows. */
import { describe, expect, test } from "vitest";
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
