/** Windows of every shape by hand (LANGUAGE C.4). */

import { describe, expect, test } from "vitest";
import { evaluate, judge, matchEnv } from "#core";
import { disagreement } from "../../../harness/unit-agreement.ts";
import { at, compiled, found, missed, tell, traceOf } from "./by-hand.ts";

const over = (shape: string, having: string, policies = "") =>
  `rule r { match over e: t.a ${shape} by k having ${having}\n${policies} }`;

test("sliding: reported when it becomes true, again only after it was false", () => {
  const rule = over("sliding 10s", "count() >= 2");
  expect(found(rule, ["a 0", "a 5", "a 9", "a 25", "a 26"])).toEqual([
    "r@5 e=a1,a2",
    "r@26 e=a4,a5",
  ]);
  // (0, 10] does not hold the event at 0.
  expect(found(rule, ["a 0", "a 10"])).toEqual([]);
});

test("sliding: silence of the window's size arms it again", () => {
  const rule = over("sliding 10s", "count() >= 1");
  expect(found(rule, ["a 0", "a 9", "a 19"])).toEqual(["r@0 e=a1", "r@19 e=a3"]);
});

test("sliding with `emit close`: once, when it stops being true", () => {
  const rule = over("sliding 10s", "count() >= 2", "emit close");
  expect(found(rule, ["a 0", "a 5", "a 9", "a 18", "a 40"])).toEqual(["r@28 e=a1,a2,a3,a4"]);
  const falling = over("sliding 10s", "count(e.x > 0) >= 2", "emit close");
  expect(found(falling, ["a 0 x=1", "a 5 x=1", "a 9 x=0", "a 14 x=0"])).toEqual([
    "r@14 e=a1,a2,a3",
  ]);
  expect(found(rule, ["a 0", "a 5"], { until: 15 })).toEqual([]);
});

test("tumbling: aligned, decided at the end of the pane, start included", () => {
  const rule = over("tumbling 10s", "count() >= 2");
  expect(found(rule, ["a 8", "a 10", "a 19", "a 30"])).toEqual(["r@20 e=a2,a3"]);
  expect(found(rule, ["a 10", "a 19"], { until: 20 })).toEqual([]);
});

test("tumbling: a run of panes is one match, or one at its end under `emit close`", () => {
  const lines = ["a 1", "a 2", "a 11", "a 12", "a 21", "a 31", "a 32"];
  expect(found(over("tumbling 10s", "count() >= 2"), lines)).toEqual([
    "r@10 e=a1,a2",
    "r@40 e=a6,a7",
  ]);
  expect(found(over("tumbling 10s", "count() >= 2", "emit close"), lines)).toEqual([
    "r@30 e=a1,a2,a3,a4",
    "r@50 e=a6,a7",
  ]);
});

test("tumbling: a key that fell silent is judged once more, then forgotten", () => {
  const rule = over("tumbling 10s", "count() == 0");
  expect(found(rule, ["a 3"])).toEqual(["r@20"]);
  expect(found(rule, ["a 3", "a 45"])).toEqual(["r@20", "r@60"]);
});

test("tumbling: an entity is judged through its whole life", () => {
  const rule = "rule r { match over e: t.a tumbling 10s by same pod having count() == 0 }";
  const lives = [["pod p1", 5, 42]] as const;
  expect(found(rule, ["a 12 pod=p1"], { lives })).toEqual(["r@30(p1)"]);
  // [0, 10) began before it was up; [30, 40) follows an empty pane.
  expect(found(rule, [], { lives })).toEqual(["r@20(p1)"]);
});

test("an event that may or may not count leaves a pane in doubt that more events could undo", () => {
  const rule = (having: string) =>
    `rule r { match over e: t.a where e.x > 0 tumbling 10s by k having ${having} }`;
  expect(found(rule("count() == 0"), ["a 5 x=1", "a 15"])).toEqual(["r@20 …!"]);
  expect(found(rule("count() == 0"), ["a 5 x=1", "a 15 x=0"])).toEqual(["r@20"]);
  expect(found(rule("count() == 0"), ["a 5 x=1", "a 9", "a 20"])).toEqual(["r@20"]);
  expect(found(rule("count() == 0"), ["a 5 x=1", "a 15 k=2"])).toEqual(["r@20"]);
  expect(found(rule("count() >= 1"), ["a 5 x=1", "a 6"])).toEqual(["r@10 e=a1"]);
});

