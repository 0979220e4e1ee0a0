/**
 * What a sequence over clocks that do not say for certain what came first gives up when there is
 * no room, how that is counted, and that findings say so.
 */
import { describe, expect, test } from "vitest";
import { runEngine } from "../../../harness/unit-agreement.ts";
import { compiled, eventsOf, traceOf } from "../../core/ir/by-hand.ts";

/** Summary and number of degradations of each finding, and what was given up. */
function told(rule: string, lines: readonly string[]) {
  const { unit } = compiled(rule);
  const { events } = eventsOf(unit.schema, lines);
  const { findings, engine } = runEngine(unit, traceOf(unit, events, {}));
  const { keys, partials, windowEvents } = engine.counters.evicted;
  return {
    findings: findings.map((f) => `${f.summary}${f.degraded.length > 0 ? " …" : ""}`),
    lost: { keys, partials, windowEvents },
  };
}

const nothing = { keys: 0, partials: 0, windowEvents: 0 };

const sequence = (steps: string, heads = "", more = "", summary = "{p.x ?? 0}") => `rule r {
  match sequence by k within 20s ${heads} { ${steps} }
  ${more}
  explain { root p summary "${summary}" } }`;

/** `count` events, the first at `at`, then one each `step` seconds. */
const many = (kind: string, count: number, at: number, step: number, more = "") =>
  Array.from({ length: count }, (_, i) => `${kind} ${(at + step * i).toFixed(2)} ${more}`.trim());

describe("events of a key", () => {
  // Room for three.
  const rule = sequence("p: t.a without n: t.c where n.x == p.x then q: t.far", "partials 1");

  test("are kept as long as there is room", () => {
    expect(told(rule, ["a 0 x=1", "c 2 x=9", "far 8"])).toEqual({
      findings: ["1"],
      lost: nothing,
    });
  });

  test("that go take along what they are part of, and what comes later may be wrong", () => {
    const lines = ["a 0 x=1", "c 2 x=9", "c 4 x=9", "far 8"];
    const lost = { ...nothing, windowEvents: 1 };
    expect(told(rule, lines)).toEqual({ findings: [], lost });
    // The span, and 1 s for each end that is not certain, behind the event that had no room.
    expect(told(rule, [...lines, "a 29.99 x=2", "far 32"])).toEqual({ findings: ["2 …"], lost });
    // Also when the key had nothing else to remember meanwhile.
    expect(told(rule, [...lines, "a 12 k=2", "a 20 k=3", "a 29.99 x=2", "far 32"])).toEqual({
      findings: ["2 …"],
      lost,
    });
    expect(told(rule, [...lines, "a 30 x=2", "far 32"])).toEqual({ findings: ["2"], lost });
  });

  test("that go make with `skip none` only what ends meanwhile doubtful", () => {
    const each = sequence(
      "p: t.a without n: t.c where n.x == p.x then q: t.far",
      "partials 1",
      "skip none",
    );
    const lines = ["a 0 x=1", "c 2 x=9", "c 4 x=9", "far 8", "a 25 x=2"];
    expect(told(each, [...lines, "far 28"]).findings).toEqual(["2 …"]);
    expect(told(each, [...lines, "far 32"]).findings).toEqual(["2"]);
  });

  test("that are part of nothing take nothing along", () => {
    const pair = sequence("p: t.a then q: t.far where q.x == p.x", "partials 1");
    expect(told(pair, ["far 1 x=9", "a 1.5 x=1", "far 4 x=1"])).toEqual({
      findings: ["1 …"],
      lost: { ...nothing, windowEvents: 1 },
    });
  });

  test("that go take along the runs they are part of, and no others", () => {
    // Room for four.
    const runs = sequence("p: t.a then q: t.far where q.x == p.x repeat 2..", "partials 2");
    const lines = ["a 0 x=1", "far 2 x=1", "a 4 x=2", "far 6 x=2"];
    expect(told(runs, [...lines, "far 8 x=2"])).toMatchObject({
      findings: ["2 …"],
      lost: { windowEvents: 1 },
    });
    expect(told(runs, [...lines, "far 8 x=1"])).toMatchObject({
      findings: [],
      lost: { windowEvents: 1 },
    });
  });

  test("that go take along what any run has taken of them", () => {
    // Room for nine.
    const steps = "p: t.b repeat 2.. then q: t.c then s: t.far where s.x == first(p).x";
    const rule = sequence(steps, "partials 3", "", "{first(p).x}");
    const lines = ["b 1 x=7", "b 2", "c 4"];
    expect(told(rule, [...lines, ...many("far", 5, 5, 1, "x=0"), "far 12 x=7"])).toEqual({
      findings: ["7"],
      lost: nothing,
    });
    expect(told(rule, [...lines, ...many("far", 6, 5, 1, "x=0"), "far 12 x=7"])).toEqual({
      findings: [],
      lost: { ...nothing, windowEvents: 1 },
    });
  });

  test("of which too many wait at once are not judged, the oldest first", () => {
    const pair = sequence("p: t.a then q: t.far", "partials 2", "keys max 1");
    const four = ["a 1 x=1", "a 1.1 x=2", "a 1.2 x=3", "a 1.3 x=4"];
    expect(told(pair, [...four.slice(0, 2), "far 3"])).toEqual({ findings: ["2"], lost: nothing });
    const { lost } = told(pair, four);
    expect(lost.windowEvents).toBe(0);
    expect(told(pair, [...four, "a 1.4 x=5"]).lost.windowEvents).toBe(1);
    const first = sequence("p: t.a then q: t.far", "partials 2", "keys max 1\n select widest");
    expect(told(first, ["a 1 x=1", ...many("far", 4, 1, 0), "far 3"]).findings).toEqual([]);
    expect(told(first, ["a 1 x=1", ...many("far", 3, 1, 0), "far 3"]).findings).toEqual(["1"]);
  });

  test("that wait and are gone already are not counted again", () => {
    const pair = sequence("p: t.a then q: t.far", "partials 1", "keys max 2", "{p.k} {p.x ?? 0}");
    const gone = ["a 1 k=1", "a 1.1 k=1", "a 1.2 k=1", "a 1.3 k=2", "a 1.4 k=2"];
    expect(told(pair, gone).lost.windowEvents).toBe(1);
    // The first of all gives way to those of the other key.
    const other = ["a 1 k=1", ...many("a", 4, 1.1, 0.1, "k=2"), "far 3 k=1", "a 5 k=1 x=5"];
    expect(told(pair, [...other, "far 7 k=1"])).toMatchObject({
      findings: ["1 5 …"],
      lost: { keys: 0, windowEvents: 3 },
    });
  });

  test("that wait and whose key was given up are not counted again", () => {
    const pair = sequence("p: t.a then q: t.far", "partials 2", "keys max 2", "{p.k}");
    const waiting = [...many("a", 4, 1, 0.01, "k=1"), ...many("a", 4, 1.1, 0.01, "k=2")];
    const lines = [...waiting, "a 1.2 k=3", "far 3 k=3"];
    expect(told(pair, lines)).toMatchObject({
      findings: ["3 …"],
      lost: { keys: 1, windowEvents: 0 },
    });
  });
});

