import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createEntityResolver, createMemoryCgroup, findMemoryHierarchy } from "#runtime/entity";
import { skipReason } from "../../harness/skip.ts";

const LIMIT = 32 * 1024 * 1024;
const nameOf = (what: string) => `tapio-test-${what}-${process.pid}`;

function refusal(): string | undefined {
  const probe = createMemoryCgroup(nameOf("probe"), LIMIT);
  if (probe.ok) {
    void probe.cgroup.remove();
    return undefined;
  }
  return probe.reason;
}

describe.skipIf(skipReason("real memory cgroups", refusal()))("a memory cgroup", () => {
  it("has its limit, takes processes, and kills only those when removed", async () => {
    const result = createMemoryCgroup(nameOf("life"), LIMIT);
    if (!result.ok) throw new Error(result.reason);
    const { cgroup } = result;
    const inside = spawn("sleep", ["60"], { stdio: "ignore" });
    const outside = spawn("sleep", ["60"], { stdio: "ignore" });
    try {
      await Promise.all([once(inside, "spawn"), once(outside, "spawn")]);
      expect(cgroup.processes()).toEqual([]);
      cgroup.addProcess(inside.pid!);
      expect(cgroup.processes()).toEqual([inside.pid]);
      const folder = join(findMemoryHierarchy()!.mountPoint, cgroup.path);
      const file = ["memory.limit_in_bytes", "memory.max"].find((name) =>
        existsSync(join(folder, name)),
      );
      expect(readFileSync(join(folder, file!), "utf8").trim()).toBe(String(LIMIT));

      const died = once(inside, "exit");
      await cgroup.remove();
      expect((await died)[1]).toBe("SIGKILL");
      expect(existsSync(folder)).toBe(false);
      expect(outside.exitCode).toBeNull();
      expect(outside.signalCode).toBeNull();
      await cgroup.remove();
      expect(cgroup.processes()).toEqual([]);
    } finally {
      inside.kill("SIGKILL");
      outside.kill("SIGKILL");
      await cgroup.remove();
    }
  });

  it("is known by the id kernel events carry", async () => {
    const result = createMemoryCgroup(nameOf("id"), LIMIT);
    if (!result.ok) throw new Error(result.reason);
    try {
      const resolver = createEntityResolver("n");
      expect(resolver.idOf(result.cgroup.path)).toBe(result.cgroup.id);
      expect(createEntityResolver("n").pathOf(result.cgroup.id)).toBe(result.cgroup.path);
    } finally {
      await result.cgroup.remove();
    }
  });

  it("refuses a name that is taken", async () => {
    const first = createMemoryCgroup(nameOf("twice"), LIMIT);
    if (!first.ok) throw new Error(first.reason);
    try {
      expect(createMemoryCgroup(nameOf("twice"), LIMIT)).toMatchObject({
        ok: false,
        reason: expect.stringContaining("already exists"),
        help: expect.stringContaining("rmdir"),
      });
    } finally {
      await first.cgroup.remove();
    }
  });
});

describe("arguments", () => {
  it.each(["", "../x", "a/b", ".hidden", "x".repeat(65)])("refuse the name %j", (name) => {
    expect(() => createMemoryCgroup(name, LIMIT)).toThrow(RangeError);
  });
  it.each([0, -1, 1.5, Number.NaN])("refuse the limit %d", (limit) => {
    expect(() => createMemoryCgroup("tapio-x", limit)).toThrow(RangeError);
  });
});
