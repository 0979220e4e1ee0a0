/** Windows in the engine: bounds, what these leave in doubt, and times that tie (LANGUAGE C.4). */
import { describe, expect, test } from "vitest";
import type { CoreUnit, Finding } from "#core";
import { runEngine } from "../../../harness/unit-agreement.ts";
import { at, compiled, eventsOf, found, traceOf } from "../../core/ir/by-hand.ts";

const over = (shape: string, having: string, policies = "", step = "t.a") =>
  `rule r { match over e: ${step} ${shape} by k having ${having}\n${policies}
  explain { root e summary "{count()} {e.k}" } }`;

/** The rule's unit with room for so many events of a key. */
function unitOf(rules: string, maxEvents?: number): CoreUnit {
  const { unit } = compiled(rules);
  if (maxEvents === undefined) return unit;
  const narrow = unit.rules.map((r) =>
    r.pattern.node === "win" ? { ...r, pattern: { ...r.pattern, maxEvents } } : r,
  );
  return { ...unit, rules: narrow };
}

function run(unit: CoreUnit, lines: readonly string[], until = 1000) {
  const { events } = eventsOf(unit.schema, lines);
  const { findings, engine } = runEngine(unit, traceOf(unit, events, { until }));
  const told = [...findings].sort((a, b) => a.at - b.at).map(shown);
  return { told, evicted: engine.counters.evicted };
}

function shown({ summary, degraded }: Finding): string {
  return degraded.length > 0 ? `${summary} in doubt` : summary;
}

describe("values of a key", () => {
  test("of more than there is room for the oldest goes, counted, and findings say so", () => {
    const rule = over("sliding 10s", "p50(e.x) >= 2");
    const lines = ["a 0 x=1", "a 1 x=1", "a 2 x=1", "a 3 x=2", "a 4 x=2"];
    expect(run(unitOf(rule, 5), lines)).toMatchObject({ told: [], evicted: { windowEvents: 0 } });
    expect(run(unitOf(rule, 3), lines)).toMatchObject({
      told: ["5 1 in doubt"],
      evicted: { windowEvents: 2 },
    });
    expect(run(unitOf(over("tumbling 10s", "p50(e.x) >= 2"), 3), lines)).toMatchObject({
      told: ["5 1 in doubt"],
      evicted: { windowEvents: 2 },
    });
  });

  test("numbers and thresholds need no room for events", () => {
    const lines = Array.from({ length: 40 }, (_, i) => `a ${i / 8} x=${i % 7}`);
    for (const having of [
      "count() >= 40",
      "distinct(e.x) >= 7 and sum(e.x) > 112",
      "stddev(e.x) > 1",
    ])
      for (const shape of ["sliding 10s", "tumbling 10s", "hop 10s every 5s"]) {
        const { told, evicted } = run(unitOf(over(shape, having), 1), lines);
        expect(told.length).toBeGreaterThan(0);
        expect(evicted.windowEvents).toBe(0);
      }
  });

  test("what went is in doubt only as long as a window could hold it", () => {
    const rule = over("sliding 4s", "p50(e.x) > 0");
    const lines = ["a 0 x=1", "a 0.1 x=0", "a 0.2 x=1", "a 4.15 x=1", "a 20 x=1"];
    expect(run(unitOf(rule), lines).told).toEqual(["1 1", "3 1", "1 1"]);
    expect(run(unitOf(rule, 2), lines).told).toEqual(["1 1", "2 1 in doubt", "1 1"]);
    const panes = over("tumbling 4s", "p50(e.x) > 0");
    const more = ["a 0 x=1", "a 1 x=1", "a 2 x=0", "a 9 x=1", "a 20 x=1"];
    expect(run(unitOf(panes), more).told).toEqual(["3 1", "1 1", "1 1"]);
    expect(run(unitOf(panes, 2), more).told).toEqual(["1 1", "1 1"]);
  });

  test("an episode keeps no more than there is room for", () => {
    const rule = over("sliding 4s", "p99(e.x) >= 0", "emit close");
    const lines = Array.from({ length: 9 }, (_, i) => `a ${i} x=${i}`);
    expect(run(unitOf(rule, 20), lines).told).toEqual(["9 1"]);
    expect(run(unitOf(rule, 5), lines)).toMatchObject({
      told: ["9 1 in doubt"],
      evicted: { windowEvents: 4 },
    });
  });

  test("a past that lacks values is in doubt for good", () => {
    const rule = over(
      "sliding 4s resolution 1s",
      "count() > 0 and zscore(p50(e.x), half_life: 1h) < 9",
    );
    const lines = ["a 0 x=1", "a 0.2 x=2", "a 0.4 x=5", "a 9 x=9", "a 60 x=2"];
    expect(run(unitOf(rule, 2), lines).told.at(-1)).toBe("1 1 in doubt");
    expect(run(unitOf(rule, 9), lines).told.at(-1)).toBe("1 1");
  });
});

