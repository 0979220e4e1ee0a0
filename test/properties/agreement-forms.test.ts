/**
 * Law P1 for all-of patterns, absence over inventory, derived events, rules over findings and what
 * becomes of matches: on every generated unit and trace the engine finds exactly what the
 * interpreter finds, field by field. And law P2: also when the events arrive in any order that the
 * sources' progress in between allows. `TAPIO_LAW_RULES` sets how many units are tried.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judge } from "#core";
import { written } from "../harness/in-the-end.ts";
import { formsStory, formsUnit, formsUnitOf, silenceUnit, traceOf } from "../harness/law-forms.ts";
import { lawSeed } from "../harness/seed.ts";
import { disagreement, runEngine, shuffled } from "../harness/unit-agreement.ts";

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

describe("silence", () => {
  test("that is not watched for want of room is never told wrongly without saying so", {
    timeout,
  }, () => {
    const counts = { cases: 0, evicted: 0, marked: 0, sound: 0 };
    fc.assert(
      fc.property(silenceUnit, stories, (text, told) => {
        const unit = formsUnitOf(text);
        for (const [story, picks] of told) {
          const trace = traceOf(unit.schema, story);
          const expected = judge(unit, new Map(), trace).findings.map((f) => written([f.finding]));
          const { findings, engine } = runEngine(unit, trace, { hurry: picks });
          const isCut = engine.counters.evicted.keys > 0;
          counts.cases++;
          if (isCut) counts.evicted++;
          for (const finding of findings) {
            const isMarked = isCut && finding.degraded.length > 0;
            if (isMarked) counts.marked++;
            else counts.sound++;
            if (isMarked || expected.includes(written([finding]))) continue;
            throw new Error(`${text}\n${shown(trace)}\n${written([finding])}`);
          }
          if (!isCut) expect(findings).toHaveLength(expected.length);
        }
      }),
      { numRuns: units, seed: lawSeed("P1, silence") },
    );
    console.log(JSON.stringify(counts));
    expect(counts.evicted).toBeGreaterThan(counts.cases / 20);
    expect(counts.sound).toBeGreaterThan(counts.marked / 5);
  });
});

function shown(x: unknown): string {
  return JSON.stringify(x, (_, v) => (typeof v === "bigint" ? `${v}n` : v));
}
