/** Near misses of sequences by hand: of each first event the furthest it came (LANGUAGE C.11). */
import { describe, expect, test } from "vitest";
import { stories } from "./miss-stories.ts";

const rule = (pattern: string, head = "", policies = "") =>
  `rule r { match sequence by k within 30s partials 60 ${head} { ${pattern} }\n${policies} }`;
const pair = rule("p: t.a then q: t.b where q.x == 1");
const triple = rule("p: t.a then q: t.b then s: t.c");
const around = (from: number, to: number) => ({ around: [from, to] }) as const;

describe("when and why it ended", () => {
  test("something at the very end of the time is in time", () => {
    const negative = rule("p: t.a without n: t.c then q: t.b");
    expect(stories(negative, ["a 0", "c 30"])).toEqual(["@30 negated 1 [a1] waiting q by n:c1"]);
    expect(stories(negative, ["a 0", "c 30.000001"])).toEqual(["@30 expired 1 [a1] waiting q"]);
    const silence = rule("p: t.a then no n: t.c for 5s");
    expect(stories(silence, ["a 0", "c 5"])).toEqual(["@5 negated 1 [a1] waiting n by n:c1"]);
    expect(stories(silence, ["a 0", "c 5.000001"])).toEqual([]);
  });

  test("a negative must be true of the event, and between the steps it stands between", () => {
    const picky = rule("p: t.a then q: t.b without n: t.c where n.x == 1 then s: t.d");
    expect(stories(picky, ["a 0", "c 1 x=1", "b 2", "c 3 x=2", "c 4"])).toEqual([
      "@30 expired 2 [a1 b1] waiting s",
    ]);
    expect(stories(picky, ["a 0", "b 2", "c 3 x=1", "d 4"])).toEqual([
      "@3 negated 2 [a1 b1] waiting s by n:c1 (x == 1); s:d1",
    ]);
  });

  test("of two negatives that one event is, the one written first", () => {
    const both = rule("p: t.a without n: t.c without m: t.c where m.x == 1 then q: t.b");
    expect(stories(both, ["a 0", "c 1 x=1"])).toEqual(["@1 negated 1 [a1] waiting q by n:c1"]);
  });

  test("it ends with the first of them, and says nothing of what comes too late then", () => {
    const until = rule("p: t.a then q: t.b then s: t.c", "", "until u: t.d where u.x == 1");
    expect(stories(until, ["a 0", "d 1", "b 2", "d 3 x=1", "c 40"])).toEqual([
      "@3 cancelled 2 [a1 b1] waiting s by u:d2 (x == 1); s:c1 +10",
    ]);
    expect(stories(until, ["a 0", "d 1 x=1", "b 2", "c 3"])).toEqual([
      "@1 cancelled 1 [a1] waiting q by u:d1 (x == 1); q:b1",
    ]);
    expect(stories(until, ["a 0", "d 31 x=1"])).toEqual(["@30 expired 1 [a1] waiting q"]);
    expect(stories(until, ["a 0", "d 1 x=1", "a 2"])).toEqual([
      "@1 cancelled 1 [a1] waiting q by u:d1 (x == 1)",
      "@32 expired 1 [a2] waiting q",
    ]);
  });

  test("an `until` that is a step of the sequence ends it", () => {
    const own = rule("p: t.a then q: t.b then s: t.c", "", "until u: t.b where u.x == 1");
    expect(stories(own, ["a 0", "b 1 x=1", "c 2"])).toEqual([
      "@1 cancelled 2 [a1 b1] waiting s by u:b1 (x == 1); s:c1",
    ]);
  });

  test("the first event does not end what it begins, nor the last what it goes on with", () => {
    const until = rule("p: t.a then q: t.b", "", "until u: t.a where u.x == 1");
    expect(stories(until, ["a 0 x=1"])).toEqual(["@30 expired 1 [a1] waiting q"]);
    const negative = rule(
      "p: t.a without n: t.a where n.x == 1 then q: t.b without m: t.b then s: t.c",
    );
    expect(stories(negative, ["a 0 x=1", "b 1"])).toEqual(["@30 expired 2 [a1 b1] waiting s"]);
  });

  test("what may have come before the step ends nothing", () => {
    const negative = rule("p: t.far without n: t.a then q: t.b");
    expect(stories(negative, ["far 0", "a 0.5"])).toEqual(["@30 expired 1 [far1] waiting q"]);
    expect(stories(negative, ["far 0", "a 1"])).toEqual(["@1 negated 1 [far1] waiting q by n:a1"]);
    const until = rule("p: t.far then q: t.b", "", "until u: t.a");
    expect(stories(until, ["far 0", "a 0.5"])).toEqual(["@30 expired 1 [far1] waiting q"]);
    expect(stories(until, ["far 0", "a 1"])).toEqual(["@1 cancelled 1 [far1] waiting q by u:a1"]);
  });

  test("what the gaps put behind the step ends it", () => {
    const near = rule("p: t.a then within 200ms q: t.far then no n: t.c for 5s");
    expect(stories(near, ["a 0", "far 0", "c 0.5"])).toEqual([
      "@0.5 negated 2 [a1 far1] waiting n by n:c1",
    ]);
  });

  test("a silence that lasted by the recorded times was not waited for in vain", () => {
    const late = rule("p: t.a then after 800ms..1s q: t.far then no n: t.c for 5s");
    expect(stories(late, ["a 0", "far 0", "c 5.5"])).toEqual([
      expect.stringMatching(/^@1 expired 1 \[a1\] waiting q/),
    ]);
  });

  test("a silence is waited for from the last step on, beyond the span", () => {
    const silence = rule("p: t.a then q: t.b then no n: t.c for 10s");
    expect(stories(silence, ["a 0", "b 29", "c 35", "b 40"])).toEqual([
      "@35 negated 2 [a1 b1] waiting n by n:c1",
    ]);
  });

  test("a gap is measured from the last step", () => {
    const gap = rule("p: t.a then q: t.b then within 5s s: t.c");
    expect(stories(gap, ["a 0", "b 8", "c 14", "c 15"])).toEqual([
      "@13 expired 2 [a1 b1] waiting s by 1; s:c1 +1",
    ]);
    expect(stories(gap, ["a 0", "b 28", "c 32"])).toEqual([
      "@30 expired 2 [a1 b1] waiting s by 2; s:c1 +2",
    ]);
  });
});

