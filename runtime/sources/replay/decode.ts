/** From a line of a recording to what it says; `line.ts` has the format. Pure, never throws. */
import type { EntityRef, Schema, Value } from "#core";
import { LINE_BYTES_MAX, RECORDING_VERSION } from "./config.ts";
import { decodeItem, isJsonObject, unknownMember } from "./decode-item.ts";
import { decodeTime, nameOf, shown } from "./decode-value.ts";
import { findPlaces } from "./json-place.ts";
import { counterNames, type LineProblem, type LineReading } from "./line.ts";
import { didYouMean, listed, nearestName } from "./nearest-name.ts";
import { type KindNames, lineName, namesOf } from "./recording-names.ts";

/** Thrown inside this module only, so that readers of parts need not pass failures up by hand. */
class Refusal {
  readonly message: string;
  readonly help: string;
  /** From the line to the key or item whose place is meant; empty for the whole line. */
  readonly path: readonly (string | number)[];
  constructor(message: string, help: string, ...path: readonly (string | number)[]) {
    this.message = message;
    this.help = help;
    this.path = path;
  }
}

type JsonObject = Readonly<Record<string, unknown>>;

/** Reads one line, given without its end. `lineNumber` is from 1 and only repeated in problems. */
export function decodeLine(schema: Schema, text: string, lineNumber: number): LineReading {
  if (text.length > LINE_BYTES_MAX) return tooLong(lineNumber);
  const nul = text.indexOf("\0");
  if (nul >= 0) {
    const help = "the file was damaged or is no text; restore it or delete the line";
    return { ok: false, line: lineNumber, column: nul + 1, message: "a NUL byte", help };
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return badJson(text, lineNumber);
  }
  try {
    return decodeJson(schema, json);
  } catch (refusal) {
    if (refusal instanceof Refusal) return placed(refusal, text, lineNumber);
    throw refusal;
  }
}

/** The problem of a line that is not even looked at. */
export function tooLong(line: number): { readonly ok: false } & LineProblem {
  const message = `line longer than ${LINE_BYTES_MAX} bytes`;
  return { ok: false, line, message, help: "write one event per line, each ended by a line feed" };
}

function badJson(text: string, line: number): LineReading {
  const { error } = findPlaces(text);
  const help = 'write one JSON object per line, such as {"kind":"kernel.oom_kill","ts":…}';
  if (error === undefined) return { ok: false, line, message: "not JSON", help };
  const found = text[error.at];
  const what = found === undefined ? "the line ends" : `found \`${shown(found)}\``;
  const message = `not JSON: ${what} where ${error.expected} is expected`;
  return { ok: false, line, column: error.at + 1, message, help };
}

function placed(refusal: Refusal, text: string, line: number): LineReading {
  const { message, help, path } = refusal;
  const { at } = findPlaces(text, path);
  const column = at === undefined ? {} : { column: at + 1 };
  return { ok: false, line, ...column, message, help };
}

function decodeJson(schema: Schema, json: unknown): LineReading {
  if (!isJsonObject(json)) {
    throw new Refusal(`a line must be a JSON object, not ${nameOf(json)}`, "write {…}");
  }
  const line = json;
  if (Object.hasOwn(line, "kind")) return decodeEvent(schema, line);
  if (Object.hasOwn(line, "progress")) return decodeProgress(schema, line);
  if (Object.hasOwn(line, "tapio")) return decodeHeader(line);
  throw new Refusal(
    "the line has no `kind`",
    'say which event it is, such as "kind":"kernel.oom_kill"',
  );
}

function decodeHeader(line: JsonObject): LineReading {
  if (line.tapio !== "recording") {
    const help = "replay a file that tapio recorded, or drop the line";
    throw new Refusal(`not a recording: \`tapio\` is ${nameOf(line.tapio)}`, help, "tapio");
  }
  if (line.version !== RECORDING_VERSION) {
    const help = `this tapio reads version ${RECORDING_VERSION}; use the tapio that recorded it`;
    throw new Refusal(`recording version ${nameOf(line.version)} is not known`, help, "version");
  }
  return { ok: true, what: "header" };
}

function decodeProgress(schema: Schema, line: JsonObject): LineReading {
  const { sources } = namesOf(schema);
  const source = line.progress;
  if (typeof source !== "string" || !sources.has(source)) {
    const near = typeof source === "string" ? nearestName(source, sources.keys()) : undefined;
    throw new Refusal(
      `no source is named ${nameOf(source)}`,
      didYouMean(near, `write one of ${listed(sources.keys())}`),
      "progress",
    );
  }
  const ts = timeOf(line, () => false);
  const known = ["progress", "ts", ...counterNames];
  for (const key of Object.keys(line)) {
    if (known.includes(key)) continue;
    const help = didYouMean(nearestName(key, known), `write only ${listed(known)}`);
    throw new Refusal(`a progress line has no \`${shown(key)}\``, help, key);
  }
  const count = (name: string) => (Object.hasOwn(line, name) ? wholeNumber(line, name) : 0);
  const counters = {
    seen: count("seen"),
    passed: count("passed"),
    lost: count("lost"),
    malformed: count("malformed"),
  };
  return { ok: true, what: "progress", progress: { source, ts, counters } };
}

function decodeEvent(schema: Schema, line: JsonObject): LineReading {
  const names = kindOf(schema, line.kind);
  const ts = timeOf(line, (key) => names.fields.has(key) || names.records.has(key));
  const given = new Map<number, Value>();
  let seq: number | undefined;
  let entity: EntityRef | undefined;
  for (const [key, json] of Object.entries(line)) {
    if (takeField(names, given, key, json, [key])) continue;
    if (key === "entity") entity = entityOf(schema, json);
    else if (key === "seq") seq = wholeNumber(line, "seq");
    else if (key !== "kind" && key !== "ts") throw unknownField(names, key);
  }
  const fields = names.kind.fields.map((field, i) => {
    const value = given.get(i);
    if (value !== undefined || field.isOptional) return value;
    const name = lineName(field.name);
    const message = `\`${names.kind.name}\` needs the field \`${name}\``;
    throw new Refusal(message, `add "${name}":…`, "kind");
  });
  return { ok: true, what: "event", event: { kind: names.id, ts, seq, entity, fields } };
}

