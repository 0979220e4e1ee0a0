/** `tapioc explain`: codes offline, and what rules become at each stage. */
import { type CompileResult, emitMatcher, selectKernelEvents } from "#compiler";
import { type KernelNeed, printDerive, printRule, UsageError } from "#core";
import { catalog, findEntry } from "#grammar";

export const stages = ["parse", "lower", "js", "kernel"];

export function explainCode(code: string): string {
  const entry = findEntry(code);
  if (!entry) {
    throw new UsageError(
      `there is no code ${code}`,
      `codes go from ${Object.keys(catalog)[0]} to ${Object.keys(catalog).at(-1)}`,
    );
  }
  const indent = (text: string) =>
    text
      .trimEnd()
      .split("\n")
      .map((l) => `    ${l}`)
      .join("\n");
  const parts = [`${code}: ${entry.slug} (${entry.severity})`, "", entry.explanation];
  if (entry.bad) parts.push("", "Avoid:", "", indent(entry.bad));
  if (entry.good) parts.push("", "Prefer:", "", indent(entry.good));
  return `${parts.join("\n")}\n`;
}

/** The unit after a stage; `kernel` shows for each event kind what the kernel may keep away. */
export function explainRules(
  result: CompileResult,
  after: string,
  only: string | undefined,
): string {
  const rules = result.rules.filter((r) => !only || r.core.name === only);
  if (only && rules.length === 0) {
    throw new UsageError(
      `there is no rule ${only}`,
      `rules: ${result.rules.map((r) => r.core.name).join(", ") || "none"}`,
    );
  }
  const unit = { ...result.unit, rules: rules.map((r) => r.core) };
  const kinds = unit.schema.kinds.map((k) => k.name);
  switch (after) {
    case "parse":
      return `${JSON.stringify(
        rules.map((r) => r.decl),
        null,
        2,
      )}\n`;
    case "lower":
      return [
        ...unit.derives.map((d) => printDerive(d, unit.schema)),
        ...unit.rules.map((r) => printRule(r, kinds)),
      ].join("\n");
    case "js":
      return emitMatcher(unit);
    default:
      return `${unit.rules.map((r) => printRule(r, kinds)).join("\n")}\n${kernelText(selectKernelEvents(unit))}`;
  }
}

function kernelText(plan: readonly KernelNeed[]): string {
  if (plan.length === 0) return "kernel: no rule needs kernel events\n";
  const lines = plan.map((need) => {
    const any = need.anyOf.map((a) =>
      a.allOf.map((x) => `${x.field} ${x.cmp} ${x.value}`).join(" and "),
    );
    return `kernel: ${need.kind}: ${any.length === 0 ? "every event is kept" : `kept when ${any.join(", or ")}`}`;
  });
  return `${lines.join("\n")}\n`;
}
