/** `select`, `skip` and `emit` of sequences (LANGUAGE C.3, C.0.5), by hand. */
import { describe, expect, test } from "vitest";
import { found } from "./by-hand.ts";

const rule = (pattern: string, policies = "") =>
  `rule r { match sequence by k within 10s partials 3 { ${pattern} }\n${policies} }`;
const pair = "p: t.a then q: t.b";

test("`tightest` begins as late as possible, `widest` as early", () => {
  const lines = ["a 0", "a 1", "a 2", "b 3"];
  expect(found(rule(pair), lines)).toEqual(["r@3 p=a3 q=b1"]);
  expect(found(rule(pair, "select widest"), lines)).toEqual(["r@3 p=a1 q=b1"]);
});

test("`each` reports all, the tightest first, at most `partials`", () => {
  const lines = ["a 0", "a 1", "b 3"];
  expect(found(rule(pair, "select each"), lines)).toEqual(["r@3 p=a2 q=b1", "r@3 p=a1 q=b1"]);
  const many = ["a 0", "a 1", "a 2", "a 2.5", "b 3"];
  expect(found(rule(pair, "select each"), many)).toEqual([
    "r@3 p=a4 q=b1",
    "r@3 p=a3 q=b1",
    "r@3 p=a2 q=b1",
  ]);
});

test("an optional step that is there is preferred, whatever is selected", () => {
  const optional = "p: t.a then optional m: t.c then q: t.b";
  const lines = ["a 0", "c 1", "a 2", "b 3"];
  expect(found(rule(optional), lines)).toEqual(["r@3 p=a1 m=c1 q=b1"]);
  expect(found(rule(optional, "select widest"), lines)).toEqual(["r@3 p=a1 m=c1 q=b1"]);
});

test("`skip past` begins anew, `skip none` does not, `skip to` begins at a step", () => {
  const lines = ["a 0", "b 1", "b 2", "a 3", "b 4"];
  expect(found(rule(pair), lines)).toEqual(["r@1 p=a1 q=b1", "r@4 p=a2 q=b3"]);
  expect(found(rule(pair, "skip none"), lines)).toEqual([
    "r@1 p=a1 q=b1",
    "r@2 p=a1 q=b2",
    "r@4 p=a2 q=b3",
  ]);
  const triple = "p: t.a then q: t.a then s: t.b";
  const chain = ["a 0", "a 1", "b 2", "b 3"];
  expect(found(rule(triple, "skip past"), chain)).toEqual(["r@2 p=a1 q=a2 s=b1"]);
  // From the second `a` on there is only one `a`.
  expect(found(rule(triple, "skip to q"), chain)).toEqual(["r@2 p=a1 q=a2 s=b1"]);
  expect(found(rule(triple, "skip to q"), ["a 0", "a 1", "b 2", "a 3", "b 4"])).toEqual([
    "r@2 p=a1 q=a2 s=b1",
    "r@4 p=a2 q=a3 s=b2",
  ]);
});

test("`skip to` the first step goes on by one event", () => {
  expect(found(rule(pair, "skip to p"), ["a 0", "b 1", "b 2"])).toEqual(["r@1 p=a1 q=b1"]);
});

const run = "p: t.a then q: t.b repeat 2.. keep 8";

test("`emit close` takes the run to the end of the span", () => {
  const lines = ["a 0", "b 1", "b 2", "b 9", "b 11"];
  expect(found(rule(run), lines)).toEqual(["r@2 p=a1 q=b1,b2"]);
  expect(found(rule(run, "emit close"), lines)).toEqual(["r@10 p=a1 q=b1,b2,b3"]);
  expect(found(rule(run, "emit close"), lines, { until: 10 })).toEqual([]);
});

test("`emit close` is complete at once when the upper bound is reached", () => {
  const bounded = "p: t.a then q: t.b repeat 2..3 keep 8";
  expect(found(rule(bounded, "emit close"), ["a 0", "b 1", "b 2", "b 3", "b 4"])).toEqual([
    "r@3 p=a1 q=b1,b2,b3",
  ]);
});

test("`until` closes a run that has its minimum, and cancels one that has not", () => {
  const closing = (lines: readonly string[]) =>
    found(`rule r { match sequence by k within 10s { ${run} } until u: t.c\nemit close }`, lines);
  expect(closing(["a 0", "b 1", "b 2", "c 3", "b 4"])).toEqual(["r@3 p=a1 q=b1,b2"]);
  expect(closing(["a 0", "b 1", "c 3", "b 4"])).toEqual([]);
  expect(closing(["a 0", "c 1", "b 2", "b 3"])).toEqual([]);
});

test("`until` before the run began cancels also where one event is enough", () => {
  const one = "p: t.a then q: t.b repeat 1.. keep 8";
  const closing = (until: string, lines: readonly string[]) =>
    found(`rule r { match sequence by k within 10s { ${one} } until ${until}\nemit close }`, lines);
  expect(closing("u: t.c", ["a 0", "c 1", "b 2"])).toEqual([]);
  expect(closing("u: t.c where u.x > 0", ["a 0", "b 2", "c 3"])).toEqual(["r@10 p=a1 q=b1 …!"]);
});

test("with `widest` the episode is reported once, from its first event", () => {
  const lines = ["a 0", "b 1", "a 3", "b 4", "b 12", "b 12.5"];
  expect(found(rule(run, "select widest\nemit close"), lines)).toEqual(["r@10 p=a1 q=b1,b2"]);
});

