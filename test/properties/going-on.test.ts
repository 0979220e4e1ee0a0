/**
 * Law P8 of `emit close`: what is told while a match goes on is confirmed under the same id or
 * retracted, what stands in the end is what the interpreter finds, a restart changes no word of it,
 * and a finding is told no more often than the logarithm of its length allows.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Finding } from "#core";
import { count, type GoingOn, wrongInTellings } from "../harness/law-going-on.ts";
import { compileCase, disagreement, run, sequenceCase } from "../harness/law-sequences.ts";
import { windowsStory, windowsTrace, windowsUnit, windowsUnitOf } from "../harness/law-windows.ts";
import { lawSeed } from "../harness/seed.ts";
import * as units from "../harness/unit-agreement.ts";

const rules = Number(process.env.TAPIO_LAW_RULES ?? 150);
const timeout = Math.max(120_000, rules * 1000);
const none = (): GoingOn => ({ provisional: 0, confirmed: 0, retracted: 0, again: 0 });

describe("what goes on", () => {
  test("of sequences is confirmed or retracted", { timeout }, () => {
    const counts = none();
    const closing = sequenceCase(20).filter(({ text }) => text.includes("emit close"));
    fc.assert(
      fc.property(closing, ({ text, traces }) => {
        const compiled = compileCase(text);
        for (const trace of traces) {
          const where = () => `${text}\n${JSON.stringify(trace)}`;
          expect(disagreement(compiled, trace), where()).toBeUndefined();
          const { told, engine } = run(compiled, trace);
          const length = (f: Finding) => f.chain.at(-1)?.count ?? 0;
          expect(wrongInTellings(told, length), where()).toBeUndefined();
          expect(run(compiled, { ...trace, restart: undefined }).told, where()).toEqual(told);
          const own = none();
          count(told, own);
          // All spans are over.
          expect(own.confirmed + own.retracted, where()).toBe(own.provisional);
          expect(engine.counters.provisional, where()).toBe(own.provisional);
          expect(engine.counters.retracted, where()).toBe(own.retracted);
          count(told, counts);
        }
      }),
      { numRuns: rules, seed: lawSeed("P8, sequences") },
    );
    console.log(JSON.stringify(counts));
    expect(counts.confirmed).toBeGreaterThan(rules / 5);
    expect(counts.retracted).toBeGreaterThan(0);
    expect(counts.again).toBeGreaterThan(0);
  });

  test("of windows is confirmed or retracted when it is over", { timeout }, () => {
    const counts = none();
    const isOfPanes = (text: string) => /(tumbling|hop) .*\n +emit close/.test(text);
    const telling = fc.record({
      story: windowsStory,
      picks: fc.array(fc.nat({ max: 11 }), { minLength: 200, maxLength: 200 }),
      restarts: fc.uniqueArray(fc.nat({ max: 15 }), { minLength: 1, maxLength: 2 }),
    });
    const stories = fc.array(telling, { minLength: 10, maxLength: 10 });
    fc.assert(
      fc.property(windowsUnit.filter(isOfPanes), stories, (text, tellings) => {
        const unit = windowsUnitOf(text);
        for (const { story, picks, restarts } of tellings) {
          const inOrder = windowsTrace(unit.schema, story);
          const trace = { ...inOrder, events: units.shuffled(inOrder.events, picks.values()) };
          const options = () => ({ hurry: picks.values(), restarts: new Set(restarts) });
          const where = () => `${text}\n${JSON.stringify(story)}`;
          expect(units.disagreement(unit, trace, options()), where()).toBeUndefined();
          const { told } = units.runEngine(unit, trace, options());
          const whole = units.runEngine(unit, trace, { hurry: picks.values() });
          expect(whole.told, where()).toEqual(told);
          const own = told.filter((f) => f.rule === "r");
          // Panes begin no less than 1 s apart.
          const length = (f: Finding, first: Finding) => (f.at - first.at) / 1e6 + 1;
          expect(wrongInTellings(own, length), where()).toBeUndefined();
          count(own, counts);
        }
      }),
      { numRuns: rules, seed: lawSeed("P8, windows") },
    );
    console.log(JSON.stringify(counts));
    expect(counts.confirmed).toBeGreaterThan(rules / 5);
    expect(counts.retracted).toBeGreaterThan(0);
    expect(counts.again).toBeGreaterThan(0);
  });
});
