/** Which rule a test or an expectation speaks about. */
import type { Name, Path } from "#grammar";
import type { Module } from "../collect.ts";
import type { Session } from "../elaborate/scope.ts";
import { ruleNamed, ruleNames } from "../findings.ts";
import type { LoweredRule } from "../lower-rule.ts";
import { suggestion } from "../similar.ts";

/** What tests can be about. */
export interface Targets {
  readonly rules: readonly LoweredRule[];
  /** Nothing was wrong with any rule: one that is missing was switched off on purpose. */
  readonly areWhole: boolean;
}

/**
 * By the names of the module, in full, or the only one of its name, as overrides and `finding.`
 * name rules; undefined when there is none or it was not lowered.
 */
export function findRule(
  name: string,
  module: Module,
  { rules }: Targets,
  session: Session,
): LoweredRule | undefined {
  const named = ruleNamed(name, module, session);
  return named && rules.find((r) => r.decl === named.decl);
}

/** Says why `at` names no rule. One with errors of its own has been reported already. */
export function reportTarget(
  at: Name | Path,
  module: Module,
  { areWhole }: Targets,
  session: Session,
): void {
  const rule = at.text;
  if (rule === "" || session.isLost(at, rule)) return;
  if (ruleNamed(rule, module, session)) {
    if (!areWhole) return;
    const help = `\`${rule}\` is switched off by an override; remove this or the override`;
    session.report("TAP5001", at, { rule, similar: undefined }, { help });
    return;
  }
  const owners = modulesWith(rule, session);
  if (owners.length > 1) {
    const help = `import the module you mean and make the rule \`pub\` there: ${owners.join(" or ")}`;
    session.report("TAP5001", at, { rule, similar: undefined }, { help });
    return;
  }
  const { similar, fixes } = suggestion(rule, ruleNames(session), at.span);
  session.report("TAP5001", at, { rule, similar }, { fixes });
}

/** The modules that have a rule of this name. */
function modulesWith(rule: string, session: Session): string[] {
  return ruleNames(session).flatMap((name) =>
    name.endsWith(`.${rule}`) ? [`\`${name.slice(0, -rule.length - 1)}\``] : [],
  );
}
