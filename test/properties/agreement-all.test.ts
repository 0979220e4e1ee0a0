/**
 * Law P1 on `all of`, `any of` and `n of`: the engine finds exactly what the interpreter finds,
 * also when another takes its state over in between. `TAPIO_LAW_RULES` sets how many rules are
 * tried, `TAPIO_LAW_SEED` the seed.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { written } from "../harness/in-the-end.ts";
import { type AllBounds, allCase } from "../harness/law-all.ts";
import { compileCase, disagreement, interpreted, run } from "../harness/law-sequences.ts";
import { lawSeed } from "../harness/seed.ts";

const rules = Number(process.env.TAPIO_LAW_RULES ?? 150);
const tracesPerRule = 20;
const timeout = Math.max(120_000, rules * 400);

describe("interpreter = engine, all-of", () => {
  test(`${rules} rules on ${tracesPerRule} traces each`, { timeout }, () => {
    let findings = 0;
    let cases = 0;
    fc.assert(
      fc.property(allCase(tracesPerRule), ({ text, traces }) => {
        const compiled = compileCase(text);
        for (const trace of traces) {
          cases++;
          const difference = disagreement(compiled, trace);
          if (difference) throw new Error(`${text}\n${JSON.stringify(trace)}\n${difference}`);
          findings += interpreted(compiled, trace).length;
        }
      }),
      { numRuns: rules, seed: lawSeed("P1, all-of") },
    );
    console.log(`${cases} cases, ${findings} findings`);
    expect(findings).toBeGreaterThan(cases / 4);
  });

  test("what is lost by bounds never makes a wrong finding that does not say so", {
    timeout,
  }, () => {
    const counts = { cases: 0, evicted: 0, marked: 0, sound: 0 };
    const bounds = fc.record({
      partials: fc.constantFrom(1, 2, 3, 64),
      keys: fc.constantFrom(1, 2, 64),
      hasPolicies: fc.constant(false),
    });
    const anyCase = bounds.chain((b: AllBounds) => allCase(tracesPerRule, b));
    fc.assert(
      fc.property(anyCase, ({ text, traces }) => {
        const compiled = compileCase(text);
        for (const trace of traces) {
          counts.cases++;
          const expected = new Set(interpreted(compiled, trace).map((f) => written([f])));
          const { findings, engine } = run(compiled, trace);
          const { keys, partials } = engine.counters.evicted;
          const isCut = keys + partials > 0;
          if (isCut) counts.evicted++;
          for (const finding of findings) {
            const isMarked = isCut && finding.degraded.length > 0;
            if (isMarked) counts.marked++;
            else counts.sound++;
            if (isMarked || expected.has(written([finding]))) continue;
            throw new Error(`${text}\n${JSON.stringify(trace)}\n${written([finding])}`);
          }
        }
      }),
      { numRuns: rules, seed: lawSeed("P1, all-of") },
    );
    console.log(JSON.stringify(counts));
    expect(counts.evicted).toBeGreaterThan(counts.cases / 20);
    expect(counts.sound).toBeGreaterThan(counts.marked / 5);
  });
});