describe("how far it came", () => {
  test("a step out of the span is not reached", () => {
    expect(stories(triple, ["a 0", "b 32", "c 33"])).toEqual([
      "@30 expired 1 [a1] waiting q by 2; q:b1 +2",
    ]);
    const coarse = rule("p: t.far then q: t.b then s: t.c");
    expect(stories(coarse, ["far 0", "b 30.5"])[0]).toMatch(/^@30 expired 2 \[far1 b1\]/);
    expect(stories(coarse, ["far 0", "b 31"])[0]).toMatch(/^@30 expired 1 \[far1\] waiting q by 1/);
  });

  test("a step that is out of the span because of a gap is not reached", () => {
    const four = rule("p: t.far then after 2s..5s q: t.b then s: t.c then v: t.d");
    expect(stories(four, ["far 0", "b 2.2", "c 30.5"])).toEqual([
      "@30 expired 2 [far1 b1] waiting s by 0.5; s:c1 +0.5",
    ]);
    const run = rule("p: t.far then after 2s..5s q: t.b repeat 3..");
    expect(stories(run, ["far 0", "b 2.2", "b 30.5"])).toEqual([
      "@30 expired 1 [far1 b1] waiting q by 0.5 left 2; q:b2 +0.5",
    ]);
  });

  test("of several ways from one event that came equally far, the closest", () => {
    const gap = rule("p: t.a then q: t.b then within 5s s: t.c");
    expect(stories(gap, ["a 0", "b 1", "b 4", "c 10"])).toEqual([
      "@9 expired 2 [a1 b2] waiting s by 1; s:c1 +1",
    ]);
  });

  test("optional steps that were left out do not count, and none of them is waited for", () => {
    const optional = rule("p: t.a then optional q: t.b then s: t.c then v: t.d");
    expect(stories(optional, ["a 0"])).toEqual(["@30 expired 1 [a1] waiting s"]);
    expect(stories(optional, ["a 0", "c 2"])).toEqual(["@30 expired 2 [a1 - c1] waiting v"]);
    expect(stories(optional, ["a 0", "b 1"])).toEqual(["@30 expired 2 [a1 b1] waiting s"]);
  });

  test("an optional first step that was left out", () => {
    const optional = rule("optional o: t.a then p: t.b then q: t.c");
    expect(stories(optional, ["b 0"])).toEqual(["@30 expired 1 [- b1] waiting q"]);
    expect(stories(optional, ["b 0", "a 50"])).toEqual([
      "@30 expired 1 [- b1] waiting q",
      "@80 expired 1 [a1] waiting p",
    ]);
  });

  test("of more than are looked at closely, the furthest are", () => {
    const many = (kind: string, from: number) =>
      Array.from({ length: 46 }, (_, i) => `${kind} ${from + i / 10}`);
    const lines = [...many("a", 0), ...many("b", 5), "a 100", "b 101", "c 102"];
    const four = rule("p: t.a then q: t.b then s: t.c then v: t.d");
    expect(stories(four, lines)[0]).toBe("@130 expired 3 [a47 b47 c1] waiting v");
  });
});

