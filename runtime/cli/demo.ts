/**
 * `tapio demo`: the whole path once, on a real kernel where that is possible. A supervised process
 * leaks in a small memory cgroup, the kernel kills it, the supervisor starts it again, and the rule
 * says so. Without the privileges for that, the same rule runs on a recorded incident.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Bundle, exitCodes, type Finding, fullName, UsageError } from "#core";
import { Runtime } from "#runtime";
import { createMemoryCgroup, type MemoryCgroup } from "#runtime/entity";
import { probeEbpf } from "#runtime/sources/ebpf";
import { deferred } from "./deferred.ts";
import { loadBundle } from "./load.ts";
import { printFinding, say, sayCounters } from "./output.ts";
import { replayRecording, sayEngine } from "./replay.ts";
import { createLiveSources } from "./sources.ts";

export interface DemoOptions {
  readonly bundle: string;
  /** Replay the recorded incident even where the real thing would work. */
  readonly recorded?: boolean;
  readonly journal?: string;
}

/** The rule whose finding is shown. */
const shown = "tapio.rules.memory.oom_kill_restart";
const limitBytes = 32 << 20;
/** From the kill to the finding it is well under a second; this is for machines under load. */
const patienceMs = 20_000;

export async function demoCommand(options: DemoOptions): Promise<number> {
  const bundle = loadBundle(options.bundle);
  if (!bundle.unit.rules.some((r) => fullName(r) === shown))
    throw new UsageError(
      `${options.bundle} has no rule ${shown}, which the demo is about`,
      "make a bundle that has: `tapioc compile rules -o rules.tapiob`",
    );
  const finding = options.recorded
    ? await recorded(bundle)
    : ((await live(bundle, options.journal)) ?? (await recorded(bundle)));
  if (!finding) return exitCodes.internal;
  sayNext(options.bundle);
  return exitCodes.ok;
}

/** The real thing; undefined when this machine or user cannot. */
async function live(bundle: Bundle, journal: string | undefined): Promise<Finding | undefined> {
  const group = createMemoryCgroup(`tapio-demo-${process.pid}`, limitBytes);
  if (!group.ok) {
    sayMissing("a memory cgroup of its own", group);
    // All that is missing at once: nobody should have to come back for the next message.
    const probe = probeEbpf();
    if (!probe.ok) sayMissing("eBPF", probe.unavailable);
    return undefined;
  }
  const cleanup = new Cleanup(group.cgroup);
  try {
    return await incident(bundle, group.cgroup, cleanup, journal);
  } finally {
    await cleanup.run();
  }
}

function sayMissing(what: string, why: { reason: string; help: string }): void {
  say(
    `The live demo needs ${what}, and that is not to be had here:\n  ${why.reason}\n  help: ${why.help}`,
  );
}

async function incident(
  bundle: Bundle,
  cgroup: MemoryCgroup,
  cleanup: Cleanup,
  journal: string | undefined,
): Promise<Finding | undefined> {
  const found = deferred<Finding>();
  const { sources } = createLiveSources(bundle, {
    journalDirectory: journal,
    journalCursor: undefined,
  });
  const runtime = new Runtime({
    bundle,
    sources,
    onFinding: (f) => isOurs(f, cgroup) && found.resolve(f),
    onWarning: say,
    now: () => performance.now(),
  });
  const status = await runtime.start();
  cleanup.add(() => runtime.stop());
  const kernel = status.sources.find((s) => s.name === "kernel");
  if (!kernel || kernel.unavailable) {
    sayMissing(
      "eBPF",
      kernel?.unavailable ?? {
        reason: "the bundle has no rule over kernel events",
        help: "use the shipped rules",
      },
    );
    return undefined;
  }
  for (const s of status.sources) {
    if (s.unavailable)
      say(
        `Without the ${s.name} source (${s.unavailable.reason}); the rule treats its evidence as optional.`,
      );
  }
  say(
    `Making a real OOM kill: a supervised process leaks in the cgroup ${cgroup.path}, limit 32MiB …\n`,
  );
  const startedAt = performance.now();
  cleanup.supervise(startSupervisor(cgroup));
  const finding = await withPatience(found.promise);
  if (!finding) {
    say(
      `No finding within ${patienceMs / 1000} s. That should not happen; \`tapio doctor\` may know why.`,
    );
    sayCounters(runtime.status());
    throw new UsageError("the demo made no finding", "run `tapio doctor` and report its output");
  }
  printFinding(finding, "pretty");
  say(
    `From the first byte leaked to the finding: ${Math.round(performance.now() - startedAt)} ms.`,
  );
  await runtime.stop();
  sayCounters(runtime.status());
  return finding;
}

