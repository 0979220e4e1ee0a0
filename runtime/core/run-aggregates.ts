/** What a rule asks of the runs of its repeated steps: each aggregate once, in a fixed order. */
import { type CoreRule, perRule, printExpr, type RunAggregate, walkExpr } from "./ir/index.ts";
import { exprsLookingBack } from "./later-reads.ts";

export const runAggregatesOf: (rule: CoreRule) => readonly RunAggregate[] = perRule((rule) => {
  const found = new Map<string, RunAggregate>();
  for (const expr of exprsLookingBack(rule))
    walkExpr(expr, (e) => {
      if (e.op === "run") found.set(printExpr(e), e);
    });
  return [...found.values()].sort((a, b) => a.step - b.step);
});

/** Place of `e` among the cells of its step. */
export function cellOfRun(rule: CoreRule, e: RunAggregate): number {
  const own = runAggregatesOf(rule).filter((a) => a.step === e.step);
  return own.findIndex((a) => printExpr(a) === printExpr(e));
}