describe("runs", () => {
  const run = rule("p: t.a repeat 3.. then q: t.b");

  test("what a run has is what came within the span", () => {
    expect(stories(run, ["a 0", "a 1", "a 40"])).toEqual([
      "@31 expired 0 [a2] waiting p by 9 left 2; p:a3 +9",
      "@30 expired 0 [a1,a2] waiting p by 10 left 1; p:a3 +10",
      "@70 expired 0 [a3] waiting p left 2",
    ]);
  });

  test("under `strict` a run ends where something lies between", () => {
    const strict = rule("p: t.a repeat 3.. then q: t.b", "strict", "until u: t.c where u.x == 1");
    expect(stories(strict, ["a 0", "c 1", "a 2"])).toEqual([
      "@30 expired 0 [a1] waiting p left 2; p:a2 behind c1",
      "@32 expired 0 [a2] waiting p left 2",
    ]);
  });

  test("the next step is measured against all that the run had taken then", () => {
    const rising = rule("p: t.a repeat 2.. then q: t.b where q.x > last(p).x and q.x > 0");
    expect(stories(rising, ["a 0 x=1", "a 1 x=2", "a 2 x=9", "b 3 x=5", "a 4 x=4"])[0]).toBe(
      "@30 expired 1 [a1,a2] waiting q; q:b1 (x > last(@0).x)",
    );
  });
});

describe("what could have gone on with it", () => {
  test("events behind the last step, of the same time on, and none that were taken", () => {
    expect(stories(triple, ["a 0", "c 1", "b 2", "c 33"])).toEqual([
      "@30 expired 2 [a1 b1] waiting s by 3; s:c2 +3",
    ]);
    expect(stories(pair, ["a 0", "b 0 x=2"])).toEqual([
      "@30 expired 1 [a1] waiting q; q:b1 (x == 1)",
    ]);
    const same = rule("p: t.a then q: t.a where q.x == 1");
    expect(stories(same, ["a 0", "a 1"])[0]).toBe("@30 expired 1 [a1] waiting q; q:a2 (x == 1)");
  });

  test("none that was taken, though it may lie behind the last step on a coarse clock", () => {
    const coarse = rule("p: t.a then q: t.far then s: t.a");
    expect(stories(coarse, ["far 0", "a 0.5"])).toEqual(["@30.5 expired 2 [a1 far1] waiting s"]);
  });

  test("in the order of time, up to the first that fits and only is too late", () => {
    expect(stories(pair, ["a 0", "b 1", "b 2", "b 32 x=1", "b 33"])).toEqual([
      "@30 expired 1 [a1] waiting q by 2; q:b3 +2; q:b1 (x == 1); q:b2 (x == 1)",
    ]);
    expect(stories(pair, ["a 0", "b 32 x=1", "b 33"])).toEqual([
      "@30 expired 1 [a1] waiting q by 2; q:b1 +2",
    ]);
    const next = rule("p: t.a then next q: t.b where q.x == 1", "", "until u: t.c where u.x == 1");
    expect(stories(next, ["a 0", "c 1", "b 30 x=1", "b 31 x=1"])).toEqual([
      "@30 expired 1 [a1] waiting q by 1; q:b1 behind c1; q:b2 +1 behind c1",
    ]);
  });

  test("however many came before that do not fit", () => {
    const many = Array.from({ length: 65 }, (_, i) => `b ${31 + i}`);
    expect(stories(pair, ["a 0", ...many, "b 100 x=1"])).toEqual([
      "@30 expired 1 [a1] waiting q by 70; q:b66 +70; q:b1 +1 (x == 1); q:b2 +2 (x == 1)",
    ]);
  });

  test("under `next` and `strict`, what lies between and only that", () => {
    const next = "p: t.a then next q: t.b where q.x == 1";
    const until = "until u: t.c where u.x == 1";
    for (const text of [rule(next, "", until), rule(next.replace("next ", ""), "strict", until)]) {
      expect(stories(text, ["a 0", "b 1"])).toEqual([
        "@30 expired 1 [a1] waiting q; q:b1 (x == 1)",
      ]);
      expect(stories(text, ["a 0", "c 1", "b 2 x=1"])).toEqual([
        "@30 expired 1 [a1] waiting q; q:b1 behind c1",
      ]);
    }
    expect(
      stories(rule("p: t.a then q: t.b where q.x == 1", "", until), ["a 0", "c 1", "b 2"]),
    ).toEqual(["@30 expired 1 [a1] waiting q; q:b1 (x == 1)"]);
  });

  test("too early for a gap", () => {
    expect(stories(rule("p: t.a then after 2s q: t.b"), ["a 0", "b 1.5"])).toEqual([
      "@30 expired 1 [a1] waiting q by 0.5; q:b1 -0.5",
    ]);
    const gap = rule("p: t.a then after 2s..5s q: t.b");
    expect(stories(gap, ["a 0", "b 1.5", "b 7"])).toEqual([
      "@5 expired 1 [a1] waiting q by 0.5; q:b1 -0.5; q:b2 +2",
    ]);
  });
});

