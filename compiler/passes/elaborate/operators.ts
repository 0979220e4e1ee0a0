/** Comparison, arithmetic, membership and text tests: units checked, nothing converted silently. */

import { type ArithOp, bounded, type CmpOp, type Expr, parseCidr, type TextError } from "#core";
import type { BinaryExpr, InExpr, ListExpr, StringLiteral, TextExpr } from "#grammar";
import { suggestion } from "../similar.ts";
import {
  askParts,
  boolType,
  example,
  isComparable,
  isNumeric,
  isPlainNumber,
  isScalar,
  isText,
  plural,
  type Type,
  textsOf,
  typeName,
} from "../types.ts";
import { unaliased } from "./alias.ts";
import { checkPatternField, groupsOf } from "./capture.ts";
import { type Compared, checkLength, checkReachable } from "./constant.ts";
import { elaborateValue } from "./elaborate.ts";
import { checkedInterval } from "./overflow.ts";
import { warnUnguarded } from "./presence.ts";
import { inList, warnMissingItems } from "./quantifier.ts";
import { listItems, patternProgram } from "./reuse.ts";
import {
  type Ast,
  type ListItems,
  type Operand,
  type Scope,
  type Value,
  value,
  wrong,
} from "./scope.ts";

export function compareValues(
  e: BinaryExpr,
  left: Value,
  right: Value,
  scope: Scope,
  isNegated: boolean,
): Value {
  if (left.type.t === "error" || right.type.t === "error") return wrong;
  const op = e.op as CmpOp;
  const isEquality = op === "==" || op === "!=";
  const fits =
    isComparable(left.type, right.type) &&
    (isEquality ||
      (isNumeric(left.type) && isNumeric(right.type)) ||
      (left.type.t === "string" && right.type.t === "string"));
  if (!fits) {
    scope.session.report(
      "TAP2012",
      e,
      { op, left: typeName(left.type), right: typeName(right.type) },
      helpFor(left.type, right.type),
    );
    return wrong;
  }
  if (isEquality && !canHold(e, left, right, scope)) return wrong;
  if ((op === "!=") !== isNegated) {
    warnUnguarded(
      e,
      [
        { x: left, node: e.left },
        { x: right, node: e.right },
      ],
      scope,
      isNegated,
    );
  }
  checkReachable(written(e, scope), op, left, right, scope);
  return value(boolType, { op: "cmp", cmp: op, left: left.core, right: right.core });
}

/** Whether an equality can be true at all. */
function canHold(e: BinaryExpr, left: Value, right: Value, scope: Scope): boolean {
  return (
    checkMembers(e.left, left, right, scope) &&
    checkMembers(e.right, right, left, scope) &&
    canBeEqual(e, e.op, left, right, scope)
  );
}

/** Two sides of which no value is both: texts of different choices, keys of different kinds. */
function canBeEqual(e: Ast, op: string, left: Value, right: Value, scope: Scope): boolean {
  const isOfEnum = left.type.t === "enum" || right.type.t === "enum";
  const isAnyConstant = left.core.op === "const" || right.core.op === "const";
  const [a, b] = [textsOf(left.type), textsOf(right.type)];
  if (a && b && isOfEnum && !isAnyConstant && !a.some((text) => b.includes(text))) {
    const params = { op, left: typeName(left.type), right: typeName(right.type) };
    scope.session.report("TAP2012", e, params, {
      help: "the two have no text in common: compare something else",
    });
    return false;
  }
  const [from, to] = [left.level?.kind, right.level?.kind];
  if (from === undefined || to === undefined || from === to) return true;
  const help = `compare the same level of both, such as \`.entity.${to}\``;
  scope.session.report("TAP2012", e, { op, left: `a ${from}`, right: `a ${to}` }, { help });
  return false;
}

/** The way out for two types that cannot be compared. */
function helpFor(left: Type, right: Type) {
  if (!isScalar(left) || !isScalar(right)) return { help: askParts(isScalar(left) ? right : left) };
  if (isText(left) && isText(right))
    return { help: "the members of a choice have no order: use `==`, `!=` or `in`" };
  if (left.t === right.t && !isNumeric(left))
    return { help: `${typeName(left)} has no order: use \`==\`, \`!=\` or \`in\`` };
  const literal = example(left);
  if (!literal) return {};
  return { help: `write ${typeName(left)} on both sides, such as \`${literal}\`` };
}

