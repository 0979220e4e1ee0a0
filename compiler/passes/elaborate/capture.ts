/**
 * `text matches pattern as m`: the groups of the match as typed values. A group may be missing even
 * where the text matches: it took no part, or its text does not spell a value of its type.
 */
import type { Expr } from "#core";
import type { MemberExpr, Name, PatternDecl, TextExpr } from "#grammar";
import { suggestion } from "../similar.ts";
import type { Type } from "../types.ts";
import { condition } from "./elaborate.ts";
import { type Ast, type Groups, type Operand, type Scope, type Value, value } from "./scope.ts";

/** A condition and the names it binds where it is true, both of the current event. */
export interface Where {
  readonly core: Expr;
  readonly groups: Groups;
}

/** The condition of a step; an error gives one that never holds. */
export function elaborateWhere(e: Ast, scope: Scope): Where {
  const { core, groups } = condition(e, scope, false);
  return { core, groups: groups ?? new Map() };
}

/** The names that `matches … as m` binds; undefined after an error. */
export function groupsOf(
  e: TextExpr,
  as: Name,
  text: Value,
  core: Expr,
  scope: Scope,
): Groups | undefined {
  const { session } = scope;
  if (core.op !== "matches" || e.op !== "matches") {
    session.report("TAP2038", as, { reason: `\`${e.op}\` has no groups` });
    return undefined;
  }
  if (e.isNegated) {
    session.report("TAP2038", as, { reason: "a text that does not match has no groups" });
    return undefined;
  }
  session.checkFreeName(as, scope);
  const { program } = core;
  const groups = new Map<string, Value>();
  for (const { name, type } of session.programs[program]?.groups ?? []) {
    const typed: Type = { t: type };
    const group: Expr = { op: "capture", text: text.core, program, group: name };
    groups.set(name, value(typed, group, true));
  }
  return new Map([[as.text, { is: "groups", name: session.text(e.pattern), groups }]]);
}

/** Both sets of names; of equal ones the second has been reported. */
export function mergeGroups(a: Groups | undefined, b: Groups | undefined): Groups | undefined {
  if (!a) return b;
  return b ? new Map([...a, ...b]) : a;
}

/** The scope behind a condition that is true. */
export function withGroups(scope: Scope, groups: Groups | undefined): Scope {
  return groups ? { ...scope, bound: new Map([...scope.bound, ...groups]) } : scope;
}

/** `m.pid`. */
export function groupMember(
  e: MemberExpr,
  { name, groups }: Extract<Operand, { is: "groups" }>,
  scope: Scope,
): Operand {
  const found = groups.get(e.member.text);
  if (found) return found;
  const { similar, fixes } = suggestion(e.member.text, groups.keys(), e.member.span);
  const names = [...groups.keys()].map((n) => `\`${n}\``).join(", ");
  const help =
    groups.size === 0 ? "give it a named group: `(?<name>…)`" : `its groups are ${names}`;
  const params = { pattern: name, group: e.member.text, similar };
  scope.session.report("TAP2032", e.member, params, { fixes, help });
  return { is: "error" };
}

/** A pattern is made for one field; on another it would silently mean something else. */
export function checkPatternField(
  e: TextExpr,
  decl: PatternDecl,
  text: Value,
  scope: Scope,
): boolean {
  const { origin } = text;
  if (!origin) return true;
  const { info } = scope.session;
  const base = info.kindByName.get(
    decl.on.parts
      .slice(0, -1)
      .map((p) => p.text)
      .join("."),
  );
  const field = decl.on.parts.at(-1)?.text;
  if (base === undefined) return true;
  if (origin.field === field && origin.kinds.every((k) => info.isA(k, base))) return true;
  const found = `${scope.session.kindNames(origin.kinds)}: ${origin.field}`;
  scope.session.report(
    "TAP2033",
    e.text,
    { pattern: decl.name.text, on: decl.on.text, found: found.replace(": ", ".") },
    { labels: [{ at: decl.on.span, text: "made for this field" }] },
  );
  return false;
}
