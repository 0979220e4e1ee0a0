/** Keys: what events must have in common to belong to one match. */
import type { EventKind, Expr, KeyPart } from "#core";
import type { Expr as Ast, Step as AstStep, Key, Node } from "#grammar";
import { elaborateValue } from "../elaborate/elaborate.ts";
import type { Scope, StepBinding } from "../elaborate/scope.ts";
import { similar } from "../similar.ts";
import { isComparable, type Type, typeName } from "../types.ts";

export interface LoweredKey {
  readonly part: KeyPart;
  readonly type: Type;
}

/** One part of a key, as far as it says whether keys of two rules can be equal. */
export interface KeyShape {
  readonly type: Type;
  /** The kind of entity whose key it is. */
  readonly entity: string | undefined;
}

function shapeOf({ part, type }: LoweredKey): KeyShape {
  return { type, entity: part.expr.op === "entity" ? part.expr.kind : undefined };
}

function entityShape(entity: string): KeyShape {
  return { type: { t: "string" }, entity };
}

/** Whether keys of both shapes can ever be equal: as many parts, of the same kinds of things. */
export function canShareKey(a: readonly KeyShape[], b: readonly KeyShape[]): boolean {
  return a.length === b.length && a.every((x, i) => canBeSame(x, b[i] ?? x));
}

function canBeSame(a: KeyShape, b: KeyShape): boolean {
  if (a.entity !== undefined && b.entity !== undefined) return a.entity === b.entity;
  return isComparable(a.type, b.type);
}

/** What a key is made of, for messages. */
export function keyName(shape: readonly KeyShape[]): string {
  if (shape.length === 0) return "empty";
  return shape
    .map((s) => (s.entity === undefined ? typeName(s.type) : `a ${s.entity}`))
    .join(" and ");
}

/** How many keys a rule may have at a time when no entity kind bounds them. */
export const defaultKeysMax = 4096;
const keysMost = 65_536;
/** An entity kind's bound is about the node a rule runs on; a test may well show it two of them. */
const keysLeast = 16;

/**
 * The keys of a pattern: each of its steps has them, read from its own fields. The first step says
 * of which types they are.
 */
export class PatternKeys {
  #shared: readonly Key[];
  /** Of the first step. */
  #first: readonly LoweredKey[] | undefined;

  constructor(shared: readonly Key[]) {
    this.#shared = shared;
  }

  /** Whether events of different steps have something in common by their keys. */
  get isKeyed(): boolean {
    return this.#shared.length > 0 || (this.#first?.length ?? 0) > 0;
  }

  /** The keys written once for all steps. */
  get shared(): readonly Key[] {
    return this.#shared;
  }

