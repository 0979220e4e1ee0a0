/**
 * The order of events (LANGUAGE C.1). In all there is one total order ≺; between two events of
 * different clocks it may not be certain, because a coarse clock tells only an interval.
 */
import type { EventData, Schema } from "../../schema.ts";

/** The total order ≺. */
export function compareEvents(schema: Schema, a: EventData, b: EventData): number {
  if (a.ts !== b.ts) return a.ts - b.ts;
  const made = (e: EventData) => schema.kinds[e.kind]?.made;
  const rank = (e: EventData) => schema.sources[schema.kinds[e.kind]?.source ?? -1]?.rank ?? 0;
  // A finding is known when all events of its time are; a derived event follows its origin.
  return (
    Number(made(a) === "finding") - Number(made(b) === "finding") ||
    rank(a) - rank(b) ||
    a.seq - b.seq ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0) ||
    Number(made(a) === "derived") - Number(made(b) === "derived") ||
    a.kind - b.kind
  );
}

/** When an event may have happened, µs, both ends included. */
export interface Interval {
  /** Whose clock told the time; findings have one of their own. */
  readonly source: number;
  readonly from: number;
  readonly to: number;
}

/** [ts, ts + granularity + slack) in whole µs. */
export function intervalOf(schema: Schema, event: EventData, slackUs: number): Interval {
  const kind = schema.kinds[event.kind];
  if (kind?.made === "finding") return { source: -1, from: event.ts, to: event.ts };
  const source = kind?.source ?? -1;
  const granularity = Math.max(1, schema.sources[source]?.granularityUs ?? 1);
  return { source, from: event.ts, to: event.ts + granularity + slackUs - 1 };
}

/** Whether the recorded times say all there is to say about the order of the two. */
export function isPlain(a: Interval, b: Interval): boolean {
  return a.source === b.source || (a.from === a.to && b.from === b.to);
}
