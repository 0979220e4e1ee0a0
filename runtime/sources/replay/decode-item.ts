/**
 * From a JSON value to a field, or to what a list, map or record in it holds. Lists are arrays,
 * maps and records are objects; `null` stands for what is missing where that is allowed. Pure.
 *
 *   "containers":[{"name":"web","restarts":0},{"name":"db","restarts":4}], "ports":{"80":"http"}
 */
import { type FieldType, type ItemType, RecordValue, type Value } from "#core";
import { bad, decodeValue, shown, type ValueProblem, wrongType } from "./decode-value.ts";
import { didYouMean, listed, nearestName } from "./nearest-name.ts";

/** One level down from a field to an item or a member of it. */
export interface ItemStep {
  /** Key in the JSON object, or place in the array. */
  readonly key: string | number;
  /** As people write it behind the field's name: `[1]`, `.name`, `["80"]`. */
  readonly written: string;
}

export type ItemProblem = ValueProblem & {
  /** From the field to the item that is meant. */
  readonly path: readonly ItemStep[];
};

export type ItemReading = { readonly ok: true; readonly value: Value } | ItemProblem;

type ListType = Extract<FieldType, { t: "list" }>;
type MapType = Extract<FieldType, { t: "map" }>;
type RecordType = Extract<FieldType, { t: "record" }>;

export function decodeItem({ type, isOptional }: ItemType, json: unknown): ItemReading {
  if (json === null && isOptional) return { ok: true, value: undefined };
  switch (type.t) {
    case "list":
      return decodeList(type, json);
    case "map":
      return decodeMap(type, json);
    case "record":
      return decodeRecord(type, json);
    default: {
      const reading = decodeValue(type, json);
      return reading.ok ? reading : here(reading);
    }
  }
}

/** Whether the value is a JSON object, and no list or `null`. */
export function isJsonObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function decodeList({ item, max }: ListType, json: unknown): ItemReading {
  if (!Array.isArray(json)) return here(wrongType("a list `[…]`", json));
  if (json.length > max) return here(tooMany(json.length, max));
  const values: Value[] = [];
  for (const [i, part] of json.entries()) {
    const reading = decodeItem(item, part);
    if (!reading.ok) return inside({ key: i, written: `[${i}]` }, reading);
    values.push(reading.value);
  }
  return { ok: true, value: values };
}

function decodeMap({ key: keyType, value: item, max }: MapType, json: unknown): ItemReading {
  if (!isJsonObject(json)) return here(wrongType("an object `{…}`", json));
  const entries = Object.entries(json);
  if (entries.length > max) return here(tooMany(entries.length, max));
  const values = new Map<Value, Value>();
  for (const [text, part] of entries) {
    const step = { key: text, written: `["${shown(text)}"]` };
    const key = decodeKey(keyType, text);
    if (!key.ok) return inside(step, key);
    if (values.has(key.value)) {
      const twice = bad("is the same key as one before it", "write each key once");
      return inside(step, here(twice));
    }
    const reading = decodeItem(item, part);
    if (!reading.ok) return inside(step, reading);
    values.set(key.value, reading.value);
  }
  return { ok: true, value: values };
}

/** Keys of JSON objects are texts: numbers are written in digits, others as they are as values. */
function decodeKey(type: FieldType, text: string): ItemReading {
  const isInteger = type.t === "int" || type.t === "u32" || type.t === "port";
  const isDigits = /^(?:0|-?[1-9]\d*)$/.test(text);
  const reading = decodeItem({ type, isOptional: false }, isInteger && isDigits ? +text : text);
  if (!reading.ok) return { ...reading, problem: `has a key that ${reading.problem}` };
  if (typeof reading.value === "object" && type.t === "string") {
    const limit = `${type.maxBytes} bytes`;
    return here(bad(`has a key of more than ${limit}`, `write a key of at most ${limit}`));
  }
  return reading;
}

function decodeRecord({ members }: RecordType, json: unknown): ItemReading {
  if (!isJsonObject(json)) return here(wrongType("an object `{…}`", json));
  const values = new Map<string, Value>();
  for (const [name, part] of Object.entries(json)) {
    const member = members.find((m) => m.name === name);
    if (member === undefined) {
      const names = members.map((m) => m.name);
      return inside({ key: name, written: "" }, here(unknownMember(name, names)));
    }
    const reading = decodeItem(member, part);
    if (!reading.ok) return inside({ key: name, written: `.${name}` }, reading);
    values.set(name, reading.value);
  }
  const open = members.find((m) => !m.isOptional && !values.has(m.name));
  if (open !== undefined)
    return here(bad(`needs the member \`${open.name}\``, `add "${open.name}":…`));
  return { ok: true, value: new RecordValue(members.map((m) => [m.name, values.get(m.name)])) };
}

/** What is wrong with a record that has a member `name`. */
export function unknownMember(name: string, members: readonly string[]): ValueProblem {
  const help = didYouMean(nearestName(name, members), `its members are ${listed(members)}`);
  return bad(`has no member \`${shown(name)}\``, help);
}

function tooMany(count: number, max: number): ValueProblem {
  return bad(`has ${count} items, more than ${max}`, `write at most ${max}`);
}

function here(problem: ValueProblem): ItemProblem {
  return { ...problem, path: [] };
}

function inside(step: ItemStep, problem: ItemProblem): ItemProblem {
  return { ...problem, path: [step, ...problem.path] };
}
