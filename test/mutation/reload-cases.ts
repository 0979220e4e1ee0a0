/**
 * Cases of law P4: one that keeps is invisible but for the texts, and of one that drains or
 * migrates the reference interpreter says what is found.
 */
import fc from "fast-check";
import type { CoreUnit, Finding, Trace } from "#core";
import { eagerUnit } from "../harness/law-eager.ts";
import { formsStory, formsUnit, formsUnitOf, traceOf } from "../harness/law-forms.ts";
import { absencePairs, allPairs, type ReloadPair, windowPairs } from "../harness/law-reload.ts";
import { compileCase, sequencePair, traceFrom } from "../harness/law-sequences.ts";
import {
  numbersFrom,
  problemOf,
  type ReloadMoment,
  reloading,
  Seen,
} from "../harness/reload-agreement.ts";
import { runEngine, shuffled } from "../harness/unit-agreement.ts";
import type { LawCase, LawSize } from "./law-cases.ts";

const moment: fc.Arbitrary<ReloadMoment> = fc.record({
  picks: fc.nat(),
  at: fc.integer({ min: 1, max: 20 }),
  restart: fc.option(fc.nat({ max: 12 }), { nil: undefined }),
});
const each = 6;
const moments = fc.array(moment, { minLength: each, maxLength: each });
const stories = fc.array(formsStory, { minLength: each, maxLength: each });

const sequencePairs: fc.Arbitrary<ReloadPair> = sequencePair.map(({ before, after, traces }) => ({
  before,
  after,
  change: undefined,
  unitOf: (text) => compileCase(text).unit,
  traces: (unit) => traces.map((events) => traceFrom(unit, events)),
}));

export function reloadCases({ seed, rules: numRuns }: LawSize): LawCase[] {
  const changed = fc.oneof(windowPairs, allPairs, absencePairs, sequencePairs);
  const kept = fc.tuple(fc.oneof(eagerUnit, formsUnit), stories, moments);
  return [
    ...fc.sample(fc.tuple(changed, moments), { seed, numRuns: 2 * numRuns }).flatMap(changedCases),
    ...fc.sample(kept, { seed, numRuns }).flatMap(keptCases),
  ];
}

/** Holds where there is nothing to say. */
const lawCase = (problem: () => string | undefined): LawCase => ({
  law: "P4",
  engine: () => ({ text: "", late: [] }),
  interpreter: () => problem() ?? "",
  holds: (a, b) => a === b,
});

function changedCases([pair, all]: [ReloadPair, ReloadMoment[]]): LawCase[] {
  const [before, after] = [pair.before, pair.after].map(pair.unitOf);
  if (!before || !after) return [];
  return pair.traces(before).flatMap((inOrder, n) => {
    const own = all[n];
    if (!own) return [];
    const trace = arriving(inOrder, own);
    return [
      lawCase(() => {
        const the = reloading(before, after, trace, own);
        return the && problemOf(the, pair.change !== undefined, new Seen());
      }),
    ];
  });
}

type Story = typeof formsStory extends fc.Arbitrary<infer T> ? T : never;

function keptCases([text, told, all]: [string, Story[], ReloadMoment[]]): LawCase[] {
  const unit = formsUnitOf(text);
  const other = formsUnitOf(text.replaceAll('summary "', 'summary "retold '));
  return told.flatMap((story, n) => {
    const own = all[n];
    return own
      ? [lawCase(() => seenOf(unit, other, arriving(traceOf(unit.schema, story), own), own))]
      : [];
  });
}

/** What of a reload that changes texts only can be seen besides them. */
function seenOf(unit: CoreUnit, other: CoreUnit, trace: Trace, own: ReloadMoment) {
  const { picks, at, restart } = own;
  const hurry = () => numbersFrom(picks);
  const whole = runEngine(unit, trace, { hurry: hurry() });
  const parts = runEngine(unit, trace, {
    hurry: hurry(),
    restarts: new Set(restart === undefined ? [] : [restart]),
    reloads: new Map([[at, other]]),
  });
  return shown(parts) === shown(whole) ? undefined : "seen";
}

function shown({ told, engine }: ReturnType<typeof runEngine>): string {
  const plain = (f: Finding) => ({
    ...f,
    summary: "",
    evidence: f.evidence.map((line) => ({ ...line, fields: [] })),
  });
  return JSON.stringify([told.map(plain), engine.counters]);
}

const arriving = (trace: Trace, { picks }: ReloadMoment): Trace => ({
  ...trace,
  events: shuffled(trace.events, numbersFrom(picks)),
});
