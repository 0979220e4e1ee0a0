/**
 * Laws P6 and P7: the state of a rule never takes more bytes than its certificate says, and an
 * event never causes more transitions. On random rules of every form with tight bounds, and on
 * rules of which a flood of long events fills all there is; there the promise must also be near
 * to what is taken. `TAPIO_LAW_RULES` sets how many units are tried.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CoreRule, CoreUnit, EventData, Trace } from "#core";
import { boundRule } from "../../compiler/passes/bounds/rule-bound.ts";
import { floodForms, floodTrace, floodUnit } from "../harness/flood.ts";
import { formsStory, formsUnit, formsUnitOf, traceOf } from "../harness/law-forms.ts";
import { compileCase, eventsOf, sequenceCase } from "../harness/law-sequences.ts";
import { windowsStory, windowsTrace, windowsUnit, windowsUnitOf } from "../harness/law-windows.ts";
import { type Account, brokenPromise, measuredRun } from "../harness/measured-run.ts";
import { lawSeed } from "../harness/seed.ts";

const units = Number(process.env.TAPIO_LAW_RULES ?? 60);
const timeout = Math.max(120_000, units * 1500);

interface Tight {
  readonly keysMax: number;
  readonly partials: number;
  readonly maxEvents: number;
}

const tight: fc.Arbitrary<Tight> = fc.record({
  keysMax: fc.integer({ min: 1, max: 3 }),
  partials: fc.integer({ min: 1, max: 4 }),
  maxEvents: fc.integer({ min: 2, max: 8 }),
});

/** The unit with less room for every rule. */
function tightened(unit: CoreUnit, { keysMax, partials, maxEvents }: Tight): CoreUnit {
  const rules = unit.rules.map((rule): CoreRule => {
    const { pattern } = rule;
    if (pattern.node === "inv") return { ...rule, keysMax };
    if (pattern.node === "win") return { ...rule, keysMax, pattern: { ...pattern, maxEvents } };
    return { ...rule, keysMax, pattern: { ...pattern, partials } };
  });
  return { ...unit, rules };
}

/** Traces one after the other, `spanUs` long each. */
function inARow(traces: readonly Trace[], spanUs: number): Trace {
  const [first] = traces;
  if (!first) throw new Error("no trace");
  let seq = 0;
  const events = traces.flatMap((trace, i) =>
    trace.events.map((e): EventData => ({ ...e, ts: e.ts + i * spanUs, seq: ++seq })),
  );
  const sorted = [...events].sort((a, b) => a.ts - b.ts);
  return { ...first, events: sorted, watermark: first.watermark + traces.length * spanUs };
}

/** The greatest share of a promise that was needed. */
class Tightest {
  bytes = 0;
  cost = 0;

  check(text: string, accounts: readonly Account[]): void {
    for (const account of accounts) {
      const broken = brokenPromise(account);
      if (broken) throw new Error(`${broken}\n${text}`);
      const { bytes, cost, mostBytes, mostCost } = account;
      this.bytes = Math.max(this.bytes, mostBytes / bytes);
      this.cost = Math.max(this.cost, mostCost / cost);
    }
  }

  tell(what: string, least: number): void {
    const percent = (x: number) => `${(100 * x).toFixed()} %`;
    console.log(`${what}: ${percent(this.bytes)} of the bytes, ${percent(this.cost)} of the work`);
    expect(this.bytes).toBeGreaterThan(least);
  }
}

const perUnit = 8;
const several = <T>(story: fc.Arbitrary<T>) =>
  fc.array(story, { minLength: perUnit, maxLength: perUnit });

describe("certified bytes and transitions are never exceeded", () => {
  test("by sequences", { timeout }, () => {
    const bounds = { partials: 4000, keys: 64, hasPolicies: true };
    const tightest = new Tightest();
    fc.assert(
      fc.property(sequenceCase(perUnit, bounds), tight, ({ text, traces }, room) => {
        const unit = tightened(compileCase(text).unit, room);
        const all = traces.map((t): Trace => {
          const events = eventsOf(unit, t);
          return { events, watermark: (events.at(-1)?.ts ?? 0) + 60 };
        });
        tightest.check(text, measuredRun(unit, inARow(all, 20)));
      }),
      { numRuns: units, seed: lawSeed("P6 and P7, sequences") },
    );
    tightest.tell("sequences", 0.1);
  });

  test("by all-of, absences, findings and policies", { timeout }, () => {
    const tightest = new Tightest();
    fc.assert(
      fc.property(formsUnit, several(formsStory), tight, (text, stories, room) => {
        const unit = tightened(formsUnitOf(text), room);
        const traces = stories.map((s) => traceOf(unit.schema, s));
        tightest.check(text, measuredRun(unit, inARow(traces, 8_000_000)));
      }),
      { numRuns: units, seed: lawSeed("P6 and P7, other forms") },
    );
    tightest.tell("other forms", 0.1);
  });

  test("by windows", { timeout }, () => {
    const tightest = new Tightest();
    fc.assert(
      fc.property(windowsUnit, several(windowsStory), tight, (text, stories, room) => {
        const unit = tightened(windowsUnitOf(text), room);
        const traces = stories.map((s) => windowsTrace(unit.schema, s));
        tightest.check(text, measuredRun(unit, inARow(traces, 20_000_000)));
      }),
      { numRuns: units, seed: lawSeed("P6 and P7, windows") },
    );
    tightest.tell("windows", 0.1);
  });
});

describe("floods come near to what is certified", () => {
  test.each(Object.keys(floodForms))("%s", { timeout }, (form) => {
    const unit = floodUnit(form);
    const [rule] = unit.rules;
    if (!rule) throw new Error("no rule");
    const best = new Tightest();
    for (let seed = 1; seed <= 6; seed++)
      best.check(form, measuredRun(unit, floodTrace(unit, form, seed)));
    const { bytes, cost } = boundRule(unit, rule);
    best.tell(`${form} (${bytes} B, ${cost} transitions)`, 0.3);
    expect(best.cost).toBeGreaterThan((floodForms[form]?.leastWork ?? 0.3) - 0.01);
  });
});
