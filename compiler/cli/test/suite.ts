/** `tapioc test`: the selected tests, and what was asked to be measured on the way. */
import type { CompileResult } from "#compiler";
import { UsageError } from "#core";
import { readBeside } from "../inputs.ts";
import { Observations } from "./coverage.ts";
import { mutationScores } from "./mutate.ts";
import type { TestReport } from "./report.ts";
import { defaultParams, engineGaps, type RunOptions, runTests, selectTests } from "./run.ts";

export interface SuiteOptions {
  readonly rule: string | undefined;
  readonly filter: string | undefined;
  readonly permutations: number;
  readonly measuresCoverage: boolean;
  readonly mutates: boolean;
}

/** Throws `UsageError` when tests were asked for that do not exist. */
export function runSuite(result: CompileResult, options: SuiteOptions): TestReport {
  const { rule, filter, permutations, measuresCoverage, mutates } = options;
  const observations = measuresCoverage ? new Observations() : undefined;
  const run: RunOptions = { rule, filter, permutations, readRecording: readBeside, observations };
  const tests = selectTests(result.tests, run);
  if (tests.length === 0 && (rule !== undefined || filter !== undefined))
    throw new UsageError("no test is selected", "name a rule that has tests, or part of a title");
  const outcomes = runTests(result, run);
  const tested = result.unit.rules.filter((r) =>
    tests.some((t) => t.target === `${r.module}.${r.name}`),
  );
  const params = defaultParams(result.unit);
  return {
    outcomes,
    engineGaps: engineGaps(result.unit, tests),
    coverage: observations && tested.map((r) => observations.of(r)),
    mutation: mutates ? mutationScores(result, tests, params, readBeside) : undefined,
  };
}