/**
 * A text constant compared with an enum, or a choice of texts, must be one of its members, and so
 * must be what a parameter can be. A fix is only offered where the constant is written at `node`.
 */
export function checkMembers(
  node: Ast,
  x: Value,
  other: Value,
  scope: Scope,
  isWritten = true,
): boolean {
  const members = textsOf(other.type);
  // Two constants are compared where a formal stands for one of them.
  if (!members || (other.type.t === "string" && other.core.op === "const")) return true;
  if (x.core.op === "param") return checkParam(node, x, x.core.name, members, scope);
  if (x.core.op !== "const" || typeof x.core.value !== "string") return true;
  if (members.includes(x.core.value)) return true;
  const { similar, fixes } = suggestion(x.core.value, members, node.span, (m) => `"${m}"`);
  const params = { value: x.core.value, members: members.join(", "), similar };
  scope.session.report("TAP2011", node, params, isWritten ? { fixes } : {});
  return false;
}

/** The default of a parameter and, of an enum, whatever it can be set to, are among `members`. */
function checkParam(
  node: Ast,
  x: Value,
  name: string,
  members: readonly string[],
  { session }: Scope,
): boolean {
  const known = session.params.get(name);
  if (typeof known?.param.value !== "string") return true;
  const stray = [known.param.value, ...(textsOf(x.type) ?? [])].find((t) => !members.includes(t));
  if (stray === undefined) return true;
  const { decl } = known;
  const isDefault = decl.value.kind === "string" && decl.value.value === stray;
  const at = isDefault ? decl.value : decl.type;
  const { similar, fixes } = suggestion(stray, members, at.span, (m) => `"${m}"`);
  const labels = [{ at: at.span, text: isDefault ? "its default" : "what it can be" }];
  const extras = isDefault && x.type.t !== "enum" ? { labels, fixes } : { labels };
  session.report("TAP2011", node, { value: stray, members: members.join(", "), similar }, extras);
  return false;
}

/** `x in [a, b]`, `x in list`, `x in cidr"…"`. */
export function elaborateIn(e: InExpr, scope: Scope, isNegated: boolean): Operand {
  const item = elaborateValue(e.item, scope);
  if (!isScalar(item.type)) {
    const params = { expected: "a single value", found: typeName(item.type) };
    scope.session.report("TAP2010", e.item, params, { help: askParts(item.type) });
    return wrong;
  }
  const core = membership(e, item, scope, isNegated);
  if (!core || item.type.t === "error") return wrong;
  if (e.isNegated !== isNegated) warnUnguarded(e, [{ x: item, node: e.item }], scope, isNegated);
  return value(boolType, e.isNegated ? { op: "not", arg: core } : core);
}

function membership(e: InExpr, item: Value, scope: Scope, isNegated: boolean): Expr | undefined {
  const set = unaliased(e.set, scope);
  if (isNetwork(set)) return inNetwork(set, item, e, scope);
  if (set.kind === "list") return inItems(set, item, e, scope);
  const decl =
    set.kind === "nameRef" && !isBound(set.name, scope) && scope.module.names.get(set.name);
  if (decl && decl.decl.kind === "listDecl") {
    const list = listItems(decl.decl, decl.module, scope, set);
    if (!list) return undefined;
    return inDeclared(set, item, list, scope);
  }
  const other = elaborateValue(set, scope);
  if (other.type.t === "error" || item.type.t === "error") return undefined;
  if (other.type.t === "cidr") return inKnownLater(other, item, e, scope);
  if (other.type.t === "list" || other.type.t === "map") {
    if (e.isNegated !== isNegated) {
      warnUnguarded(e, [{ x: other, node: set }], scope, isNegated);
      warnMissingItems(e, other.type, scope);
    }
    return inList(e.item, item, other, set, scope);
  }
  const params = { expected: "a list or a network", found: typeName(other.type) };
  scope.session.report("TAP2010", set, params);
  return undefined;
}

function isNetwork(node: Ast): node is StringLiteral {
  return node.kind === "string" && node.prefix === "cidr";
}

