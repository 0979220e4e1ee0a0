/**
 * Sequences over events of clocks that do not say for certain what came first: what is found, by
 * hand, as the interpreter finds it.
 */
import { describe, expect, test } from "vitest";
import { found as foundIn, type Setting } from "../../core/ir/by-hand.ts";

/** With a confidence that tells what is said of each step, so that this is compared, too. */
function found(rules: string, lines: readonly string[], setting?: Setting): string[] {
  const all = [...rules.matchAll(/(without |no |until )?(\w+): t\./g)];
  const names = all.filter(([, not]) => !not).map(([, , name]) => name);
  const marks = names.map((n, i) => {
    const weight = `0.0${1 << i}`;
    return `plus ${weight} when ${n} is uncertain plus 0.1 when ${n} is incomplete`;
  });
  const summary = names.map((n) => `{count(${n})} {first(${n}).x ?? 0}`).join(", ");
  const explain = `explain { root ${names.at(-1)} confidence 0.1 ${marks.join(" ")}
    summary "${summary}" }`;
  return foundIn(rules.replace(/\}\s*$/, `\n${explain} }`), lines, setting);
}

const rule = (steps: string, more = "", span = "within 20s") => `rule r {
  match sequence by k ${span} { ${steps} }
  ${more} }`;

describe("what came in between", () => {
  test("an event that no placement of the whole match leaves room for is not in between", () => {
    // `far1` happened behind `a1`, and so behind `c1`.
    const between = rule("p: t.a then q: t.far without n: t.c then s: t.b");
    expect(found(between, ["a 4.5", "far 4", "c 4.4", "b 5.5"])).toEqual([
      "r@5.5 p?=a1 q?=far1 s=b1",
    ]);
    expect(found(between, ["a 4.2", "a 4.5", "far 4", "c 4.4", "b 5.5"])).toEqual([
      "r@5.5 p?=a2 q?=far1 s=b1",
    ]);
    expect(found(between, ["a 4.5", "far 4", "c 4.6", "b 5.5"])).toEqual([
      "r@5.5 p?=a1 q?=far1 s?=b1",
    ]);
    expect(found(between, ["a 4.5", "far 4", "c 5", "b 5.5"])).toEqual([]);
  });

  test("what may have come before the last event ends nothing, however late it is known", () => {
    const ended = rule("p: t.a then q: t.b without n: t.far then s: t.c");
    expect(found(ended, ["a 1", "far 2", "b 2.5", "a 3 k=1", "c 4"])).toEqual([
      "r@4 p=a1 q=b1 s?=c1",
    ]);
    expect(found(ended, ["a 1", "b 2.5", "far 3", "c 4"])).toEqual([]);
  });

  test("only an event of the step that must not happen ends a match", () => {
    const other = rule("p: t.a without n: t.c where n.x == p.x then q: t.far where q.x == 2");
    expect(found(other, ["a 1 x=1", "far 3 x=1", "far 5 x=2"])).toEqual(["r@5 p=a1 q=far2"]);
    expect(found(other, ["a 1 x=1", "c 3 x=1", "far 5 x=2"])).toEqual([]);
    const until = `rule r { match sequence by k within 20s { p: t.a then q: t.far where q.x == 2 }
      until u: t.c where u.x == 1 }`;
    expect(found(until, ["a 1 x=1", "far 3 x=1", "far 5 x=2"])).toEqual(["r@5 p=a1 q=far2"]);
    expect(found(until, ["a 1 x=1", "c 3 x=1", "far 5 x=2"])).toEqual([]);
    expect(found(until, ["c 1 x=1", "a 2 x=1", "far 5 x=2"])).toEqual(["r@5 p=a1 q=far1"]);
  });

  test("a condition of `until` knows what had happened by then, not what came later", () => {
    const until = `rule r { match sequence by k within 20s {
      p: t.a repeat 1.. then q: t.far } until u: t.c where count(p) >= 2 }`;
    expect(found(until, ["a 1", "c 2", "a 3", "far 5"])).toEqual(["r@5 p=a1,a2 q=far1"]);
    expect(found(until, ["a 1", "a 2", "c 3", "far 5"])).toEqual(["r@5 p=a2 q=far1"]);
    expect(found(until, ["a 1", "a 2", "c 3", "a 4", "far 5"])).toEqual(["r@5 p=a2,a3 q=far1"]);
  });

  test("what ends a match is looked for up to its last event, wherever that is recorded", () => {
    const until = `rule r { match sequence by k within 20s {
      p: t.a then q: t.b then after 500ms..9s s: t.far } until u: t.c }`;
    // `far1` happened at 4.6 or later.
    expect(found(until, ["a 3", "b 4.1", "far 4", "c 4.3"])).toEqual([]);
    expect(found(until, ["a 3", "b 4.1", "far 4", "c 4.7"])).toEqual(["r@4.1 p=a1 q?=b1 s?=far1"]);
    expect(found(until, ["a 3", "b 4.1", "far 4", "c 5"])).toEqual(["r@4.1 p=a1 q?=b1 s?=far1"]);
  });

  test("without an answer to a condition a match may be wrong", () => {
    const unknown = rule("p: t.a without n: t.c where n.x == 1 then q: t.far");
    expect(found(unknown, ["a 1", "c 2", "far 4"])).toEqual(["r@4 p=a1 q=far1 …!"]);
    expect(found(unknown, ["a 1", "c 2", "c 2.5 x=2", "far 4"])).toEqual(["r@4 p=a1 q=far1 …!"]);
    expect(found(unknown, ["a 1", "c 2", "c 2.5 x=1", "far 4"])).toEqual([]);
    const until = `rule r { match sequence by k within 20s { p: t.a then q: t.b then s: t.far }
      until u: t.c where u.x == 1 }`;
    expect(found(until, ["a 1", "c 2", "b 3", "far 4"])).toEqual(["r@4 p=a1 q=b1 s=far1 …!"]);
  });

  test("under keys of their own events count as in between where one of their steps has it", () => {
    const next = "rule r { match sequence within 30s { p: t.a by k then next q: t.far by x } }";
    expect(found(next, ["a 1 k=1", "a 2 k=2 x=1", "far 3 k=3 x=1"])).toEqual(["r@3 p=a1 q=far1"]);
    expect(found(next, ["a 1 k=1", "far 2 k=1 x=2", "far 4 k=3 x=1"])).toEqual(["r@4 p=a1 q=far2"]);
    expect(found(next, ["a 1 k=1", "a 2 k=1", "far 3 k=3 x=1"])).toEqual(["r@3 p=a2 q=far1"]);
    const third = next.replace("q: t.far", "q: t.far where q.k == 3");
    expect(found(third, ["a 1 k=1", "far 2 k=5 x=2", "far 4 k=3 x=1"])).toEqual([
      "r@4 p=a1 q=far2",
    ]);
    expect(found(third, ["a 1 k=1", "far 2 k=5 x=1", "far 4 k=3 x=1"])).toEqual([]);
  });

  test("under `strict` any other event breaks what was begun, also within a run", () => {
    const strict = rule("p: t.a then q: t.b repeat 2.. then s: t.far", "", "within 20s strict");
    expect(found(strict, ["a 1", "b 2", "b 3", "far 5"])).toEqual(["r@5 p=a1 q=b1,b2 s=far1"]);
    expect(found(strict, ["a 1", "b 2", "far 2.5", "b 4", "far 6"])).toEqual([]);
    expect(found(strict, ["a 1", "far 2", "b 4", "b 5", "far 6"])).toEqual([]);
    expect(found(strict, ["a 1", "b 3.5", "far 3", "b 4.5", "far 6"])).toEqual([
      "r@6 p=a1 q?=b1,b2 s=far2",
    ]);
    const last = rule("p: t.far then q: t.b repeat 2..", "", "within 20s strict");
    expect(found(last, ["far 1", "b 3", "b 4"])).toEqual(["r@4 p=far1 q=b1,b2"]);
    expect(found(last, ["far 1", "b 3", "far 4", "b 6"])).toEqual([]);
    expect(found(last, ["far 1", "b 3", "far 3", "b 3.5"])).toEqual(["r@3.5 p=far1 q?=b1,b2"]);
  });
});

