/** `step.field`, `step.entity.pod`, and the facts every event has. */

import type { Field } from "#core";
import type { MemberExpr } from "#grammar";
import { similar } from "../similar.ts";
import { type Type, typeName, typeOfField } from "../types.ts";
import { elaborate } from "./elaborate.ts";
import { type Operand, type Scope, type StepBinding, value } from "./scope.ts";

export function elaborateMember(e: MemberExpr, scope: Scope): Operand {
  const object = elaborate(e.object, scope);
  const member = e.member.text;
  if (object.is === "error" || member === "") return { is: "error" };
  if (object.is === "event") return eventMember(e, object.step, scope);
  if (object.is === "entity") return entityMember(e, object.step, scope);
  scope.session.report(
    "TAP2010",
    e.object,
    { expected: "a step", found: typeName(object.type) },
    {
      help: "only steps and entities have fields",
    },
  );
  return { is: "error" };
}

/** A step that may be unbound makes everything read from it optional. */
export function stepMayBeUnbound(step: StepBinding, scope: Scope): boolean {
  if (!step.isOptional) return false;
  const name =
    step.of.step === "current"
      ? "current"
      : step.of.pick === "last"
        ? `last(@${step.of.step})`
        : `@${step.of.step}`;
  return !scope.facts.has(`bound(${name})`) && !scope.facts.has(`bound(@${step.of.step})`);
}

function eventMember(e: MemberExpr, step: StepBinding, scope: Scope): Operand {
  const member = e.member.text;
  const isUnbound = stepMayBeUnbound(step, scope);
  const { kinds } = scope.session.info.schema;
  const found = step.kinds.map((k) => kinds[k]?.fields.find((f) => f.name === member));
  const present = found.filter((f) => f !== undefined);
  const first = present[0];
  if (first) {
    const type = commonType(present);
    if (!type) {
      const left = typeName(typeOfField(first.type));
      const right = typeName(typeOfField(present[1]?.type ?? first.type));
      scope.session.report(
        "TAP2012",
        e.member,
        { op: "|", left, right },
        {
          help: `\`${member}\` has different types in ${scope.session.kindNames(step.kinds)}; use two steps`,
        },
      );
      return { is: "error" };
    }
    const isOptional =
      isUnbound || present.length < found.length || present.some((f) => f.isOptional);
    return value(type, { op: "field", of: step.of, name: member }, isOptional);
  }
  switch (member) {
    case "time":
    case "ts":
      return value({ t: "time" }, { op: "meta", of: step.of, what: "time" }, isUnbound);
    case "id":
      return value({ t: "string" }, { op: "meta", of: step.of, what: "id" }, isUnbound);
    case "kind":
      return value({ t: "string" }, { op: "meta", of: step.of, what: "kind" }, isUnbound);
    case "entity":
      return { is: "entity", step };
    default:
      return unknownField(e, step, scope);
  }
}

function commonType(fields: readonly Field[]): Type | undefined {
  const types = fields.map((f) => typeOfField(f.type));
  const first = types[0];
  if (!first) return undefined;
  if (types.every((t) => t.t === "enum")) {
    return {
      t: "enum",
      members: [...new Set(types.flatMap((t) => (t.t === "enum" ? t.members : [])))],
    };
  }
  if (types.every((t) => t.t === "enum" || t.t === "string")) return { t: "string" };
  return types.every((t) => t.t === first.t) ? first : undefined;
}

function unknownField(e: MemberExpr, step: StepBinding, scope: Scope): Operand {
  const { session } = scope;
  const names = step.kinds.flatMap(
    (k) => session.info.schema.kinds[k]?.fields.map((f) => f.name) ?? [],
  );
  const close = similar(e.member.text, names);
  const fixes = close
    ? [
        {
          title: `replace with \`${close}\``,
          kind: "safe" as const,
          edits: [{ at: e.member.span, newText: close }],
        },
      ]
    : [];
  const declared = session.info.declarations[step.kinds[0] ?? -1];
  const labels = declared
    ? [{ at: declared.name.span, text: `fields: ${[...new Set(names)].join(", ") || "none"}` }]
    : [];
  session.report(
    "TAP2003",
    e.member,
    {
      event: session.kindNames(step.kinds),
      field: e.member.text,
      similar: close,
    },
    { fixes, labels },
  );
  return { is: "error" };
}

function entityMember(e: MemberExpr, step: StepBinding, scope: Scope): Operand {
  const kinds = scope.session.info.schema.entities.map((k) => k.name);
  const name = e.member.text;
  if (kinds.includes(name))
    return value({ t: "string" }, { op: "entity", of: step.of, kind: name }, true);
  scope.session.report("TAP2007", e.member, {
    what: "entity kind",
    name,
    similar: similar(name, kinds),
  });
  return { is: "error" };
}
