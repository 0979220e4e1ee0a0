/**
 * Which values are known to be present (Cedar's `has` narrowing): after `has x and …`, after a test
 * on `x` that came out, and so on.
 */
import { type Expr, printExpr, type Ref, someExpr } from "#core";
import type { Fix } from "#grammar";
import type { Ast, Given, Operand, Scope, StepBinding, Value } from "./scope.ts";

export function withFacts(scope: Scope, facts: readonly string[]): Scope {
  return facts.length === 0 ? scope : { ...scope, facts: new Set([...scope.facts, ...facts]) };
}

/** What must be present when `e` is true. */
export function factsWhenTrue(e: Expr): string[] {
  switch (e.op) {
    case "has":
      return [...new Set([printExpr(e.arg), ...operand(e.arg)])];
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

/** What is read must have been there, and with an item or member what it was read from. */
function operand(e: Expr): string[] {
  switch (e.op) {
    case "field":
    case "entity":
    case "capture":
    case "var":
      return [printExpr(e)];
    case "index":
      return [printExpr(e), ...operand(e.list), ...operand(e.at)];
    case "member":
      return [printExpr(e), ...operand(e.record)];
    case "quant":
      return e.quantifier === "count" ? [printExpr(e), ...operand(e.list)] : [];
    default:
      return [];
  }
}

/** `x`, not optional any more where it is known to be present. */
export function withFact(x: Value, scope: Scope): Value {
  if (!x.isOptional || scope.facts.size === 0) return x;
  return scope.facts.has(printExpr(x.core)) ? { ...x, isOptional: false } : x;
}

/** A step that may be unbound makes everything read from it optional. */
export function stepMayBeUnbound(step: StepBinding, scope: Scope): boolean {
  if (!step.isOptional) return false;
  const isBound = (of: Ref) => scope.facts.has(printExpr({ op: "bound", of }));
  const { of } = step;
  if (isBound(of)) return false;
  // Where there is a first event there is a last one, but not one of any number.
  const isEnd = of.step !== "current" && typeof of.pick !== "number";
  return !(isEnd && isBound({ ...of, pick: "first" }));
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
  node: Ast,
  operands: readonly { readonly x: Value; readonly node: Ast }[],
  scope: Scope,
  isInverted: boolean,
): void {
  if (!["condition", "aggregate", "explain"].includes(scope.place)) return;
  const open = operands.filter(({ x }) => x.type.t !== "error" && mayBeMissing(x, scope));
  if (open.length > 0) warnOpen(node, open, scope, isInverted);
}

/** Says it where it can be put right: in a `let`, or where the `let` is given or negates it. */
function warnOpen(node: Ast, open: readonly Given[], scope: Scope, isInverted: boolean): void {
  const { use } = scope;
  const blamed = use?.given ? use.given.filter((g) => causes(g, open, use.scope)) : open;
  if (use && blamed.length > 0 && (use.given || use.isNegated)) {
    warnOpen(use.node, blamed, use.scope, use.isNegated);
  } else if (use?.isNegated) {
    // A guard in the body would change what it means for its other uses: the author has to choose.
    const labels = [{ at: use.node.span, text: "negated here" }];
    scope.session.report("TAP2101", node, { value: shownOpen(open, scope)[0] ?? "" }, { labels });
  } else reportOpen(node, open, scope, isInverted);
}

/** Whether what stands for a formal may be missing, and one of `open` is read from it. */
function causes({ x }: Given, open: readonly Given[], scope: Scope): boolean {
  if (x.is === "event")
    return stepMayBeUnbound(x.step, scope) && open.some((o) => readsStep(o.x, x.step.of.step));
  if (x.is !== "value" || !mayBeMissing(x, scope)) return false;
  const text = printExpr(x.core);
  return open.some((o) => o.x.is === "value" && someExpr(o.x.core, (e) => printExpr(e) === text));
}

function readsStep(x: Operand, step: Ref["step"]): boolean {
  if (x.is === "event") return x.step.of.step === step;
  return x.is === "value" && someExpr(x.core, (e) => "of" in e && e.of.step === step);
}

function shownOpen(open: readonly Given[], { session }: Scope): string[] {
  return open.map(({ node }) => guarded(session.text(node), node));
}

function reportOpen(node: Ast, open: readonly Given[], scope: Scope, isInverted: boolean): void {
  const { session } = scope;
  const names = shownOpen(open, scope);
  const shown = names.map((n) => `\`${n}\``).join(" or ");
  const whole = session.text(node);
  const all = [...names.map((n) => `has ${n}`), whole].join(" and ");
  const any = [...names.map((n) => `not has ${n}`), whole].join(" or ");
  const fix = (title: string, text: string): Fix => ({
    title: `${title}: \`${text}\``,
    kind: "review",
    edits: [{ at: node.span, newText: `(${text})` }],
  });
  const fixes = [
    fix(`a missing ${shown} does not match`, isInverted ? any : all),
    fix(`a missing ${shown} matches`, isInverted ? all : any),
  ];
  session.report("TAP2101", node, { value: names[0] ?? "" }, { fixes });
}

/** What can stand behind \`has\`: names, fields and calls as they are, the rest in parentheses. */
function guarded(text: string, node: Ast): string {
  const isPlain =
    ["nameRef", "member", "call", "quantified"].includes(node.kind) || text.startsWith("(");
  return isPlain ? text : `(${text})`;
}
