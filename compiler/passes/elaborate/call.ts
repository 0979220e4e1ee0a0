/** Calls: builtins, `let`s, aggregates, and the few forms that look like functions. */

import { type Builtin, builtins, findBuiltin } from "#core";
import type { Arg, CallExpr, Formal, LetDecl, NameRef } from "#grammar";
import { fieldType } from "../../schema/build-schema.ts";
import { isTypeName } from "../../schema/field-type.ts";
import { suggestion } from "../similar.ts";
import {
  boolType,
  commonType,
  hasItems,
  isComparable,
  isNumeric,
  isScalar,
  isText,
  type Type,
  typeName,
  typeOfField,
} from "../types.ts";
import { aggregates, elaborateAggregate } from "./aggregates.ts";
import { elaborate, elaborateValue } from "./elaborate.ts";
import { related, same } from "./entities.ts";
import {
  address,
  cases,
  choose,
  count,
  duration,
  firstOf,
  id64,
  matched,
  onlyInTests,
  picked,
  rolloutFact,
} from "./forms.ts";
import { emptyScope } from "./reuse.ts";
import {
  type Ast,
  type Local,
  type Operand,
  type Scope,
  type Session,
  value,
  wrong,
} from "./scope.ts";

type Special = (e: CallExpr, scope: Scope) => Operand;

const special: ReadonlyMap<string, Special> = new Map<string, Special>([
  ["count", count],
  ["first", (e, scope) => picked(e, scope, "first")],
  ["last", (e, scope) => picked(e, scope, "last")],
  ["duration", duration],
  ["matched", matched],
  ["first_of", firstOf],
  ["if", choose],
  ["case", cases],
  ["same", same],
  ["related", related],
  ["id", id64],
  ["ip", address],
  ["now", onlyInTests],
  ["seq", onlyInTests],
  ["mismatch", (e, scope) => rolloutFact(e, { t: "percent" }, scope)],
  ["cost_ratio", (e, scope) => rolloutFact(e, { t: "float" }, scope)],
  ["findings_per_hour", (e, scope) => rolloutFact(e, { t: "float" }, scope)],
]);

/** The parameters of those forms that take some by name. */
const namedParams: Readonly<Record<string, readonly string[]>> = {
  related: ["via"],
  zscore: ["half_life", "warmup", "floor"],
  baseline: ["half_life"],
};

/** Whether `name` is called and not read: a builtin, an aggregate or a form of its own. */
export function isCalled(name: string): boolean {
  return special.has(name) || aggregates.has(name) || findBuiltin(name) !== undefined;
}

export function elaborateCall(e: CallExpr, scope: Scope, isNegated = false): Operand {
  const name = e.callee.text;
  const form = special.get(name);
  const aggregate = aggregates.get(name);
  if (form || aggregate) {
    if (hasStrayName(e, namedParams[name] ?? [], scope)) return { is: "error" };
    return aggregate ? elaborateAggregate(e, aggregate, scope) : (form?.(e, scope) ?? wrong);
  }
  const decl = scope.module.names.get(name);
  if (decl?.decl.kind === "letDecl") return expandLet(e, decl.decl, decl.module, scope, isNegated);
  if (findBuiltin(name)) return callBuiltin(e, scope);
  if (scope.session.isLost(e.callee, name)) return { is: "error" };
  return unknownFunction(e, scope);
}

/** `p90`: a percentile, whether there is one or not. */
const percentile = /^p\d+$/;

