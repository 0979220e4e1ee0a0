/**
 * The condition of a window. While a window slides, what counts events may only be compared so
 * that more events make it true: it is decided at an event, and nobody would look when it falls.
 */
import { type CmpOp, type Expr, mirrored, negated, someExpr, type WindowShape } from "#core";
import { condition } from "./elaborate.ts";
import { factsWhenFalse, factsWhenTrue, withFacts } from "./presence.ts";
import type { Ast, Scope } from "./scope.ts";

/** Core of a `having`; each part that the shape cannot decide is reported at its place. */
export function elaborateHaving(
  node: Ast,
  scope: Scope,
  shape: WindowShape["shape"],
  isNegated = false,
): Expr {
  if (node.kind === "unary" && node.op === "not")
    return { op: "not", arg: elaborateHaving(node.operand, scope, shape, !isNegated) };
  if (node.kind === "binary" && (node.op === "and" || node.op === "or")) {
    const left = elaborateHaving(node.left, scope, shape, isNegated);
    const learned = node.op === "and" ? factsWhenTrue(left) : factsWhenFalse(left);
    const right = elaborateHaving(node.right, withFacts(scope, learned), shape, isNegated);
    const args = [left, right].flatMap((x) => (x.op === node.op ? x.args : [x]));
    return { op: node.op, args };
  }
  const { core, type } = condition(node, scope, isNegated);
  if (type.t !== "error") checkHaving(core, node, shape, scope, isNegated);
  return core;
}

/** Reports a part of a `having` that the window's shape cannot decide. */
export function checkHaving(
  core: Expr,
  node: Ast,
  shape: WindowShape["shape"],
  scope: Scope,
  isNegated = false,
): void {
  if (shape !== "sliding" || isDecidable(core, isNegated)) return;
  scope.session.report("TAP3103", node, { what: scope.session.text(node) });
}

function isDecidable(e: Expr, isNegated: boolean): boolean {
  switch (e.op) {
    case "not":
      return isDecidable(e.arg, !isNegated);
    case "and":
    case "or":
      return e.args.every((x) => isDecidable(x, isNegated));
    case "cmp": {
      const cmp = isNegated ? negated[e.cmp] : e.cmp;
      const isFine = (op: CmpOp) => op === ">" || op === ">=";
      if (isGrowing(e.left) && !hasAggregate(e.right)) return isFine(cmp);
      if (isGrowing(e.right) && !hasAggregate(e.left)) return isFine(mirrored[cmp]);
      return true;
    }
    case "in":
      return !isGrowing(e.item);
    case "if":
      return [e.cond, e.yes, e.no].every((x) => !grows(x));
    case "quant":
      return !grows(e.body);
    default:
      return true;
  }
}

const growing: ReadonlySet<string> = new Set(["count", "distinct", "sum", "rate", "increase"]);

/** Whether more events can only make the number larger. */
function isGrowing(e: Expr): boolean {
  if (e.op === "agg") return growing.has(e.fn);
  if (e.op !== "arith") return false;
  const isLeft = isGrowing(e.left);
  if (e.fn === "+" || e.fn === "*") return isLeft || isGrowing(e.right);
  return isLeft && !hasAggregate(e.right);
}

function grows(e: Expr): boolean {
  return someExpr(e, isGrowing);
}

/** Whether `e` says anything of the window's events. */
export function hasAggregate(e: Expr): boolean {
  return someExpr(e, (x) => x.op === "agg");
}
