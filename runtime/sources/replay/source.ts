/**
 * A recording as an event source. One recording carries the events of several schema sources, while
 * a `Source` is one; so its progress is the slowest of what the recording tells of them:
 *
 *   with progress lines     the least of the sources' latest ones; each also goes to `onProgress`
 *   without                 the newest event time: lines are in order of arrival, so whatever comes
 *                           later arrived later, and can be older only by its source's lateness
 *
 * At a finite speed an event is due when, since the first one, as much time has passed as between
 * their event times, divided by the speed. A full ring makes the recording wait; nothing is dropped
 * unless the reader of the ring stands still for a second.
 */
import type { Readable } from "node:stream";
import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";
import type { EventData, Progress, Source, SourceContext, Unavailable } from "#core";
import { writeEvent } from "#runtime/events";
import {
  BATCH_EVENTS,
  checkSpeed,
  FULL_PAUSE_MS,
  FULL_TRIES_MAX,
  PROBLEMS_KEPT_MAX,
  PROGRESS_INTERVAL_MS,
  type ReplayOptions,
} from "./config.ts";
import { CURSOR_AT_START, formatCursor, parseCursor, type ReplayCursor } from "./cursor.ts";
import type { LineProblem, RecordedCounters } from "./line.ts";
import { openRecording, replayStream } from "./replay.ts";

/** Throws a RangeError for a speed or cursor that makes no sense. */
export function createReplaySource(options: ReplayOptions): Source {
  return new ReplaySource(options);
}

class ReplaySource implements Source {
  readonly name = "replay";
  readonly #options: ReplayOptions;
  readonly #speed: number | "max";
  readonly #stopping = new AbortController();
  readonly #sourceProgress = new Map<string, Progress>();
  #cursor: ReplayCursor;
  #context: SourceContext | undefined;
  #running: Promise<void> | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #newestUs = Number.NEGATIVE_INFINITY;
  #firstUs: number | undefined;
  #firstMs = 0;
  #events = 0;
  #lost = 0;
  #malformed = 0;

  constructor(options: ReplayOptions) {
    this.#speed = options.speed ?? "max";
    const problem = checkSpeed(this.#speed);
    if (problem !== undefined) throw new RangeError(problem);
    const cursor = options.cursor === undefined ? CURSOR_AT_START : parseCursor(options.cursor);
    if (cursor === undefined) throw new RangeError(`\`${options.cursor}\` is no replay cursor`);
    this.#cursor = cursor;
    this.#options = options;
  }

  async start(context: SourceContext): Promise<Unavailable | undefined> {
    if (this.#context !== undefined) throw new Error("this source has been started before");
    this.#context = context;
    const opened =
      "stream" in this.#options
        ? this.#options
        : await openRecording(this.#options.path, this.#cursor.offset);
    if ("reason" in opened) return opened;
    if (this.#stopping.signal.aborted) {
      opened.stream.destroy();
      return undefined;
    }
    this.#ticker = setInterval(() => this.#tell(), PROGRESS_INTERVAL_MS);
    this.#running = this.#run(opened.stream, context);
    return undefined;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  cursor(): string | undefined {
    const canResume = "path" in this.#options && this.#options.path !== "-";
    return canResume ? formatCursor(this.#cursor) : undefined;
  }

  async #run(stream: Readable, context: SourceContext): Promise<void> {
    let reason: string | undefined;
    try {
      await replayStream(
        stream,
        this.#options.schema,
        {
          event: (event) => this.#take(event),
          progress: (source, tsUs, counters) => this.#takeProgress(source, tsUs, counters),
          malformed: (problem) => this.#takeProblem(problem),
        },
        {
          from: this.#cursor,
          signal: this.#stopping.signal,
          passed: (cursor) => {
            this.#cursor = { ...cursor, seqs: [...cursor.seqs] };
          },
        },
      );
    } catch (error) {
      reason = `reading the recording failed: ${error instanceof Error ? error.message : error}`;
    }
    clearInterval(this.#ticker);
    if (this.#stopping.signal.aborted) return;
    this.#tell();
    context.ended(reason);
  }

  /** A promise only when there is something to wait for: most events pass without one. */
  #take(event: EventData): void | Promise<void> {
    const waitMs = this.#waitMs(event.ts);
    if (waitMs > 0) return this.#takeLater(event, waitMs);
    if (!this.#write(event)) return this.#retry(event);
    if (this.#events % BATCH_EVENTS === 0) return this.#giveTurn();
  }

  async #takeLater(event: EventData, waitMs: number): Promise<void> {
    await this.#sleep(waitMs);
    if (!this.#write(event)) await this.#retry(event);
  }

  #write(event: EventData): boolean {
    if (!writeEvent(this.#context!.writer, this.#options.schema, event)) return false;
    this.#events++;
    this.#newestUs = Math.max(this.#newestUs, event.ts);
    return true;
  }

  async #retry(event: EventData): Promise<void> {
    for (let tries = 0; tries < FULL_TRIES_MAX; tries++) {
      this.#tell();
      await this.#sleep(FULL_PAUSE_MS);
      if (this.#write(event)) return;
    }
    this.#lost++;
    if (this.#lost === 1)
      this.#context!.warn("the ring stays full; events of the recording are lost");
  }

  async #giveTurn(): Promise<void> {
    this.#tell();
    await turn();
  }

  async #takeProgress(source: string, tsUs: number, counters: RecordedCounters): Promise<void> {
    const waitMs = this.#waitMs(tsUs);
    if (waitMs > 0) await this.#sleep(waitMs);
    const progress = { timeUs: tsUs, ...counters };
    this.#sourceProgress.set(source, progress);
    this.#options.onProgress?.(source, progress);
  }

  #takeProblem(problem: LineProblem): void {
    this.#malformed++;
    if (this.#malformed > PROBLEMS_KEPT_MAX) return;
    const place = `line ${problem.line}${problem.column === undefined ? "" : `:${problem.column}`}`;
    this.#context!.warn(`${place}: ${problem.message}; ${problem.help}`);
  }

  #waitMs(tsUs: number): number {
    if (this.#speed === "max") return 0;
    if (this.#firstUs === undefined) {
      this.#firstUs = tsUs;
      this.#firstMs = performance.now();
    }
    return this.#firstMs + (tsUs - this.#firstUs) / 1000 / this.#speed - performance.now();
  }

  /** Rejects when the source is stopped meanwhile: the line that waits then counts as not taken. */
  async #sleep(ms: number): Promise<void> {
    // A timer longer than 2^31−1 ms would fire at once.
    for (let left = ms; left > 0; left -= 2 ** 30) {
      await delay(Math.min(left, 2 ** 30), undefined, { signal: this.#stopping.signal });
    }
  }

  #tell(): void {
    const told = [...this.#sourceProgress.values()];
    const timeUs =
      told.length > 0 ? Math.min(...told.map((progress) => progress.timeUs)) : this.#newestUs;
    if (timeUs === Number.NEGATIVE_INFINITY || this.#stopping.signal.aborted) return;
    const lostBefore = told.reduce((sum, progress) => sum + progress.lost, 0);
    this.#context!.progress({
      timeUs,
      seen: this.#events + this.#lost,
      passed: this.#events + this.#lost,
      lost: lostBefore + this.#lost,
      malformed: this.#malformed,
    });
  }
}
