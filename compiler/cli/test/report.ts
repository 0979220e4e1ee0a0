/** What `tapioc test` writes: for people, and as JSON with the same facts. */
import { type Paint, Places, PrettyReporter } from "#compiler";
import type { Span } from "#grammar";
import type { RuleCoverage } from "./coverage.ts";
import type { MutationScore } from "./mutate.ts";
import type { TestFailure, TestOutcome } from "./outcome.ts";

export interface TestReport {
  readonly outcomes: readonly TestOutcome[];
  /** Undefined when it was not asked for. */
  readonly coverage: readonly RuleCoverage[] | undefined;
  readonly mutation: readonly MutationScore[] | undefined;
  /** Rules that no test is for, when coverage of all of them was asked for. */
  readonly untested?: readonly string[];
}

type TextOf = (file: string) => string | undefined;

export function textReport(
  report: TestReport,
  textOf: TextOf,
  paint: Paint & { green(s: string): string },
): string {
  const reporter = new PrettyReporter(textOf, paint);
  const out: string[] = [];
  for (const { test, failures, backEnds } of report.outcomes) {
    const mark = failures.length === 0 ? paint.green("ok  ") : paint.red("FAIL");
    out.push(`${mark} ${test.rule}: ${test.title} [${backEnds.join(", ")}]\n`);
    for (const f of failures) out.push(reporter.show("failed", shown(f)));
  }
  out.push(...(report.coverage ?? []).map(coverageText));
  const untested = (report.untested ?? []).map((r) => `\`${r}\``).join(", ");
  if (untested !== "") out.push(`no test is for ${untested}\n`);
  out.push(...(report.mutation ?? []).map(mutationText));
  out.push(`${summary(report.outcomes)}\n`);
  return out.join("");
}

function shown({ at, message, notes }: TestFailure) {
  return { severity: "error", at, message, notes, labels: [], fixes: [] } as const;
}

function summary(outcomes: readonly TestOutcome[]): string {
  const failed = outcomes.filter((o) => o.failures.length > 0).length;
  return `${outcomes.length - failed} passed, ${failed} failed`;
}

function coverageText({ rule, covered, total, gaps }: RuleCoverage): string {
  const lines = gaps.map(
    (g) => `  ${g.part}: ${g.text} was never ${g.never.join(" and never ")}\n`,
  );
  return `coverage of \`${rule}\`: ${covered} of ${total}\n${lines.join("")}`;
}

function mutationText({ rule, killed, total, survivors }: MutationScore): string {
  const lines = survivors.map((s) => `  survived: ${s}\n`);
  return `mutants of \`${rule}\`: ${killed} of ${total} killed\n${lines.join("")}`;
}

/** Lines and columns count from 1; times are µs since the start of the test. */
export function jsonTestReport(report: TestReport, textOf: TextOf): string {
  const places = new Places(textOf);
  const place = (at: Span) => places.of(at);
  const tests = report.outcomes.map(({ test, failures, backEnds, permutations }) => ({
    title: test.title,
    rule: test.rule,
    ...place(test.at),
    ok: failures.length === 0,
    backEnds,
    permutations,
    failures: failures.map(({ at, ...facts }) => ({ ...place(at), ...facts })),
  }));
  const failed = tests.filter((t) => !t.ok).length;
  const { coverage, mutation, untested } = report;
  const body = {
    version: 1,
    passed: tests.length - failed,
    failed,
    tests,
    coverage,
    mutation,
    untested,
  };
  return `${JSON.stringify(body, null, 2)}\n`;
}
