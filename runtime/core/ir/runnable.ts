/**
 * What the generated engine can run. The reference interpreter runs every rule; a rule with a form
 * that generated code does not have yet is named together with the reason, never run halfway.
 */
import type { Schema } from "../schema.ts";
import {
  allStepsOf,
  type CoreRule,
  type CoreUnit,
  fullName,
  heardSteps,
  type Policy,
  type Seq,
} from "./core.ts";

/** Why the generated engine cannot run `rule` of `unit`; undefined when it can. */
export function engineCannot(unit: CoreUnit, rule: CoreRule): string | undefined {
  return formReason(rule, unit.schema) ?? inputReason(unit, rule);
}

/** A unit never changes, and several back ends ask in turn. */
const engineUnits = new WeakMap<CoreUnit, CoreUnit>();

/** The part of `unit` that the generated engine runs: same schema, parameters and programs. */
export function engineUnit(unit: CoreUnit): CoreUnit {
  const known = engineUnits.get(unit);
  if (known) return known;
  const rules = unit.rules.filter((r) => engineCannot(unit, r) === undefined);
  const runnable = rules.length === unit.rules.length ? unit : { ...unit, rules };
  engineUnits.set(unit, runnable);
  return runnable;
}

/** The form of the rule itself that generated code does not have. */
function formReason(rule: CoreRule, schema: Schema): string | undefined {
  const { pattern, policy } = rule;
  switch (pattern.node) {
    case "all":
    case "inv":
    case "win":
      return undefined;
    default:
      return sequenceReason(pattern, policy) ?? clockReason(pattern, schema);
  }
}

/** A rule over findings needs the rules that make them. */
function inputReason(unit: CoreUnit, rule: CoreRule): string | undefined {
  const { kinds } = unit.schema;
  const names = heardSteps(rule).flatMap((s) => s.kinds.map((k) => kinds[k]?.name));
  const heard = new Set(names.filter((name) => name?.startsWith("finding.")));
  if (heard.size === 0) return undefined;
  for (const input of unit.rules) {
    if (!heard.has(`finding.${fullName(input)}`)) continue;
    const reason = engineCannot(unit, input);
    if (reason !== undefined) return `findings of \`${input.name}\`, which needs ${reason}`;
  }
  return undefined;
}

function sequenceReason({ slack }: Seq, policy: Policy): string | undefined {
  if (slack !== 0) return "`slack`";
  if (policy.select !== "tightest") return `\`select ${policy.select}\``;
  if (policy.skip !== "past") return `\`skip ${policy.skip === "none" ? "none" : "to"}\``;
  if (policy.emit === "close") return "`emit close`";
  if (policy.evict !== "least_progress") return `\`evict ${policy.evict}\``;
  if (policy.onLoss !== "flag") return `\`on loss ${policy.onLoss}\``;
  return policy.onIdle === "hold" ? undefined : `\`on idle ${policy.onIdle}\``;
}

/** Order between steps is plain in the engine, which coarse clocks make uncertain. */
function clockReason(pattern: Seq, schema: Schema): string | undefined {
  const sources = new Set(
    allStepsOf(pattern).flatMap((s) => s.kinds.map((k) => schema.kinds[k]?.source ?? -1)),
  );
  if (sources.size < 2) return undefined;
  for (const source of sources) {
    const info = schema.sources[source];
    if (info && info.granularityUs > 1) return `the coarse clock of source \`${info.name}\``;
  }
  return undefined;
}
