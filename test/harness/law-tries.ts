/** What the laws over rules with traces of their own try, whatever the rules are of. */
import fc from "fast-check";
import { written } from "./in-the-end.ts";
import {
  type CompiledCase,
  compileCase,
  disagreement,
  interpreted,
  run,
  type SequenceCase,
  type SequenceTrace,
} from "./law-sequences.ts";

export interface Tries {
  readonly rules: number;
  readonly seed: number;
}

/**
 * Law P1: tries `cases` and counts them; throws where engine and interpreter differ. The few whose
 * state does not fit, however roomy it is, may differ in findings that say so.
 */
export function tryAgreement(cases: fc.Arbitrary<SequenceCase>, { rules, seed }: Tries) {
  const counts = { cases: 0, findings: 0, cut: 0 };
  overTraces(cases, { rules, seed }, (compiled, trace) => {
    counts.cases++;
    const difference = disagreement(compiled, trace);
    if (difference) {
      const told = toldWithoutRoom(compiled, trace);
      if (!told.isCut || told.wrong !== undefined) return difference;
      counts.cut++;
    }
    counts.findings += interpreted(compiled, trace).length;
    return undefined;
  });
  return counts;
}

/**
 * What the engine finds is what the interpreter finds, or it says that something may be missing:
 * tries `cases`, in which state is given up for room, and counts them.
 */
export function tryBounds(cases: fc.Arbitrary<SequenceCase>, { rules, seed }: Tries) {
  const counts = { cases: 0, evicted: 0, marked: 0, sound: 0 };
  overTraces(cases, { rules, seed }, (compiled, trace) => {
    counts.cases++;
    const { isCut, marked, sound, wrong } = toldWithoutRoom(compiled, trace);
    if (isCut) counts.evicted++;
    counts.marked += marked;
    counts.sound += sound;
    return wrong;
  });
  return counts;
}

/** What the engine finds when state does not fit: how much of it says so, and what is wrong. */
function toldWithoutRoom(compiled: CompiledCase, trace: SequenceTrace) {
  const expected = new Set(interpreted(compiled, trace).map((f) => written([f])));
  const { findings, engine } = run(compiled, trace);
  const { keys, partials, windowEvents } = engine.counters.evicted;
  const isCut = keys + partials + windowEvents > 0;
  const sound = findings.filter((f) => !isCut || f.degraded.length === 0);
  const wrong = sound.find((f) => !expected.has(written([f])));
  return {
    isCut,
    marked: findings.length - sound.length,
    sound: sound.length,
    wrong: wrong && written([wrong]),
  };
}

/** Tries each rule on each of its traces; `wrong` says what is wrong with a case. */
function overTraces(
  cases: fc.Arbitrary<SequenceCase>,
  { rules, seed }: Tries,
  wrong: (compiled: CompiledCase, trace: SequenceTrace) => string | undefined,
): void {
  fc.assert(
    fc.property(cases, ({ text, traces }) => {
      const compiled = compileCase(text);
      for (const trace of traces) {
        const what = wrong(compiled, trace);
        if (what) throw new Error(`${text}\n${JSON.stringify(trace)}\n${what}`);
      }
    }),
    { numRuns: rules, seed },
  );
}
