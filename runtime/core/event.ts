/** Identity of events, and their form in recordings. */
import { keyText } from "./ir/index.ts";
import type { EntityRef, EventData, Schema, Value } from "./schema.ts";

/**
 * Source, sequence number and a hash of the content: stable across restart and redelivery, and
 * different for different events even when a source starts counting anew.
 */
export function eventId(
  schema: Schema,
  kind: number,
  ts: number,
  seq: number,
  fields: readonly Value[],
): string {
  let a = 0x811c9dc5;
  let b = 0x01000193;
  const info = schema.kinds[kind];
  // By name: a kind's number depends on what else a bundle declares.
  const text = `${info?.name ?? kind}|${ts}|${fields.map(keyText).join("|")}`;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b) + i;
  }
  const hex = (x: number) => (x >>> 0).toString(16).padStart(8, "0");
  const source = schema.sources[info?.source ?? -1]?.name ?? "unknown";
  return `${source}-${seq}-${hex(a)}${hex(b)}`;
}

/** An event with its id filled in. Fields are by index; missing ones are `undefined`. */
export function makeEvent(
  schema: Schema,
  event: {
    kind: number;
    ts: number;
    seq: number;
    entity?: EntityRef | undefined;
    fields: readonly Value[];
  },
): EventData {
  const id = eventId(schema, event.kind, event.ts, event.seq, event.fields);
  return {
    id,
    kind: event.kind,
    ts: event.ts,
    seq: event.seq,
    entity: event.entity,
    fields: event.fields,
  };
}
