/** Rules to core. */

import {
  type CoreRule,
  defaultPolicy,
  type Expr,
  type KeyPart,
  type Labelled,
  type Severity,
} from "#core";
import type {
  ExceptItem,
  Key,
  LifecycleItem,
  LocalLet,
  Node,
  PolicyItem,
  RuleDecl,
  RuleItem,
} from "#grammar";
import type { Module } from "./collect.ts";
import { elaborateCondition, elaborateValue } from "./elaborate/elaborate.ts";
import { emptyScope } from "./elaborate/reuse.ts";
import type { Scope, Session, StepBinding } from "./elaborate/scope.ts";
import { lowerExplain } from "./lower-explain.ts";
import { lowerPattern } from "./lower-pattern.ts";
import { suggestion } from "./similar.ts";
import { unitOfType } from "./types.ts";

export interface LoweredRule {
  readonly core: CoreRule;
  readonly bindings: readonly StepBinding[];
  readonly decl: RuleDecl;
}

const severities: readonly Severity[] = ["info", "warning", "error", "critical"];
const defaultKeysMax = 65_536;

/** The core form of a rule, or undefined when it has errors. */
export function lowerRule(
  decl: RuleDecl,
  module: Module,
  session: Session,
): LoweredRule | undefined {
  const before = session.sinkErrors();
  for (const a of decl.annotations) session.notSupported(a, "an annotation");
  if (decl.instance) session.notSupported(decl.instance.template, "a rule made from a template");
  refuseLater(decl.items, session);
  checkOnce(decl.items, session);
  const locals = localsOf(decl, module, session);
  const scope: Scope = { ...emptyScope(module.name, session), module, locals };
  const match = decl.items.find((i) => i.kind === "matchItem");
  if (!match && !decl.instance) session.report("TAP2020", decl.name, { name: decl.name.text });
  const lowered = match && lowerPattern(match, scope);
  if (!lowered) return undefined;
  const { bindings, pattern } = lowered;
  const explaining: Scope = {
    ...scope,
    place: "explain",
    steps: new Map(bindings.map((b) => [b.name, b])),
    window: pattern.node === "win" ? bindings[0] : undefined,
  };
  const keysMax = keysOf(decl.items, session);
  const core: CoreRule = {
    name: decl.name.text,
    module: module.name,
    version: decl.version ?? 1,
    ...texts(decl.items),
    mitre: decl.items.flatMap((i) => (i.kind === "mitreItem" ? i.ids.map((x) => x.value) : [])),
    labels: labelsOf(decl.items, explaining),
    severity: severityOf(decl.items, explaining),
    pattern,
    policy: defaultPolicy,
    keysMax,
    exceptions: [],
    suppress: suppressOf(decl.items, explaining),
    rate: undefined,
    resolve: undefined,
    subsumes: [],
    rollout: undefined,
    explain: lowerExplain(
      decl.items.find((i) => i.kind === "explainItem"),
      explaining,
    ),
  };
  return session.sinkErrors() === before ? { core, bindings, decl } : undefined;
}

function localsOf(decl: RuleDecl, module: Module, session: Session): Map<string, LocalLet> {
  const locals = new Map<string, LocalLet>();
  for (const item of decl.items) {
    if (item.kind !== "localLet") continue;
    const first = locals.get(item.name.text);
    if (first) session.declaredTwice(item.name, first.name);
    else locals.set(item.name.text, item);
    session.checkShadowing(item.name, module);
  }
  return locals;
}

function texts(items: readonly RuleItem[]) {
  const find = (attr: "doc" | "runbook" | "owner") =>
    items.flatMap((i) => (i.kind === "textItem" && i.attr === attr ? [i.text.value] : []))[0];
  return { doc: find("doc"), runbook: find("runbook"), owner: find("owner") };
}

function severityOf(items: readonly RuleItem[], scope: Scope): CoreRule["severity"] {
  const item = items.find((i) => i.kind === "severityItem");
  if (!item) return { level: "warning", when: undefined, otherwise: undefined };
  const level = (name: { text: string } & Node): Severity => {
    const known = severities.find((s) => s === name.text);
    if (known) return known;
    const { similar, fixes } = suggestion(name.text, severities, name.span);
    const params = { value: name.text, members: severities.join(", "), similar };
    scope.session.report("TAP2011", name, params, { fixes });
    return "warning";
  };
  return {
    level: level(item.level),
    when: item.when && elaborateCondition(item.when, scope),
    otherwise: item.otherwise && level(item.otherwise),
  };
}

