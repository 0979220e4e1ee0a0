/** Near misses by hand (LANGUAGE C.11): how far, why no further, and by how much. */
import { describe, expect, test } from "vitest";
import { type NearMiss, printExpr } from "#core";
import { at, missed, tell } from "./by-hand.ts";

const rule = (pattern: string, policies = "") =>
  `rule r { match sequence by k within 30s partials 3 { ${pattern} }\n${policies} }`;
const pair = rule("p: t.a then q: t.b");

test("a late step missed the span by so much", () => {
  expect(missed(pair, ["a 0", "b 32"])).toEqual(["r@30 expired 1 waiting q by 2"]);
  expect(missed(pair, ["a 0", "b 40", "b 32"])).toEqual(["r@30 expired 1 waiting q by 2"]);
  expect(missed(pair, ["a 0", "b 32 k=2"])).toEqual(["r@30 expired 1 waiting q"]);
});

test("a coarse clock is read as recorded", () => {
  expect(missed(rule("p: t.a then q: t.far repeat 1.."), ["a 0", "far 32"])).toEqual([
    "r@30 expired 1 waiting q by 2",
  ]);
});

test("what matched, and what may still match, is no near miss", () => {
  expect(missed(pair, ["a 0", "b 3"])).toEqual([]);
  expect(missed(pair, ["a 0", "a 1", "b 3"])).toEqual([]);
  expect(missed(pair, ["a 0"], { until: 30 })).toEqual([]);
  expect(missed(pair, ["a 0"], { until: 31 })).toEqual(["r@30 expired 1 waiting q"]);
});

test("gaps: too late and too early", () => {
  const gap = rule("p: t.a then after 2s..5s q: t.b");
  expect(missed(gap, ["a 0", "b 6"])).toEqual(["r@5 expired 1 waiting q by 1"]);
  expect(missed(gap, ["a 0", "b 1.5"])).toEqual(["r@5 expired 1 waiting q by 0.5"]);
});

test("killed by a negative or by `until`", () => {
  expect(missed(rule("p: t.a without n: t.c then q: t.b"), ["a 0", "c 1", "b 2"])).toEqual([
    "r@1 negated 1 waiting q",
  ]);
  const until = "rule r { match sequence by k within 30s { p: t.a then q: t.b } until u: t.c }";
  expect(missed(until, ["a 0", "c 1", "b 2"])).toEqual(["r@1 cancelled 1 waiting q"]);
  expect(missed(rule("p: t.a then no n: t.c for 5s"), ["a 0", "c 1"])).toEqual([
    "r@1 negated 1 waiting n",
  ]);
});

test("a negative that may have been elsewhere did not kill it", () => {
  const coarse = rule("p: t.a without n: t.far then q: t.b");
  expect(missed(coarse, ["a 0.5", "far 0"])).toEqual(["r@30.5 expired 1 waiting q"]);
  expect(missed(coarse, ["a 0.5", "far 1"])).toEqual(["r@1 negated 1 waiting q"]);
});

test("what leads into a match is a part of its story", () => {
  const triple = "rule r { match sequence by k within 3s { p: t.a then q: t.b then s: t.c } }";
  expect(missed(triple, ["a 0", "a 1", "b 2", "c 3.5"])).toEqual([]);
});

test("a run that was too short waits for itself", () => {
  expect(missed(rule("p: t.a repeat 3.. then q: t.b"), ["a 0", "a 1", "b 2"])).toEqual([
    "r@30 expired 0 waiting p",
    "r@31 expired 0 waiting p",
  ]);
});

test("what a run did not take is measured against what it had taken", () => {
  const rising = rule("p: t.a where count(p) == 0 or p.x > last(p).x repeat 3..");
  const { judgement, names } = tell(rising, ["a 0 x=5", "a 1 x=7", "a 2 x=6"]);
  const [first] = judgement.nearMisses.filter((m) => m.captures[0]?.count === 2);
  expect(first?.captures[0]?.kept.map((e) => names.get(e.id))).toEqual(["a1", "a2"]);
  const [candidate] = first?.candidates ?? [];
  expect(names.get(candidate?.event.id ?? "")).toBe("a3");
  const last = candidate?.proof.atoms.find((a) => printExpr(a.expr).includes("last"));
  expect(last?.readings.map((r) => r.value)).toEqual([6, 7]);
});

