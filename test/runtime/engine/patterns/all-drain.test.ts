/** How long an old `all of` goes on after a reload where the order is not certain. */
import { expect, test } from "vitest";
import { runEngine } from "../../../harness/unit-agreement.ts";
import { compiled, eventsOf, traceOf } from "../../core/ir/by-hand.ts";

/** Every source tells all it can after each event. */
function* always(): Generator<number> {
  for (;;) yield 0;
}

const rule = (text: string, where = "") => `rule r {
  match all of by k within 10s { p: t.far ${where}
    q: t.b }
  explain { root q summary "${text}" }
}`;

/** The reload is shortly after 0. */
function reloaded(lines: readonly string[], until: number) {
  const { unit } = compiled(rule("old"));
  const { events } = eventsOf(unit.schema, lines);
  const reloads = new Map([[1, compiled(rule("new", "where p.x > 0")).unit]]);
  const run = runEngine(unit, traceOf(unit, events, { until }), { hurry: always(), reloads });
  expect(run.reloads[0]?.plan).toMatchObject([{ class: "drain" }]);
  return { findings: run.findings.map((f) => f.summary), draining: run.engine.draining };
}

test("a match that began before is told though its end is judged a second after its time", () => {
  // Up to 1 s for the true time of the first event, and 1 s until the second is judged.
  const lines = ["far 0", "far 0.1 k=9", "b 0.1 k=9", "b 10.9", "far 11.5 k=9", "b 11.5 k=8"];
  expect(reloaded(lines, 12)).toEqual({ findings: ["old"], draining: ["hand.rules.r"] });
  expect(reloaded(lines, 12.5)).toEqual({ findings: ["old"], draining: [] });
});