/** Items written in place: values and networks. */
function inItems(set: ListExpr, item: Value, e: InExpr, scope: Scope): Expr | undefined {
  const networks = set.items.filter(isNetwork).map((x) => inNetwork(x, item, e, scope));
  const rest = set.items.filter((x) => !isNetwork(x));
  const known = rest.map((node) => ({ node, x: elaborateValue(node, scope) }));
  const later = known.filter(({ x }) => x.type.t === "cidr");
  networks.push(...later.map(({ x }) => inKnownLater(x, item, e, scope)));
  const values = known.filter(({ x }) => x.type.t !== "cidr");
  const isFine = values.map(({ node, x }) => fitsItem(node, x, e.item, item, scope)).every(Boolean);
  if (!isFine || networks.includes(undefined)) return undefined;
  const among: Expr = { op: "in", item: item.core, set: values.map(({ x }) => x.core) };
  return anyOf([...networks, ...(values.length > 0 || networks.length === 0 ? [among] : [])]);
}

/** A declared list: of networks, or of values that the item can have. */
function inDeclared(set: Ast, item: Value, list: ListItems, scope: Scope): Expr | undefined {
  const wanted: Type = list.type.t === "cidr" ? { t: "ip" } : list.type;
  if (!isComparable(item.type, wanted)) {
    scope.session.report("TAP2010", set, {
      expected: `a list of ${plural(item.type)}`,
      found: `a list of ${plural(list.type)}`,
    });
    return undefined;
  }
  if (list.type.t === "cidr") {
    const networks = list.items.map((x) => networkOf(x, item));
    return anyOf(networks.length > 0 ? networks : [{ op: "in", item: item.core, set: [] }]);
  }
  const isFine = list.items.every((core) =>
    checkMembers(set, value(list.type, core), item, scope, false),
  );
  return isFine ? { op: "in", item: item.core, set: list.items } : undefined;
}

/** An item of a list of networks is the network's text. */
function networkOf(text: Expr, item: Value): Expr | undefined {
  const network = text.op === "const" ? parseCidr(String(text.value)) : undefined;
  return (
    network && { op: "cidr", item: item.core, base: network.base, prefixBits: network.prefixBits }
  );
}

function anyOf(tests: readonly (Expr | undefined)[]): Expr | undefined {
  const known = tests.filter((x) => x !== undefined);
  if (known.length < tests.length) return undefined;
  return known.length === 1 ? known[0] : { op: "or", args: known };
}

/** A name of the rule itself, which module-level names never hide. */
function isBound(name: string, scope: Scope): boolean {
  return scope.bound.has(name) || scope.steps.has(name) || scope.locals.has(name);
}

function written(at: Ast, scope: Scope): Compared {
  return { at, text: scope.session.text(at) };
}

function fitsItem(node: Ast, x: Value, itemNode: Ast, item: Value, scope: Scope): boolean {
  if (x.type.t === "error" || item.type.t === "error") return false;
  if (!isComparable(item.type, x.type)) {
    scope.session.report("TAP2010", node, {
      expected: typeName(item.type),
      found: typeName(x.type),
    });
    return false;
  }
  if (!checkMembers(node, x, item, scope) || !canBeEqual(node, "in", item, x, scope)) return false;
  const { session } = scope;
  const text = `${session.text(itemNode)} == ${session.text(node)}`;
  checkReachable({ at: node, text }, "==", item, x, scope);
  return true;
}

/** The network that a literal is; undefined after an error. */
export function networkAt(node: StringLiteral, scope: Scope) {
  const network = parseCidr(node.value);
  if (network) return network;
  const reason = `\`${node.value}\` is not an address with a prefix length`;
  const help = 'write it like cidr"10.0.0.0/8" or cidr"fe80::/10"';
  scope.session.report("TAP2015", node, { what: "network", reason }, { help });
  return undefined;
}

/** A network that only a parameter knows. */
function inKnownLater(network: Value, item: Value, e: InExpr, scope: Scope): Expr | undefined {
  if (!isAddress(item, e, scope)) return undefined;
  return { op: "call", fn: "in_network", args: [item.core, network.core] };
}

function isAddress(item: Value, e: InExpr, { session }: Scope): boolean {
  if (item.type.t === "ip" || item.type.t === "error") return true;
  session.report("TAP2010", e.item, { expected: "an address", found: typeName(item.type) });
  return false;
}

