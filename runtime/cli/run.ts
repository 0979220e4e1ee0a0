/** `tapio run`: a bundle on live sources until a signal, a number of findings or a time. */
import { exitCodes } from "#core";
import { Runtime } from "#runtime";
import { deferred } from "./deferred.ts";
import { loadBundle, readParams } from "./load.ts";
import { type OutputFormat, printFinding, say, sayCounters, sayStatus } from "./output.ts";
import { Recorder } from "./recorder.ts";
import { createLiveSources } from "./sources.ts";
import { readState, saveState } from "./state.ts";

export interface RunOptions {
  readonly format: OutputFormat;
  readonly param: readonly string[];
  readonly journal?: string;
  readonly state?: string;
  readonly record?: string;
  readonly maxFindings?: number;
  /** µs. */
  readonly for?: number;
}

export async function runCommand(path: string, options: RunOptions): Promise<number> {
  const bundle = loadBundle(path);
  const kept = options.state ? readState(options.state, say) : undefined;
  const live = createLiveSources(bundle, {
    journalDirectory: options.journal,
    journalCursor: kept?.journalCursor,
  });
  const recorder = options.record
    ? new Recorder(options.record, bundle.unit.schema, say)
    : undefined;
  const done = deferred<void>();
  const runtime = new Runtime({
    bundle,
    sources: live.sources,
    params: readParams(options.param, bundle.unit.params),
    onFinding: (finding) => {
      printFinding(finding, options.format);
      const { maxFindings = Number.POSITIVE_INFINITY } = options;
      if (runtime.status().counters.findings >= maxFindings) done.resolve(undefined);
    },
    onWarning: say,
    onLate: (event) =>
      say(
        `late: ${bundle.unit.schema.kinds[event.kind]?.name} at ${event.ts} came after its time was decided`,
      ),
    ...(recorder
      ? {
          onRelevant: (event) => recorder.event(event),
          onProgress: (source, progress) => recorder.progress(source, progress),
        }
      : {}),
    uncollected: live.uncollected,
    startUs: Date.now() * 1000,
    now: () => performance.now(),
  });
  for (const kind of live.uncollected)
    say(`no collector delivers ${kind} yet; rules that need it cannot fire`);
  const refusal = kept?.snapshot && runtime.restore(kept.snapshot);
  if (refusal) say(`the state of the last run is not used: ${refusal.reason}`);
  const status = await runtime.start();
  sayStatus(status);
  const isArmed = status.rules.some((r) => r.armed.state !== "not armed");
  if (isArmed) await untilStopped(done.promise, options.for);
  await runtime.stop();
  recorder?.close();
  if (recorder) say(`recorded ${recorder.events} events to ${options.record}`);
  if (options.state) {
    const journalCursor = live.sources.find((s) => s.name === "journal")?.cursor();
    saveState(options.state, { journalCursor, snapshot: runtime.snapshot() }, say);
  }
  sayCounters(runtime.status());
  if (!isArmed) {
    say("no rule can fire here: nothing to do");
    return exitCodes.environment;
  }
  return runtime.status().counters.findings > 0 ? exitCodes.findings : exitCodes.ok;
}

/** Resolves on SIGINT, SIGTERM, after `us`, or when `done` does. A second signal ends at once. */
async function untilStopped(done: Promise<void>, us: number | undefined): Promise<void> {
  const stop = deferred<void>();
  const onSignal = () => stop.resolve(undefined);
  const timer = us === undefined ? undefined : setTimeout(onSignal, us / 1000);
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  await Promise.race([done, stop.promise]);
  clearTimeout(timer);
  process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
}
