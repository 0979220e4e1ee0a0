/** What a rule asks of the runs of its repeated steps: each aggregate once, in a fixed order. */
import { type CoreRule, perRule, type RunAggregate, stable, walkExpr } from "./ir/index.ts";
import { exprsLookingBack } from "./later-reads.ts";

export const runAggregatesOf: (rule: CoreRule) => readonly RunAggregate[] = perRule((rule) => {
  const found = new Map<string, RunAggregate>();
  for (const expr of exprsLookingBack(rule))
    walkExpr(expr, (e) => {
      if (e.op === "run") found.set(stable(e), e);
    });
  return [...found.values()].sort((a, b) => a.step - b.step);
});

/** Those of the runs of one step, in the order of their cells. */
export function runAggregatesAt(rule: CoreRule, step: number): readonly RunAggregate[] {
  return runAggregatesOf(rule).filter((e) => e.step === step);
}

/** Place of `e`, which the rule asks for, among the cells of its step. */
export function cellOfRun(rule: CoreRule, e: RunAggregate): number {
  const place = runAggregatesAt(rule, e.step).findIndex((a) => stable(a) === stable(e));
  if (place < 0) throw new Error(`${rule.name} does not ask for this ${e.fn} of a run`);
  return place;
}
