/**
 * Law P1 for windows of every shape: on every generated unit and trace the engine finds exactly
 * what the interpreter finds, field by field: in any order of arrival, with progress and restarts
 * in between, and when lives and losses become known as they happen.
 * `TAPIO_LAW_RULES` sets how many units are tried.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emitMatcher } from "#compiler";
import {
  type Account,
  type CoreUnit,
  type Finding,
  type Judgement,
  judge,
  type Trace,
} from "#core";
import { Engine } from "#runtime/engine";
import { standing } from "../harness/in-the-end.ts";
import {
  tellAsItHappens,
  windowsStory,
  windowsTrace,
  windowsUnit,
  windowsUnitOf,
} from "../harness/law-windows.ts";
import { lawSeed } from "../harness/seed.ts";
import { disagreement, runEngine, shuffled } from "../harness/unit-agreement.ts";

const units = Number(process.env.TAPIO_LAW_RULES ?? 150);
const tracesPerUnit = 10;
const telling = fc.record({
  story: windowsStory,
  picks: fc.infiniteStream(fc.nat({ max: 11 })),
  restarts: fc.uniqueArray(fc.nat({ max: 15 }), { maxLength: 2 }),
});
const stories = fc.array(telling, { minLength: tracesPerUnit, maxLength: tracesPerUnit });
const timeout = Math.max(120_000, units * 400);

describe("interpreter = engine, windows", () => {
  test(`${units} units on ${tracesPerUnit} traces each`, { timeout }, () => {
    let findings = 0;
    let cases = 0;
    const seed = lawSeed("P1, windows");
    fc.assert(
      fc.property(windowsUnit, stories, (text, tellings) => {
        const unit = windowsUnitOf(text);
        const matcher = emitMatcher(unit);
        for (const { story, picks, restarts } of tellings) {
          const trace = windowsTrace(unit.schema, story);
          cases++;
          const arrived = { ...trace, events: shuffled(trace.events, picks) };
          const options = { hurry: picks, restarts: new Set(restarts) };
          const difference = disagreement(unit, arrived, options);
          if (difference) throw new Error(`${text}\n${shown(trace)}\n${difference}`);
          const happening = written(asItHappens(unit, matcher, trace));
          const { findings: told, engine } = runEngine(unit, trace);
          const atOnce = written(told);
          if (happening !== atOnce)
            throw new Error(
              `${text}\n${shown(trace)}\nas it happens: ${happening}\nat once: ${atOnce}`,
            );
          const params = new Map(unit.params.map((p) => [p.name, p.value]));
          const judgement = judge(unit, params, trace);
          findings += judgement.findings.length;
          expect(accountOf(engine)).toEqual(sumOf(judgement));
        }
      }),
      { numRuns: units, seed },
    );
    console.log(`${cases} cases, ${findings} findings`);
    expect(findings).toBeGreaterThan(cases / 2);
  });
});

/** The first rule alone, with room for so many values and keys. */
function narrowed(unit: CoreUnit, maxEvents: number, keysMax: number): CoreUnit {
  const [rule] = unit.rules;
  if (rule?.pattern.node !== "win") throw new Error("no window");
  const plain = { suppress: undefined, rate: undefined, resolve: undefined, exceptions: [] };
  const pattern = { ...rule.pattern, maxEvents };
  return { ...unit, rules: [{ ...rule, ...plain, keysMax, pattern }] };
}

describe("what was given up for room", () => {
  test("is said by every finding that it may have changed", { timeout }, () => {
    let evicted = 0;
    let certain = 0;
    const seed = lawSeed("bounds of windows");
    const bounds = fc.record({
      values: fc.integer({ min: 1, max: 6 }),
      keys: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(windowsUnit, stories, bounds, (text, tellings, { values, keys }) => {
        const unit = narrowed(windowsUnitOf(text), values, keys);
        for (const { story } of tellings) {
          const trace = windowsTrace(unit.schema, story);
          const params = new Map(unit.params.map((p) => [p.name, p.value]));
          const expected = judge(unit, params, trace).findings.map((f) => f.finding);
          const { findings, engine } = runEngine(unit, trace);
          const { keys: keysEvicted, windowEvents } = engine.counters.evicted;
          evicted += keysEvicted + windowEvents;
          for (const found of findings) {
            if (found.degraded.length > 0) continue;
            certain++;
            const same = expected.find((f) => f.id === found.id);
            if (!same || written([same]) !== written([found]))
              throw new Error(
                `${text}\n${shown(trace)}\n${values} values, ${keys} keys\nfound: ${written([found])}\nof: ${written(expected)}`,
              );
          }
        }
      }),
      { numRuns: Math.ceil(units / 2), seed },
    );
    console.log(`${evicted} given up, ${certain} findings without doubt`);
    expect(evicted).toBeGreaterThan(units);
    expect(certain).toBeGreaterThan(units);
  });
});

/** What was found and what was not told, of all rules together. */
function sumOf({ counts }: Judgement) {
  const sum = (what: keyof Account) => [...counts.values()].reduce((n, c) => n + c[what], 0);
  return {
    findings: sum("findings"),
    suppressed: sum("suppressed"),
    excepted: sum("excepted"),
    limited: sum("limited"),
    held: sum("held"),
    dropped: sum("dropped"),
  };
}

function accountOf({ counters }: Engine) {
  const { findings, suppressed, excepted, limited, held, doubted } = counters;
  return { findings, suppressed, excepted, limited, held, dropped: doubted };
}

/** Findings by id, each as it was told last, when the trace is told as it happens. */
function asItHappens(unit: CoreUnit, matcher: string, trace: Trace): readonly Finding[] {
  const told: Finding[] = [];
  const engine = new Engine({
    unit,
    matcher,
    bundleHash: "",
    ...(trace.start === undefined ? {} : { startUs: trace.start }),
    onFinding: (f) => told.push(f),
  });
  tellAsItHappens(engine, unit.schema, trace);
  return standing(told);
}

/** Findings in the end: how often one was told again depends on when losses become known. */
function written(findings: readonly Finding[]): string {
  const last = findings.map(({ state, ...f }) => ({
    ...f,
    revision: 0,
    over: state === "resolved",
  }));
  return JSON.stringify(
    last.sort((a, b) => (a.id < b.id ? -1 : 1)),
    null,
    1,
  );
}

function shown(x: unknown): string {
  return JSON.stringify(x, (_, v) => (typeof v === "bigint" ? `${v}n` : v));
}
