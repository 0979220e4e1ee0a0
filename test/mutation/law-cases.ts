/**
 * Cases of the laws, made once: rules are compiled, and what either execution finds is kept, so
 * that for a mutant of one only that one runs. The other's answer is what it should be.
 */

import fc from "fast-check";
import { type CoreUnit, type EventData, type Finding, judge, type Trace, type Value } from "#core";
import type { Engine } from "#runtime/engine";
import * as rules from "../harness/agreement.ts";
import { keptBytes, untold } from "../harness/forgetting.ts";
import { written } from "../harness/in-the-end.ts";
import { allCase } from "../harness/law-all.ts";
import { areInOrder, eagerUnit, isToldAtOnce } from "../harness/law-eager.ts";
import { formsStory, formsUnit, formsUnitOf, silenceUnit, traceOf } from "../harness/law-forms.ts";
import { lawRule, lawTrace } from "../harness/law-rules.ts";
import * as sequences from "../harness/law-sequences.ts";
import { windowsStory, windowsTrace, windowsUnit, windowsUnitOf } from "../harness/law-windows.ts";
import { type RunOptions, runEngine, shuffled } from "../harness/unit-agreement.ts";
import { reloadCases } from "./reload-cases.ts";

/** What the engine says; the interpreter is told which events were late. */
export interface Said {
  readonly text: string;
  readonly late: readonly EventData[];
}

export interface LawCase {
  readonly law: string;
  readonly engine: () => Said;
  readonly interpreter: (engine: Said) => string;
  readonly holds: (engine: string, interpreter: string) => boolean;
}

export interface LawSize {
  readonly seed: number;
  /** Rules or units of each law. */
  readonly rules: number;
}

const equal = (a: string, b: string) => a === b;
const some = <T>(x: fc.Arbitrary<T>, n: number) => fc.array(x, { minLength: n, maxLength: n });

export function lawCases(size: LawSize): LawCase[] {
  return [
    ...ruleCases(size),
    ...sequenceCases(size),
    ...allCases(size),
    ...boundsCases(size),
    ...formsCases(size),
    ...windowsCases(size),
    ...goingOnCases(size),
    ...silenceCases(size),
    ...forgettingCases(size),
    ...eagerCases(size),
    ...snapshotCases(size),
    ...reloadCases(size),
  ];
}

function sampled<T>(arbitrary: fc.Arbitrary<T>, { seed, rules: numRuns }: LawSize): T[] {
  return fc.sample(arbitrary, { seed, numRuns });
}

function ruleCases(size: LawSize): LawCase[] {
  return sampled(fc.tuple(lawRule, some(lawTrace, 8)), size).flatMap(([text, traces]) => {
    const compiled = rules.compileLaw(text);
    return traces.map((ops) => ({
      law: "P1 rules",
      engine: () => {
        const { findings, late, engine } = rules.runEngine(compiled, ops);
        checkConservation(engine.counters);
        return { text: `${lateText(late)}${written(findings)}`, late };
      },
      interpreter: ({ late }) =>
        `${lateText(late)}${written(rules.runInterpreter(compiled, ops, late))}`,
      holds: equal,
    }));
  });
}

const lateText = (late: readonly { readonly id: string }[]) =>
  `${late.map((e) => e.id).join(" ")}\n`;

function sequenceCases(size: LawSize): LawCase[] {
  const cases = sampled(sequences.sequenceCase(8), { ...size, rules: 2 * size.rules });
  return cases.flatMap((c) => agreeing("P1 sequences", c));
}

function allCases(size: LawSize): LawCase[] {
  return sampled(allCase(8), size).flatMap((c) => agreeing("P1 all-of", c));
}

function agreeing(law: string, { text, traces }: sequences.SequenceCase): LawCase[] {
  const compiled = sequences.compileCase(text);
  return traces.map((trace) => ({
    law,
    engine: () => {
      const { findings, engine } = sequences.run(compiled, trace);
      const { keys, partials } = engine.counters.evicted;
      return { text: `${keys + partials} given up\n${written(findings)}`, late: [] };
    },
    interpreter: () => `0 given up\n${written(sequences.interpreted(compiled, trace))}`,
    holds: equal,
  }));
}

const bounds = fc.record({
  partials: fc.constantFrom(1, 2, 3, 64),
  keys: fc.constantFrom(1, 2, 64),
  hasPolicies: fc.constant(false),
});

