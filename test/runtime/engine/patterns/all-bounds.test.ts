/** What `all of` gives up when there is no room, and that findings say so. */
import { expect, test } from "vitest";
import { runEngine } from "../../../harness/unit-agreement.ts";
import { compiled, eventsOf, traceOf } from "../../core/ir/by-hand.ts";

/** Summary and number of degradations of each finding, and what was given up. */
function told(rule: string, lines: readonly string[]) {
  const { unit } = compiled(rule);
  const { events } = eventsOf(unit.schema, lines);
  const { findings, engine } = runEngine(unit, traceOf(unit, events, {}));
  const { keys, partials } = engine.counters.evicted;
  return { findings: findings.map((f) => [f.summary, f.degraded.length]), keys, partials };
}

const pair = (heads: string, policies: string) => `rule r {
  match all of by k within 10s ${heads} { p: t.a
    q: t.b }
  skip none
  ${policies}
  explain { root q summary "{count(p)} {first(p).x ?? 0} {last(p).x ?? 0}" }
}`;

test("of too many events the oldest go", () => {
  expect(told(pair("partials 1", ""), ["a 0 x=1", "a 1 x=2", "a 2 x=3", "a 3 x=4", "b 4"])).toEqual(
    {
      findings: [["2 3 4", 1]],
      keys: 0,
      partials: 2,
    },
  );
});

test("as many as there is room for are kept, and nothing is said", () => {
  expect(told(pair("partials 1", ""), ["a 0 x=1", "a 1 x=2", "b 2"])).toEqual({
    findings: [["2 1 2", 0]],
    keys: 0,
    partials: 0,
  });
});

test("what is too old makes room", () => {
  expect(
    told(pair("partials 1", ""), ["a 0 x=1", "a 0 x=2", "a 11 x=3", "a 12 x=4", "b 13"]),
  ).toEqual({ findings: [["2 3 4", 0]], keys: 0, partials: 0 });
});

test("a finding says that events may be missing as long as they may", () => {
  const lines = ["a 0 x=1", "a 1 x=2", "a 2 x=3", "a 3 x=4", "b 10 x=1", "b 11 x=2", "b 11.5 x=3"];
  const { findings } = told(pair("partials 1", "").replace("skip none", ""), lines);
  expect(findings).toEqual([["2 3 4", 1]]);
  // What is told in doubt leaves the next one in doubt until its span is over.
  const later = [...lines.slice(0, 4), "a 11.5 x=5", "b 11.6", "a 21.7 x=6", "b 22.5"];
  expect(told(pair("partials 1", "").replace("skip none", ""), later).findings).toEqual([
    ["2 4 5", 1],
    ["1 6 6", 0],
  ]);
});

test("the key with fewer steps goes first", () => {
  const three = `rule r {
    match all of by k within 10s { p: t.a
      q: t.b
      s: t.c }
    keys max 2
    explain { root s summary "{p.k ?? 0}" }
  }`;
  const lines = ["a 0 k=1", "b 1 k=1", "a 2 k=2", "a 3 k=3", "c 4 k=1", "b 5 k=3", "c 6 k=3"];
  expect(told(three, lines)).toEqual({
    findings: [
      ["1", 1],
      ["3", 1],
    ],
    keys: 1,
    partials: 0,
  });
});

test("the events of a key that was given up may be missing from its next match", () => {
  const lines = ["a 0 k=1 x=1", "a 1 k=2", "a 2 k=1 x=2", "b 3 k=1", "a 4 k=1 x=3", "b 4.5 k=1"];
  const { findings, keys } = told(pair("", "keys max 1 evict oldest"), lines);
  expect(keys).toBe(2);
  expect(findings.map(([, degraded]) => degraded)).toEqual([1, 1, 1]);
});

test("a match that excludes another one than it would have excluded leaves the next in doubt", () => {
  const rule = `rule r {
    match all of by k within 8s { p: t.b
      q: t.a | t.b }
    select widest
    skip to q
    keys max 1
    explain { root q summary "{first(p).x ?? 0} {first(q).x ?? 0}" }
  }`;
  const lines = ["a 0 x=1", "a 0 k=2", "b 0 x=2", "b 1 x=3", "b 9 x=4", "b 19 x=5"];
  const { findings } = told(rule, lines);
  expect(findings).toEqual([
    ["2 2", 1],
    ["3 3", 1],
    ["4 4", 1],
    ["5 5", 0],
  ]);
});

test("with `select each` a choice that leaves a step out may stand in the place of a lost one", () => {
  const rule = `rule r {
  match any of by k within 10s partials 1 { p: t.a
    q: t.b }
  skip none
  select each
  keys max 1 evict oldest
  explain { root p summary "{count(p)} {first(p).x ?? 0} {count(q)}" }
}`;
  expect(told(rule, ["b 0 k=1", "b 1 k=2", "a 2 k=1"]).findings.at(-1)).toEqual(["1 0 0", 1]);
});

test("with `select each` only choices that begin before the loss may be wrong", () => {
  const lines = ["a 0 k=1 x=1", "a 1 k=2", "a 2 x=2", "b 3", "a 4 x=3", "b 5"];
  const rule = pair("", "select each\n  keys max 1 evict oldest");
  expect(told(rule, lines).findings).toEqual([
    ["1 2 2", 1],
    ["1 3 3", 0],
    ["1 3 3", 0],
    ["1 2 2", 1],
  ]);
});

test("what more events fit is not tested beyond the bound, and the finding says so", () => {
  const rule = `rule r {
  match 2 of by k within 2s partials 2 { p: t.a
    q: t.a
    r: t.a where r.x == p.x }
  select widest
  skip none
  explain { root p summary "{count(p)} {first(p).x ?? 0} {count(r)}" }
}`;
  const { findings } = told(rule, ["a 0 x=0", "a 0 x=0", "a 0 x=0", "a 0 x=1"]);
  expect(findings.at(-1)).toEqual(["4 0 1", 1]);
});