describe("runs and options", () => {
  test("a run takes what may lie before the next step, though it is recorded later", () => {
    const run = rule("p: t.b repeat 1.. then q: t.far");
    expect(found(run, ["far 4", "b 4.2", "b 4.5"])).toEqual(["r@4.5 p?=b1,b2 q?=far1"]);
    expect(found(run, ["b 3", "far 4", "b 4.2", "b 5.5"])).toEqual(["r@4.2 p?=b1,b2 q?=far1"]);
    const long = rule("p: t.b repeat 2..3 then q: t.far", "select widest");
    expect(found(long, ["b 1", "b 2", "b 3", "b 3.5", "far 4"])).toEqual(["r@4 p=b1,b2,b3 q=far1"]);
  });

  test("a run at the end takes nothing that is in the match already", () => {
    const run = rule("p: t.far then q: t.far | t.b repeat 2..");
    expect(found(run, ["far 1", "b 1.5", "b 3"])).toEqual(["r@3 p?=far1 q?=b1,b2"]);
    expect(found(run, ["far 1", "b 1.5"])).toEqual([]);
  });

  test("a distance is one from the first event of a run, and its own order marks no step", () => {
    const after = rule("p: t.a then after 1s..9s q: t.b repeat 2.. then s: t.far");
    expect(found(after, ["a 1", "b 3", "b 3.5", "far 5"])).toEqual(["r@5 p=a1 q=b1,b2 s=far1"]);
    expect(found(after, ["a 1", "b 1.5", "b 1.6", "far 5"])).toEqual([]);
    const mixed = rule("p: t.a then q: t.b | t.far repeat 2.. then s: t.c");
    expect(found(mixed, ["a 1", "far 3", "b 3.5", "c 5"])).toEqual(["r@5 p=a1 q=far1,b1 s=c1"]);
  });

  test("a run of one at the end is complete at once", () => {
    const one = rule("p: t.far then q: t.b repeat 1..");
    expect(found(one, ["far 1", "b 3"])).toEqual(["r@3 p=far1 q=b1"]);
    expect(found(one, ["b 1.5", "far 1"])).toEqual(["r@1.5 p?=far1 q?=b1"]);
  });

  test("a condition of a run reads what the run has taken so far", () => {
    const rising = rule("p: t.far then q: t.b where count(q) == 0 or q.x > last(q).x repeat 2..");
    expect(found(rising, ["far 1", "b 3 x=2", "b 4 x=1", "b 5 x=3"])).toEqual([
      "r@5 p=far1 q=b2,b3",
    ]);
    const inside = rule(`p: t.a then q: t.b where count(q) == 0 or q.x > last(q).x repeat 2..
      then s: t.far`);
    expect(found(inside, ["a 1", "b 3 x=2", "b 4 x=1", "b 5 x=3", "far 6"])).toEqual([
      "r@6 p=a1 q=b2,b3 s=far1",
    ]);
    const sum = rule("p: t.a then q: t.b repeat 2.. then s: t.far where s.x == sum(q.x)");
    expect(found(sum, ["a 1", "b 3 x=2", "b 4 x=3", "far 6 x=5"])).toEqual([
      "r@6 p=a1 q=b1,b2 s=far1",
    ]);
  });

  test("options are left out where there is nothing for them", () => {
    const option = rule("p: t.a then optional q: t.b then optional o: t.c then s: t.far");
    expect(found(option, ["a 1", "far 4"])).toEqual(["r@4 p=a1 s=far1"]);
    expect(found(option, ["a 1", "c 3", "far 4"])).toEqual(["r@4 p=a1 o=c1 s=far1"]);
    expect(found(option, ["a 1", "b 2", "c 3", "far 4"])).toEqual(["r@4 p=a1 q=b1 o=c1 s=far1"]);
    const without = rule("p: t.a then optional q: t.b without n: t.d then s: t.far");
    expect(found(without, ["a 1", "d 2", "far 4"])).toEqual([]);
    const aggregate = rule(`p: t.a then optional q: t.b repeat 1.. then s: t.far
      where s.x == 0 or sum(q.x) == s.x`);
    expect(found(aggregate, ["a 1", "far 4 x=0"])).toEqual(["r@4 p=a1 s=far1"]);
    expect(found(aggregate, ["a 1", "b 2 x=3", "far 4 x=3"])).toEqual(["r@4 p=a1 q=b1 s=far1"]);
  });

  test("a distance of 1 µs is one", () => {
    const after = rule("p: t.a then after 1us..9s q: t.b then s: t.far");
    expect(found(after, ["a 1", "b 1", "far 3"])).toEqual([]);
    expect(found(after, ["a 1", "b 1.000001", "far 3"])).toEqual(["r@3 p=a1 q=b1 s=far1"]);
    expect(found(after, ["a 1", "b 10", "far 13"])).toEqual(["r@13 p=a1 q=b1 s=far1"]);
    expect(found(after, ["a 1", "b 10.1", "far 13"])).toEqual([]);
  });
});

