/**
 * A machine for tests: a real systemd with a real journald and D-Bus, in namespaces of its own
 * (`systemd-machine.sh`). Starts in about half a second and leaves nothing behind.
 */
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL("./systemd-machine.sh", import.meta.url));
const NEEDED = [
  ["/usr/lib/systemd/systemd", "systemd"],
  ["/usr/bin/dbus-daemon", "dbus"],
  ["/usr/bin/unshare", "util-linux"],
] as const;

export interface SystemdMachine {
  /** Root of its files as seen from outside: `run`, `etc` and `var` of the machine lie in it. */
  readonly folder: string;
  /** D-Bus address, usable from outside. */
  readonly busAddress: string;
  /** Host's id of its process 1. */
  readonly initPid: number;
  /** Runs a command inside; rejects when it fails. */
  exec(command: string, args: readonly string[], input?: string): Promise<string>;
  /** Idempotent. */
  stop(): Promise<void>;
}

/** Why no machine can be started here; undefined when it can. */
export function systemdMachineProblem(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root (CAP_SYS_ADMIN) for namespaces and mounts";
  const missing = NEEDED.filter(([file]) => !existsSync(file)).map(([, name]) => name);
  if (missing.length > 0) return `needs the packages ${missing.join(", ")}`;
  if (!/ cgroup2 /.test(readFileSync("/proc/mounts", "utf8"))) return "needs a mounted cgroup2";
  try {
    execFileSync("unshare", ["--mount", "--pid", "--fork", "true"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "unshare(2) of mount and pid namespaces is refused here";
  }
}

/**
 * Check `systemdMachineProblem` first. `readsKernelLog`: its journald takes the kernel's log too,
 * everything the kernel has said so far included.
 */
export async function startSystemdMachine(
  options: { readonly readsKernelLog?: boolean } = {},
): Promise<SystemdMachine> {
  const folder = mkdtempSync(join(tmpdir(), "tapio-machine-"));
  const stopSync = () => {
    execFileSync("bash", [SCRIPT, "stop", folder], { stdio: "ignore" });
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", stopSync);
  try {
    const log = options.readsKernelLog ? "yes" : "no";
    await run("bash", [SCRIPT, "start", folder], {
      env: { ...process.env, TAPIO_MACHINE_KERNEL_LOG: log },
    });
  } catch (error) {
    process.off("exit", stopSync);
    stopSync();
    throw error;
  }
  const read = (name: string) => readFileSync(join(folder, name), "utf8").trim();
  const initPid = Number(read("init.pid"));
  let stopping: Promise<void> | undefined;
  return {
    folder,
    busAddress: read("bus.address"),
    initPid,
    exec: (command, args, input) => execIn(initPid, command, args, input),
    stop: () => {
      stopping ??= run("bash", [SCRIPT, "stop", folder]).then(() => {
        process.off("exit", stopSync);
        rmSync(folder, { recursive: true, force: true });
      });
      return stopping;
    },
  };
}

async function execIn(
  pid: number,
  command: string,
  args: readonly string[],
  input: string | undefined,
): Promise<string> {
  const enter = ["-t", String(pid), "-m", "-p", "-u", "-i", "-C", "-r", "-w", "--"];
  const running = run("nsenter", [...enter, command, ...args], { maxBuffer: 64 * 1024 * 1024 });
  running.child.stdin?.end(input ?? "");
  return (await running).stdout;
}
