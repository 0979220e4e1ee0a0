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

test("what is too old makes room under a key that goes on", () => {
  expect(told(pair("partials 1", ""), ["a 0 x=1", "a 0 x=2", "a 5 x=3", "b 10.5"])).toEqual({
    findings: [["1 3 3", 0]],
    keys: 0,
    partials: 0,
  });
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
  const { findings, partials } = told(rule, ["a 0 x=0", "a 0 x=0", "a 0 x=0", "a 0 x=1"]);
  expect([partials, findings.at(-1)]).toEqual([1, ["4 0 1", 1]]);
  const later = told(rule, ["a 0 x=0", "a 0 x=0", "a 0 x=0", "a 0 x=1", "a 10 x=2"]);
  expect(later.findings.at(-1)).toEqual(["1 2 1", 0]);
});

test("what could have excluded a match is missed by it when it begins in time", () => {
  const rule = pair("partials 1", "").replace("skip none", "");
  // The first of the lost ones could have been in a match that ends at 10.
  const lost = ["a 0", "a 0", "a 0", "a 0"];
  expect(told(rule, [...lost, "a 9.5", "b 10.2"]).findings).toEqual([["1 0 0", 1]]);
  expect(told(rule, [...lost, "a 10.1", "b 10.2"]).findings).toEqual([["1 0 0", 0]]);
});

test("a lost event is missed for as long as it could be in the span", () => {
  const lost = ["a 0", "a 0", "a 0", "a 5 x=1"];
  const findings = (rule: string, last: string) => told(rule, [...lost, last]).findings;
  const exact = pair("partials 1", "");
  expect(findings(exact, "b 10").map(([, degraded]) => degraded)).toEqual([1]);
  expect(findings(exact, "b 10.5")).toEqual([["1 1 1", 0]]);
  const each = exact.replace("skip none", "skip none select each");
  expect(findings(each, "b 10").map(([, degraded]) => degraded)).toEqual([1]);
  expect(findings(each, "b 10.5")).toEqual([["1 1 1", 0]]);
  // The true time of the lost one may be up to a second later.
  const coarse = exact.replace("q: t.b", "q: t.far").replace("{count(p)}", "");
  expect(findings(coarse, "far 10").map(([, degraded]) => degraded)).toEqual([1]);
  expect(findings(coarse, "far 11").map(([, degraded]) => degraded)).toEqual([0]);
  // It might have been an `until` that was told before the first event and lies behind it.
  const until = coarse.replace("t.far }", "t.far } until u: t.c");
  expect(findings(until, "far 11").map(([, degraded]) => degraded)).toEqual([1]);
  expect(findings(until, "far 12").map(([, degraded]) => degraded)).toEqual([0]);
});

test("the events of a match make room for the next, which begins behind it", () => {
  const rule = pair("partials 1", "").replace("skip none", "");
  expect(told(rule, ["a 0 x=1", "b 1", "a 2 x=2", "a 3 x=3", "b 4"])).toEqual({
    findings: [
      ["1 1 1", 0],
      ["2 2 3", 0],
    ],
    keys: 0,
    partials: 0,
  });
});

test("on exact clocks an event is judged at once, and what it matched makes room", () => {
  const rule = pair("partials 1", "keys max 1").replace("skip none", "");
  expect(told(rule, ["a 0 x=1", "b 0", "a 0 x=2", "b 0"])).toEqual({
    findings: [
      ["1 1 1", 0],
      ["1 2 2", 0],
    ],
    keys: 0,
    partials: 0,
  });
});

test("with `select each` a lost step is missed by choices that leave it out, whenever they begin", () => {
  const rule = `rule r {
  match any of by k within 10s partials 1 { p: t.a
    q: t.b }
  skip none
  select each
  keys max 1 evict oldest
  explain { root p summary "{first(p).x ?? 0} {count(q)}" }
}`;
  const lines = ["b 0 k=1", "b 1 k=2", "a 2 k=1 x=2", "a 3 k=1 x=3"];
  expect(told(rule, lines).findings.at(-1)).toEqual(["3 0", 1]);
});

test("with `select each` events that were lost are missed by every choice of their span", () => {
  const lines = ["a 0 x=1", "a 1 x=2", "a 2 x=3", "a 3 x=4", "b 4"];
  expect(told(pair("partials 1", "select each"), lines).findings).toEqual([["1 4 4", 1]]);
});

