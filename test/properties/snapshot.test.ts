/**
 * Law P12: an engine that goes on from a snapshot tells what one that was never interrupted tells,
 * word for word and in the same order, wherever in the log it was taken.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formsStory, formsUnit, formsUnitOf, traceOf } from "../harness/law-forms.ts";
import { lawSeed } from "../harness/seed.ts";
import { runEngine, shuffled } from "../harness/unit-agreement.ts";

const runs = Number(process.env.TAPIO_LAW_RULES ?? 100);
const timeout = Math.max(120_000, runs * 400);

const stories = fc.array(
  fc.record({
    story: formsStory,
    picks: fc.array(fc.nat(), { minLength: 200, maxLength: 200 }),
    restarts: fc.uniqueArray(fc.nat({ max: 12 }), { minLength: 1, maxLength: 4 }),
  }),
  { minLength: 6, maxLength: 6 },
);

describe("snapshot and restore", () => {
  test("are invisible in what is told", { timeout }, () => {
    let told = 0;
    fc.assert(
      fc.property(formsUnit, stories, (text, cases) => {
        const unit = formsUnitOf(text);
        for (const { story, picks, restarts } of cases) {
          const inOrder = traceOf(unit.schema, story);
          const trace = { ...inOrder, events: shuffled(inOrder.events, picks.values()) };
          const whole = runEngine(unit, trace, { hurry: picks.values() });
          const cut = { hurry: picks.values(), restarts: new Set(restarts) };
          const parts = runEngine(unit, trace, cut);
          expect(parts.told).toEqual(whole.told);
          expect(parts.engine.counters).toEqual(whole.engine.counters);
          told += whole.told.length;
        }
      }),
      { numRuns: runs, seed: lawSeed("P12") },
    );
    expect(told).toBeGreaterThan(runs);
  });
});
