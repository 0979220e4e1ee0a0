/**
 * `tapio replay`: a bundle on a recording, at full speed. Time comes from the recording: from its
 * progress lines where it has them, otherwise each source's latest event is its progress.
 */
import {
  type Bundle,
  type EventData,
  exitCodes,
  type Finding,
  UsageError,
  type Value,
} from "#core";
import { Engine, type EngineCounters } from "#runtime/engine";
import { writeEvent } from "#runtime/events";
import { RecordingUnreadable, type ReplayResult, replayFile } from "#runtime/sources/replay";
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
  let findings = 0;
  const { result, counters } = await replayRecording(bundle, path, params, (f) => {
    findings++;
    printFinding(f, options.format);
  });
  for (const p of result.problems.slice(0, shownProblems)) {
    const place = p.column === undefined ? `${path}:${p.line}` : `${path}:${p.line}:${p.column}`;
    say(`${place}: ${p.message}\n  help: ${p.help}`);
  }
  say(`${result.lines} lines, ${result.events} events, ${result.malformed} malformed`);
  sayEngine(counters);
  return findings > 0 ? exitCodes.findings : exitCodes.ok;
}

export function sayEngine(c: EngineCounters): void {
  say(flowLine(c));
  if (c.late > 0)
    say(
      "late events were not judged: the recording is out of order by more than the sources' lateness; sort it by time",
    );
  say(outcomeLine(c));
}

/** Replays `path` through a fresh engine. Rejects with `UsageError` when it cannot be read. */
export async function replayRecording(
  bundle: Bundle,
  path: string,
  params: ReadonlyMap<string, Value>,
  onFinding: (f: Finding) => void,
): Promise<{ result: ReplayResult; counters: EngineCounters }> {
  const { unit } = bundle;
  const engine = new Engine({
    unit,
    matcher: bundle.matcher,
    bundleHash: bundle.hash,
    params,
    onFinding,
  });
  for (const { rule, reason } of engine.unavailable)
    say(`rule ${rule.name} is not run: this version's engine does not run ${reason} yet`);
  const clock = new RecordingClock(
    engine,
    unit.schema.sources.map((s) => s.name),
  );
  const sourceOf = (e: EventData) =>
    unit.schema.sources[unit.schema.kinds[e.kind]?.source ?? -1]?.name ?? "";
  try {
    const result = await replayFile(path, unit.schema, {
      event: (event) => {
        const source = sourceOf(event);
        const writer = engine.writer(source);
        if (writer && !writeEvent(writer, unit.schema, event)) {
          engine.read();
          writeEvent(writer, unit.schema, event);
        }
        clock.event(source, event.ts);
      },
      progress: (source, ts, counters) => clock.progress(source, ts, counters.lost),
      malformed: () => undefined,
    });
    clock.finish();
    return { result, counters: engine.counters };
  } catch (error) {
    if (error instanceof RecordingUnreadable) throw new UsageError(error.message, error.help);
    throw error;
  }
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

  /** The recording is over: everything in it is decided, and nothing beyond its end is claimed. */
  finish(): void {
    this.#engine.runUntil(this.#end);
  }
}
