/** Near misses of all-of patterns by hand: how many steps came together (LANGUAGE C.11). */
import { describe, expect, test } from "vitest";
import { stories } from "./miss-stories.ts";

const rule = (steps: string, head = "all of by k within 10s", policies = "") =>
  `rule r { match ${head} { ${steps} }\n${policies} }`;
const three = rule("p: t.a\nq: t.b\ns: t.c");
const around = (from: number, to: number) => ({ around: [from, to] }) as const;

describe("how many steps came together", () => {
  test("an event begins nothing that was told of as a part of something else", () => {
    expect(stories(three, ["a 0", "c 5", "b 16"])).toEqual([
      "@10 expired 2 [a1 - c1] waiting q by 6 left 1; q:b1 +6",
      "@26 expired 1 [- b1 -] waiting p left 2; s:c1 -1; p:a1 -6",
    ]);
  });

  test("the end of the time is in time, by the recorded times", () => {
    expect(stories(three, ["a 0", "c 10"])).toEqual(["@10 expired 2 [a1 - c1] waiting q left 1"]);
    const slack = rule("p: t.a\nq: t.b\ns: t.c", "all of by k within 10s slack 2s");
    expect(stories(slack, ["a 0", "c 11"])[0]).toBe(
      "@10 expired 1 [a1 - -] waiting q by 1 left 2; s:c1 +1",
    );
  });

  test("evidence of a step are all its events from the first one on", () => {
    expect(stories(three, ["a 0", "a 0"])).toEqual([
      "@10 expired 1 [a1,a2 - -] waiting q left 2",
      "@10 expired 1 [a2 - -] waiting q left 2",
    ]);
  });

  test("what leads into a match is a part of its story", () => {
    expect(stories(three, ["b 0", "a 5", "b 6", "c 7"])).toEqual([]);
    expect(stories(three, ["a 0", "a 1", "b 2", "c 3", "a 3.5"])).toEqual([
      "@13.5 expired 1 [a3 - -] waiting q left 2; q:b1; s:c1",
    ]);
    // The second way to match is one too many for the rule.
    const each = (head: string) =>
      rule(
        "p: t.a\nq: t.b\ns: t.c where s.x == 1",
        `${head} by k within 10s partials 1`,
        "select each",
      );
    expect(stories(each("2 of"), ["b 0", "b 1", "a 5"])).toEqual([]);
    const two = rule("p: t.a\nq: t.b\ns: t.c", "2 of by k within 10s");
    expect(stories(two, ["b 0", "b 1", "a 5"])).toEqual([]);
    expect(stories(two, ["b 0"])).toEqual(["@10 expired 1 [- b1 -] waiting p left 1"]);
  });
});

describe("`until`", () => {
  const steps = "p: t.a\nq: t.b";
  const until = rule(steps, undefined, "until u: t.d where u.x == 1");

  test("what it ends says nothing of what comes too late", () => {
    expect(stories(until, ["a 0", "d 1 x=1", "b 18"])).toEqual([
      "@1 cancelled 1 [a1 -] waiting q left 1 by u:d1 (x == 1); q:b1 +17",
    ]);
    expect(stories(until, ["a 0", "d 1 x=2", "d 2", "d 3 x=1"])).toEqual([
      "@3 cancelled 1 [a1 -] waiting q left 1 by u:d3 (x == 1)",
    ]);
  });

  test("at the end of the time it still ends it, behind that no more", () => {
    expect(stories(until, ["a 0", "d 10 x=1"])).toEqual([
      "@10 cancelled 1 [a1 -] waiting q left 1 by u:d1 (x == 1)",
    ]);
    expect(stories(until, ["a 0", "d 10.000001 x=1"])).toEqual([
      "@10 expired 1 [a1 -] waiting q left 1",
    ]);
  });

  test("the first event does not end what it begins", () => {
    const own = rule(steps, undefined, "until u: t.a where u.x == 1");
    expect(stories(own, ["a 0 x=1"])).toEqual(["@10 expired 1 [a1 -] waiting q left 1"]);
  });

  test("what may have come before the first event ends nothing", () => {
    const coarse = rule("p: t.far\nq: t.b", undefined, "until u: t.a");
    expect(stories(coarse, ["far 0", "a 0.5"])).toEqual([
      "@10 expired 1 [far1 -] waiting q left 1",
    ]);
    expect(stories(coarse, ["far 0", "a 1"])).toEqual([
      "@1 cancelled 1 [far1 -] waiting q left 1 by u:a1",
    ]);
  });
});