test("with `select each` what was lost shortly before a coarse event may lie behind it", () => {
  const rule = pair("partials 1", "select each\n  keys max 1 evict oldest");
  const lines = ["b 0 k=2", "far 1 x=1", "far 1.5 x=2", "b 2"];
  expect(told(rule.replace("p: t.a", "p: t.far"), lines).findings).toEqual([["1 2 2", 1]]);
});

test("choices that are not preferred cost no search", () => {
  const each = ["a 0 x=1", "a 0 x=2", "a 0 x=3", "b 1", "b 1", "b 1"];
  const { findings, partials } = told(pair("partials 2", "select each"), each);
  expect(findings).toHaveLength(6);
  expect([partials, ...findings.map(([, degraded]) => degraded)]).toEqual([0, 0, 0, 0, 0, 0, 0]);
  const same = `rule r {
  match all of by k within 10s partials 1 { p: t.a
    q: t.a
    r: t.a
    s: t.a }
  explain { root p summary "{count(p)}" }
}`;
  expect(told(same, ["a 0"])).toEqual({ findings: [["1", 0]], keys: 0, partials: 0 });
  // Only the step that `until` reads is tried with each of its events.
  const until = `rule r {
  match all of by k within 10s partials 1 { p: t.a
    q: t.a
    r: t.a } until u: t.d where u.x == p.x
  skip none
  explain { root p summary "{count(p)}" }
}`;
  expect(told(until, ["a 0", "a 1", "a 2", "a 3"])).toEqual({
    findings: ["1", "2", "3", "4"].map((count) => [count, 0]),
    keys: 0,
    partials: 0,
  });
});

test("on coarse clocks choices are tried up to a bound, and what is found then is in doubt", () => {
  const rule = `rule r {
  match any of by k within 10s partials 1 { p: t.far
    q: t.a }
  skip none
  explain { root q summary "{count(p)} {count(q)}" }
}`;
  const full = told(rule, ["far 0", "a 1"]);
  expect([full.partials, full.findings.at(-1)]).toEqual([0, ["1 1", 0]]);
  const over = told(rule, ["far 0", "far 1", "a 1.5"]);
  expect([over.partials, over.findings.at(-1)]).toEqual([1, ["2 1", 1]]);
});

test("a single choice that is not tried leaves what is found in doubt", () => {
  const rule = `rule r {
  match all of by k within 10s partials 1 { p: t.far
    q: t.far | t.a where q.x > 1 }
  skip none
  explain { root q summary "{count(p)} {count(q)}" }
}`;
  // With both steps by either of two events there are seven beginnings to try; six are.
  const { findings, partials } = told(rule, ["far 0 x=1", "far 1 x=2", "a 1.5 x=3"]);
  expect([partials, findings.at(-1)]).toEqual([1, ["2 2", 1]]);
});

test("of too many events that wait to be judged the oldest complete nothing, and are missed", () => {
  const rule = pair("partials 1", "keys max 2").replace("q: t.b", "q: t.b | t.far");
  const waiting = ["a 0 k=1", "b 0.05 k=1", ...Array(3).fill("a 0.1 k=2"), "a 0.2 k=3"];
  // There is room for six, with those of the key that went; for it the rest is in doubt to 11.2.
  const later = ["a 5 k=1 x=5", "b 11.5 k=1"];
  expect(told(rule, [...waiting, ...later])).toEqual({
    findings: [
      ["1 0 0", 1],
      ["2 0 5", 1],
      ["1 5 5", 0],
    ],
    keys: 1,
    // Of the key's four events the first, in the end.
    partials: 1,
  });
  expect(told(rule, [...waiting, "a 0.3 k=3", "a 0.9 k=3", ...later])).toEqual({
    findings: [
      ["2 0 5", 1],
      ["1 5 5", 1],
    ],
    keys: 1,
    partials: 3,
  });
});

test("an event there was no room to keep is not given up again while it waits", () => {
  const rule = pair("partials 1", "keys max 1").replace("q: t.b", "q: t.b | t.far");
  const lines = ["a 0 x=1", "a 0.1 x=2", "a 0.2 x=3", "a 0.3 x=4", "b 0.4"];
  expect(told(rule, lines)).toEqual({ findings: [["2 3 4", 1]], keys: 0, partials: 2 });
});
