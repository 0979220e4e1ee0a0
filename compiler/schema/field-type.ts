/**
 * From type expressions to record types. Records are flattened: `r: { a: int b: string(8)? }` is
 * the fields `r.a` and `r.b`, so that everything behind the schema knows fields only.
 */
import type { Field, FieldType, ScalarType } from "#core";
import {
  type DiagnosticSink,
  diagnostic,
  type FieldDecl,
  type ListType,
  type MapType,
  type Name,
  type TypeNode,
} from "#grammar";
import { suggestion } from "../passes/similar.ts";

const scalarTypes = [
  "bool",
  "int",
  "u32",
  "float",
  "id64",
  "duration",
  "size",
  "percent",
  "rate",
  "time",
  "ip",
  "cidr",
  "port",
] as const satisfies readonly ScalarType[];

/** Stands for a type that was reported: what is read of it is no news. */
export const unreadable: FieldType = { t: "bool" };

/** Bytes of a text; a source's line is no longer. */
const textMax = 65_536;
/** Items of a list or a map. */
const itemsMax = 4096;
/** Types whose values are equal exactly when they are the same value. */
const keyTypes: readonly FieldType["t"][] = ["string", "enum", "int", "u32", "id64", "port", "ip"];

/** The fields a declaration stands for: itself, or those of its record with dotted names. */
export function fieldsOf(decl: FieldDecl, sink: DiagnosticSink): Field[] {
  const { type, name } = decl;
  if (type.kind !== "recordType") {
    return [{ name: name.text, type: fieldType(type, sink), isOptional: type.isOptional }];
  }
  const seen = new Set<string>();
  return type.fields.flatMap((inner) => {
    if (seen.has(inner.name.text))
      sink.add(diagnostic("TAP2005", inner.name.span, { name: inner.name.text }));
    seen.add(inner.name.text);
    return fieldsOf(inner, sink).map((f) => ({
      ...f,
      name: `${name.text}.${f.name}`,
      isOptional: type.isOptional || f.isOptional,
    }));
  });
}

/** The record type of a type expression; what a value cannot have is reported. */
export function fieldType(node: TypeNode, sink: DiagnosticSink): FieldType {
  switch (node.kind) {
    case "enumType":
      return enumOf(node, sink);
    case "listType":
      checkItemCount(node, sink);
      return { t: "list", item: itemType(node.element, sink), max: node.max };
    case "mapType":
      checkItemCount(node, sink);
      return {
        t: "map",
        key: keyType(node.key, sink),
        value: itemType(node.value, sink),
        max: node.max,
      };
    case "recordType":
      return unfit(node, "a record", "give each of its parts a field of its own", sink);
    case "namedType":
      return namedType(node, sink);
  }
}

function enumOf(node: Extract<TypeNode, { kind: "enumType" }>, sink: DiagnosticSink): FieldType {
  const seen = new Map<string, Name>();
  for (const member of node.members) {
    const first = seen.get(member.text);
    if (!first) seen.set(member.text, member);
    else {
      const labels = [{ at: first.span, text: "first declared here" }];
      sink.add(diagnostic("TAP2005", member.span, { name: member.text }, { labels }));
    }
  }
  return { t: "enum", members: [...seen.keys()] };
}

/** Whether `name` alone is a type. */
export function isTypeName(name: string): boolean {
  return name === "string" || scalarTypes.some((s) => s === name);
}

function namedType(
  node: Extract<TypeNode, { kind: "namedType" }>,
  sink: DiagnosticSink,
): FieldType {
  const name = node.name.text;
  // The syntax error that left the name out has been reported.
  if (name === "") return unreadable;
  if (name === "string") return textType(node, sink);
  const scalar = scalarTypes.find((s) => s === name);
  if (scalar && node.size !== undefined)
    return unfit(node, "a size", `write \`${name}\`: only texts have a size`, sink);
  if (scalar) return { t: scalar };
  const names = [...scalarTypes, "string", "enum", "list", "map"];
  const { similar, fixes } = suggestion(name, names, node.name.span);
  const help = `use one of ${scalarTypes.join(", ")}, string(N), enum { … }, list<…, N>, map<…, …, N>`;
  sink.add(diagnostic("TAP2007", node.name.span, { what: "type", name, similar }, { fixes, help }));
  return unreadable;
}

function textType(
  { size = 256, span }: Extract<TypeNode, { kind: "namedType" }>,
  sink: DiagnosticSink,
): FieldType {
  if (size < 1 || size > textMax) {
    const params = { what: "the length of a text", bounds: `from 1 to ${textMax} bytes` };
    sink.add(diagnostic("TAP2018", span, params));
  }
  return { t: "string", maxBytes: size };
}

function checkItemCount(node: ListType | MapType, sink: DiagnosticSink): void {
  if (node.max >= 1 && node.max <= itemsMax) return;
  const what = node.kind === "listType" ? "the length of a list" : "the size of a map";
  sink.add(diagnostic("TAP2018", node.span, { what, bounds: `from 1 to ${itemsMax}` }));
}

/** An item is there or is not in the list; there is no third state. */
function itemType(node: TypeNode, sink: DiagnosticSink): FieldType {
  if (node.isOptional)
    return unfit(node, "an optional item", "take the `?` away: what is missing is left out", sink);
  return fieldType(node, sink);
}

function keyType(node: TypeNode, sink: DiagnosticSink): FieldType {
  const type = itemType(node, sink);
  if (type === unreadable || keyTypes.includes(type.t)) return type;
  return unfit(node, "this key", `use one of ${keyTypes.join(", ")} as the key`, sink);
}

function unfit(node: TypeNode, what: string, help: string, sink: DiagnosticSink): FieldType {
  sink.add(diagnostic("TAP2034", node.span, { what }, { help }));
  return unreadable;
}