describe("candidates", () => {
  test("those of all steps that are missing, the nearest first, three of them", () => {
    const picky = rule("p: t.a\nq: t.b where q.x == 1\ns: t.c where s.x == 1");
    expect(stories(picky, ["a 0", "b 1", "b 2", "c 3", "c 12 x=1"])[0]).toBe(
      "@10 expired 1 [a1 - -] waiting q by 2 left 2; " + "s:c2 +2; q:b1 (x == 1); q:b2 (x == 1)",
    );
  });

  test("too early is measured from the last event that came", () => {
    const picky = rule("p: t.a\nq: t.b where q.x == 1\ns: t.c");
    expect(stories(picky, ["b 6", "a 15", "c 18"])).toEqual([
      "@25 expired 2 [a1 - c1] waiting q left 1; q:b1 -2 (x == 1)",
    ]);
    expect(stories(picky, ["b 8", "a 15", "c 18"])).toEqual([
      "@25 expired 2 [a1 - c1] waiting q left 1; q:b1 (x == 1)",
    ]);
  });

  test("of what came before, no more than the time there is", () => {
    expect(stories(rule("p: t.a\nq: t.b"), ["a 0", "b 35"])).toEqual([
      "@10 expired 1 [a1 -] waiting q by 25 left 1; q:b1 +25",
      "@45 expired 1 [- b1] waiting p left 1",
    ]);
  });

  test("a condition sees the steps that came", () => {
    const reading = rule("p: t.a\nq: t.b where q.x == p.x");
    expect(stories(reading, ["a 0 x=1", "b 13 x=1"])).toEqual([
      "@10 expired 1 [a1 -] waiting q by 3 left 1; q:b1 +3",
    ]);
    expect(stories(reading, ["a 0 x=1", "b 1 x=2"])).toEqual([
      "@10 expired 1 [a1 -] waiting q left 1; q:b1 (x == @0.x)",
    ]);
  });

  test("what waits for another step that is missing is not told", () => {
    const reading = rule("p: t.a\nq: t.b\ns: t.c where s.x == p.x");
    expect(stories(reading, ["b 0", "c 1 x=1"])).toEqual([
      "@10 expired 1 [- b1 -] waiting p left 2",
    ]);
  });

  test("an event is of use to a step that has one, when its condition holds", () => {
    const reading = rule("p: t.a\nq: t.b where q.x == p.x\ns: t.b where s.x == 9");
    expect(stories(reading, ["a 0 x=1", "b 1 x=1", "b 2 x=1"])[0]).toBe(
      "@10 expired 2 [a1 b1,b2 -] waiting s left 1; s:b1 (x == 9) fits",
    );
    const same = rule("p: t.a\nq: t.b where q.x == 1\ns: t.b where s.x == 2");
    expect(stories(same, ["a 0", "b 13 x=1"])[0]).toBe(
      "@10 expired 1 [a1 - -] waiting q by 3 left 2; q:b1 +3; s:b1 +3 (x == 2)",
    );
  });
});

describe("under a focus", () => {
  test("what can still come true is open until its time has passed", () => {
    const open = "@10 open 1 [a1 - -] waiting q left 2";
    expect(stories(three, ["a 0"], { until: 10, ...around(0, 5) })).toEqual([open]);
    expect(stories(three, ["a 0"], { until: 10 })).toEqual([]);
    const over = { until: 10.000001 };
    expect(stories(three, ["a 0"], { ...over, ...around(0, 5) })).toEqual([
      open.replace("open", "expired"),
    ]);
    expect(stories(three, ["a 0"], over)).toEqual([open.replace("open", "expired")]);
  });

  test("only what was going on then, both ends included", () => {
    const told = ["@20 expired 1 [a1 - -] waiting q left 2"];
    expect(stories(three, ["a 10"], around(0, 10))).toEqual(told);
    expect(stories(three, ["a 10"], around(0, 9.999999))).toEqual([]);
    expect(stories(three, ["a 10"], around(20, 30))).toEqual(told);
    expect(stories(three, ["a 10"], around(20.000001, 30))).toEqual([]);
  });

  test("what was over before hides nothing that was going on", () => {
    const [told] = stories(three, ["a 0", "c 5"], around(12, 20));
    expect(told).toMatch(/^@15 expired 1 \[- - c1\] waiting p left 2/);
  });

  test("only of the keys that are asked for", () => {
    const lines = ["a 0", "a 1 k=2", "a 2 k=3"];
    expect(stories(three, lines, { ...around(0, 50), keys: ['["n2"]'] })).toEqual([
      "@11 expired 1 [a2 - -] waiting q left 2",
    ]);
  });

  test("what no step could take, unless it lies in a match", () => {
    const picky = rule("p: t.a where p.x == 1 and p.k < 1\nq: t.a where q.x == 2\ns: t.b");
    expect(stories(picky, ["a 0 x=3"], around(0, 0))).toEqual([
      "@0 unmet 0 [] waiting q left 3; q:a1 (x == 2); p:a1 (x == 1) (k < 1)",
    ]);
    expect(stories(picky, ["a 0 x=3"])).toEqual([]);
    const easy = rule("p: t.a where p.x == 1\nq: t.b");
    expect(stories(easy, ["a 0 x=1", "a 1 x=5", "b 2"], around(0, 5))).toEqual([]);
  });

  test("what some step could take, and the candidates of others, are no news", () => {
    const same = rule("p: t.a where p.x == 1\nq: t.a where q.x == 2\ns: t.b");
    expect(stories(same, ["a 0 x=1", "a 1 x=3"], around(0, 5))).toEqual([
      "@10 expired 1 [a1 - -] waiting q left 2; q:a2 (x == 2)",
    ]);
  });

  test("of more than three steps it is close to, the nearest three", () => {
    const step = (name: string, x: number) => `${name}: t.a where ${name}.x == ${x}`;
    const four = rule(["p", "q", "s", "v"].map((n, i) => step(n, i)).join("\n"));
    expect(stories(four, ["a 0 x=9"], around(0, 0))).toEqual([
      "@0 unmet 0 [] waiting p left 4; p:a1 (x == 0); q:a1 (x == 1); s:a1 (x == 2)",
    ]);
    const reading = rule("p: t.a where p.x == 1\nq: t.a where q.x == p.x");
    expect(stories(reading, ["a 0 x=9"], around(0, 0))).toEqual([
      "@0 unmet 0 [] waiting p left 2; p:a1 (x == 1)",
    ]);
    const apart = rule("p: t.a\nq: t.b where q.x == p.x");
    expect(stories(apart, ["b 0 x=9"], around(0, 0))).toEqual([]);
  });
});
