/** `tapioc test`: the selected tests, and what was asked to be measured on the way. */
import type { CompileResult } from "#compiler";
import { type CoreRule, UsageError } from "#core";
import { readBeside } from "../inputs.ts";
import { Observations } from "./coverage.ts";
import { mutationScores } from "./mutate.ts";
import type { TestReport } from "./report.ts";
import { defaultParams, type RunOptions, runTests, selectTests } from "./run.ts";

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
    throw new UsageError("no test is selected", testedRules(result));
  const outcomes = runTests(result, run);
  const { rules, schema } = result.unit;
  const isTested = (r: CoreRule) => tests.some((t) => t.target === `${r.module}.${r.name}`);
  const tested = rules.filter(isTested);
  const isWhole = measuresCoverage && rule === undefined && filter === undefined;
  const params = defaultParams(result.unit);
  return {
    outcomes,
    coverage: observations && tested.map((r) => observations.of(r, schema)),
    mutation: mutates ? mutationScores(result, tests, params, readBeside) : undefined,
    untested: isWhole ? rules.filter((r) => !isTested(r)).map((r) => r.name) : [],
  };
}

function testedRules({ tests }: CompileResult): string {
  const names = [...new Set(tests.map((t) => t.rule))];
  return `name a rule that has tests, or part of a title; tests are for ${names.join(", ") || "no rule"}`;
}
