/**
 * From type expressions to record types. Records are flattened: `r: { a: int b: string(8)? }` is
 * the fields `r.a` and `r.b`, so that everything behind the schema knows fields only.
 */
import type { Field, FieldType, ItemType, ScalarType } from "#core";
import {
  type Annotation,
  type DiagnosticSink,
  diagnostic,
  type FieldDecl,
  type ListType,
  type MapType,
  type Name,
  type RecordType,
  type TypeNode,
} from "#grammar";
import { suggestion } from "../passes/similar.ts";
import { annotationText, hasAnnotation } from "./annotation.ts";

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

/** Levels of lists, maps and records in each other. */
const levelsMax = 8;
/** Single values in one field, those of all its items counted. */
const valuesMax = 65_536;
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
    const field = { name: name.text, type: fieldType(type, sink), isOptional: type.isOptional };
    return [annotated(field, decl.annotations)];
  }
  const seen = new Set<string>();
  return type.fields.flatMap((inner) => {
    if (seen.has(inner.name.text))
      sink.add(diagnostic("TAP2005", inner.name.span, { name: inner.name.text }));
    seen.add(inner.name.text);
    return fieldsOf(inner, sink).map((f) => {
      const isOptional = type.isOptional || f.isOptional;
      const member = { ...f, name: `${name.text}.${f.name}`, isOptional };
      return hasAnnotation(decl.annotations, "redact") ? redacted(member) : member;
    });
  });
}

/** The field with what `@redact` and `@unit` say of it. */
function annotated(field: Field, annotations: readonly Annotation[]): Field {
  const unit = annotationText(annotations, "unit");
  const known = unit === undefined ? field : { ...field, unit };
  const isSecret = hasAnnotation(annotations, "redact") || holdsRedacted(field.type);
  return isSecret ? redacted(known) : known;
}

/** A list or map is shown as a whole, so that it is as secret as what is in it. */
function holdsRedacted(type: FieldType): boolean {
  switch (type.t) {
    case "list":
      return holdsRedacted(type.item.type);
    case "map":
      return holdsRedacted(type.value.type);
    case "record":
      return type.members.some((m) => m.isRedacted === true || holdsRedacted(m.type));
    default:
      return false;
  }
}

/**
 * A recording keeps nothing of a redacted value. Of a text it can say that none of it is known;
 * every other value is missing there, so that rules have to reckon with it.
 */
function redacted(field: Field): Field {
  return { ...field, isRedacted: true, isOptional: field.isOptional || field.type.t !== "string" };
}

/** The type of a value by itself; what such a value cannot have is reported. */
export function fieldType(node: TypeNode, sink: DiagnosticSink): FieldType {
  if (node.kind === "recordType")
    return unfit(node, "a record", "give each of its parts a field of its own", sink);
  const type = typeAt(node, sink);
  return isOfSize(node, type, sink) ? type : unreadable;
}

/** The type at any depth; what is an item, or a member of one, may be a record. */
function typeAt(node: TypeNode, sink: DiagnosticSink): FieldType {
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
      return { t: "record", members: membersOf(node, sink) };
    case "namedType":
      return namedType(node, sink);
  }
}

function membersOf({ fields }: RecordType, sink: DiagnosticSink): Field[] {
  const members = new Map<string, Field>();
  for (const { name, type, annotations } of fields) {
    const secret = hasAnnotation(annotations, "redact") ? ({ isRedacted: true } as const) : {};
    const member = { name: name.text, ...itemType(type, sink), ...secret };
    if (members.has(name.text)) sink.add(diagnostic("TAP2005", name.span, { name: name.text }));
    else members.set(name.text, member);
  }
  return [...members.values()];
}

/** Said once of the whole type: which of its levels is too much is for its author to decide. */
function isOfSize(node: TypeNode, type: FieldType, sink: DiagnosticSink): boolean {
  const { levels, values } = sizeOf(type);
  if (levels > levelsMax) {
    const what = "the depth of lists, maps and records in each other";
    sink.add(diagnostic("TAP2018", node.span, { what, bounds: `at most ${levelsMax}` }));
    return false;
  }
  // Of one level alone the number of items has been checked.
  if (levels < 2 || values <= valuesMax) return true;
  const what = "the number of values in a field, those of all its items together,";
  sink.add(diagnostic("TAP2018", node.span, { what, bounds: `at most ${valuesMax}` }));
  return false;
}

function sizeOf(type: FieldType): { readonly levels: number; readonly values: number } {
  const parts = partsOf(type).map(sizeOf);
  const levels = Math.max(0, ...parts.map((p) => p.levels));
  const values = parts.reduce((sum, p) => sum + p.values, 0);
  if (type.t === "record") return { levels: levels + 1, values };
  if (type.t !== "list" && type.t !== "map") return { levels: 0, values: 1 };
  return { levels: levels + 1, values: values * type.max };
}

function partsOf(type: FieldType): readonly FieldType[] {
  if (type.t === "list") return [type.item.type];
  if (type.t === "map") return [type.key, type.value.type];
  return type.t === "record" ? type.members.map((m) => m.type) : [];
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

function itemType(node: TypeNode, sink: DiagnosticSink): ItemType {
  return { type: typeAt(node, sink), isOptional: node.isOptional };
}

function keyType(node: TypeNode, sink: DiagnosticSink): FieldType {
  if (node.isOptional)
    return unfit(node, "an optional key", "take the `?` away: entries are found by key", sink);
  const type = typeAt(node, sink);
  if (type === unreadable || keyTypes.includes(type.t)) return type;
  return unfit(node, "this key", `use one of ${keyTypes.join(", ")} as the key`, sink);
}

function unfit(node: TypeNode, what: string, help: string, sink: DiagnosticSink): FieldType {
  sink.add(diagnostic("TAP2034", node.span, { what }, { help }));
  return unreadable;
}
