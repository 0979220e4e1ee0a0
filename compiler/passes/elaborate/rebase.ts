/** Rewriting core expressions: what was said of the current event is said of a captured one. */
import { assertNever, type Expr, isAggregate, type Ref } from "#core";
import type { Operand, Value } from "./scope.ts";

/** `e` with `f` applied to each of its direct parts. */
export function mapParts(e: Expr, f: (part: Expr) => Expr): Expr {
  switch (e.op) {
    case "const":
    case "param":
    case "field":
    case "meta":
    case "entity":
    case "bound":
    case "taken":
    case "span":
    case "var":
    case "quality":
    case "subject":
    case "matched":
    case "finding":
      return e;
    case "not":
    case "has":
    case "history":
    case "run":
      return { ...e, arg: f(e.arg) };
    case "and":
    case "or":
    case "call":
      return { ...e, args: e.args.map(f) };
    case "cmp":
    case "coalesce":
    case "arith":
      return { ...e, left: f(e.left), right: f(e.right) };
    case "in":
      return { ...e, item: f(e.item), set: e.set.map(f) };
    case "cidr":
      return { ...e, item: f(e.item) };
    case "text":
      return { ...e, text: f(e.text), needle: f(e.needle) };
    case "matches":
    case "capture":
      return { ...e, text: f(e.text) };
    case "concat":
      return { ...e, parts: e.parts.map((p) => ({ ...p, expr: f(p.expr) })) };
    case "if":
      return { ...e, cond: f(e.cond), yes: f(e.yes), no: f(e.no) };
    case "list":
      return { ...e, items: e.items.map(f) };
    case "index":
      return { ...e, list: f(e.list), at: f(e.at) };
    case "member":
      return { ...e, record: f(e.record) };
    case "quant":
      return { ...e, list: f(e.list), body: f(e.body) };
    case "hop":
      return { ...e, from: f(e.from) };
    case "related":
      return { ...e, from: f(e.from), to: f(e.to) };
    case "agg":
      return {
        ...e,
        arg: e.arg && f(e.arg),
        where: e.where && f(e.where),
        ...(e.limit ? { limit: f(e.limit) } : {}),
      };
    default:
      return assertNever(e);
  }
}

/** Where what was said of one event is said of another. */
type Move = (of: Ref) => Ref;

const fromCurrent =
  (to: Ref): Move =>
  (of) =>
    of.step === "current" ? to : of;

/**
 * `e` with the event `to` in the place of the current one. What stands inside an aggregate speaks
 * of other events and stays.
 */
export function rebase(e: Expr, to: Ref): Expr {
  return moved(e, fromCurrent(to));
}

function moved(e: Expr, move: Move): Expr {
  if (isAggregate(e)) return e;
  if ("of" in e) return { ...e, of: move(e.of) };
  return mapParts(e, (part) => moved(part, move));
}

/** The same of an operand: what a step's condition bound, as later steps see it. */
export function rebaseOperand(x: Operand, to: Ref): Operand {
  return movedOperand(x, fromCurrent(to));
}

/** What was said of the first event of `step`'s run, said of the current one. */
export function ofEach(x: Operand, step: number): Operand {
  return movedOperand(x, (of) =>
    of.step === step && of.pick === "first" ? { step: "current" } : of,
  );
}

function movedOperand(x: Operand, move: Move): Operand {
  switch (x.is) {
    case "value":
      return movedValue(x, move);
    case "event":
    case "entity":
    case "record":
      return { ...x, step: { ...x.step, of: move(x.step.of) } };
    case "groups": {
      const groups = [...x.groups].map(([name, v]) => [name, movedValue(v, move)] as const);
      return { ...x, groups: new Map(groups) };
    }
    case "subject":
    case "firstOf":
    case "error":
      return x;
    default:
      return assertNever(x);
  }
}

function movedValue(x: Value, move: Move): Value {
  const { owner } = x.level ?? {};
  const level = x.level && {
    ...x.level,
    owner: owner === undefined || owner === "subject" ? owner : move(owner),
  };
  return { ...x, core: moved(x.core, move), ...(level ? { level } : {}) };
}
