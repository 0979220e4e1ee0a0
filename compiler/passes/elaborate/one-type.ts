/** The one type of several values that stand for each other: branches, items of a list. */
import { commonType, type Type, typeName } from "../types.ts";
import type { Ast, Scope, Value } from "./scope.ts";

/** What all of `items` and `first` have in common; undefined, and reported, when nothing. */
export function oneType(
  first: Type,
  items: readonly { readonly x: Value; readonly node: Ast }[],
  scope: Scope,
): Type | undefined {
  let type = first;
  for (const { x, node } of items) {
    if (x.type.t === "error" || type.t === "error") return undefined;
    const common = commonType(type, x.type);
    if (!common) {
      const params = { expected: typeName(type), found: typeName(x.type) };
      scope.session.report("TAP2010", node, params);
      return undefined;
    }
    type = common;
  }
  return type;
}
