/** Windows across a reload: how long an old version goes on, and what it still tells (C.8). */
import { describe, expect, test } from "vitest";
import { at } from "../../core/ir/by-hand.ts";
import { Fed, over } from "./windows-by-hand.ts";

/** The same with another text, and over other events. */
const next = (rule: string) =>
  rule.replace("t.a", "t.a where e.x > 0").replace("{count()}", "next");

describe("an old version", () => {
  /** Whether it is still there when everything before each of these times is known. */
  function lasts(rule: string, lines: readonly string[], at: number, times: readonly number[]) {
    const fed = new Fed(rule).tell(...lines).upTo(at);
    expect(fed.reload(next(rule))).toMatchObject([{ class: "drain" }]);
    return times.map((time) => fed.upTo(time).engine.draining.length > 0);
  }

  test.each([
    ["tumbling 10s", "", 22],
    ["sliding 10s", "", 22],
    ["session gap 4s max 6s", "", 22],
    ["session gap 4s max 6s", "emit close", 22],
  ])("goes when nothing that began before can be told any more: %s %s", (shape, policies, end) => {
    const rule = over(shape, "count() >= 1", policies);
    expect(lasts(rule, ["a 1"], 12, [end - 0.000001, end])).toEqual([true, false]);
  });

  test.each(["tumbling 10s", "sliding 10s"])("goes on while its condition is true: %s", (shape) => {
    const rule = over(shape, "count() >= 1", "emit close");
    const fed = new Fed(rule).tell("a 1", "a 9", "a 12").upTo(12.5);
    fed.reload(next(rule));
    fed.tell("a 20", "a 29").upTo(29.5);
    expect(fed.engine.draining).toHaveLength(1);
    fed.upTo(70);
    expect(fed.engine.draining).toEqual([]);
    expect(fed.told).toEqual([shape === "sliding 10s" ? "39: 5" : "40: 5"]);
  });

  test("does not wait for entities that are still up", () => {
    const rule = `rule r { match over e: t.a tumbling 10s by same pod having count() == 0
      explain { root e summary "{count()}" } }`;
    const fed = new Fed(rule).pod("p1", 0).tell("a 1").upTo(12);
    fed.reload(next(rule));
    expect(fed.upTo(30).engine.draining).toEqual([]);
  });

  test.each(["", "emit close"])("tells of no window that begins later, %s", (policies) => {
    const rule = over("tumbling 10s", "count() >= 2", policies);
    const findings = (cut: number) => {
      const fed = new Fed(rule).upTo(cut);
      fed.reload(next(rule));
      return fed.tell("a 11", "a 12").upTo(50).findings.length;
    };
    // A cut is behind what is known; what begins with it is the new version's.
    expect(findings(10.000001)).toBe(policies ? 2 : 1);
    expect(findings(10)).toBe(0);
  });

  test("tells the end of a run of panes that began before", () => {
    const rule = over("tumbling 10s", "count() >= 1", "emit close");
    for (const cut of [9, 15]) {
      const fed = new Fed(rule).tell("a 1").upTo(cut);
      fed.reload(next(rule));
      fed.tell("a 21", "a 31", "a 41").upTo(99);
      expect(fed.findings.map((f) => f.state)).toEqual(["open", "update"]);
      expect(fed.told).toEqual(["20: 1"]);
    }
  });
});

test("what is lost in any pane of a run leaves it in doubt, told before or after", () => {
  const rule = over("tumbling 10s", "count() >= 1", "emit close");
  const told = (lostAt: number, isLate: boolean) => {
    const fed = new Fed(rule);
    const lose = () => fed.engine.lost("fast", 1, at(lostAt), at(lostAt));
    if (!isLate) lose();
    fed.tell("a 1", "a 11").upTo(40);
    if (isLate) lose();
    return fed.told;
  };
  for (const isLate of [false, true]) {
    expect(told(5, isLate)).toEqual(["30: 2 in doubt"]);
    expect(told(15, isLate)).toEqual(["30: 2 in doubt"]);
    expect(told(-5, isLate)).toEqual(["30: 2"]);
  }
});

describe("a lower threshold of numbers", () => {
  const rule = (least: number) => over("sliding 10s", `sum(e.x) >= ${least}`, "", "{sum(e.x)}");

  test("is crossed by the next event, though it was reached before", () => {
    const fed = new Fed(rule(9)).tell("a 1 x=2", "a 2 x=2").upTo(3);
    expect(fed.reload(rule(3))).toMatchObject([{ class: "migrate" }]);
    expect(fed.tell("a 4 x=1", "a 5 x=1").upTo(9).told).toEqual(["4: 5"]);
  });

  test("is crossed by the next event also where another one is raised", () => {
    const both = (sum: number, max: number) =>
      over("sliding 10s", `sum(e.x) >= ${sum} and max(e.x) >= ${max}`, "", "{sum(e.x)}");
    const fed = new Fed(both(9, 1)).tell("a 1 x=2", "a 2 x=2").upTo(3);
    expect(fed.reload(both(3, 2))).toMatchObject([{ class: "migrate" }]);
    expect(fed.tell("a 4 x=1", "a 5 x=1").upTo(9).told).toEqual(["4: 5"]);
  });

  test("that was crossed is not crossed again", () => {
    const fed = new Fed(rule(4)).tell("a 1 x=2", "a 2 x=2").upTo(3);
    fed.reload(rule(3));
    expect(fed.tell("a 4 x=1").upTo(9).told).toEqual(["2: 4"]);
  });
});

test("matches that wait for their time are told after a restart", () => {
  const rule = over("session gap 5s max 20s", "count() >= 2");
  const fed = new Fed(rule).tell("a 1", "a 2").upTo(3).restart();
  expect(fed.upTo(8).told).toEqual(["7: 2"]);
  const closed = over("sliding 5s", "last(e.x) > 0", "emit close");
  const other = new Fed(closed).tell("a 1 x=1", "a 2 x=0", "a 2 k=2 x=1").upTo(2.000001).restart();
  expect(other.upTo(9).told).toEqual(["2: 1", "7: 1"]);
});
