/**
 * The clauses of a rule with the places they came from: a rule may be written out, made from a
 * template, and changed by overrides of other modules. Names in a clause are looked up where the
 * clause was written.
 */
import type { Node, RuleDecl, RuleItem, Span } from "#grammar";
import type { Module } from "../collect.ts";
import type { Operand, Scope, Session } from "../elaborate/scope.ts";

export interface Origin {
  readonly module: Module;
  /** Formals of the template, as the values they were given. */
  readonly bound: ReadonlyMap<string, Operand>;
}

export interface Clause<I extends RuleItem = RuleItem> {
  readonly item: I;
  readonly origin: Origin;
}

/** A rule with all of its clauses, whatever they came from. */
export interface RuleSource {
  readonly decl: RuleDecl;
  readonly module: Module;
  readonly clauses: readonly Clause[];
  /** Exceptions that overrides added; the rule may limit what these read. */
  readonly added: readonly Clause[];
  readonly isEnabled: boolean;
  /** The template's text and where it became this rule. */
  readonly site: { readonly template: Span; readonly at: Span } | undefined;
}

type ItemOf<K extends RuleItem["kind"]> = Extract<RuleItem, { readonly kind: K }>;

export function clausesOf<K extends RuleItem["kind"]>(
  clauses: readonly Clause[],
  kind: K,
): Clause<ItemOf<K>>[] {
  return clauses.filter((c): c is Clause<ItemOf<K>> => c.item.kind === kind);
}

export function clauseOf<K extends RuleItem["kind"]>(
  clauses: readonly Clause[],
  kind: K,
): Clause<ItemOf<K>> | undefined {
  return clausesOf(clauses, kind)[0];
}

/** `rule` with the names of the place where the clause was written. */
export function scopeOf({ origin }: Clause, rule: Scope): Scope {
  const { module } = origin;
  // Only what comes out of a template was written with names of its own.
  if (origin.bound.size === 0) return { ...rule, module };
  return { ...rule, module, bound: new Map([...rule.bound, ...origin.bound]) };
}

/** What a clause is called where it may stand once; undefined where it may be repeated. */
export function slotOf(item: RuleItem): string | undefined {
  switch (item.kind) {
    case "textItem":
      return item.attr;
    case "onItem":
      return `on ${item.event}`;
    case "resolveOnItem":
    case "resolveQuietItem":
      return "resolve";
    case "allowExceptItem":
      return "allow except";
    case "exceptItem":
    case "subsumesItem":
    case "localLet":
      return undefined;
    default:
      return item.kind.slice(0, -"Item".length);
  }
}

/** Reports clauses that stand once and are written again. */
export function checkOnce(items: readonly RuleItem[], session: Session): void {
  const seen = new Map<string, RuleItem>();
  for (const item of items) {
    const slot = slotOf(item);
    if (slot === undefined) continue;
    const first = seen.get(slot);
    if (first) session.writtenTwice(slot, first, item);
    else seen.set(slot, item);
  }
}

/** Reports values of one group that are written under the same name. */
export function checkNamesOnce(
  inits: readonly (Node & { readonly name: { readonly text: string } })[],
  session: Session,
): void {
  const seen = new Map<string, Node>();
  for (const init of inits) {
    const { text } = init.name;
    const first = seen.get(text);
    if (first) session.writtenTwice(text, first, init);
    else seen.set(text, init);
  }
}

/** `clauses` with `later` in the place of what may stand once, and behind the rest. */
export function replaced(clauses: readonly Clause[], later: readonly Clause[]): Clause[] {
  const slots = new Set(later.map((c) => slotOf(c.item)));
  slots.delete(undefined);
  return [...clauses.filter((c) => !slots.has(slotOf(c.item))), ...later];
}
