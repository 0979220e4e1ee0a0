/**
 * What the hooks do on kernels that describe themselves differently: the same kernel, with BTF that
 * hides what older or differently built ones do not have.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Btf, BtfError, type BtfMember, type BtfType, type TypeId } from "#bpf/btf";
import {
  assembleFused,
  HOOKS,
  type HookName,
  type Kernel,
  type MapFds,
  type MapName,
  mapSpecs,
  PROGRAM_TYPE_RAW_TRACEPOINT,
} from "#bpf/programs";
import { loadNative, type Native } from "#native";
import { createMemoryCgroup, findMemoryHierarchy } from "#runtime/entity";
import { decodeRecord, RecentExits } from "#runtime/sources/ebpf";
import { KernelSession } from "../../../../runtime/sources/ebpf/kernel-session.ts";
import { skipReason } from "../../../harness/skip.ts";
import { CollectingWriter, KINDS, kernelRefusal, type Seen } from "./harness.ts";

const refusal = await kernelRefusal();

/** BTF without some members, and with other parameters. */
class DoctoredBtf extends Btf {
  hiddenMembers: ReadonlySet<string> = new Set();
  changeParameters: (names: readonly string[], types: readonly TypeId[]) => readonly TypeId[] = (
    _,
    types,
  ) => types;

  override members(type: BtfType): readonly BtfMember[] {
    return super
      .members(type)
      .filter(({ name }) => !this.hiddenMembers.has(`${type.name}.${name}`));
  }

  override parameters(type: BtfType): readonly { readonly name: string; readonly type: TypeId }[] {
    const types = super.parameters(type).map((parameter) => parameter.type);
    const names = types.map((id) => this.resolve(id)?.name ?? "");
    return this.changeParameters(names, types).map((id) => ({ name: "", type: id }));
  }
}

function doctored(change: (btf: DoctoredBtf) => void): { native: Native; kernel: Kernel } {
  const loaded = loadNative();
  if (!loaded.ok) throw new Error(loaded.reason);
  const btf = new DoctoredBtf(readFileSync("/sys/kernel/btf/vmlinux"));
  change(btf);
  const memoryHierarchy = findMemoryHierarchy()?.version ?? "v2";
  return {
    native: loaded.native,
    kernel: { btf, pageBytes: loaded.native.pageBytes, memoryHierarchy },
  };
}

/** Attaches hooks, runs `work`, returns the events. */
async function observe(
  { native, kernel }: { native: Native; kernel: Kernel },
  hooks: readonly HookName[],
  work: () => Promise<unknown>,
): Promise<readonly Seen[]> {
  const session = new KernelSession(native, kernel, 1 << 20);
  const writer = new CollectingWriter();
  try {
    const exits = new RecentExits();
    for (const hook of hooks) session.attach(hook, undefined);
    await work();
    session.ring.drain(10_000, (record) => {
      decodeRecord(record, {
        kinds: KINDS,
        writer,
        toEpochUs: (ns) => ns,
        entityOf: () => undefined,
        exits,
      });
    });
    return writer.events;
  } finally {
    session.close();
  }
}

async function run(command: string, args: readonly string[]): Promise<number> {
  const child = spawn(command, args, { stdio: "ignore" });
  await once(child, "exit");
  return child.pid!;
}