describe("the span", () => {
  test("holds where any placement of first and last event keeps it", () => {
    const three = rule("p: t.a then q: t.b then s: t.far", "", "within 5s");
    expect(found(three, ["a 1", "b 2", "far 6"])).toEqual(["r@6 p=a1 q=b1 s=far1"]);
    expect(found(three, ["a 1", "b 2", "far 7"])).toEqual([]);
    const early = rule("p: t.far then q: t.b then s: t.c", "", "within 5s");
    expect(found(early, ["far 1", "b 3", "c 6.999999"])).toEqual(["r@6.999999 p=far1 q=b1 s=c1"]);
    expect(found(early, ["far 1", "b 3", "c 7"])).toEqual([]);
    // `far1` happened at 1.2 or sooner.
    expect(found(early, ["far 1", "b 1.2", "c 6.2"])).toEqual(["r@6.2 p?=far1 q?=b1 s=c1"]);
    expect(found(early, ["far 1", "b 1.2", "c 6.3"])).toEqual([]);
    const run = rule("p: t.far then q: t.b repeat 2..", "", "within 5s");
    expect(found(run, ["far 1", "b 3", "b 6.999999"])).toEqual(["r@6.999999 p=far1 q=b1,b2"]);
    expect(found(run, ["far 1", "b 3", "b 7"])).toEqual([]);
  });

  test("may be missing", () => {
    const open = rule("p: t.a then after 1s..9s q: t.b then after 1s..9s s: t.far", "", "");
    expect(found(open, ["a 1", "b 9", "far 18"])).toEqual(["r@18 p=a1 q=b1 s=far1"]);
    expect(found(open, ["a 1", "b 9", "far 19"])).toEqual([]);
  });
});

