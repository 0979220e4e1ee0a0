/** Expressions: names, members, operators. See scope.ts for the idea. */

import { type Expr, parseIp, printExpr } from "#core";
import type { BinaryExpr, IsExpr, NameRef, Node, StringLiteral, UnaryExpr } from "#grammar";
import type { Known } from "../collect.ts";
import {
  askParts,
  boolType,
  commonType,
  example,
  isNumeric,
  isScalar,
  isText,
  type Type,
  typeName,
  unitOfType,
} from "../types.ts";
import { unaliased } from "./alias.ts";
import { elaborateCall, expandLocal, isCalled } from "./call.ts";
import { mergeGroups, withGroups } from "./capture.ts";
import { elaborateMember } from "./member.ts";
import { arithmetic, compareValues, elaborateIn, elaborateTextTest } from "./operators.ts";
import { factsWhenNotTrue, factsWhenTrue, warnUnguarded, withFact, withFacts } from "./presence.ts";
import { elaborateIndex, elaborateList, elaborateQuantified } from "./quantifier.ts";
import { listItems, paramOperand } from "./reuse.ts";
import { type Ast, type Operand, type Scope, type Value, value, wrong } from "./scope.ts";

/** A condition: its core form, or one that never holds after an error. */
export function elaborateCondition(e: Ast, scope: Scope): Expr {
  return condition(e, scope, false).core;
}

/** What is a condition by itself, when it is of that type. */
const readAsCondition: ReadonlySet<Expr["op"]> = new Set(["field", "if", "index", "member", "var"]);

/** A condition under an even (`false`) or odd (`true`) number of negations. */
export function condition(e: Ast, scope: Scope, isNegated: boolean): Value {
  const x = elaborateValue(e, scope, isNegated);
  if (isNegated && readAsCondition.has(x.core.op))
    warnUnguarded(e, [{ x, node: e }], scope, isNegated);
  if (x.type.t === "bool" || x.type.t === "error") return x;
  const help = howToTest(scope.session.text(e), x.type);
  const params = { expected: "a condition", found: typeName(x.type) };
  scope.session.report("TAP2010", e, params, { help });
  return wrong;
}

function howToTest(text: string, type: Type): string {
  if (!isScalar(type)) return askParts(type);
  const op = isNumeric(type) ? ">" : "==";
  return `compare it, such as \`${text} ${op} ${example(type) ?? "…"}\``;
}

/** An expression that must have a value: a step or an entity alone is not one. */
export function elaborateValue(e: Ast, scope: Scope, isNegated = false): Value {
  const x = elaborate(e, scope, isNegated);
  if (x.is === "value") return x;
  if (x.is === "error") return wrong;
  if (x.is === "firstOf") {
    const where = "as the root of an explanation";
    scope.session.report("TAP2037", e, { what: "`first_of()`", where });
    return wrong;
  }
  const { found, help } = notAlone(x, scope);
  scope.session.report("TAP2010", e, { expected: "a value", found }, { help });
  return wrong;
}

/** What stands there instead of a value, and how to make one of it. */
function notAlone(
  x: Exclude<Operand, { is: "value" | "error" | "firstOf" }>,
  scope: Scope,
): { found: string; help: string } {
  switch (x.is) {
    case "event": {
      const field = scope.session.info.schema.kinds[x.step.kinds[0] ?? -1]?.fields[0]?.name;
      const help = `read one of its fields, such as \`${x.step.name}.${field ?? "time"}\``;
      return { found: `the step \`${x.step.name}\``, help };
    }
    case "entity":
    case "subject": {
      const [kind] = scope.session.info.schema.entities;
      return {
        found: "an entity",
        help: `name a level, such as \`.entity.${kind?.name ?? "pod"}\``,
      };
    }
    case "record":
      return { found: `the record \`${x.path}\``, help: "name one of its fields" };
    case "groups": {
      const [first] = x.groups.keys();
      const help = first ? `read a group, such as \`.${first}\`` : "give the pattern a named group";
      return { found: "the groups of a match", help };
    }
  }
}

export function elaborate(e: Ast, scope: Scope, isNegated = false): Operand {
  if (!scope.session.enter(e, scope)) return { is: "error" };
  const result = elaborateKind(e, scope, isNegated);
  scope.session.leave();
  if (result.is === "value") scope.session.learnType(e, result.type);
  return result;
}

