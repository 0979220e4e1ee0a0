/** The types of expressions. */
import { type FieldType, type ItemType, type ScalarType, type Unit, unitOf } from "#core";
import { unreadable } from "../schema/field-type.ts";

export type Type =
  | { readonly t: ScalarType | "bytes_rate" | "error" }
  | {
      readonly t: "string";
      /** The only texts it can be, of a choice between constants; undefined when it can be any. */
      readonly members?: readonly string[] | undefined;
      /** The most bytes it can have; undefined when nothing is known of that. */
      readonly maxBytes?: number | undefined;
    }
  | { readonly t: "enum"; readonly members: readonly string[] }
  /** `max`: the most items it can have; undefined when nothing is known of that. */
  | { readonly t: "list"; readonly item: Typed; readonly max?: number | undefined }
  | { readonly t: "map"; readonly key: Type; readonly value: Typed }
  /** An item, or a member of one; in the order of the declaration. */
  | { readonly t: "record"; readonly members: readonly Member[] };

/** A type and whether the value may be missing. */
export interface Typed {
  readonly type: Type;
  readonly isOptional: boolean;
}

export interface Member extends Typed {
  readonly name: string;
}

export const errorType: Type = { t: "error" };
export const boolType: Type = { t: "bool" };

export function typeOfField(type: FieldType): Type {
  if (type === unreadable) return errorType;
  if (type.t === "string") return { t: "string", maxBytes: type.maxBytes };
  if (type.t === "enum") return { t: "enum", members: type.members };
  if (type.t === "list") return { t: "list", item: typeOfItem(type.item), max: type.max };
  if (type.t === "map")
    return { t: "map", key: typeOfField(type.key), value: typeOfItem(type.value) };
  if (type.t === "record")
    return { t: "record", members: type.members.map((m) => ({ name: m.name, ...typeOfItem(m) })) };
  return { t: type.t };
}

function typeOfItem({ type, isOptional }: ItemType): Typed {
  return { type: typeOfField(type), isOptional };
}

export function unitOfType(type: Type): Unit {
  if (type.t === "bytes_rate") return "bytes_rate";
  // A list is written as its items are.
  if (type.t === "list") return unitOfType(type.item.type);
  if (type.t === "map") return { key: unitOfType(type.key), value: unitOfType(type.value.type) };
  if (type.t === "record") {
    const members = type.members.map((m) => ({ name: m.name, unit: unitOfType(m.type) }));
    return { members };
  }
  if (type.t === "error" || type.t === "string" || type.t === "enum") return "text";
  return unitOf({ t: type.t });
}

/** Types whose values are plain numbers without a unit. */
export function isPlainNumber(type: Type): boolean {
  return type.t === "int" || type.t === "u32" || type.t === "float" || type.t === "port";
}

export function isNumeric(type: Type): boolean {
  return (
    isPlainNumber(type) ||
    ["duration", "size", "percent", "rate", "bytes_rate", "time"].includes(type.t)
  );
}

export function isText(type: Type): boolean {
  return type.t === "string" || type.t === "enum";
}

/** The only texts that a value of the type can be; undefined when it can be any, or is no text. */
export function textsOf(type: Type): readonly string[] | undefined {
  return type.t === "enum" || type.t === "string" ? type.members : undefined;
}

/** Whether values of both types can be compared for equality. */
export function isComparable(a: Type, b: Type): boolean {
  if (a.t === "error" || b.t === "error") return true;
  if (isText(a) && isText(b)) return true;
  if (isPlainNumber(a) && isPlainNumber(b)) return true;
  return a.t === b.t && isScalar(a);
}

/** Whether values of the type are compared: lists, maps and records as a whole are not. */
export function isScalar(type: Type): boolean {
  return type.t !== "record" && !hasItems(type);
}

/** Whether the type is one of several values that can be asked about one by one. */
export function hasItems(type: Type): type is Extract<Type, { t: "list" | "map" }> {
  return type.t === "list" || type.t === "map";
}

