/**
 * What is shown, and kept, of the events that findings rest on. A text, list or map that nothing
 * reads later is evidence only: its first 256 bytes are. What was cut is marked as texts are that
 * their source cut; a list or map that is too long becomes the beginning of how it is written.
 */
import { type CoreRule, type CoreUnit, format, heardSteps } from "./ir/index.ts";
import { type FieldsByKind, fieldsJudged, fieldsReadLater } from "./later-reads.ts";
import { CutText, type EventData, type EventKind, type FieldType, type Value } from "./schema.ts";
import { unitOf } from "./unit-of.ts";
import { headBytes, typeBytes, valueBytes, wordBytes } from "./value-bytes.ts";

/** Of a text that is evidence only. */
export const shownBytes = 256;

/** Time, kind, number and source of an event, and what says which one it is. */
const eventBytes = 40;

/** By event kind the indexes of the fields that are evidence only and may be too long for it. */
export type Cuts = ReadonlyMap<number, readonly number[]>;

/** A rule never changes, and its findings are many. */
const shown = new WeakMap<CoreRule, Cuts>();

/** What findings of `rule` show the beginning of. */
export function cutsShown(unit: CoreUnit, rule: CoreRule): Cuts {
  const known = shown.get(rule);
  if (known) return known;
  const cuts = cutsBut(unit, rule, [fieldsReadLater(unit, rule)]);
  shown.set(rule, cuts);
  return cuts;
}

/** The same for events on which the rule's conditions are still to be judged. */
export function cutsBeforeJudged(unit: CoreUnit, rule: CoreRule): Cuts {
  return cutsBut(unit, rule, [fieldsReadLater(unit, rule), fieldsJudged(rule)]);
}

/** What events may lose that only the conditions of `rule` are judged on: they are never shown. */
export function cutsOfUnseen({ schema }: CoreUnit, rule: CoreRule): Cuts {
  const judged = fieldsJudged(rule);
  return new Map(
    kindsHeard(rule).map((kind) => {
      const isRead = (name: string) => judged.get(kind)?.has(name) === true;
      const fields = schema.kinds[kind]?.fields ?? [];
      return [kind, fields.flatMap((f, i) => (isRead(f.name) ? [] : [i]))] as const;
    }),
  );
}

function cutsBut(unit: CoreUnit, rule: CoreRule, read: readonly FieldsByKind[]): Cuts {
  const cuts = new Map<number, readonly number[]>();
  for (const kind of kindsHeard(rule)) {
    const { fields } = unit.schema.kinds[kind] ?? { fields: [] };
    const isRead = (i: number) => read.some((names) => names.get(kind)?.has(fields[i]?.name ?? ""));
    const own = longFields(fields).filter((i) => !isRead(i));
    if (own.length > 0) cuts.set(kind, own);
  }
  return cuts;
}

function kindsHeard(rule: CoreRule): readonly number[] {
  return [...new Set(heardSteps(rule).flatMap((s) => s.kinds))];
}

/** Many rules hear of the same kinds. */
const long = new WeakMap<EventKind["fields"], readonly number[]>();

/** Indexes of the fields that may be too long for evidence. */
function longFields(fields: EventKind["fields"]): readonly number[] {
  const known = long.get(fields);
  if (known) return known;
  const found = fields.flatMap(({ type }, i) =>
    typeBytes(type) > headBytes + shownBytes ? [i] : [],
  );
  long.set(fields, found);
  return found;
}

/** `event` with the beginnings of what `cuts` names; the event itself when that is all of it. */
export function cutEvent(kinds: readonly EventKind[], event: EventData, cuts: Cuts): EventData {
  let fields: Value[] | undefined;
  for (const i of cuts.get(event.kind) ?? []) {
    const type = kinds[event.kind]?.fields[i]?.type;
    const value = event.fields[i];
    if (type === undefined || value === undefined) continue;
    const short = beginningOf(value, type);
    if (short === value) continue;
    fields ??= [...event.fields];
    fields[i] = short;
  }
  return fields ? { ...event, fields } : event;
}

/** `event` without the fields that `cuts` names. */
export function strippedEvent(event: EventData, cuts: Cuts): EventData {
  const without = cuts.get(event.kind) ?? [];
  if (without.every((i) => event.fields[i] === undefined)) return event;
  const fields = event.fields.map((value, i) => (without.includes(i) ? undefined : value));
  return { ...event, fields };
}

function beginningOf(value: Value, type: FieldType): Value {
  if (typeof value === "string") return shownText(value);
  if (value instanceof CutText) {
    const prefix = prefixOf(value.visible, shownBytes);
    return prefix === value.visible ? value : new CutText(prefix);
  }
  if (valueBytes(value) <= headBytes + shownBytes) return value;
  return shownText(format(value, unitOf(type)));
}

function shownText(text: string): string | CutText {
  const prefix = prefixOf(text, shownBytes);
  return prefix === text ? text : new CutText(prefix);
}

/** The longest prefix of whole characters with at most `maxBytes` UTF-8 bytes. */
export function prefixOf(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text;
  let bytes = 0;
  let i = 0;
  while (i < text.length) {
    const point = text.codePointAt(i) ?? 0;
    const size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (bytes + size > maxBytes) return text.slice(0, i);
    bytes += size;
    i += size === 4 ? 2 : 1;
  }
  return text;
}

/** What an event takes in the state of a rule. */
export function bytesOfEvent({ entity, fields }: EventData): number {
  const values = fields.reduce<number>((n, value) => n + valueBytes(value), 0);
  return eventBytes + values + wordBytes * Object.keys(entity ?? {}).length;
}

/** The most that an event of `kind` takes, of which what `cuts` names has at most `cutBytes`. */
export function bytesOfKind(
  { schema }: CoreUnit,
  kind: number,
  cuts: Cuts,
  cutBytes = headBytes + shownBytes,
): number {
  const cut = new Set(cuts.get(kind));
  const fields = schema.kinds[kind]?.fields ?? [];
  const values = fields.reduce((n, { type }, i) => {
    const whole = typeBytes(type);
    return n + (cut.has(i) ? Math.min(whole, cutBytes) : whole);
  }, 0);
  return eventBytes + values + wordBytes * schema.entities.length;
}
