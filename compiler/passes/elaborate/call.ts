/** Calls: builtins, `let`s, aggregates, and the few forms that look like functions. */

import { builtins, type Expr, findBuiltin, parseIp, type Unit } from "#core";
import type { Arg, CallExpr, LetDecl, LocalLet, NameRef } from "#grammar";
import { suggestion } from "../similar.ts";
import {
  boolType,
  isComparable,
  isNumeric,
  isText,
  type Type,
  typeName,
  unitOfType,
} from "../types.ts";
import { condition, elaborate, elaborateValue } from "./elaborate.ts";
import { emptyScope } from "./reuse.ts";
import {
  type Ast,
  type Operand,
  type Scope,
  type StepBinding,
  type Value,
  value,
  wrong,
} from "./scope.ts";

/** Functions of the language that this version refuses by name. */
const later = [
  "sum",
  "avg",
  "min",
  "max",
  "rate",
  "ratio",
  "p50",
  "p95",
  "p99",
  "stddev",
  "slope",
  "eta",
  "zscore",
  "baseline",
  "increase",
  "share",
  "top",
  "related",
  "first_of",
  "matched",
  "mismatch",
  "cost_ratio",
  "findings_per_hour",
];

type Special = (e: CallExpr, scope: Scope) => Operand;

const special: ReadonlyMap<string, Special> = new Map<string, Special>([
  ["count", count],
  ["distinct", distinct],
  ["first", (e, scope) => picked(e, scope, "first")],
  ["last", (e, scope) => picked(e, scope, "last")],
  ["duration", duration],
  ["if", choose],
  ["case", cases],
  ["same", same],
  ["id", id64],
  ["ip", address],
]);

export function elaborateCall(e: CallExpr, scope: Scope): Operand {
  const name = e.callee.text;
  const form = special.get(name);
  if (form) return hasStrayName(e, [], scope) ? { is: "error" } : form(e, scope);
  const decl = scope.module.names.get(name);
  if (decl?.decl.kind === "letDecl") return expandLet(e, decl.decl, decl.module, scope);
  const builtin = findBuiltin(name);
  if (builtin) return callBuiltin(e, scope);
  if (later.includes(name)) return scope.session.notSupported(e.callee, `\`${name}()\``);
  const known = [...special.keys(), ...builtins.map((b) => b.name), ...scope.module.names.keys()];
  if (scope.session.isLost(e.callee, name)) return { is: "error" };
  const { similar, fixes } = suggestion(name, known, e.callee.span);
  scope.session.report("TAP2013", e.callee, { name, similar }, { fixes });
  return { is: "error" };
}

function wrongCount(e: CallExpr, scope: Scope, expected: string, help?: string): Operand {
  const texts = e.args.map((a) => `\`${scope.session.text(a)}\``);
  const found = texts.length === 0 ? "nothing" : texts.join(" and ");
  const params = { name: e.callee.text, expected, found };
  scope.session.report("TAP2014", e, params, help === undefined ? {} : { help });
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
    return wrongCount(e, scope, countText(names));
  const args = given.map((a) => elaborateValue(a.value, scope));
  for (const [i, x] of args.entries()) {
    const wanted = builtin.params[i]?.unit ?? "any";
    if (x.type.t === "error") return wrong;
    if (fits(x.type, wanted)) continue;
    scope.session.report("TAP2010", given[i]?.value ?? e, {
      expected: wanted === "text" ? "a text" : "a number",
      found: typeName(x.type),
    });
    return wrong;
  }
  const first = args[0]?.type ?? boolType;
  const isOptional = args.some((a) => a.isOptional);
  const type: Type =
    builtin.returns === "same" ? first : builtin.returns === "int" ? { t: "int" } : { t: "string" };
  return value(type, { op: "call", fn: builtin.name, args: args.map((a) => a.core) }, isOptional);
}

/** The argument for a parameter: by name, or at its place. */
function argFor(e: CallExpr, name: string, at: number): Arg | undefined {
  return e.args.find((a) => a.name?.text === name) ?? (e.args[at]?.name ? undefined : e.args[at]);
}

function countText(names: readonly string[]): string {
  const list = names.length === 0 ? "" : ` (${names.join(", ")})`;
  const count = ["no arguments", "one argument"][names.length] ?? `${names.length} arguments`;
  return `${count}${list}`;
}

function fits(type: Type, wanted: Unit | "number" | "any"): boolean {
  if (wanted === "any") return true;
  return wanted === "number" ? isNumeric(type) : isText(type) && type.t === "string";
}

