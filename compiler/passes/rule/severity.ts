/** `severity … when … else …` to core. */
import type { CoreRule, Severity } from "#core";
import type { Name, SeverityItem } from "#grammar";
import { elaborateCondition } from "../elaborate/elaborate.ts";
import type { Scope } from "../elaborate/scope.ts";
import { suggestion } from "../similar.ts";

export const severities: readonly Severity[] = ["info", "warning", "error", "critical"];

/** A rule that does not say is a warning. */
export function lowerSeverity(item: SeverityItem | undefined, scope: Scope): CoreRule["severity"] {
  if (!item) return { level: "warning", when: undefined, otherwise: undefined };
  return {
    level: levelOf(item.level, scope),
    when: item.when && elaborateCondition(item.when, scope),
    otherwise: item.otherwise && levelOf(item.otherwise, scope),
  };
}

function levelOf(name: Name, { session }: Scope): Severity {
  const known = severities.find((s) => s === name.text);
  if (known) return known;
  const { similar, fixes } = suggestion(name.text, severities, name.span);
  const params = { value: name.text, members: severities.join(", "), similar };
  session.report("TAP2011", name, params, { fixes });
  return "warning";
}
