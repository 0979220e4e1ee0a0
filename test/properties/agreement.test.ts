/**
 * Law P1: on every generated rule and trace the engine finds exactly what the interpreter finds,
 * field by field. `TAPIO_LAW_RULES` sets how many rules are tried (each on 20 traces).
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileLaw, disagreement, runInterpreter } from "../harness/agreement.ts";
import { lawRule, lawTrace } from "../harness/law-rules.ts";
import { lawSeed } from "../harness/seed.ts";

const rules = Number(process.env.TAPIO_LAW_RULES ?? 150);
const tracesPerRule = 20;
const timeout = Math.max(120_000, rules * 200);

describe("interpreter = engine", () => {
  test(`${rules} rules on ${tracesPerRule} traces each`, { timeout }, () => {
    let findings = 0;
    let cases = 0;
    fc.assert(
      fc.property(
        lawRule,
        fc.array(lawTrace, { minLength: tracesPerRule, maxLength: tracesPerRule }),
        (text, traces) => {
          const compiled = compileLaw(text);
          for (const ops of traces) {
            cases++;
            const difference = disagreement(compiled, ops);
            if (difference)
              throw new Error(
                `${text}\n${JSON.stringify(ops, (_, v) => (typeof v === "bigint" ? `${v}n` : v))}\n${difference}`,
              );
            findings += runInterpreter(compiled, ops).length;
          }
        },
      ),
      {
        numRuns: rules,
        seed: lawSeed("P1"),
      },
    );
    console.log(`${cases} cases, ${findings} findings`);
    expect(findings).toBeGreaterThan(cases / 20);
  });
});
