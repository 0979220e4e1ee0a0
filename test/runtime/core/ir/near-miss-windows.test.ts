/** Near misses of windows by hand: the most there ever was, and what was kept out (C.11). */
import { describe, expect, test } from "vitest";
import { stories } from "./miss-stories.ts";

const rule = (having: string, shape = "sliding 10s", where = "") =>
  `rule r { match over e: t.a ${where} ${shape} by k having ${having} }`;
const picky = (shape: string) => rule("count() >= 9", shape, "where e.x == 1");
const around = (from: number, to: number) => ({ around: [from, to] }) as const;
/** The candidates of the closest near miss. */
const met = (text: string, lines: readonly string[]) =>
  (stories(text, lines)[0] ?? "").split("; ").slice(1);

describe("the fullest moment", () => {
  test("smaller ones and equally full ones that come later are none", () => {
    expect(stories(rule("count() >= 3", "tumbling 10s"), ["a 1", "a 2", "a 15"])).toEqual([
      "@10 threshold 2 [a1,a2] waiting e held (count() >= 3)",
    ]);
    expect(stories(rule("count() >= 3", "tumbling 10s"), ["a 1", "a 2", "a 15", "a 16"])).toEqual([
      "@10 threshold 2 [a1,a2] waiting e held (count() >= 3)",
    ]);
  });

  test("of equally full ones the one with the fewest tests in the way", () => {
    const two = rule("count() >= 3 and max(e.x) > 5", "tumbling 10s");
    const near = "[a3,a4] waiting e held (count() >= 3)";
    expect(stories(two, ["a 1 x=1", "a 2 x=1", "a 11 x=9", "a 12 x=1"])).toEqual([
      `@20 threshold 2 ${near}`,
    ]);
    const first = ["a 1 x=9", "a 2 x=1", "a 11 x=1", "a 12 x=1"];
    expect(stories(two, first)).toEqual([`@10 threshold 2 ${near.replace("a3,a4", "a1,a2")}`]);
  });

  test("a smaller one is none, though fewer tests are in its way", () => {
    const two = rule("count() >= 3 and max(e.x) > 5", "tumbling 10s");
    expect(stories(two, ["a 1 x=1", "a 2 x=1", "a 15 x=9"])).toEqual([
      "@10 threshold 2 [a1,a2] waiting e held (count() >= 3) (max~(x) > 5)",
    ]);
  });

  test("a fuller one after many that are equally full", () => {
    const singles = Array.from({ length: 64 }, (_, i) => `a ${1 + i * 10}`);
    expect(stories(rule("count() >= 3", "tumbling 10s"), [...singles, "a 701", "a 702"])).toEqual([
      "@710 threshold 2 [a65,a66] waiting e held (count() >= 3)",
    ]);
  });

  test("a key that matched has none, whatever others did", () => {
    const lines = ["a 0", "a 1", "a 2", "a 50", "a 51 k=2"];
    expect(stories(rule("count() >= 3"), lines)).toEqual([
      "@51 threshold 1 [a5] waiting e held (count() >= 3)",
    ]);
  });
});

describe("what was kept out", () => {
  test("what fits in one sliding window with all it held", () => {
    const held = ["a 20 x=1", "a 22 x=1"];
    const out = ["a 12", "a 30"];
    const inside = ["a 12.000001", "a 29.999999"];
    expect(met(picky("sliding 10s"), [...held, ...out])).toEqual([]);
    expect(met(picky("sliding 10s"), [...held, ...inside])).toEqual([
      "e:a3 (x == 1)",
      "e:a4 (x == 1)",
    ]);
  });

  test("what would have been in one session with it", () => {
    const session = picky("session gap 5s max 1m");
    const held = ["a 20 x=1", "a 22 x=1"];
    expect(met(session, [...held, "a 15", "a 27"])).toEqual([]);
    expect(met(session, [...held, "a 15.000001", "a 26.999999"])).toEqual([
      "e:a3 (x == 1)",
      "e:a4 (x == 1)",
    ]);
  });

  test("what was in the same pane", () => {
    const pane = picky("tumbling 10s");
    expect(met(pane, ["a 22 x=1", "a 19.999999", "a 30"])).toEqual([]);
    expect(met(pane, ["a 22 x=1", "a 20", "a 29.999999"])).toEqual([
      "e:a2 (x == 1)",
      "e:a3 (x == 1)",
    ]);
  });

  test("the nearest three, of the window's kinds and the key", () => {
    const two = rule("count() >= 9", "sliding 10s", "where e.x == 1 and e.k > 0");
    const lines = ["a 0 k=-1 x=1", "a 1 k=-1", "a 2 k=-1 x=1", "b 3 k=-1", "a 4 k=-1"];
    const within = lines.map((line) => line.replace("k=-1", "k=1"));
    expect(stories(two, [...within, "a 5 k=2", "a 6 x=2", "a 7 x=3"])).toEqual([
      "@2 threshold 2 [a1,a3] waiting e held (count() >= 9); " +
        "e:a2 (x == 1); e:a4 (x == 1); e:a6 (x == 1)",
    ]);
  });

  test("and the next event, which came too late to be in one window with the first", () => {
    expect(stories(rule("count() >= 3"), ["a 0", "a 1", "a 10"])).toEqual([
      "@1 threshold 2 [a1,a2] waiting e held (count() >= 3); e:a3 +0.000001",
    ]);
    const where = rule("count() >= 3", "sliding 10s", "where e.x == 1");
    expect(met(where, ["a 0 x=1", "a 1 x=1", "a 1.5", "a 13 x=1"])).toEqual([
      "e:a4 +3.000001",
      "e:a3 (x == 1)",
    ]);
    expect(met(rule("count() >= 3", "tumbling 10s"), ["a 0", "a 1", "a 12"])).toEqual([]);
  });
});

