/** `tapio run`: a bundle on live sources until a signal, a number of findings or a time. */
import { resolve } from "node:path";
import { type Bundle, type EventData, exitCodes, fileProblem, formatTime } from "#core";
import { Runtime } from "#runtime";
import { deferred } from "./deferred.ts";
import { loadBundle, readParams } from "./load.ts";
import { listen, socketPath } from "./node-socket.ts";
import {
  type OutputFormat,
  onReaderGone,
  printFinding,
  say,
  sayCounters,
  sayStatus,
} from "./output.ts";
import { RecentEvents } from "./recent.ts";
import { Recorder } from "./recorder.ts";
import { reloadOnHangup } from "./reload.ts";
import { createLiveSources, type LiveSources } from "./sources.ts";
import { readState, StateKeeper } from "./state.ts";

export interface RunOptions {
  readonly format: OutputFormat;
  readonly param: readonly string[];
  readonly journal?: string;
  readonly state?: string;
  /** µs. */
  readonly stateEvery: number;
  /** Events kept for `tapio why-not`. */
  readonly recent: number;
  readonly record?: string;
  readonly maxFindings?: number;
  /** µs. */
  readonly for?: number;
}

/** Of the events kept for `tapio why-not`. */
const recentBytesMax = 16 << 20;

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
  const startUs = Date.now() * 1000;
  const recent = new RecentEvents({
    schema: bundle.unit.schema,
    eventsMax: options.recent,
    bytesMax: recentBytesMax,
    startUs,
  });
  const done = deferred<void>();
  // A reader that stops early ends the run as a signal does, with the state saved.
  onReaderGone(() => done.resolve(undefined));
  const seen = { recorder, recent, startUs };
  const runtime = runtimeOf(bundle, options, live, seen, () => done.resolve(undefined));
  for (const kind of live.uncollected)
    say(`no collector delivers ${kind} yet; rules that need it cannot fire`);
  const refusal = kept?.snapshot && runtime.restore(kept.snapshot);
  if (refusal) say(`the state of the last run is not used: ${refusal.reason}`);
  const running = { bundle: bundle.hash };
  // From before it is said that rules are armed: the signal would end the process.
  const stopReloading = reloadOnHangup({
    path,
    param: options.param,
    bundle,
    live,
    runtime,
    say,
    clockUs: () => Date.now() * 1000,
    onReloaded: (next) => {
      running.bundle = next.hash;
      sayStatus(runtime.status());
    },
  });
  const status = await runtime.start();
  sayStatus(status);
  const isArmed = status.rules.some(({ armed }) => /^(partly )?armed$/.test(armed.state));
  const stopAnswering = await answerWhyNot(path, running, options, runtime, recent);
  const keeper = keeperOf(options, live, runtime);
  keeper?.start();
  if (isArmed) await untilStopped(done.promise, options.for);
  stopReloading();
  await stopAnswering?.();
  await runtime.stop();
  recorder?.close();
  if (recorder) say(`recorded ${recorder.events} events to ${options.record}`);
  keeper?.stop();
  sayCounters(runtime.status());
  if (!isArmed) {
    say("no rule can fire here: nothing to do");
    return exitCodes.environment;
  }
  return runtime.status().counters.findings > 0 ? exitCodes.findings : exitCodes.ok;
}

/** `seen`: what hears of everything that rules may be about. `enough` ends the run. */
function runtimeOf(
  bundle: Bundle,
  { format, maxFindings = Number.POSITIVE_INFINITY, param }: RunOptions,
  live: LiveSources,
  seen: {
    readonly recorder: Recorder | undefined;
    readonly recent: RecentEvents;
    readonly startUs: number;
  },
  enough: () => void,
): Runtime {
  const { recorder, recent, startUs } = seen;
  const { kinds } = bundle.unit.schema;
  const runtime = new Runtime({
    bundle,
    sources: live.sources,
    params: readParams(param, bundle.unit.params),
    onFinding: (finding) => {
      printFinding(finding, format);
      if (runtime.status().counters.findings >= maxFindings) enough();
    },
    onWarning: say,
    onLate: lateTold(kinds.map((k) => k.name)),
    onRelevant: (event) => {
      recorder?.event(event);
      recent.event(event);
    },
    onProgress: (source, progress) => {
      recorder?.progress(source, progress);
      recent.progress(source, progress);
    },
    uncollected: live.uncollected,
    startUs,
    now: () => performance.now(),
    clockUs: () => Date.now() * 1000,
  });
  return runtime;
}

/** Of a flood of late events of a kind the first is told, then their number: 10, 100 and so on. */
function lateTold(names: readonly string[]): (event: EventData) => void {
  const counts = new Map<number, number>();
  return ({ kind, ts }) => {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    const name = names[kind] ?? "?";
    if (count === 1) say(`late: ${name} at ${formatTime(ts)} came after its time was decided`);
    else if (Number.isInteger(Math.log10(count))) say(`late: ${count} events ${name} by now`);
  };
}

/** Undefined without `--state`. */
function keeperOf(
  { state: folder, stateEvery }: RunOptions,
  live: LiveSources,
  runtime: Runtime,
): StateKeeper | undefined {
  if (folder === undefined) return undefined;
  const take = () => ({
    journalCursor: live.sources.find((s) => s.name === "journal")?.cursor(),
    snapshot: runtime.snapshot(),
  });
  return new StateKeeper({ folder, everyMs: stateEvery / 1000, take, warn: say });
}

/** Listens for `tapio why-not`; a node that cannot says why and goes on. */
async function answerWhyNot(
  path: string,
  running: { readonly bundle: string },
  options: RunOptions,
  runtime: Runtime,
  recent: RecentEvents,
): Promise<(() => Promise<void>) | undefined> {
  const socket = socketPath(options.state);
  if (socket === undefined || options.recent === 0) return undefined;
  const head = { path: resolve(path), params: options.param };
  try {
    return await listen(socket, () => ({
      head: {
        ...head,
        ...running,
        pid: process.pid,
        sinceUs: recent.sinceUs,
        givenUp: runtime.givenUp,
      },
      ...recent.lines(),
    }));
  } catch (error) {
    say(`tapio why-not cannot ask this node: ${fileProblem(error)}`);
    return undefined;
  }
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
