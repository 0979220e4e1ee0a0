/** `all of`, `any of` and `n of` by hand: any order, shared events, spans, `until`. */
import { expect, test } from "vitest";
import { judge } from "#core";
import { at, compiled, eventsOf, found, shownMatch, traceOf } from "./by-hand.ts";

const rule = (head: string, steps: string, policies = "") =>
  `rule r { match ${head} by k within 10s partials 8 { ${steps} }\n${policies} }`;
const three = "p: t.a\nq: t.b\ns: t.c";

test("the order does not matter, the span does", () => {
  expect(found(rule("all of", three), ["c 0", "a 1", "b 2"])).toEqual(["r@2 p=a1 q=b1 s=c1"]);
  expect(found(rule("all of", three), ["c 0", "a 5", "b 10"])).toEqual(["r@10 p=a1 q=b1 s=c1"]);
  expect(found(rule("all of", three), ["c 0", "a 5", "b 10.5"])).toEqual([]);
});

test("`n of` is complete with n different steps", () => {
  expect(found(rule("2 of", three), ["a 0", "a 1", "c 2"])).toEqual(["r@2 p=a1,a2 s=c1"]);
  expect(found(rule("any of", three), ["b 3"])).toEqual(["r@3 q=b1"]);
  expect(found(rule("2 of", three), ["a 0", "a 1"])).toEqual([]);
});

test("one event counts for every step it satisfies", () => {
  const shared = "p: t.a where p.x > 1\nq: t.a where q.x < 5";
  expect(found(rule("all of", shared), ["a 0 x=3"])).toEqual(["r@0 p=a1 q=a1"]);
  expect(found(rule("all of", shared), ["a 0 x=1", "a 1 x=7"])).toEqual(["r@1 p=a2 q=a1"]);
});

test("a step reads those written before it; the search finds the pair that fits", () => {
  const reading = "p: t.a\nq: t.b where q.x == p.x";
  expect(found(rule("all of", reading), ["a 0 x=1", "a 1 x=2", "b 2 x=1"])).toEqual([
    "r@2 p=a1,a2 q=b1",
  ]);
  expect(found(rule("all of", reading), ["b 0 x=1", "a 1 x=2"])).toEqual([]);
  expect(found(rule("all of", reading), ["b 0 x=1", "a 1 x=2", "a 2 x=1"])).toEqual([
    "r@2 p=a1,a2 q=b1",
  ]);
});

test("the steps speak of all their events in the span", () => {
  expect(found(rule("all of", "p: t.a\nq: t.b"), ["a 0", "a 8", "a 9", "b 15"])).toEqual([
    "r@15 p=a2,a3 q=b1",
  ]);
});

test("`skip past` begins anew behind the event that completed it, `skip none` does not", () => {
  const two = "p: t.a\nq: t.b";
  const lines = ["a 0", "b 1", "a 2", "b 3"];
  expect(found(rule("all of", two), lines)).toEqual(["r@1 p=a1 q=b1", "r@3 p=a2 q=b2"]);
  expect(found(rule("all of", two, "skip none"), lines)).toEqual([
    "r@1 p=a1 q=b1",
    "r@2 p=a1,a2 q=b1",
    "r@3 p=a1,a2 q=b1,b2",
  ]);
});

test("`until` between the first event and the last cancels", () => {
  const until = "rule r { match all of by k within 10s { p: t.a\nq: t.b } until u: t.d }";
  expect(found(until, ["a 0", "d 1", "b 2"])).toEqual([]);
  expect(found(until, ["a 0", "d 1", "a 2", "b 3"])).toEqual(["r@3 p=a2 q=b1"]);
  expect(found(until, ["d 0", "a 1", "b 2", "d 3"])).toEqual(["r@2 p=a1 q=b1"]);
});

test("an `until` that is unknown leaves the finding in doubt", () => {
  const until =
    "rule r { match all of by k within 10s { p: t.a\nq: t.b } until u: t.d where u.x > 0 }";
  expect(found(until, ["a 0", "d 1", "b 2"])).toEqual(["r@2 p=a1 q=b1 …!"]);
});

test("`until` of a coarse clock cancels only where it is certainly between", () => {
  const until = "rule r { match all of by k within 10s { p: t.a\nq: t.b } until u: t.far }";
  expect(found(until, ["a 0.5", "far 1", "b 3"])).toEqual([]);
  expect(found(until, ["a 0.5", "far 0", "b 3"])).toEqual(["r@3 p=a1 q?=b1"]);
});

