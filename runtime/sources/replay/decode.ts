/** From a line of a recording to what it says; `line.ts` has the format. Pure, never throws. */
import type { EntityRef, Schema, Value } from "#core";
import { LINE_BYTES_MAX, RECORDING_VERSION } from "./config.ts";
import { decodeTime, decodeValue, nameOf, shown } from "./decode-value.ts";
import { findPlaces } from "./json-place.ts";
import { counterNames, type LineProblem, type LineReading } from "./line.ts";
import { nearestName } from "./nearest-name.ts";
import { type KindNames, namesOf } from "./recording-names.ts";

/** Thrown inside this module only, so that readers of parts need not pass failures up by hand. */
class Refusal {
  readonly message: string;
  readonly help: string;
  /** The key whose place is meant, if any. */
  readonly key: string | undefined;
  constructor(message: string, help: string, key?: string) {
    this.message = message;
    this.help = help;
    this.key = key;
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
  const { message, help, key } = refusal;
  const place = key === undefined ? undefined : findPlaces(text).members.get(key);
  const column = place === undefined ? {} : { column: place.keyAt + 1 };
  return { ok: false, line, ...column, message, help };
}

function decodeJson(schema: Schema, json: unknown): LineReading {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new Refusal(`a line must be a JSON object, not ${nameOf(json)}`, "write {…}");
  }
  const line = json as JsonObject;
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
  return { ok: true, what: "progress", progress: { source, ts: timeOf(line), counters } };
}

function decodeEvent(schema: Schema, line: JsonObject): LineReading {
  const names = kindOf(schema, line.kind);
  const fields: Value[] = new Array(names.kind.fields.length).fill(undefined);
  let seq: number | undefined;
  let entity: EntityRef | undefined;
  for (const [key, json] of Object.entries(line)) {
    const index = names.fields.get(key);
    if (index !== undefined) fields[index] = fieldOf(names, index, key, json);
    else if (key === "entity") entity = entityOf(schema, json);
    else if (key === "seq") seq = wholeNumber(line, "seq");
    else if (key !== "kind" && key !== "ts") throw unknownField(names, key);
  }
  const ts = timeOf(line);
  for (const [i, field] of names.kind.fields.entries()) {
    if (fields[i] !== undefined || field.isOptional) continue;
    const name = [...names.fields.keys()][i] ?? field.name;
    const message = `\`${names.kind.name}\` needs the field \`${name}\``;
    throw new Refusal(message, `add "${name}":…`, "kind");
  }
  return { ok: true, what: "event", event: { kind: names.id, ts, seq, entity, fields } };
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
  const help = didYouMean(nearestName(key, known), `its fields are ${listed(known)}`);
  return new Refusal(`\`${names.kind.name}\` has no field \`${shown(key)}\``, help, key);
}

function fieldOf(names: KindNames, index: number, key: string, json: unknown): Value {
  const field = names.kind.fields[index]!;
  if (json === null && field.isOptional) return undefined;
  const reading = decodeValue(field.type, json);
  if (reading.ok) return reading.value;
  throw new Refusal(`field \`${key}\` ${reading.problem}`, reading.help, key);
}

function timeOf(line: JsonObject): number {
  if (!Object.hasOwn(line, "ts")) {
    const help = 'say when it happened, such as "ts":"2026-11-21T10:00:00.123456Z"';
    throw new Refusal("the line has no `ts`", help);
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
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
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

function didYouMean(near: string | undefined, otherwise: string): string {
  return near === undefined ? otherwise : `did you mean \`${near}\`?`;
}

function listed(names: Iterable<string>): string {
  return [...names].map((name) => `\`${name}\``).join(", ");
}
