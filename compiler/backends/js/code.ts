/**
 * Text of generated JavaScript, in a type that cannot hold unescaped user text.
 *
 *     code`${field} === ${lit(userText)}`
 *
 * Holes take only `Code`, `Name` and finite numbers. User text enters through `lit`, as data. Names
 * are ours, never the user's.
 */
export class Code {
  readonly text: string;
  constructor(text: string, key: typeof sealed) {
    if (key !== sealed) throw new Error("code is made by code``, lit and name");
    this.text = text;
  }
}

const sealed = Symbol("code");

export type Hole = Code | number;

export function code(parts: TemplateStringsArray, ...holes: Hole[]): Code {
  let text = parts[0] ?? "";
  for (let i = 0; i < holes.length; i += 1) text += holeText(holes[i]!) + (parts[i + 1] ?? "");
  return new Code(text, sealed);
}

function holeText(hole: Hole): string {
  if (hole instanceof Code) return hole.text;
  if (!Number.isFinite(hole)) throw new Error(`not a number for code: ${hole}`);
  return hole < 0 || Object.is(hole, -0) ? `(${hole})` : String(hole);
}

/** A literal for any value a rule can hold. */
export function lit(value: string | number | bigint | boolean | undefined): Code {
  if (typeof value === "bigint")
    return new Code(`${value < 0n ? `(${value}n)` : `${value}n`}`, sealed);
  if (typeof value === "number") return code`${value}`;
  if (value === undefined) return code`undefined`;
  if (typeof value === "boolean") return value ? yes : no;
  return new Code(escapeSeparators(JSON.stringify(value)), sealed);
}

/** A literal of plain data: texts, numbers, booleans, lists and objects of them. */
export function data(value: unknown): Code {
  const json = JSON.stringify(value) ?? "undefined";
  // `__proto__` as a key of an object literal would set its prototype.
  return json.includes("__proto__")
    ? code`JSON.parse(${lit(json)})`
    : new Code(escapeSeparators(json), sealed);
}

/** JSON leaves these two line separators as they are; older parsers read them as line ends. */
function escapeSeparators(json: string): string {
  return json.replace(/\u2028/g, "\\u2028").replace(/\u2029/g, "\\u2029");
}

/** One of our own identifiers: a fixed stem and a number. */
export function name(stem: string, id?: number): Code {
  if (!/^[A-Za-z_$][\w$]*$/.test(stem)) throw new Error(`not an identifier: ${stem}`);
  return new Code(id === undefined ? stem : `${stem}${id}`, sealed);
}

export function join(items: readonly Code[], separator: string): Code {
  if (!/^[\s,;:&|?()]*$/.test(separator)) throw new Error("separators are punctuation");
  return new Code(items.map((c) => c.text).join(separator), sealed);
}

export const yes = code`true`;
export const no = code`false`;

/** `a && b && …`, shortened where a part is constant. */
export function both(...items: Code[]): Code {
  const rest = items.filter((c) => c.text !== "true");
  if (rest.some((c) => c.text === "false")) return no;
  if (rest.length === 0) return yes;
  return rest.length === 1 ? (rest[0] ?? yes) : code`(${join(rest, " && ")})`;
}

/** `a || b || …`, shortened where a part is constant. */
export function either(...items: Code[]): Code {
  const rest = items.filter((c) => c.text !== "false");
  if (rest.some((c) => c.text === "true")) return yes;
  if (rest.length === 0) return no;
  return rest.length === 1 ? (rest[0] ?? no) : code`(${join(rest, " || ")})`;
}