describe("partial matches", () => {
  test("of the oldest those that have come least far go, with `evict oldest` just the oldest", () => {
    const rule = (more: string) =>
      sequence(
        `p: t.a then q: t.a where q.x == p.x + 1 then s: t.far where s.x == p.x`,
        "partials 2",
        more,
      );
    const lines = ["a 1 x=10", "a 2 x=11", "a 3 x=20", "a 4 x=30"];
    for (const [more, findings] of [
      ["", ["10 …"]],
      ["keys max 64 evict oldest", []],
    ] as const)
      expect(told(rule(more), [...lines, "far 9 x=10"])).toEqual({
        findings,
        lost: { ...nothing, partials: 3 },
      });
  });

  test("with as many begun the older one goes", () => {
    const rule = sequence("p: t.a then q: t.far where q.x == p.x", "partials 2");
    const lines = ["a 1 x=1", "a 3 x=2", "a 5 x=3"];
    const lost = { ...nothing, partials: 1 };
    expect(told(rule, [...lines, "far 9 x=1"])).toEqual({ findings: [], lost });
    expect(told(rule, [...lines, "far 9 x=2"])).toEqual({ findings: ["2 …"], lost });
  });

  test("are forgotten when nothing can complete them any more, and take no room", () => {
    const rule = sequence("p: t.a then q: t.far where q.x == p.x", "partials 2");
    expect(told(rule, ["a 1 x=1", "a 3 x=2", "a 24 x=3", "a 26 x=4", "far 28 x=3"])).toEqual({
      findings: ["3"],
      lost: nothing,
    });
    const until = rule.replace("partials 2", "partials 1").replace("}\n", "}\n until u: t.c\n");
    expect(told(until, ["a 1 x=1", "c 3", "a 5 x=2", "far 8 x=2"])).toEqual({
      findings: ["2"],
      lost: nothing,
    });
    const negative = sequence("p: t.a without n: t.c then q: t.far where q.x == p.x", "partials 1");
    expect(told(negative, ["a 1 x=1", "c 3", "a 5 x=2", "far 8 x=2"])).toEqual({
      findings: ["2"],
      lost: nothing,
    });
    const strict = sequence("p: t.a then q: t.far where q.x == p.x", "strict partials 2");
    expect(told(strict, ["a 1 x=1", "a 3 x=2", "a 5 x=3", "far 8 x=3"])).toEqual({
      findings: ["3"],
      lost: nothing,
    });
  });

  test("of events of a match that was told are begun no more", () => {
    const three = sequence("p: t.b then q: t.far then s: t.c", "partials 2");
    expect(told(three, ["b 4.1 x=1", "far 4", "c 4.3", "b 4.4 x=2", "b 4.6 x=3", "c 9"])).toEqual({
      findings: ["1"],
      lost: nothing,
    });
    const taken = sequence("p: t.a then q: t.b where q.x == p.x then s: t.far", "partials 2");
    expect(told(taken, ["a 1 x=1", "b 2 x=1", "far 4", "a 6 x=3", "a 7 x=4"])).toEqual({
      findings: ["1"],
      lost: nothing,
    });
  });

  test("of which one began with the last event of a match take no room", () => {
    const own = sequence("p: t.a | t.far then q: t.far where q.x == p.x", "partials 2");
    const lines = ["a 1 x=1", "far 2 x=1", "a 3.5 x=1", "far 5 x=1", "a 6.5 x=2", "far 9 x=2"];
    expect(told(own, lines)).toEqual({ findings: ["1", "1", "2"], lost: nothing });
    const third = sequence("p: t.b then q: t.far then s: t.far | t.c", "partials 3");
    expect(told(third, ["b 1 x=1", "far 2", "far 4", "b 4.3", "b 4.4"])).toEqual({
      findings: ["1"],
      lost: nothing,
    });
  });

  test("and runs of a match that was told take no room", () => {
    const none = sequence("p: t.a then q: t.far", "partials 3", "skip none");
    expect(told(none, ["a 1 x=1", ...many("far", 5, 2, 2)])).toEqual({
      findings: ["1", "1", "1", "1", "1"],
      lost: nothing,
    });
    const runs = sequence("p: t.a then q: t.far repeat 2..", "partials 5");
    const lines = ["a 1 x=1", "far 3", "far 5", "a 7 x=2", "far 9", "far 11"];
    expect(told(runs, [...lines, "a 13 x=3", "far 15", "far 17"])).toEqual({
      findings: ["1", "2", "3"],
      lost: nothing,
    });
    const quiet = sequence("p: t.a then q: t.b then no x: t.far for 3s", "partials 4");
    expect(told(quiet, ["a 1 x=1", "b 2", "b 3", "a 4.9 x=2", "b 5.1", "b 5.2"])).toEqual({
      findings: ["1", "2"],
      lost: nothing,
    });
  });

  test("are begun once, though later events are known already", () => {
    const rule = sequence("p: t.a then q: t.b then s: t.far where s.x == p.x", "partials 2");
    expect(told(rule, ["a 1 x=1", "b 1.5", "far 4 x=1"])).toEqual({
      findings: ["1"],
      lost: nothing,
    });
  });

  test("that are plain are given up for newer ones without a loss", () => {
    const rule = sequence("p: t.a then q: t.b then s: t.far", "partials 4");
    const lines = ["a 1 x=1", "b 3", "a 5 x=2", "b 7", "a 9 x=3", "b 11"];
    expect(told(rule, [...lines, "far 13"])).toEqual({ findings: ["3"], lost: nothing });
  });
});