/** Puts the arguments in the place of the formals and reads the body: `let`s cost nothing. */
function expandLet(e: CallExpr, decl: LetDecl, moduleName: string, scope: Scope): Operand {
  const key = `${moduleName}.${decl.name.text}`;
  if (scope.expanding.includes(key)) return scope.session.usesItself(e, decl.name.text, scope, key);
  if (scope.session.isTooLarge(key)) return { is: "error" };
  const bound = new Map<string, Operand>();
  const names = decl.formals.map((f) => f.name.text);
  if (hasStrayName(e, names, scope)) return { is: "error" };
  for (const [i, formal] of decl.formals.entries()) {
    const arg = argFor(e, formal.name.text, i);
    const node = arg?.value ?? formal.fallback;
    if (!node) return wrongCount(e, scope, countText(names));
    const x = elaborate(node, arg ? scope : emptyScope(moduleName, scope.session));
    if (!fitsFormal(x, formal.type.path.text, scope)) {
      scope.session.report("TAP2010", node, {
        expected: `\`${formal.type.path.text}\``,
        found: operandName(x),
      });
      return { is: "error" };
    }
    bound.set(formal.name.text, x);
  }
  if (e.args.length > decl.formals.length) return wrongCount(e, scope, countText(names));
  const inner: Scope = {
    ...emptyScope(moduleName, scope.session),
    place: scope.place,
    bound,
    facts: scope.facts,
    expanding: [...scope.expanding, key],
  };
  return elaborate(decl.body, inner);
}

export function operandName(x: Operand): string {
  if (x.is === "event") return `the step \`${x.step.name}\``;
  return x.is === "entity"
    ? "an entity"
    : x.is === "value"
      ? typeName(x.type)
      : "something unreadable";
}

/** Whether an argument is what a formal of type `name` takes. */
export function fitsFormal(x: Operand, name: string, scope: Scope): boolean {
  if (x.is === "error") return true;
  if (name === "entity.ref") return x.is === "entity";
  const kind = scope.session.info.kindByName.get(name);
  if (kind !== undefined) return x.is === "event" && x.step.kinds.every((k) => k === kind);
  if (x.is !== "value") return false;
  if (name === "float" || name === "int")
    return isNumeric(x.type) && isComparable(x.type, { t: "int" });
  return x.type.t === name || (name === "string" && x.type.t === "enum");
}

/** A rule's own `let`, read where it is used. */
export function expandLocal(e: NameRef, local: LocalLet, scope: Scope): Operand {
  const { text } = local.name;
  if (scope.expanding.includes(text)) return scope.session.usesItself(e, text, scope, text);
  return elaborate(local.body, { ...scope, expanding: [...scope.expanding, text] });
}

function asStep(node: Ast | undefined, scope: Scope): StepBinding | undefined {
  if (node?.kind !== "nameRef") return undefined;
  return scope.steps.get(node.name);
}

/** `count()` over a window, `count(p)` of its events, `count(step)` of a repeated step. */
function count(e: CallExpr, scope: Scope): Operand {
  const arg = e.args[0]?.value;
  if (e.args.length > 1) return wrongCount(e, scope, "no argument, a condition, or a step");
  const step = asStep(arg, scope);
  if (step && step.of.step !== "current" && !scope.window) {
    return value({ t: "int" }, { op: "taken", step: step.of.step });
  }
  if (!scope.window) {
    if (arg) elaborate(arg, scope);
    const help = "name a repeated step that comes before this place: `count(step)`";
    return wrongCount(e, scope, "an earlier step of the sequence", help);
  }
  const where =
    arg && !step ? condition(arg, overWindow(scope, scope.window), false).core : undefined;
  return value({ t: "int" }, { op: "agg", fn: "count", arg: undefined, where });
}

function distinct(e: CallExpr, scope: Scope): Operand {
  const arg = e.args[0]?.value;
  if (!arg || e.args.length > 1) return wrongCount(e, scope, "one argument");
  if (!scope.window) return scope.session.notSupported(e, "`distinct()` outside a window");
  const x = elaborateValue(arg, overWindow(scope, scope.window));
  if (x.type.t === "error") return wrong;
  return value({ t: "int" }, { op: "agg", fn: "distinct", arg: x.core, where: undefined });
}

/** Inside an aggregate the window's step is each of its events in turn. */
function overWindow(scope: Scope, window: StepBinding): Scope {
  const each: StepBinding = { ...window, of: { step: "current" }, isOptional: false };
  return { ...scope, place: "aggregate", steps: new Map([[window.name, each]]), window: undefined };
}

function picked(e: CallExpr, scope: Scope, pick: "first" | "last"): Operand {
  const step = asStep(e.args[0]?.value, scope);
  if (!step || e.args.length !== 1) {
    const help = `name a step and read its field behind: \`${pick}(step).field\``;
    return wrongCount(e, scope, "one step", help);
  }
  if (step.of.step === "current") return { is: "event", step };
  return { is: "event", step: { ...step, of: { step: step.of.step, pick } } };
}

