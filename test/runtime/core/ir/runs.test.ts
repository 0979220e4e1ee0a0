/** Aggregates of the events of a repeated step (LANGUAGE B.4), by hand. */
import { describe, expect, test } from "vitest";
import { printExpr, valuesOf, writerFor } from "#core";
import { found, missed, tell } from "./by-hand.ts";

const rule = (steps: string, more = "") =>
  `rule r { match sequence by k within 30s { ${steps} }\n${more} }`;
const summaries = (rules: string, lines: readonly string[]) =>
  tell(rules, lines).judgement.findings.map((f) => f.finding.summary);

describe("where a run is aggregated", () => {
  test("a later step sees all of the run", () => {
    const over = rule("p: t.a repeat 2.. then q: t.b where sum(p.x) > q.x");
    expect(found(over, ["a 0 x=3", "a 1 x=4", "b 2 x=6"])).toEqual(["r@2 p=a1,a2 q=b1"]);
    expect(found(over, ["a 0 x=3", "a 1 x=4", "b 2 x=7"])).toEqual([]);
  });

  test("its own condition sees what was taken before the event", () => {
    const own = rule("p: t.a where sum(p.x) < 5 repeat 2.. then q: t.b");
    // Before the third event the sum is 4, before the fourth 9.
    expect(found(own, ["a 0 x=3", "a 1 x=1", "a 2 x=5", "a 3 x=9", "b 4"])).toEqual([
      "r@4 p=a1,a2,a3 q=b1",
    ]);
    const rising = rule("p: t.a where p.x > (avg(p.x) ?? 0) repeat 3.. then q: t.b");
    expect(found(rising, ["a 0 x=2", "a 1 x=4", "a 2 x=4", "b 3"])).toEqual([
      "r@3 p=a1,a2,a3 q=b1",
    ]);
    expect(found(rising, ["a 0 x=2", "a 1 x=4", "a 2 x=3", "b 3"])).toEqual([]);
  });

  test("a negative, by what the run has when it comes", () => {
    const guarded = rule("p: t.a repeat 2.. without n: t.c where n.x > sum(p.x) then q: t.b");
    expect(found(guarded, ["a 0 x=3", "a 1 x=4", "c 2 x=7", "b 3"])).toEqual(["r@3 p=a1,a2 q=b1"]);
    expect(found(guarded, ["a 0 x=3", "a 1 x=4", "c 2 x=8", "b 3"])).toEqual([]);
  });

  test("a deadline", () => {
    const quiet = rule("p: t.a repeat 2.. then no n: t.c where n.x > max(p.x) for 5s");
    expect(found(quiet, ["a 0 x=3", "a 1 x=4", "c 2 x=4"])).toEqual(["r@6 p=a1,a2"]);
    expect(found(quiet, ["a 0 x=3", "a 1 x=4", "c 2 x=5"])).toEqual([]);
  });

  test("`until`", () => {
    const until = rule("p: t.a repeat 2.. then q: t.b", "").replace(
      "\n",
      " until u: t.c where u.x >= (min(p.x) ?? 100)\n",
    );
    expect(found(until, ["a 0 x=3", "a 1 x=4", "c 2 x=2", "b 3"])).toEqual(["r@3 p=a1,a2 q=b1"]);
    expect(found(until, ["a 0 x=3", "a 1 x=4", "c 2 x=3", "b 3"])).toEqual([]);
  });

  test("a policy", () => {
    const small = rule("p: t.a repeat 2.. then q: t.b", 'except "small" when sum(p.x) < 7');
    expect(found(small, ["a 0 x=3", "a 1 x=3", "b 2"])).toEqual([]);
    expect(found(small, ["a 0 x=3", "a 1 x=4", "b 2"])).toEqual(["r@2 p=a1,a2 q=b1"]);
  });

  test("two runs at once, each its own", () => {
    const two = rule(
      "p: t.a repeat 2.. then q: t.b repeat 2.. then s: t.c where sum(p.x) == sum(q.x)",
    );
    const lines = ["a 0 x=1", "a 1 x=5", "b 2 x=2", "b 3 x=4"];
    expect(found(two, [...lines, "c 4"])).toEqual(["r@4 p=a1,a2 q=b1,b2 s=c1"]);
    expect(found(two, [...lines, "b 3.5 x=1", "c 4"])).toEqual([]);
  });

  test("two partial matches at once, each its own run", () => {
    const key = rule("p: t.a repeat 2.. then q: t.b where sum(p.x) > 5");
    const lines = ["a 0 x=3", "a 0 x=1 k=2", "a 1 x=3", "a 1 x=1 k=2", "b 2", "b 2 k=2"];
    expect(found(key, lines)).toEqual(["r@2 p=a1,a3 q=b1"]);
  });

  test("all of its events, also those that are not kept", () => {
    const kept = rule("p: t.a repeat 2.. keep 1 then q: t.b where sum(p.x) == 6");
    expect(found(kept, ["a 0 x=1", "a 1 x=2", "a 2 x=3", "b 3"])).toEqual(["r@3 p=a1(3) q=b1"]);
  });
});

