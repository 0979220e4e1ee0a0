/**
 * `derive`: one event gives at most one event of another kind, with the same id, time and entity.
 * The kind's fields and their types are what `set` computes.
 */
import type { Derive, Expr, Field, FieldType } from "#core";
import type { DeriveDecl, FieldInit } from "#grammar";
import type { Module } from "./collect.ts";
import { elaborateValue } from "./elaborate/elaborate.ts";
import { factsWhenTrue, withFacts } from "./elaborate/presence.ts";
import { emptyScope } from "./elaborate/reuse.ts";
import { type Scope, type Session, type Value, wrong } from "./elaborate/scope.ts";
import { widest } from "./finding-kind.ts";
import { inOrderOfNeed } from "./order.ts";
import { PatternKeys } from "./pattern/key.ts";
import { type LoweredStep, lowerStep, seeing } from "./pattern/step.ts";
import { isRedactedOf, showsRedacted } from "./redact.ts";
import { type Type, typeName } from "./types.ts";

/** Texts that are computed. */
const computedBytes = 4096;

interface Declared {
  readonly decl: DeriveDecl;
  readonly module: Module;
}

/** Adds the kinds of all `derive`s to the schema; what feeds another comes first. */
export function lowerDerives(modules: readonly Module[], session: Session): Derive[] {
  const declared = modules.flatMap((module) =>
    module.file.decls.flatMap((decl) => (decl.kind === "deriveDecl" ? [{ decl, module }] : [])),
  );
  const byName = new Map<string, Declared>();
  for (const d of declared) {
    const first = byName.get(d.decl.name.text)?.decl ?? declarationOf(d.decl.name.text, session);
    if (first) reportTwice(d.decl, first, session);
    else byName.set(d.decl.name.text, d);
  }
  const needs = (d: Declared) => d.decl.from.events.flatMap((e) => byName.get(e.text) ?? []);
  const { order, cycles } = inOrderOfNeed([...byName.values()], needs);
  for (const cycle of cycles) {
    reportCycle(cycle, session);
    for (const { decl } of cycle) session.lostNames.add(decl.name.text);
  }
  return order.flatMap((d) => lowerDerive(d, session) ?? []);
}

function declarationOf(name: string, { info }: Session) {
  return info.declarations[info.kindByName.get(name) ?? -1];
}

function reportTwice(
  decl: DeriveDecl,
  first: { readonly name: DeriveDecl["name"] | { readonly span: DeriveDecl["span"] } },
  session: Session,
): void {
  const labels = [{ at: first.name.span, text: "first declared here" }];
  session.report("TAP2005", decl.name, { name: decl.name.text }, { labels });
}

function reportCycle(cycle: readonly Declared[], session: Session): void {
  const [first] = cycle;
  const last = cycle.at(-1);
  const at = last?.decl.from.events.find((e) => e.text === first?.decl.name.text);
  if (!first || !at) return;
  const help = "derive from an event that a source writes";
  session.report("TAP2017", at, { name: first.decl.name.text }, { help });
}

function lowerDerive({ decl, module }: Declared, session: Session): Derive | undefined {
  const before = session.sinkErrors();
  const scope: Scope = { ...emptyScope(module.name, session), module };
  session.checkShadowing(decl.from.name, module);
  const isUsable = checkBase(decl, session);
  const lowered = isUsable
    ? lowerStep({ ...decl.from, by: undefined }, [], new Set(), new PatternKeys([]), scope)
    : undefined;
  const source = lowered && sourceOf(lowered, decl, session);
  const sets = lowered ? setsOf(decl, lowered, scope) : [];
  // Its uses are not news; what they read of it may be there or not.
  if (!lowered || source === undefined || session.sinkErrors() !== before) {
    session.lostNames.add(decl.name.text);
    return undefined;
  }
  const fields = sets.map(({ init, x }) => fieldOf(init, x, lowered, session));
  const kind = session.info.addKind(
    { name: decl.name.text, source, fields, made: "derived" },
    decl,
  );
  return { kind, step: lowered.step, set: sets.map(({ x }) => x.core) };
}