function inNetwork(set: StringLiteral, item: Value, e: InExpr, scope: Scope): Expr | undefined {
  const network = networkAt(set, scope);
  if (!network || !isAddress(item, e, scope)) return undefined;
  return { op: "cidr", item: item.core, base: network.base, prefixBits: network.prefixBits };
}

/** `contains`, `startswith`, `endswith`, `matches`, `like`. */
export function elaborateTextTest(e: TextExpr, scope: Scope, isNegated: boolean): Operand {
  const text = elaborateValue(e.text, scope);
  if (text.type.t === "error") return lostGroups(e, scope);
  if (text.type.t !== "string") {
    scope.session.report("TAP2010", e.text, { expected: "a text", found: typeName(text.type) });
    return lostGroups(e, scope);
  }
  const core = textTest(e, text, scope);
  if (!core) return lostGroups(e, scope);
  if (e.isNegated !== isNegated) warnUnguarded(e, [{ x: text, node: e.text }], scope, isNegated);
  const groups = e.as && groupsOf(e, e.as, text, core, scope);
  if (e.as && !groups) return lostGroups(e, scope);
  const x = value(boolType, e.isNegated ? { op: "not", arg: core } : core);
  return groups ? { ...x, groups } : x;
}

/** After an error the name behind `as` is not known, which is no news where it is used. */
function lostGroups(e: TextExpr, scope: Scope): Operand {
  if (e.as) scope.session.lostNames.add(e.as.text);
  return wrong;
}

function textTest(e: TextExpr, text: Value, scope: Scope): Expr | undefined {
  if (e.op === "matches" || e.op === "like") {
    const program = programFor(e, text, scope);
    return program === undefined ? undefined : { op: "matches", text: text.core, program };
  }
  const needle = elaborateValue(e.pattern, scope);
  if (needle.type.t === "error") return undefined;
  if (needle.type.t !== "string") {
    const params = { expected: "a text", found: typeName(needle.type) };
    scope.session.report("TAP2010", e.pattern, params);
    return undefined;
  }
  if (needle.core.op === "const" && text.core.op !== "const")
    checkLength(written(e, scope), e.isNegated, text, String(needle.core.value), scope);
  return { op: "text", fn: e.op, text: text.core, needle: needle.core, nocase: e.nocase };
}

function programFor(e: TextExpr, text: Value, scope: Scope): number | undefined {
  const pattern = unaliased(e.pattern, scope);
  const wanted = e.op === "like" ? "glob" : "re";
  if (pattern.kind === "nameRef" && e.op === "matches") {
    const decl = scope.module.names.get(pattern.name);
    if (decl?.decl.kind === "patternDecl") {
      const { annotations, name } = decl.decl;
      scope.session.checkDeprecated(pattern, "the pattern", name.text, annotations);
      if (!checkPatternField(e, decl.decl, text, scope)) return undefined;
      return patternProgram(decl.decl.regex, e.nocase, scope);
    }
  }
  if (pattern.kind === "string" && pattern.prefix === wanted)
    return patternProgram(pattern, e.nocase, scope);
  if (pattern.kind === "nameRef" && e.op === "matches" && !scope.module.names.has(pattern.name)) {
    const names = [...scope.module.names].flatMap(([name, { decl }]) =>
      decl.kind === "patternDecl" ? [name] : [],
    );
    const help = `declare \`pattern ${pattern.name} on event.field = re"…"\`, or write re"…" here`;
    scope.session.unknownName(pattern, pattern.name, names, help);
    return undefined;
  }
  scope.session.report("TAP2010", pattern, {
    expected: e.op === "like" ? 'a glob"…" pattern' : 'a re"…" pattern or the name of a `pattern`',
    found: `\`${scope.session.text(pattern)}\``,
  });
  return undefined;
}

export function reportPattern(
  node: StringLiteral,
  error: TextError,
  what: string,
  scope: Scope,
): void {
  // Patterns keep backslashes as written: offsets in the value are offsets behind the quote.
  const start = node.span.start + node.prefix.length + 1 + error.at;
  const at = {
    ...node.span,
    start: Math.min(start, node.span.end - 1),
    end: Math.min(start + 1, node.span.end),
  };
  const place = { ...node, span: at };
  if (error.kind === "too-large") {
    const reason = error.message.replace(/^regex too large: /, "");
    scope.session.report("TAP3301", place, { reason }, { help: error.help });
  } else
    scope.session.report("TAP2015", place, { what, reason: error.message }, { help: error.help });
}

