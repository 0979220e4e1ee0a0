/** The kind of event that the findings of a rule are, for rules over findings. */
import {
  allStepsOf,
  assertNever,
  type CoreRule,
  type EventKind,
  type Expr,
  type Field,
  type FieldType,
  type ItemType,
  type Pattern,
  type Severity,
  someExpr,
  stepsOf,
} from "#core";
import type { Session } from "./elaborate/scope.ts";
import { hasEmptyPanes } from "./pattern/window.ts";
import { isRedactedOf, showsRedacted } from "./redact.ts";
import { commonType, typeOfField } from "./types.ts";

const severities: readonly Severity[] = ["info", "warning", "error", "critical"];
const summaryBytes = 4096;
const titleBytes = 1024;
const keyBytes = 1024;

/** The kind of the findings of `rule`: what they say, and the events they were made of. */
export function kindOfFinding(rule: CoreRule, { info }: Session): EventKind {
  const { kinds, sources } = info.schema;
  const fields = new Map<string, Field>();
  const add = (field: Field) => fields.has(field.name) || fields.set(field.name, field);
  const text = (maxBytes: number): FieldType => ({ t: "string", maxBytes });
  add({ name: "severity", type: { t: "enum", members: severities }, isOptional: false });
  add({ name: "confidence", type: { t: "float" }, isOptional: false });
  add({ name: "summary", type: text(summaryBytes), isOptional: false });
  add({ name: "title", type: text(titleBytes), isOptional: false });
  const secret = hasRedactedKey(rule, kinds) ? ({ isRedacted: true } as const) : {};
  add({ name: "key", type: text(keyBytes), isOptional: true, ...secret });
  if (rule.pattern.node === "win" && hasScore(rule.pattern.having))
    add({ name: "score", type: { t: "float" }, isOptional: true });
  const steps = stepsOf(rule.pattern);
  const { of, firstOf } = rule.explain.root;
  const roots = firstOf ?? (of.step === "current" ? [] : [of.step]);
  const rootKinds = roots.flatMap((at) => steps[at]?.kinds ?? []);
  const isAlwaysThere = roots.every((at) => isAlwaysBound(rule.pattern, at));
  for (const field of sharedFields(rootKinds, kinds)) {
    const isOptional = field.isOptional || !isAlwaysThere;
    add({ ...field, name: `root.${field.name}`, isOptional });
  }
  for (const step of steps)
    for (const field of sharedFields(step.kinds, kinds))
      add({ ...field, name: `${step.name}.${field.name}`, isOptional: true });
  const name = `finding.${rule.module}.${rule.name}`;
  return {
    name,
    source: slowestSource(rule, kinds, sources),
    fields: [...fields.values()],
    made: "finding",
  };
}

function hasRedactedKey({ pattern }: CoreRule, kinds: readonly EventKind[]): boolean {
  return stepsOf(pattern).some((step) =>
    step.key.some((part) => showsRedacted(part.expr, isRedactedOf(step.kinds, kinds))),
  );
}

function hasScore(having: Expr): boolean {
  return someExpr(having, (e) => e.op === "history" && e.what === "zscore");
}

/** Whether every match has an event of step `at`. */
function isAlwaysBound(pattern: Pattern, at: number): boolean {
  switch (pattern.node) {
    case "seq":
      return pattern.steps[at]?.isOptional === false;
    case "all":
      return pattern.need === pattern.steps.length;
    case "win":
      return !hasEmptyPanes(pattern.shape);
    case "inv":
      return false;
    default:
      return assertNever(pattern);
  }
}

/**
 * Fields of any of the kinds, optional unless all have them; those of different types are left out.
 * Of a finding only what it says itself goes on, or names would grow from rule to rule.
 */
function sharedFields(ids: readonly number[], kinds: readonly EventKind[]): Field[] {
  const members = ids.map((id) => kinds[id]).filter((k) => k !== undefined);
  const lists = members.map((k) =>
    k.made === "finding" ? k.fields.filter((f) => !f.name.includes(".")) : k.fields,
  );
  const names = new Set(lists.flat().map((f) => f.name));
  return [...names].flatMap((name) => {
    const found = lists.flatMap((fields) => fields.find((f) => f.name === name) ?? []);
    const type = found
      .slice(1)
      .reduce<FieldType | undefined>((all, f) => all && widest(all, f.type), found[0]?.type);
    const isOptional = found.length < lists.length || found.some((f) => f.isOptional);
    const secret = found.some((f) => f.isRedacted) ? ({ isRedacted: true } as const) : {};
    return type ? [{ name, type, isOptional, ...secret }] : [];
  });
}

/** The field type that holds values of both; undefined when there is none. */
export function widest(a: FieldType, b: FieldType): FieldType | undefined {
  if (a.t === "list" && b.t === "list") {
    const item = widestItem(a.item, b.item);
    return item && { t: "list", item, max: Math.max(a.max, b.max) };
  }
  if (a.t === "map" && b.t === "map") {
    const [key, item] = [widest(a.key, b.key), widestItem(a.value, b.value)];
    return key && item && { t: "map", key, value: item, max: Math.max(a.max, b.max) };
  }
  if (a.t === "record" && b.t === "record") return widestRecord(a.members, b.members);
  const common = commonType(typeOfField(a), typeOfField(b));
  if (!common) return undefined;
  if (common.t === "enum") return { t: "enum", members: common.members };
  if (common.t === "string") return { t: "string", maxBytes: Math.max(bytesOf(a), bytesOf(b)) };
  return common.t === a.t ? a : common.t === b.t ? b : undefined;
}

function widestItem(a: ItemType, b: ItemType): ItemType | undefined {
  const type = widest(a.type, b.type);
  return type && { type, isOptional: a.isOptional || b.isOptional };
}

function widestRecord(a: readonly Field[], b: readonly Field[]): FieldType | undefined {
  const members = a.flatMap((m) => {
    const other = b.find((x) => x.name === m.name);
    const item = other && widestItem(m, other);
    return item ? [{ name: m.name, ...item }] : [];
  });
  const isSame = members.length === a.length && a.length === b.length;
  return isSame ? { t: "record", members } : undefined;
}

function bytesOf(type: FieldType): number {
  if (type.t === "string") return type.maxBytes;
  return type.t === "enum" ? Math.max(...type.members.map((m) => m.length)) : 0;
}

/** A finding is as late as the slowest of the events it can be made of. */
function slowestSource(
  rule: CoreRule,
  kinds: readonly EventKind[],
  sources: Session["info"]["schema"]["sources"],
): number {
  const used = allStepsOf(rule.pattern).flatMap((s) => s.kinds.map((k) => kinds[k]?.source ?? 0));
  const lateness = (source: number) => sources[source]?.latenessUs ?? 0;
  return used.reduce((a, b) => (lateness(b) > lateness(a) ? b : a), used[0] ?? 0);
}
