/** Rules over findings: what `finding.<rule>` names, and in which order rules are read. */
import type { Path, Pattern, RuleDecl, Step } from "#grammar";
import type { Module } from "./collect.ts";
import type { Scope, Session } from "./elaborate/scope.ts";
import { inOrderOfNeed } from "./order.ts";
import { clausesOf, type RuleSource } from "./rule/clause.ts";
import { suggestion } from "./similar.ts";

/** The rule that `path` names: by the names of the module, in full, or the only one of its name. */
export function ruleNamed(
  name: string,
  module: Module,
  session: Session,
): { readonly decl: RuleDecl; readonly module: string } | undefined {
  const known = module.names.get(name);
  if (known?.decl.kind === "ruleDecl") return { decl: known.decl, module: known.module };
  const rules = allRules(session);
  const full = rules.find((r) => fullName(r) === name);
  if (full) return full;
  const alike = rules.filter((r) => r.decl.name.text === name);
  return alike.length === 1 ? alike[0] : undefined;
}

/** The names that `ruleNamed` finds; the full ones where the short one could be several. */
export function ruleNames(session: Session): string[] {
  const rules = allRules(session);
  return rules.flatMap((r) => [r.decl.name.text, fullName(r)]);
}

export function fullName(rule: { readonly decl: RuleDecl; readonly module: string }): string {
  return `${rule.module}.${rule.decl.name.text}`;
}

function allRules(session: Session): { decl: RuleDecl; module: string }[] {
  return [...session.modules.values()].flatMap(({ name, names }) =>
    [...names.values()].flatMap(({ decl, module }) =>
      decl.kind === "ruleDecl" && module === name ? [{ decl, module }] : [],
    ),
  );
}

/** The kind of the findings that `path` names, `finding.<rule>`; undefined after an error. */
export function findingKind(path: Path, scope: Scope): number | undefined {
  const { session, module } = scope;
  const rule = ruleNamed(behindFinding(path), module, session);
  if (!rule) {
    reportRule(path, scope);
    return undefined;
  }
  const id = session.info.kindByName.get(`finding.${fullName(rule)}`);
  // A rule without a kind has errors of its own, or is a part of a circle.
  if (id === undefined) session.isLost(path, path.text, true);
  return id;
}

function behindFinding(path: Path): string {
  const names = path.parts.slice(1).map((p) => p.text);
  return names.join(".");
}

function reportRule(path: Path, { session }: Scope): void {
  const name = behindFinding(path);
  const names = ruleNames(session);
  const alike = allRules(session).filter((r) => r.decl.name.text === name);
  const { similar, fixes } = suggestion(name, names, path.span, (n) => `finding.${n}`);
  const help =
    alike.length > 1
      ? `several rules are called so; write ${alike.map((r) => `\`finding.${fullName(r)}\``).join(" or ")}`
      : "name a rule of this compilation behind `finding.`";
  if (session.isLost(path, name)) return;
  const isAmbiguous = alike.length > 1;
  const params = { what: "single rule", name, similar: isAmbiguous ? undefined : similar };
  if (isAmbiguous) session.report("TAP2007", path, params, { help });
  else session.report("TAP2007", path, { ...params, what: "rule" }, { fixes, help });
}

/** The steps of a pattern as they are written, whatever they mean. */
export function writtenSteps(pattern: Pattern): readonly Step[] {
  switch (pattern.kind) {
    case "step":
      return [pattern];
    case "sequence":
      return [...pattern.items.map((i) => i.step), ...(pattern.until ? [pattern.until] : [])];
    case "allOf":
      return [...pattern.steps, ...(pattern.until ? [pattern.until] : [])];
    case "window":
    case "absence":
      return [pattern.step];
    case "errorPattern":
      return [];
  }
}

/** Where a rule reads findings, and of which rule. */
interface Need {
  readonly at: Path;
  readonly rule: RuleSource;
}

/**
 * Rules in an order in which findings are made before they are read; circles are reported.
 * `samples` are readers only: templates that are checked by themselves.
 */
export function rulesInOrder(
  sources: readonly RuleSource[],
  samples: readonly RuleSource[],
  session: Session,
): { readonly order: readonly RuleSource[]; readonly isRead: ReadonlySet<RuleSource> } {
  const byDecl = new Map(sources.map((s) => [s.decl, s]));
  const needs = new Map([...sources, ...samples].map((s) => [s, needsOf(s, byDecl, session)]));
  const needed = (s: RuleSource) => (needs.get(s) ?? []).map((n) => n.rule);
  const { order, cycles } = inOrderOfNeed(sources, needed);
  for (const cycle of cycles) reportCycle(cycle, needs, session);
  for (const reader of sources) refuseDisabled(reader, needs.get(reader) ?? [], session);
  return { order, isRead: new Set([...needs.values()].flat().map((n) => n.rule)) };
}

function needsOf(
  source: RuleSource,
  byDecl: ReadonlyMap<RuleDecl, RuleSource>,
  session: Session,
): Need[] {
  const steps = [
    ...clausesOf(source.clauses, "matchItem").flatMap((c) =>
      writtenSteps(c.item.pattern).map((step) => ({ step, module: c.origin.module })),
    ),
    ...clausesOf(source.clauses, "resolveOnItem").map((c) => ({
      step: c.item.step,
      module: c.origin.module,
    })),
  ];
  return steps.flatMap(({ step, module }) =>
    step.events.flatMap((at) => {
      if (at.parts[0]?.text !== "finding") return [];
      const found = ruleNamed(behindFinding(at), module, session);
      const rule = found && byDecl.get(found.decl);
      return rule ? [{ at, rule }] : [];
    }),
  );
}

function reportCycle(
  cycle: readonly RuleSource[],
  needs: ReadonlyMap<RuleSource, readonly Need[]>,
  session: Session,
): void {
  const [first] = cycle;
  const closing = needs.get(cycle.at(-1) as RuleSource)?.find((n) => n.rule === first);
  if (!first || !closing) return;
  const names = [...cycle, first].map((s) => `\`${s.decl.name.text}\``);
  const help = "take one of these steps away: a finding cannot be among the events it is made of";
  const notes = cycle.length > 1 ? [`findings go round: ${names.join(" reads ")}`] : [];
  session.report("TAP2017", closing.at, { name: first.decl.name.text }, { help, notes });
}

/** A rule that waits for findings nobody makes would be silent without a word. */
function refuseDisabled(reader: RuleSource, needs: readonly Need[], session: Session): void {
  if (!reader.isEnabled) return;
  for (const { at, rule } of needs) {
    if (rule.isEnabled) continue;
    session.report("TAP2053", at, { rule: rule.decl.name.text, reader: reader.decl.name.text });
  }
}
