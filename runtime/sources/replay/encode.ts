/** From events to lines of a recording; `line.ts` has the format. */
import {
  assertNever,
  CutText,
  type EventData,
  type Field,
  type FieldType,
  formatIp,
  formatTime,
  type ItemType,
  RecordValue,
  type Schema,
  type Value,
} from "#core";
import { RECORDING_VERSION } from "./config.ts";
import { counterNames, type RecordedCounters } from "./line.ts";
import { lineName } from "./recording-names.ts";

/** The line that names the format; without its end. */
export function encodeHeader(): string {
  return `{"tapio":"recording","version":${RECORDING_VERSION}}`;
}

/** One event as a line, without its end. `seq` undefined: the line has none. */
export function encodeLine(
  schema: Schema,
  event: Omit<EventData, "id" | "seq"> & { readonly seq?: number | undefined },
): string {
  const kind = schema.kinds[event.kind];
  if (kind === undefined) throw new RangeError(`the schema has no event kind ${event.kind}`);
  const parts = [`"kind":${JSON.stringify(kind.name)}`, `"ts":"${formatTime(event.ts)}"`];
  if (event.seq !== undefined) parts.push(`"seq":${event.seq}`);
  if (event.entity !== undefined) parts.push(`"entity":${JSON.stringify(event.entity)}`);
  for (const [i, field] of kind.fields.entries()) {
    const value = event.fields[i];
    if (value === undefined) continue;
    const written = field.isRedacted ? withoutValue(field.type) : encodeValue(field.type, value);
    if (written) parts.push(`${JSON.stringify(lineName(field.name))}:${written}`);
  }
  return `{${parts.join(",")}}`;
}

/**
 * What a recording keeps of a redacted value: of a text that none of it is known, so that a test on
 * it is unknown and not wrong; of any other value nothing.
 */
function withoutValue(type: FieldType): string | undefined {
  return type.t === "string" ? `{"cut":""}` : undefined;
}

/** One progress line, without its end. Counters that are 0 are left out. */
export function encodeProgress(
  source: string,
  tsUs: number,
  counters: Partial<RecordedCounters> = {},
): string {
  const parts = [`"progress":${JSON.stringify(source)}`, `"ts":"${formatTime(tsUs)}"`];
  for (const name of counterNames) {
    const count = counters[name] ?? 0;
    if (count !== 0) parts.push(`"${name}":${count}`);
  }
  return `{${parts.join(",")}}`;
}

function encodeValue(type: FieldType, value: NonNullable<Value>): string {
  if (value instanceof CutText) return `{"cut":${JSON.stringify(value.visible)}}`;
  switch (type.t) {
    case "bool":
    case "string":
    case "enum":
      return JSON.stringify(value);
    case "id64":
      return `"${value}"`;
    case "ip":
    case "cidr":
      return typeof value === "bigint" ? `"${formatIp(value)}"` : "null";
    case "time":
      return `"${formatTime(Number(value))}"`;
    case "int":
    case "u32":
    case "port":
    case "float":
    case "duration":
    case "size":
    case "percent":
    case "rate":
      // JSON has a negative zero, but JSON.stringify does not write it.
      return Object.is(value, -0) ? "-0" : JSON.stringify(value);
    case "list":
      return Array.isArray(value) ? encodeList(type.item, value) : "null";
    case "map":
      return value instanceof Map ? encodeMap(type.key, type.value, value) : "null";
    case "record":
      return value instanceof RecordValue ? encodeRecord(type.members, value) : "null";
    default:
      return assertNever(type);
  }
}

function encodeItem({ type }: ItemType, value: Value): string {
  return value === undefined ? "null" : encodeValue(type, value);
}

function encodeList(item: ItemType, values: readonly Value[]): string {
  return `[${values.map((value) => encodeItem(item, value)).join(",")}]`;
}

/** An entry whose key is known in part cannot be told from another one: it is left out. */
function encodeMap(key: FieldType, item: ItemType, map: ReadonlyMap<Value, Value>): string {
  const parts = [...map].flatMap(([k, value]) =>
    k === undefined || k instanceof CutText
      ? []
      : [`${encodeKey(key, k)}:${encodeItem(item, value)}`],
  );
  return `{${parts.join(",")}}`;
}

/** Keys of JSON objects are texts. */
function encodeKey(type: FieldType, key: NonNullable<Value>): string {
  const written = encodeValue(type, key);
  return written.startsWith(`"`) ? written : JSON.stringify(written);
}

/** An item; of a record that is a field, the members are fields of the line. */
function encodeRecord(members: readonly Field[], { members: values }: RecordValue): string {
  const parts = members.flatMap((member) => {
    const value = values.get(member.name);
    return value === undefined
      ? []
      : [`${JSON.stringify(member.name)}:${encodeValue(member.type, value)}`];
  });
  return `{${parts.join(",")}}`;
}