test("`emit eager` finds what `final` finds", () => {
  const lines = ["a 0", "a 1", "b 2", "b 3"];
  expect(found(rule(pair, "emit eager"), lines)).toEqual(found(rule(pair), lines));
});

test("of two options that cannot both be there the one written first is preferred", () => {
  const options = "p: t.a then optional m: t.c then optional n: t.d then q: t.b";
  const lines = ["a 0", "d 1", "c 2", "b 3"];
  expect(found(rule(options), lines)).toEqual(["r@3 p=a1 m=c1 q=b1"]);
  expect(found(rule(options, "select widest"), lines)).toEqual(["r@3 p=a1 m=c1 q=b1"]);
  const later = ["a 0", "a 1", "b 2"];
  expect(found(rule(options), later)).toEqual(["r@2 p=a2 q=b1"]);
  const more = "p: t.a then optional m: t.c then q: t.b then s: t.d";
  const twice = ["a 0", "b 1", "b 2", "d 3"];
  expect(found(rule(more), twice)).toEqual(["r@3 p=a1 q=b2 s=d1"]);
  expect(found(rule(more, "select widest"), twice)).toEqual(["r@3 p=a1 q=b1 s=d1"]);
});

test("of events at one time the first in ≺ completes first", () => {
  const joined = "p: t.a then q: t.b where q.x == p.x";
  expect(found(rule(joined), ["a 0 x=2", "a 1 x=1", "b 5 x=1", "b 5 x=2"])).toEqual([
    "r@5 p=a2 q=b1",
  ]);
});

describe("`emit close`", () => {
  const closing = (steps: string, head = "", until = "") =>
    `rule r { match sequence by k within 10s partials 8 ${head} { ${steps} }
    ${until} emit close }`;
  const any = "p: t.a then q: t.b repeat 1.. keep 8";

  test("of a rule without an open end changes nothing", () => {
    expect(found(closing(pair), ["a 0", "b 1", "b 2"])).toEqual(["r@1 p=a1 q=b1"]);
    const silence = `${any} then no n: t.c for 3s`;
    expect(found(closing(silence), ["a 0", "b 1", "b 2"])).toEqual(["r@4 p=a1 q=b1"]);
  });

  test("an event at the time a span ends comes before it", () => {
    const joined = "p: t.a then q: t.b where q.x == p.x repeat 1..2 keep 8";
    // The span of a1 ends at 10, where b3 completes a2; the next match must begin behind it.
    const lines = ["a 0 x=1", "b 1 x=1", "a 3 x=2", "b 4 x=2", "b 10 x=2"];
    expect(found(closing(joined), lines)).toEqual(["r@10 p=a2 q=b2,b3"]);
  });

  test("`until` behind the span, or behind the upper bound, closes nothing", () => {
    expect(found(closing(any, "", "until u: t.c"), ["a 0", "b 1", "c 11"])).toEqual([
      "r@10 p=a1 q=b1",
    ]);
    const unknown = "until u: t.c where u.x > 0";
    const two = "p: t.a then q: t.b repeat 1..2 keep 8";
    expect(found(closing(two, "", unknown), ["a 0", "b 1", "b 2", "c 3"])).toEqual([
      "r@2 p=a1 q=b1,b2",
    ]);
    expect(found(closing(two, "", unknown), ["a 0", "b 1", "c 1.5", "b 2"])).toEqual([
      "r@2 p=a1 q=b1,b2 …!",
    ]);
  });

  test("`until` before the run began cancels also where one event is the most", () => {
    const one = "p: t.a then q: t.b repeat 1..1 keep 8";
    expect(found(closing(one, "", "until u: t.c"), ["a 0", "c 1", "b 2"])).toEqual([]);
    expect(found(closing(one, "", "until u: t.c"), ["a 0", "b 2", "c 3"])).toEqual([
      "r@2 p=a1 q=b1",
    ]);
  });

  test("an unknown negative before the run leaves it in doubt", () => {
    const negative = "p: t.a without n: t.c where n.x > 0 then q: t.b repeat 1.. keep 8";
    expect(found(closing(negative), ["a 0", "c 1", "b 2"])).toEqual(["r@10 p=a1 q=b1 …!"]);
  });

  test("a `strict` run ends where another event comes between", () => {
    const until = "until u: t.c where u.x == 1";
    const lines = ["a 0", "b 1", "b 2", "c 3 x=0", "b 4"];
    expect(found(closing(any, "strict", until), lines)).toEqual(["r@10 p=a1 q=b1,b2"]);
    expect(found(closing(any, "", until), lines)).toEqual(["r@10 p=a1 q=b1,b2,b3"]);
  });

  test("the whole way needs one placement in the span", () => {
    // far1 is before c at 0.3, and b is 10.2 s later.
    const way = "p: t.far then m: t.c then q: t.b repeat 1.. keep 8";
    expect(found(closing(way), ["far 0", "c 0.3", "b 10.5"])).toEqual([]);
    expect(found(closing(way), ["far 0", "c 0.3", "b 10.3"])).toEqual([
      "r@10.3 p?=far1 m?=c1 q=b1",
    ]);
  });

  test("a run goes on from its first event in ≺", () => {
    // far1 may be behind b1, but ≺ has it before.
    const run = "p: t.a then q: t.b | t.far where q.x == 1 or count(q) > 0 repeat 1.. keep 8";
    expect(found(closing(run), ["a 0", "far 1 x=0", "b 1.5 x=1"])).toEqual(["r@10 p=a1 q=b1"]);
    expect(found(closing(run), ["a 0", "b 1.5 x=1", "far 2 x=0"])).toEqual(["r@10 p=a1 q=b1,far1"]);
  });
});