test("the span is measured on the most favourable placement, as that of a sequence", () => {
  const pair = (within: string) =>
    `rule r { match all of by k within ${within} { p: t.far\nq: t.b } }`;
  // The coarse event at 0 happened somewhere in [0, 1).
  expect(found(pair("10s"), ["far 0", "b 10.5"])).toEqual(["r@10.5 p=far1 q=b1"]);
  expect(found(pair("10s"), ["far 0", "b 11"])).toEqual([]);
  expect(found(pair("10s slack 1s"), ["far 0", "b 11"])).toEqual(["r@11 p=far1 q=b1"]);
  // Whichever is first, the last is at most 2 s later.
  const three = "rule r { match all of by k within 2s { p: t.far\nq: t.b\ns: t.c } }";
  expect(found(three, ["far 0", "b 0.5", "c 2.2"])).toEqual(["r@2.2 p=far1 q=b1 s=c1"]);
  expect(found(three, ["far 3", "b 0.5", "c 2.2"])).toEqual([]);
});

test("coarse events of one clock are as far apart as it told them", () => {
  const two = "rule r { match all of by k within 2500ms { p: t.far\nq: t.away } }";
  expect(found(two, ["far 0", "away 3"])).toEqual([]);
  expect(found(two, ["far 0", "away 2"])).toEqual(["r@2 p=far1 q=away1"]);
});

test("keys do not mix", () => {
  const two = "p: t.a\nq: t.b";
  expect(found(rule("all of", two), ["a 0 k=1", "b 1 k=2", "a 2 k=2"])).toEqual(["r@2 p=a2 q=b1"]);
});

test("`each` reports every choice, the latest first", () => {
  const two = "p: t.a\nq: t.b";
  expect(found(rule("all of", two, "select each"), ["a 0", "a 1", "b 2"])).toEqual([
    "r@2 p=a2 q=b1",
    "r@2 p=a1 q=b1",
  ]);
});

test("an `until` that reads a step cancels the choices for which it is true", () => {
  const until = (where: string) =>
    `rule r { match all of by k within 10s { p: t.a\nq: t.b } until u: t.d where ${where} }`;
  const same = until("u.x == p.x");
  expect(found(same, ["a 0 x=1", "d 1 x=1", "b 2"])).toEqual([]);
  expect(found(same, ["a 0 x=1", "d 1 x=2", "b 2"])).toEqual(["r@2 p=a1 q=b1"]);
  expect(found(same, ["a 0 x=1", "d 1", "b 2"])).toEqual(["r@2 p=a1 q=b1 …!"]);
  // Of two first events the one that is not cancelled is taken; a step after it is not read.
  expect(found(same, ["a 0 x=2", "a 1 x=1", "d 2 x=1", "b 3"])).toEqual(["r@3 p=a1,a2 q=b1"]);
  expect(found(until("has q"), ["a 0", "d 1", "b 2"])).toEqual(["r@2 p=a1 q=b1"]);
  expect(found(until("has q"), ["b 0", "d 1", "a 2"])).toEqual([]);
});

test("of choices of the same events that comes first whose first step took the latest", () => {
  const twice = rule("all of", "p: t.a\nq: t.a", "select each\nskip none");
  expect(found(twice, ["a 0", "a 1"])).toEqual([
    "r@0 p=a1 q=a1",
    "r@1 p=a2 q=a2",
    "r@1 p=a2 q=a1",
    "r@1 p=a1 q=a2",
  ]);
});

test("of choices of the same events a step that has none counts as the earliest", () => {
  const preferred = [
    "r@1 q=b1 s=b1 u=b1",
    "r@1 q=b1 s=b1 u=a1",
    "r@1 q=b1 s=a1 u=b1",
    "r@1 q=a1 s=b1 u=b1",
    "r@1 q=b1 s=a1 u=a1",
    "r@1 q=a1 s=b1 u=a1",
    "r@1 q=a1 s=a1 u=b1",
    "r@1 q=b1 s=b1",
  ];
  const steps = "p: t.c\nq: t.a | t.b\ns: t.a | t.b\nu: t.a | t.b";
  for (const partials of [2, 3, 4, 5, 6, 7, 8]) {
    const each = `rule r {
      match 2 of by k within 10s partials ${partials} { ${steps} }
      select each
      skip none }`;
    const last = found(each, ["a 0", "b 1"]).filter((f) => f.startsWith("r@1"));
    expect(last).toEqual(preferred.slice(0, partials));
  }
});

test("what may cancel is remembered as long as a match is not judged", () => {
  const rule = `rule r { match all of by k within 2s slack 1s { p: t.far
    q: t.b } until u: t.tick where u.x == 5 }`;
  // Told before the first event, and possibly between the two.
  expect(found(rule, ["tick 0.1", "far 1", "b 4.9", "b 6.8"])).toEqual(["r@4.9 p=far1 q=b1 …!"]);
  expect(found(rule, ["tick 0.1 x=4", "far 1", "b 4.9", "b 6.8"])).toEqual(["r@4.9 p=far1 q=b1"]);
});