test("the furthest come first, at most eight", () => {
  const triple = rule("p: t.a then q: t.b then s: t.c");
  expect(missed(triple, ["a 0", "a 100", "b 101", "a 200", "c 240"])).toEqual([
    "r@130 expired 2 waiting s by 110",
    "r@30 expired 1 waiting q by 71",
    "r@230 expired 1 waiting q",
  ]);
  const many = Array.from({ length: 12 }, (_, i) => `a ${i * 40}`);
  expect(missed(pair, many)).toHaveLength(8);
});

test("all-of: how many steps, and which was missing", () => {
  const all = "rule r { match all of by k within 10s { p: t.a\nq: t.b\ns: t.c } }";
  expect(missed(all, ["a 0", "c 5", "b 13"])).toEqual([
    "r@10 expired 2 waiting q by 3",
    "r@23 expired 1 waiting p",
  ]);
  expect(missed(all, ["a 0", "c 5", "b 9"])).toEqual([]);
});

describe("all-of steps of one kind", () => {
  const both = (q: string) =>
    `rule r { match all of by k within 30s { p: t.a where p.x == 1\nq: t.a where ${q} } }`;
  /** Each near miss: what it had, and of each candidate the event and the tests in the way. */
  const told = (rules: string, lines: readonly string[]) => {
    const { judgement, names } = tell(rules, lines);
    return judgement.nearMisses.map((m) => ({
      had: m.captures.flatMap((c) => (c?.kept ?? []).map((e) => names.get(e.id))),
      met: m.candidates.map(({ event, proof }) =>
        [names.get(event.id), ...proof.flips.map((a) => printExpr(a.expr))].join(" "),
      ),
    }));
  };

  test("the step's own event is not what the other step lacks", () => {
    const rules = both("q.x == 2 and q.k < 1");
    expect(told(rules, ["a 0 x=1", "a 10 x=2"])).toEqual([
      { had: ["a1"], met: ["a2 (current.k < 1)"] },
    ]);
    expect(told(rules, ["a 0 x=1", "a 10 x=3"])).toEqual([
      { had: ["a1"], met: ["a2 (current.x == 2) (current.k < 1)"] },
    ]);
  });

  test("of equally many tests, an event that fits another step comes after one that fits none", () => {
    expect(told(both("q.x == 2 or q.x == 3"), ["a 0 x=1", "a 1 x=1", "a 10 x=4"])[0]?.met).toEqual([
      "a3 (current.x == 2)",
      "a2 (current.x == 2)",
    ]);
  });

  test("one event for both steps, where there is no other", () => {
    expect(told(both("q.x >= 1 and q.k < 1"), ["a 0 x=1"])).toEqual([
      { had: ["a1"], met: ["a1 (current.k < 1)"] },
    ]);
  });

  test("of equally many tests, those of which more hold come first, then the nearest", () => {
    const rules = both("q.k < 1 and (q.x == 2 or q.x >= 5 or q.x >= 6)");
    expect(told(rules, ["a 0 x=1", "a 40 x=5", "a 50 x=7", "a 60 x=8"])[0]?.met).toEqual([
      "a3 (current.k < 1)",
      "a4 (current.k < 1)",
      "a2 (current.k < 1)",
    ]);
  });

  test("too late for one step is not told again as too early for the other", () => {
    const rules = both("q.x == 2");
    expect(told(rules, ["a 0 x=1", "a 41 x=2"])).toEqual([{ had: ["a1"], met: ["a2"] }]);
    expect(missed(rules, ["a 0 x=1", "a 41 x=2"])).toEqual(["r@30 expired 1 waiting q by 11"]);
    expect(missed(rules, ["a 0 x=2", "a 41 x=1"])).toEqual(["r@30 expired 1 waiting p by 11"]);
    expect(missed(rules, ["a 0 x=1", "a 41 x=2", "a 90 x=1"])).toEqual([
      "r@30 expired 1 waiting q by 11",
      "r@120 expired 1 waiting q",
    ]);
  });
});

