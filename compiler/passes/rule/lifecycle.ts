/** `suppress`, `rate`, `resolve` and `subsumes` to core. */
import { type CoreRule, isAggregate, type KeyPart, type Subsumption, someExpr } from "#core";
import type { DurationLiteral, Key, Name } from "#grammar";
import type { Scope, Session } from "../elaborate/scope.ts";
import { fullName, ruleNamed, ruleNames } from "../findings.ts";
import type { LoweredRule } from "../lower-rule.ts";
import { inOrderOfNeed } from "../order.ts";
import { canShareKey, keyName } from "../pattern/key.ts";
import type { LoweredPattern } from "../pattern/lowered.ts";
import { lowerStep } from "../pattern/step.ts";
import { suggestion } from "../similar.ts";
import { type Clause, clauseOf, clausesOf, type RuleSource, scopeOf } from "./clause.ts";
import { findingKey } from "./finding-key.ts";

type Lifecycle = Pick<CoreRule, "suppress" | "rate" | "resolve" | "subsumes">;

/** `rule`: before its pattern; `explaining`: with what its matches bound. */
export function lowerLifecycle(
  clauses: readonly Clause[],
  lowered: LoweredPattern,
  rule: Scope,
  explaining: Scope,
): Lifecycle {
  const keys = (by: readonly Key[] | undefined, clause: Clause): KeyPart[] | undefined =>
    by?.map((k) => findingKey(k, lowered.pattern.node === "inv", scopeOf(clause, explaining)));
  const suppress = clauseOf(clauses, "suppressItem");
  const rate = clauseOf(clauses, "rateItem");
  if (suppress) checkLonger(suppress.item.wait, "suppress", explaining.session);
  return {
    suppress: suppress && { us: suppress.item.wait.us, key: keys(suppress.item.by, suppress) },
    rate: rate && lowerRate(rate, keys(rate.item.by, rate), explaining.session),
    resolve: lowerResolve(clauses, lowered, rule),
    subsumes: clausesOf(clauses, "subsumesItem").map((clause): Subsumption => {
      const { rules, by, within } = clause.item;
      const names = rules.flatMap((name) => subsumed(name, scopeOf(clause, rule)) ?? []);
      const key = keys(by, clause);
      for (const [i, part] of (key ?? []).entries())
        if (by?.[i] && someExpr(part.expr, isAggregate)) reportAggregate(by[i], rule.session);
      return { rules: names, key, withinUs: within?.us };
    }),
  };
}

/** A child was found by another pattern: its events are not aggregated as the parent's are. */
function reportAggregate(at: Key, session: Session): void {
  const help = "name what parent and child are both about: an entity, or a field of the same name";
  const params = { what: "an aggregate", where: "outside of the key of `subsumes`" };
  session.report("TAP2037", at, params, { help });
}

/** A number that could not be read is 0 as well, which has been reported. */
function checkLonger(at: DurationLiteral, clause: string, session: Session): void {
  if (at.us > 0 || !/^0+[a-z]/.test(session.text(at))) return;
  const what = `the time of \`${clause}\``;
  session.report("TAP2018", at, { what, bounds: "longer than 0s" });
}

function lowerRate(
  { item }: ReturnType<typeof clausesOf<"rateItem">>[number],
  key: KeyPart[] | undefined,
  session: Session,
): CoreRule["rate"] {
  if (item.max < 1)
    session.report("TAP2018", item, { what: "the number of findings", bounds: "at least 1" });
  if (item.per.us <= 0)
    session.report("TAP2018", item.per, { what: "the time of `rate`", bounds: "longer than 0s" });
  return { max: item.max, us: item.per.us, key };
}

/** The step that resolves sees what the match bound, and has its key. */
function lowerResolve(
  clauses: readonly Clause[],
  lowered: LoweredPattern,
  rule: Scope,
): CoreRule["resolve"] {
  const quiet = clauseOf(clauses, "resolveQuietItem");
  if (quiet) {
    checkLonger(quiet.item.after, "resolve", rule.session);
    return { quietUs: quiet.item.after.us };
  }
  const on = clauseOf(clauses, "resolveOnItem");
  if (!on) return undefined;
  const { step } = on.item;
  const scope = scopeOf(on, rule);
  const first = lowered.seen.find((s) => s.binding.name === step.name.text)?.binding;
  if (first) scope.session.report("TAP2005", step.name, { name: step.name.text });
  scope.session.checkShadowing(step.name, scope.module);
  return { on: lowerStep(step, lowered.seen, new Set(), lowered.keys, scope).step };
}

/** The full name of a rule that is named; undefined after an error. */
function subsumed(name: Name, { module, session }: Scope): string | undefined {
  const rule = ruleNamed(name.text, module, session);
  if (rule) return fullName(rule);
  if (name.text === "" || session.isLost(name, name.text)) return undefined;
  const names = ruleNames(session);
  const isShared = names.includes(name.text);
  const { similar, fixes } = isShared
    ? { similar: undefined, fixes: [] }
    : suggestion(name.text, names, name.span);
  const help = isShared
    ? "several rules are called so: import the module of the one that is meant"
    : "name a rule of this compilation";
  session.report("TAP2007", name, { what: "rule", name: name.text, similar }, { fixes, help });
  return undefined;
}

interface Link {
  /** Where it is named. */
  readonly at: Name;
  readonly rule: RuleSource;
  readonly hasKey: boolean;
}

/**
 * Findings become children of findings; nothing may become a child of itself, and only what can
 * have the key of its parent can become a child at all. `lowered` are the rules without errors.
 */
export function checkSubsumption(
  sources: readonly RuleSource[],
  lowered: readonly LoweredRule[],
  session: Session,
): void {
  const links = linksOf(sources, session);
  checkCycles(sources, links, session);
  const byDecl = new Map(lowered.map((r) => [r.decl, r]));
  for (const [source, named] of links) {
    const parent = byDecl.get(source.decl);
    for (const { at, rule, hasKey } of named) {
      const child = byDecl.get(rule.decl);
      if (hasKey || !parent || !child || canShareKey(parent.keyShape, child.keyShape)) continue;
      const [mine, its] = [keyName(parent.keyShape), keyName(child.keyShape)];
      session.report("TAP2056", at, { rule: at.text, its, mine });
    }
  }
}

function linksOf(sources: readonly RuleSource[], session: Session): Map<RuleSource, Link[]> {
  const byDecl = new Map(sources.map((s) => [s.decl, s]));
  return new Map(
    sources.map((source) => [
      source,
      clausesOf(source.clauses, "subsumesItem").flatMap(({ item, origin }) =>
        item.rules.flatMap((at) => {
          const found = ruleNamed(at.text, origin.module, session);
          const rule = found && byDecl.get(found.decl);
          return rule ? [{ at, rule, hasKey: item.by !== undefined }] : [];
        }),
      ),
    ]),
  );
}

function checkCycles(
  sources: readonly RuleSource[],
  links: ReadonlyMap<RuleSource, readonly Link[]>,
  session: Session,
): void {
  const { cycles } = inOrderOfNeed(sources, (s) => (links.get(s) ?? []).map((l) => l.rule));
  for (const cycle of cycles) {
    const [first] = cycle;
    const last = cycle.at(-1);
    const closing = last && links.get(last)?.find((l) => l.rule === first);
    if (!first || !closing) continue;
    const names = [...cycle, first].map((s) => `\`${s.decl.name.text}\``);
    const params = { what: `${names.join(" subsumes ")}` };
    session.report("TAP2054", closing.at, params);
  }
}
