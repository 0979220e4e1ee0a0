/**
 * Templates: a rule made from one has its clauses, with the formals standing for constants. Every
 * template is also read once by itself, so that one that no rule uses is checked as well.
 */
import type { Arg, Formal, RuleDecl, TemplateDecl } from "#grammar";
import { fieldType } from "../schema/field-type.ts";
import type { Module } from "./collect.ts";
import { checkArgsOnce, fitsFormal, operandName } from "./elaborate/call.ts";
import { elaborate } from "./elaborate/elaborate.ts";
import { emptyScope } from "./elaborate/reuse.ts";
import { type Operand, type Scope, type Session, type Value, value } from "./elaborate/scope.ts";
import { type Clause, checkOnce, type Origin, type RuleSource, replaced } from "./rule/clause.ts";
import { suggestion } from "./similar.ts";
import { type Type, typeOfField } from "./types.ts";

/** The rule with its own clauses, or with those of its template. */
export function ruleSource(decl: RuleDecl, module: Module, session: Session): RuleSource {
  checkOnce(decl.items, session);
  const plain: Origin = { module, bound: new Map() };
  const own = decl.items.map((item): Clause => ({ item, origin: plain }));
  const base = { decl, module, added: [], isEnabled: true };
  if (!decl.instance) return { ...base, clauses: own, site: undefined };
  const template = templateOf(decl, module, session);
  if (!template) return { ...base, clauses: own, site: undefined };
  const home = session.moduleOf(template.decl) ?? module;
  const bound = bindArguments(decl.instance, template.decl, module, home, session);
  const made = template.decl.items.map(
    (item): Clause => ({ item, origin: { module: home, bound } }),
  );
  // The rule's own clauses may use the formals: they are its constants.
  const mine = own.map(({ item }): Clause => ({ item, origin: { module, bound } }));
  const site = { template: template.decl.span, at: decl.name.span };
  return { ...base, clauses: replaced(made, mine), site };
}

/** The templates of a module, each as a rule with its defaults, so that all of them are checked. */
export function samplesOf(module: Module, session: Session): RuleSource[] {
  return module.file.decls.flatMap((decl) =>
    decl.kind === "templateDecl" ? (sampleOf(decl, module, session) ?? []) : [],
  );
}

/** The template as a rule with its defaults; undefined when rules made of it bring the match. */
function sampleOf(decl: TemplateDecl, module: Module, session: Session): RuleSource | undefined {
  checkOnce(decl.items, session);
  const bound = new Map(decl.formals.map((f) => [f.name.text, sampleFormal(f, module, session)]));
  checkFormalNames(decl, module, session);
  if (!decl.items.some((item) => item.kind === "matchItem")) return undefined;
  const clauses = decl.items.map((item): Clause => ({ item, origin: { module, bound } }));
  const rule: RuleDecl = {
    ...decl,
    annotations: [],
    kind: "ruleDecl",
    version: undefined,
    instance: undefined,
  };
  return { decl: rule, module, clauses, added: [], isEnabled: true, site: undefined };
}

function templateOf(decl: RuleDecl, module: Module, session: Session) {
  const path = decl.instance?.template;
  if (!path) return undefined;
  const found = module.names.get(path.text);
  if (found?.decl.kind === "templateDecl") return { decl: found.decl, module: found.module };
  if (path.text === "" || session.isLost(path, path.text)) return undefined;
  const names = [...module.names].flatMap(([n, k]) => (k.decl.kind === "templateDecl" ? [n] : []));
  const { similar, fixes } = suggestion(path.text, names, path.span);
  const params = { what: "template", name: path.text, similar };
  session.report("TAP2007", path, params, { fixes });
  return undefined;
}

function bindArguments(
  instance: NonNullable<RuleDecl["instance"]>,
  template: TemplateDecl,
  module: Module,
  home: Module,
  session: Session,
): Map<string, Operand> {
  const { formals } = template;
  const names = formals.map((f) => f.name.text);
  checkCount(instance, template, names, session);
  const scope: Scope = { ...emptyScope(module.name, session), module };
  const bound = new Map<string, Operand>();
  for (const [i, formal] of formals.entries()) {
    const arg = argumentFor(instance.args, formal.name.text, i);
    const x = arg ? constantFor(formal, arg.value, scope) : sampleFormal(formal, home, session);
    bound.set(formal.name.text, x);
  }
  return bound;
}

