import { describe, expect, it } from "vitest";
import { CgroupIndex, type CgroupTree, EntityResolver } from "#runtime/entity";

/** A tree in memory; counts how often directories are listed. */
function treeOf(
  ids: Readonly<Record<string, bigint>>,
  processes: Readonly<Record<number, string>> = {},
) {
  const state = { listed: 0, ids: { ...ids } };
  const tree: CgroupTree = {
    idOf: (path) => state.ids[path],
    childrenOf: (path) => {
      state.listed++;
      const prefix = path === "/" ? "/" : `${path}/`;
      return Object.keys(state.ids)
        .filter((known) => known !== "/" && known.startsWith(prefix))
        .map((known) => known.slice(prefix.length))
        .filter((rest) => rest !== "" && !rest.includes("/"));
    },
    pathOfProcess: (pid) => processes[pid],
  };
  return { tree, state };
}

const IDS = { "/": 1n, "/a": 10n, "/a/b": 11n, "/c": 12n };

describe("cgroup index", () => {
  it("asks the process first and needs no scan then", () => {
    const { tree, state } = treeOf(IDS, { 7: "/a/b" });
    const index = new CgroupIndex(tree, () => 0);
    expect(index.pathOf(11n, 7)).toBe("/a/b");
    expect(index.pathOf(11n)).toBe("/a/b");
    expect(state.listed).toBe(0);
    expect(index.stats()).toMatchObject({ hits: 1, misses: 1, unresolved: 0, scans: 0 });
  });

  it("does not believe a process that has moved", () => {
    const { tree } = treeOf(IDS, { 7: "/c" });
    expect(new CgroupIndex(tree, () => 0).pathOf(11n, 7)).toBe("/a/b");
  });

  it("scans once per interval, and a scan answers for all", () => {
    let now = 0;
    const { tree, state } = treeOf(IDS);
    const index = new CgroupIndex(tree, () => now, { scanIntervalMs: 100 });
    expect(index.pathOf(10n)).toBe("/a");
    expect(index.pathOf(12n)).toBe("/c");
    state.ids["/new"] = 13n;
    expect(index.pathOf(13n)).toBeUndefined();
    now = 100;
    expect(index.pathOf(13n)).toBe("/new");
    expect(index.stats()).toMatchObject({ scans: 2, unresolved: 1, misses: 3, hits: 1 });
  });

  it("remembers a removed cgroup", () => {
    const { tree, state } = treeOf(IDS);
    const index = new CgroupIndex(tree, () => 0);
    index.pathOf(10n);
    delete state.ids["/a"];
    expect(index.pathOf(10n)).toBe("/a");
  });

  it("forgets the least recently used beyond its capacity", () => {
    const { tree } = treeOf(IDS);
    const index = new CgroupIndex(tree, () => 0, { capacity: 2 });
    index.idOf("/a");
    index.idOf("/a/b");
    index.pathOf(10n);
    index.idOf("/c");
    expect(index.stats().size).toBe(2);
    expect(index.pathOf(10n)).toBe("/a");
    expect(index.stats().misses).toBe(0);
  });

  it("bounds a scan", () => {
    const many = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [`/n${i}`, BigInt(i + 100)]),
    );
    const { tree } = treeOf({ "/": 1n, ...many });
    const index = new CgroupIndex(tree, () => 0, { scanMaxDirectories: 10 });
    index.pathOf(9999n);
    expect(index.stats()).toMatchObject({ scansCutShort: 1, unresolved: 1 });
    expect(index.stats().size).toBeLessThanOrEqual(10);
  });

  it("answers nothing for no id, and ids for paths", () => {
    const { tree } = treeOf(IDS);
    const index = new CgroupIndex(tree, () => 0);
    expect(index.pathOf(0n)).toBeUndefined();
    expect(index.idOf("/a/b")).toBe(11n);
    expect(index.idOf("/nowhere")).toBeUndefined();
  });
});

describe("entities", () => {
  it("have every known level", () => {
    const { tree } = treeOf({ "/": 1n, "/system.slice": 2n, "/system.slice/app.service": 3n });
    const resolver = new EntityResolver(new CgroupIndex(tree, () => 0), "worker-1");
    expect(resolver.entityOf(1234, 3n)).toEqual({
      process: "1234",
      cgroup: "/system.slice/app.service",
      unit: "app.service",
      node: "worker-1",
    });
    expect(resolver.entityOf(5, 99n)).toEqual({ process: "5", node: "worker-1" });
  });

  it("do without a memory hierarchy", () => {
    const resolver = new EntityResolver(undefined, "n");
    expect(resolver.entityOf(5, 3n)).toEqual({ process: "5", node: "n" });
    expect(resolver.stats().misses).toBe(0);
  });
});
