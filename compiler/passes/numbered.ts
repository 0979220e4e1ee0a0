/**
 * Which events of runs a rule reads by their number (`b[1].x`): those are always kept, while others
 * are kept as evidence as long as there is room.
 */
import { type CoreRule, exprsLookingBack, type Ref, walkExpr } from "#core";

/** `rule` with what its repeated steps must keep. */
export function withNumbered(rule: CoreRule): CoreRule {
  const { pattern } = rule;
  if (pattern.node !== "seq") return rule;
  const numbered = new Map<number, number>();
  const note = (of: Ref) => {
    if (of.step === "current" || typeof of.pick !== "number") return;
    numbered.set(of.step, Math.max(numbered.get(of.step) ?? 0, of.pick + 1));
  };
  note(rule.explain.root.of);
  for (const expr of exprsLookingBack(rule))
    walkExpr(expr, (e) => {
      if ("of" in e) note(e.of);
    });
  const steps = pattern.steps.map((s, at) => {
    const most = numbered.get(at);
    return s.repeat && most !== undefined ? { ...s, repeat: { ...s.repeat, numbered: most } } : s;
  });
  return { ...rule, pattern: { ...pattern, steps } };
}
