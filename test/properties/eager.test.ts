/**
 * Law P8: what `emit eager` tells, confirms and retracts sums to what is final, whatever the order
 * of arrival; and of each finding every revision is told once, in order.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Finding } from "#core";
import { areInOrder, byId, eagerUnit, isToldAtOnce } from "../harness/law-eager.ts";
import { formsStory, formsUnitOf, traceOf } from "../harness/law-forms.ts";
import { lawSeed } from "../harness/seed.ts";
import { disagreement, runEngine, shuffled } from "../harness/unit-agreement.ts";

const runs = Number(process.env.TAPIO_LAW_RULES ?? 150);
const timeout = Math.max(120_000, runs * 400);

describe("emit eager", () => {
  test("sums to what is final", { timeout }, () => {
    const counts = { provisional: 0, confirmed: 0, retracted: 0 };
    const stories = fc.array(fc.tuple(formsStory, fc.infiniteStream(fc.nat())), {
      minLength: 5,
      maxLength: 5,
    });
    fc.assert(
      fc.property(eagerUnit, stories, (text, told) => {
        const compiled = formsUnitOf(text);
        for (const [story, picks] of told) {
          const trace = traceOf(compiled.schema, story);
          const events = shuffled(trace.events, picks);
          const arrived = { ...trace, events, sources: [] };
          const difference = disagreement(compiled, arrived, { hurry: picks });
          if (difference) throw new Error(`${text}\n${JSON.stringify(events)}\n${difference}`);
          const run = runEngine(compiled, arrived, { hurry: picks });
          expect(areInOrder(run.told)).toBe(true);
          if (!text.includes("t.c")) {
            const inOrder = runEngine(compiled, { ...trace, sources: [] });
            expect(isToldAtOnce(inOrder.told, "r"), text).toBe(true);
          }
          counts.provisional += run.engine.counters.provisional;
          counts.retracted += run.engine.counters.retracted;
          counts.confirmed += confirmed(run.told);
        }
      }),
      {
        numRuns: runs,
        seed: lawSeed("P8"),
      },
    );
    console.log(JSON.stringify(counts));
    expect(counts.confirmed).toBeGreaterThan(runs / 5);
    expect(counts.retracted).toBeGreaterThan(0);
    expect(counts.provisional).toBe(counts.confirmed + counts.retracted);
  });
});

/** Provisional findings that were told again as proven. */
function confirmed(told: readonly Finding[]): number {
  return [...byId(told).values()].filter(
    ([first, ...rest]) => first?.isProvisional && rest.some((f) => !f.isProvisional),
  ).length;
}