function unknownFunction(e: CallExpr, scope: Scope): Operand {
  const name = e.callee.text;
  if (percentile.test(name)) {
    // Another percentile is another question, so none is put in its place.
    const known = [...aggregates.keys()].filter((a) => percentile.test(a));
    const help = `the percentiles are ${known.map((a) => `\`${a}\``).join(", ")}`;
    scope.session.report("TAP2013", e.callee, { name, similar: undefined }, { help });
    return { is: "error" };
  }
  const forms = [...special.keys(), ...aggregates.keys(), ...builtins.map((b) => b.name)];
  const known = [...forms, ...scope.module.names.keys()];
  const { similar, fixes } = suggestion(name, known, e.callee.span);
  scope.session.report("TAP2013", e.callee, { name, similar }, { fixes });
  return { is: "error" };
}

/** Only functions with declared parameters take arguments by name; reports any other. */
function hasStrayName(e: CallExpr, params: readonly string[], scope: Scope): boolean {
  const stray = e.args.find((a) => a.name && !params.includes(a.name.text));
  if (!stray?.name) return false;
  const { text } = e.callee;
  const help =
    params.length === 0
      ? `\`${text}\` takes its arguments without names`
      : `\`${text}\` has the parameters ${params.map((p) => `\`${p}\``).join(", ")}`;
  scope.session.unknownName(stray.name, stray.name.text, params, help);
  return true;
}

function callBuiltin(e: CallExpr, scope: Scope): Operand {
  const builtin = findBuiltin(e.callee.text);
  if (!builtin) return { is: "error" };
  const names = builtin.params.map((p) => p.name);
  if (hasStrayName(e, names, scope)) return { is: "error" };
  const given = names.flatMap((name, i) => argFor(e, name, i) ?? []);
  if (e.args.length !== names.length || given.length !== names.length)
    return scope.session.wrongCount(e, countText(names));
  const args = given.map((a) => elaborateValue(a.value, scope));
  for (const [i, x] of args.entries()) {
    const wanted = builtin.params[i]?.unit ?? "any";
    if (x.type.t === "error") return wrong;
    if (fits(x.type, wanted)) continue;
    const params = { expected: wantedName[wanted] ?? "a number", found: typeName(x.type) };
    scope.session.report("TAP2010", given[i]?.value ?? e, params);
    return wrong;
  }
  const first = args[0]?.type ?? boolType;
  const isOptional = args.some((a) => a.isOptional);
  return value(
    resultOf(builtin, first),
    { op: "call", fn: builtin.name, args: args.map((a) => a.core) },
    isOptional,
  );
}

function resultOf({ returns }: Builtin, first: Type): Type {
  if (returns === "same") return first;
  return returns === "bool" || returns === "int" ? { t: returns } : { t: "string" };
}

/** The argument for a parameter: by name, or at its place. */
function argFor(e: CallExpr, name: string, at: number): Arg | undefined {
  return e.args.find((a) => a.name?.text === name) ?? (e.args[at]?.name ? undefined : e.args[at]);
}

/** Reports arguments that are given twice by name. */
export function checkArgsOnce(args: readonly Arg[], session: Session): void {
  for (const [i, arg] of args.entries()) {
    const { name } = arg;
    const first = name && args.slice(0, i).find((a) => a.name?.text === name.text);
    if (first) session.writtenTwice(name.text, first, arg);
  }
}

function countText(names: readonly string[]): string {
  const list = names.length === 0 ? "" : ` (${names.join(", ")})`;
  const count = ["no arguments", "one argument"][names.length] ?? `${names.length} arguments`;
  return `${count}${list}`;
}

type Wanted = Builtin["params"][number]["unit"];

const wantedName: Partial<Record<Wanted, string>> = {
  text: "a text",
  ip: "an address",
  any: "a single value",
  sized: "a text, a list or a map",
};

function fits(type: Type, wanted: Wanted): boolean {
  if (wanted === "any") return isScalar(type);
  if (wanted === "sized") return type.t === "string" || hasItems(type);
  if (wanted === "ip") return type.t === "ip";
  // A network is a text inside, so that it can be given where one is.
  if (type.t === "cidr") return wanted === "text";
  return wanted === "number" ? isNumeric(type) : isText(type) && type.t === "string";
}

/** Puts the arguments in the place of the formals and reads the body: `let`s cost nothing. */
function expandLet(
  e: CallExpr,
  decl: LetDecl,
  moduleName: string,
  scope: Scope,
  isNegated: boolean,
): Operand {
  const key = `${moduleName}.${decl.name.text}`;
  if (scope.expanding.includes(key)) return scope.session.usesItself(e, decl.name.text, scope, key);
  if (scope.session.isTooLarge(key)) return { is: "error" };
  scope.session.checkDeprecated(e.callee, "the function", decl.name.text, decl.annotations);
  const home = emptyScope(moduleName, scope.session, decl);
  const args = letArguments(e, decl, scope, home);
  if (!args) return { is: "error" };
  const bound = new Map(args.map(({ formal, x }) => [formal.name.text, x]));
  const { place, facts, depth } = scope;
  const given = args.filter(({ formal }) => !formal.type.isOptional);
  const use = { node: e, scope, isNegated, given };
  const expanding = [...scope.expanding, key];
  const inner = { ...home, place, bound, facts, depth, expanding, use };
  return checkReturn(decl, elaborate(decl.body, inner, isNegated), scope);
}

/** What stands for each formal, the defaults read at home; undefined after an error. */
function letArguments(e: CallExpr, decl: LetDecl, scope: Scope, home: Scope) {
  const names = decl.formals.map((f) => f.name.text);
  if (hasStrayName(e, names, scope)) return undefined;
  checkArgsOnce(e.args, scope.session);
  const args: { formal: Formal; node: Ast; x: Operand }[] = [];
  for (const [i, formal] of decl.formals.entries()) {
    const arg = argFor(e, formal.name.text, i);
    const node = arg?.value ?? formal.fallback;
    if (!node) return wrongCount(e, names, scope);
    const x = elaborate(node, arg ? scope : home);
    if (!fitsFormal(x, formal.type.path.text, scope)) {
      const params = { expected: `\`${formal.type.path.text}\``, found: operandName(x) };
      scope.session.report("TAP2010", node, params);
      return undefined;
    }
    args.push({ formal, node, x });
  }
  return e.args.length > names.length ? wrongCount(e, names, scope) : args;
}

