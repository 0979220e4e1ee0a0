/**
 * What fields the data of EQL's suite has, as Tapio declares them: of every event type the same
 * ones, each of which may be missing. A record is declared with its members; of numbers those with
 * a fraction are floats.
 */
import { parseIp, RecordValue, type Value } from "#core";
import { exclude } from "./corpus.ts";

export type EqlEvent = Readonly<Record<string, unknown>> & {
  readonly event_type: string;
  readonly serial_event_id: number;
  readonly timestamp: number;
};

export type Shape =
  | { readonly t: "int" | "float" | "string" | "bool" | "ip" }
  | { readonly t: "list"; readonly item: Shape }
  | { readonly t: "record"; readonly members: Fields };

export type Fields = ReadonlyMap<string, Shape>;

const textBytes = 1024;
const itemsMax = 64;

export function fieldsOf(events: readonly EqlEvent[]): Fields {
  const { timestamp: _, ...all } = Object.assign({}, ...events.map(known));
  const shape = shapeOf(all);
  return shape?.t === "record" ? shape.members : new Map();
}

function known(event: EqlEvent): Record<string, unknown> {
  return Object.fromEntries(Object.entries(event).filter(([, value]) => value !== null));
}

function shapeOf(value: unknown): Shape | undefined {
  if (typeof value === "number") return { t: Number.isInteger(value) ? "int" : "float" };
  if (typeof value === "string") return { t: "string" };
  if (typeof value === "boolean") return { t: "bool" };
  if (Array.isArray(value)) {
    const items = value.map(shapeOf).filter((s) => s !== undefined);
    const [first] = items;
    if (first === undefined) return undefined;
    return { t: "list", item: items.reduce(merged, first) };
  }
  if (typeof value !== "object" || value === null) return undefined;
  const members = Object.entries(value).flatMap(([name, v]) => {
    const shape = shapeOf(v);
    return shape ? [[name, shape] as const] : [];
  });
  return members.length === 0 ? undefined : { t: "record", members: new Map(members) };
}

/** The shape of what has either: members that some items lack are not lost. */
function merged(a: Shape, b: Shape): Shape {
  if (a.t === "list" && b.t === "list") return { t: "list", item: merged(a.item, b.item) };
  if (a.t !== "record" || b.t !== "record") return a;
  const out = new Map(a.members);
  for (const [name, shape] of b.members) {
    const mine = out.get(name);
    out.set(name, mine ? merged(mine, shape) : shape);
  }
  return { t: "record", members: out };
}

/** The fields as a declaration has them. */
export function fieldTexts(fields: Fields): string {
  return [...fields].map(([name, shape]) => `${name}: ${typeText(shape)}?`).join(" ");
}

function typeText(shape: Shape): string {
  if (shape.t === "string") return `string(${textBytes})`;
  if (shape.t === "list") return `list<${typeText(shape.item)}, ${itemsMax}>`;
  return shape.t === "record" ? `{ ${fieldTexts(shape.members)} }` : shape.t;
}

/** The values of an event by the names its kind has for them: a record's members are fields. */
export function valuesOf(event: unknown, fields: Fields): Record<string, Value> {
  const out: Record<string, Value> = {};
  for (const [name, shape] of fields) {
    const value = memberOf(event, name);
    if (shape.t !== "record") out[name] = dataOf(value, shape);
    else
      for (const [inner, v] of Object.entries(valuesOf(value, shape.members)))
        out[`${name}.${inner}`] = v;
  }
  return out;
}

function dataOf(value: unknown, shape: Shape): Value {
  if (value === undefined || value === null) return undefined;
  if (shape.t === "list")
    return Array.isArray(value) ? value.map((x) => dataOf(x, shape.item)) : undefined;
  if (shape.t === "record")
    return new RecordValue(
      [...shape.members].map(([name, s]) => [name, dataOf(memberOf(value, name), s)] as const),
    );
  if (shape.t === "ip") return parseIp(String(value)) ?? exclude("a text that is no address");
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return value;
  return exclude("values of several types in one field");
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