test("what is told in the place of a lost match, and what that leaves out, is in doubt", () => {
  const rule = `rule r { match sequence by k within 10s partials 3 {
    p: t.a
    without n: t.c | t.far where n.x == p.x
    then after 9s..9s q: t.b }
    explain { root p summary "{p.x}" } }`;
  // The first start is given up; it would have ended at 9 and excluded the one at 6.
  const starts = ["a 0 x=1", "a 0.1 x=2", "a 0.2 x=3", "a 0.3 x=4"];
  const gone = ["c 0.5 x=2", "c 0.5 x=3", "c 0.5 x=4"];
  const later = ["a 6 x=5", "b 9", "a 10 x=6", "b 15", "a 16 x=7", "b 19", "b 25"];
  expect(told(rule, [...starts, ...gone, ...later])).toMatchObject({ findings: ["5 …", "7 …"] });
});

describe("what waits for a time", () => {
  const quiet = sequence("p: t.a then no x: t.far for 5s", "partials 1", "skip none");

  test("takes the room of one, and the older one goes", () => {
    expect(told(quiet, ["a 1 x=1", "a 7 x=2"])).toEqual({ findings: ["1", "2"], lost: nothing });
    expect(told(quiet, ["a 1 x=1", "a 2 x=2"])).toEqual({
      findings: ["2 …"],
      lost: { ...nothing, partials: 1 },
    });
  });

  test("is in doubt as long as what was given up could have lasted", () => {
    // The span, the silence, and 1 s for each end that is not certain.
    const findings = (at: number) => told(quiet, ["a 1 x=1", "a 2 x=2", `a ${at} x=3`]).findings;
    expect(findings(28.99)).toEqual(["2 …", "3 …"]);
    expect(findings(29)).toEqual(["2 …", "3"]);
  });

  test("keeps no more events than there is room for", () => {
    const runs = (partials: number) =>
      sequence(
        "p: t.b repeat 1.. keep 1 then q: t.far then no x: t.c for 5s",
        `partials ${partials}`,
        "select widest",
        "{count(p)}",
      );
    // A match for each of the 8 events that may be the first, of 44 events in all.
    const lines = [...many("b", 8, 1, 0.1), "far 3"];
    expect(told(runs(20), lines)).toEqual({ findings: ["8"], lost: nothing });
    expect(told(runs(19), lines)).toEqual({
      findings: ["7 …"],
      lost: { ...nothing, partials: 1 },
    });
  });
});