describe("what is no near miss", () => {
  test("events inside a match begin none", () => {
    expect(
      stories(rule("p: t.a then q: t.b then s: t.c", "", "select widest"), [
        "a 0",
        "b 1",
        "a 2",
        "c 3",
      ]),
    ).toEqual([]);
  });

  test("of another key they do", () => {
    expect(stories(pair, ["a 0", "a 1 k=2", "b 2 x=1"])).toEqual(["@31 expired 1 [a2] waiting q"]);
    const crossed = "rule r { match sequence within 30s { p: t.a by k then q: t.a by x } }";
    expect(stories(crossed, ["a 0 k=1 x=2", "a 1 k=5 x=1"])).toEqual([
      "@31 expired 1 [a2] waiting q",
    ]);
  });

  test("what is complete, and only waits or is in doubt", () => {
    const silence = rule("p: t.a then q: t.b then no n: t.c for 5s");
    expect(stories(silence, ["a 0", "b 28"], { until: 31 })).toEqual([]);
    const held = { silent: { fast: 5 } };
    expect(stories(silence, ["a 0", "b 3"], held)).toEqual([]);
    expect(stories(silence, ["a 0", "b 3"], { ...held, ...around(0, 40) })).toEqual([]);
  });
});

describe("under a focus", () => {
  test("what is complete and waits for its deadline is open until that has passed", () => {
    const silence = rule("p: t.a then q: t.b then no n: t.c for 5s");
    const open = ["@33 open 2 [a1 b1] waiting n"];
    expect(stories(silence, ["a 0", "b 28"], { until: 33, ...around(0, 33) })).toEqual(open);
    expect(stories(silence, ["a 0", "b 28"], { until: 33.000001, ...around(0, 33) })).toEqual([]);
  });

  test("what can still come true is open until its time has passed", () => {
    expect(stories(pair, ["a 0"], { until: 30, ...around(0, 5) })).toEqual([
      "@30 open 1 [a1] waiting q",
    ]);
    expect(stories(pair, ["a 0"], { until: 30.000001, ...around(0, 5) })).toEqual([
      "@30 expired 1 [a1] waiting q",
    ]);
    expect(stories(pair, ["a 0"], { until: 30 })).toEqual([]);
  });

  test("only what was going on then, both ends included", () => {
    const lines = ["a 10"];
    const told = ["@40 expired 1 [a1] waiting q"];
    expect(stories(pair, lines, around(0, 10))).toEqual(told);
    expect(stories(pair, lines, around(0, 9.999999))).toEqual([]);
    expect(stories(pair, lines, around(40, 50))).toEqual(told);
    expect(stories(pair, lines, around(40.000001, 50))).toEqual([]);
    const silence = rule("p: t.a then q: t.b then no n: t.c for 10s");
    expect(stories(silence, ["a 0", "b 30", "c 40"], around(40, 50))).toEqual([
      "@40 negated 2 [a1 b1] waiting n by n:c1",
    ]);
  });

  test("only of the keys that are asked for", () => {
    const lines = ["a 0", "a 1 k=2", "a 2 k=3"];
    expect(stories(pair, lines, { ...around(0, 50), keys: ['["n2"]'] })).toEqual([
      "@31 expired 1 [a2] waiting q",
    ]);
  });

  test("what could have begun it and did not", () => {
    const picky = rule("p: t.a where p.x == 1 then q: t.b");
    expect(
      stories(picky, ["a 0 x=1", "a 5 x=2", "b 10", "a 50 x=1", "a 60"], around(0, 60)),
    ).toEqual(["@80 expired 1 [a3] waiting q", "@60 unmet 0 [] waiting p; p:a4 (x == 1)"]);
    const optional = rule("optional o: t.c then p: t.a where p.x == 1 then q: t.b");
    expect(stories(optional, ["a 5 x=2"], around(5, 5))).toEqual([
      "@5 unmet 0 [] waiting p; p:a1 (x == 1)",
    ]);
    expect(stories(optional, ["a 5 x=2"], around(5.000001, 6))).toEqual([]);
    expect(stories(optional, ["a 5 x=2"], around(4, 4.999999))).toEqual([]);
  });
});