function wrongCount(e: CallExpr, names: readonly string[], scope: Scope): undefined {
  scope.session.wrongCount(e, countText(names));
}

/** What the body gives must be what the declaration says; its own names stay inside. */
export function checkReturn(decl: LetDecl, x: Operand, scope: Scope): Operand {
  if (x.is !== "value") return x;
  const { returns } = decl;
  if (returns && x.type.t !== "error") {
    const declared = typeOfField(fieldType(returns, scope.session.sink));
    if (declared.t !== "error" && !commonType(declared, x.type)) {
      const params = { expected: typeName(declared), found: typeName(x.type) };
      scope.session.report("TAP2010", decl.body, params);
      return wrong;
    }
  }
  return { ...x, groups: undefined };
}

export function operandName(x: Operand): string {
  switch (x.is) {
    case "event":
      return `the step \`${x.step.name}\``;
    case "entity":
    case "subject":
      return "an entity";
    case "record":
      return "a record";
    case "groups":
      return "the groups of a match";
    case "value":
      return typeName(x.type);
    default:
      return "something unreadable";
  }
}

/** Whether an argument is what a formal of type `name` takes. */
export function fitsFormal(x: Operand, name: string, scope: Scope): boolean {
  if (x.is === "error" || (x.is === "value" && x.type.t === "error")) return true;
  if (name === "entity.ref") return x.is === "entity" || x.is === "subject";
  const kind = scope.session.info.kindByName.get(name);
  if (kind !== undefined)
    return x.is === "event" && x.step.kinds.every((k) => scope.session.info.isA(k, kind));
  // A type that there is not has been reported where the formal is declared.
  if (!isTypeName(name)) return true;
  if (x.is !== "value") return false;
  if (name === "float" || name === "int")
    return isNumeric(x.type) && isComparable(x.type, { t: "int" });
  return x.type.t === name || (name === "string" && x.type.t === "enum");
}

/** A rule's own `let`, read where it is used. */
export function expandLocal(
  e: NameRef,
  { decl, module }: Local,
  scope: Scope,
  isNegated: boolean,
): Operand {
  const { text } = decl.name;
  if (scope.expanding.includes(text)) return scope.session.usesItself(e, text, scope, text);
  scope.session.readLocals.add(decl);
  const expanding = [...scope.expanding, text];
  const use = { node: e, scope, isNegated, given: undefined };
  const x = elaborate(decl.body, { ...scope, module, expanding, use }, isNegated);
  return x.is === "value" ? { ...x, groups: undefined } : x;
}
