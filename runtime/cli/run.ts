/** `tapio run`: a bundle on live sources until a signal, a number of findings or a time. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exitCodes, fileProblem, UsageError } from "#core";
import { Runtime } from "#runtime";
import { deferred } from "./deferred.ts";
import { loadBundle, readParams } from "./load.ts";
import { type OutputFormat, printFinding, say, sayCounters, sayStatus } from "./output.ts";
import { Recorder } from "./recorder.ts";
import { createLiveSources } from "./sources.ts";

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
  const cursor = options.state ? readCursor(options.state) : undefined;
  const live = createLiveSources(bundle, {
    journalDirectory: options.journal,
    journalCursor: cursor,
  });
  const recorder = options.record
    ? new Recorder(options.record, bundle.unit.schema, say)
    : undefined;
  const done = deferred<void>();
  let findings = 0;
  const runtime = new Runtime({
    bundle,
    sources: live.sources,
    params: readParams(options.param, bundle.unit.params),
    onFinding: (finding) => {
      printFinding(finding, options.format);
      if (++findings === options.maxFindings) done.resolve(undefined);
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
    now: () => performance.now(),
  });
  for (const kind of live.uncollected)
    say(`no collector delivers ${kind} yet; rules that need it cannot fire`);
  const status = await runtime.start();
  sayStatus(status);
  const isArmed = status.rules.some((r) => r.armed.state !== "not armed");
  if (isArmed) await untilStopped(done.promise, options.for);
  await runtime.stop();
  recorder?.close();
  if (recorder) say(`recorded ${recorder.events} events to ${options.record}`);
  if (options.state)
    saveCursor(options.state, live.sources.find((s) => s.name === "journal")?.cursor());
  sayCounters(runtime.status());
  if (!isArmed) {
    say("no rule can fire here: nothing to do");
    return exitCodes.environment;
  }
  return findings > 0 ? exitCodes.findings : exitCodes.ok;
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

const cursorFile = (folder: string) => join(folder, "journal.cursor");

function readCursor(folder: string): string | undefined {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new UsageError(
      `cannot use ${folder} for state: ${fileProblem(error)}`,
      "choose another folder with --state",
    );
  }
  try {
    return readFileSync(cursorFile(folder), "utf8").trim() || undefined;
  } catch {
    // The first run has none.
    return undefined;
  }
}

/** Saved after the engine has taken the entry, and as a whole or not at all. */
function saveCursor(folder: string, cursor: string | undefined): void {
  if (cursor === undefined) return;
  const temporary = `${cursorFile(folder)}.tmp`;
  try {
    writeFileSync(temporary, `${cursor}\n`, { mode: 0o600 });
    renameSync(temporary, cursorFile(folder));
  } catch (error) {
    say(
      `the journal's cursor could not be saved: ${fileProblem(error)}; the next run starts from now`,
    );
  }
}