describe("what is told of several matches", () => {
  test("an event of a match that was told is in no other one", () => {
    const pair = rule("p: t.b then q: t.far then s: t.c");
    expect(found(pair, ["b 4.1", "far 4", "c 4.3", "b 4.4", "c 4.5"])).toEqual([
      "r@4.3 p?=b1 q?=far1 s?=c1",
    ]);
    const twice = rule("p: t.b then q: t.b then s: t.far");
    expect(found(twice, ["b 1", "b 2", "far 4", "b 4.5", "far 6"])).toEqual([
      "r@4 p=b1 q=b2 s=far1",
    ]);
  });

  test("with `skip none` each end tells one, with `skip to` later ones begin behind that step", () => {
    const pair = (more: string) => rule("p: t.a then q: t.b then s: t.far", more);
    const lines = ["a 1", "b 2", "b 3", "far 5", "far 6"];
    expect(found(pair("skip none"), lines)).toEqual([
      "r@5 p=a1 q=b2 s=far1",
      "r@6 p=a1 q=b2 s=far2",
    ]);
    expect(found(pair("skip none\n select widest"), lines)).toEqual([
      "r@5 p=a1 q=b1 s=far1",
      "r@6 p=a1 q=b1 s=far2",
    ]);
    expect(found(pair("skip none\n select each"), ["a 1", "b 2", "b 3", "far 5"])).toEqual([
      "r@5 p=a1 q=b2 s=far1",
      "r@5 p=a1 q=b1 s=far1",
    ]);
    const run = rule("p: t.a then q: t.b repeat 1.. then s: t.far", "skip to q\n select widest");
    expect(found(run, ["a 1", "a 1.5", "b 2", "far 4", "far 6"])).toEqual(["r@4 p=a1 q=b1 s=far1"]);
    const same = rule("p: t.a then q: t.a then s: t.far", "skip to q");
    expect(found(same, ["a 1", "a 2", "a 3", "far 5", "far 6"])).toEqual(["r@5 p=a2 q=a3 s=far1"]);
    const chain = rule("p: t.a | t.b then q: t.b | t.far", "skip to q");
    expect(found(chain, ["a 1", "b 2", "far 4", "b 6"])).toEqual([
      "r@2 p=a1 q=b1",
      "r@4 p=b1 q=far1",
    ]);
  });

  test("the one that began last is told, with `select widest` the one that began first", () => {
    const pair = (more: string) => rule("p: t.a then q: t.b then s: t.far", more);
    const lines = ["a 1", "a 2", "b 3", "a 3.5", "b 3.6", "far 5"];
    expect(found(pair(""), lines)).toEqual(["r@5 p=a3 q=b2 s=far1"]);
    expect(found(pair("select widest"), lines)).toEqual(["r@5 p=a1 q=b1 s=far1"]);
  });
});

