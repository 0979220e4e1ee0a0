/**
 * What becomes of a sequence over clocks that do not say for certain what came first when its rule
 * is reloaded: what its old version still tells, and how long it goes on.
 */
import { describe, expect, test } from "vitest";
import { runEngine } from "../../../harness/unit-agreement.ts";
import { compiled, eventsOf, traceOf } from "../../core/ir/by-hand.ts";

/** Every source tells all it can after each event. */
function* always(): Generator<number> {
  for (;;) yield 0;
}

/** It may take 12 s: up to 1 s for the true time of the first event, and 1 s for the last one. */
const rule = (text: string, steps: string, more = "") => `rule r {
  match sequence by k within 10s partials 2 { ${steps} }
  ${more}
  explain { root p summary "${text} {p.x ?? 0}" } }`;

/** `steps` and what comes behind them are those of the old version, `where` is new. */
function reloaded(
  steps: string,
  lines: readonly string[],
  more: { readonly at?: number; readonly until?: number; readonly policies?: string } = {},
) {
  const { at = 1, until = 1000, policies } = more;
  const { unit } = compiled(rule("old", steps, policies));
  const { events } = eventsOf(unit.schema, lines);
  const next = compiled(rule("new", `${steps} where q.x != 7`, policies)).unit;
  const trace = traceOf(unit, events, { until });
  const run = runEngine(unit, trace, { hurry: always(), reloads: new Map([[at, next]]) });
  expect(run.reloads[0]?.plan).toMatchObject([{ class: "drain" }]);
  return {
    told: run.findings.map((f) => `${f.summary}${f.degraded.length > 0 ? " …" : ""}`).sort(),
    isDraining: run.engine.draining.length > 0,
  };
}

describe("the old version", () => {
  const pair = "p: t.a then q: t.far";

  test("tells the match that began before, the new one what begins later", () => {
    expect(reloaded(pair, ["a 1 x=1", "far 1 k=9", "a 3 x=2", "far 5 x=1"]).told).toEqual([
      "new 2",
      "old 1",
    ]);
    expect(reloaded(pair, ["a 1 k=9", "a 1.5 x=1", "far 5 x=1"]).told).toEqual(["new 1"]);
  });

  test("takes what began before, though something may have begun a little later", () => {
    expect(reloaded(pair, ["a 1 x=1", "a 1.5 x=2", "b 4", "far 5 x=1"]).told).toEqual([
      "new 2",
      "old 1",
    ]);
  });

  test("gives no room to what begins later", () => {
    const same = "p: t.a then s: t.b where s.x == p.x then q: t.far";
    const lines = ["a 1 x=1", "far 1 k=9", "a 5 x=2", "a 6 x=3", "b 7 x=1", "far 9 x=1"];
    expect(reloaded(same, lines).told).toEqual(["old 1"]);
  });

  test("is gone when nothing that it has begun can end any more", () => {
    const lines = ["a 1 x=1", "far 1 k=9", "far 5 k=9"];
    expect(reloaded(pair, lines, { until: 12.999998 }).isDraining).toBe(true);
    expect(reloaded(pair, lines, { until: 12.999999 }).isDraining).toBe(false);
  });

  test("is gone sooner when it has begun nothing", () => {
    const lines = ["b 1", "b 1.1", "b 5"];
    expect(reloaded(pair, lines, { until: 3.099997 }).isDraining).toBe(true);
    expect(reloaded(pair, lines, { until: 3.099998 }).isDraining).toBe(false);
  });
});

test("with fewer keys those that have come least far are given up at once", () => {
  const keys = (max: number) =>
    rule("", "p: t.a then q: t.far", `keys max ${max}`).replace("{p.x ?? 0}", "{p.k}");
  const { unit } = compiled(keys(8));
  const lines = ["a 1 k=1", "a 2 k=2", "a 4 k=3", "far 6 k=3", "far 9 k=1"];
  const { events } = eventsOf(unit.schema, lines);
  const reloads = new Map([[3, compiled(keys(1)).unit]]);
  const run = runEngine(unit, traceOf(unit, events, {}), { hurry: always(), reloads });
  expect(run.reloads[0]?.plan).toMatchObject([{ class: "migrate" }]);
  expect(run.findings.map((f) => [f.summary, f.degraded.length])).toEqual([[" 3", 1]]);
  expect(run.engine.counters.evicted.keys).toBe(3);
});