/** Result unit and scale of `left op right`, or undefined when the units do not go together. */
function unitRule(op: ArithOp, a: Type, b: Type): { type: Type; scale: number } | undefined {
  const plain = isPlainNumber(a) && isPlainNumber(b);
  const number: Type = a.t === "float" || b.t === "float" ? { t: "float" } : { t: "int" };
  if (op === "+" || op === "-") {
    if (plain) return { type: number, scale: 1 };
    if (a.t === "time" && b.t === "time")
      return op === "-" ? { type: { t: "duration" }, scale: 1 } : undefined;
    if (a.t === "time" && b.t === "duration") return { type: a, scale: 1 };
    if (op === "+" && a.t === "duration" && b.t === "time") return { type: b, scale: 1 };
    return a.t === b.t && isNumeric(a) ? { type: a, scale: 1 } : undefined;
  }
  if (op === "*") {
    if (plain) return { type: number, scale: 1 };
    if (a.t === "percent" && isScalable(b)) return { type: b, scale: 1e-6 };
    if (b.t === "percent" && isScalable(a)) return { type: a, scale: 1e-6 };
    if (isPlainNumber(a) && isScalable(b)) return { type: b, scale: 1 };
    return isPlainNumber(b) && isScalable(a) ? { type: a, scale: 1 } : undefined;
  }
  if (plain) return { type: { t: "float" }, scale: 1 };
  if (a.t === "size" && b.t === "duration") return { type: { t: "bytes_rate" }, scale: 1e12 };
  if (isPlainNumber(a) && b.t === "duration") return { type: { t: "rate" }, scale: 1e12 };
  if (a.t === b.t && isNumeric(a) && a.t !== "time") return { type: { t: "float" }, scale: 1 };
  return isPlainNumber(b) && isScalable(a) ? { type: a, scale: 1 } : undefined;
}

function isScalable(t: Type): boolean {
  return isNumeric(t) && t.t !== "time";
}

export function arithmetic(e: BinaryExpr, left: Value, right: Value, scope: Scope): Operand {
  if (left.type.t === "error" || right.type.t === "error") return wrong;
  const op = e.op as ArithOp;
  const isOptional = left.isOptional || right.isOptional;
  if (op === "+" && isText(left.type) && isText(right.type)) {
    const core: Expr = { op: "call", fn: "join", args: [left.core, right.core] };
    return value({ t: "string" }, core, isOptional);
  }
  const rule = unitRule(op, left.type, right.type);
  if (!rule) {
    scope.session.report("TAP2012", e, {
      op,
      left: typeName(left.type),
      right: typeName(right.type),
    });
    return wrong;
  }
  const isInt = rule.type.t !== "float";
  const core: Arithmetic = {
    op: "arith",
    fn: op,
    left: left.core,
    right: right.core,
    scale: rule.scale,
    isInt,
  };
  const constant = folded(e, rule.type, core, scope);
  if (constant) return constant;
  const interval = checkedInterval(e, core, left, right, scope);
  return { ...value(rule.type, core, isOptional), interval };
}

type Arithmetic = Extract<Expr, { op: "arith" }>;

/**
 * Arithmetic on constants is done once, here; what has no result is a mistake. Undefined where the
 * result is known only at run time.
 */
function folded(e: BinaryExpr, type: Type, core: Arithmetic, scope: Scope): Value | undefined {
  const { left, right, fn } = core;
  const b = right.op === "const" && typeof right.value === "number" ? right.value : undefined;
  if (fn === "/" && b === 0) return noResult(e, "nothing can be divided by 0", scope);
  if (left.op !== "const" || typeof left.value !== "number" || b === undefined) return undefined;
  const a = left.value;
  const raw = fn === "+" ? a + b : fn === "-" ? a - b : fn === "*" ? a * b : a / b;
  const result = bounded(raw * core.scale, core.isInt);
  if (result === undefined) return noResult(e, "the result is beyond ±(2^53−1)", scope);
  return value(type, { op: "const", value: result });
}

function noResult(e: BinaryExpr, reason: string, scope: Scope): Value {
  scope.session.report("TAP2040", e, { text: scope.session.text(e), reason });
  return wrong;
}
