/**
 * The systemd journal as an event source: `journalctl -f` in the export format, over a pipe.
 *
 *   journald ─► files ─► journalctl ─(pipe)─► ExportParser ─► decode ─► EventWriter
 *
 * The pipe is the only queue: the next chunk is read when every entry of the one before has been
 * handed over, so a busy tapio makes journalctl wait, and the journal keeps what is not read yet.
 *
 * Progress. journald collects changes for 250 ms before it wakes readers; from writing to here an
 * entry takes 150 ms (median) to 350 ms, and the schema's lateness of the source is 500 ms. So:
 *
 *   entries keep coming     time of the last one: entries come in the order of their times
 *   quiet for 100 ms, and   now: an entry of less than (now − lateness) would have been here
 *   caught up
 *
 * "Caught up" is what keeps the second row honest: while journalctl works through a backlog, a slow
 * disk makes the pipe quiet as well. It is caught up once it has delivered the entry that was the
 * newest when it was started.
 */
import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";
import { clockStepUs, type Source, type SourceContext, type Unavailable } from "#core";
import {
  BATCH_ENTRIES,
  CATCH_UP_QUIET_TICKS,
  checkOptions,
  type JournaldOptions,
  journalctlArguments,
  PROGRESS_INTERVAL_MS,
  QUIET_TICKS,
  RESTART_FIRST_MS,
  RESTART_LAST_MS,
  ROOM_PAUSE_MS,
} from "./config.ts";
import { describeGap } from "./cursor.ts";
import {
  type DecodeContext,
  decodeEntry,
  lostEntries,
  namedEntities,
  readEntry,
} from "./decode.ts";
import type { ExportEntry } from "./export-format.ts";
import {
  askEntry,
  type Ending,
  isJournaldThere,
  Journalctl,
  lastLine,
  type Newest,
  newParser,
} from "./journalctl.ts";
import { OomReports } from "./oom-line.ts";

export interface JournaldStats {
  /** Times journalctl was started again after it had ended by itself. */
  readonly restarts: number;
  /** Places where entries were gone from the journal before they could be read. */
  readonly gaps: number;
  /** The running journalctl. */
  readonly childPid: number | undefined;
}

export interface JournaldSource extends Source {
  /** journald's cursor of the last entry handed over: save it once the engine has taken that. */
  cursor(): string | undefined;
  stats(): JournaldStats;
}

/** Throws a RangeError for options that make no sense. */
export function createJournaldSource(options: JournaldOptions): JournaldSource {
  const problem = checkOptions(options);
  if (problem !== undefined) throw new RangeError(problem);
  return new RunningSource(options);
}

class RunningSource implements JournaldSource {
  readonly name = "journal";
  readonly #options: JournaldOptions;
  readonly #stopping = new AbortController();
  #context: SourceContext | undefined;
  #decode: DecodeContext | undefined;
  #running: Promise<void> | undefined;
  #child: Journalctl | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #cursor: string | undefined;
  /** The newest entry when journalctl was started: read up to there is caught up. */
  #target: ExportEntry | undefined;
  #isCaughtUp = false;
  #isBusy = false;
  #quietTicks = 0;
  #progressUs = 0;
  #lastEntryUs = 0;
  #entries = 0;
  #lost = 0;
  #malformed = 0;
  #restarts = 0;
  #gaps = 0;

  constructor(options: JournaldOptions) {
    this.#options = options;
  }

