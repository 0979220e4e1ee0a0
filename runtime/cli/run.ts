/** `tapio run`: a bundle on live sources until a signal, a number of findings or a time. */
import { resolve } from "node:path";
import { type Bundle, type EventData, exitCodes, fileProblem, formatTime, UsageError } from "#core";
import { Runtime } from "#runtime";
import { deferred } from "./deferred.ts";
import { loadBundle, readParams } from "./load.ts";
import { isAnswered, listen, SocketTaken, socketPath } from "./node-socket.ts";
import {
  isOutputBroken,
  type OutputFormat,
  onOutputGone,
  printFinding,
  say,
  sayCounters,
  sayStatus,
} from "./output.ts";
import { RecentEvents } from "./recent.ts";
import { Recorder } from "./recorder.ts";
import { reloadOnHangup } from "./reload.ts";
import { createLiveSources, type LiveSources } from "./sources.ts";
import { type NodeState, readState, StateKeeper, savedUs, setAside } from "./state.ts";

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
  const kept = await stateToGoOnFrom(options.state);
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
  onOutputGone(() => done.resolve(undefined));
  const seen = { recorder, recent, startUs };
  let findingsBefore = 0;
  const findingsMade = () => runtime.status().counters.findings - findingsBefore;
  const { maxFindings = Number.POSITIVE_INFINITY } = options;
  const runtime = runtimeOf(bundle, options, live, seen, () => {
    if (findingsMade() >= maxFindings) done.resolve(undefined);
  });
  for (const kind of live.uncollected)
    say(`no collector delivers ${kind} yet; rules that need it cannot fire`);
  const isContinued = goOn(runtime, kept, options.state);
  findingsBefore = runtime.status().counters.findings;
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
  // Before anything starts, so that of two nodes with one state the second does not.
  const stopAnswering = await answerWhyNot(path, running, options, runtime, recent);
  const tellCounters = () => sayCounters(runtime.status(), isContinued);
  process.on("SIGUSR2", tellCounters);
  const status = await runtime.start();
  sayStatus(status);
  const isArmed = status.rules.some(({ armed }) => /^(partly )?armed$/.test(armed.state));
  const keeper = keeperOf(options, live, runtime);
  keeper?.start();
  if (isArmed) await untilStopped(done.promise, options.for);
  stopReloading();
  process.off("SIGUSR2", tellCounters);
  await runtime.stop();
  recorder?.close();
  keeper?.stop();
  await stopAnswering?.();
  tellCounters();
  if (!isArmed) {
    say("no rule can fire here: nothing to do");
    return exitCodes.environment;
  }
  if (isOutputBroken()) return exitCodes.environment;
  return findingsMade() > 0 ? exitCodes.findings : exitCodes.ok;
}

/** Throws `UsageError` while another node keeps its state in the folder: both would be lost. */
async function stateToGoOnFrom(folder: string | undefined): Promise<NodeState | undefined> {
  const socket = folder && socketPath(folder);
  if (!folder || !socket) return undefined;
  if (await isAnswered(socket)) throw folderTaken(folder);
  return readState(folder, say);
}

function folderTaken(folder: string): UsageError {
  return new UsageError(
    `another tapio keeps its state in ${folder}`,
    "end that one first, or give this one a folder of its own",
  );
}

/** Returns whether the engine goes on from what was saved. */
function goOn(runtime: Runtime, kept: NodeState | undefined, folder = ""): boolean {
  if (!kept?.snapshot) return false;
  const savedAt = savedUs(folder);
  const refusal = runtime.restore(kept.snapshot);
  if (refusal) say(`the state of the last run is not used: ${refusal.reason}${setAside(folder)}`);
  else say(`going on from the state of ${savedAt === undefined ? folder : formatTime(savedAt)}`);
  return !refusal;
}

/** `seen`: what hears of everything that rules may be about. `onTold`: after each finding. */
function runtimeOf(
  bundle: Bundle,
  { format, param }: RunOptions,
  live: LiveSources,
  seen: {
    readonly recorder: Recorder | undefined;
    readonly recent: RecentEvents;
    readonly startUs: number;
  },
  onTold: () => void,
): Runtime {
  const { recorder, recent, startUs } = seen;
  const { kinds } = bundle.unit.schema;
  return new Runtime({
    bundle,
    sources: live.sources,
    params: readParams(param, bundle.unit.params),
    onFinding: (finding) => {
      printFinding(finding, format);
      onTold();
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

/**
 * Listens for `tapio why-not`, and so keeps other nodes from its state. A node that cannot listen
 * says why and goes on, but not beside one that has the same state.
 */
async function answerWhyNot(
  path: string,
  running: { readonly bundle: string },
  options: RunOptions,
  runtime: Runtime,
  recent: RecentEvents,
): Promise<(() => Promise<void>) | undefined> {
  const socket = socketPath(options.state);
  const { state } = options;
  if (socket === undefined || (options.recent === 0 && state === undefined)) return undefined;
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
    if (state !== undefined && error instanceof SocketTaken) throw folderTaken(state);
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
