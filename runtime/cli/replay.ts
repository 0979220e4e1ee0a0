/**
 * `tapio replay`: a bundle on a recording, at full speed. Time comes from the recording: from its
 * progress lines where it has them, otherwise each source's latest event is its progress.
 */
import type { Readable } from "node:stream";
import {
  type Bundle,
  type EventData,
  exitCodes,
  type Finding,
  type Schema,
  UsageError,
  type Value,
} from "#core";
import { untoldOf } from "#runtime";
import { Engine, type EngineCounters, type GivenUp, troubleText } from "#runtime/engine";
import { writeEvent } from "#runtime/events";
import {
  type RecordedCounters,
  RecordingUnreadable,
  type ReplayHandlers,
  type ReplayResult,
  replayFile,
  replayStream,
} from "#runtime/sources/replay";
import { loadBundle, readParams } from "./load.ts";
import { flowLine, type OutputFormat, outcomeLine, printFinding, say } from "./output.ts";

export interface ReplayCommandOptions {
  readonly bundle: string;
  readonly format: OutputFormat;
  readonly param: readonly string[];
}

/** Sources that lag behind hold events back; beyond this many they count as idle. */
const waitingMax = 200_000;
const shownProblems = 20;

export async function replayCommand(path: string, options: ReplayCommandOptions): Promise<number> {
  const bundle = loadBundle(options.bundle);
  const params = readParams(options.param, bundle.unit.params);
  for (const rule of bundle.unit.rules) {
    const reason = untoldOf(rule);
    if (reason !== undefined) say(`rule ${rule.name} cannot fire: ${reason}`);
  }
  const { results, counters } = await replayRecording(bundle, [path], params, {
    finding: (f) => {
      printFinding(f, options.format);
    },
  });
  sayRecordings(results);
  sayEngine(counters);
  if (isUnreadable(results)) {
    say("no line of it could be read, so nothing was judged");
    return exitCodes.usage;
  }
  return counters.findings > 0 ? exitCodes.findings : exitCodes.ok;
}

/** Whether every line was malformed. */
function isUnreadable(results: ReadonlyMap<string, ReplayResult>): boolean {
  const all = [...results.values()];
  return all.every((r) => r.events === 0) && all.some((r) => r.malformed > 0);
}

/** What was read, and what could not be. */
export function sayRecordings(results: ReadonlyMap<string, ReplayResult>): void {
  for (const [path, { problems, lines, events, malformed }] of results) {
    for (const p of problems.slice(0, shownProblems)) {
      const place = p.column === undefined ? `${path}:${p.line}` : `${path}:${p.line}:${p.column}`;
      say(`${place}: ${p.message}\n  help: ${p.help}`);
    }
    const more = malformed - shownProblems;
    if (more > 0) say(`${path}: ${more} more malformed lines`);
    const name = results.size > 1 ? `${path}: ` : "";
    say(`${name}${lines} lines, ${events} events, ${malformed} malformed`);
  }
}

export function sayEngine(c: EngineCounters): void {
  say(flowLine(c));
  if (c.late > 0)
    say(
      "late events were not judged: the recording is out of order by more than the sources' lateness; sort it by time",
    );
  say(outcomeLine(c));
}

/** A recording: a file's path, `-` for standard input, or what something else delivers. */
export type Recording = string | { readonly name: string; readonly stream: Readable };

/** Is told what is read and what the engine makes of it. */
export interface ReplayListeners {
  finding(finding: Finding): void;
  event?(event: EventData): void;
  progress?(source: string, tsUs: number, counters: RecordedCounters): void;
  late?(event: EventData): void;
}

export interface Replayed {
  /** By path. */
  readonly results: ReadonlyMap<string, ReplayResult>;
  readonly counters: EngineCounters;
  readonly givenUp: readonly GivenUp[];
  /** Everything before is decided, µs. */
  readonly end: number;
}