describe("evidence", () => {
  const many = (count: number, at: number) => Array.from({ length: count }, () => `a ${at}`);

  test("of a pane is what came in it, however much comes at its very end", () => {
    for (const shape of ["tumbling 10s", "hop 10s every 5s"]) {
      const lines = ["a 8", "a 9", ...many(20, 10), ...many(20, 20)];
      const [first] = found(over(shape, "count() >= 2"), lines);
      expect(first).toBe("r@10 e=a1,a2");
    }
    const closed = over("tumbling 10s", "count() >= 2", "emit close");
    const kept = Array.from({ length: 16 }, (_, i) => `a${i + 7}`).join(",");
    expect(found(closed, ["a 8", "a 9", ...many(20, 10), "a 21"])).toEqual([`r@30 e=${kept}(22)`]);
  });

  test("of an episode is what came while it was true", () => {
    const rule = over("sliding 10s", "last(e.x) > 0", "emit close");
    const lines = [...Array.from({ length: 17 }, (_, i) => `a ${i / 8} x=1`), "a 3 x=0"];
    const kept = Array.from({ length: 16 }, (_, i) => `a${i + 2}`).join(",");
    expect(found(rule, lines)).toEqual([`r@3 e=${kept}(17)`]);
  });
});

describe("what is computed", () => {
  const told = (having: string, lines: readonly string[], policies = "") =>
    found(
      `rule r { match over e: t.a sliding 10s resolution 2s by k having ${having}
      ${policies} }`,
      lines,
    ).length;

  test("a counter that is set back grows from 0 again, also from one pane to the next", () => {
    const lines = ["a 1 x=5", "a 3 x=7", "a 5 x=2", "a 6.5 x=1", "a 7 x=4"];
    // 2, then 2, then 1 and 3.
    expect(told("increase(e.x) >= 8", lines)).toBe(1);
    expect(told("increase(e.x) > 8", lines)).toBe(0);
    expect(told("increase(e.x) >= 5", lines.slice(0, 4))).toBe(1);
  });

  test("a slope over panes is that over all of their events", () => {
    const lines = ["a 1 x=1", "a 2 x=3", "a 3 x=5", "a 5.5 x=10", "a 8 x=15"];
    expect(told("slope(e.x) >= 2/s and slope(e.x) <= 2/s and count() >= 5", lines)).toBe(1);
    expect(told("eta(e.x, 25) <= 5s and count() >= 5", lines)).toBe(1);
    expect(told("eta(e.x, 25) < 5s and count() >= 5", lines)).toBe(0);
  });

  test("a deviation over panes is that over all of their events", () => {
    const lines = [
      "a 1 x=2",
      "a 2 x=4",
      "a 3 x=4",
      "a 4.5 x=4",
      "a 5 x=5",
      "a 6 x=5",
      "a 7 x=7",
      "a 8 x=9",
    ];
    expect(told("stddev(e.x) > 1.999999 and stddev(e.x) < 2.000001 and count() >= 8", lines)).toBe(
      1,
    );
  });
});

