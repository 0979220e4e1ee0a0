/** Core expressions as their author would write them. */
import { type CoreRule, type Expr, printExpr, stepsOf } from "#core";

/** Writes expressions of `rule`; `current` is the step whose event is being judged. */
export function writerFor(rule: CoreRule, current: string): (e: Expr) => string {
  const names = stepsOf(rule.pattern).map((s) => s.name);
  return (e) => {
    const text = printExpr(e)
      .replace(/@(\d+)/g, (all, n: string) => names[Number(n)] ?? all)
      .replace(/\bcurrent\b/g, current)
      .replace(/\$(?:\w+\.)*(\w+)/g, "$1");
    return text.startsWith("(") && text.endsWith(")") ? text.slice(1, -1) : text;
  };
}