/** Findings come of rules, which are judged when all events are there. */
function checkBase(decl: DeriveDecl, session: Session): boolean {
  if (decl.name.parts[0]?.text === "finding")
    session.report("TAP2055", decl.name, {
      reason: "what begins with `finding.` is made by a rule",
    });
  const finding = decl.from.events.find((e) => e.parts[0]?.text === "finding");
  if (finding)
    session.report("TAP2055", finding, { reason: "a finding is not an event of a source" });
  const [by] = decl.from.by ?? [];
  if (by) {
    const reason = "one event has nothing to be matched with";
    session.report("TAP2055", by, { reason }, { help: "take `by` away" });
  }
  return !finding && !by;
}

/** Where the events come from; a derived event is as late as what it is made of. */
function sourceOf(lowered: LoweredStep, decl: DeriveDecl, session: Session): number | undefined {
  const { kinds, sources } = session.info.schema;
  const used = lowered.step.kinds.map((k) => kinds[k]?.source ?? 0);
  const other = used.findIndex((s) => s !== used[0]);
  if (other < 0) return used[0];
  const name = (i: number) => sources[used[i] ?? -1]?.name ?? "?";
  const reason = `its events come from \`${name(0)}\` and from \`${name(other)}\``;
  const help = "make one `derive` for each source";
  session.report("TAP2055", decl.from.events[other] ?? decl.from, { reason }, { help });
  return undefined;
}

function setsOf(
  decl: DeriveDecl,
  lowered: LoweredStep,
  scope: Scope,
): { readonly init: FieldInit; readonly x: Value }[] {
  const { session } = scope;
  // What the condition tested is there when it is true.
  const facts = lowered.step.where ? factsWhenTrue(lowered.step.where) : [];
  const step = { binding: lowered.self, groups: lowered.groups };
  const inner = withFacts(seeing(scope, [step]), facts);
  const seen = new Map<string, FieldInit>();
  return decl.sets.flatMap((init) => {
    const first = seen.get(init.name.text);
    if (first) session.writtenTwice(init.name.text, first, init);
    seen.set(init.name.text, init);
    const x = elaborateValue(init.value, inner);
    return x === wrong ? [] : [{ init, x }];
  });
}

function fieldOf(init: FieldInit, x: Value, lowered: LoweredStep, session: Session): Field {
  const type = storedType(x.type, x.core, lowered, session);
  if (!type) {
    const help = "compute a value that a field can have, such as a number or a text";
    const params = { expected: "a value of a field", found: typeName(x.type) };
    session.report("TAP2010", init.value, params, { help });
  }
  const isRedacted = isRedactedOf(lowered.step.kinds, session.info.schema.kinds);
  return {
    name: init.name.text,
    type: type ?? { t: "bool" },
    isOptional: x.isOptional,
    ...(showsRedacted(x.core, isRedacted) ? { isRedacted: true } : {}),
  };
}

/** The field type that holds values of `type`; undefined when fields have none. */
function storedType(
  type: Type,
  core: Expr,
  lowered: LoweredStep,
  session: Session,
): FieldType | undefined {
  switch (type.t) {
    case "string":
      // A choice between constants is as closed as the field it is kept in.
      return (type.members?.length ?? 0) > 1
        ? { t: "enum", members: type.members ?? [] }
        : { t: "string", maxBytes: bytesOf(core, lowered, session) };
    case "enum":
      return { t: "enum", members: type.members };
    case "list":
    case "map":
      return copiedType(core, lowered, session);
    case "record":
    case "bytes_rate":
    case "error":
      return undefined;
    default:
      return { t: type.t };
  }
}

/** A text that is copied or cut out of a field is as long as the field; others are bounded. */
function bytesOf(core: Expr, lowered: LoweredStep, session: Session): number {
  const from = core.op === "capture" ? core.text : core;
  const type = copiedType(from, lowered, session);
  if (from.op === "const" && typeof from.value === "string")
    return Math.max(1, new TextEncoder().encode(from.value).length);
  return type?.t === "string" ? type.maxBytes : computedBytes;
}

function copiedType(core: Expr, { step }: LoweredStep, session: Session): FieldType | undefined {
  if (core.op !== "field") return undefined;
  const { kinds } = session.info.schema;
  const fields = step.kinds.flatMap(
    (k) => kinds[k]?.fields.find((f) => f.name === core.name) ?? [],
  );
  const [first, ...others] = fields.map((f) => f.type);
  return others.reduce<FieldType | undefined>((all, type) => all && widest(all, type), first);
}
