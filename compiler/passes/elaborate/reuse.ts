/** Module-level names in expressions: parameters, lists, patterns. */

import type { Expr, Param } from "#core";
import type { ListDecl, ParamDecl, StringLiteral } from "#grammar";
import { fieldType } from "../../schema/build-schema.ts";
import { isComparable, type Type, typeName, typeOfField, unitOfType } from "../types.ts";
import { elaborateValue } from "./elaborate.ts";
import { reportPattern } from "./operators.ts";
import { type Ast, type Operand, type Scope, type Session, type Value, value } from "./scope.ts";

/** Parameters are known by module and name, so that two modules may use the same name. */
export function paramName(module: string, decl: ParamDecl): string {
  return `${module}.${decl.name.text}`;
}

export function paramOperand(decl: ParamDecl, module: string, scope: Scope): Operand {
  const known = declareParam(decl, module, scope.session);
  return known ? value(known.type, { op: "param", name: known.param.name }) : { is: "error" };
}

/** Reads a parameter's type, default and range once; undefined after an error. */
export function declareParam(
  decl: ParamDecl,
  moduleName: string,
  session: Session,
): { param: Param; type: Type } | undefined {
  const name = paramName(moduleName, decl);
  const known = session.params.get(name);
  if (known || session.pendingParams.has(decl)) return known;
  session.pendingParams.add(decl);
  const scope = emptyScope(moduleName, session);
  const type = typeOfField(fieldType(decl.type, session.sink));
  const initial = constantOf(decl.value, type, scope);
  const min = decl.range && constantOf(decl.range.min, type, scope);
  const max = decl.range && constantOf(decl.range.max, type, scope);
  if (initial === undefined || typeof initial === "bigint") return undefined;
  const low = typeof min === "number" ? min : undefined;
  const high = typeof max === "number" ? max : undefined;
  const isOutside =
    typeof initial === "number" &&
    ((low !== undefined && initial < low) || (high !== undefined && initial > high));
  if (isOutside || (low !== undefined && high !== undefined && low > high)) {
    const bounds = decl.range
      ? `within ${session.text(decl.range.min)} .. ${session.text(decl.range.max)}`
      : "in range";
    session.report("TAP2018", decl.value, { what: `\`${decl.name.text}\``, bounds });
    return undefined;
  }
  const param: Param = { name, unit: unitOfType(type), value: initial, min: low, max: high };
  session.params.set(name, { param, type });
  return { param, type };
}

/** A scope in which only module-level names are known. */
export function emptyScope(moduleName: string, session: Session): Scope {
  const module = session.modules.get(moduleName);
  if (!module) throw new Error(`no module ${moduleName}`);
  return {
    session,
    module,
    place: "condition",
    steps: new Map(),
    later: new Set(),
    locals: new Map(),
    bound: new Map(),
    window: undefined,
    facts: new Set(),
    expanding: [],
  };
}

function constantOf(
  node: Ast,
  type: Type,
  scope: Scope,
): string | number | bigint | boolean | undefined {
  const x = elaborateValue(node, scope);
  if (x.type.t === "error" || type.t === "error") return undefined;
  if (x.core.op !== "const") {
    scope.session.report("TAP2010", node, { expected: "a constant", found: "a computed value" });
    return undefined;
  }
  if (isComparable(type, x.type)) return x.core.value;
  scope.session.report("TAP2010", node, { expected: typeName(type), found: typeName(x.type) });
  return undefined;
}

/** The constants of a list; undefined after an error. */
export function listItems(
  decl: ListDecl,
  moduleName: string,
  scope: Scope,
): { type: Type; items: Expr[] } | undefined {
  const { session } = scope;
  const type = typeOfField(fieldType(decl.type, session.sink));
  if (!decl.items) {
    session.notSupported(decl.from?.file ?? decl.name, "a list read from a file");
    return undefined;
  }
  const inner = emptyScope(moduleName, session);
  const values = decl.items.map((item) => constantOf(item, type, inner));
  if (values.some((v) => v === undefined)) return undefined;
  return {
    type,
    items: values.flatMap((v) => (v === undefined ? [] : [{ op: "const" as const, value: v }])),
  };
}

/** The program of a regex or glob literal; undefined after an error. */
export function patternProgram(
  node: StringLiteral,
  isNocase: boolean,
  scope: Scope,
): number | undefined {
  const kind = node.prefix === "glob" ? "glob" : "regex";
  const program = scope.session.program(kind, node.value, isNocase);
  if (typeof program === "number") return program;
  reportPattern(node, program, kind === "glob" ? "glob" : "regular expression", scope);
  return undefined;
}
