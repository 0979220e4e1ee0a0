/**
 * Which values are known to be present (Cedar's `has` narrowing): after `has x and …`, after a test
 * on `x` that came out, and so on.
 */
import { type CmpOp, type Expr, printExpr } from "#core";
import type { Node } from "#grammar";
import type { Scope, Value } from "./scope.ts";

export function withFacts(scope: Scope, facts: readonly string[]): Scope {
  return facts.length === 0 ? scope : { ...scope, facts: new Set([...scope.facts, ...facts]) };
}

/** What must be present when `e` is true. */
export function factsWhenTrue(e: Expr): string[] {
  switch (e.op) {
    case "has":
      return [printExpr(e.arg)];
    case "bound":
      return [printExpr(e)];
    case "and":
      return e.args.flatMap(factsWhenTrue);
    case "not":
      return factsWhenFalse(e.arg);
    default:
      return decided(e);
  }
}

/** What must be present when `e` is false. */
export function factsWhenFalse(e: Expr): string[] {
  switch (e.op) {
    case "or":
      return e.args.flatMap(factsWhenFalse);
    case "not":
      return factsWhenTrue(e.arg);
    case "has":
    case "bound":
    case "and":
      return [];
    default:
      return decided(e);
  }
}

/** A test that came out true or false had its operands. */
function decided(e: Expr): string[] {
  if (e.op === "cmp") return [...operand(e.left), ...operand(e.right)];
  if (e.op === "in" || e.op === "cidr") return operand(e.item);
  return e.op === "text" || e.op === "matches" ? operand(e.text) : [];
}

function operand(e: Expr): string[] {
  return e.op === "field" || e.op === "entity" ? [printExpr(e)] : [];
}

/** Whether `x` can be missing where `scope` is. */
export function mayBeMissing(x: Value, scope: Scope): boolean {
  if (!x.isOptional) return false;
  const isKnown = (e: Expr): boolean =>
    scope.facts.has(printExpr(e)) ||
    ("of" in e &&
      e.of.step !== "current" &&
      scope.facts.has(printExpr({ op: "bound", of: e.of })) &&
      e.op === "meta");
  return !isKnown(x.core);
}

/** Warns when a negated test reads a value that may be missing (TAP2101). */
export function warnUnguarded(
  node: Node,
  operands: readonly { readonly x: Value; readonly node: Node }[],
  scope: Scope,
): void {
  if (scope.place !== "condition" && scope.place !== "aggregate") return;
  const open = operands.find(
    ({ x }) => mayBeMissing(x, scope) && (x.core.op === "field" || x.core.op === "entity"),
  );
  if (!open) return;
  const { session } = scope;
  const name = session.text(open.node);
  const whole = session.text(node);
  session.report(
    "TAP2101",
    node,
    { value: name },
    {
      fixes: [
        {
          title: `a missing \`${name}\` does not match: add \`has ${name} and\``,
          kind: "review",
          edits: [{ at: node.span, newText: `(has ${name} and ${whole})` }],
        },
        {
          title: `a missing \`${name}\` matches: add \`not has ${name} or\``,
          kind: "review",
          edits: [{ at: node.span, newText: `(not has ${name} or ${whole})` }],
        },
      ],
    },
  );
}

export const negatedComparisons: ReadonlySet<CmpOp> = new Set(["!="]);