  /** The key of one step: its own `by`, else the pattern's. */
  of(node: AstStep, self: StepBinding, scope: Scope): KeyPart[] {
    if (self.isBroken) return [];
    const keys = (node.by ?? this.#shared).map((k) => lowerKey(k, self, scope, node));
    if (this.#first) this.#checkTypes(this.#first, keys, node, self, scope);
    else this.#first = keys;
    return keys.map((k) => k.part);
  }

  /** What keys of matches are made of, in order. */
  get shape(): readonly KeyShape[] {
    if (this.#first) return this.#first.map(shapeOf);
    // An absence for each entity reads no key from events.
    return this.#shared.flatMap((k) => (k.kind === "sameKey" ? entityShape(k.entity.text) : []));
  }

  #checkTypes(
    expected: readonly LoweredKey[],
    keys: readonly LoweredKey[],
    node: AstStep,
    self: StepBinding,
    { session }: Scope,
  ): void {
    const fits =
      expected.length === keys.length &&
      expected.every(({ type }, i) => isComparable(type, keys[i]?.type ?? type));
    const nameAll = (ks: readonly LoweredKey[]) =>
      ks.map((k) => typeName(k.type)).join(" and ") || "empty";
    const params = { step: self.name, left: nameAll(expected), right: nameAll(keys) };
    if (!fits) session.report("TAP3203", node, params);
  }
}

/**
 * How many keys there can be: the product of the entity kinds' bounds; where a field is among them,
 * nobody knows.
 */
export function keysMaxOf(keys: readonly Key[], scope: Scope): number {
  const { entities } = scope.session.info.schema;
  let most = 1;
  for (const key of keys) {
    const kind = key.kind === "sameKey" ? key.entity.text : undefined;
    const max = entities.find((e) => e.name === kind)?.max;
    if (max === undefined) return defaultKeysMax;
    most = Math.min(most * max, keysMost);
  }
  return keys.length === 0 ? defaultKeysMax : Math.max(most, keysLeast);
}

/** One key of `step`: an entity, one of its fields, or a field path through any step's name. */
export function lowerKey(key: Key, step: StepBinding, scope: Scope, node?: AstStep): LoweredKey {
  if (key.kind === "sameKey") {
    const kind = key.entity.text;
    scope.session.isEntityKind(kind, key.entity);
    const expr: Expr = { op: "entity", of: step.of, kind };
    return { part: { expr, allowsMissing: false }, type: { t: "string" } };
  }
  const path = fieldPath(key.expr, scope);
  const missing = path && missingIn(path, step, scope);
  if (missing) {
    reportMissing(path.join("."), missing, key, step, node, scope);
    const part = { expr: { op: "const", value: false }, allowsMissing: false } as const;
    return { part, type: { t: "error" } };
  }
  const ast = path ? pathAst(key.expr, step.name, path) : key.expr;
  const x = elaborateValue(ast, {
    ...scope,
    steps: new Map([[step.name, step]]),
    later: new Set(),
  });
  return { part: { expr: x.core, allowsMissing: key.allowsMissing }, type: x.type };
}

function reportMissing(
  name: string,
  event: EventKind,
  key: Key,
  step: StepBinding,
  node: AstStep | undefined,
  { session }: Scope,
): void {
  const names = event.fields.map((f) => f.name);
  const close = similar(name, names);
  const params = { step: step.name, key: name, event: event.name, similar: close };
  const text = `this step; \`${event.name}\` has ${names.join(", ") || "no fields"}`;
  const labels = node && !node.by ? [{ at: node.span, text }] : [];
  session.report("TAP3202", key, params, { labels });
}

/** `cgroup` or `step.cgroup` as the path below the event; undefined for other expressions. */
function fieldPath(e: Ast, scope: Scope): string[] | undefined {
  const parts: string[] = [];
  let at = e;
  while (at.kind === "member") {
    parts.unshift(at.member.text);
    at = at.object;
  }
  if (at.kind !== "nameRef") return undefined;
  if (parts.length > 0) return parts;
  const isValue = scope.bound.has(at.name) || scope.module.names.has(at.name);
  return isValue ? undefined : [at.name];
}

/** The kind of `step` that has no field at the beginning of `path`. */
function missingIn(
  path: readonly string[],
  step: StepBinding,
  scope: Scope,
): EventKind | undefined {
  if (["time", "ts", "id", "kind", "entity"].includes(path[0] ?? "")) return undefined;
  const { kinds } = scope.session.info.schema;
  // Fields of records have dotted names.
  const names = path.map((_, i) => path.slice(0, i + 1).join("."));
  const lacking = step.kinds.find((k) => !kinds[k]?.fields.some((f) => names.includes(f.name)));
  return lacking === undefined ? undefined : kinds[lacking];
}

function pathAst(at: Node, stepName: string, path: readonly string[]): Ast {
  const base = { id: at.id, span: at.span };
  return path.reduce<Ast>(
    (object, text) => ({
      ...base,
      kind: "member",
      object,
      member: { ...base, kind: "name", text },
    }),
    { ...base, kind: "nameRef", name: stepName },
  );
}