test("an optional run that did not come has the sum 0 and no average", () => {
  const both = (condition: string) =>
    rule(`s: t.c then optional p: t.a repeat 2.. then q: t.b where ${condition}`);
  expect(found(both("sum(p.x) == 0"), ["c 0", "b 1"])).toEqual(["r@1 s=c1 q=b1"]);
  expect(found(both("increase(p.x) == 0"), ["c 0", "b 1"])).toEqual(["r@1 s=c1 q=b1"]);
  expect(found(both("avg(p.x) >= 0 or q.x == 7"), ["c 0", "b 1"])).toEqual([]);
  expect(found(both("(avg(p.x) ?? 5) == 5"), ["c 0", "b 1"])).toEqual(["r@1 s=c1 q=b1"]);
});

test("events without the value are skipped", () => {
  const shown = rule(
    "p: t.a repeat 3.. then q: t.b",
    'explain { root q summary "{count(p)} {sum(p.x)} {avg(p.x)} {min(p.x)}" }',
  );
  expect(summaries(shown, ["a 0 x=2", "a 1", "a 2 x=4", "b 3"])).toEqual(["3 6 3 2"]);
  expect(summaries(shown, ["a 0", "a 1", "a 2", "b 3"])).toEqual(["3 0 ? ?"]);
});

test("a run that goes on is told when it is over, with all of it", () => {
  const going =
    'rule r { match sequence by k within 5s { q: t.b then p: t.a repeat 2.. } emit close\nexplain { root q summary "{sum(p.x)}" } }';
  const lines = ["b 0", "a 1 x=1", "a 2 x=2", "a 4 x=4"];
  expect(found(going, lines)).toEqual(["r@5 q=b1 p=a1,a2,a3"]);
  expect(summaries(going, lines)).toEqual(["7"]);
});

test("coarse events", () => {
  const coarse = rule("p: t.far repeat 2.. then q: t.b where sum(p.x) >= 5");
  expect(found(coarse, ["far 1 x=2", "far 3 x=3", "b 6"])).toEqual(["r@6 p=far1,far2 q=b1"]);
  expect(found(coarse, ["far 1 x=2", "far 3 x=2", "b 6"])).toEqual([]);
});

describe("what each comes to", () => {
  // Of 2, 4, 4, 4, 5, 5, 7, 9: mean 5, squared distances 9 1 1 1 0 0 4 16 = 32, spread √(32/8) = 2.
  const values = [2, 4, 4, 4, 5, 5, 7, 9];
  const lines = [...values.map((x, i) => `a ${i} x=${x}`), "b 10"];
  const of = (text: string, own = lines) =>
    summaries(rule("p: t.a repeat 2.. then q: t.b", `explain { root q summary "${text}" }`), own);

  test("sum, avg, min, max", () => {
    expect(of("{sum(p.x)} {avg(p.x)} {min(p.x)} {max(p.x)}")).toEqual(["40 5 2 9"]);
  });

  test("stddev", () => {
    expect(of("{stddev(p.x)}")).toEqual(["2"]);
  });

  test("increase, of a counter that begins again", () => {
    // 3 → 7 is 4, then it began at 0 and has 2.
    expect(of("{increase(p.x)}", ["a 0 x=3", "a 1 x=7", "a 2 x=2", "b 3"])).toEqual(["6"]);
  });

  test("slope, for each second", () => {
    expect(of("{slope(p.x)}", ["a 0 x=1", "a 2 x=5", "a 4 x=9", "b 5"])).toEqual(["2/s"]);
    // Times 0 1 2 about 1, values 0 3 3 about 2: (2 + 0 + 1) / 2.
    expect(of("{slope(p.x)}", ["a 0 x=0", "a 1 x=3", "a 2 x=3", "b 5"])).toEqual(["1.5/s"]);
  });

  test("an expression of each event", () => {
    expect(of("{sum(p.x * p.x)} {max(p.x - p.k)}")).toEqual(["232 8"]);
  });
});

test("a near miss shows what was read of the run", () => {
  const small = rule("p: t.a repeat 2.. then q: t.b where sum(p.x) > 10");
  const lines = ["a 0 x=3", "a 1 x=4", "b 2"];
  const [miss] = tell(small, lines).judgement.nearMisses;
  expect(missed(small, lines)[0]).toBe("r@30 expired 1 waiting q");
  const [atom] = miss?.candidates[0]?.proof.flips ?? [];
  expect(atom && printExpr(atom.expr)).toBe("(sum(current.x of @0) > 10)");
  expect(atom?.readings.map((r) => [printExpr(r.expr), r.value])).toEqual([
    ["sum(current.x of @0)", 7],
  ]);
  const { unit } = tell(small, lines);
  const [r] = unit.rules;
  if (!r || !atom) throw new Error("no atom");
  expect(writerFor(r, "q", unit.schema)(atom.expr)).toBe("sum(p.x) > 10");
  const value = valuesOf(r, "q", unit.schema);
  expect(atom.readings.map(({ expr, value: v }) => value(expr, v))).toEqual(["7"]);
});

test("a near miss of a run shows what it had before the event", () => {
  const own = rule("p: t.a where sum(p.x) < 5 repeat 3..");
  const { judgement, names } = tell(own, ["a 0 x=3", "a 1 x=4", "a 2 x=1"]);
  const [first] = judgement.nearMisses.filter((m) => m.captures[0]?.count === 2);
  const [candidate] = first?.candidates ?? [];
  expect(names.get(candidate?.event.id ?? "")).toBe("a3");
  expect(candidate?.proof.flips[0]?.readings.map((r) => r.value)).toEqual([7]);
});