function elaborateKind(e: Ast, scope: Scope, isNegated: boolean): Operand {
  switch (e.kind) {
    case "string":
      return elaborateString(e, scope);
    case "number":
      return value({ t: e.isInt ? "int" : "float" }, { op: "const", value: e.value });
    case "bool":
      return value(boolType, { op: "const", value: e.value });
    case "duration":
      return value({ t: "duration" }, { op: "const", value: e.us });
    case "size":
      return value({ t: "size" }, { op: "const", value: e.bytes });
    case "percent":
      return value({ t: "percent" }, { op: "const", value: e.ppm });
    case "rate":
      return value(
        { t: e.of === "bytes" ? "bytes_rate" : "rate" },
        { op: "const", value: e.microPerSecond },
      );
    case "nameRef":
      return elaborateName(e, scope, isNegated);
    case "member": {
      const plain = unaliased(e, scope);
      if (plain.kind === "nameRef") return elaborateName(plain, scope, isNegated);
      return elaborateMember(e, scope);
    }
    case "call":
      return elaborateCall(e, scope, isNegated);
    case "unary":
      return elaborateUnary(e, scope, isNegated);
    case "binary":
      return elaborateBinary(e, scope, isNegated);
    case "in":
      return elaborateIn(e, scope, isNegated);
    case "text":
      return elaborateTextTest(e, scope, isNegated);
    case "is":
      return elaborateIs(e, scope);
    case "index":
      return elaborateIndex(e, scope);
    case "list":
      return elaborateList(e, scope);
    case "quantified":
      return elaborateQuantified(e, scope, isNegated);
    case "errorExpr":
      return { is: "error" };
  }
}

function elaborateString(e: StringLiteral, scope: Scope): Operand {
  switch (e.prefix) {
    case "":
    case "r":
      return value({ t: "string", members: [e.value] }, { op: "const", value: e.value });
    case "ip": {
      const address = parseIp(e.value);
      if (address !== undefined) return value({ t: "ip" }, { op: "const", value: address });
      scope.session.report(
        "TAP2015",
        e,
        { what: "address", reason: `\`${e.value}\` is neither IPv4 nor IPv6` },
        {
          help: 'write it like ip"10.0.0.1" or ip"fe80::1"',
        },
      );
      return { is: "error" };
    }
    case "t": {
      const ms = /^\d{4}-\d\d-\d\d/.test(e.value) ? Date.parse(e.value) : Number.NaN;
      if (!Number.isNaN(ms)) return value({ t: "time" }, { op: "const", value: ms * 1000 });
      scope.session.report(
        "TAP2015",
        e,
        { what: "time", reason: `\`${e.value}\` is not an ISO 8601 time` },
        {
          help: 'write it like t"2026-01-31T12:00:00Z"',
        },
      );
      return { is: "error" };
    }
    default:
      scope.session.report(
        "TAP2010",
        e,
        { expected: "a value", found: `a ${e.prefix}"…" pattern` },
        {
          help: 're"…" goes with `matches`, glob"…" with `like`, cidr"…" with `in`',
        },
      );
      return { is: "error" };
  }
}

/** `"{comm} was killed"` as a concatenation, each hole in its own unit. */
export function elaborateTemplate(e: StringLiteral, scope: Scope): Value {
  const parts = (e.template?.parts ?? [e.value]).map((part) => {
    if (typeof part === "string")
      return { expr: { op: "const", value: part } as const, unit: "text" as const };
    const x = elaborateValue(part, scope);
    return { expr: x.core, unit: unitOfType(x.type) };
  });
  const only = parts[0];
  if (parts.length === 1 && only && typeof e.template?.parts[0] !== "object")
    return value({ t: "string" }, only.expr);
  return value({ t: "string" }, { op: "concat", parts });
}