function duration(e: CallExpr, scope: Scope): Operand {
  if (e.args.length > 0) return wrongCount(e, scope, "no argument");
  if (scope.place !== "explain")
    return scope.session.notSupported(e, "`duration()` outside an explanation");
  return value({ t: "duration" }, { op: "span" });
}

function choose(e: CallExpr, scope: Scope): Operand {
  const [cond, then, otherwise] = e.args.map((a) => a.value);
  if (!cond || !then || !otherwise || e.args.length > 3)
    return wrongCount(e, scope, "a condition and two values");
  const test = condition(cond, scope, false);
  return oneOf(
    e,
    [{ test: test.core, x: elaborateValue(then, scope), node: then }],
    otherwise,
    scope,
  );
}

function cases(e: CallExpr, scope: Scope): Operand {
  const args = e.args.map((a) => a.value);
  const otherwise = args.at(-1);
  if (args.length < 3 || args.length % 2 === 0 || !otherwise) {
    return wrongCount(e, scope, "pairs of condition and value, then a default");
  }
  const branches: { test: Expr; x: Value; node: Ast }[] = [];
  for (let i = 0; i + 1 < args.length; i += 2) {
    const test = args[i];
    const node = args[i + 1];
    if (test && node)
      branches.push({
        test: condition(test, scope, false).core,
        x: elaborateValue(node, scope),
        node,
      });
  }
  return oneOf(e, branches, otherwise, scope);
}

function oneOf(
  _e: CallExpr,
  branches: readonly { test: Expr; x: Value; node: Ast }[],
  last: Ast,
  scope: Scope,
): Operand {
  const fallback = elaborateValue(last, scope);
  for (const { x, node } of branches) {
    if (isComparable(x.type, fallback.type)) continue;
    scope.session.report("TAP2010", node, {
      expected: typeName(fallback.type),
      found: typeName(x.type),
    });
    return wrong;
  }
  const core = branches.reduceRight<Expr>(
    (no, { test, x }) => ({ op: "if", cond: test, yes: x.core, no }),
    fallback.core,
  );
  const isOptional = fallback.isOptional || branches.some((b) => b.x.isOptional);
  const type: Type = isText(fallback.type) ? { t: "string" } : fallback.type;
  return value(type, core, isOptional);
}

/** `same(pod, a, b)`: both events are about the same pod. */
function same(e: CallExpr, scope: Scope): Operand {
  const [kind, a, b] = e.args.map((x) => x.value);
  if (kind?.kind !== "nameRef" || !a || !b || e.args.length > 3)
    return wrongCount(e, scope, "an entity kind and two steps");
  if (!scope.session.isEntityKind(kind.name, kind)) return { is: "error" };
  const left = elaborate(a, scope);
  const right = elaborate(b, scope);
  if (left.is !== "event" || right.is !== "event") {
    if (left.is !== "error" && right.is !== "error")
      wrongCount(e, scope, "an entity kind and two steps");
    return { is: "error" };
  }
  const key = (of: StepBinding["of"]): Expr => ({ op: "entity", of, kind: kind.name });
  return value(boolType, {
    op: "cmp",
    cmp: "==",
    left: key(left.step.of),
    right: key(right.step.of),
  });
}

function id64(e: CallExpr, scope: Scope): Operand {
  const arg = e.args[0]?.value;
  if (arg?.kind !== "string" || e.args.length > 1)
    return wrongCount(e, scope, "one text with a number");
  const isNumber = /^(0x[0-9a-fA-F]{1,16}|\d{1,20})$/.test(arg.value);
  const x = isNumber ? BigInt(arg.value) : -1n;
  if (x >= 0n && x < 1n << 64n) return value({ t: "id64" }, { op: "const", value: x });
  scope.session.report(
    "TAP2015",
    arg,
    { what: "id", reason: `\`${arg.value}\` is not a 64-bit number` },
    {
      help: 'write it like id("4026531840")',
    },
  );
  return { is: "error" };
}

/** `ip("10.0.1.", 7)`: the parts joined must be an address. */
function address(e: CallExpr, scope: Scope): Operand {
  const parts = e.args.map((a) => elaborateValue(a.value, scope).core);
  const text = parts.map((p) => (p.op === "const" ? String(p.value) : "?")).join("");
  const x = parseIp(text);
  if (x !== undefined) return value({ t: "ip" }, { op: "const", value: x });
  scope.session.report(
    "TAP2015",
    e,
    { what: "address", reason: `\`${text}\` is neither IPv4 nor IPv6` },
    {
      help: 'write it like ip"10.0.0.1"',
    },
  );
  return { is: "error" };
}

export { unitOfType };
