/** What replaying can be told, and its limits. */
import type { Readable } from "node:stream";
import type { Progress, Schema } from "#core";

/** Bytes of one line without its end. The largest event of the standard schema has about 5 KiB. */
export const LINE_BYTES_MAX = 1024 * 1024;

/** Problems kept with their message; more are only counted. */
export const PROBLEMS_KEPT_MAX = 20;

/** Version of the format, in the header line. */
export const RECORDING_VERSION = 1;

/** At full speed the consumer gets its turn after this many events; its ring must hold as many. */
export const BATCH_EVENTS = 256;

/** Progress is told this often, ms: half of what the contract allows, because timers run late. */
export const PROGRESS_INTERVAL_MS = 50;

/** A full ring is tried again after this long, ms. */
export const FULL_PAUSE_MS = 2;

/** After so many tries, about a second, the event counts as lost. */
export const FULL_TRIES_MAX = 500;

/** What to read: a file, `-` for standard input, or a stream. */
export type RecordingInput = { readonly path: string } | { readonly stream: Readable };

export type ReplayOptions = RecordingInput & {
  readonly schema: Schema;
  /**
   * How many times faster than it was recorded: 1 keeps the recorded pauses, "max" has none.
   * Default "max". Event times stay as recorded.
   */
  readonly speed?: number | "max";
  /** From `cursor()` of an earlier run over the same file. */
  readonly cursor?: string;
  /** Progress lines of the recording, by schema source; `SourceContext` cannot tell them apart. */
  readonly onProgress?: (source: string, progress: Progress) => void;
};

/** Undefined when the speed is usable, otherwise what is wrong with it. */
export function checkSpeed(speed: number | "max"): string | undefined {
  if (speed === "max" || (Number.isFinite(speed) && speed > 0)) return undefined;
  return `speed is ${speed}; it must be a number above 0, or "max"`;
}