function elaborateName(e: NameRef, scope: Scope, isNegated: boolean): Operand {
  const { name } = e;
  const bound = scope.bound.get(name);
  if (bound) return bound.is === "value" ? withFact(bound, scope) : bound;
  const step = scope.steps.get(name);
  if (step) return { is: "event", step };
  const local = scope.locals.get(name);
  if (local) return expandLocal(e, local, scope, isNegated);
  if (scope.later.has(name)) {
    scope.session.report("TAP3001", e, { step: name });
    return { is: "error" };
  }
  // Reserved: nothing can be declared under that name.
  if (name === "missing")
    return notAValue(e, "`missing`", "to ask for it, write `x is missing`", scope);
  const found = scope.module.names.get(name);
  switch (found?.decl.kind) {
    case "paramDecl":
      return paramOperand(found.decl, found.module, scope, e);
    case "listDecl": {
      const list = listItems(found.decl, found.module, scope, e);
      if (!list) return { is: "error" };
      if (list.type.t === "cidr")
        return notAValue(e, "a list of networks", `test an address: \`x in ${name}\``, scope);
      const item = { type: list.type, isOptional: false };
      return value({ t: "list", item }, { op: "list", items: list.items });
    }
    case "letDecl":
      if (found.decl.formals.length === 0)
        return elaborateCall(
          { ...e, kind: "call", callee: nameNode(e), args: [] },
          scope,
          isNegated,
        );
      return notAValue(e, "a function", howToCall(name, found), scope);
    case "patternDecl":
      return notAValue(e, "a pattern", `write \`text matches ${name}\``, scope);
    case "ruleDecl":
      return notAValue(e, "a rule", "read a step of this rule's pattern", scope);
    default:
  }
  // In an explanation the word alone is the entity that the finding is about.
  if (name === "entity" && (scope.place === "explain" || scope.place === "check"))
    return { is: "subject" };
  return reportUnknown(e, name, scope);
}

/** Only a plain name can be called, so that a function behind an alias is imported by name. */
function howToCall(name: string, { decl, module }: Known): string {
  const plain = decl.name.text;
  if (name === plain) return `call it: \`${name}(…)\``;
  return `import it by its name, \`import ${module} { ${plain} }\`, and call \`${plain}(…)\``;
}

function notAValue(e: NameRef, found: string, help: string, scope: Scope): Operand {
  scope.session.report("TAP2010", e, { expected: "a value", found }, { help });
  return { is: "error" };
}

function nameNode(e: NameRef) {
  return { kind: "name", id: e.id, span: e.span, text: e.name } as const;
}

function reportUnknown(e: Node, name: string, scope: Scope): Operand {
  const values = [...scope.module.names].flatMap(([n, { decl }]) =>
    ["paramDecl", "letDecl", "listDecl"].includes(decl.kind) ? [n] : [],
  );
  const near = [...new Set([...scope.steps.keys(), ...scope.bound.keys(), ...scope.locals.keys()])];
  return scope.session.unknownName(
    e,
    name,
    [...near, ...values],
    helpForUnknown(name, near, scope),
  );
}

/** Says what the names at this place are; of those of the module there may be very many. */
function helpForUnknown(name: string, near: readonly string[], scope: Scope): string | undefined {
  if (isCalled(name)) return `\`${name}\` is a function: call it with \`${name}(…)\``;
  if (scope.place === "having" && scope.window?.name === name)
    return `a window holds many events: ask about them with \`count(${name}.… == …)\` or \`distinct(${name}.…)\``;
  if (near.length === 0) return undefined;
  return `what can be read here: ${near.map((n) => `\`${n}\``).join(", ")}`;
}

function elaborateUnary(e: UnaryExpr, scope: Scope, isNegated: boolean): Operand {
  if (e.op === "not") {
    const x = condition(e.operand, scope, !isNegated);
    return x.type.t === "error" ? x : value(boolType, { op: "not", arg: x.core });
  }
  if (e.op === "has") return presence(e, e.operand, scope, true);
  const x = elaborateValue(e.operand, scope);
  if (x.type.t === "error") return x;
  if (!isNumeric(x.type) || x.type.t === "time") {
    scope.session.report("TAP2010", e.operand, { expected: "a number", found: typeName(x.type) });
    return wrong;
  }
  const type: Type = x.type.t === "u32" || x.type.t === "port" ? { t: "int" } : x.type;
  if (x.core.op === "const" && typeof x.core.value === "number") {
    return value(type, { op: "const", value: 0 - x.core.value });
  }
  const zero: Expr = { op: "const", value: 0 };
  const isInt = x.type.t !== "float";
  const core: Expr = { op: "arith", fn: "-", left: zero, right: x.core, scale: 1, isInt };
  return value(type, core, x.isOptional);
}

/** `has x`, `x is missing`: of a value whether it is there, of a step whether it is bound. */
function presence(e: Ast, operand: Ast, scope: Scope, isPresent: boolean): Operand {
  const x = elaborate(operand, scope);
  if (x.is === "value") warnAlwaysThere(e, operand, x, isPresent, scope);
  const core: Expr | undefined =
    x.is === "event" ? { op: "bound", of: x.step.of } : presentValue(operand, x, scope);
  if (!core) return { is: "error" };
  return value(boolType, isPresent ? core : { op: "not", arg: core });
}

/** A field or member that is always there is asked for in vain; a `let` may be read of others. */
function warnAlwaysThere(at: Ast, operand: Ast, x: Value, isPresent: boolean, scope: Scope): void {
  const isDeclared = x.origin !== undefined || x.core.op === "member";
  if (x.isOptional || !isDeclared || scope.expanding.length > 0) return;
  if (scope.facts.has(printExpr(x.core))) return;
  const { session } = scope;
  const reason = `\`${session.text(operand)}\` is always there`;
  const help = `${reason}: take this away`;
  const params = { text: session.text(at), verdict: isPresent, range: reason };
  session.report("TAP2102", at, params, { help });
}

