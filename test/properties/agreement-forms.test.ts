/**
 * Law P1 for all-of patterns, absence over inventory, derived events, rules over findings and what
 * becomes of matches: on every generated unit and trace the engine finds exactly what the
 * interpreter finds, field by field. And law P2: also when the events arrive in any order that the
 * sources' progress in between allows. `TAPIO_LAW_RULES` sets how many units are tried.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judge } from "#core";
import { formsStory, formsUnit, formsUnitOf, traceOf } from "../harness/law-forms.ts";
import { lawSeed } from "../harness/seed.ts";
import { disagreement, shuffled } from "../harness/unit-agreement.ts";

const units = Number(process.env.TAPIO_LAW_RULES ?? 100);
const tracesPerUnit = 10;
const stories = fc.array(fc.tuple(formsStory, fc.infiniteStream(fc.nat())), {
  minLength: tracesPerUnit,
  maxLength: tracesPerUnit,
});
const timeout = Math.max(120_000, units * 400);

describe("interpreter = engine, other forms", () => {
  test(`${units} units on ${tracesPerUnit} traces each`, { timeout }, () => {
    let findings = 0;
    let cases = 0;
    const seed = lawSeed("P1 and P2, other forms");
    fc.assert(
      fc.property(formsUnit, stories, (text, told) => {
        const unit = formsUnitOf(text);
        for (const [story, picks] of told) {
          const inOrder = traceOf(unit.schema, story);
          const trace = { ...inOrder, events: shuffled(inOrder.events, picks) };
          cases++;
          const difference = disagreement(unit, trace, { hurry: picks });
          if (difference) throw new Error(`${text}\n${shown(trace)}\n${difference}`);
          findings += judge(unit, new Map(), trace).findings.length;
        }
      }),
      { numRuns: units, seed },
    );
    console.log(`${cases} cases, ${findings} findings`);
    expect(findings).toBeGreaterThan(cases / 4);
  });
});

function shown(x: unknown): string {
  return JSON.stringify(x, (_, v) => (typeof v === "bigint" ? `${v}n` : v));
}
