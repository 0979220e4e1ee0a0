/**
 * From a cgroup's id to its path, and back. The id is the inode number of its directory.
 *
 * A bounded table of ids, the least recently used forgotten first. A miss is answered in order by
 *   1. `/proc/<pid>/cgroup` of the process the event is about: one file, and exact as long as the
 *      process is still there and its directory has the wanted inode;
 *   2. a scan of the whole tree, at most one per `scanIntervalMs` and of `scanMaxDirectories`.
 * A removed cgroup keeps its entry: events about it may still be on their way. Ids are not reused
 * (kernfs gives each directory a new 64-bit number).
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { CgroupHierarchy } from "./hierarchy.ts";

/** The directory tree as this module needs it; replaced in tests. */
export interface CgroupTree {
  /** Id of the directory at that path below the mount point; undefined when there is none. */
  idOf(path: string): bigint | undefined;
  /** Names of the directories in it; empty when it is gone. */
  childrenOf(path: string): readonly string[];
  /** The process's path in this hierarchy; undefined when it is gone. */
  pathOfProcess(pid: number): string | undefined;
}

export interface CgroupIndexLimits {
  /** Paths remembered. */
  readonly capacity: number;
  readonly scanIntervalMs: number;
  readonly scanMaxDirectories: number;
}

const DEFAULT_LIMITS: CgroupIndexLimits = {
  capacity: 8192,
  scanIntervalMs: 1000,
  scanMaxDirectories: 65_536,
};

export interface CgroupIndexStats {
  readonly hits: number;
  readonly misses: number;
  /** Misses nothing could answer. */
  readonly unresolved: number;
  readonly scans: number;
  /** Scans that stopped at their limit of directories. */
  readonly scansCutShort: number;
  readonly size: number;
}

export class CgroupIndex {
  readonly #tree: CgroupTree;
  readonly #limits: CgroupIndexLimits;
  readonly #nowMs: () => number;
  /** Insertion order is age: a hit is deleted and inserted again. */
  readonly #paths = new Map<bigint, string>();
  #lastScanMs = Number.NEGATIVE_INFINITY;
  #hits = 0;
  #misses = 0;
  #unresolved = 0;
  #scans = 0;
  #scansCutShort = 0;

  /** `nowMs`: any steady clock in milliseconds. */
  constructor(tree: CgroupTree, nowMs: () => number, limits: Partial<CgroupIndexLimits> = {}) {
    this.#tree = tree;
    this.#nowMs = nowMs;
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
  }

  /** Path below the mount point, such as `/system.slice/nginx.service`; undefined when unknown. */
  pathOf(id: bigint, pid?: number): string | undefined {
    if (id === 0n) return undefined;
    const known = this.#paths.get(id);
    if (known !== undefined) {
      this.#hits++;
      this.#remember(id, known);
      return known;
    }
    this.#misses++;
    const path = this.#ofProcess(id, pid) ?? this.#ofScan(id);
    if (path === undefined) this.#unresolved++;
    return path;
  }

  /** Id of the cgroup at that path; undefined when there is none. */
  idOf(path: string): bigint | undefined {
    const id = this.#tree.idOf(path);
    if (id !== undefined) this.#remember(id, path);
    return id;
  }

  stats(): CgroupIndexStats {
    return {
      hits: this.#hits,
      misses: this.#misses,
      unresolved: this.#unresolved,
      scans: this.#scans,
      scansCutShort: this.#scansCutShort,
      size: this.#paths.size,
    };
  }

  #ofProcess(id: bigint, pid: number | undefined): string | undefined {
    if (pid === undefined || pid === 0) return undefined;
    const path = this.#tree.pathOfProcess(pid);
    if (path === undefined || this.#tree.idOf(path) !== id) return undefined;
    this.#remember(id, path);
    return path;
  }

  #ofScan(id: bigint): string | undefined {
    const now = this.#nowMs();
    if (now - this.#lastScanMs < this.#limits.scanIntervalMs) return undefined;
    this.#lastScanMs = now;
    this.#scans++;
    const pending = ["/"];
    let visited = 0;
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      if (++visited > this.#limits.scanMaxDirectories) {
        this.#scansCutShort++;
        break;
      }
      const found = this.#tree.idOf(path);
      if (found !== undefined) this.#remember(found, path);
      for (const name of this.#tree.childrenOf(path)) {
        pending.push(path === "/" ? `/${name}` : `${path}/${name}`);
      }
    }
    return this.#paths.get(id);
  }

  #remember(id: bigint, path: string): void {
    this.#paths.delete(id);
    this.#paths.set(id, path);
    if (this.#paths.size <= this.#limits.capacity) return;
    const oldest = this.#paths.keys().next();
    if (oldest.done !== true) this.#paths.delete(oldest.value);
  }
}

/** The real tree of a hierarchy. */
export function cgroupTreeOf(hierarchy: CgroupHierarchy): CgroupTree {
  const absolute = (path: string) => join(hierarchy.mountPoint, path);
  return {
    idOf: (path) => {
      try {
        return statSync(absolute(path), { bigint: true }).ino;
      } catch {
        return undefined;
      }
    },
    childrenOf: (path) => {
      try {
        return readdirSync(absolute(path), { withFileTypes: true })
          .filter((entry) => entry.isDirectory())
          .map(({ name }) => name);
      } catch {
        return [];
      }
    },
    pathOfProcess: (pid) => {
      try {
        const path = parseProcCgroup(
          readFileSync(`/proc/${pid}/cgroup`, "utf8"),
          hierarchy.version,
        );
        return path === undefined ? undefined : belowMount(path, hierarchy.root);
      } catch {
        return undefined;
      }
    },
  };
}

/** The memory hierarchy's line in the text of `/proc/<pid>/cgroup`. Pure. */
export function parseProcCgroup(text: string, version: "v1" | "v2"): string | undefined {
  for (const line of text.split("\n")) {
    // 4:cpu,memory:/path — on v2: 0::/path
    const match = /^(\d+):([^:]*):(.*)$/.exec(line);
    if (match === null) continue;
    const [, number, controllers = "", path = ""] = match;
    const isWanted =
      version === "v2"
        ? number === "0" && controllers === ""
        : controllers.split(",").includes("memory");
    if (isWanted) return path.replace(/ \(deleted\)$/, "");
  }
  return undefined;
}

function belowMount(path: string, root: string): string | undefined {
  if (root === "/" || root === "") return path;
  if (path === root) return "/";
  return path.startsWith(`${root}/`) ? path.slice(root.length) : undefined;
}
