/**
 * Optional steps that a later condition needs: without them it is never true, so they are optional
 * in name only.
 *
 *     optional a, then b where b.x == a.x                     b never comes without a
 *     optional a, then b where a is missing or b.x == a.x     b does
 */
import type { Expr } from "#core";
import { childrenOf, isMissingOfNone } from "#core";

/** What a condition can come out as; neither means that it is always unknown. */
interface Outcome {
  readonly canBeTrue: boolean;
  readonly canBeFalse: boolean;
}

const open: Outcome = { canBeTrue: true, canBeFalse: true };
const unknown: Outcome = { canBeTrue: false, canBeFalse: false };
const never: Outcome = { canBeTrue: false, canBeFalse: true };

/** Whether `condition` is never true when `step` is not bound. */
export function needsStep(condition: Expr, step: number): boolean {
  return !outcome(condition, step).canBeTrue;
}

function outcome(e: Expr, step: number): Outcome {
  switch (e.op) {
    case "const":
      return { canBeTrue: e.value !== false, canBeFalse: e.value !== true };
    case "bound":
      return e.of.step === step ? never : open;
    case "has":
      return isLost(e.arg, step) ? never : open;
    case "not": {
      const { canBeTrue, canBeFalse } = outcome(e.arg, step);
      return { canBeTrue: canBeFalse, canBeFalse: canBeTrue };
    }
    case "and":
    case "or":
      return joined(
        e.args.map((a) => outcome(a, step)),
        e.op === "and",
      );
    case "if": {
      const branches = [e.yes, e.no].map((x) => outcome(x, step));
      if (!outcome(e.cond, step).canBeTrue) return branches[1] ?? open;
      return {
        canBeTrue: branches.some((b) => b.canBeTrue),
        canBeFalse: branches.some((b) => b.canBeFalse),
      };
    }
    case "quant":
      // Of an empty list `all` and `none` are true whatever the body says.
      if (isLost(e.list, step)) return unknown;
      return e.quantifier === "any"
        ? { canBeTrue: outcome(e.body, step).canBeTrue, canBeFalse: true }
        : open;
    case "in":
      return isLost(e.item, step) || (e.set.length > 0 && e.set.every((x) => isLost(x, step)))
        ? unknown
        : open;
    default:
      return isLost(e, step) ? unknown : open;
  }
}

function joined(parts: readonly Outcome[], isAnd: boolean): Outcome {
  const areTrue = parts.map((p) => p.canBeTrue);
  const areFalse = parts.map((p) => p.canBeFalse);
  return isAnd
    ? { canBeTrue: !areTrue.includes(false), canBeFalse: areFalse.includes(true) }
    : { canBeTrue: areTrue.includes(true), canBeFalse: !areFalse.includes(false) };
}

/** Whether a value is always missing when `step` is not bound. */
function isLost(e: Expr, step: number): boolean {
  switch (e.op) {
    case "field":
    case "meta":
    case "entity":
      return e.of.step === step;
    case "coalesce":
      return isLost(e.left, step) && isLost(e.right, step);
    case "if":
      return (!outcome(e.cond, step).canBeTrue || isLost(e.yes, step)) && isLost(e.no, step);
    // These have a value whatever is missing.
    case "has":
    case "bound":
    case "concat":
    case "list":
    case "and":
    case "or":
    case "not":
    case "in":
      return false;
    case "quant":
      return e.quantifier === "count" && isLost(e.list, step);
    case "run":
      return e.step === step && isMissingOfNone(e.fn);
    default:
      return childrenOf(e).some((x) => isLost(x, step));
  }
}
