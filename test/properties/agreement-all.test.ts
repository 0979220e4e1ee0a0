/**
 * Law P1 on `all of`, `any of` and `n of`: the engine finds exactly what the interpreter finds,
 * also when another takes its state over in between. `TAPIO_LAW_RULES` sets how many rules are
 * tried, `TAPIO_LAW_SEED` the seed.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AllBounds, allCase } from "../harness/law-all.ts";
import { tryAgreement, tryBounds } from "../harness/law-tries.ts";
import { lawSeed } from "../harness/seed.ts";

const rules = Number(process.env.TAPIO_LAW_RULES ?? 150);
const tracesPerRule = 20;
const timeout = Math.max(120_000, rules * 400);

describe("interpreter = engine, all-of", () => {
  test(`${rules} rules on ${tracesPerRule} traces each`, { timeout }, () => {
    const seed = lawSeed("P1, all-of");
    const { cases, findings, cut } = tryAgreement(allCase(tracesPerRule), { rules, seed });
    console.log(`${cases} cases, ${findings} findings, ${cut} without room`);
    expect(cut).toBeLessThan(Math.max(10, cases / 1000));
    expect(findings).toBeGreaterThan(cases / 4);
  });

  test("what is lost by bounds never makes a wrong finding that does not say so", {
    timeout,
  }, () => {
    const bounds = fc.record({
      partials: fc.constantFrom(1, 2, 3, 64),
      keys: fc.constantFrom(1, 2, 64),
      hasPolicies: fc.constant(false),
    });
    const anyCase = bounds.chain((b: AllBounds) => allCase(tracesPerRule, b));
    const counts = tryBounds(anyCase, { rules, seed: lawSeed("P1, all-of") });
    console.log(JSON.stringify(counts));
    expect(counts.evicted).toBeGreaterThan(counts.cases / 20);
    expect(counts.sound).toBeGreaterThan(counts.marked / 5);
  });
});