/**
 * Puts the field `name` into `given`, or the members of the record `name`, which stands at `path`;
 * false when the kind has neither.
 */
function takeField(
  names: KindNames,
  given: Map<number, Value>,
  name: string,
  json: unknown,
  path: readonly string[],
): boolean {
  const index = names.fields.get(name);
  const record = names.records.get(name);
  if (index !== undefined) {
    if (given.has(index))
      throw new Refusal(`field \`${name}\` is given twice`, "write it once", ...path);
    given.set(index, fieldOf(names, index, name, json, path));
  } else if (record !== undefined) takeRecord(names, given, record, json, path);
  else return false;
  return true;
}

/** The members of a record are fields. `null` stands for one of which none has to be there. */
function takeRecord(
  names: KindNames,
  given: Map<number, Value>,
  record: string,
  json: unknown,
  path: readonly string[],
): void {
  const start = `${record}.`;
  const members = names.kind.fields.filter((field) => field.name.startsWith(start));
  if (json === null && members.every((field) => field.isOptional)) return;
  if (!isJsonObject(json)) {
    const message = `field \`${path.join(".")}\` must be an object \`{…}\`, not ${nameOf(json)}`;
    throw new Refusal(message, "write an object `{…}` with the record's members", ...path);
  }
  for (const [member, value] of Object.entries(json)) {
    const place = [...path, member];
    if (takeField(names, given, `${start}${member}`, value, place)) continue;
    const known = members.map((field) => field.name.slice(start.length).replace(/\..*/, ""));
    const { problem, help } = unknownMember(member, [...new Set(known)]);
    throw new Refusal(`field \`${path.join(".")}\` ${problem}`, help, ...place);
  }
}

function kindOf(schema: Schema, kind: unknown): KindNames {
  const { kinds } = namesOf(schema);
  const names = typeof kind === "string" ? kinds.get(kind) : undefined;
  if (names !== undefined) return names;
  if (typeof kind !== "string") {
    throw new Refusal(`\`kind\` must be a text, not ${nameOf(kind)}`, "name the event", "kind");
  }
  const fallback = "declare the event kind, or replay with the rules that declare it";
  const help = didYouMean(nearestName(kind, kinds.keys()), fallback);
  throw new Refusal(`no event kind is named \`${shown(kind)}\``, help, "kind");
}

function unknownField(names: KindNames, key: string): Refusal {
  const known = [...names.fields.keys()];
  const near = nearestName(key, [...known, ...names.records.keys()]);
  const help = didYouMean(near, `its fields are ${listed(known)}`);
  return new Refusal(`\`${names.kind.name}\` has no field \`${shown(key)}\``, help, key);
}

function fieldOf(
  names: KindNames,
  index: number,
  name: string,
  json: unknown,
  path: readonly string[],
): Value {
  const reading = decodeItem(names.kind.fields[index]!, json);
  if (reading.ok) return reading.value;
  const place = [name, ...reading.path.map((step) => step.written)].join("");
  const keys = reading.path.map((step) => step.key);
  throw new Refusal(`field \`${place}\` ${reading.problem}`, reading.help, ...path, ...keys);
}

/** What other formats call `ts`. */
const timeNames = ["ts", "time", "timestamp", "@timestamp", "date", "datetime"];

/** `isField`: whether a key has a meaning of its own in this line. */
function timeOf(line: JsonObject, isField: (key: string) => boolean): number {
  if (!Object.hasOwn(line, "ts")) {
    const example = '"ts":"2026-11-21T10:00:00.123456Z"';
    const isMeant = (key: string) => timeNames.includes(key.toLowerCase()) && !isField(key);
    const meant = Object.keys(line).find(isMeant);
    if (meant === undefined)
      throw new Refusal("the line has no `ts`", `say when it happened, such as ${example}`);
    const help = `write \`ts\` instead of \`${meant}\`, such as ${example}`;
    throw new Refusal("the line has no `ts`", help, meant);
  }
  const reading = decodeTime(line.ts);
  if (reading.ok) return reading.value as number;
  throw new Refusal(`\`ts\` ${reading.problem}`, reading.help, "ts");
}

function wholeNumber(line: JsonObject, key: string): number {
  const value = line[key];
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  const message = `\`${key}\` must be a whole number from 0 to 2^53−1, not ${nameOf(value)}`;
  throw new Refusal(message, "write a whole number", key);
}

function entityOf(schema: Schema, json: unknown): EntityRef {
  const help = 'write its keys by entity kind, such as {"cgroup":"/system.slice/x.service"}';
  if (!isJsonObject(json)) {
    throw new Refusal(`\`entity\` must be an object, not ${nameOf(json)}`, help, "entity");
  }
  const { entities } = namesOf(schema);
  for (const [kind, key] of Object.entries(json)) {
    if (!entities.has(kind)) {
      const near = nearestName(kind, entities);
      const known = `the entity kinds are ${listed(entities)}`;
      const message = `no entity kind is named \`${shown(kind)}\``;
      throw new Refusal(message, didYouMean(near, known), "entity");
    }
    if (typeof key !== "string") {
      throw new Refusal(`entity \`${kind}\` must be a text, not ${nameOf(key)}`, help, "entity");
    }
  }
  return json as EntityRef;
}
