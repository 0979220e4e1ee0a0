/** Lists and maps in expressions: literals, items, `any`, `all`, `none`, and `in` a list. */
import type { Expr } from "#core";
import type { IndexExpr, ListExpr, QuantifiedExpr } from "#grammar";
import { boolType, isComparable, type Type, typeName } from "../types.ts";
import { condition, elaborateValue } from "./elaborate.ts";
import { oneType } from "./one-type.ts";
import { checkMembers } from "./operators.ts";
import { warnUnguarded, withFact } from "./presence.ts";
import { type Ast, type Operand, type Scope, type Value, value, wrong } from "./scope.ts";

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
  return value({ t: "list", item: type }, { op: "list", items: items.map(({ x }) => x.core) });
}

/** `list[0]` counts from 0; `map["key"]`. There may be no such item. */
export function elaborateIndex(e: IndexExpr, scope: Scope): Operand {
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
  return withFact(value(item, core, true), scope);
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

function itemType(type: Type): Type | undefined {
  if (type.t === "list") return type.item;
  return type.t === "map" ? type.value : undefined;
}

/** `any(x in list: p)`; of a map `x` is each of its keys. */
export function elaborateQuantified(e: QuantifiedExpr, scope: Scope, isNegated: boolean): Operand {
  const { session } = scope;
  const list = elaborateValue(e.list, scope);
  if (list.type.t === "error") return wrong;
  const item = list.type.t === "map" ? list.type.key : itemType(list.type);
  if (!item) {
    const params = { expected: "a list or a map", found: typeName(list.type) };
    const help = `write a list behind \`in\`, such as \`${e.quantifier}(x in [1, 2]: x > 1)\``;
    session.report("TAP2010", e.list, params, { help });
    return wrong;
  }
  session.checkFreeName(e.variable, scope);
  const level = scope.depth ?? 0;
  const bound = new Map(scope.bound).set(e.variable.text, value(item, { op: "var", level }));
  const inner: Scope = { ...scope, bound, depth: level + 1 };
  // `none` is a negation of its body; `all` is not, since it is two of them.
  const body = condition(e.body, inner, e.quantifier === "none" ? !isNegated : isNegated);
  if (body.type.t === "error") return wrong;
  if ((e.quantifier === "none") !== isNegated)
    warnUnguarded(e, [{ x: list, node: e.list }], scope, isNegated);
  const core: Expr = {
    op: "quant",
    quantifier: e.quantifier,
    list: list.core,
    level,
    body: body.core,
  };
  return value(boolType, core);
}

/** `x in list` for a list or map that is a value: some item, or some key, equals `x`. */
export function inList(
  node: Ast,
  item: Value,
  list: Value,
  set: Ast,
  scope: Scope,
): Expr | undefined {
  const of = list.type.t === "map" ? list.type.key : itemType(list.type);
  if (!of || !isComparable(item.type, of)) {
    scope.session.report("TAP2010", set, {
      expected: `a list of ${typeName(item.type).replace(/^an? /, "")}s`,
      found: typeName(list.type),
    });
    return undefined;
  }
  const level = scope.depth ?? 0;
  const each = value(of, { op: "var", level });
  if (!checkMembers(node, item, each, scope)) return undefined;
  const body: Expr = { op: "cmp", cmp: "==", left: item.core, right: each.core };
  return { op: "quant", quantifier: "any", list: list.core, level, body };
}