test("what may have cancelled and what is unknown are both said, as of a sequence", () => {
  const until = "until u: t.far where u.x > 0";
  const lines = ["a 0.5", "far 0 x=1", "far 1", "b 3"];
  const marked = ["r@3 p=a1 q?=b1 …!"];
  expect(
    found(`rule r { match all of by k within 10s { p: t.a\nq: t.b } ${until} }`, lines),
  ).toEqual(marked);
  const sequence = `rule r { match sequence by k within 10s { p: t.a then q: t.b } ${until} }`;
  expect(found(sequence, lines)).toEqual(marked);
});

test("`until` must certainly be after the first and certainly before the last to cancel", () => {
  const until = "rule r { match all of by k within 10s { p: t.a\nq: t.b } until u: t.far }";
  expect(found(until, ["a 0.5", "far 2", "b 2.5"])).toEqual(["r@2.5 p=a1 q?=b1"]);
  expect(found(until, ["a 0.5", "far 2", "b 3"])).toEqual([]);
});

test("`until` knows the steps up to its own event, that event included", () => {
  const rule = (until: string) =>
    `rule r { match all of by k within 10s { p: t.a\nq: t.b\ns: t.c } until u: ${until} }`;
  expect(found(rule("t.b where has q"), ["a 0", "b 1", "c 2"])).toEqual([]);
  expect(found(rule("t.d where has q"), ["a 0", "d 0.5", "b 1", "c 2"])).toEqual([
    "r@2 p=a1 q=b1 s=c1",
  ]);
});

test("where the preferred first event is cancelled another one is taken", () => {
  const rule = (p: string, policies = "") =>
    `rule r { match all of by k within 10s partials 8 { p: ${p}\nq: t.b }
    until u: t.d where not has q ${policies} }`;
  // The `d` before any `b` is inside of what begins with the first `a`, not with the second.
  const lines = ["a 0", "d 1", "a 2", "b 3"];
  expect(found(rule("t.a", "select widest"), lines)).toEqual(["r@3 p=a1,a2 q=b1"]);
  expect(found(rule("t.a"), lines)).toEqual(["r@3 p=a1,a2 q=b1"]);
  // The coarse event may be behind the `d`, the exact one that ≺ has later is not.
  expect(found(rule("t.a | t.far"), ["far 0", "a 0.5", "d 0.7", "b 2"])).toEqual([
    "r@2 p=far1,a1 q?=b1",
  ]);
});

test("a step that was left out has no events, also where some would fit", () => {
  const rule = `rule r { match 3 of by k within 10s {
    p: t.a where p.x == 1\nq: t.b\ns: t.c\nv: t.a where v.x == 2
  } until u: t.d where has q }`;
  expect(found(rule, ["a 0 x=1", "b 1", "d 2", "c 3", "a 4 x=2"])).toEqual(["r@4 p=a1 s=c1 v=a2"]);
});

test("`skip to` goes on from what was chosen: the latest, for the widest the earliest", () => {
  const rule = (select: string) => `rule r {
    match all of by k within 10s partials 2 { p: t.a\nq: t.b }\nselect ${select}\nskip to p }`;
  const lines = ["a 0", "a 1", "a 2", "b 3", "b 4"];
  expect(found(rule("tightest"), lines)).toEqual(["r@3 p=a1,a2,a3 q=b1"]);
  expect(found(rule("widest"), lines)).toEqual(["r@3 p=a1,a2,a3 q=b1", "r@4 p=a2,a3 q=b1,b2"]);
});

test("`each`: more steps first, then the latest first event, then as written", () => {
  const each = "select each\nskip none";
  expect(found(rule("2 of", "p: t.a\nq: t.a\ns: t.b", each), ["a 0", "b 1"])).toEqual([
    "r@0 p=a1 q=a1",
    "r@1 p=a1 q=a1 s=b1",
    "r@1 p=a1 s=b1",
    "r@1 q=a1 s=b1",
  ]);
  expect(found(rule("all of", three, each), ["b 0", "a 1", "a 2", "b 3", "c 4"])).toEqual([
    "r@4 p=a2 q=b2 s=c1",
    "r@4 p=a1 q=b2 s=c1",
    "r@4 p=a2 q=b1 s=c1",
    "r@4 p=a1 q=b1 s=c1",
  ]);
});

test("of a rule that drains a match takes the first event that began in time", () => {
  const begun = (lines: readonly string[]) => {
    const { unit } = compiled(rule("all of", "p: t.a\nq: t.b", "skip to p"));
    const { events, names } = eventsOf(unit.schema, lines);
    const trace = { ...traceOf(unit, events, {}), begunBy: at(1) };
    return judge(unit, new Map(), trace).findings.map((f) => shownMatch(f.match, names));
  };
  // The second `a` is chosen; behind it nothing began in time.
  expect(begun(["a 0", "a 1", "a 1.5", "b 2", "b 3"])).toEqual(["r@2 p=a1,a2,a3 q=b1"]);
  expect(begun(["a 1", "b 2"])).toEqual(["r@2 p=a1 q=b1"]);
  expect(begun(["a 1.000001", "b 2"])).toEqual([]);
});
