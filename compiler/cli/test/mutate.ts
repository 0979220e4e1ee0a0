/** The mutation score: how many small mistakes in a rule its own tests would notice. */
import type { CompileResult, Expectation, TestCase } from "#compiler";
import { allStepsOf, type CoreRule, type CoreUnit, fullName, type Value } from "#core";
import { ExpectationJudge } from "./expectations.ts";
import { type Mutant, mutantsOf, renumbered } from "./mutants.ts";
import { type ReadRecording, readRecording } from "./recording.ts";
import { judgeStory } from "./reference.ts";
import { type Story, storyOf } from "./story.ts";

export interface MutationScore {
  readonly rule: string;
  readonly killed: number;
  readonly total: number;
  /** What was changed without any test of the rule failing. */
  readonly survivors: readonly string[];
}

/** The score of every rule that `tests` are about, judged by the reference interpreter. */
export function mutationScores(
  result: CompileResult,
  tests: readonly TestCase[],
  params: ReadonlyMap<string, Value>,
  read: ReadRecording | undefined,
): MutationScore[] {
  const { unit } = result;
  return unit.rules.flatMap((rule) => {
    const own = tests.filter((t) => t.target === fullName(rule));
    if (own.length === 0) return [];
    const trials = own.flatMap((test) => {
      const recorded = readRecording(unit.schema, test, read);
      if (recorded?.ok === false) return [];
      const needed = neededFor(unit, test);
      const trial = { test, story: storyOf(test, recorded?.events), unit: needed };
      // A test that fails anyway proves nothing about a mutant.
      return isHeld(trial, needed, params, (e) => e) ? [trial] : [];
    });
    const mutants = mutantsOf(rule, params, unit.schema);
    const survivors = mutants.filter((m) => !trials.some((t) => kills(t, rule, m, params)));
    return [
      {
        rule: rule.name,
        killed: mutants.length - survivors.length,
        total: mutants.length,
        survivors: survivors.map((m) => m.description),
      },
    ];
  });
}

interface Trial {
  readonly test: TestCase;
  readonly story: Story;
  readonly unit: CoreUnit;
}

/** Whether the test fails when `mutant` takes the place of `rule`. */
function kills(
  { test, story, unit }: Trial,
  rule: CoreRule,
  mutant: Mutant,
  params: ReadonlyMap<string, Value>,
): boolean {
  const rules = unit.rules.map((r) => (r === rule ? mutant.rule : r));
  return !isHeld({ test, story, unit }, { ...unit, rules }, params, (e) =>
    e.rule === fullName(rule) && mutant.swapped ? renumbered(e, mutant.swapped) : e,
  );
}

/** Whether all expectations of the test hold when `unit` is judged. */
function isHeld(
  { test, story }: Trial,
  unit: CoreUnit,
  params: ReadonlyMap<string, Value>,
  asked: (e: Expectation) => Expectation,
): boolean {
  const judged = judgeStory(unit, params, story);
  const judge = new ExpectationJudge(unit, params, story, judged);
  return test.expectations.every((e) => judge.judge(asked(e)).length === 0);
}

/** The rules a test speaks about and those whose findings they read; the others cost only time. */
function neededFor(unit: CoreUnit, test: TestCase): CoreUnit {
  const wanted = new Set([test.target, ...test.expectations.map((e) => e.rule)]);
  const isNeeded = (rule: CoreRule) =>
    wanted.has(fullName(rule)) || rule.subsumes.some((s) => s.rules.some((r) => wanted.has(r)));
  // Makers come before their readers, so one pass from the end finds all of them.
  const rules: CoreRule[] = [];
  for (const rule of [...unit.rules].reverse()) {
    if (!isNeeded(rule)) continue;
    rules.unshift(rule);
    for (const maker of makersFor(unit, rule)) wanted.add(maker);
  }
  return { ...unit, rules };
}

function makersFor(unit: CoreUnit, rule: CoreRule): string[] {
  return allStepsOf(rule.pattern).flatMap((step) =>
    step.kinds.flatMap((id) => {
      const kind = unit.schema.kinds[id];
      return kind?.made === "finding" ? [kind.name.slice("finding.".length)] : [];
    }),
  );
}