function presentValue(node: Ast, x: Operand, scope: Scope): Expr | undefined {
  if (x.is === "value") return x.type.t === "error" ? undefined : { op: "has", arg: x.core };
  if (x.is === "error" || x.is === "firstOf" || x.is === "event") return undefined;
  const { found, help } = notAlone(x, scope);
  scope.session.report("TAP2010", node, { expected: "a value or a step", found }, { help });
  return undefined;
}

function elaborateIs(e: IsExpr, scope: Scope): Operand {
  if (e.what === "missing") return presence(e, e.operand, scope, e.isNegated);
  return elaborateQuality(e, e.what, scope);
}

/** `step is uncertain`, `step is incomplete`: known when the match is there, not before. */
function elaborateQuality(e: IsExpr, what: "uncertain" | "incomplete", scope: Scope): Operand {
  const x = elaborate(e.operand, scope);
  if (x.is === "error") return x;
  if (x.is !== "event") {
    const found = x.is === "value" ? typeName(x.type) : "something else";
    const help = `name a step: \`step is ${what}\``;
    scope.session.report("TAP2010", e.operand, { expected: "a step", found }, { help });
    return wrong;
  }
  const { of } = x.step;
  if (of.step === "current" || !["explain", "check"].includes(scope.place)) {
    const where = "behind the match: in `explain`, `severity` and `except`";
    scope.session.report("TAP2037", e, { what: `\`is ${what}\``, where });
    return wrong;
  }
  const core: Expr = { op: "quality", what, step: of.step };
  return value(boolType, e.isNegated ? { op: "not", arg: core } : core);
}

function elaborateBinary(e: BinaryExpr, scope: Scope, isNegated: boolean): Operand {
  switch (e.op) {
    case "and":
    case "or": {
      const left = condition(e.left, scope, isNegated);
      const learned = e.op === "and" ? factsWhenTrue(left.core) : factsWhenNotTrue(left.core);
      const bound = e.op === "and" ? left.groups : undefined;
      const inner = withGroups(withFacts(scope, learned), bound);
      const right = condition(e.right, inner, isNegated);
      const groups = e.op === "and" ? mergeGroups(bound, right.groups) : undefined;
      if (left.type.t === "error" || right.type.t === "error") return { ...wrong, groups };
      const args = [...parts(left.core, e.op), ...parts(right.core, e.op)];
      return { ...value(boolType, { op: e.op, args }), groups };
    }
    case "??": {
      const left = elaborateValue(e.left, scope);
      const right = elaborateValue(e.right, scope);
      return coalesce(e, left, right, scope);
    }
    case "+":
    case "-":
    case "*":
    case "/":
      return arithmetic(e, elaborateValue(e.left, scope), elaborateValue(e.right, scope), scope);
    default:
      return compareValues(
        e,
        elaborateValue(e.left, scope),
        elaborateValue(e.right, scope),
        scope,
        isNegated,
      );
  }
}

function parts(core: Expr, op: "and" | "or"): readonly Expr[] {
  return core.op === op ? core.args : [core];
}

function coalesce(e: BinaryExpr, left: Value, right: Value, scope: Scope): Operand {
  if (left.type.t === "error" || right.type.t === "error") return wrong;
  const common = commonType(left.type, right.type);
  // In a template `{size ?? "?"}` may say in words that the value is not known.
  const isShown = scope.place === "explain" && isText(right.type);
  if (!common && !isShown) {
    const params = { expected: typeName(left.type), found: typeName(right.type) };
    scope.session.report("TAP2010", e.right, params);
    return wrong;
  }
  const core: Expr = { op: "coalesce", left: left.core, right: right.core };
  return value(common ?? left.type, core, left.isOptional && right.isOptional);
}