test("an entity of which nothing certain is known is judged in doubt", () => {
  const rule =
    "rule r { match over e: t.a where e.x > 0 tumbling 10s by same pod having count() == 0 }";
  const lives = [["pod p1", 0, 15]] as const;
  expect(found(rule, ["a 5 pod=p1"], { lives })).toEqual(["r@10(p1) …!"]);
  expect(found(rule, ["a 11 pod=p1"], { lives })).toEqual(["r@10(p1)"]);
});

test("hop: overlapping panes", () => {
  const rule = over("hop 10s every 5s", "count() >= 2");
  expect(found(rule, ["a 4", "a 6"])).toEqual(["r@10 e=a1,a2"]);
  expect(found(rule, ["a 6", "a 14"])).toEqual(["r@15 e=a1,a2"]);
});

test("session: events less than the gap apart, cut at the maximum", () => {
  const rule = over("session gap 5s max 12s", "count() >= 2");
  expect(found(rule, ["a 0", "a 4", "a 9"])).toEqual(["r@9 e=a1,a2"]);
  expect(found(rule, ["a 0", "a 4", "a 8", "a 11", "a 13", "a 14"])).toEqual([
    "r@12 e=a1,a2,a3,a4",
    "r@19 e=a5,a6",
  ]);
});

test("session: an event exactly at the cut begins the next one", () => {
  const rule = over("session gap 5s max 12s", "count() >= 1");
  expect(found(rule, ["a 0", "a 4", "a 8", "a 12"])).toEqual(["r@12 e=a1,a2,a3", "r@17 e=a4"]);
});

test("paned aggregates see whole panes", () => {
  // (0, 10] in panes of 4 s: from the pane that begins at 0; at 11: (1, 11], from 0 as well.
  const rule = over("sliding 10s resolution 4s", "sum(e.x) >= 3");
  expect(found(rule, ["a 1 x=1", "a 5 x=1", "a 11 x=1"])).toEqual(["r@11 e=a2,a3(3)"]);
  expect(found(rule, ["a 1 x=1", "a 5 x=1", "a 14 x=1"])).toEqual([]);
});

describe("how many events there are", () => {
  const shown = (having: string, policies = "", resolution = "4s") => `rule r {
    match over e: t.a sliding 10s resolution ${resolution} by k having ${having}
    ${policies}
    explain { root e summary "{count()} {count(e.x > 0)} {distinct(e.x)} {duration()}" }
  }`;
  const told = (rule: string, lines: readonly string[]) =>
    tell(rule, lines).judgement.findings.map(({ finding: { summary, chain } }) => [
      summary,
      chain[0]?.count,
    ]);
  const lines = ["a 1 x=1", "a 5 x=2", "a 11 x=1"];

  test("is exact where it is all that is asked, and else of whole panes", () => {
    // (1, 11] holds two events; its oldest pane begins at 0.
    expect(told(shown("count() >= 2"), ["a 1 x=1", "a 11 x=2", "a 12 x=1"])).toEqual([
      ["2 3 2 1s", 2],
    ]);
    expect(told(shown("count() > 1 and last(e.x) > 0"), lines)).toEqual([["2 2 2 4s", 2]]);
    expect(told(shown("distinct(e.x) >= 2 and last(e.x) < 2"), lines)).toEqual([["3 3 2 10s", 3]]);
    expect(told(shown("sum(e.x) >= 4"), lines)).toEqual([["3 3 2 10s", 3]]);
  });

  test("is that of all of an episode", () => {
    const more = [...lines, "a 14 x=3", "a 40 x=1"];
    expect(told(shown("count() >= 2", "emit close"), more)).toEqual([["4 4 3 13s", 4]]);
    expect(told(shown("count(e.x > 0) >= 2", "emit close"), more)).toEqual([["4 4 3 13s", 4]]);
    // From 5 on it is true; the first pane that is seen then begins at −8.
    expect(told(shown("sum(e.x) >= 3", "emit close"), more)).toEqual([["4 4 3 13s", 4]]);
  });

  test("of `distinct(x) >= N` alone is exact for the values", () => {
    const rule = shown("distinct(e.x) >= 2");
    // 1 at 1 has left (1, 11]. At 12 the oldest pane still begins at 0.
    expect(told(rule, ["a 1 x=1", "a 11 x=2", "a 12 x=3"])).toEqual([["3 3 2 11s", 3]]);
  });
});

