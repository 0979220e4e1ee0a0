/**
 * Which fields of the events that a rule takes are read again after they were taken: by conditions
 * of other steps, by policies, by the explanation, and by rules over its findings. Of all others
 * only what a finding shows is of use.
 */
import {
  allStepsOf,
  type CoreRule,
  type CoreUnit,
  type Expr,
  explainExprs,
  fullName,
  heardSteps,
  type KeyPart,
  stepsOf,
  walkExpr,
  walkOutsideRuns,
} from "./ir/index.ts";

/** Names of fields by event kind. */
export type FieldsByKind = ReadonlyMap<number, ReadonlySet<string>>;

/** Every expression that can look back at an event which a step took. */
export function exprsLookingBack(rule: CoreRule): Expr[] {
  const { pattern, resolve } = rule;
  const some = (e: Expr | undefined) => (e ? [e] : []);
  return [
    ...allStepsOf(pattern).flatMap((s) => some(s.where)),
    ...(pattern.node === "win" ? [pattern.having] : []),
    ...exprsIn(rule.suppress?.key),
    ...exprsIn(rule.rate?.key),
    ...rule.subsumes.flatMap((s) => exprsIn(s.key)),
    ...(resolve && "on" in resolve ? some(resolve.on.where) : []),
    ...rule.exceptions.map((e) => e.when),
    ...explainExprs(rule),
  ];
}

/** Of the kinds that `rule` takes events of: what is read of them later. */
export function fieldsReadLater(unit: CoreUnit, rule: CoreRule): FieldsByKind {
  const steps = stepsOf(rule.pattern);
  const found = new Map<number, Set<string>>();
  const note = (kinds: readonly number[], name: string) => {
    for (const kind of kinds) {
      const names = found.get(kind) ?? new Set<string>();
      found.set(kind, names.add(name));
    }
  };
  for (const expr of [...exprsLookingBack(rule), ...keysOfParents(unit, rule)]) {
    walkExpr(expr, (e) => {
      if (e.op === "field" && e.of.step !== "current") note(steps[e.of.step]?.kinds ?? [], e.name);
      if (e.op === "run") for (const name of namesIn(e.arg)) note(steps[e.step]?.kinds ?? [], name);
    });
  }
  for (const { step, field } of readOfFindings(unit, rule)) {
    // Without an event of the root's step the root is the event that completed the match.
    const from = step === "root" ? steps : steps.filter((s) => s.name === step);
    for (const { kinds } of from) note(kinds, field);
  }
  return found;
}

/** Of the kinds that `rule` hears: what its conditions and keys read of the event they judge. */
export function fieldsJudged(rule: CoreRule): FieldsByKind {
  const found = new Map<number, Set<string>>();
  for (const { kinds, where, key } of heardSteps(rule)) {
    const names = new Set<string>();
    for (const expr of [...(where ? [where] : []), ...exprsIn(key)])
      walkOutsideRuns(expr, (e) => {
        if (e.op === "field" && e.of.step === "current") names.add(e.name);
      });
    for (const kind of kinds) found.set(kind, new Set([...(found.get(kind) ?? []), ...names]));
  }
  return found;
}

/** Fields that an expression reads. */
function namesIn(expr: Expr): Set<string> {
  const names = new Set<string>();
  walkExpr(expr, (e) => {
    if (e.op === "field") names.add(e.name);
  });
  return names;
}

function exprsIn(parts: readonly KeyPart[] | undefined): Expr[] {
  return (parts ?? []).map((p) => p.expr);
}

/** By full name of a rule the keys of those that subsume it; found once for all rules. */
const parentKeys = new WeakMap<CoreUnit, ReadonlyMap<string, readonly Expr[]>>();

/** The keys by which other rules look at the findings of `rule` they subsume. */
function keysOfParents(unit: CoreUnit, rule: CoreRule): readonly Expr[] {
  const known = parentKeys.get(unit) ?? keysByChild(unit);
  parentKeys.set(unit, known);
  return known.get(fullName(rule)) ?? [];
}

function keysByChild({ rules }: CoreUnit): ReadonlyMap<string, readonly Expr[]> {
  const found = new Map<string, Expr[]>();
  for (const { rules: children, key } of rules.flatMap((r) => r.subsumes))
    for (const child of children) found.set(child, [...(found.get(child) ?? []), ...exprsIn(key)]);
  return found;
}

interface ReadOfFinding {
  /** Name of a step, or `root`. */
  readonly step: string;
  readonly field: string;
}

/** What is read of the findings of `rule` as events: `root.comm`, `oom.pid`. */
export function readOfFindings(unit: CoreUnit, rule: CoreRule): ReadOfFinding[] {
  const names = namesReadOf(unit).get(`${prefixOfFindings}${fullName(rule)}`) ?? [];
  return [...names].map((name) => {
    const dot = name.indexOf(".");
    return { step: name.slice(0, dot), field: name.slice(dot + 1) };
  });
}

/** What the kinds of findings as events are called, before the rule's full name. */
const prefixOfFindings = "finding.";

/** By kind of finding the dotted names that one who hears it reads; found once for all rules. */
const dottedNames = new WeakMap<CoreUnit, ReadonlyMap<string, ReadonlySet<string>>>();

function namesReadOf(unit: CoreUnit): ReadonlyMap<string, ReadonlySet<string>> {
  const known = dottedNames.get(unit);
  if (known) return known;
  const found = new Map<string, Set<string>>();
  const note = (heard: Iterable<number>, exprs: () => readonly Expr[]) => {
    const kinds = [...heard].map((kind) => unit.schema.kinds[kind]?.name ?? "");
    const findings = kinds.filter((name) => name.startsWith(prefixOfFindings));
    // Most rules hear of no findings: what they read need not be looked through.
    if (findings.length === 0) return;
    const names = new Set<string>();
    for (const expr of exprs())
      walkExpr(expr, (e) => {
        if (e.op === "field" && e.name.includes(".")) names.add(e.name);
      });
    for (const name of findings) found.set(name, new Set([...(found.get(name) ?? []), ...names]));
  };
  for (const rule of unit.rules) {
    const steps = heardSteps(rule);
    const keys = () => steps.flatMap((s) => exprsIn(s.key));
    note(new Set(steps.flatMap((s) => s.kinds)), () => [...exprsLookingBack(rule), ...keys()]);
  }
  for (const { step, set } of unit.derives)
    note(step.kinds, () => [step.where, ...set].filter((e) => e !== undefined));
  dottedNames.set(unit, found);
  return found;
}
