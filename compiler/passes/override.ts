/**
 * Overrides: what an overlay module changes of a rule of another. Two overlays never touch the same
 * thing, so the order of modules says nothing.
 */
import type {
  Expr as Ast,
  Name,
  OverrideDecl,
  RuleDecl,
  RuleItem,
  SetItem,
  StringLiteral,
} from "#grammar";
import type { Module } from "./collect.ts";
import type { Session } from "./elaborate/scope.ts";
import { ruleNamed, ruleNames } from "./findings.ts";
import { type Clause, checkOnce, type RuleSource, replaced, slotOf } from "./rule/clause.ts";
import { severities } from "./rule/severity.ts";
import { suggestion } from "./similar.ts";

/** What overlays say of one rule. */
interface Changes {
  readonly clauses: Clause[];
  readonly added: Clause[];
  /** By what it touches: the place that touched it first. */
  readonly touched: Map<
    string,
    { readonly decl: OverrideDecl; readonly item: { span: SetItem["span"] } }
  >;
  isEnabled: boolean;
}

/** The rules as the overlays of all modules leave them. */
export function overridden(
  sources: readonly RuleSource[],
  modules: readonly Module[],
  session: Session,
): RuleSource[] {
  const changes = new Map<RuleDecl, Changes>();
  for (const module of modules)
    for (const decl of module.file.decls)
      if (decl.kind === "overrideDecl") readOverride(decl, module, changes, session);
  return sources.map((source) => {
    const change = changes.get(source.decl);
    if (!change) return source;
    const { added, isEnabled } = change;
    return { ...source, clauses: replaced(source.clauses, change.clauses), added, isEnabled };
  });
}

function readOverride(
  decl: OverrideDecl,
  module: Module,
  all: Map<RuleDecl, Changes>,
  session: Session,
): void {
  const rule = ruleNamed(decl.rule.text, module, session);
  if (!rule) {
    reportRule(decl, session);
    return;
  }
  const changes: Changes = all.get(rule.decl) ?? {
    clauses: [],
    added: [],
    touched: new Map(),
    isEnabled: true,
  };
  all.set(rule.decl, changes);
  checkOnce(
    decl.items.filter((i) => i.kind !== "setItem"),
    session,
  );
  for (const item of decl.items) readItem(item, decl, module, changes, session);
}

function reportRule(decl: OverrideDecl, session: Session): void {
  const name = decl.rule.text;
  if (name === "" || session.isLost(decl.rule, name)) return;
  const { similar, fixes } = suggestion(name, ruleNames(session), decl.rule.span);
  const help = "name a rule of this compilation, in full if several are called so: `module.rule`";
  session.report("TAP2007", decl.rule, { what: "rule", name, similar }, { fixes, help });
}

function readItem(
  item: OverrideDecl["items"][number],
  decl: OverrideDecl,
  module: Module,
  changes: Changes,
  session: Session,
): void {
  if (item.kind === "setItem") {
    readSet(item, decl, module, changes, session);
    return;
  }
  const clause: Clause = { item, origin: { module, bound: new Map() } };
  if (item.kind === "exceptItem") {
    changes.added.push(clause);
    return;
  }
  if (item.kind === "allowExceptItem") {
    const params = { name: "allow except", similar: undefined };
    const help = "what overrides may except is for the rule itself to say";
    session.report("TAP2051", item, params, { help });
    return;
  }
  const slot = slotOf(item);
  if (slot !== undefined && !claim(slot, item, decl, changes, session)) return;
  changes.clauses.push(clause);
}

/** Whether nobody else touched `slot` of the rule. */
function claim(
  slot: string,
  item: RuleItem | SetItem,
  decl: OverrideDecl,
  { touched }: Changes,
  session: Session,
): boolean {
  const first = touched.get(slot);
  if (!first) {
    touched.set(slot, { decl, item });
    return true;
  }
  // Twice within one override was said where it was read.
  if (first.decl === decl && item.kind !== "setItem") return false;
  const labels = [{ at: first.item.span, text: "first set here" }];
  session.report("TAP2050", item, { attribute: slot, rule: decl.rule.text }, { labels });
  return false;
}

const attributes = ["severity", "owner", "runbook", "doc", "enabled"];

function readSet(
  item: SetItem,
  decl: OverrideDecl,
  module: Module,
  changes: Changes,
  session: Session,
): void {
  const name = item.name.text;
  if (!attributes.includes(name)) {
    const { similar, fixes } = suggestion(name, attributes, item.name.span);
    if (name !== "") session.report("TAP2051", item.name, { name, similar }, { fixes });
    return;
  }
  if (!claim(name, item, decl, changes, session)) return;
  if (name === "enabled") {
    changes.isEnabled = readBool(item.value, session);
    return;
  }
  const text = readText(item.value, session);
  const set =
    text && (name === "severity" ? severityItem(item, text, session) : textItem(item, text));
  if (set) changes.clauses.push({ item: set, origin: { module, bound: new Map() } });
}

function readBool(value: Ast, session: Session): boolean {
  if (value.kind === "bool") return value.value;
  const found = `\`${session.text(value)}\``;
  if (value.kind !== "errorExpr")
    session.report("TAP2010", value, { expected: "`true` or `false`", found });
  return true;
}

function readText(value: Ast, session: Session): StringLiteral | undefined {
  if (value.kind === "string" && value.prefix === "") return value;
  const found = `\`${session.text(value)}\``;
  const help = 'write a text in quotes: `"…"`';
  if (value.kind !== "errorExpr")
    session.report("TAP2010", value, { expected: "a text", found }, { help });
  return undefined;
}

function severityItem(item: SetItem, text: StringLiteral, session: Session): RuleItem | undefined {
  const { value, span, id } = text;
  if (!severities.some((s) => s === value)) {
    const { similar, fixes } = suggestion(value, severities, span, (s) => `"${s}"`);
    session.report("TAP2011", text, { value, members: severities.join(", "), similar }, { fixes });
    return undefined;
  }
  const level: Name = { kind: "name", id, span, text: value };
  const node = { id: item.id, span: item.span };
  return { ...node, kind: "severityItem", level, when: undefined, otherwise: undefined };
}

function textItem(item: SetItem, text: StringLiteral): RuleItem {
  const attr = item.name.text as "owner" | "runbook" | "doc";
  return { id: item.id, span: item.span, kind: "textItem", attr, text };
}
