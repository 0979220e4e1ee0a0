/** Module-level names in expressions: parameters, lists, patterns. */

import type { Expr, Param } from "#core";
import type { ListDecl, Node, ParamDecl, StringLiteral } from "#grammar";
import { fieldType } from "../../schema/build-schema.ts";
import {
  isComparable,
  isNumeric,
  isScalar,
  type Type,
  typeName,
  typeOfField,
  unitOfType,
} from "../types.ts";
import { rangeOf } from "./constant.ts";
import { elaborateValue } from "./elaborate.ts";
import { listFromFile } from "./list-file.ts";
import { checkMembers, networkAt, reportPattern } from "./operators.ts";
import {
  type Ast,
  type ListItems,
  type Operand,
  type Scope,
  type Session,
  value,
} from "./scope.ts";

/** Parameters are known by module and name, so that two modules may use the same name. */
export function paramName(module: string, decl: ParamDecl): string {
  return `${module}.${decl.name.text}`;
}

/** A parameter in an expression; `use` is where it stands. */
export function paramOperand(decl: ParamDecl, module: string, scope: Scope, use?: Ast): Operand {
  const { session } = scope;
  if (use && session.readingParams.has(decl))
    session.report("TAP2017", use, { name: decl.name.text });
  const known = declareParam(decl, module, session);
  if (use) scope.session.checkDeprecated(use, "the parameter", decl.name.text, decl.annotations);
  return known ? value(known.type, { op: "param", name: known.param.name }) : { is: "error" };
}

/** Reads a parameter's type, default and range once; undefined after an error. */
export function declareParam(
  decl: ParamDecl,
  moduleName: string,
  session: Session,
): { param: Param; type: Type; decl: ParamDecl } | undefined {
  const name = paramName(moduleName, decl);
  const known = session.params.get(name);
  if (known || session.pendingParams.has(decl)) return known;
  session.pendingParams.add(decl);
  session.readingParams.add(decl);
  const read = readParam(decl, moduleName, session);
  session.readingParams.delete(decl);
  if (read) session.params.set(name, read);
  return read;
}

function readParam(decl: ParamDecl, moduleName: string, session: Session) {
  const name = paramName(moduleName, decl);
  const scope = emptyScope(moduleName, session, decl);
  const type = paramType(decl, session);
  if (!type) return undefined;
  const initial = constantOf(decl.value, type, scope);
  const range = decl.range && paramRange(decl, type, scope);
  if (initial === undefined || range === "bad") return undefined;
  if (!isInside(initial, range, decl, session)) return undefined;
  const { min, max } = range ?? { min: undefined, max: undefined };
  const param: Param = { name, unit: unitOfType(type), value: initial, min, max };
  return { param, type, decl };
}

/** One value of a simple type: what can be changed at run time. */
function paramType(decl: ParamDecl, session: Session): Type | undefined {
  const type = typeOfField(fieldType(decl.type, session.sink));
  if (type.t === "error") return undefined;
  if (isScalar(type) && !decl.type.isOptional) return type;
  const what = decl.type.isOptional ? "a parameter without a value" : typeName(type);
  const help = decl.type.isOptional
    ? "take the `?` away: a parameter always has its default"
    : "a parameter is one value: declare a `list` instead";
  session.report("TAP2034", decl.type, { what }, { help });
  return undefined;
}

interface ParamRange {
  readonly min: number | undefined;
  readonly max: number | undefined;
}

/** The ends of `range a .. b`, which only values with an order have. */
function paramRange(decl: ParamDecl, type: Type, scope: Scope): ParamRange | "bad" {
  const { range } = decl;
  if (!range) return { min: undefined, max: undefined };
  if (!isNumeric(type)) {
    const params = { expected: "a type with an order", found: typeName(type) };
    const help = `take the range away: ${typeName(type)} has no order`;
    scope.session.report("TAP2010", range.min, params, { help });
    return "bad";
  }
  const min = constantOf(range.min, type, scope);
  const max = constantOf(range.max, type, scope);
  if (typeof min !== "number" || typeof max !== "number") return "bad";
  if (max < min) {
    const bounds = `at least ${scope.session.text(range.min)}, where it begins`;
    scope.session.report("TAP2018", range.max, { what: "the end of this range", bounds });
    return "bad";
  }
  return { min, max };
}