/**
 * Replays recordings, one behind the other, through a fresh engine. Rejects with `UsageError` when
 * one cannot be read.
 */
export async function replayRecording(
  bundle: Bundle,
  recordings: readonly Recording[],
  params: ReadonlyMap<string, Value>,
  listeners: ReplayListeners,
): Promise<Replayed> {
  const { unit } = bundle;
  const engine = new Engine({
    unit,
    matcher: bundle.matcher,
    bundleHash: bundle.hash,
    params,
    onFinding: (f) => listeners.finding(f),
    onLate: (e) => listeners.late?.(e),
    onTrouble: (trouble) => say(troubleText(trouble)),
  });
  const clock = new RecordingClock(
    engine,
    unit.schema.sources.map((s) => s.name),
  );
  const handlers = handlersFor(engine, unit, clock, listeners);
  const results = new Map<string, ReplayResult>();
  for (const recording of recordings) {
    const name = typeof recording === "string" ? recording : recording.name;
    results.set(name, await readRecording(recording, unit.schema, handlers));
  }
  clock.finish();
  const { counters, givenUp } = engine;
  return { results, counters, givenUp, end: clock.end };
}

async function readRecording(
  recording: Recording,
  schema: Schema,
  handlers: ReplayHandlers,
): Promise<ReplayResult> {
  try {
    if (typeof recording !== "string")
      return await replayStream(recording.stream, schema, handlers);
    return await replayFile(recording, schema, handlers);
  } catch (error) {
    if (error instanceof RecordingUnreadable) throw new UsageError(error.message, error.help);
    throw error;
  }
}

function handlersFor(
  engine: Engine,
  { schema }: Bundle["unit"],
  clock: RecordingClock,
  listeners: ReplayListeners,
): ReplayHandlers {
  const sourceOf = (e: EventData) => schema.sources[schema.kinds[e.kind]?.source ?? -1]?.name ?? "";
  return {
    event: (event) => {
      const source = sourceOf(event);
      const writer = engine.writer(source);
      if (writer && !writeEvent(writer, schema, event)) {
        engine.read();
        writeEvent(writer, schema, event);
      }
      listeners.event?.(event);
      clock.event(source, event.ts);
    },
    progress: (source, ts, counters) => {
      listeners.progress?.(source, ts, counters);
      clock.progress(source, ts, counters.lost);
    },
    malformed: () => undefined,
  };
}

class RecordingClock {
  readonly #engine: Engine;
  readonly #sources: readonly string[];
  readonly #latest = new Map<string, number>();
  readonly #told = new Set<string>();
  readonly #lost = new Map<string, number>();
  #end = 0;
  #since = 0;

  constructor(engine: Engine, sources: readonly string[]) {
    this.#engine = engine;
    this.#sources = sources;
  }

  event(source: string, ts: number): void {
    this.#latest.set(source, Math.max(this.#latest.get(source) ?? 0, ts));
    this.#end = Math.max(this.#end, ts + 1);
    if (++this.#since < 256) return;
    this.#since = 0;
    for (const [name, at] of this.#latest)
      if (!this.#told.has(name)) this.#engine.progress(name, at);
    if (this.#engine.counters.inFlight <= waitingMax) return;
    const now = Math.max(...this.#latest.values());
    for (const name of this.#sources) if (!this.#told.has(name)) this.#engine.progress(name, now);
  }

  progress(source: string, ts: number, lost: number): void {
    this.#told.add(source);
    this.#engine.lost(source, lost - (this.#lost.get(source) ?? 0), ts);
    this.#lost.set(source, lost);
    this.#end = Math.max(this.#end, ts);
    this.#engine.progress(source, ts);
  }

  get end(): number {
    return this.#end;
  }

  /** The recording is over: everything in it is decided, and nothing beyond its end is claimed. */
  finish(): void {
    this.#engine.runUntil(this.#end);
  }
}