describe("runs that are open", () => {
  test("take the room of one each, and the oldest goes", () => {
    const rule = (partials: number) =>
      sequence(
        "p: t.a then q: t.far where count(q) == 0 or q.x == first(q).x repeat 2..",
        `partials ${partials}`,
        "",
        "{first(q).x}",
      );
    // Each of three events may begin a run behind `a1`.
    const lines = ["far 1 x=1", "far 1 x=2", "far 1 x=3", "a 1.5"];
    for (const [x, findings] of [
      [1, []],
      [3, ["3 …"]],
    ] as const)
      expect(told(rule(2), [...lines, `far 4 x=${x}`])).toMatchObject({
        findings,
        lost: { partials: 2 },
      });
    expect(told(rule(4), [...lines, "far 4 x=1"])).toEqual({ findings: ["1"], lost: nothing });
  });

  test("with `emit close` are told in the end, as many as there is room for", () => {
    const rule = sequence(
      "p: t.a then q: t.far repeat 1..2",
      "",
      "skip none\n select each\n keys max 1\n emit close",
    );
    const lines = [...many("a", 6, 1, 1), "far 8", "far 9"];
    const { unit } = compiled(rule);
    const trace = (all: readonly string[]) => traceOf(unit, eventsOf(unit.schema, all).events, {});
    expect(runEngine(unit, trace(lines)).engine.counters.hurried).toBe(1);
    expect(runEngine(unit, trace(lines.slice(2))).engine.counters.hurried).toBe(0);
  });
});

describe("work for one event", () => {
  test("is bounded: what was not asked may be wrong, and that is counted", () => {
    const negatives = ["n", "o", "u", "v"].map(
      (name, i) => `without ${name}: t.c where ${name}.x == p.x + ${i}`,
    );
    const rule = sequence(`p: t.a ${negatives.join(" ")} then q: t.far`, "partials 4");
    const starts = ["a 0 x=1", "a 0.1 x=2", "a 0.2 x=3", "a 0.3 x=4"];
    // 4 tests for each of them and each start; 128 for one event.
    const lines = (n: number) => [...starts, ...many("c", n, 2, 0.1, "x=99"), "far 6 x=50"];
    expect(told(rule, lines(6))).toEqual({ findings: ["4"], lost: nothing });
    expect(told(rule, lines(12))).toEqual({
      findings: ["3 …"],
      lost: { ...nothing, partials: 1 },
    });
  });

  test("is bounded also where a silence is over", () => {
    const rule = sequence(
      "p: t.a then q: t.far then no x: t.c where x.x == p.x for 2s",
      "partials 8",
      "until u: t.c where u.x == p.x + 1\n skip none\n select each",
    );
    // Each of 8 matches, for which 8 partial ones make room, is asked twice about each event.
    const lines = (n: number) => [...many("a", 8, 1, 0.1), "far 4", ...many("c", n, 6.01, 0.03)];
    expect(told(rule, lines(10)).lost).toEqual({ ...nothing, partials: 8 });
    expect(told(rule, lines(23)).lost).toEqual({ ...nothing, partials: 9 });
  });

  test("begins anew with each event", () => {
    const rule = sequence("p: t.a then q: t.far", "partials 1", "keys max 1");
    const lines = Array.from({ length: 20 }, (_, i) => `${i % 2 ? "far" : "a"} ${2 * i} x=${i}`);
    const { findings, lost } = told(rule, lines);
    expect([findings.length, lost]).toEqual([10, nothing]);
    expect(findings.filter((f) => f.includes("…"))).toEqual([]);
  });
});

