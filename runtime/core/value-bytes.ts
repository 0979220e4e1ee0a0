/**
 * How many bytes a value takes in the state of a rule, in the form in which the certificate counts
 * and the engine is measured: a number 8, a truth 1, a text 8 and its UTF-8 bytes, an address or an
 * identity 8; lists, maps and records what they hold.
 */
import { utf8Length } from "./builtins/index.ts";
import { CutText, type FieldType, type ItemType, RecordValue, type Value } from "./schema.ts";

/** A number, a time, an address, or a reference to something that has been counted. */
export const wordBytes = 8;
/** Of a text besides its own bytes. */
export const headBytes = 8;

/** 0 for a missing value. */
export function valueBytes(value: Value): number {
  if (value === undefined) return 0;
  if (typeof value === "string") return headBytes + utf8Length(value);
  if (typeof value === "boolean") return 1;
  if (typeof value !== "object") return wordBytes;
  if (value instanceof CutText) return headBytes + utf8Length(value.visible);
  if (value instanceof RecordValue) return sumOf(value.members.values());
  if (value instanceof Map) return sumOf(value.keys()) + sumOf(value.values());
  return sumOf(value as readonly Value[]);
}

function sumOf(values: Iterable<Value>): number {
  let bytes = 0;
  for (const value of values) bytes += valueBytes(value);
  return bytes;
}

/** The most that `valueBytes` is of a value of that type. */
export function typeBytes(type: FieldType): number {
  switch (type.t) {
    case "bool":
      return 1;
    case "enum":
      return headBytes + Math.max(0, ...type.members.map(utf8Length));
    case "string":
      return headBytes + type.maxBytes;
    case "list":
      return type.max * itemBytes(type.item);
    case "map":
      return type.max * (typeBytes(type.key) + itemBytes(type.value));
    case "record":
      return type.members.reduce((n, m) => n + itemBytes(m), 0);
    default:
      return wordBytes;
  }
}

function itemBytes(item: ItemType): number {
  return typeBytes(item.type);
}
