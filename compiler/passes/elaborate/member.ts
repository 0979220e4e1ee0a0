/** `step.field`, `step.record.field`, `item.member`, and the facts every event has. */

import type { Expr, Field } from "#core";
import type { MemberExpr } from "#grammar";
import { suggestion } from "../similar.ts";
import { commonType, example, type Type, typeName, typeOfField } from "../types.ts";
import { pickedField } from "./aggregates.ts";
import { groupMember } from "./capture.ts";
import { elaborate } from "./elaborate.ts";
import { entityMember, levelMember } from "./entities.ts";
import { stepMayBeUnbound, withFact } from "./presence.ts";
import { type Operand, type Scope, type StepBinding, type Value, value } from "./scope.ts";

export function elaborateMember(e: MemberExpr, scope: Scope): Operand {
  const object = elaborate(e.object, scope);
  if (e.member.text === "") return { is: "error" };
  switch (object.is) {
    case "error":
      return object;
    case "event":
      return eventMember(e, object.step, "", scope);
    case "record":
      return eventMember(e, object.step, `${object.path}.`, scope);
    case "entity":
      return ofPicked(known(entityMember(e.member, object.step.of, scope), scope), object.step);
    case "subject":
      return entityMember(e.member, "subject", scope);
    case "groups":
      return known(groupMember(e, object, scope), scope);
    case "value":
      if (object.level) return known(levelMember(e, object, object.level, scope), scope);
      if (object.type.t === "record")
        return known(recordMember(e, object, object.type, scope), scope);
      return noFields(e, object, scope);
    case "firstOf":
      return notAStep(e, "`first_of(…)`", "only steps, records and entities have fields", scope);
  }
}

function noFields(e: MemberExpr, { type }: Value, scope: Scope): Operand {
  if (type.t === "error") return { is: "error" };
  return notAStep(e, typeName(type), howToRead(e, type, scope), scope);
}

/** A list or map of records has no members, but its items do. */
function howToRead(e: MemberExpr, type: Type, { session }: Scope): string {
  const [list, member] = [session.text(e.object), e.member.text];
  if (type.t === "list" && type.item.type.t === "record")
    return `read it of an item: \`${list}[0].${member}\`, or \`any(x in ${list}: x.${member} …)\``;
  if (type.t === "map" && type.value.type.t === "record")
    return `read it of an item: \`${list}[${example(type.key) ?? "key"}].${member}\``;
  return "only steps, records and entities have fields";
}

function notAStep(e: MemberExpr, found: string, help: string, scope: Scope): Operand {
  scope.session.report("TAP2010", e.object, { expected: "a step", found }, { help });
  return { is: "error" };
}

