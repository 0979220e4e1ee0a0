/** From process and cgroup ids to the entities rules correlate on. */
export {
  CgroupIndex,
  type CgroupIndexLimits,
  type CgroupIndexStats,
  type CgroupTree,
  cgroupTreeOf,
  parseProcCgroup,
} from "./cgroup-index.ts";
export { type CgroupOwner, parseCgroupPath } from "./cgroup-path.ts";
export { createEntityResolver, EntityResolver } from "./entity-resolver.ts";
export { type CgroupHierarchy, findMemoryHierarchy, parseMountinfo } from "./hierarchy.ts";
export { createMemoryCgroup, type MemoryCgroup, type MemoryCgroupResult } from "./memory-cgroup.ts";
