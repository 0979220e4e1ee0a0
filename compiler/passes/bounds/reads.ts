/**
 * What of an event is still needed after it was matched. Only that is captured: what a later
 * condition, a key, a text, an evidence line or a rule over the findings reads.
 */
import {
  allStepsOf,
  type CoreRule,
  type CoreUnit,
  type Expr,
  explainExprs,
  stepsOf,
  walkExpr,
} from "#core";
import { widestField } from "./width.ts";

export interface StepReads {
  /** `a.pid`, `last(a).code`, `a.entity.pod`. */
  readonly names: readonly string[];
  readonly bytes: number;
}

/** By capture number. */
export function laterReads(unit: CoreUnit, rule: CoreRule): StepReads[] {
  const steps = stepsOf(rule.pattern);
  const found = steps.map(() => new Map<string, number>());
  const repeated = new Set(
    rule.pattern.node === "seq"
      ? rule.pattern.steps.flatMap((s, i) => (s.repeat ? [i] : []))
      : steps.keys(),
  );
  // What the key says is not kept again.
  const inKey = steps.map((s) => new Set(s.key.flatMap((k) => nameIn(k.expr))));
  const note = (step: number, pick: string, name: string, bytes: number) => {
    const shown = `${steps[step]?.name ?? ""}.${name}`;
    if (inKey[step]?.has(name)) return;
    // Of a step that takes one event, first and last are the same.
    const isLast = pick === "last" && repeated.has(step);
    found[step]?.set(isLast ? `last ${shown}` : shown, bytes);
  };
  for (const expr of exprsOf(rule)) {
    walkExpr(expr, (e) => {
      if (!("of" in e) || e.of.step === "current") return;
      const { step, pick } = e.of;
      if (e.op === "field")
        note(step, pick, e.name, widestField(unit, steps[step]?.kinds ?? [], e.name));
      if (e.op === "entity") note(step, pick, `entity.${e.kind}`, 8);
    });
  }
  for (const { step, field } of readByOthers(unit, rule))
    note(step, "first", field, widestField(unit, steps[step]?.kinds ?? [], field));
  return found.map((reads) => ({
    names: [...reads.keys()],
    bytes: [...reads.values()].reduce((a, b) => a + b, 0),
  }));
}

function nameIn(e: Expr): string[] {
  if (e.op === "field") return [e.name];
  return e.op === "entity" ? [`entity.${e.kind}`] : [];
}

/** Every expression that can look back at a captured event. */
export function exprsOf(rule: CoreRule): Expr[] {
  const { pattern, resolve } = rule;
  const some = (e: Expr | undefined) => (e ? [e] : []);
  const key = (parts: readonly { readonly expr: Expr }[] | undefined) =>
    (parts ?? []).map((p) => p.expr);
  return [
    ...allStepsOf(pattern).flatMap((s) => some(s.where)),
    ...(pattern.node === "win" ? [pattern.having] : []),
    ...key(rule.suppress?.key),
    ...key(rule.rate?.key),
    ...rule.subsumes.flatMap((s) => key(s.key)),
    ...(resolve && "on" in resolve ? some(resolve.on.where) : []),
    ...rule.exceptions.map((e) => e.when),
    ...explainExprs(rule),
  ];
}

/** Rules by the kinds of their steps; found once for all rules of a unit. */
const readersOf = new WeakMap<CoreUnit, ReadonlyMap<number, readonly CoreRule[]>>();

function readersIn(unit: CoreUnit): ReadonlyMap<number, readonly CoreRule[]> {
  const known = readersOf.get(unit);
  if (known) return known;
  const readers = new Map<number, CoreRule[]>();
  for (const rule of unit.rules) {
    for (const kind of new Set(allStepsOf(rule.pattern).flatMap((s) => s.kinds))) {
      const ofKind = readers.get(kind);
      if (ofKind) ofKind.push(rule);
      else readers.set(kind, [rule]);
    }
  }
  readersOf.set(unit, readers);
  return readers;
}

/** Fields that other rules read from the findings of `rule`: `root.comm`, `oom.pid`. */
function readByOthers(unit: CoreUnit, rule: CoreRule): { step: number; field: string }[] {
  const finding = `finding.${rule.module}.${rule.name}`;
  const kind = unit.schema.kinds.findIndex((k) => k.name === finding);
  if (kind < 0) return [];
  const readers = readersIn(unit).get(kind) ?? [];
  const fields = new Set<string>();
  for (const expr of readers.flatMap(exprsOf))
    walkExpr(expr, (e) => {
      if (e.op === "field" && e.name.includes(".")) fields.add(e.name);
    });
  const names = stepsOf(rule.pattern).map((s) => s.name);
  const { of, firstOf } = rule.explain.root;
  const roots = firstOf ?? (of.step === "current" ? [] : [of.step]);
  return [...fields].flatMap((name) => {
    const [head = "", ...rest] = name.split(".");
    const steps = head === "root" ? roots : [names.indexOf(head)].filter((i) => i >= 0);
    return steps.map((step) => ({ step, field: rest.join(".") }));
  });
}
