/**
 * From a JSON value to a single value, such as a number or a text; `decode-item.ts` has what holds
 * several. Pure; what is wrong is said in the words of the format.
 */
import { assertNever, CutText, type FieldType, parseIp, type Value } from "#core";
import { didYouMean, listed, nearestName } from "./nearest-name.ts";
import { parseTime } from "./time-text.ts";
import { parseUnits, type UnitType, unitExamples } from "./units.ts";

/** Types whose values are one value. */
export type SingleType = Exclude<FieldType, { t: "list" | "map" | "record" }>;

export interface ValueProblem {
  readonly ok: false;
  /** Completes "field `x` …". */
  readonly problem: string;
  readonly help: string;
}

export type ValueReading = { readonly ok: true; readonly value: NonNullable<Value> } | ValueProblem;

const encoder = new TextEncoder();
const U32_MAX = 0xffff_ffff;
const PORT_MAX = 0xffff;
const U64_MAX = 0xffff_ffff_ffff_ffffn;

export function decodeValue(type: SingleType, json: unknown): ValueReading {
  switch (type.t) {
    case "bool":
      return typeof json === "boolean" ? good(json) : wrongType("`true` or `false`", json);
    case "string":
      return decodeText(type.maxBytes, json);
    case "enum":
      return decodeMember(type.members, json);
    case "int":
      return decodeInteger(json, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    case "u32":
      return decodeInteger(json, 0, U32_MAX);
    case "port":
      return decodeInteger(json, 0, PORT_MAX);
    case "float":
      return decodeFloat(json);
    case "duration":
    case "size":
    case "percent":
    case "rate":
      return typeof json === "string"
        ? decodeUnits(type.t, json)
        : decodeInteger(json, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, type.t);
    case "time":
      return decodeTime(json);
    case "id64":
      return decodeId64(json);
    case "ip":
    case "cidr":
      return decodeIp(json);
    default:
      return assertNever(type);
  }
}

/** A point in time: `ts` of a line, and fields of type `time`. */
export function decodeTime(json: unknown): ValueReading {
  const help =
    'write ISO 8601 with a zone such as "2026-11-21T10:00:00.123456Z", or whole µs since the epoch';
  if (typeof json === "number") {
    if (Number.isSafeInteger(json)) return good(json);
    return bad(`is ${json}, which is no whole number of microseconds`, help);
  }
  if (typeof json !== "string") return bad(`must be a time, not ${nameOf(json)}`, help);
  const us = parseTime(json);
  return us === undefined ? bad(`is \`${shown(json)}\`, which is not a time`, help) : good(us);
}

function good(value: NonNullable<Value>): ValueReading {
  return { ok: true, value };
}

export function bad(problem: string, help: string): ValueProblem {
  return { ok: false, problem, help };
}

export function wrongType(wanted: string, json: unknown): ValueProblem {
  return bad(`must be ${wanted}, not ${nameOf(json)}`, `write ${wanted}`);
}

/** The kind of a JSON value, in words. */
export function nameOf(json: unknown): string {
  if (json === null) return "`null`";
  if (Array.isArray(json)) return "a list";
  switch (typeof json) {
    case "string":
      return `the text \`${shown(json)}\``;
    case "number":
    case "boolean":
      return `\`${json}\``;
    default:
      return "an object";
  }
}

/** Text from a file, short enough for a message of one line. */
export function shown(text: string): string {
  const cut = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return JSON.stringify(cut.toWellFormed()).slice(1, -1);
}

function decodeText(maxBytes: number, json: unknown): ValueReading {
  if (typeof json === "string") {
    const text = json.toWellFormed();
    const fitted = cutToBytes(text, maxBytes);
    return good(fitted.length < text.length ? new CutText(fitted) : text);
  }
  if (typeof json === "object" && json !== null && !Array.isArray(json)) {
    const [key, ...others] = Object.keys(json);
    const prefix: unknown = Reflect.get(json, "cut");
    if (key === "cut" && others.length === 0 && typeof prefix === "string") {
      return good(new CutText(cutToBytes(prefix.toWellFormed(), maxBytes)));
    }
  }
  return bad(
    `must be a text, not ${nameOf(json)}`,
    'write a text, or {"cut":"prefix"} when only the beginning is known',
  );
}

/** The longest prefix of whole characters with at most `maxBytes` bytes of UTF-8. */
function cutToBytes(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text;
  return text.slice(0, encoder.encodeInto(text, new Uint8Array(maxBytes)).read);
}

function decodeMember(members: readonly string[], json: unknown): ValueReading {
  const list = listed(members);
  if (typeof json !== "string") return bad(`must be one of ${list}`, `write one of ${list}`);
  if (members.includes(json)) return good(json);
  const help = didYouMean(nearestName(json, members), `write one of ${list}`);
  return bad(`has no member \`${shown(json)}\``, help);
}

function decodeInteger(json: unknown, min: number, max: number, unit?: UnitType): ValueReading {
  const wanted = unit === undefined ? "a whole number" : unitExamples[unit];
  if (typeof json !== "number") return wrongType(wanted, json);
  if (Math.abs(json) > Number.MAX_SAFE_INTEGER) {
    return bad(`is ${json}, outside ±(2^53−1)`, "numbers beyond that are not exact; write less");
  }
  if (!Number.isInteger(json)) return bad(`is ${json}, not a whole number`, `write ${wanted}`);
  if (json < min || json > max) {
    return bad(`is ${json}, outside ${min} to ${max}`, `write a number from ${min} to ${max}`);
  }
  return good(json);
}

function decodeFloat(json: unknown): ValueReading {
  if (typeof json !== "number") return wrongType("a number", json);
  if (Number.isFinite(json)) return good(json);
  return bad("is too large for a 64-bit float", "write a smaller number");
}

function decodeUnits(type: UnitType, text: string): ValueReading {
  const value = parseUnits(type, text);
  if (value !== undefined) return good(value);
  const article = `a ${type}`;
  return bad(`is \`${shown(text)}\`, which is not ${article}`, `write ${unitExamples[type]}`);
}

function decodeId64(json: unknown): ValueReading {
  const help = 'write it as decimal digits in quotes, such as "4026531835"';
  if (typeof json === "number" && Number.isSafeInteger(json) && json >= 0)
    return good(BigInt(json));
  if (typeof json === "number") {
    return bad(`is ${json}, which is no exact 64-bit id`, help);
  }
  if (typeof json !== "string") return bad(`must be an id, not ${nameOf(json)}`, help);
  if (!/^\d{1,20}$/.test(json) || BigInt(json) > U64_MAX) {
    return bad(`is \`${shown(json)}\`, which is no 64-bit id`, help);
  }
  return good(BigInt(json));
}

function decodeIp(json: unknown): ValueReading {
  const help = 'write an address such as "10.0.0.1" or "fe80::1"';
  if (typeof json !== "string") return bad(`must be an address, not ${nameOf(json)}`, help);
  const address = parseIp(json);
  if (address === undefined) return bad(`is \`${shown(json)}\`, which is no IP address`, help);
  return good(address);
}
