/** Durations and counts of patterns: written out, or named by a parameter or a formal. */
import type { Count, Duration, Param } from "#core";
import type { DurArg, NameRef, Node, NumArg } from "#grammar";
import { declareParam } from "../elaborate/reuse.ts";
import type { Scope } from "../elaborate/scope.ts";
import { typeName } from "../types.ts";

/** The duration, µs or a parameter; 0 after an error. */
export function lowerDuration(arg: DurArg, scope: Scope): Duration {
  if (arg.kind === "duration") return arg.us;
  if (arg.kind !== "nameRef") return 0;
  const named = valueNamed(arg, "duration", scope);
  if (named === undefined || typeof named === "number") return named ?? 0;
  checkWorstEnd(arg, named, 0, "not negative", scope);
  return { param: named.name };
}

/** The number of events, or a parameter; 1 after an error. */
export function lowerCount(arg: NumArg, scope: Scope): Count {
  if (arg.kind === "number") return atLeastOne(arg, arg.value, arg.isInt, scope);
  if (arg.kind !== "nameRef") return 1;
  const named = valueNamed(arg, "int", scope);
  if (named === undefined) return 1;
  if (typeof named === "number") return atLeastOne(arg, named, true, scope);
  checkWorstEnd(arg, named, 1, "at least 1", scope);
  return { param: named.name };
}

/** The least and the greatest value that `d` can have at run time. */
export function reach(
  d: Duration | Count,
  scope: Scope,
): { readonly least: number; readonly most: number } {
  if (typeof d === "number") return { least: d, most: d };
  const param = scope.session.params.get(d.param)?.param;
  const value = Number(param?.value ?? 0);
  return { least: param?.min ?? value, most: param?.max ?? Number.POSITIVE_INFINITY };
}

function atLeastOne(arg: Node, value: number, isInt: boolean, scope: Scope): number {
  if (isInt && value >= 1) return value;
  const bounds = "a whole number of at least 1";
  scope.session.report("TAP2018", arg, { what: "a number of events", bounds });
  return 1;
}

/** What the name stands for: a constant or a parameter of the type; undefined after an error. */
function valueNamed(
  arg: NameRef,
  type: "duration" | "int",
  scope: Scope,
): number | Param | undefined {
  const bound = scope.bound.get(arg.name);
  const known = bound ? undefined : paramOf(arg, type, scope);
  const found = bound?.is === "value" ? bound.type : known?.type;
  if (!found || found.t === "error") return undefined;
  if (found.t !== type && !(type === "int" && found.t === "u32")) {
    const expected = type === "int" ? "a number" : "a duration";
    scope.session.report("TAP2010", arg, { expected, found: typeName(found) });
    return undefined;
  }
  if (known) return known.param;
  const core = bound?.is === "value" ? bound.core : undefined;
  if (core?.op === "const") return Number(core.value);
  return core?.op === "param" ? scope.session.params.get(core.name)?.param : undefined;
}

/** A bound given by a parameter must make sense for every value the parameter may take. */
function checkWorstEnd(arg: Node, param: Param, least: number, bounds: string, scope: Scope) {
  const low = Math.min(Number(param.value), param.min ?? Number.POSITIVE_INFINITY);
  if (low >= least) return;
  const what = `\`${scope.session.text(arg)}\` with its whole range`;
  const help = `let the range of \`param ${scope.session.text(arg)}\` start higher`;
  scope.session.report("TAP2018", arg, { what, bounds }, { help });
}

/** The parameter `arg` names; undefined after an error. */
function paramOf(arg: NameRef, type: "duration" | "int", scope: Scope) {
  const found = scope.module.names.get(arg.name);
  if (found?.decl.kind === "paramDecl") {
    const known = declareParam(found.decl, found.module, scope.session);
    if (!known) scope.session.isLost(arg, arg.name, true);
    return known;
  }
  const names = [...scope.module.names].flatMap(([name, { decl }]) =>
    decl.kind === "paramDecl" ? [name] : [],
  );
  const [what, value] = type === "int" ? ["number", "3"] : ["duration", "30s"];
  const help = `write a ${what}, or declare \`param ${arg.name}: ${type} = ${value}\``;
  scope.session.unknownName(arg, arg.name, [...scope.bound.keys(), ...names], help);
  return undefined;
}
