/** Keys of findings: what `suppress`, `rate` and `subsumes` compare them by. */
import type { Expr, KeyPart } from "#core";
import type { Key } from "#grammar";
import { elaborateValue } from "../elaborate/elaborate.ts";
import type { Scope, StepBinding } from "../elaborate/scope.ts";

/** An entity of the finding, or a value of one of its steps. `isAbsence`: of an inventory. */
export function findingKey(key: Key, isAbsence: boolean, scope: Scope): KeyPart {
  if (key.kind === "exprKey")
    return { expr: elaborateValue(key.expr, scope).core, allowsMissing: true };
  const kind = key.entity.text;
  scope.session.isEntityKind(kind, key.entity);
  const expr: Expr = isAbsence
    ? { op: "subject", kind }
    : entityOfFirst([...scope.steps.values()], kind);
  return { expr, allowsMissing: true };
}

/** The entity of the first step that is bound: an optional one may not be. */
function entityOfFirst(steps: readonly StepBinding[], kind: string): Expr {
  const [first, ...rest] = steps;
  const left: Expr = { op: "entity", of: first?.of ?? { step: "current" }, kind };
  if (!first?.isOptional || rest.length === 0) return left;
  return { op: "coalesce", left, right: entityOfFirst(rest, kind) };
}
