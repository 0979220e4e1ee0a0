/** `expect { … }` lines: about which rule, when, how often, and what must hold. */
import { fullName, type NearMiss, stepsOf } from "#core";
import type { Expr as Ast, ExpectLine } from "#grammar";
import type { Module } from "../collect.ts";
import { elaborateCondition } from "../elaborate/elaborate.ts";
import { emptyScope } from "../elaborate/reuse.ts";
import { type Operand, type Scope, type Session, value } from "../elaborate/scope.ts";
import { overPanesOf } from "../exact-aggregates.ts";
import { rootBinding } from "../lower-explain.ts";
import type { LoweredRule } from "../lower-rule.ts";
import { severities } from "../rule/severity.ts";
import { suggestion } from "../similar.ts";
import { type Type, unitOfType } from "../types.ts";
import { findRule, reportTarget, type Targets } from "./target.ts";
import type { Condition, Expectation } from "./test-case.ts";

type Line<K extends ExpectLine["kind"]> = Extract<ExpectLine, { kind: K }>;

/** The expectation as data; none when its rule is unknown or has errors of its own. */
export function lowerExpectation(
  line: ExpectLine,
  module: Module,
  targets: Targets,
  session: Session,
): Expectation[] {
  const rule = findRule(line.rule.text, module, targets, session);
  if (!rule) {
    reportTarget(line.rule, module, targets, session);
    return [];
  }
  switch (line.kind) {
    case "noFindingLine":
      return [{ expects: "no-finding", at: line.span, rule: fullName(rule.core) }];
    case "findingLine":
      return [findingOf(line, rule, findingScope(rule, module, session))];
    case "nearMissLine":
      return [nearMissOf(line, rule, nearMissScope(rule, module, session))];
    case "resolvedLine":
      return resolvedOf(line, rule, session);
  }
}

function findingOf(line: Line<"findingLine">, rule: LoweredRule, scope: Scope): Expectation {
  return {
    expects: "finding",
    at: line.span,
    rule: fullName(rule.core),
    completeAt: line.at?.us,
    times: line.times,
    conditions: line.checks.map((c) => conditionOf(c, rule, scope)),
  };
}

function nearMissOf(line: Line<"nearMissLine">, rule: LoweredRule, scope: Scope): Expectation {
  const names = stepsOf(rule.core.pattern).map((s) => s.name);
  const { missing } = line;
  if (missing && missing.text !== "" && !names.includes(missing.text)) {
    const { similar, fixes } = suggestion(missing.text, names, missing.span);
    const help = `name a step of \`${rule.core.name}\`: ${names.map((n) => `\`${n}\``).join(", ")}`;
    scope.session.report("TAP4102", missing, { name: missing.text, similar }, { fixes, help });
  }
  return {
    expects: "near-miss",
    at: line.span,
    rule: fullName(rule.core),
    missing: missing?.text,
    conditions: line.checks.map((c) => conditionOf(c, rule, scope)),
  };
}

function resolvedOf(line: Line<"resolvedLine">, rule: LoweredRule, session: Session) {
  if (!rule.core.resolve) {
    session.report("TAP5005", line.rule, { rule: rule.core.name });
    return [];
  }
  const resolved: Expectation = {
    expects: "resolved",
    at: line.span,
    rule: fullName(rule.core),
    resolvedAt: line.at?.us,
  };
  return [resolved];
}

function conditionOf(node: Ast, rule: LoweredRule, scope: Scope): Condition {
  const { session } = scope;
  const expr = overPanesOf(rule.core, elaborateCondition(node, scope));
  return { expr, text: session.text(node), at: node.span, units: unitsOf(node, session) };
}

/** Of a comparison, in which units its sides are shown when it fails. */
function unitsOf(node: Ast, session: Session): Condition["units"] {
  if (node.kind !== "binary") return undefined;
  const unit = (side: Ast) => {
    const type = session.typeOf(side);
    return type ? unitOfType(type) : "text";
  };
  return { left: unit(node.left), right: unit(node.right) };
}

function scopeOf(
  rule: LoweredRule,
  module: Module,
  session: Session,
  bound: ReadonlyMap<string, Operand>,
): Scope {
  return {
    ...emptyScope(module.name, session),
    module,
    place: "check",
    bound,
    steps: new Map(rule.bindings.map((b) => [b.name, b])),
    window: rule.core.pattern.node === "win" ? rule.bindings[0] : undefined,
  };
}

/** Why a story ended that was not complete. */
const causes: readonly NearMiss["cause"][] = ["expired", "cancelled", "negated", "threshold"];

function oneOf(members: readonly string[]): Type {
  return { t: "enum", members };
}

/** Conditions on a finding see the steps, the root, and the facts of the finding. */
function findingScope(rule: LoweredRule, module: Module, session: Session): Scope {
  const text = { t: "string" } as const;
  const texts: Type = { t: "list", item: { type: text, isOptional: false } };
  const bound = new Map<string, Operand>([
    ["confidence", value({ t: "float" }, { op: "finding", what: "confidence" })],
    ["severity", value(oneOf(severities), { op: "finding", what: "severity" })],
    ["summary", value(text, { op: "finding", what: "summary" })],
    ["title", value(text, { op: "finding", what: "title" })],
    ["state", value(oneOf(["open", "resolved"]), { op: "finding", what: "state" })],
    ["recommendations", value(texts, { op: "finding", what: "recommendations" })],
  ]);
  const root = rootBinding(rule.core.explain, rule.bindings);
  if (root) bound.set("root", { is: "event", step: root });
  return scopeOf(rule, module, session, withoutSteps(bound, rule));
}

/** Conditions on a near miss see what was reached; no step is certain to be bound. */
function nearMissScope(rule: LoweredRule, module: Module, session: Session): Scope {
  const bound = new Map<string, Operand>([
    ["overshoot", value({ t: "duration" }, { op: "finding", what: "overshoot" }, true)],
    ["reached", value({ t: "int" }, { op: "finding", what: "reached" })],
    ["cause", value(oneOf(causes), { op: "finding", what: "cause" })],
  ]);
  const bindings = rule.bindings.map((b) => ({ ...b, isOptional: true }));
  return scopeOf({ ...rule, bindings }, module, session, withoutSteps(bound, rule));
}

/** A step that has the name of a fact is what the author sees in the rule. */
function withoutSteps(facts: ReadonlyMap<string, Operand>, rule: LoweredRule) {
  const steps = new Set(rule.bindings.map((b) => b.name));
  return new Map([...facts].filter(([name]) => !steps.has(name)));
}
