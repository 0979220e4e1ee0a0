/**
 * Reads a recording as a stream, with memory for one chunk and one line, and hands over what it
 * says in the order of its lines. Lines that are not understood are told and counted; the rest goes
 * on. The pace is the handlers': the next line is read when the one before has been taken.
 */
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { type EventData, makeEvent, type Schema, type Unavailable } from "#core";
import { LINE_BYTES_MAX, PROBLEMS_KEPT_MAX } from "./config.ts";
import { CURSOR_AT_START, type ReplayCursor } from "./cursor.ts";
import { decodeLine, tooLong } from "./decode.ts";
import type { LineProblem, LineReading, RecordedCounters } from "./line.ts";
import { LineSplitter } from "./line-splitter.ts";

/** A handler that returns a promise is waited for; one that throws ends the replay at its line. */
export interface ReplayHandlers {
  event(event: EventData): void | Promise<void>;
  /** A control line: the source's progress at that place of the recording. */
  progress(source: string, tsUs: number, counters: RecordedCounters): void | Promise<void>;
  /** Called for every line that was not understood. */
  malformed(problem: LineProblem): void;
}

export interface ReplayResult {
  readonly lines: number;
  readonly events: number;
  readonly malformed: number;
  /** The first 20 of the malformed lines. */
  readonly problems: readonly LineProblem[];
}

export interface ReplayStart {
  readonly from?: ReplayCursor;
  /** Ends the replay early; the result counts what was read until then. */
  readonly signal?: AbortSignal;
  /** Called after each line that was handed over, with the place behind it. */
  readonly passed?: (cursor: ReplayCursor) => void;
}

/** A recording that cannot be read at all. */
export class RecordingUnreadable extends Error {
  readonly help: string;
  constructor({ reason, help }: Unavailable) {
    super(reason);
    this.name = "RecordingUnreadable";
    this.help = help;
  }
}

/** Replays the file at `path`, or standard input for `-`. Rejects with `RecordingUnreadable`. */
export async function replayFile(
  path: string,
  schema: Schema,
  handlers: ReplayHandlers,
  start: ReplayStart = {},
): Promise<ReplayResult> {
  const opened = await openRecording(path, start.from?.offset ?? 0);
  if ("reason" in opened) throw new RecordingUnreadable(opened);
  return replayStream(opened.stream, schema, handlers, start);
}

/** Opens without reading: a file from `offset` on, or standard input for `-`. */
export async function openRecording(
  path: string,
  offset: number,
): Promise<{ readonly stream: Readable } | Unavailable> {
  if (path === "-") return { stream: process.stdin };
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, "r");
    const stat = await handle.stat();
    if (stat.isDirectory()) {
      await handle.close();
      return { reason: `\`${path}\` is a directory`, help: "Name one recording (.ndjson)." };
    }
    // A pipe or terminal has no positions to start from.
    const from = stat.isFile() ? { start: offset } : {};
    return { stream: createReadStream(path, { fd: handle, ...from }) };
  } catch (error) {
    await handle?.close();
    return explainFailure(path, error);
  }
}

/** Replays whatever a stream of bytes delivers. */
export async function replayStream(
  stream: Readable,
  schema: Schema,
  handlers: ReplayHandlers,
  start: ReplayStart = {},
): Promise<ReplayResult> {
  const replay = new Replay(schema, handlers, start);
  if (isAborted(start)) return replay.result();
  const abort = () => stream.destroy();
  start.signal?.addEventListener("abort", abort, { once: true });
  try {
    for await (const chunk of stream) {
      const bytes = typeof chunk === "string" ? Buffer.from(chunk) : (chunk as Buffer);
      if (!(await replay.take(replay.splitter.push(bytes)))) return replay.result();
    }
    await replay.take(replay.splitter.end());
  } catch (error) {
    if (!isAborted(start)) throw error;
  } finally {
    start.signal?.removeEventListener("abort", abort);
  }
  return replay.result();
}

function isAborted({ signal }: ReplayStart): boolean {
  return signal?.aborted === true;
}

class Replay {
  readonly splitter: LineSplitter;
  readonly #schema: Schema;
  readonly #handlers: ReplayHandlers;
  readonly #start: ReplayStart;
  /** Last sequence number by source. */
  readonly #seqs: number[];
  #lines = 0;
  #events = 0;
  #malformed = 0;
  readonly #problems: LineProblem[] = [];

  constructor(schema: Schema, handlers: ReplayHandlers, start: ReplayStart) {
    const from = start.from ?? CURSOR_AT_START;
    this.splitter = new LineSplitter(LINE_BYTES_MAX, from);
    this.#schema = schema;
    this.#handlers = handlers;
    this.#start = start;
    this.#seqs = schema.sources.map((_, i) => from.seqs[i] ?? 0);
  }

  /** False when the replay was ended in between. */
  async take(lines: Iterable<{ number: number; text: string | undefined; endOffset: number }>) {
    for (const { number, text, endOffset } of lines) {
      if (isAborted(this.#start)) return false;
      this.#lines++;
      if (text?.trim() === "") continue;
      const reading = text === undefined ? tooLong(number) : decodeLine(this.#schema, text, number);
      const pending = this.#handOver(reading);
      if (pending !== undefined) await pending;
      this.#start.passed?.({ offset: endOffset, line: number, seqs: this.#seqs });
    }
    return true;
  }

  result(): ReplayResult {
    return {
      lines: this.#lines,
      events: this.#events,
      malformed: this.#malformed,
      problems: this.#problems,
    };
  }

  #handOver(reading: LineReading): void | Promise<void> {
    if (!reading.ok) {
      const { ok: _, ...problem } = reading;
      this.#malformed++;
      if (this.#problems.length < PROBLEMS_KEPT_MAX) this.#problems.push(problem);
      return this.#handlers.malformed(problem);
    }
    if (reading.what === "progress") {
      const { source, ts, counters } = reading.progress;
      return this.#handlers.progress(source, ts, counters);
    }
    if (reading.what === "header") return;
    const { event } = reading;
    const source = this.#schema.kinds[event.kind]?.source ?? 0;
    const seq = event.seq ?? (this.#seqs[source] ?? 0) + 1;
    this.#seqs[source] = seq;
    this.#events++;
    return this.#handlers.event(makeEvent(this.#schema, { ...event, seq }));
  }
}

function explainFailure(path: string, error: unknown): Unavailable {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  switch (code) {
    case "ENOENT":
      return {
        reason: `there is no recording \`${path}\``,
        help: "Check the path; `-` reads standard input.",
      };
    case "EACCES":
    case "EPERM":
      return {
        reason: `no permission to read \`${path}\``,
        help: "Make the file readable for the user tapio runs as.",
      };
    default:
      return { reason: `\`${path}\` cannot be read (${code})`, help: "Check the file." };
  }
}
