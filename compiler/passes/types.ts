/** The types of expressions. */
import { type FieldType, type ScalarType, type Unit, unitOf } from "#core";

export type Type =
  | { readonly t: ScalarType | "string" | "bytes_rate" | "error" }
  | { readonly t: "enum"; readonly members: readonly string[] };

/** A type and whether the value may be missing. */
export interface Typed {
  readonly type: Type;
  readonly isOptional: boolean;
}

export const errorType: Type = { t: "error" };
export const boolType: Type = { t: "bool" };

export function typeOfField(type: FieldType): Type {
  if (type.t === "enum") return { t: "enum", members: type.members };
  if (type.t === "list" || type.t === "map") return errorType;
  return { t: type.t };
}

export function unitOfType(type: Type): Unit {
  if (type.t === "bytes_rate") return "bytes_rate";
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

/** Whether values of both types can be compared for equality. */
export function isComparable(a: Type, b: Type): boolean {
  if (a.t === "error" || b.t === "error") return true;
  if (isText(a) && isText(b)) return true;
  if (isPlainNumber(a) && isPlainNumber(b)) return true;
  return a.t === b.t;
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
    case "bool":
    case "cidr":
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
      return "a text";
    case "enum":
      return `one of ${type.members.slice(0, 8).join(", ")}`;
    case "error":
      return "something unreadable";
  }
}