function labelsOf(items: readonly RuleItem[], scope: Scope): Labelled[] {
  const labels = items.flatMap((i) => (i.kind === "labelsItem" ? i.labels : []));
  return labels.map((l) => {
    const x = elaborateValue(l.value, scope);
    return { name: l.name.text, expr: x.core, unit: unitOfType(x.type) };
  });
}

function keysOf(items: readonly RuleItem[], session: Session): number {
  const item = items.find((i) => i.kind === "keysItem");
  if (!item) return defaultKeysMax;
  if (item.evict === "oldest") session.notSupported(item, "`evict oldest`");
  if (item.max < 1 || item.max > 1_048_576) {
    session.report("TAP2018", item, { what: "`keys max`", bounds: "from 1 to 1048576" });
  }
  return item.max;
}

function suppressOf(items: readonly RuleItem[], scope: Scope): CoreRule["suppress"] {
  const item = items.find((i) => i.kind === "suppressItem");
  if (!item) return undefined;
  return { us: item.wait.us, key: item.by?.map((k) => findingKey(k, scope)) };
}

/** A key of the finding: an entity of its root, or a value of one of its steps. */
function findingKey(key: Key, scope: Scope): KeyPart {
  if (key.kind === "exprKey") {
    return { expr: elaborateValue(key.expr, scope).core, allowsMissing: true };
  }
  const kind = key.entity.text;
  scope.session.isEntityKind(kind, key.entity);
  return { expr: entityOfFirst([...scope.steps.values()], kind), allowsMissing: true };
}

/** The entity of the first step that is bound: an optional one may not be. */
function entityOfFirst(steps: readonly StepBinding[], kind: string): Expr {
  const [first, ...rest] = steps;
  const left: Expr = { op: "entity", of: first?.of ?? { step: "current" }, kind };
  if (!first?.isOptional || rest.length === 0) return left;
  return { op: "coalesce", left, right: entityOfFirst(rest, kind) };
}

/** Clauses that stand once. */
function checkOnce(items: readonly RuleItem[], session: Session): void {
  const names: Partial<Record<RuleItem["kind"], string>> = {
    severityItem: "severity",
    matchItem: "match",
    explainItem: "explain",
    keysItem: "keys",
    selectItem: "select",
    skipItem: "skip",
    emitItem: "emit",
    suppressItem: "suppress",
    labelsItem: "labels",
    mitreItem: "mitre",
  };
  const seen = new Map<string, RuleItem>();
  for (const item of items) {
    const clause = item.kind === "textItem" ? item.attr : names[item.kind];
    if (!clause) continue;
    const first = seen.get(clause);
    if (first) session.writtenTwice(clause, first, item);
    else seen.set(clause, item);
  }
}

/** Refuses, by name, what this version parses but cannot run. */
function refuseLater(items: readonly RuleItem[], session: Session): void {
  for (const item of items) {
    const what = laterName(item);
    if (what) session.notSupported(item, what);
  }
}

function laterName(item: RuleItem): string | undefined {
  switch (item.kind) {
    case "selectItem":
    case "skipItem":
    case "emitItem":
    case "keysItem":
    case "onItem":
      return laterPolicy(item);
    case "exceptItem":
    case "allowExceptItem":
      return laterExcept(item);
    case "rateItem":
    case "resolveOnItem":
    case "resolveQuietItem":
    case "subsumesItem":
    case "suppressItem":
      return laterLifecycle(item);
    case "rolloutItem":
      return "`rollout`";
    default:
      return undefined;
  }
}

function laterPolicy(item: PolicyItem): string | undefined {
  switch (item.kind) {
    case "selectItem":
      return item.mode === "tightest" ? undefined : `\`select ${item.mode}\``;
    case "skipItem":
      return item.mode === "past" ? undefined : `\`skip ${item.mode}\``;
    case "emitItem":
      return item.mode === "final" ? undefined : `\`emit ${item.mode}\``;
    case "onItem":
      return item.event === "idle" && item.action === "hold"
        ? undefined
        : `\`on ${item.event} ${item.action}\``;
    case "keysItem":
      return undefined;
  }
}

function laterExcept(item: ExceptItem): string {
  return item.kind === "exceptItem" ? "`except`" : "`allow except`";
}

function laterLifecycle(item: LifecycleItem): string | undefined {
  switch (item.kind) {
    case "suppressItem":
      return undefined;
    case "rateItem":
      return "`rate … per …`";
    case "subsumesItem":
      return "`subsumes`";
    case "resolveOnItem":
      return "`resolve on`";
    case "resolveQuietItem":
      return "`resolve after … quiet`";
  }
}
