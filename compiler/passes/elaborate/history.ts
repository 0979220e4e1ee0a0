/** `zscore()` and `baseline()`: an aggregate against the past of its own key. */

import type { Expr } from "#core";
import type { CallExpr } from "#grammar";
import { commonType, isNumeric, type Type, typeName } from "../types.ts";
import { overPanes } from "./aggregates.ts";
import { elaborateValue } from "./elaborate.ts";
import { hasAggregate } from "./having.ts";
import { type Operand, type Scope, value, wrong } from "./scope.ts";

export function zscore(e: CallExpr, scope: Scope): Operand {
  const made = history(e, "zscore", scope);
  return made ? value({ t: "float" }, made.core, true) : wrong;
}

export function baseline(e: CallExpr, scope: Scope): Operand {
  const made = history(e, "baseline", scope);
  return made ? value(made.type, made.core, true) : wrong;
}

function history(
  e: CallExpr,
  what: "zscore" | "baseline",
  scope: Scope,
): { core: Expr; type: Type } | undefined {
  const { session } = scope;
  const node = e.args.find((a) => !a.name)?.value;
  if (!node || e.args.filter((a) => !a.name).length > 1) {
    session.wrongCount(e, "one aggregate and `half_life:`");
    return undefined;
  }
  const arg = elaborateValue(node, scope);
  const halfLife = constant(e, "half_life", { t: "duration" }, scope);
  const warmup = constant(e, "warmup", { t: "duration" }, scope);
  const floor = constant(e, "floor", arg.type, scope);
  if (arg.type.t === "error" || halfLife === "bad" || warmup === "bad" || floor === "bad")
    return undefined;
  if (!isNumeric(arg.type) || arg.type.t === "time" || !hasAggregate(arg.core)) {
    const params = { expected: "an aggregate with a number", found: typeName(arg.type) };
    const help = `give \`${what}()\` an aggregate, such as \`${what}(rate(), half_life: 1h)\``;
    session.report("TAP2010", node, params, { help });
    return undefined;
  }
  const help = `say how fast the past fades: \`${what}(…, half_life: 1h)\``;
  if (halfLife === undefined) {
    session.wrongCount(e, "one aggregate and `half_life:`", help);
    return undefined;
  }
  if (halfLife <= 0) {
    const params = { what: "`half_life`", bounds: "longer than 0s" };
    session.report("TAP2018", e, params, { help });
    return undefined;
  }
  const core: Expr = {
    op: "history",
    what,
    arg: overPanes(arg.core),
    decay: 0.5 ** ((scope.windowPane ?? 1) / halfLife),
    warmupUs: warmup ?? 0,
    floor: floor ?? 0,
    isInt: arg.type.t !== "float",
  };
  return { core, type: arg.type };
}

/** The number given to a named parameter; undefined when it is not given. */
function constant(e: CallExpr, name: string, type: Type, scope: Scope): number | undefined | "bad" {
  const node = e.args.find((a) => a.name?.text === name)?.value;
  if (!node) return undefined;
  const x = elaborateValue(node, scope);
  if (x.type.t === "error" || type.t === "error") return "bad";
  const isFine = commonType(x.type, type) !== undefined;
  if (isFine && x.core.op === "const" && typeof x.core.value === "number" && x.core.value >= 0)
    return x.core.value;
  const expected = isFine ? "a constant of at least 0" : typeName(type);
  const found = isFine ? `\`${scope.session.text(node)}\`` : typeName(x.type);
  const help = `write \`${name}\` out, because what fades how fast is decided when compiling`;
  scope.session.report("TAP2010", node, { expected, found }, isFine ? { help } : {});
  return "bad";
}