describe("silence", () => {
  const quiet = (more = "") => rule("p: t.a then no x: t.far for 2s", more);

  test("an event that may lie in the silence makes it doubtful, one that does breaks it", () => {
    expect(found(quiet(), ["a 1", "far 5"])).toEqual(["r@3 p=a1"]);
    expect(found(quiet(), ["a 1", "far 2"])).toEqual([]);
    expect(found(quiet(), ["a 1.5", "far 3"])).toEqual(["r@3.5 p?=a1"]);
    expect(found(quiet(), ["far 1", "a 1.5"])).toEqual(["r@3.5 p?=a1"]);
    expect(found(quiet(), ["a 1", "far 3"])).toEqual(["r@3 p?=a1"]);
  });

  test("one that may lie behind the silence is looked for until nothing more may lie in it", () => {
    const behind = rule("p: t.a then q: t.far then no x: t.c for 2s");
    expect(found(behind, ["a 1", "far 4", "c 6.5"])).toEqual(["r@6 p=a1 q?=far1"]);
    expect(found(behind, ["a 1", "far 4", "c 7"])).toEqual(["r@6 p=a1 q=far1"]);
    expect(found(behind, ["a 1", "far 4", "c 6"])).toEqual([]);
    const first = rule("p: t.b then q: t.far then no x: t.c for 2s");
    expect(found(first, ["far 4", "b 4.5", "c 4.6"])).toEqual(["r@6.5 p?=b1 q?=far1"]);
  });

  test("of events of one time each has its own silence", () => {
    expect(found(quiet("skip none"), ["a 1", "a 1"])).toEqual(["r@3 p=a1", "r@3 p=a2"]);
    const pair = rule("p: t.a then q: t.b then no x: t.far for 5s");
    expect(found(pair, ["a 1", "b 2", "b 3"])).toEqual(["r@7 p=a1 q=b1"]);
    expect(found(pair, ["a 1", "a 1.5", "b 2", "b 3", "far 4", "a 8", "b 9"])).toEqual([
      "r@14 p=a3 q=b3",
    ]);
  });

  test("without an answer in time it is flagged, held back or dropped", () => {
    const lossy = { lost: { fast: 2 } };
    const loss = (policy: string) => rule("p: t.far then no x: t.b for 2s", policy);
    expect(found(loss("on loss drop"), ["far 1", "far 5"], lossy)).toEqual(["r@7 p=far2"]);
    expect(found(loss("on loss hold"), ["far 1", "far 5"], lossy)).toEqual(["r@7 p=far2"]);
    expect(found(loss("on loss flag"), ["far 1", "far 5"], lossy)).toEqual([
      "r@3 p!=far1 …!",
      "r@7 p=far2",
    ]);
  });

  test("it counts from the event that was recorded last", () => {
    const behind = rule("p: t.b then q: t.far then no x: t.c for 2s");
    expect(found(behind, ["far 4", "b 4.5", "c 6.4"])).toEqual([]);
    expect(found(behind, ["far 4", "b 4.5", "c 6.6"])).toEqual(["r@6.5 p?=b1 q?=far1"]);
  });

  test("what ends a match ends it also while the silence lasts", () => {
    const until = `rule r { match sequence by k within 20s { p: t.a then no x: t.far for 5s }
      until u: t.c where u.x == count(p) }`;
    expect(found(until, ["a 1", "c 3 x=1"])).toEqual([]);
    expect(found(until, ["a 1", "c 3 x=2"])).toEqual(["r@6 p=a1"]);
    expect(found(until, ["a 1", "c 7 x=1"])).toEqual(["r@6 p=a1"]);
    const pair = `rule r { match sequence by k within 20s {
      p: t.a then q: t.b then no x: t.far for 5s } until u: t.c where u.x == count(p) }`;
    expect(found(pair, ["a 1", "c 2 x=1", "b 3"])).toEqual([]);
    expect(found(pair, ["a 1", "c 2 x=2", "b 3"])).toEqual(["r@8 p=a1 q=b1"]);
  });

  test("silences of several keys that end at one time are told in the order of their ends", () => {
    const limited = `rule r { match sequence by k within 9s { p: t.a then no x: t.far for 2s }
      rate 1 per 1h by true }`;
    expect(found(limited, ["a 0 k=1", "a 0 k=2", "far 0.5 k=1", "a 0 k=3"])).toEqual(["r@2 p=a2"]);
    const two = limited.replace("rate 1", "rate 2");
    expect(found(two, ["a 0 k=3", "a 0 k=2", "a 0 k=1"])).toEqual(["r@2 p=a1", "r@2 p=a2"]);
    for (const [first, second] of [
      [1, 2],
      [2, 1],
    ])
      expect(found(limited, [`a 0 k=${first}`, `a 0 k=${second}`])).toEqual(["r@2 p=a1"]);
  });

  test("so are those of keys where another silence was broken", () => {
    // What `a1` waited for is void; what `a3` waits for comes behind what `a2` does.
    const same = rule("p: t.a then no x: t.a | t.far for 2s", "rate 1 per 1h by true", "within 9s");
    expect(found(same, ["a 0 k=1", "a 0 k=2", "a 0 k=1"])).toEqual(["r@2 p=a2"]);
  });

  test("an event of the match itself may be what ends it", () => {
    const own = `rule r { match sequence by k within 20s {
      p: t.a then o: t.b repeat 1.. then q: t.far then no x: t.d for 2s }
      until u: t.b where u.x == 1 }`;
    expect(found(own, ["a 3", "b 4.2 x=1", "far 4", "b 4.5"])).toEqual([]);
    const last = `rule r { match sequence by k within 20s {
      p: t.a then q: t.b then no x: t.far for 2s } until u: t.b where u.x == 1 }`;
    expect(found(last, ["a 1", "b 2 x=1"])).toEqual(["r@4 p=a1 q=b1"]);
    expect(found(last, ["a 1", "b 2 x=1", "b 3 x=1"])).toEqual([]);
    expect(found(own, ["a 3", "b 4.2 x=2", "far 4", "b 4.5 x=2"])).toEqual([
      "r@6.5 p=a1 o?=b1,b2 q?=far1",
    ]);
  });

  test("silences of one key each have their time", () => {
    const each = quiet("skip none");
    expect(found(each, ["a 1", "a 1.5", "a 2"])).toEqual(["r@3 p=a1", "r@3.5 p=a2", "r@4 p=a3"]);
    expect(found(quiet(), ["a 1", "a 1.5", "a 4"])).toEqual(["r@3 p=a1", "r@3.5 p=a2", "r@6 p=a3"]);
  });
});
