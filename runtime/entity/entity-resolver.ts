/**
 * From what a kernel event knows, process id and cgroup id, to the entities rules correlate on.
 *
 *   process "1234"   cgroup "/system.slice/app.service"   unit "app.service"   node "worker-1"
 *
 * Resolution happens when the event is decoded, while the process is likely to be still there.
 */
import type { EntityRef } from "#core";
import { CgroupIndex, type CgroupIndexStats, cgroupTreeOf } from "./cgroup-index.ts";
import { parseCgroupPath } from "./cgroup-path.ts";
import { type CgroupHierarchy, findMemoryHierarchy } from "./hierarchy.ts";

/** Owners remembered per path; parsing is cheap, so forgetting all of them at once does no harm. */
const MAX_OWNERS = 8192;

export class EntityResolver {
  readonly #index: CgroupIndex | undefined;
  readonly #node: string;
  readonly #owners = new Map<string, EntityRef>();

  /** `index` undefined: no memory hierarchy here, so entities are process and node only. */
  constructor(index: CgroupIndex | undefined, node: string) {
    this.#index = index;
    this.#node = node;
  }

  /** Every entity known of that process; unknown levels are left out. */
  entityOf(pid: number, cgroup: bigint): EntityRef {
    const path = this.#index?.pathOf(cgroup, pid);
    const owner = path === undefined ? { node: this.#node } : this.#ownerOf(path);
    return { process: String(pid), ...owner };
  }

  /** Path of a cgroup id, if it is or can become known. */
  pathOf(cgroup: bigint): string | undefined {
    return this.#index?.pathOf(cgroup);
  }

  /** Id of the cgroup at a path below the memory hierarchy's mount point. */
  idOf(path: string): bigint | undefined {
    return this.#index?.idOf(path);
  }

  stats(): CgroupIndexStats {
    const none = { hits: 0, misses: 0, unresolved: 0, scans: 0, scansCutShort: 0, size: 0 };
    return this.#index?.stats() ?? none;
  }

  #ownerOf(path: string): EntityRef {
    const known = this.#owners.get(path);
    if (known !== undefined) return known;
    if (this.#owners.size >= MAX_OWNERS) this.#owners.clear();
    const owner = { cgroup: path, ...parseCgroupPath(path), node: this.#node };
    this.#owners.set(path, owner);
    return owner;
  }
}

/** A resolver over this machine's memory hierarchy. `node`: the key of the entity `node`. */
export function createEntityResolver(
  node: string,
  hierarchy: CgroupHierarchy | undefined = findMemoryHierarchy(),
): EntityResolver {
  const index =
    hierarchy === undefined
      ? undefined
      : new CgroupIndex(cgroupTreeOf(hierarchy), () => performance.now());
  return new EntityResolver(index, node);
}
