/** `tapioc explain`: codes offline, and what rules become at each stage. */
import { type CompileResult, emitMatcher, selectKernelEvents } from "#compiler";
import {
  type CoreUnit,
  type Derive,
  heardSteps,
  type KernelNeed,
  printDerive,
  printRule,
  UsageError,
} from "#core";
import { catalog, findEntry } from "#grammar";

export const stages = ["parse", "lower", "js", "kernel"];

export function explainCode(code: string): string {
  const entry = findEntry(code);
  if (!entry) {
    const codes = Object.keys(catalog).sort();
    throw new UsageError(
      `there is no code ${code}`,
      `codes go from ${codes[0]} to ${codes.at(-1)}; grammar/reference/codes has a page for each`,
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
  const rules = rulesOf(result, only);
  const read = { ...result.unit, rules: rules.map((r) => r.core) };
  const unit = only === undefined ? read : { ...read, derives: derivesOf(read) };
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

/** What the rules read of derived events, and what these are derived from in turn. */
function derivesOf({ derives, rules }: CoreUnit): Derive[] {
  const wanted = new Set(rules.flatMap((r) => heardSteps(r).flatMap((s) => s.kinds)));
  // A derived event is made of an earlier kind, so that one pass from the end finds them all.
  const used = [...derives].reverse().filter((d) => {
    if (wanted.has(d.kind)) for (const kind of d.step.kinds) wanted.add(kind);
    return wanted.has(d.kind);
  });
  return used.reverse();
}

/** All rules, or those called `only`, plainly or in full; throws `UsageError` if there is none. */
export function rulesOf(result: CompileResult, only: string | undefined): CompileResult["rules"] {
  const rules = result.rules.filter(({ core: { name, module } }) =>
    [undefined, name, `${module}.${name}`].includes(only),
  );
  if (only === undefined || rules.length > 0) return rules;
  throw new UsageError(
    `there is no rule ${only}`,
    `rules: ${result.rules.map((r) => r.core.name).join(", ") || "none"}`,
  );
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