  async start(context: SourceContext): Promise<Unavailable | undefined> {
    if (this.#context !== undefined) throw new Error("this source has been started before");
    this.#context = context;
    const options = this.#options;
    const newest = await this.#askNewest();
    if ("reason" in newest) return newest;
    if (newest.warning !== undefined) context.warn(newest.warning);
    if (!isJournaldThere(options)) {
      context.warn("systemd-journald is not running: only what it wrote before will be read");
    }
    const saved = options.from === "cursor" ? options.cursor : undefined;
    this.#cursor = options.from === "beginning" ? undefined : (saved ?? newest.entry?.cursor);
    this.#decode = {
      kind: options.kind,
      writer: context.writer,
      oomReports: new OomReports(),
      cgroupIdOf: (path) => options.cgroupIdOf?.(path),
      entityOf: (origin) => (options.entityOf ?? namedEntities)(origin),
    };
    if (this.#stopping.signal.aborted) return undefined;
    this.#ticker = setInterval(() => this.#tick(), PROGRESS_INTERVAL_MS);
    this.#running = this.#run(newest);
    return undefined;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#ticker);
    await this.#child?.stop();
    await this.#running;
  }

  cursor(): string | undefined {
    return this.#cursor;
  }

  stats(): JournaldStats {
    return { restarts: this.#restarts, gaps: this.#gaps, childPid: this.#child?.pid };
  }

  #askNewest(): ReturnType<typeof askEntry> {
    return askEntry(this.#options, { units: this.#options.units, signal: this.#stopping.signal });
  }

  get #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Keeps a journalctl running until the source is stopped. */
  async #run(first: Newest): Promise<void> {
    let newest: Newest | undefined = first;
    let pauseMs = RESTART_FIRST_MS;
    while (!this.#isStopped) {
      const before = this.#entries;
      const problem = await this.#follow(newest);
      if (this.#isStopped) return;
      if (problem !== undefined) {
        this.#restarts++;
        this.#context?.warn(`${problem}; starting it again in ${pauseMs} ms`);
        if (this.#entries > before) pauseMs = RESTART_FIRST_MS;
        await this.#sleep(pauseMs);
        pauseMs = Math.min(pauseMs * 2, RESTART_LAST_MS);
      }
      if (this.#isStopped) return;
      const asked = await this.#askNewest();
      newest = "reason" in asked ? undefined : asked;
    }
  }

  /**
   * Runs one journalctl to its end. `newest` undefined: not known. Returns why it must be started
   * again, or undefined to do so at once.
   */
  async #follow(newest: Newest | undefined): Promise<string | undefined> {
    const { journalctl = "journalctl", units } = this.#options;
    const at = this.#cursor === undefined ? [] : [`--cursor=${this.#cursor}`];
    const args = journalctlArguments(this.#options, units, ["--follow", "--no-tail", ...at]);
    const child = new Journalctl(journalctl, args);
    this.#child = child;
    this.#target = newest?.entry;
    this.#isCaughtUp = newest !== undefined && newest.entry === undefined;
    this.#quietTicks = 0;
    let failure: unknown;
    try {
      await this.#read(child);
    } catch (error) {
      if (!this.#isStopped) failure = error;
    }
    await child.stop();
    const ending = await child.ended;
    this.#isBusy = false;
    this.#isCaughtUp = false;
    this.#child = undefined;
    if (failure !== undefined) return `reading the journal failed (${failure})`;
    return this.#judge(ending);
  }

  #judge(ending: Ending): string | undefined {
    if (this.#cursor !== undefined && /Failed to seek to cursor/.test(ending.stderr)) {
      this.#countGap(`the journal does not know the cursor \`${this.#cursor}\``, 1);
      this.#context?.warn("reading on from the oldest entry there is");
      this.#cursor = undefined;
      return undefined;
    }
    const said = ending.stderr === "" ? "" : `: ${lastLine(ending.stderr)}`;
    return `journalctl ended with ${ending.how}${said}`;
  }

  async #read(child: Journalctl): Promise<void> {
    const parser = newParser();
    let expected = this.#cursor;
    let inBatch = 0;
    for await (const chunk of child.stdout) {
      this.#isBusy = true;
      this.#quietTicks = 0;
      const malformedBefore = parser.malformed;
      for (const entry of parser.push(chunk as Buffer)) {
        const isExpected = entry.cursor === expected;
        if (expected !== undefined && !isExpected) await this.#checkGap(expected, entry);
        expected = undefined;
        await this.#waitForRoom();
        if (this.#isStopped) return;
        const hasRoom = isExpected ? this.#skip(entry) : this.#take(entry);
        if (!hasRoom) await this.#sleep(ROOM_PAUSE_MS);
        else if (++inBatch % BATCH_ENTRIES === 0) await this.#giveTurn();
      }
      this.#malformed += parser.malformed - malformedBefore;
      this.#isBusy = false;
      this.#tell();
    }
  }

  /** The entry at the cursor: handed over before, but lines that follow may refer to it. */
  #skip(entry: ExportEntry): true {
    readEntry(entry, this.#decode!.oomReports);
    this.#pass(entry);
    return true;
  }

  /** False when the writer had no room and dropped it. */
  #take(entry: ExportEntry): boolean {
    const outcome = decodeEntry(entry, this.#decode!);
    if (outcome === "malformed") this.#malformed++;
    this.#entries++;
    this.#lost += lostEntries(entry);
    this.#pass(entry);
    return outcome !== "dropped";
  }

  /** Notes how far reading has come. */
  #pass(entry: ExportEntry): void {
    this.#cursor = entry.cursor;
    const timeUs = Number(entry.fields.get("__REALTIME_TIMESTAMP"));
    if (Number.isSafeInteger(timeUs)) this.#lastEntryUs = timeUs;
    if (entry.cursor === this.#target?.cursor) this.#isCaughtUp = true;
  }

  /** The entry at the cursor did not come first: is it gone, or only not among the chosen units? */
  async #checkGap(cursor: string, oldest: ExportEntry): Promise<void> {
    if (this.#options.units !== undefined) {
      const { signal } = this.#stopping;
      const asked = await askEntry(this.#options, { units: undefined, cursor, signal });
      if (!("reason" in asked) && asked.entry?.cursor === cursor) return;
    }
    const { message, lost } = describeGap(cursor, oldest.cursor);
    this.#countGap(message, lost);
  }

  #countGap(message: string, lost: number): void {
    this.#gaps++;
    this.#lost += lost;
    this.#context?.warn(message);
  }

  async #waitForRoom(): Promise<void> {
    const { hasRoom } = this.#options;
    if (hasRoom === undefined) return;
    while (!this.#isStopped && !hasRoom()) {
      this.#tell();
      await this.#sleep(ROOM_PAUSE_MS);
    }
  }

  async #giveTurn(): Promise<void> {
    this.#tell();
    await turn();
  }

  #tick(): void {
    if (!this.#isBusy && this.#child !== undefined) this.#quietTicks++;
    if (this.#quietTicks >= CATCH_UP_QUIET_TICKS) this.#isCaughtUp = true;
    this.#tell();
  }

  #tell(): void {
    if (this.#isStopped) return;
    // Ticks and not time: if the process itself stood still, the pipe has not been looked at.
    const isQuiet = !this.#isBusy && this.#quietTicks >= QUIET_TICKS;
    const clockUs = Date.now() * 1000;
    const nowUs = isQuiet && this.#isCaughtUp ? clockUs : 0;
    // An entry of a time that is not yet may be followed by many of now.
    const readUs = Math.min(this.#lastEntryUs, clockUs);
    if (this.#progressUs > clockUs + clockStepUs) this.#progressUs = 0;
    this.#progressUs = Math.max(this.#progressUs, readUs, nowUs);
    this.#context?.progress({
      timeUs: this.#progressUs,
      seen: this.#entries,
      passed: this.#entries,
      lost: this.#lost,
      malformed: this.#malformed,
    });
  }

  /** Ends early when the source is stopped. */
  async #sleep(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}