describe("under a focus", () => {
  const count = (n: number) => rule(`count() >= ${n}`);
  const four = ["a 0", "a 1", "a 2", "a 3", "a 40"];

  test("the fullest moment then that was no match, both ends included", () => {
    expect(stories(count(4), four, around(0, 50))).toEqual([
      "@2 threshold 3 [a1,a2,a3] waiting e held (count() >= 4)",
    ]);
    expect(stories(count(4), four, around(0, 2))).toHaveLength(1);
    expect(stories(count(4), four, around(0, 1.999999))[0]).toMatch(/^@1 threshold 2 \[a1,a2\]/);
    expect(stories(count(4), four, around(40, 50))).toEqual([
      "@40 threshold 1 [a5] waiting e held (count() >= 4)",
    ]);
    expect(stories(count(4), four, around(40.000001, 50))).toEqual([]);
    expect(stories(count(4), four, around(30, 50))[0]).toMatch(/^@40 threshold 1/);
  });

  test("what came next, unless it was in one window with the first", () => {
    for (const next of ["a 2", "a 9.999999"]) {
      expect(stories(count(3), ["a 0", "a 1", next], around(0, 1))).toEqual([
        "@1 threshold 2 [a1,a2] waiting e held (count() >= 3)",
      ]);
    }
  });

  test("a session that is open, when all it holds came by then", () => {
    const session = rule("count() >= 2", "session gap 5s max 1m");
    const lines = ["a 1", "a 4"];
    const open = ["@9 open 2 [a1,a2] waiting e held"];
    expect(stories(session, lines, { until: 6, ...around(0, 4) })).toEqual(open);
    expect(stories(session, lines, { until: 9, ...around(0, 4) })).toEqual(open);
    expect(stories(session, lines, { until: 6, ...around(0, 3.999999) })).toEqual([]);
    const three = rule("count() >= 3", "session gap 5s max 1m");
    expect(stories(three, lines, { until: 20, ...around(0, 8.999999) })).toEqual([]);
    expect(stories(three, lines, { until: 20, ...around(0, 9) })).toEqual([
      "@9 threshold 2 [a1,a2] waiting e held (count() >= 3)",
    ]);
  });

  test("only of the keys that are asked for", () => {
    const lines = ["a 0", "a 1 k=2", "a 2 k=3"];
    expect(stories(count(4), lines, { ...around(0, 50), keys: ['["n2"]'] })).toEqual([
      "@1 threshold 1 [a2] waiting e held (count() >= 4)",
    ]);
  });

  test("what a key without any event was refused", () => {
    const where = picky("sliding 10s");
    expect(stories(where, ["a 1 x=2", "a 3 x=3"], around(0, 5))).toEqual([
      "@1 unmet 0 [] waiting e; e:a1 (x == 1)",
      "@3 unmet 0 [] waiting e; e:a2 (x == 1)",
    ]);
    expect(stories(where, ["a 1 x=2", "a 3 x=3"])).toEqual([]);
    expect(stories(where, ["a 1 x=2", "a 3 x=3"], around(1.000001, 2.999999))).toEqual([]);
    expect(stories(where, ["a 1 x=1", "a 50 x=2"], around(0, 60))).toEqual([
      "@1 threshold 1 [a1] waiting e held (count() >= 9)",
    ]);
    const keyed =
      "rule r { match over e: t.a where e.k == 2 sliding 10s by x having count() >= 2 }";
    expect(stories(keyed, ["a 1"], around(0, 5))).toEqual([]);
    expect(stories(keyed, ["a 1", "a 2 x=7"], { ...around(0, 5), keys: ['["n7"]'] })).toEqual([
      "@2 unmet 0 [] waiting e; e:a2 (k == 2)",
    ]);
  });

  test("an empty window is told of when it is asked for", () => {
    const lives = [["pod p1", 0, 100]] as const;
    const empty = "rule r { match over e: t.a tumbling 10s by same pod having count() >= 4 }";
    expect(stories(empty, [], { lives })).toEqual([]);
    expect(stories(empty, [], { lives, ...around(30, 35) })).toEqual([
      "@30 threshold 0 [-] waiting e held (count() >= 4)",
    ]);
  });
});