test("the newest events are kept as evidence, and the count is of all", () => {
  const rule = over("sliding 60s", "count() >= 20", 'explain { root e summary "{duration()}" }');
  const lines = Array.from({ length: 20 }, (_, i) => `a ${i}`);
  const [f] = tell(rule, lines).judgement.findings;
  const [taken] = f?.match.captures ?? [];
  expect(taken).toMatchObject({ count: 20, sinceUs: at(0) });
  expect(taken?.kept.map((e) => e.ts)).toEqual(Array.from({ length: 16 }, (_, i) => at(i + 4)));
  expect(taken?.first).toBe(taken?.kept[0]);
  expect(f?.finding.summary).toBe("19s");
  expect(f?.finding.chain).toMatchObject([{ ts: at(0), count: 20 }]);
  expect(f?.finding.dimensions[0]?.detail).toBe("all within 19s");
});

test("history: the panes before, from that of the first event on", () => {
  const rule = over(
    "sliding 10s resolution 5s",
    "zscore(count(), half_life: 10s, warmup: 20s) > 4",
  );
  // At 21 the panes from 10 on hold 3 events, 2.8 deviations more than before; at 22 it is 4.9.
  const steady = ["a 1", "a 6", "a 11", "a 16", "a 21"];
  expect(found(rule, steady)).toEqual([]);
  expect(found(rule, [...steady, "a 22", "a 22.5", "a 23", "a 23.5"])).toEqual([
    "r@22 e=a4,a5,a6(4)",
  ]);
});

test("views of the past are those of pane ends before the event", () => {
  const { judgement } = tell(over("sliding 10s resolution 5s", "count() >= 3"), [
    "a 1",
    "a 11",
    "a 20",
    "a 20.5",
  ]);
  const view = judgement.findings[0]?.match.view;
  expect(view?.knownUs).toBe(19_500_000);
  // Ends at 5, 10, 15, 20 over (−5, 5], (0, 10], (5, 15], (10, 20].
  expect(view?.past.map((v) => v.events.map((e) => e.ts))).toEqual([
    [at(1)],
    [at(1)],
    [at(11)],
    [at(11), at(20)],
  ]);
});

test("an hour of panes is affordable", () => {
  const rule = over(
    "sliding 1m resolution 5s",
    "zscore(rate(), half_life: 1h, warmup: 30m) > 100 and count() >= 1",
  );
  const lines = Array.from({ length: 400 }, (_, i) => `a ${i * 9}`);
  const { unit, events } = tell(rule, lines.slice(0, 1));
  expect(events).toHaveLength(1);
  const begin = performance.now();
  expect(found(rule, lines, { until: 4000 })).toEqual([]);
  expect(performance.now() - begin).toBeLessThan(1000);
  expect(unit.rules).toHaveLength(1);
});

test("aggregates of an explanation see the window of the match", () => {
  const rule = over(
    "session gap 5s max 60s",
    "count() >= 2",
    'explain { root e summary "{rate()}" }',
  );
  const { unit, judgement } = tell(rule, ["a 0", "a 3"]);
  const [f] = judgement.findings;
  expect(f?.finding.summary).toBe("0.25/s");
  expect(f && evaluate({ op: "taken", step: 0 }, matchEnv(unit, new Map(), f.match))).toBe(2);
});

test("a run of panes says where its first pane begins", () => {
  const lines = ["a 11", "a 12", "a 21", "a 22"];
  const { findings } = tell(over("tumbling 10s", "count() >= 2", "emit close"), lines).judgement;
  expect(findings.map((f) => f.match.beganUs)).toEqual([at(10)]);
});

