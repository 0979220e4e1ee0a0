/** `step.field`, `step.entity.pod`, and the facts every event has. */

import { type Expr, type Field, printExpr } from "#core";
import type { MemberExpr } from "#grammar";
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
    return read({ op: "field", of: step.of, name: member }, type, isOptional, scope);
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

/** A value read from an event; one that is known to be present here is not optional any more. */
function read(core: Expr, type: Type, isOptional: boolean, scope: Scope): Operand {
  return value(type, core, isOptional && !scope.facts.has(printExpr(core)));
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

/** What every event has besides its fields. */
const common = ["time", "ts", "id", "kind", "entity"];

function unknownField(e: MemberExpr, step: StepBinding, scope: Scope): Operand {
  const { session } = scope;
  if (step.isBroken) return { is: "error" };
  const names = step.kinds.flatMap(
    (k) => session.info.schema.kinds[k]?.fields.map((f) => f.name) ?? [],
  );
  const declared = session.info.declarations[step.kinds[0] ?? -1];
  const labels = declared
    ? [{ at: declared.name.span, text: `fields: ${[...new Set(names)].join(", ") || "none"}` }]
    : [];
  const event = session.kindNames(step.kinds);
  session.unknownField(e.member, event, [...names, ...common], labels);
  return { is: "error" };
}

function entityMember(e: MemberExpr, step: StepBinding, scope: Scope): Operand {
  const name = e.member.text;
  if (!scope.session.isEntityKind(name, e.member)) return { is: "error" };
  return read({ op: "entity", of: step.of, kind: name }, { t: "string" }, true, scope);
}
