/**
 * Law P1 where texts and lists are longer than findings show: the engine, which keeps the beginning
 * of what nothing reads, tells what the interpreter tells, which has whole events.
 */
import { expect, test } from "vitest";
import { type CoreRule, type CoreUnit, cutsShown, judge, type Trace } from "#core";
import { floodForms, floodTrace, floodUnit } from "../harness/flood.ts";
import { disagreement } from "../harness/unit-agreement.ts";

const traces = 40;
const eventsPerTrace = 10;

/** With room for all there is. */
function roomy(unit: CoreUnit): CoreUnit {
  const rules = unit.rules.map((rule): CoreRule => {
    const { pattern } = rule;
    const more = { ...rule, keysMax: 64 };
    return "partials" in pattern ? { ...more, pattern: { ...pattern, partials: 512 } } : more;
  });
  return { ...unit, rules };
}

/** Of each entity the first life: one that is up does not appear again. */
function oneLifeEach({ world }: Trace) {
  const lives = world?.entities ?? [];
  return lives.filter((life, i) => lives.findIndex((x) => x.key === life.key) === i);
}

test.each(Object.keys(floodForms))("%s", { timeout: 60_000 }, (form) => {
  const unit = roomy(floodUnit(form));
  const [rule] = unit.rules;
  if (!rule) throw new Error("no rule");
  expect(cutsShown(unit, rule).size).toBeGreaterThan(0);
  let found = 0;
  for (let seed = 1; seed <= traces; seed++) {
    const whole = floodTrace(unit, form, seed);
    const from = (seed * 7) % 400;
    const events = whole.events.slice(from, from + eventsPerTrace);
    const trace: Trace = {
      ...whole,
      events,
      world: { entities: oneLifeEach(whole), relations: [] },
    };
    expect(disagreement(unit, trace, { restarts: new Set([5]) })).toBeUndefined();
    const { findings } = judge(unit, new Map(), trace);
    found += findings.filter((f) => JSON.stringify(f.finding.evidence).includes("…")).length;
  }
  console.log(`${form}: ${found} findings with something cut`);
});