/** With too little room findings may be missing, and each that says nothing of it is right. */
function boundsCases(size: LawSize): LawCase[] {
  const sequence = bounds.chain((b) => sequences.sequenceCase(8, b));
  const all = bounds.chain((b) => allCase(8, b));
  return [
    ...sampled(sequence, size).flatMap((c) => bounded("bounds of sequences", c)),
    ...sampled(all, size).flatMap((c) => bounded("bounds of all-of", c)),
  ];
}

function bounded(law: string, { text, traces }: sequences.SequenceCase): LawCase[] {
  const compiled = sequences.compileCase(text);
  return traces.map((trace) => ({
    law,
    engine: () => unmarked(sequences.run(compiled, trace)),
    interpreter: () => each(sequences.interpreted(compiled, trace)),
    holds: isPartOf,
  }));
}

interface Run {
  readonly findings: readonly Finding[];
  readonly engine: Engine;
}

/** The findings that do not say that anything may be missing; all where nothing was given up. */
function unmarked({ findings, engine }: Run): Said {
  const { keys, partials, windowEvents } = engine.counters.evicted;
  const isCut = keys + partials + windowEvents > 0;
  return { text: each(findings.filter((f) => !isCut || f.degraded.length === 0)), late: [] };
}

const each = (findings: readonly Finding[]) => JSON.stringify(findings.map((f) => written([f])));

function isPartOf(part: string, whole: string): boolean {
  const right = new Set(JSON.parse(whole) as string[]);
  return (JSON.parse(part) as string[]).every((finding) => right.has(finding));
}

/** P12 with bounds: what is counted goes on, too. */
function goingOnCases(size: LawSize): LawCase[] {
  const room = bounds.map((b) => ({ ...b, hasPolicies: true }));
  const anyCase = room.chain((b) => fc.oneof(sequences.sequenceCase(8, b), allCase(8, b)));
  return sampled(anyCase, { ...size, rules: 2 * size.rules }).flatMap(goingOn);
}

function goingOn({ text, traces }: sequences.SequenceCase): LawCase[] {
  const compiled = sequences.compileCase(text);
  const run = (trace: sequences.SequenceTrace) => {
    const { findings, engine } = sequences.run(compiled, trace);
    return JSON.stringify([findings, engine.counters]);
  };
  return traces
    .filter((trace) => trace.restart !== undefined)
    .map((trace) => ({
      law: "P12",
      engine: () => ({ text: "", late: [] }),
      interpreter: () =>
        run(trace) === run({ ...trace, restart: undefined }) ? "" : "interrupted",
      holds: equal,
    }));
}

const picks = fc.array(fc.nat({ max: 11 }), { minLength: 100, maxLength: 100 });
const restarts = fc.uniqueArray(fc.nat({ max: 15 }), { maxLength: 2 });

function formsCases(size: LawSize): LawCase[] {
  const stories = some(fc.tuple(formsStory, picks), 8);
  return sampled(fc.tuple(formsUnit, stories), size).flatMap(([text, told]) => {
    const unit = formsUnitOf(text);
    return told.map(([story, order]) => {
      const trace = traceOf(unit.schema, story);
      return unitCase("P1 forms", unit, trace, order, new Set());
    });
  });
}

function windowsCases(size: LawSize): LawCase[] {
  const stories = some(fc.tuple(windowsStory, picks, restarts), 8);
  const units = sampled(fc.tuple(windowsUnit, stories), { ...size, rules: 2 * size.rules });
  return units.flatMap(([text, told]) => {
    const unit = windowsUnitOf(text);
    return told.map(([story, order, cuts]) => {
      const trace = windowsTrace(unit.schema, story);
      return unitCase("P1 windows", unit, trace, order, new Set(cuts));
    });
  });
}

function unitCase(
  law: string,
  unit: CoreUnit,
  inOrder: Trace,
  order: readonly number[],
  cuts: ReadonlySet<number>,
): LawCase {
  const trace = { ...inOrder, events: shuffled(inOrder.events, cycled(order)) };
  const values = new Map(unit.params.map((p) => [p.name, p.value]));
  return {
    law,
    engine: () => {
      const options: RunOptions = { hurry: cycled(order), restarts: cuts };
      const { findings, engine } = runEngine(unit, trace, options);
      checkConservation(engine.counters);
      return { text: written(findings), late: [] };
    },
    interpreter: () => written(judge(unit, values, trace).findings.map((f) => f.finding)),
    holds: equal,
  };
}