test("windows: the most there ever was, for keys that never matched", () => {
  const window = "rule r { match over e: t.a sliding 10s by k having count() >= 4 }";
  expect(missed(window, ["a 0", "a 1", "a 20", "a 21", "a 22"])).toEqual([
    "r@22 threshold 3 waiting e",
  ]);
  expect(missed(window, ["a 0", "a 1", "a 2", "a 3", "a 40"])).toEqual([]);
});

test.each([
  ["session gap 5s max 1m", "r@7 open 2 waiting e"],
  ["tumbling 10s", "r@10 open 2 waiting e"],
])("a window that has not ended is open, when it is asked for: %s", (shape, miss) => {
  const window = `rule r { match over e: t.a ${shape} by k having count() >= 4 }`;
  expect(missed(window, ["a 1", "a 2"], { until: 5, around: [0, 5] })).toEqual([miss]);
  expect(missed(window, ["a 1", "a 2"], { until: 5 })).toEqual([]);
  expect(missed(window, ["a 1", "a 2"], { until: 11, around: [0, 11] })).toEqual([
    miss.replace("open", "threshold"),
  ]);
});

describe("candidates", () => {
  const picky = rule("p: t.a then q: t.b where q.x == 1 and (q.k > 0 or q.x > 2)");
  const misses = (text: string, lines: readonly string[]) => tell(text, lines).judgement.nearMisses;
  const flips = (m: NearMiss | undefined) =>
    (m?.candidates ?? []).map((c) => c.proof.flips.map((a) => printExpr(a.expr)));

  test("fewer tests in the way are closer, then less time", () => {
    const lines = ["a 0 k=2", "b 1 x=2 k=2", "a 100", "b 132 x=1", "a 200 k=3"];
    const [first, second, third] = misses(picky, lines);
    expect(first).toMatchObject({ at: at(130), overshoot: 2e6 });
    expect(second).toMatchObject({ at: at(30) });
    expect(third).toMatchObject({ at: at(230), candidates: [] });
    expect(flips(first)[0]).toEqual([]);
    expect(flips(second)[0]).toEqual(["(current.x == 1)"]);
  });

  test("the three nearest are kept", () => {
    const [miss] = misses(picky, ["a 0", "b 1", "b 2 x=2", "b 3 x=0 k=1", "b 4 x=3"]);
    expect(miss?.candidates).toHaveLength(3);
  });

  test("what lies between, where nothing may", () => {
    const next =
      "rule r { match sequence by k within 9s { p: t.a then next q: t.b } until u: t.c where u.x == 1 }";
    const [miss] = misses(next, ["a 0", "c 1", "b 2"]);
    expect(miss?.candidates[0]?.between?.ts).toBe(at(1));
  });

  test("one test in two places is changed once, and not both ways", () => {
    const knot = rule(
      "p: t.a then q: t.b where (q.x == 1 or q.k > 5) and (not (q.x == 1) or q.k > 9)",
    );
    expect(flips(misses(knot, ["a 0", "b 1 x=2"])[0])[0]).toEqual(["(current.k > 5)"]);
  });

  test("of a negative, what is unknown need not change", () => {
    const negative = rule("p: t.a without n: t.c where n.x == 1 or n.k == 1 then q: t.b");
    const [miss] = misses(negative, ["a 0", "c 1", "b 2"]);
    expect(miss?.by?.proof.flips.map((a) => printExpr(a.expr))).toEqual(["(current.k == 1)"]);
  });

  test("the tests of a window's condition, with what they read", () => {
    const window =
      "rule r { match over e: t.a sliding 10s by k having count() >= 3 and max(e.x) > 5 }";
    const [miss] = misses(window, ["a 0 x=6", "a 1 x=2"]);
    expect(miss?.having?.flips).toMatchObject([{ wanted: true, readings: [{ value: 2 }] }]);
  });
});

test("at most 256 of all rules together", () => {
  const rules = Array.from({ length: 40 }, (_, i) => pair.replace("rule r", `rule r${i}`)).join(
    "\n",
  );
  const lines = Array.from({ length: 8 }, (_, i) => `a ${i * 40}`);
  expect(missed(rules, lines)).toHaveLength(256);
});