describe("keys", () => {
  const three = (more: string) =>
    sequence("p: t.a then q: t.b then s: t.far", "partials 8", more, "{p.k}");
  const lines = ["a 0 k=1", "b 1 k=1", "a 2 k=2", "a 4 k=3", "far 6 k=1", "b 7 k=3", "far 9 k=3"];

  test("that have come less far go first, with `evict oldest` just the oldest", () => {
    expect(told(three("keys max 2"), lines)).toEqual({
      findings: ["1 …", "3 …"],
      lost: { ...nothing, keys: 1 },
    });
    expect(told(three("keys max 2 evict oldest"), lines)).toEqual({
      findings: ["3 …"],
      lost: { ...nothing, keys: 2 },
    });
  });

  test("that only wait for a time, or for the end of a run, have come furthest", () => {
    const quiet = sequence("p: t.a then no x: t.far for 5s", "", "keys max 2", "{p.k}");
    const all = ["a 1 k=1", "far 2 k=2", "far 3 k=3", "far 4 k=4", "far 20"];
    expect(told(quiet, all)).toMatchObject({ findings: ["1 …"] });
    const run = sequence("p: t.far then q: t.b repeat 1..", "", "keys max 2\n emit close", "{p.k}");
    const open = ["far 1 k=1", "b 3 k=1", "far 4 k=2", "far 6 k=3", "far 8 k=4", "b 10 k=1"];
    expect(told(run, open)).toMatchObject({ findings: ["1 …"] });
  });

  test("under which nothing waits are forgotten and take no room", () => {
    const rule = sequence("p: t.a then q: t.far", "", "keys max 2", "{p.k}");
    const idle = ["far 0 k=1", "far 2 k=2", "far 4 k=3", "far 6 k=4", "a 8 k=5", "far 10 k=5"];
    expect(told(rule, idle)).toEqual({ findings: ["5"], lost: nothing });
    const over = ["a 0 k=1", "far 2 k=1", "a 4 k=2", "far 6 k=2", "a 8 k=3", "far 10 k=3"];
    expect(told(rule, over)).toEqual({ findings: ["1", "2", "3"], lost: nothing });
    const quiet = sequence("p: t.a then no x: t.far for 1s", "", "keys max 2", "{p.k}");
    const silent = ["a 0 k=1", "a 4 k=2", "a 8 k=3", "a 12 k=4"];
    expect(told(quiet, silent)).toEqual({ findings: ["1", "2", "3", "4"], lost: nothing });
  });

  test("under which something waits are not forgotten", () => {
    const rule = sequence("p: t.a then q: t.far", "", "keys max 2", "{p.k}");
    const again = ["far 0 k=1", "a 1.5 k=1", "far 3 k=2", "far 5 k=1"];
    expect(told(rule, again)).toEqual({ findings: ["1"], lost: nothing });
    const waits = ["far 0 k=1", "a 1.2 k=2", "a 2.1 k=1", "far 4 k=1"];
    expect(told(rule, waits)).toEqual({ findings: ["1"], lost: nothing });
    const soon = ["far 0 k=1", "a 0.5 k=1", "far 3 k=2", "far 5 k=1"];
    expect(told(rule, soon)).toEqual({ findings: ["1"], lost: nothing });
  });

  test("get no younger by events that are for no step under them", () => {
    const rule = `rule r {
      keys max 2 evict oldest
      match sequence within 30s {
        p: t.far where p.k < 9 by k
        then q: t.far | t.a where q.k == 9 by x } }`;
    const counts = [1, 2, 3].map((x) => {
      const early = ["far 1 k=1", "far 3 k=2", "far 5 k=2 x=1", "far 7 k=3"];
      return told(rule, [...early, `far 9 k=9 x=${x}`]).findings.length;
    });
    expect(counts).toEqual([0, 1, 1]);
  });
});
