/**
 * Law P1 on sequences of every form, clock and policy: the engine finds exactly what the interpreter
 * finds. `TAPIO_LAW_RULES` sets how many rules are tried, `TAPIO_LAW_SEED` the seed.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileCase, disagreement, interpreted, sequenceCase } from "../harness/law-sequences.ts";

const rules = Number(process.env.TAPIO_LAW_RULES ?? 150);
const tracesPerRule = 20;
const timeout = Math.max(120_000, rules * 400);
const seed = process.env.TAPIO_LAW_SEED ? { seed: Number(process.env.TAPIO_LAW_SEED) } : {};

describe("interpreter = engine, sequences", () => {
  test(`${rules} rules on ${tracesPerRule} traces each`, { timeout }, () => {
    let findings = 0;
    let cases = 0;
    fc.assert(
      fc.property(sequenceCase(tracesPerRule), ({ text, traces }) => {
        const compiled = compileCase(text);
        for (const trace of traces) {
          cases++;
          const difference = disagreement(compiled, trace);
          if (difference) throw new Error(`${text}\n${JSON.stringify(trace)}\n${difference}`);
          findings += interpreted(compiled, trace).length;
        }
      }),
      { numRuns: rules, ...seed },
    );
    console.log(`${cases} cases, ${findings} findings`);
    expect(findings).toBeGreaterThan(cases / 20);
  });
});
