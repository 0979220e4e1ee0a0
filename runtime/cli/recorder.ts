/**
 * `tapio run --record`: the events rules may be about, and the progress between them, as a
 * recording that `tapio replay` turns into the same findings. Lines are written whole; after a
 * crash at most the last one is cut, which a replay counts as malformed.
 */
import { closeSync, ftruncateSync, openSync, writeFileSync } from "node:fs";
import { type EventData, fileProblem, type Progress, type Schema, UsageError } from "#core";
import { encodeHeader, encodeLine, encodeProgress } from "#runtime/sources/replay";

/** A recording stops here, and says so: the disk belongs to others too. */
const recordingMaxBytes = 1 << 30;
const bufferBytes = 64 << 10;

export class Recorder {
  readonly #schema: Schema;
  readonly #warn: (message: string) => void;
  readonly #path: string;
  readonly #file: number;
  /** Only the last progress before an event matters. */
  readonly #pending = new Map<string, Progress>();
  #buffer = "";
  #bufferedEvents = 0;
  #bytes = 0;
  #isOpen = true;
  /** In the file. */
  events = 0;

  /** Throws `UsageError` when the file cannot be made; an existing one is never overwritten. */
  constructor(path: string, schema: Schema, warn: (message: string) => void) {
    this.#schema = schema;
    this.#warn = warn;
    this.#path = path;
    try {
      this.#file = openSync(path, "wx", 0o600);
    } catch (error) {
      const isThere = error instanceof Error && "code" in error && error.code === "EEXIST";
      const reason = isThere ? "it exists already" : fileProblem(error);
      throw new UsageError(
        `cannot record to ${path}: ${reason}`,
        "name a new file in a folder you may write to",
      );
    }
    this.#line(encodeHeader());
  }

  event(event: EventData): void {
    if (!this.#isOpen) return;
    this.#flushProgress();
    this.#bufferedEvents++;
    this.#line(encodeLine(this.#schema, event));
  }

  progress(source: string, progress: Progress): void {
    this.#pending.set(source, progress);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#flushProgress();
    this.#write();
    // The last of it may have found no room.
    if (!this.#isOpen) return;
    closeSync(this.#file);
    this.#isOpen = false;
    this.#warn(`recorded ${this.events} events to ${this.#path}`);
  }

  #flushProgress(): void {
    for (const [source, p] of this.#pending) this.#line(encodeProgress(source, p.timeUs, p));
    this.#pending.clear();
  }

  #line(text: string): void {
    if (!this.#isOpen) return;
    this.#buffer += `${text}\n`;
    if (this.#buffer.length >= bufferBytes) this.#write();
  }

  #write(): void {
    try {
      writeFileSync(this.#file, this.#buffer);
    } catch (error) {
      this.#stop(fileProblem(error));
      return;
    }
    this.#bytes += Buffer.byteLength(this.#buffer);
    this.events += this.#bufferedEvents;
    this.#buffer = "";
    this.#bufferedEvents = 0;
    if (this.#bytes > recordingMaxBytes) this.#stop(`it has reached ${recordingMaxBytes} bytes`);
  }

  /** What was written in part is taken back: the recording ends with a whole line. */
  #stop(reason: string): void {
    this.#isOpen = false;
    this.#buffer = "";
    ftruncateSync(this.#file, this.#bytes);
    closeSync(this.#file);
    this.#warn(`recording to ${this.#path} stopped after ${this.events} events: ${reason}`);
  }
}