describe("keys", () => {
  const flood = Array.from({ length: 40 }, (_, i) => `a ${2 + i / 100} k=${100 + i}`);

  test("a flood of new ones does not push out those whose windows fill", () => {
    const rule = over("sliding 10s", "count() >= 3", "keys max 16");
    const { told, evicted } = run(unitOf(rule), ["a 0", "a 1", ...flood, "a 3"]);
    expect(told).toEqual(["3 1"]);
    expect(evicted.keys).toBe(25);
  });

  test("with `evict oldest` the one touched least recently goes, and what comes back is in doubt", () => {
    const rule = over("sliding 10s", "count() >= 3", "keys max 16 evict oldest");
    const lines = ["a 0", "a 1", ...flood, "a 3", "a 3.1", "a 3.2"];
    expect(run(unitOf(rule), lines).told).toEqual(["3 1 in doubt"]);
  });

  test("all of the room is for keys that have come further", () => {
    const rule = over("sliding 10s", "count() >= 3", "keys max 16");
    const keys = Array.from({ length: 16 }, (_, i) => i);
    const round = (second: number) => keys.map((k) => `a ${second + k / 100} k=${k}`);
    const { told, evicted } = run(unitOf(rule), [...round(0), ...round(1), ...round(2)]);
    expect(told).toHaveLength(16);
    expect(evicted.keys).toBe(0);
    // New keys find room among them. From the second on each might be one that had to go before.
    const late = (second: number) => [50, 51, 52].map((k) => `a ${second} k=${k}`);
    const more = [...round(0), ...round(1), ...late(2), ...late(3), ...late(4)];
    expect(run(unitOf(rule), more).told).toEqual(["3 50", "3 51 in doubt", "3 52 in doubt"]);
  });

  test("an entity that had to go with what was known of its life is in doubt from then on", () => {
    const { unit } = compiled(
      "rule r { match over e: t.a tumbling 10s by same pod having count() == 0 }",
    );
    const narrow = { ...unit, rules: unit.rules.map((r) => ({ ...r, keysMax: 1 })) };
    const lives = [1, 2].map((n) => [`pod p${n}`, 0, 100] as const);
    const { events } = eventsOf(unit.schema, ["a 55 pod=p1"]);
    const { findings } = runEngine(narrow, traceOf(unit, events, { until: 1000, lives }));
    const told = findings.map(({ at: us, entity, degraded }) => [
      us - at(0),
      entity.pod,
      degraded.length,
    ]);
    // Of p1 nothing is known but the event; p2 had to go for it.
    expect(told).toEqual([
      [10e6, "p2", 0],
      [70e6, undefined, 1],
    ]);
  });

  test("an entity of which an earlier life is told after it had to go is in doubt", () => {
    const rule = "rule r { match over e: t.a tumbling 10s by same pod having count() == 0 }";
    const { unit } = compiled(rule);
    const narrow = { ...unit, rules: unit.rules.map((r) => ({ ...r, keysMax: 1 })) };
    const { events } = eventsOf(unit.schema, ["a 5 pod=p1"]);
    const degraded = (...ups: readonly (readonly [pod: number, up: number])[]) => {
      const lives = ups.map(([pod, up]) => [`pod p${pod}`, up] as const);
      const { findings } = runEngine(narrow, traceOf(unit, events, { until: 25, lives }));
      return findings.map((f) => [f.entity.pod, f.degraded.length]);
    };
    expect(degraded([1, 5], [2, 0], [1, 0])).toEqual([["p1", 1]]);
    expect(degraded([2, 0], [1, 0])).toEqual([["p1", 0]]);
    // Of one that begins later only as long as it is not known what came before.
    expect(degraded([1, -40], [2, -40], [1, -20])).toEqual([
      ["p1", 1],
      ["p1", 0],
    ]);
  });

  test("those without events make room by themselves", () => {
    for (const shape of ["sliding 1s", "tumbling 1s", "session gap 1s max 5s"]) {
      const lines = Array.from({ length: 100 }, (_, i) => `a ${i * 4} k=${i}`);
      const { told, evicted } = run(unitOf(over(shape, "count() >= 1", "keys max 16")), lines);
      expect(told).toHaveLength(100);
      expect(evicted.keys).toBe(0);
    }
  });
});

