/** Lists and maps in expressions: literals, items, `any`, `all`, `none`, and `in` a list. */
import { childrenOf, type Expr, printExpr, type Ref } from "#core";
import type { Fix, IndexExpr, InExpr, ListExpr, QuantifiedExpr, TypeNode } from "#grammar";
import { boolType, isComparable, type Type, type Typed, typeName } from "../types.ts";
import { condition, elaborateValue } from "./elaborate.ts";
import { oneType } from "./one-type.ts";
import { checkMembers } from "./operators.ts";
import { factsWhenNotTrue, factsWhenTrue, warnUnguarded, withFact } from "./presence.ts";
import {
  type Ast,
  type Operand,
  type Scope,
  type StepBinding,
  type Value,
  value,
  wrong,
} from "./scope.ts";

/** `[a, b]` as a value: all items are of one type. */
export function elaborateList(e: ListExpr, scope: Scope): Operand {
  const items = e.items.map((node) => ({ node, x: elaborateValue(node, scope) }));
  const [first] = items;
  if (!first) {
    const help = "write at least one item, which tells what the list holds";
    const params = { expected: "a list with items", found: "an empty one" };
    scope.session.report("TAP2010", e, params, { help });
    return wrong;
  }
  const type = oneType(first.x.type, items, scope);
  if (!type) return wrong;
  const isOptional = items.some(({ x }) => x.isOptional);
  const core: Expr = { op: "list", items: items.map(({ x }) => x.core) };
  return value({ t: "list", item: { type, isOptional } }, core);
}

/** `list[0]` and `step[0]` count from 0; `map["key"]`. There may be no such item. */
export function elaborateIndex(e: IndexExpr, scope: Scope): Operand {
  const step = e.object.kind === "nameRef" ? scope.steps.get(e.object.name) : undefined;
  if (step?.items) return eventOfRun(e, step, step.items, scope);
  const list = elaborateValue(e.object, scope);
  const at = elaborateValue(e.index, scope);
  if (list.type.t === "error" || at.type.t === "error") return wrong;
  const item = itemType(list.type);
  if (!item) {
    const params = { expected: "a list or a map", found: typeName(list.type) };
    scope.session.report("TAP2010", e.object, params, { help: "only lists and maps have items" });
    return wrong;
  }
  const key: Type = list.type.t === "map" ? list.type.key : { t: "int" };
  const isKey =
    list.type.t === "map" ? isComparable(key, at.type) : at.type.t === "int" || at.type.t === "u32";
  if (!isKey) {
    const params = { expected: typeName(key), found: typeName(at.type) };
    scope.session.report("TAP2010", e.index, params);
    return wrong;
  }
  if (!checkMembers(e.index, at, value(key, list.core), scope)) return wrong;
  if (!isPlace(e, list.type, at.core, scope)) return wrong;
  const core: Expr = { op: "index", list: list.core, at: at.core };
  const x = value(item.type, core, true);
  return withFact({ ...x, declared: declaredItem(list.declared) }, scope);
}

/** An event that a repeated step keeps, by its number. */
function eventOfRun(
  e: IndexExpr,
  step: StepBinding,
  { keep, sure }: NonNullable<StepBinding["items"]>,
  scope: Scope,
): Operand {
  const { session } = scope;
  const at = elaborateValue(e.index, scope);
  if (at.type.t === "error") return wrong;
  const pick = at.core.op === "const" && at.type.t === "int" ? at.core.value : undefined;
  if (typeof pick !== "number") {
    const help = `write a number, such as \`${step.name}[1]\`: only so many events are kept`;
    const params = { expected: "a constant number", found: typeName(at.type) };
    session.report("TAP2010", e.index, params, { help });
    return wrong;
  }
  if (pick < 0 || pick >= keep) {
    const reason = `\`${step.name}\` keeps its first ${keep} events, counted from 0`;
    const help =
      pick < 0 ? "places count from 0" : `say \`keep ${pick + 1}\` behind its \`repeat\``;
    session.report("TAP2040", e, { text: session.text(e), reason }, { help });
    return wrong;
  }
  const number = step.run ?? step.of.step;
  if (number === "current") return wrong;
  const of: Ref = { step: number, pick: pick === 0 ? "first" : pick };
  return { is: "event", step: { ...step, of, isOptional: step.isOptional || pick >= sure } };
}

/** A constant place of a list must be one that the list can have. */
function isPlace(node: Ast, list: Type, at: Expr, scope: Scope): boolean {
  if (list.t !== "list" || at.op !== "const" || typeof at.value !== "number") return true;
  const { max = Number.POSITIVE_INFINITY } = list;
  if (at.value >= 0 && at.value < max) return true;
  const reason =
    at.value < 0 ? "places count from 0" : `the list has at most ${max} items, counted from 0`;
  scope.session.report("TAP2040", node, { text: scope.session.text(node), reason });
  return false;
}

/** What an index finds. */
function itemType(type: Type): Typed | undefined {
  if (type.t === "list") return type.item;
  return type.t === "map" ? type.value : undefined;
}

/** What a quantifier and `in` go through: of a map its keys. */
function memberType(type: Type): Typed | undefined {
  return type.t === "map" ? { type: type.key, isOptional: false } : itemType(type);
}

/** What an index finds, as the type of the list or map says it. */
function declaredItem(list: TypeNode | undefined): TypeNode | undefined {
  if (list?.kind === "listType") return list.element;
  return list?.kind === "mapType" ? list.value : undefined;
}

