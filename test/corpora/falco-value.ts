/** Falco's fields and values in Tapio: types, literals and quotes. */
import { exclude } from "./corpus.ts";

export type FieldType =
  | "string"
  | "bytes"
  | "int"
  | "u32"
  | "float"
  | "bool"
  | "ip"
  | "net"
  | "port"
  | "duration"
  | "time"
  | "map";

/** The real fields the suite compares, by what Falco says of them. */
export const knownTypes: Readonly<Record<string, FieldType>> = {
  "evt.rawtime": "time",
  "evt.is_io": "bool",
  "evt.buffer": "bytes",
  "fd.name": "string",
  "thread.cpu": "float",
  "evt.cpu": "int",
  "fd.dev": "u32",
  "proc.pid": "int",
  "fd.ip": "ip",
  "fd.net": "net",
  "fd.port": "port",
  "proc.pid.ts": "duration",
  "evt.count": "u32",
  "evt.num": "int",
};

/** As declared in the schema made for a filter. */
export const declaredTypes: Readonly<Record<FieldType, string>> = {
  string: "string(256)",
  bytes: "string(256)",
  int: "int",
  u32: "u32",
  float: "float",
  bool: "bool",
  ip: "ip",
  net: "ip",
  port: "port",
  duration: "duration",
  time: "time",
  map: "map<string(64), string(64), 16>",
};

/** A value without quotes ends at white space, a parenthesis, a comma, `=` or a quote. */
export const bareValue = /[^()"'\s=,]+/y;

export function isNumber(value: string): boolean {
  return isHex(value) || /^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$/.test(value);
}

function isHex(value: string): boolean {
  return /^0x[0-9a-f]+$/i.test(value);
}

export function isWhole(value: string): boolean {
  return isHex(value) || /^[+-]?\d+$/.test(value);
}

/** The value as a literal for a field of this type; one that does not fit stays a text. */
export function literalOf(value: string, type: FieldType): string {
  const isQuoted = /^["']/.test(value);
  const text = isQuoted ? unquote(value) : quoted(value);
  switch (type) {
    case "int":
    case "u32":
    case "port":
    case "float":
      if (isHex(value)) return value.toLowerCase();
      return isNumber(value) ? value.replace(/^\+/, "").replace(/\.(?=$|[eE])/, "") : text;
    case "bool":
      return value === "true" || value === "false" ? value : text;
    case "ip":
      return `ip${text}`;
    case "net":
      return `cidr${text}`;
    case "duration":
      return isNumber(value) ? `${value}us` : text;
    case "time":
      // Nanoseconds since the epoch; Tapio's times are as fine as a microsecond.
      return isNumber(value) ? `t"${new Date(Number(value) / 1e6).toISOString()}"` : text;
    default:
      return text;
  }
}

/** The text whose bytes are these, in hexadecimal; undefined when they are no such bytes. */
export function textOfBytes(digits: string): string | undefined {
  if (!/^(?:[0-9a-f]{2})+$/i.test(digits)) return undefined;
  const text = Buffer.from(digits, "hex").toString("utf8");
  if (Buffer.from(text, "utf8").toString("hex") !== digits.toLowerCase())
    exclude("bytes that are no text");
  return quoted(text).replaceAll("\0", "\\u{0}");
}

export function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}

/**
 * The literal in Tapio's quotes. Between double quotes both languages escape alike; between single
 * ones the delimiter's escape goes, and that of the other quote stays an escape of the other quote.
 */
export function unquote(literal: string): string {
  if (literal.startsWith('"')) return literal;
  const body = literal
    .slice(1, -1)
    .replace(/\\'|\\"|\\\\|"/g, (c) =>
      c === "\\'" ? "'" : c === '\\"' ? "\\'" : c === '"' ? '\\"' : c,
    );
  return `"${body}"`;
}

/** A path and everything below it. */
export function globOfPath(value: string): readonly string[] {
  const text = /^["']/.test(value) ? unquote(value) : quoted(value);
  return [text, `${text.slice(0, -1).replace(/\/$/, "")}/**"`];
}
