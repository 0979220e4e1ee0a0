/**
 * Makes a memory-limited cgroup, for the demo and for tests that need the kernel to kill something.
 *
 * It lives directly below the mount point of the memory hierarchy. Removing it kills the processes
 * that are in it and nothing else.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Unavailable } from "#core";
import { type CgroupHierarchy, findMemoryHierarchy } from "./hierarchy.ts";

const REMOVE_TIMEOUT_MS = 5000;
const REMOVE_POLL_MS = 10;

export interface MemoryCgroup {
  /** Path below the mount point, such as `/tapio-demo`: the key of the entity `cgroup`. */
  readonly path: string;
  /** Id as kernel events carry it. */
  readonly id: bigint;
  /** The file to write a process id to; a shell can put itself inside with `echo $$ > …`. */
  readonly processesFile: string;
  /** Moves a process (all its threads) into the group. Throws when it is gone or not permitted. */
  addProcess(pid: number): void;
  /** Ids of the processes inside. */
  processes(): readonly number[];
  /** Kills what is inside, waits for it, removes the group. Idempotent. Rejects after 5 s. */
  remove(): Promise<void>;
}

export type MemoryCgroupResult =
  | { readonly ok: true; readonly cgroup: MemoryCgroup }
  | ({ readonly ok: false } & Unavailable);

/**
 * Creates the group with a hard limit in bytes and no swap. An existing group of that name is an
 * error: it may be somebody else's.
 */
export function createMemoryCgroup(name: string, limitBytes: number): MemoryCgroupResult {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(name)) {
    throw new RangeError(`\`${name}\` is not a usable cgroup name`);
  }
  if (!Number.isSafeInteger(limitBytes) || limitBytes <= 0) {
    throw new RangeError(`a memory limit of ${limitBytes} bytes makes no sense`);
  }
  const hierarchy = findMemoryHierarchy();
  if (hierarchy === undefined) {
    return {
      ok: false,
      reason: "no cgroup hierarchy with the memory controller is mounted",
      help: "Mount cgroup2 on /sys/fs/cgroup, or boot without cgroup_disable=memory.",
    };
  }
  const folder = join(hierarchy.mountPoint, name);
  try {
    if (hierarchy.version === "v2") delegateMemory(hierarchy.mountPoint);
    mkdirSync(folder);
  } catch (error) {
    return { ok: false, ...explainFailure(error, folder) };
  }
  try {
    setLimit(hierarchy, folder, limitBytes);
    return { ok: true, cgroup: describe(folder, `/${name}`) };
  } catch (error) {
    rmdirSync(folder);
    return { ok: false, ...explainFailure(error, folder) };
  }
}

/** On v2 a child has memory files only when its parent says so. */
function delegateMemory(parent: string): void {
  const control = join(parent, "cgroup.subtree_control");
  if (readFileSync(control, "utf8").split(/\s+/).includes("memory")) return;
  writeFileSync(control, "+memory");
}

function setLimit(hierarchy: CgroupHierarchy, folder: string, limitBytes: number): void {
  if (hierarchy.version === "v2") {
    writeFileSync(join(folder, "memory.max"), String(limitBytes));
    writeIfPresent(join(folder, "memory.swap.max"), "0");
    return;
  }
  writeFileSync(join(folder, "memory.limit_in_bytes"), String(limitBytes));
  // Memory plus swap: the same number means no swap. Absent when swap is not accounted.
  writeIfPresent(join(folder, "memory.memsw.limit_in_bytes"), String(limitBytes));
}

function writeIfPresent(file: string, value: string): void {
  if (existsSync(file)) writeFileSync(file, value);
}

function describe(folder: string, path: string): MemoryCgroup {
  const processesFile = join(folder, "cgroup.procs");
  const processes = () => readProcesses(processesFile);
  return {
    path,
    id: statSync(folder, { bigint: true }).ino,
    processesFile,
    addProcess: (pid) => writeFileSync(processesFile, String(pid)),
    processes,
    remove: () => removeCgroup(folder, processes),
  };
}

function readProcesses(file: string): readonly number[] {
  try {
    return readFileSync(file, "utf8").split("\n").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

async function removeCgroup(folder: string, processes: () => readonly number[]): Promise<void> {
  const deadline = performance.now() + REMOVE_TIMEOUT_MS;
  for (;;) {
    for (const pid of processes()) kill(pid);
    try {
      rmdirSync(folder);
      return;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return;
      // EBUSY: a process is still on its way out.
      if (codeOf(error) !== "EBUSY" || performance.now() > deadline) throw error;
    }
    await delay(REMOVE_POLL_MS);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (codeOf(error) !== "ESRCH") throw error;
  }
}

function explainFailure(error: unknown, folder: string): Unavailable {
  switch (codeOf(error)) {
    case "EEXIST":
      return {
        reason: `the cgroup ${folder} already exists`,
        help: `Remove it with \`rmdir ${folder}\` if nothing uses it, or choose another name.`,
      };
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return {
        reason: `no permission to create a cgroup at ${folder}`,
        help: "Run as root, in a container with a writable cgroup mount.",
      };
    case "EBUSY":
      return {
        reason: `the memory controller cannot be enabled above ${folder}: the parent has processes`,
        help: "Enable memory in the parent's cgroup.subtree_control, or run at the tree's root.",
      };
    default:
      return {
        reason: `creating the cgroup ${folder} failed: ${String(error)}`,
        help: "Run as root.",
      };
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