/** `any(x in list: p)`; of a map `x` is each of its keys. */
export function elaborateQuantified(e: QuantifiedExpr, scope: Scope, isNegated: boolean): Operand {
  const { session } = scope;
  const list = elaborateValue(e.list, scope);
  if (list.type.t === "error") return wrong;
  const item = memberType(list.type);
  if (!item) {
    const params = { expected: "a list or a map", found: typeName(list.type) };
    const help = `write a list behind \`in\`, such as \`${e.quantifier}(x in [1, 2]: x > 1)\``;
    session.report("TAP2010", e.list, params, { help });
    return wrong;
  }
  session.checkFreeName(e.variable, scope);
  const level = scope.depth ?? 0;
  const each = value(item.type, { op: "var", level }, item.isOptional);
  const declared = list.type.t === "list" ? declaredItem(list.declared) : undefined;
  const bound = new Map(scope.bound).set(e.variable.text, { ...each, declared });
  const inner: Scope = { ...scope, bound, depth: level + 1 };
  const { quantifier } = e;
  // `none` is a negation of its body; `all` is not, since it is two of them.
  const isInverted = quantifier === "none" ? !isNegated : quantifier !== "count" && isNegated;
  const body = condition(e.body, inner, isInverted);
  if (body.type.t === "error") return wrong;
  const core: Expr = { op: "quant", quantifier, list: list.core, level, body: body.core };
  if (quantifier === "count") {
    const isOptional = list.isOptional || mayBeUnknown(body.core, { level, ...item }, new Set());
    return withFact(value({ t: "int" }, core, isOptional), scope);
  }
  if (isInverted) warnUnguarded(e, [{ x: list, node: e.list }], scope, isNegated);
  return value(boolType, core);
}

interface Item extends Typed {
  readonly level: number;
}

/**
 * Whether a test of items may be unknown where `facts` are there; what is read of anything else
 * than the item may be missing.
 */
function mayBeUnknown(test: Expr, item: Item, facts: ReadonlySet<string>): boolean {
  switch (test.op) {
    case "const":
    case "param":
    case "has":
    case "bound":
      return false;
    case "and":
    case "or": {
      const learn = test.op === "and" ? factsWhenTrue : factsWhenNotTrue;
      const known = new Set(facts);
      return test.args.some((part) => {
        const isOpen = mayBeUnknown(part, item, known);
        for (const fact of learn(part)) known.add(fact);
        return isOpen;
      });
    }
    case "not":
    case "cmp":
    case "in":
    case "text":
    case "matches":
    case "cidr":
      return childrenOf(test).some((part) => mayBeUnknown(part, item, facts));
    default:
      return !facts.has(printExpr(test)) && (typeWithin(test, item)?.isOptional ?? true);
  }
}

/** The type of the item, or of what is read of it. */
function typeWithin(e: Expr, item: Item): Typed | undefined {
  if (e.op === "var") return e.level === item.level ? item : undefined;
  const record = e.op === "member" ? typeWithin(e.record, item) : undefined;
  if (e.op !== "member" || record?.type.t !== "record") return undefined;
  const member = record.type.members.find((m) => m.name === e.name);
  return member && { ...member, isOptional: member.isOptional || record.isOptional };
}

/** `x in list` for a list or map that is a value: some item, or some key, equals `x`. */
export function inList(
  node: Ast,
  item: Value,
  list: Value,
  set: Ast,
  scope: Scope,
): Expr | undefined {
  const of = memberType(list.type);
  if (!of || !isComparable(item.type, of.type)) {
    scope.session.report("TAP2010", set, {
      expected: `a list of ${typeName(item.type).replace(/^an? /, "")}s`,
      found: typeName(list.type),
    });
    return undefined;
  }
  const level = scope.depth ?? 0;
  const each = value(of.type, { op: "var", level }, of.isOptional);
  if (!checkMembers(node, item, each, scope)) return undefined;
  const body: Expr = { op: "cmp", cmp: "==", left: item.core, right: each.core };
  return { op: "quant", quantifier: "any", list: list.core, level, body };
}

/**
 * Warns when a negated `in` goes through items that may be missing: whether one of those is the
 * value is unknown. What it means then only a quantifier can say.
 */
export function warnMissingItems(e: InExpr, list: Type, scope: Scope): void {
  if (!["condition", "aggregate", "explain"].includes(scope.place)) return;
  if (list.t !== "list" || !list.item.isOptional) return;
  const { session } = scope;
  const set = session.text(e.set);
  const item = freeName(scope);
  // With `not in` no item may be the value; of an `in` under a `not` the contrary is written.
  const [quantifier, op] = e.isNegated ? ["all", "!="] : ["any", "=="];
  const test = `${item} ${op} ${session.text(e.item)}`;
  const whenThere = `${quantifier}(${item} in ${set}: has ${item} and ${test})`;
  const whenMissing = `${quantifier}(${item} in ${set}: not has ${item} or ${test})`;
  const [refuses, allows] = e.isNegated ? [whenThere, whenMissing] : [whenMissing, whenThere];
  const fix = (title: string, newText: string): Fix => ({
    title: `${title}: \`${newText}\``,
    kind: "review",
    edits: [{ at: e.span, newText }],
  });
  session.report(
    "TAP2101",
    e,
    { value: `an item of ${set}` },
    {
      help: "say with a quantifier what a missing item means",
      fixes: [fix("a missing item does not match", refuses), fix("a missing item matches", allows)],
    },
  );
}

/** A name for an item that stands for nothing else here. */
function freeName({ bound, steps, locals, later, module }: Scope): string {
  const isTaken = (name: string) =>
    bound.has(name) ||
    steps.has(name) ||
    locals.has(name) ||
    later.has(name) ||
    module.names.has(name);
  let name = "item";
  for (let n = 2; isTaken(name); n++) name = `item${n}`;
  return name;
}