/** Other processes of the machine may run out of memory at the same time; they are not the demo. */
function isOurs(finding: Finding, cgroup: MemoryCgroup): boolean {
  const { cgroup: path } = finding.entity;
  return isShown(finding) && (path === cgroup.path || path === undefined);
}

function isShown({ module, rule }: Finding): boolean {
  return `${module}.${rule}` === shown;
}

/**
 * A shell as supervisor. `tail /dev/zero` looks for the last line of an endless one and keeps all
 * it has read: memory grows until the limit. The second start is healthy.
 */
function startSupervisor(cgroup: MemoryCgroup): ChildProcess {
  const script =
    'echo $$ > "$1" && { tail /dev/zero > /dev/null 2>&1; sleep 0.3; tail -f /dev/null; :; }';
  return spawn("/bin/sh", ["-c", script, "supervisor", cgroup.processesFile], { stdio: "ignore" });
}

async function withPatience(finding: Promise<Finding>): Promise<Finding | undefined> {
  const timeout = deferred<undefined>();
  const timer = setTimeout(() => timeout.resolve(undefined), patienceMs);
  const result = await Promise.race([finding, timeout.promise]);
  clearTimeout(timer);
  return result;
}

/** Leaves nothing behind, also on Ctrl-C: sources detached, processes ended, cgroup removed. */
class Cleanup {
  readonly #cgroup: MemoryCgroup;
  readonly #steps: (() => Promise<void>)[] = [];
  #done: Promise<void> | undefined;
  readonly #onSignal: (signal: NodeJS.Signals) => void;

  constructor(cgroup: MemoryCgroup) {
    this.#cgroup = cgroup;
    this.#onSignal = (signal) => {
      say("\nStopping and cleaning up …");
      void this.run().then(() => process.exit(signal === "SIGINT" ? 130 : 143));
    };
    process.on("SIGINT", this.#onSignal).on("SIGTERM", this.#onSignal);
  }

  add(step: () => Promise<void>): void {
    this.#steps.push(step);
  }

  supervise(child: ChildProcess): void {
    this.add(async () => {
      child.kill("SIGKILL");
    });
  }

  run(): Promise<void> {
    this.#done ??= this.#run();
    return this.#done;
  }

  async #run(): Promise<void> {
    for (const step of this.#steps.reverse()) await step();
    await this.#cgroup.remove();
    process.off("SIGINT", this.#onSignal).off("SIGTERM", this.#onSignal);
  }
}

async function recorded(bundle: Bundle): Promise<Finding> {
  const path = recordedIncident();
  say(`Running the same rule on a recorded incident: ${path}\n`);
  const findings: Finding[] = [];
  const { results, counters } = await replayRecording(bundle, [path], new Map(), {
    finding: (f) => isShown(f) && findings.push(f),
  });
  const [finding] = findings;
  if (!finding)
    throw new UsageError(
      "the recorded incident gave no finding",
      "the rule was changed; make a bundle of the shipped one",
    );
  printFinding(finding, "pretty");
  say(`recording: ${results.get(path)?.events ?? 0} events seen`);
  sayEngine(counters);
  return finding;
}

function recordedIncident(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const inside = "rules/memory/oom_kill_restart.scenarios/incident.ndjson";
  const path = [join(here, "..", inside), join(here, "../..", inside)].find((p) => existsSync(p));
  if (!path)
    throw new UsageError(
      "the recorded incident is missing",
      "reinstall tapio: rules/ belongs to it",
    );
  return path;
}

function sayNext(bundle: string): void {
  say(`
Next:
  node dist/tapioc.js test rules --rule oom_kill_restart
      run the rule's own tests
  node dist/tapioc.js explain rules --rule oom_kill_restart
      see what the rule became, and what the kernel filters
  node dist/tapio.js run ${bundle}
      watch this machine (as root), then cause an OOM kill yourself`);
}
