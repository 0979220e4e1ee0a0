/**
 * What the generated engine can run. The reference interpreter runs every rule; a rule with a form
 * that generated code does not have yet is named together with the reason, never run halfway.
 */
import type { Schema } from "../schema.ts";
import {
  allStepsOf,
  type CoreRule,
  type CoreUnit,
  type Expr,
  explainExprs,
  type Pattern,
  type Policy,
  type Step,
  walkExpr,
} from "./core.ts";

/** Why the generated engine cannot run `rule`; undefined when it can. */
export function engineCannot(rule: CoreRule, schema: Schema): string | undefined {
  return (
    patternReason(rule.pattern) ??
    policyReason(rule.policy) ??
    lifecycleReason(rule) ??
    allStepsOf(rule.pattern)
      .map((s) => stepReason(s, schema))
      .find((r) => r !== undefined) ??
    clockReason(rule.pattern, schema) ??
    exprsOf(rule)
      .map(exprReason)
      .find((r) => r !== undefined)
  );
}

/** A unit never changes, and several back ends ask in turn. */
const engineUnits = new WeakMap<CoreUnit, CoreUnit>();

/** The part of `unit` that the generated engine runs: same schema, parameters and programs. */
export function engineUnit(unit: CoreUnit): CoreUnit {
  const known = engineUnits.get(unit);
  if (known) return known;
  const rules = unit.rules.filter((r) => engineCannot(r, unit.schema) === undefined);
  const runnable = rules.length === unit.rules.length ? unit : { ...unit, rules };
  engineUnits.set(unit, runnable);
  return runnable;
}

function patternReason(pattern: Pattern): string | undefined {
  switch (pattern.node) {
    case "all":
      return `\`${pattern.need} of\``;
    case "inv":
      return "`absent`";
    case "win":
      if (pattern.shape.shape !== "sliding") return `a ${pattern.shape.shape} window`;
      return pattern.resolution === undefined ? undefined : "`resolution`";
    default:
      return pattern.slack === 0 ? undefined : "`slack`";
  }
}

function policyReason(policy: Policy): string | undefined {
  if (policy.select !== "tightest") return `\`select ${policy.select}\``;
  if (policy.skip !== "past") return `\`skip ${policy.skip === "none" ? "none" : "to"}\``;
  if (policy.emit !== "final") return `\`emit ${policy.emit}\``;
  if (policy.evict !== "least_progress") return `\`evict ${policy.evict}\``;
  if (policy.onLoss !== "flag") return `\`on loss ${policy.onLoss}\``;
  return policy.onIdle === "hold" ? undefined : `\`on idle ${policy.onIdle}\``;
}

function lifecycleReason(rule: CoreRule): string | undefined {
  if (rule.exceptions.length > 0) return "`except`";
  if (rule.rate) return "`rate`";
  if (rule.resolve) return "`resolve`";
  if (rule.subsumes.length > 0) return "`subsumes`";
  return rule.explain.root.firstOf ? "`first_of`" : undefined;
}

function stepReason(step: Step, schema: Schema): string | undefined {
  for (const id of step.kinds) {
    const kind = schema.kinds[id];
    if (kind?.made === "derived") return `the derived event \`${kind.name}\``;
    if (kind?.made === "finding") return "a rule over findings";
    if (kind?.fields.some((f) => f.type.t === "list" || f.type.t === "map"))
      return `the list or map fields of \`${kind.name}\``;
  }
  return undefined;
}

/** Order between steps is plain in the engine, which coarse clocks make uncertain. */
function clockReason(pattern: Pattern, schema: Schema): string | undefined {
  if (pattern.node !== "seq") return undefined;
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

function exprsOf(rule: CoreRule): Expr[] {
  const { pattern } = rule;
  const key = (parts: readonly { readonly expr: Expr }[] | undefined) =>
    (parts ?? []).map((p) => p.expr);
  return [
    ...allStepsOf(pattern).flatMap((s) => [...(s.where ? [s.where] : []), ...key(s.key)]),
    ...(pattern.node === "win" ? [pattern.having] : []),
    ...key(rule.suppress?.key),
    ...explainExprs(rule),
  ];
}

const names: Partial<Record<Expr["op"], string>> = {
  var: "a quantifier",
  list: "a list value",
  index: "an index",
  quant: "a quantifier",
  capture: "`matches … as`",
  hop: "a relation",
  related: "`related()`",
  subject: "`entity` without a step",
  matched: "`matched()`",
  history: "`zscore()` and `baseline()`",
};

function exprReason(e: Expr): string | undefined {
  let reason: string | undefined;
  walkExpr(e, (x) => {
    if (x.op === "quality") reason ??= `\`is ${x.what}\``;
    else if (x.op === "agg") {
      if (x.fn !== "count" && x.fn !== "distinct") reason ??= `\`${x.fn}()\``;
      else if (x.isPaned) reason ??= `\`${x.fn}()\` over panes`;
    } else reason ??= names[x.op];
  });
  return reason;
}