/** A member of a record that is a value: missing when it or the record is. */
function recordMember(
  e: MemberExpr,
  record: Value,
  { members }: Extract<Type, { t: "record" }>,
  scope: Scope,
): Operand {
  const name = e.member.text;
  const found = members.find((m) => m.name === name);
  if (!found) {
    const names = members.map((m) => m.name);
    const { similar, fixes } = suggestion(name, names, e.member.span);
    const params = { record: scope.session.text(e.object), member: name, similar };
    const help = `its members are ${names.map((n) => `\`${n}\``).join(", ")}`;
    scope.session.report("TAP2041", e.member, params, { fixes, help });
    return { is: "error" };
  }
  const { declared } = record;
  const fields = declared?.kind === "recordType" ? declared.fields : [];
  const decl = fields.find((f) => f.name.text === name);
  scope.session.checkDeprecated(e.member, "the member", name, decl?.annotations);
  const core: Expr = { op: "member", record: record.core, name };
  const x = value(found.type, core, record.isOptional || found.isOptional);
  return { ...x, declared: decl?.type };
}

function known(x: Operand, scope: Scope): Operand {
  return x.is === "value" ? withFact(x, scope) : x;
}

/** What `first(m)` and `last(m)` read in the condition of a window. */
function ofPicked(x: Operand, step: StepBinding): Operand {
  return x.is === "value" && step.picked ? pickedField(x, step.picked) : x;
}

function eventMember(e: MemberExpr, step: StepBinding, prefix: string, scope: Scope): Operand {
  const name = `${prefix}${e.member.text}`;
  const { kinds } = scope.session.info.schema;
  const found = step.kinds.map((k) => kinds[k]?.fields.find((f) => f.name === name));
  const present = found.filter((f) => f !== undefined);
  if (present.length > 0) return ofPicked(fieldMember(e, step, name, found, scope), step);
  const isRecord = step.kinds.some((k) =>
    kinds[k]?.fields.some((f) => f.name.startsWith(`${name}.`)),
  );
  if (isRecord) return { is: "record", step, path: name };
  return (
    (prefix === "" && metaMember(e.member.text, step, scope)) ||
    unknownField(e, step, prefix, scope)
  );
}

/** `found` is the field of each kind of the step, or undefined where the kind lacks it. */
function fieldMember(
  e: MemberExpr,
  step: StepBinding,
  name: string,
  found: readonly (Field | undefined)[],
  scope: Scope,
): Operand {
  const present = found.filter((f) => f !== undefined);
  const type = typeOfAll(present);
  if (!type) return mixedTypes(e, step, present, scope);
  const decls = step.kinds.map((kind) => scope.session.info.fieldDecl(kind, name));
  for (const decl of decls)
    scope.session.checkDeprecated(e.member, "the field", name, decl?.annotations);
  const isOptional =
    stepMayBeUnbound(step, scope) ||
    present.length < found.length ||
    present.some((f) => f.isOptional);
  const x = withFact(value(type, { op: "field", of: step.of, name }, isOptional), scope);
  return { ...x, origin: { kinds: step.kinds, field: name }, declared: decls[0]?.type };
}

function mixedTypes(
  e: MemberExpr,
  step: StepBinding,
  present: readonly Field[],
  scope: Scope,
): Operand {
  const names = [...new Set(present.map((f) => typeName(typeOfField(f.type))))];
  // Numbers of different sizes are called the same in messages.
  const sizes = [...new Set(present.map((f) => f.type.t))];
  const [left = "?", right = left] = names.length > 1 ? names : sizes.map((t) => `a \`${t}\``);
  const kinds = scope.session.kindNames(step.kinds);
  const help = `\`${e.member.text}\` has different types in ${kinds}; use two steps`;
  scope.session.report("TAP2012", e.member, { op: "|", left, right }, { help });
  return { is: "error" };
}

/** What every event has; undefined for any other name. */
function metaMember(member: string, step: StepBinding, scope: Scope): Operand | undefined {
  const isUnbound = stepMayBeUnbound(step, scope);
  const meta = (type: Type, what: "time" | "id" | "kind"): Operand =>
    ofPicked(value(type, { op: "meta", of: step.of, what }, isUnbound), step);
  switch (member) {
    case "time":
    case "ts":
      return meta({ t: "time" }, "time");
    case "id":
      return meta({ t: "string" }, "id");
    case "kind":
      return meta({ t: "string" }, "kind");
    case "entity":
      return { is: "entity", step };
    default:
      return undefined;
  }
}

/** One type for the field in every kind of a union; units and numbers are not mixed there. */
function typeOfAll(fields: readonly Field[]): Type | undefined {
  const [first, ...rest] = fields.map((f) => typeOfField(f.type));
  return rest.reduce<Type | undefined>((all, t) => {
    const common = all && commonType(all, t);
    const isText = common?.t === "string" || common?.t === "enum";
    return common && (isText || common.t === all?.t) && (isText || t.t === common.t)
      ? common
      : undefined;
  }, first);
}

/** What every event has besides its fields. */
const common = ["time", "ts", "id", "kind", "entity"];

function unknownField(e: MemberExpr, step: StepBinding, prefix: string, scope: Scope): Operand {
  const { session } = scope;
  if (step.isBroken) return { is: "error" };
  const names = step.kinds.flatMap((k) => namesBelow(k, prefix, scope));
  const declared = session.info.declarations[step.kinds[0] ?? -1];
  const labels = declared
    ? [{ at: declared.name.span, text: `fields: ${[...new Set(names)].join(", ") || "none"}` }]
    : [];
  const event = `${session.kindNames(step.kinds)}${prefix && `.${prefix.slice(0, -1)}`}`;
  session.unknownField(e.member, event, prefix ? names : [...names, ...common], labels);
  return { is: "error" };
}

/** Names that can stand behind `prefix`: fields and records. */
function namesBelow(kind: number, prefix: string, scope: Scope): string[] {
  const fields = scope.session.info.schema.kinds[kind]?.fields ?? [];
  const below = fields.filter((f) => f.name.startsWith(prefix));
  return [...new Set(below.map((f) => f.name.slice(prefix.length).split(".")[0] ?? ""))];
}