describe("times that tie", () => {
  test("an event at the end of an episode resolves it when it is behind the last one in it", () => {
    const rule = over("sliding 5s", "count(e.x > 0) >= 1", "emit close\nresolve on b: t.b");
    expect(found(rule, ["a 1 x=1", "a 6 x=0", "b 6", "b 8"])).toEqual(["r@6→8 e=a1"]);
    // The last event of the first episode and the end of it are at the same time.
    const both = over("sliding 5s", "last(e.x) > 0", "emit close\nresolve on b: t.b");
    expect(found(both, ["a 1 x=1", "a 1 x=0", "b 1", "b 8"])).toEqual(["r@1→1 e=a1"]);
  });

  test("episodes that end together are told in the order of their last events", () => {
    const rule = over("sliding 5s", "last(e.x) > 0", "emit close\nsuppress 1s by e.x");
    expect(found(rule, ["a 1 k=1 x=1", "a 2 k=2 x=1", "a 6 k=2 x=0"])).toEqual(["r@6 e=a1"]);
  });

  test("empty panes that end together are told in the order of their keys", () => {
    const rule = over("tumbling 10s", "count() == 0", "suppress 1s by e.x");
    expect(found(rule, ["a 1 k=2", "a 2 k=1"])).toEqual(["r@20"]);
    const about = (at: number) => `pod p${at}`;
    const lives = [2, 1].map((n) => [about(n), 0, 15] as const);
    const pods = `rule r { match over e: t.a tumbling 10s by same pod having count() == 0
      suppress 1s by e.x }`;
    expect(found(pods, [], { lives })).toEqual(["r@10(p1)"]);
  });
});

describe("panes", () => {
  const quiet =
    "rule r { match over e: t.a where e.x > 0 tumbling 10s by same pod having count() == 0 }";

  test("before the observation nothing was seen, so nothing was missing", () => {
    const lives = [["pod p1", -100, 35]] as const;
    expect(found(quiet, [], { lives, start: 5 })).toEqual(["r@20(p1)"]);
    expect(found(quiet, [], { lives, start: 10 })).toEqual(["r@20(p1)"]);
    expect(found(quiet, [], { lives, start: 25 })).toEqual([]);
  });

  test("findings of overlapping panes with the same events are two", () => {
    const rule = over("hop 3s every 1s", "count() != 3");
    const lines = ["a 0", "a 2", "a 3", "a 3", "a 4"];
    expect(found(rule, lines)).toEqual(["r@1 e=a1", "r@5 e=a2,a3,a4,a5", "r@7 e=a5"]);
    const { told } = run(unitOf(rule), lines);
    expect(told).toEqual(["1 1", "4 1", "1 1"]);
  });

  test("each pane has its own doubt", () => {
    const rule = `rule r { match over e: t.a where e.x > 0 hop 10s every 5s by same pod
      having count() == 0\nemit close }`;
    const lives = [["pod p1", 0, 40]] as const;
    const event = (at: number, x?: number) => `a ${at} pod=p1${x === undefined ? "" : ` x=${x}`}`;
    const doubtful = [event(11), event(12, 1), event(16), event(26, 1)];
    expect(found(rule, doubtful, { lives })).toEqual(["r@15(p1)", "r@30(p1) …!", "r@50(p1)"]);
    const certain = [event(11), event(12, 1), event(14), event(26, 1)];
    expect(found(rule, certain, { lives })).toEqual(["r@15(p1)", "r@30(p1)", "r@50(p1)"]);
  });

  test("an entity that came again is the one it is then", () => {
    const lives = [
      ["pod p1", 0, 12],
      ["pod p1", 20, 45],
    ] as const;
    expect(found(quiet, ["a 21 pod=p1 x=1"], { lives })).toEqual(["r@10(p1)", "r@40(p1)"]);
  });
});

test("a silence of days is folded in without looking at every pane's events", () => {
  const rule = over(
    "sliding 1m resolution 60ms",
    "count() > 0 and zscore(count(), half_life: 1m, floor: 1) > 0",
  );
  const unit = unitOf(rule);
  const begin = performance.now();
  const { told } = run(unit, ["a 0", "a 5", "a 900000"], 1e6);
  expect(told.at(-1)).toBe("1 1");
  expect(performance.now() - begin).toBeLessThan(1000);
});