describe.skipIf(skipReason("kernels that lack something, simulated", refusal))("a kernel", () => {
  it("whose exit tracepoint does not tell when the group is dead", async () => {
    const setup = doctored((btf) => {
      btf.changeParameters = (names, types) => types.filter((_, i) => names[i] !== "_Bool");
    });
    let pid = 0;
    const events = await observe(setup, ["process_exit"], async () => {
      pid = await run(process.execPath, ["-e", "process.exit(5)"]);
      await new Promise((resolve) => setTimeout(resolve, 30));
    });
    const exits = events.filter(({ fields }) => fields.pid === pid);
    expect(exits.map(({ fields }) => fields.exit_code)).toEqual([5]);
  });

  it("without `oom_lock` judges by usage", async () => {
    const setup = doctored((btf) => {
      btf.hiddenMembers = new Set(["mem_cgroup.oom_lock"]);
    });
    const limit = 24 * 1024 * 1024;
    const result = createMemoryCgroup(`tapio-test-usage-${process.pid}`, limit);
    if (!result.ok) throw new Error(result.reason);
    const { cgroup } = result;
    try {
      let pid = 0;
      const events = await observe(setup, ["oom_kill"], async () => {
        pid = await run("sh", ["-c", `echo $$ > ${cgroup.processesFile}; exec tail /dev/zero`]);
      });
      const kills = events.map(({ fields }) => fields).filter((fields) => fields.pid === pid);
      expect(kills).toMatchObject([{ pid, scope: 0, memory_limit: limit, cgroup: cgroup.id }]);
    } finally {
      await cgroup.remove();
    }
  });

  it("without a count of resident pages leaves `rss` missing", async () => {
    const setup = doctored((btf) => {
      // It sits in an anonymous struct within `mm_struct`.
      btf.hiddenMembers = new Set([".rss_stat"]);
    });
    const result = createMemoryCgroup(`tapio-test-rss-${process.pid}`, 24 * 1024 * 1024);
    if (!result.ok) throw new Error(result.reason);
    const { cgroup } = result;
    try {
      let pid = 0;
      const events = await observe(setup, ["oom_kill"], async () => {
        pid = await run("sh", ["-c", `echo $$ > ${cgroup.processesFile}; exec tail /dev/zero`]);
      });
      const kills = events.map(({ fields }) => fields).filter((fields) => fields.pid === pid);
      expect(kills).toMatchObject([{ scope: 0, cgroup: cgroup.id }]);
      expect(kills[0]).not.toHaveProperty("rss");
    } finally {
      await cgroup.remove();
    }
  });

  it("without the memory controller knows only the machine as a whole", () => {
    const { native, kernel } = doctored((btf) => {
      btf.hiddenMembers = new Set(["mem_cgroup.memory"]);
    });
    const session = new KernelSession(native, kernel, 4096);
    session.attach("oom_kill", undefined);
    expect(session.attached[0]?.instructions).toBeLessThan(200);
    expect(() => session.attach("oom_kill", undefined)).toThrow(RangeError);
    session.close();
  });

  it("on cgroup v2 is asked for the task's own cgroup", async () => {
    const { native, kernel } = doctored(() => {});
    let pid = 0;
    const events = await observe(
      { native, kernel: { ...kernel, memoryHierarchy: "v2" } },
      ["process_exec"],
      async () => {
        pid = await run("true", []);
      },
    );
    const exec = events.find(({ fields }) => fields.pid === pid);
    expect(exec?.fields.cgroup).toBeGreaterThan(0n);
  });

  it("that lacks a member says which", () => {
    const { native, kernel } = doctored((btf) => {
      btf.hiddenMembers = new Set(["linux_binprm.filename"]);
    });
    const session = new KernelSession(native, kernel, 4096);
    try {
      expect(() => session.attach("process_exec", undefined)).toThrow(BtfError);
      expect(() => session.attach("process_exec", undefined)).toThrow(/linux_binprm.*filename/);
      session.attach("process_exit", undefined);
      expect(session.attached.map(({ hook }) => hook)).toEqual(["process_exit"]);
    } finally {
      session.close();
    }
  });

  it("whose mark_victim passes a pid gives what can be known", () => {
    const { native, kernel } = doctored((btf) => {
      btf.changeParameters = (names, types) =>
        names.includes("unsigned int") && types.length === 3 ? [types[0]!, types[2]!] : types;
    });
    const maps = Object.fromEntries(
      Object.entries(mapSpecs(4096)).map(([name, spec]) => [
        name,
        native.mapCreate(spec.type, spec.keyBytes, spec.valueBytes, spec.maxEntries, 0, spec.name),
      ]),
    ) as Record<MapName, number> satisfies MapFds;
    const ring = native.openRing(maps.ring);
    const code = assembleFused(HOOKS.oom_kill, kernel, maps, undefined);
    const program = native.programLoad(PROGRAM_TYPE_RAW_TRACEPOINT, code, "old", new Uint8Array());
    expect(program).toBeGreaterThan(0);
    const writer = new CollectingWriter();
    const victim = (pid: number) => {
      native.programTestRun(program, new Uint8Array(BigUint64Array.of(BigInt(pid)).buffer));
      ring.drain(1, (record) => {
        decodeRecord(record, {
          kinds: KINDS,
          writer,
          toEpochUs: (ns) => ns,
          entityOf: () => undefined,
          exits: new RecentExits(),
        });
      });
      return writer.events.at(-1)?.fields;
    };
    expect(victim(123_456)).toEqual({ comm: "", pid: 123_456, cgroup: 0n, scope: 1 });
    const own = victim(process.pid);
    expect(own).toMatchObject({ pid: process.pid, scope: 1 });
    expect(own?.comm).not.toBe("");
    expect(own?.cgroup).toBeGreaterThan(0n);
    ring.close();
    for (const fd of [program, ...Object.values(maps)]) native.closeFd(fd);
  });
});