describe("panes of an entity", () => {
  const empty = (key = "same pod", where = "") =>
    `rule r { match over e: t.a ${where} tumbling 10s by ${key} having count() == 0 }`;

  test("an empty pane is about the life that reached into it or into the length before", () => {
    const about = (...life: [up: number, down?: number]) =>
      found(empty(), ["a 3 pod=p1"], { lives: [["pod p1", ...life]], until: 20.5 });
    expect(about(0, 5)).toEqual(["r@20(p1)"]);
    expect(about(-5, 0)).toEqual(["r@20"]);
    expect(about(-5, 0.000001)).toEqual(["r@20(p1)"]);
    expect(about(19.999999)).toEqual(["r@20(p1)"]);
    expect(about(20)).toEqual(["r@20"]);
  });

  test("of several lives it is about the one that began last", () => {
    const { unit } = compiled(empty());
    const life = (node: string, up: number, down?: number) => ({
      kind: "pod",
      key: "p1",
      chain: { pod: "p1", node },
      up: at(up),
      down: down === undefined ? undefined : at(down),
    });
    const entities = [life("n2", 16), life("n1", 0, 15)];
    const trace = { ...traceOf(unit, [], {}), world: { entities, relations: [] } };
    expect(disagreement(unit, trace)).toBeUndefined();
    const { findings } = judge(unit, new Map(), trace);
    expect(findings.map(({ match }) => [match.at - at(0), match.subject?.node])).toEqual([
      [10e6, "n1"],
      [30e6, "n2"],
    ]);
  });

  test("panes known from events and from its life make one run", () => {
    const lives = [["pod p1", 0, 60]] as const;
    expect(found(empty(), ["a 35 pod=p1"], { lives })).toEqual(["r@10(p1)", "r@50(p1)"]);
  });

  test("only where the entity alone is the key, and is of that kind", () => {
    const lives = [["pod p1", 0, 60]] as const;
    expect(found(empty("same pod, e.k"), [], { lives })).toEqual([]);
    expect(found(empty(), [], { lives: [["node n1", 0, 60]] })).toEqual([]);
  });

  test("a run is in doubt when an event of one of its panes is", () => {
    const rule = `rule r { match over e: t.a where e.x > 0 tumbling 10s by same pod
      having count() == 0\nemit close }`;
    const lives = [["pod p1", 0]] as const;
    const run = (x: string) =>
      found(rule, [`a 15 ${x} pod=p1`, "a 35 x=1 pod=p1"], { lives, until: 55 });
    expect(run("")).toEqual(["r@40(p1) …!"]);
    expect(run("x=0")).toEqual(["r@40(p1)"]);
  });
});

test("a pane that ends with the trace is open", () => {
  const rule = over("tumbling 10s", "count() >= 4");
  const near = (until: number) => missed(rule, ["a 1", "a 2"], { until, around: [0, 10] });
  expect(near(10)).toEqual(["r@10 open 2 waiting e"]);
  expect(near(10.000001)).toEqual(["r@10 threshold 2 waiting e"]);
});

test.each(["tumbling 10s", "hop 10s every 5s", "session gap 4s max 20s"])(
  "a pane holds more values than its condition asks for: %s",
  (shape) => {
    const rule = `rule r { match over e: t.a ${shape} by k having distinct(e.x) >= 2
      explain { root e summary "{distinct(e.x)}" } }`;
    const { judgement } = tell(rule, ["a 5 x=1", "a 6 x=2", "a 7 x=3", "a 7 x=4"]);
    expect(judgement.findings[0]?.finding.summary).toBe("4");
  },
);

test.each(["tumbling 2s", "sliding 2s"])(
  "a past has values that no condition asks for: %s",
  (shape) => {
    const rule = `rule r { match over e: t.a ${shape} by k having distinct(e.x) >= 1
    explain { root e summary "{baseline(distinct(e.x), half_life: 1s)}" } }`;
    // The engine must find the same.
    expect(found(rule, ["a 0 x=1", "a 0 x=2", "a 6 x=3"]).length).toBeGreaterThan(1);
  },
);
