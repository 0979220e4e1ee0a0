/** Rules to core: the pattern first, then every clause that speaks about its matches. */
import type { CoreRule, Labelled } from "#core";
import type { RuleDecl } from "#grammar";
import { hasAnnotation } from "../schema/annotation.ts";
import { elaborate, elaborateValue } from "./elaborate/elaborate.ts";
import { emptyScope } from "./elaborate/reuse.ts";
import type { Local, Scope, Session, StepBinding } from "./elaborate/scope.ts";
import { withPanes } from "./exact-aggregates.ts";
import { lowerExplain } from "./lower-explain.ts";
import { lowerPattern } from "./lower-pattern.ts";
import { withNumbered } from "./numbered.ts";
import type { KeyShape } from "./pattern/key.ts";
import type { LoweredPattern } from "./pattern/lowered.ts";
import { seeing } from "./pattern/step.ts";
import { redacted } from "./redact.ts";
import {
  type Clause,
  checkNamesOnce,
  clauseOf,
  clausesOf,
  type RuleSource,
  scopeOf,
} from "./rule/clause.ts";
import { lowerExceptions } from "./rule/except.ts";
import { lowerLifecycle } from "./rule/lifecycle.ts";
import { lowerKeysMax, lowerPolicy } from "./rule/policy.ts";
import { lowerRollout } from "./rule/rollout.ts";
import { lowerSeverity } from "./rule/severity.ts";
import { unitOfType } from "./types.ts";

export interface LoweredRule {
  readonly core: CoreRule;
  readonly bindings: readonly StepBinding[];
  readonly decl: RuleDecl;
  /** Whether `keys max` is written; otherwise the compiler may choose a smaller bound. */
  readonly isKeysMaxSaid: boolean;
  /** What expressions about a match see: its steps, and what their conditions bound. */
  readonly scope: Scope;
  /** What the keys of its matches are made of. */
  readonly keyShape: readonly KeyShape[];
}

/** The core form of a rule, or undefined when it has errors. */
export function lowerRule(source: RuleSource, session: Session): LoweredRule | undefined {
  const before = session.sinkErrors();
  session.instance = source.site;
  const lowered = lowerClauses(source, session);
  session.instance = undefined;
  return session.sinkErrors() === before ? lowered : undefined;
}

function lowerClauses(source: RuleSource, session: Session): LoweredRule | undefined {
  const { decl, module, clauses } = source;
  const locals = localsOf(clauses, session);
  const rule: Scope = { ...emptyScope(module.name, session), module, locals };
  const match = clauseOf(clauses, "matchItem");
  if (!match && (!decl.instance || source.site))
    session.report("TAP2020", decl.name, { name: decl.name.text });
  const lowered = match && lowerPattern(match.item, scopeOf(match, rule));
  if (!lowered) return undefined;
  const scope = explainingScope(lowered, rule);
  const bindings = lowered.seen.map((s) => s.binding);
  const plain = withNumbered(withPanes(coreRule(source, lowered, rule, scope)));
  const core = redacted(plain, session.info.schema.kinds);
  checkUnread(locals, scope);
  const isKeysMaxSaid = clauseOf(clauses, "keysItem") !== undefined;
  return { core, bindings, decl, isKeysMaxSaid, scope, keyShape: lowered.keys.shape };
}

function coreRule(
  source: RuleSource,
  lowered: LoweredPattern,
  rule: Scope,
  scope: Scope,
): CoreRule {
  const { decl, module, clauses } = source;
  const version = decl.version ?? 1;
  if (version < 1)
    rule.session.report("TAP2018", decl.name, { what: "the version", bounds: "at least 1" });
  const severity = clauseOf(clauses, "severityItem");
  const explain = clauseOf(clauses, "explainItem");
  return {
    name: decl.name.text,
    module: module.name,
    version,
    ...(hasAnnotation(decl.annotations, "experimental") ? { isExperimental: true } : {}),
    ...texts(clauses),
    mitre: clausesOf(clauses, "mitreItem").flatMap((c) => c.item.ids.map((x) => x.value)),
    labels: labelsOf(clauses, scope),
    severity: lowerSeverity(severity?.item, severity ? scopeOf(severity, scope) : scope),
    pattern: lowered.pattern,
    policy: lowerPolicy(clauses, lowered, rule),
    keysMax: lowerKeysMax(clauses, lowered, rule),
    exceptions: lowerExceptions(source, scope),
    ...lowerLifecycle(clauses, lowered, rule, scope),
    rollout: lowerRollout(clauses, version, rule),
    explain: lowerExplain(explain?.item, lowered, explain ? scopeOf(explain, scope) : scope),
  };
}

/** What is read when a match is there. */
function explainingScope(lowered: LoweredPattern, rule: Scope): Scope {
  const { pattern, seen, paneUs } = lowered;
  const isWindow = pattern.node === "win";
  return {
    ...seeing(rule, seen),
    place: "explain",
    window: isWindow ? seen[0]?.binding : undefined,
    windowGroups: lowered.windowGroups,
    windowPane: paneUs,
  };
}

/** The rule's own `let`s, each read with the names of the module it was written in. */
function localsOf(clauses: readonly Clause[], session: Session): Map<string, Local> {
  const locals = new Map<string, Local>();
  for (const { item, origin } of clausesOf(clauses, "localLet")) {
    const first = locals.get(item.name.text)?.decl;
    if (first) session.declaredTwice(item.name, first.name);
    else locals.set(item.name.text, { decl: item, module: origin.module });
    session.checkShadowing(item.name, origin.module);
  }
  return locals;
}

/** A `let` that nothing reads is checked as what an explanation could say. */
function checkUnread(locals: ReadonlyMap<string, Local>, scope: Scope): void {
  for (const { decl, module } of locals.values())
    if (!scope.session.readLocals.has(decl)) elaborate(decl.body, { ...scope, module });
}

function texts(clauses: readonly Clause[]) {
  const find = (attr: "doc" | "runbook" | "owner") =>
    clausesOf(clauses, "textItem").find((c) => c.item.attr === attr)?.item.text.value;
  return { doc: find("doc"), runbook: find("runbook"), owner: find("owner") };
}

function labelsOf(clauses: readonly Clause[], rule: Scope): Labelled[] {
  return clausesOf(clauses, "labelsItem").flatMap((clause) => {
    const scope = scopeOf(clause, rule);
    checkNamesOnce(clause.item.labels, scope.session);
    return clause.item.labels.map(({ name, value }) => {
      const x = elaborateValue(value, scope);
      return { name: name.text, expr: x.core, unit: unitOfType(x.type) };
    });
  });
}