/** P8: what was told while nothing was certain sums to what is final, in order. */
function eagerCases(size: LawSize): LawCase[] {
  const stories = some(fc.tuple(formsStory, picks), 5);
  return sampled(fc.tuple(eagerUnit, stories), size).flatMap(([text, told]) => {
    const unit = formsUnitOf(text);
    return told.map(([story, order]) => {
      const trace = { ...traceOf(unit.schema, story), sources: [] };
      const events = shuffled(trace.events, cycled(order));
      return {
        ...unitCase("P8", unit, trace, order, new Set()),
        engine: () => {
          const run = runEngine(unit, { ...trace, events }, { hurry: cycled(order) });
          const isKept = areInOrder(run.told) ? "" : "out of order";
          // A coarse clock may put something before what has come.
          const atOnce = text.includes("t.c") || isToldAtOnce(runEngine(unit, trace).told, "r");
          const problems = `${isKept}${atOnce ? "" : "late"}`;
          return { text: `${problems}${written(run.findings)}`, late: [] };
        },
      };
    });
  });
}

/** What is past does not stay in the state. */
function forgettingCases(size: LawSize): LawCase[] {
  const cases = sampled(fc.oneof(sequences.sequenceCase(4), allCase(4)), size);
  return cases.flatMap(({ text, traces }) => {
    const { unit, matcher } = sequences.compileCase(untold(text));
    return traces.map((trace) => ({
      law: "forgetting",
      engine: () => {
        const { events } = sequences.traceFrom(unit, trace.events);
        const sizes = keptBytes(unit, matcher, events, 1000, 12);
        return { text: String((sizes[11] ?? 0) - (sizes[5] ?? 0)), late: [] };
      },
      interpreter: () => "0",
      holds: equal,
    }));
  });
}

/** As `boundsCases`, of silence. */
function silenceCases(size: LawSize): LawCase[] {
  const stories = some(fc.tuple(formsStory, picks), 8);
  return sampled(fc.tuple(silenceUnit, stories), size).flatMap(([text, told]) => {
    const unit = formsUnitOf(text);
    const values = new Map<string, Value>();
    return told.map(([story, order]) => {
      const inOrder = traceOf(unit.schema, story);
      const trace = { ...inOrder, events: shuffled(inOrder.events, cycled(order)) };
      return {
        law: "bounds of silence",
        engine: () => unmarked(runEngine(unit, trace, { hurry: cycled(order) })),
        interpreter: () => each(judge(unit, values, trace).findings.map((f) => f.finding)),
        holds: isPartOf,
      };
    });
  });
}

/** P12: the second execution is the engine without an interruption. */
function snapshotCases(size: LawSize): LawCase[] {
  const cuts = fc.uniqueArray(fc.nat({ max: 12 }), { minLength: 1, maxLength: 4 });
  const stories = some(fc.tuple(formsStory, picks, cuts), 4);
  const anyUnit = fc.oneof(formsUnit, silenceUnit, eagerUnit);
  return sampled(fc.tuple(anyUnit, stories), size).flatMap(([text, told]) => {
    const unit = formsUnitOf(text);
    return told.map(([story, order, at]) => {
      const inOrder = traceOf(unit.schema, story);
      const trace = { ...inOrder, events: shuffled(inOrder.events, cycled(order)) };
      const run = (more: RunOptions) => {
        const { told: all, engine } = runEngine(unit, trace, { hurry: cycled(order), ...more });
        return JSON.stringify([all, engine.counters]);
      };
      return {
        law: "P12",
        engine: () => ({ text: "", late: [] }),
        interpreter: () => (run({}) === run({ restarts: new Set(at) }) ? "" : "interrupted"),
        holds: equal,
      };
    });
  });
}

function* cycled(values: readonly number[]): Generator<number> {
  for (let i = 0; ; i++) yield values[i % values.length] ?? 0;
}

interface Counters {
  readonly received: number;
  readonly delivered: number;
  readonly filtered: number;
  readonly dropped: number;
  readonly late: number;
  readonly inFlight: number;
}

function checkConservation(c: Counters): void {
  if (c.received !== c.delivered + c.filtered + c.dropped + c.late + c.inFlight)
    throw new Error("conservation is broken");
}
