/** Which fields of which events the rules of a compilation read: those a test must give. */
import { allStepsOf, type CoreRule, type Derive, type Expr, stepsOf, walkOutsideRuns } from "#core";
import { exprsOf } from "../bounds/reads.ts";

/** How a field that is read is named: by kind id, or of any kind. */
export function readBy(kind: number | undefined, field: string): string {
  return `${kind ?? "any"}.${field}`;
}

/** How a member that is read of the items of lists and maps is named, whichever lists they are. */
export function readInItem(member: string): string {
  return `item.${member}`;
}

/** The names of all fields that some rule or derived event reads. */
export function fieldsRead(rules: readonly CoreRule[], derives: readonly Derive[]): Set<string> {
  const read = new Set<string>();
  for (const rule of rules) {
    const captured = stepsOf(rule.pattern).map((s) => s.kinds);
    const steps = allStepsOf(rule.pattern);
    for (const s of steps) {
      note(read, [s.where, ...s.key.map((k) => k.expr)], s.kinds, captured);
    }
    const inSteps = new Set(steps.map((s) => s.where));
    const others = exprsOf(rule).filter((e) => !inSteps.has(e));
    const kinds = steps.flatMap((s) => s.kinds);
    note(read, others, kinds, captured);
  }
  for (const { step, set } of derives) note(read, [step.where, ...set], step.kinds, []);
  return read;
}

/** `current` are the kinds of the event being judged, `captured` those of the steps. */
function note(
  read: Set<string>,
  exprs: readonly (Expr | undefined)[],
  current: readonly number[],
  captured: readonly (readonly number[])[],
): void {
  for (const expr of exprs) {
    if (!expr) continue;
    walkOutsideRuns(expr, (e) => {
      if (e.op === "member") read.add(readInItem(e.name));
      // Inside it the events of the run are the current ones.
      if (e.op === "run") note(read, [e.arg], captured[e.step] ?? [], captured);
      if (e.op !== "field") return;
      const kinds = e.of.step === "current" ? current : (captured[e.of.step] ?? []);
      for (const kind of kinds) read.add(readBy(kind, e.name));
      // `f.root.comm` of a finding is the field `comm` of whatever that rule is about.
      const [, ...inner] = e.name.split(".");
      if (inner.length > 0) read.add(readBy(undefined, inner.join(".")));
    });
  }
}
