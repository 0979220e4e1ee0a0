/**
 * The recording format: NDJSON, one event per line, flat, readable and writable by hand.
 *
 *   {"tapio":"recording","version":1}
 *   {"kind":"kernel.oom_kill","ts":"2026-11-21T10:00:00.123456Z","seq":12,
 *    "entity":{"cgroup":"/x"},"comm":"tail","pid":42,"cgroup":"4026531835","scope":"memcg"}
 *   {"progress":"kernel","ts":"2026-11-21T10:00:00.200Z","lost":3}
 *
 *   header     optional, anywhere: recordings can be concatenated
 *   ts         ISO 8601 with a zone, or whole µs since the epoch
 *   seq        the source's sequence number; without it events are numbered as they come
 *   progress   "this source will deliver nothing earlier, less its lateness"; the optional counters
 *              seen, passed, lost, malformed count since the source's start
 *
 *   int u32 port   number                  percent rate   ppm or millionths/s, or "97.5%", "10/s"
 *   float          number                  time           like ts
 *   bool           true, false             ip             "10.0.0.1", "fe80::1"
 *   duration       µs, or "1h30m"          enum           the member's name
 *   size           bytes, or "512MiB"      string         text, or {"cut":"prefix"} when its source
 *   id64           "decimal digits"                       had only that prefix
 *
 *   list           [item, …]               record in a list or map   {"member":value, …}
 *   map            {"key":value, …}        record as a field         "r":{"a":1} or "r.a":1
 *
 * `null` is a missing field, item or member where it may be missing; fields and members may also be
 * left out. Keys of maps are texts: numbers in digits, others as they are written as values; a text
 * that was cut is no key. A record that is a field is written with dots and read in both spellings.
 *
 * A text longer than its field allows is cut like the record writer does, so that a replayed event
 * equals the one a ring delivers. Law: decodeLine ∘ encodeLine = identity for events of the schema.
 */
import type { EntityRef, Value } from "#core";

/** An event as a line holds it: `EventData` without what follows from its place in the file. */
export interface RecordedEvent {
  /** Index into `Schema.kinds`. */
  readonly kind: number;
  readonly ts: number;
  /** Undefined when the line has none. */
  readonly seq: number | undefined;
  readonly entity: EntityRef | undefined;
  /** By field index. */
  readonly fields: readonly Value[];
}

/** Totals of a source since its start, as in `Progress`. */
export interface RecordedCounters {
  readonly seen: number;
  readonly passed: number;
  readonly lost: number;
  readonly malformed: number;
}

export interface RecordedProgress {
  /** Name of the schema source. */
  readonly source: string;
  readonly ts: number;
  /** 0 where the line says nothing. */
  readonly counters: RecordedCounters;
}

/** Why a line was not understood. */
export interface LineProblem {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units; absent when the whole line is meant. */
  readonly column?: number;
  readonly message: string;
  /** What to do about it. */
  readonly help: string;
}

export type LineReading =
  | { readonly ok: true; readonly what: "event"; readonly event: RecordedEvent }
  | { readonly ok: true; readonly what: "progress"; readonly progress: RecordedProgress }
  | { readonly ok: true; readonly what: "header" }
  | ({ readonly ok: false } & LineProblem);

export const counterNames = ["seen", "passed", "lost", "malformed"] as const;