function isInside(
  initial: Constant,
  range: ParamRange | undefined,
  decl: ParamDecl,
  session: Session,
): boolean {
  if (!decl.range || typeof initial !== "number") return true;
  const { min = initial, max = initial } = range ?? {};
  if (min <= initial && initial <= max) return true;
  const bounds = `within ${session.text(decl.range.min)} .. ${session.text(decl.range.max)}`;
  session.report("TAP2018", decl.value, { what: `\`${decl.name.text}\``, bounds });
  return false;
}

/**
 * A scope in which only module-level names are known: of the file that `decl` is in, or of any file
 * of the module.
 */
export function emptyScope(moduleName: string, session: Session, decl?: Node): Scope {
  const module = (decl && session.moduleOf(decl)) ?? session.modules.get(moduleName);
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

type Constant = string | number | bigint | boolean;

/** The constant `node` is, a value of `type`; undefined after an error. */
function constantOf(node: Ast, type: Type, scope: Scope): Constant | undefined {
  if (type.t === "cidr" && node.kind === "string" && node.prefix === "cidr")
    return networkAt(node, scope) && node.value;
  const x = elaborateValue(node, scope);
  if (x.type.t === "error" || type.t === "error") return undefined;
  if (x.core.op !== "const") {
    scope.session.report("TAP2010", node, { expected: "a constant", found: "a computed value" });
    return undefined;
  }
  if (!isComparable(type, x.type) || (x.type.t === "float" && isWhole(type))) {
    const expected = x.type.t === "float" && isWhole(type) ? "a whole number" : typeName(type);
    scope.session.report("TAP2010", node, { expected, found: typeName(x.type) });
    return undefined;
  }
  if (!checkMembers(node, x, value(type, x.core), scope)) return undefined;
  const range = rangeOf(type);
  const { value: constant } = x.core;
  if (!fitsLength(node, type, constant, scope)) return undefined;
  if (range && typeof constant === "number" && (constant < range.min || constant > range.max)) {
    const bounds = `from ${range.min} to ${range.max}`;
    scope.session.report("TAP2018", node, { what: `\`${scope.session.text(node)}\``, bounds });
    return undefined;
  }
  return constant;
}

function fitsLength(node: Ast, type: Type, constant: Constant, scope: Scope): boolean {
  const most = type.t === "string" ? type.maxBytes : undefined;
  if (most === undefined || typeof constant !== "string") return true;
  if (new TextEncoder().encode(constant).length <= most) return true;
  const what = `\`${scope.session.text(node)}\``;
  scope.session.report("TAP2018", node, { what, bounds: `at most ${most} bytes long` });
  return false;
}

function isWhole(type: Type): boolean {
  return type.t === "int" || type.t === "u32" || type.t === "port";
}

/** The constants of a list, read once; undefined after an error. `use` is where it stands. */
export function listItems(
  decl: ListDecl,
  moduleName: string,
  scope: Scope,
  use?: Ast,
): ListItems | undefined {
  const { session } = scope;
  if (use) session.checkDeprecated(use, "the list", decl.name.text, decl.annotations);
  const known = session.lists.get(decl);
  if (known) return known.list;
  const list = readList(decl, emptyScope(moduleName, session, decl));
  session.lists.set(decl, { list });
  return list;
}

function readList(decl: ListDecl, scope: Scope): ListItems | undefined {
  const { session } = scope;
  const type = typeOfField(fieldType(decl.type, session.sink));
  if (!isScalar(type) || decl.type.isOptional) {
    const help = "a list holds single values, all of which are there";
    const what = decl.type.isOptional ? "an optional item" : typeName(type);
    if (type.t !== "error") session.report("TAP2034", decl.type, { what }, { help });
    return undefined;
  }
  const values = decl.items
    ? decl.items.map((item) => constantOf(item, type, scope))
    : listFromFile(decl, type, session);
  if (!values || values.includes(undefined)) return undefined;
  const items = values.flatMap((v): Expr[] => (v === undefined ? [] : [{ op: "const", value: v }]));
  return { type, items };
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