/** The type that holds values of both, or undefined when there is none. */
export function commonType(a: Type, b: Type): Type | undefined {
  if (a.t === "error") return b;
  if (b.t === "error") return a;
  if (a.t === "enum" && b.t === "enum")
    return { t: "enum", members: [...new Set([...a.members, ...b.members])] };
  if (isText(a) && isText(b)) return textOfBoth(a, b);
  if (a.t === "list" && b.t === "list") {
    const item = commonItem(a.item, b.item);
    return item && { t: "list", item };
  }
  if (a.t === "map" && b.t === "map") {
    const key = commonType(a.key, b.key);
    const value = commonItem(a.value, b.value);
    return key && value && { t: "map", key, value };
  }
  if (a.t === "record" && b.t === "record") return commonRecord(a.members, b.members);
  if (a.t === b.t) return a;
  if (!isPlainNumber(a) || !isPlainNumber(b)) return undefined;
  return { t: a.t === "float" || b.t === "float" ? "float" : "int" };
}

function commonItem(a: Typed, b: Typed): Typed | undefined {
  const type = commonType(a.type, b.type);
  return type && { type, isOptional: a.isOptional || b.isOptional };
}

/** Records are of one type when they have the same members. */
function commonRecord(a: readonly Member[], b: readonly Member[]): Type | undefined {
  const members = a.flatMap((m) => {
    const other = b.find((x) => x.name === m.name);
    const common = other && commonItem(m, other);
    return common ? [{ name: m.name, ...common }] : [];
  });
  const isSame = members.length === a.length && a.length === b.length;
  return isSame ? { t: "record", members } : undefined;
}

function textOfBoth(a: Type, b: Type): Type {
  const [some, others] = [textsOf(a), textsOf(b)];
  const members = some && others && [...new Set([...some, ...others])];
  return members ? { t: "string", members } : { t: "string" };
}

/** How to ask about a value that is not compared as a whole, for messages. */
export function askParts(type: Type): string {
  if (type.t !== "record") return "ask for its items: `x in list`, or `any(x in list: …)`";
  const names = type.members.map((m) => `\`.${m.name}\``).join(", ");
  return `a record is not compared as a whole: ask for its members, ${names}`;
}

/** A literal of the type, for messages that show a way out. */
export function example(type: Type): string | undefined {
  switch (type.t) {
    case "int":
    case "u32":
    case "float":
    case "port":
      return "5";
    case "id64":
      return 'id("4026531840")';
    case "duration":
      return "30s";
    case "size":
      return "512MiB";
    case "percent":
      return "85%";
    case "rate":
      return "10/s";
    case "bytes_rate":
      return "1MiB/s";
    case "time":
      return 't"2026-01-31T12:00:00Z"';
    case "ip":
      return 'ip"10.0.0.1"';
    case "string":
      return '"text"';
    case "enum":
      return `"${type.members[0] ?? ""}"`;
    case "cidr":
      return 'cidr"10.0.0.0/8"';
    case "bool":
    case "list":
    case "map":
    case "record":
    case "error":
      return undefined;
  }
}

/** How a type is called in messages. */
export function typeName(type: Type): string {
  switch (type.t) {
    case "bool":
      return "a condition";
    case "int":
    case "u32":
    case "float":
      return "a number";
    case "id64":
      return "an id";
    case "duration":
      return "a duration";
    case "size":
      return "a size";
    case "percent":
      return "a percentage";
    case "rate":
      return "a rate";
    case "bytes_rate":
      return "a byte rate";
    case "time":
      return "a time";
    case "ip":
      return "an address";
    case "cidr":
      return "a network";
    case "port":
      return "a port";
    case "string":
      return (type.members?.length ?? 0) > 1 ? oneOf(type.members ?? []) : "a text";
    case "enum":
      return oneOf(type.members);
    case "list":
      return `a list of ${plural(type.item.type)}`;
    case "map":
      return `a map to ${plural(type.value.type)}`;
    case "record":
      return `a record of ${listed(type.members.map((m) => m.name))}`;
    case "error":
      return "something unreadable";
  }
}

function oneOf(members: readonly string[]): string {
  return `one of ${listed(members)}`;
}

function listed(names: readonly string[]): string {
  return names.slice(0, 8).join(", ");
}

/** Several values of the type, for messages: `numbers`, `texts`. */
export function plural(type: Type): string {
  const one = typeName(type);
  if (isText(type)) return "texts";
  if (type.t === "ip") return "addresses";
  if (type.t === "list") return "lists";
  if (type.t === "map") return "maps";
  if (type.t === "record") return "records";
  return `${one.replace(/^an? /, "")}s`;
}
