/**
 * Law P12 where state is given up for want of room: an engine that goes on from a snapshot tells
 * and counts what one that was never interrupted does. `TAPIO_LAW_RULES` sets how many rules are
 * tried.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allCase } from "../harness/law-all.ts";
import { compileCase, run, sequenceCase } from "../harness/law-sequences.ts";
import { lawSeed } from "../harness/seed.ts";

const rules = Number(process.env.TAPIO_LAW_RULES ?? 100);
const tracesPerRule = 10;
const timeout = Math.max(120_000, rules * 400);

const bounds = fc.record({
  partials: fc.constantFrom(1, 2, 3, 64),
  keys: fc.constantFrom(1, 2, 64),
  hasPolicies: fc.boolean(),
});

describe("snapshot and restore", () => {
  test.each([
    ["sequences", bounds.chain((b) => sequenceCase(tracesPerRule, b))],
    ["all-of", bounds.chain((b) => allCase(tracesPerRule, b))],
  ] as const)("are invisible in what is told and counted of %s", { timeout }, (_, anyCase) => {
    const counts = { interrupted: 0, evicted: 0 };
    fc.assert(
      fc.property(anyCase, ({ text, traces }) => {
        const compiled = compileCase(text);
        for (const trace of traces) {
          if (trace.restart === undefined) continue;
          counts.interrupted++;
          const whole = run(compiled, { ...trace, restart: undefined });
          const parts = run(compiled, trace);
          expect(parts.findings, `${text}\n${JSON.stringify(trace)}`).toEqual(whole.findings);
          expect(parts.engine.counters).toEqual(whole.engine.counters);
          const { keys, partials } = whole.engine.counters.evicted;
          if (keys + partials > 0) counts.evicted++;
        }
      }),
      { numRuns: rules, seed: lawSeed("P12, bounds") },
    );
    console.log(JSON.stringify(counts));
    expect(counts.evicted).toBeGreaterThan(counts.interrupted / 20);
  });
});
