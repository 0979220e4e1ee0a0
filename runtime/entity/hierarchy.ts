/**
 * Finds the cgroup hierarchy that has the memory controller: its own mount on v1 and hybrid hosts,
 * the unified tree on v2. Kernel events carry cgroup ids of exactly this hierarchy.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface CgroupHierarchy {
  readonly version: "v1" | "v2";
  /** Where it is mounted, such as `/sys/fs/cgroup/memory`. */
  readonly mountPoint: string;
  /**
   * Path of the mount point within the hierarchy: `/`, or in a container what is visible of it.
   * Paths given out are relative to the mount point.
   */
  readonly root: string;
}

/** Undefined when no hierarchy with the memory controller is mounted here. */
export function findMemoryHierarchy(): CgroupHierarchy | undefined {
  let mountinfo: string;
  try {
    mountinfo = readFileSync("/proc/self/mountinfo", "utf8");
  } catch {
    return undefined;
  }
  const { v1, v2 } = parseMountinfo(mountinfo);
  if (v1 !== undefined) return v1;
  return v2.find((hierarchy) => hasMemory(hierarchy.mountPoint));
}

function hasMemory(mountPoint: string): boolean {
  try {
    const controllers = readFileSync(join(mountPoint, "cgroup.controllers"), "utf8");
    return controllers.split(/\s+/).includes("memory");
  } catch {
    return false;
  }
}

/** The cgroup mounts in the text of `/proc/<pid>/mountinfo`. Pure. */
export function parseMountinfo(text: string): {
  readonly v1: CgroupHierarchy | undefined;
  readonly v2: readonly CgroupHierarchy[];
} {
  let v1: CgroupHierarchy | undefined;
  const v2: CgroupHierarchy[] = [];
  for (const line of text.split("\n")) {
    // 36 35 98:0 /root /mount/point options shared:1 - type source super-options
    const [mount, filesystem] = line.split(" - ", 2);
    if (mount === undefined || filesystem === undefined) continue;
    const fields = mount.split(" ");
    const [type, , superOptions] = filesystem.split(" ");
    const root = unescapeOctal(fields[3] ?? "/");
    const mountPoint = unescapeOctal(fields[4] ?? "");
    if (type === "cgroup2") v2.push({ version: "v2", mountPoint, root });
    else if (type === "cgroup" && superOptions?.split(",").includes("memory")) {
      v1 ??= { version: "v1", mountPoint, root };
    }
  }
  return { v1, v2 };
}

/** mountinfo writes space, tab, newline and backslash in octal. */
function unescapeOctal(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