function argumentFor(args: readonly Arg[], name: string, at: number): Arg | undefined {
  return args.find((a) => a.name?.text === name) ?? (args[at]?.name ? undefined : args[at]);
}

function checkCount(
  { template: path, args }: NonNullable<RuleDecl["instance"]>,
  template: TemplateDecl,
  names: readonly string[],
  session: Session,
): void {
  checkArgsOnce(args, session);
  for (const { name } of args) {
    if (!name) continue;
    const help = `\`${path.text}\` has the parameters ${names.map((n) => `\`${n}\``).join(", ") || "none"}`;
    if (!names.includes(name.text)) session.unknownName(name, name.text, names, help);
  }
  const missing = template.formals.filter(
    (f, i) => !f.fallback && !argumentFor(args, f.name.text, i),
  );
  const written = new Set(args.map((a) => a.name?.text ?? a));
  if (missing.length === 0 && written.size <= names.length) return;
  const given = args.map((a) => `\`${session.text(a)}\``).join(" and ") || "nothing";
  const expected =
    missing.length > 0
      ? missing.map((f) => `\`${f.name.text}\``).join(" and ")
      : names.length === 0
        ? "no arguments"
        : `at most ${names.length === 1 ? "one argument" : `${names.length} arguments`}`;
  const labels = [{ at: template.name.span, text: "the template" }];
  session.report("TAP2014", path, { name: path.text, expected, found: given }, { labels });
}

/** What a formal stands for: a constant, or a parameter. */
function constantFor(formal: Formal, node: Arg["value"], scope: Scope): Operand {
  const { session } = scope;
  const x = elaborate(node, scope);
  if (x.is === "error" || !isConstantType(formal, session)) return { is: "error" };
  if (!fitsFormal(x, formal.type.path.text, scope)) {
    const expected = `\`${formal.type.path.text}\``;
    session.report("TAP2010", node, { expected, found: operandName(x) });
    return { is: "error" };
  }
  if (x.is === "value" && ["const", "param"].includes(x.core.op)) return x;
  session.report("TAP2010", node, { expected: "a constant", found: "a computed value" });
  return { is: "error" };
}

/** A formal's default, or some value of its type where it has none. */
function sampleFormal(formal: Formal, module: Module, session: Session): Operand {
  const { fallback } = formal;
  if (fallback)
    return constantFor(formal, fallback, { ...emptyScope(module.name, session), module });
  return isConstantType(formal, session) ? anyOf(formal, session) : { is: "error" };
}

/** A template is read before any event is known, so its formals are no steps and no entities. */
function isConstantType(formal: Formal, session: Session): boolean {
  const name = formal.type.path.text;
  const isEvent = session.info.kindByName.has(name) || name === "entity.ref";
  if (!isEvent) return true;
  const help = "use a type such as int, duration or string; steps are named in the template itself";
  const params = { expected: "the type of a constant", found: `\`${name}\`` };
  session.report("TAP2010", formal.type, params, { help });
  return false;
}

const samples: Readonly<Record<string, string | number | bigint | boolean>> = {
  bool: true,
  id64: 1n,
  ip: 1n,
  float: 0.5,
  duration: 60_000_000,
};

function anyOf({ type }: Formal, { sink }: Session): Value {
  const node = { id: type.id, span: type.span };
  const name = { ...node, kind: "name", text: type.path.text } as const;
  const declared = fieldType(
    { ...node, kind: "namedType", name, size: undefined, isOptional: false },
    sink,
  );
  const found: Type = typeOfField(declared);
  // No text fits everywhere, so that a text stays unknown: rules of the template have the real one.
  if (found.t === "string") return value(found, { op: "param", name: "" });
  return value(found, { op: "const", value: samples[found.t] ?? 1 });
}

/** Formals hide nothing, and each has a name of its own. */
export function checkFormalNames(
  { formals }: { readonly formals: readonly Formal[] },
  module: Module,
  session: Session,
): void {
  const seen = new Map<string, Formal>();
  for (const formal of formals) {
    const first = seen.get(formal.name.text);
    if (first) session.declaredTwice(formal.name, first.name);
    else seen.set(formal.name.text, formal);
    session.checkShadowing(formal.name, module);
  }
}
