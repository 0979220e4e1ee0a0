/**
 * Entities: their levels (`e.entity.pod.node`), what relations lead to (`e.entity.pod.service`),
 * and the tests `same()` and `related()`.
 */
import type { Expr, RelationInfo } from "#core";
import type { CallExpr, MemberExpr, Name } from "#grammar";
import { suggestion } from "../similar.ts";
import { boolType, type Type, typeName } from "../types.ts";
import { elaborate } from "./elaborate.ts";
import {
  type Ast,
  type EntityLevel,
  type Operand,
  type Owner,
  type Scope,
  type Value,
  value,
  wrong,
} from "./scope.ts";

const text: Type = { t: "string" };

/** `e.entity.pod`: the key of one level of an event's entity, or of the finding's own. */
export function entityMember(name: Name, owner: Owner, scope: Scope): Operand {
  if (!scope.session.isEntityKind(name.text, name)) return { is: "error" };
  const kind = name.text;
  return { ...value(text, levelCore(kind, owner), true), level: { kind, owner } };
}

function levelCore(kind: string, owner: Owner): Expr {
  return owner === "subject" ? { op: "subject", kind } : { op: "entity", of: owner, kind };
}

/** A level of a level: one that contains it, or those that a relation leads to. */
export function levelMember(e: MemberExpr, x: Value, level: EntityLevel, scope: Scope): Operand {
  const { session } = scope;
  const kind = e.member.text;
  const { schema } = session.info;
  if (!session.isEntityKind(kind, e.member)) return { is: "error" };
  const isAbove = ancestorsOf(level.kind, scope).includes(kind) && level.owner !== undefined;
  const relations = schema.relations.filter((r) => r.from === level.kind && r.to === kind);
  const [only] = relations;
  if (relations.length + (isAbove ? 1 : 0) > 1) {
    const ways = [
      ...(isAbove ? ["what contains it"] : []),
      ...relations.map((r) => `\`${r.name}\``),
    ];
    session.report("TAP2035", e.member, { from: level.kind, to: kind, ways: ways.join(", ") });
    return { is: "error" };
  }
  if (only) {
    const core: Expr = { op: "hop", from: x.core, via: only.name };
    return {
      ...value({ t: "list", item: { type: text, isOptional: false } }, core, x.isOptional),
      level: { kind, owner: undefined },
    };
  }
  if (!isAbove || level.owner === undefined) return noLevel(e, level, scope);
  // Where the lower level is not known, what contains it is not known either.
  const core: Expr = {
    op: "if",
    cond: { op: "has", arg: x.core },
    yes: levelCore(kind, level.owner),
    no: x.core,
  };
  return { ...value(text, core, true), level: { kind, owner: level.owner } };
}

function noLevel(e: MemberExpr, level: EntityLevel, scope: Scope): Operand {
  const above = level.owner === undefined ? [] : ancestorsOf(level.kind, scope);
  const related = scope.session.info.schema.relations.filter((r) => r.from === level.kind);
  const kinds = new Set([...above, ...related.map((r) => r.to)]);
  const names = [...kinds].map((n) => `\`${n}\``);
  const help =
    names.length === 0
      ? `nothing contains a \`${level.kind}\` and no relation leads from it`
      : `from a \`${level.kind}\` one can read ${names.join(", ")}`;
  const params = { from: level.kind, to: e.member.text };
  scope.session.report("TAP2036", e.member, params, { help });
  return { is: "error" };
}

/** The kinds that contain `kind`, nearest first. */
function ancestorsOf(kind: string, scope: Scope): string[] {
  const { entities } = scope.session.info.schema;
  const chain: string[] = [];
  for (let at = entities.find((e) => e.name === kind)?.parent; at && !chain.includes(at); ) {
    chain.push(at);
    const parent: string = at;
    at = entities.find((e) => e.name === parent)?.parent;
  }
  return chain;
}

/** `same(pod, a, b)`: both are about the same pod. */
export function same(e: CallExpr, scope: Scope): Operand {
  const [kind, a, b] = e.args.map((x) => x.value);
  if (kind?.kind !== "nameRef" || !a || !b || e.args.length > 3)
    return scope.session.wrongCount(e, "an entity kind and two steps");
  if (!scope.session.isEntityKind(kind.name, kind)) return { is: "error" };
  const left = keyOf(a, kind.name, false, scope);
  const right = keyOf(b, kind.name, false, scope);
  if (!left || !right) return wrong;
  return value(boolType, { op: "cmp", cmp: "==", left, right });
}

/** `related(a, b, via: rel)`: whether the relation leads from (one of) `a` to (one of) `b`. */
export function related(e: CallExpr, scope: Scope): Operand {
  const via = e.args.find((x) => x.name?.text === "via")?.value;
  const [a, b, ...more] = e.args.filter((x) => x.name === undefined).map((x) => x.value);
  if (!a || !b || more.length > 0 || via?.kind !== "nameRef")
    return scope.session.wrongCount(e, "two entities and `via:` with a relation");
  const relation = findRelation(via, via.name, scope);
  if (!relation) return { is: "error" };
  const from = keyOf(a, relation.from, true, scope);
  const to = keyOf(b, relation.to, true, scope);
  if (!from || !to) return wrong;
  return value(boolType, { op: "related", from, to, via: relation.name });
}

function findRelation(node: Ast, name: string, scope: Scope): RelationInfo | undefined {
  const { relations } = scope.session.info.schema;
  const found = relations.find((r) => r.name === name);
  if (found) return found;
  const names = relations.map((r) => r.name);
  const { similar, fixes } = suggestion(name, names, node.span);
  const help =
    names.length === 0
      ? "declare it first: `relation name kind -> kind fanout N`"
      : `use one of ${names.join(", ")}`;
  scope.session.report("TAP2007", node, { what: "relation", name, similar }, { fixes, help });
  return undefined;
}

/** The key of `kind` that `node` stands for: of a step, of an entity, or a level itself. */
function keyOf(node: Ast, kind: string, takesMany: boolean, scope: Scope): Expr | undefined {
  const x = elaborate(node, scope);
  switch (x.is) {
    case "event":
    case "entity":
      return { op: "entity", of: x.step.of, kind };
    case "subject":
      return { op: "subject", kind };
    case "error":
      return undefined;
    case "value":
      if (x.type.t === "error") return undefined;
      if (isKeyOf(x, kind, takesMany)) return x.core;
      break;
    default:
  }
  const found =
    x.is !== "value"
      ? `\`${scope.session.text(node)}\``
      : x.level
        ? `a \`${x.level.kind}\``
        : typeName(x.type);
  const help = `name a step, its \`.entity\`, or its \`.entity.${kind}\``;
  scope.session.report("TAP2010", node, { expected: `a \`${kind}\``, found }, { help });
  return undefined;
}

/** A plain text is taken for a key; a level must be of the kind that is asked for. */
function isKeyOf(x: Value, kind: string, takesMany: boolean): boolean {
  if (x.level && x.level.kind !== kind) return false;
  if (x.type.t === "string") return true;
  return takesMany && x.type.t === "list" && x.type.item.type.t === "string";
}
