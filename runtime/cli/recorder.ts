/**
 * `tapio run --record`: the events rules may be about, and the progress between them, as a
 * recording that `tapio replay` turns into the same findings. Lines are written whole; after a
 * crash at most the last one is cut, which a replay counts as malformed.
 */
import { closeSync, openSync, writeSync } from "node:fs";
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
  #bytes = 0;
  #isOpen = true;
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
    this.#flushProgress();
    this.events++;
    this.#line(encodeLine(this.#schema, event));
  }

  progress(source: string, progress: Progress): void {
    this.#pending.set(source, progress);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#flushProgress();
    this.#write();
    closeSync(this.#file);
    this.#isOpen = false;
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
      this.#bytes += writeSync(this.#file, this.#buffer);
      this.#buffer = "";
    } catch (error) {
      this.#stop(fileProblem(error));
      return;
    }
    if (this.#bytes > recordingMaxBytes) this.#stop(`it has reached ${recordingMaxBytes} bytes`);
  }

  #stop(reason: string): void {
    this.#isOpen = false;
    closeSync(this.#file);
    this.#warn(`recording to ${this.#path} stopped after ${this.events} events: ${reason}`);
  }
}
