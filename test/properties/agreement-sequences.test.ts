/**
 * Law P1 on sequences of every form, clock and policy: the engine finds exactly what the
 * interpreter finds, also when another takes its state over in between. `TAPIO_LAW_RULES` sets how
 * many rules are tried, `TAPIO_LAW_SEED` the seed.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Bounds, sequenceCase } from "../harness/law-sequences.ts";
import { tryAgreement, tryBounds } from "../harness/law-tries.ts";
import { lawSeed } from "../harness/seed.ts";

const rules = Number(process.env.TAPIO_LAW_RULES ?? 150);
const tracesPerRule = 20;
const timeout = Math.max(120_000, rules * 400);

describe("interpreter = engine, sequences", () => {
  test(`${rules} rules on ${tracesPerRule} traces each`, { timeout }, () => {
    const seed = lawSeed("P1, sequences");
    const { cases, findings, cut } = tryAgreement(sequenceCase(tracesPerRule), { rules, seed });
    expect(cut).toBe(0);
    console.log(`${cases} cases, ${findings} findings`);
    expect(findings).toBeGreaterThan(cases / 20);
  });

  test("what is lost by bounds may be missing, and never makes a wrong finding that does not say so", {
    timeout,
  }, () => {
    const bounds = fc.record({
      partials: fc.constantFrom(1, 2, 3, 4000),
      keys: fc.constantFrom(1, 2, 64),
      hasPolicies: fc.constant(false),
    });
    const anyCase = bounds.chain((b: Bounds) => sequenceCase(tracesPerRule, b));
    const counts = tryBounds(anyCase, { rules, seed: lawSeed("P1, sequences") });
    console.log(JSON.stringify(counts));
    expect(counts.evicted).toBeGreaterThan(counts.cases / 20);
    expect(counts.sound).toBeGreaterThan(counts.marked / 5);
  });
});
