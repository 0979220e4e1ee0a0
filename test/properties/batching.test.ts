/**
 * Law P3: how the log is cut into batches is not visible. Records read one at a time, some at a
 * time or all at once before the next progress give the same findings in the same order.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formsStory, formsUnit, formsUnitOf, traceOf } from "../harness/law-forms.ts";
import { compileCase, sequencePair, traceFrom } from "../harness/law-sequences.ts";
import { lawSeed } from "../harness/seed.ts";
import { runEngine, shuffled } from "../harness/unit-agreement.ts";

const runs = Number(process.env.TAPIO_LAW_RULES ?? 60);
const timeout = Math.max(120_000, runs * 400);
const picks = fc.array(fc.nat(), { minLength: 200, maxLength: 200 });

/** Reads after no event, so that only progress reads. */
function* never(): Generator<number> {
  for (;;) yield 1;
}

function sameInAllBatches(
  unit: Parameters<typeof runEngine>[0],
  trace: Parameters<typeof runEngine>[1],
  hurry: readonly number[],
  cuts: readonly number[],
): number {
  const alone = runEngine(unit, trace, { hurry: hurry.values() });
  for (const reads of [cuts.values(), never()]) {
    const batched = runEngine(unit, trace, { hurry: hurry.values(), reads });
    expect(batched.told).toEqual(alone.told);
    expect(batched.engine.counters).toEqual(alone.engine.counters);
  }
  return alone.told.length;
}

describe("batches of any size tell the same in the same order", () => {
  test("rules of every form, and rules over their findings", { timeout }, () => {
    let told = 0;
    fc.assert(
      fc.property(
        formsUnit,
        fc.array(fc.tuple(formsStory, picks, picks), { minLength: 6, maxLength: 6 }),
        (text, stories) => {
          const unit = formsUnitOf(text);
          for (const [story, hurry, cuts] of stories) {
            const inOrder = traceOf(unit.schema, story);
            const events = shuffled(inOrder.events, hurry.values());
            told += sameInAllBatches(unit, { ...inOrder, events }, hurry, cuts);
          }
        },
      ),
      { numRuns: runs, seed: lawSeed("P3") },
    );
    expect(told).toBeGreaterThan(runs);
  });

  test("sequences on exact and coarse clocks", { timeout }, () => {
    let told = 0;
    fc.assert(
      fc.property(sequencePair, picks, picks, (pair, hurry, cuts) => {
        const { unit } = compileCase(pair.before);
        for (const sent of pair.traces) {
          const inOrder = traceFrom(unit, sent);
          const events = shuffled(inOrder.events, hurry.values());
          told += sameInAllBatches(unit, { ...inOrder, events }, hurry, cuts);
        }
      }),
      { numRuns: runs, seed: lawSeed("P3 sequences") },
    );
    expect(told).toBeGreaterThan(runs);
  });
});
