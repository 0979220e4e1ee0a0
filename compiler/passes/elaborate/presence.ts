/**
 * Which values are known to be present (Cedar's `has` narrowing): after `has x and …`, after a test
 * on `x` that came out, and so on.
 */
import { type Expr, printExpr } from "#core";
import type { Fix, Node } from "#grammar";
import type { Ast, Scope, Value } from "./scope.ts";

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

/**
 * What must be present when `e` is not true: when it is false, and also when it is unknown, as a
 * test on a missing value is.
 */
export function factsWhenNotTrue(e: Expr): string[] {
  if (e.op === "or") return e.args.flatMap(factsWhenNotTrue);
  return e.op === "not" ? factsWhenNotFalse(e.arg) : [];
}

function factsWhenNotFalse(e: Expr): string[] {
  switch (e.op) {
    case "has":
    case "bound":
      return factsWhenTrue(e);
    case "and":
      return e.args.flatMap(factsWhenNotFalse);
    case "not":
      return factsWhenNotTrue(e.arg);
    default:
      return [];
  }
}

/** A test that came out true or false had its operands. */
function decided(e: Expr): string[] {
  if (e.op === "cmp") return [...operand(e.left), ...operand(e.right)];
  if (e.op === "in" || e.op === "cidr") return operand(e.item);
  if (e.op === "quant") return operand(e.list);
  return e.op === "text" || e.op === "matches" ? operand(e.text) : [];
}

function operand(e: Expr): string[] {
  const isRead = ["field", "entity", "index", "capture"].includes(e.op);
  return isRead ? [printExpr(e)] : [];
}

/** `x`, not optional any more where it is known to be present. */
export function withFact(x: Value, scope: Scope): Value {
  return x.isOptional && scope.facts.has(printExpr(x.core)) ? { ...x, isOptional: false } : x;
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

/**
 * Warns when a negated test reads a value that may be missing (TAP2101). Under a `not` around the
 * test (`isInverted`) a guard works the other way round: `not (has x and x == 1)` holds without x.
 */
export function warnUnguarded(
  node: Node,
  operands: readonly { readonly x: Value; readonly node: Ast }[],
  scope: Scope,
  isInverted: boolean,
): void {
  if (!["condition", "aggregate", "explain"].includes(scope.place)) return;
  const open = operands.filter(({ x }) => x.type.t !== "error" && mayBeMissing(x, scope));
  if (open.length === 0) return;
  const { session } = scope;
  const names = open.map(({ node: n }) => guarded(session.text(n), n));
  const shown = names.map((n) => `\`${n}\``).join(" or ");
  const whole = session.text(node);
  const all = [...names.map((n) => `has ${n}`), whole].join(" and ");
  const any = [...names.map((n) => `not has ${n}`), whole].join(" or ");
  const fix = (title: string, text: string): Fix => ({
    title: `${title}: \`${text}\``,
    kind: "review",
    edits: [{ at: node.span, newText: `(${text})` }],
  });
  const value = names[0] ?? "";
  session.report(
    "TAP2101",
    node,
    { value },
    {
      fixes: [
        fix(`a missing ${shown} does not match`, isInverted ? any : all),
        fix(`a missing ${shown} matches`, isInverted ? all : any),
      ],
    },
  );
}

/** What can stand behind \`has\`: names, fields and calls as they are, the rest in parentheses. */
function guarded(text: string, node: Ast): string {
  const isPlain = ["nameRef", "member", "call"].includes(node.kind) || text.startsWith("(");
  return isPlain ? text : `(${text})`;
}
