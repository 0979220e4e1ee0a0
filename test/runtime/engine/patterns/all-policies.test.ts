/** All-of under policies: which events later matches may use. */
import { describe, expect, test } from "vitest";
import { runEngine } from "../../../harness/unit-agreement.ts";
import { compiled, eventsOf, found, traceOf } from "../../core/ir/by-hand.ts";

describe("all of", () => {
  test("goes on with the event it skips to, and with none before that", () => {
    const rule = `rule r { match all of by k within 30s { p: t.a q: t.b r: t.c }
      select widest skip to q }`;
    // `a2` came before `b1`, so nothing later is complete without another.
    const lines = ["a 0", "a 1", "b 2", "c 3", "c 4"];
    expect(found(rule, lines)).toEqual(["r@3 p=a1,a2 q=b1 r=c1"]);
    expect(found(rule, [...lines, "a 5"])).toEqual([
      "r@3 p=a1,a2 q=b1 r=c1",
      "r@5 p=a3 q=b1 r=c1,c2",
    ]);
  });

  test("needs no key", () => {
    const rule = "rule r { match all of within 5s { p: t.a q: t.b where q.x == p.x } }";
    expect(found(rule, ["a 0 k=1 x=3", "b 1 k=2 x=3"])).toEqual(["r@1 p=a1 q=b1"]);
  });
});

test("an old version goes on until an event at the very end of its span has been judged", () => {
  const rule = (
    text: string,
    where = "",
  ) => `rule r { match all of by k within 10s { p: t.a ${where}
    q: t.b } explain { root q summary "${text}" } }`;
  const { unit } = compiled(rule("old"));
  const { events } = eventsOf(unit.schema, ["a 0", "b 10"]);
  // Every source tells all it can: that it has nothing before 10.
  const always = Array.from({ length: 20 }, () => 0).values();
  const reloads = new Map([[1, compiled(rule("new", "where p.x > 0")).unit]]);
  const run = runEngine(unit, traceOf(unit, events, {}), { hurry: always, reloads });
  expect(run.reloads[0]?.plan).toMatchObject([{ class: "drain" }]);
  expect(run.findings.map((f) => f.summary)).toEqual(["old"]);
});
