import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import type { HookPlan } from "#bpf/programs";
import { createMemoryCgroup, type MemoryCgroup } from "#runtime/entity";
import { probeEbpf } from "#runtime/sources/ebpf";
import { skipReason } from "../../../harness/skip.ts";
import { kernelRefusal, type Running, type Seen, startSource, until } from "./harness.ts";

const refusal = await kernelRefusal();
const EVERYTHING: readonly HookPlan[] = [
  { hook: "process_exec" },
  { hook: "process_exit" },
  { hook: "process_fork" },
  { hook: "oom_kill" },
];
const LIMIT = 32 * 1024 * 1024;

const running: Running[] = [];
const cgroups: MemoryCgroup[] = [];
afterEach(async () => {
  for (const { source } of running.splice(0)) await source.stop();
  for (const cgroup of cgroups.splice(0)) await cgroup.remove();
});

async function start(hooks: readonly HookPlan[], ringBytes?: number): Promise<Running> {
  const started = await startSource({ hooks }, ringBytes);
  expect(started.unavailable).toBeUndefined();
  expect(started.warnings).toEqual([]);
  running.push(started);
  return started;
}

function makeCgroup(name: string): MemoryCgroup {
  const result = createMemoryCgroup(`tapio-test-${name}-${process.pid}`, LIMIT);
  if (!result.ok) throw new Error(result.reason);
  cgroups.push(result.cgroup);
  return result.cgroup;
}

/** Runs a program to its end; returns its pid. */
async function run(command: string, args: readonly string[]): Promise<number> {
  const child = spawn(command, args, { stdio: "ignore" });
  await once(child, "exit");
  return child.pid!;
}

/** Events of one process: other things happen on the machine at the same time. */
const of = (events: readonly Seen[], kind: string, pid: number) =>
  events.filter((event) => event.kind === kind && event.fields.pid === pid);

/** The memory hierarchy's cgroup of this process, by its inode. */
function ownCgroup(): string {
  const text = readFileSync("/proc/self/cgroup", "utf8");
  const line = /^\d+:memory:(.*)$/m.exec(text) ?? /^0::(.*)$/m.exec(text);
  return line![1]!;
}

describe.skipIf(skipReason("real kernel events", refusal))("kernel events", () => {
  it("show a process from fork to exit", async () => {
    const { events } = await start(EVERYTHING);
    const before = Date.now() * 1000;
    const pid = await run("/bin/sh", ["-c", "exit 7"]);
    await until(() => of(events, "exit", pid).length > 0, "the exit");

    const fork = events.find(({ kind, fields }) => kind === "fork" && fields.child_pid === pid);
    expect(fork?.fields.pid).toBe(process.pid);
    const [exec] = of(events, "exec", pid);
    expect(exec?.fields).toMatchObject({
      comm: "sh",
      parent_pid: process.pid,
      filename: "/bin/sh",
    });
    expect(exec?.entity).toMatchObject({
      process: String(pid),
      cgroup: ownCgroup(),
      node: "test-node",
    });
    const [exit] = of(events, "exit", pid);
    expect(exit?.fields).toMatchObject({ comm: "sh", exit_code: 7, parent_pid: process.pid });
    expect(exit?.fields).not.toHaveProperty("signal");
    expect(fork!.tsUs).toBeGreaterThanOrEqual(before - 1000);
    expect(fork!.tsUs).toBeLessThanOrEqual(exec!.tsUs);
    expect(exec!.tsUs).toBeLessThanOrEqual(exit!.tsUs);
    expect(exit!.tsUs).toBeLessThanOrEqual(Date.now() * 1000 + 1000);
  });

  it("show a real out-of-memory kill in a cgroup exactly once", async () => {
    const { events } = await start(EVERYTHING);
    const cgroup = makeCgroup("oom");
    const pid = await run("sh", ["-c", `echo $$ > ${cgroup.processesFile}; exec tail /dev/zero`]);
    await until(() => of(events, "exit", pid).length > 0, "the exit");

    const kills = of(events, "oom", pid);
    expect(kills).toHaveLength(1);
    expect(kills[0]?.fields).toMatchObject({
      comm: "tail",
      pid,
      cgroup: cgroup.id,
      scope: 0,
      memory_limit: LIMIT,
    });
    const { memory_usage, rss } = kills[0]!.fields;
    expect(memory_usage).toBeGreaterThan(LIMIT * 0.98);
    expect(memory_usage).toBeLessThanOrEqual(LIMIT);
    expect(rss).toBeGreaterThan(LIMIT / 2);
    expect(rss).toBeLessThan(LIMIT * 2);
    expect(kills[0]?.entity).toMatchObject({ process: String(pid), cgroup: cgroup.path });
    expect(of(events, "exit", pid)[0]?.fields).toMatchObject({ signal: 9, exit_code: 0 });
  });

  it("blame the parent cgroup when its limit was the one", async () => {
    const { events } = await start([{ hook: "oom_kill" }, { hook: "process_exit" }]);
    const outer = makeCgroup("outer");
    const inner = createMemoryCgroup(`${outer.path.slice(1)}`, LIMIT);
    expect(inner).toMatchObject({ ok: false, reason: expect.stringContaining("already exists") });
    const folder = outer.processesFile.replace(/\/cgroup\.procs$/, "/inner");
    const script = `mkdir ${folder} && echo $$ > ${folder}/cgroup.procs && exec tail /dev/zero`;
    const pid = await run("sh", ["-c", script]);
    await until(() => of(events, "exit", pid).length > 0, "the exit");
    spawnSync("rmdir", [folder]);
    const [kill] = of(events, "oom", pid);
    expect(kill?.fields).toMatchObject({ scope: 0, memory_limit: LIMIT });
    expect(kill?.entity).toMatchObject({ cgroup: `${outer.path}/inner` });
  });

  it("tell `kill -9` from an out-of-memory kill", async () => {
    const { events } = await start(EVERYTHING);
    const child = spawn("sleep", ["60"], { stdio: "ignore" });
    await until(() => of(events, "exec", child.pid!).length > 0, "the exec");
    child.kill("SIGKILL");
    await once(child, "exit");
    await until(() => of(events, "exit", child.pid!).length > 0, "the exit");
    expect(of(events, "exit", child.pid!)).toHaveLength(1);
    expect(of(events, "exit", child.pid!)[0]?.fields).toMatchObject({ signal: 9, exit_code: 0 });
    expect(of(events, "oom", child.pid!)).toEqual([]);
  });

  it("say nothing about threads", async () => {
    const { events } = await start(EVERYTHING);
    const script = `const { Worker } = require("node:worker_threads");
      for (let i = 0; i < 4; i++) new Worker("setTimeout(() => {}, 20)", { eval: true });
      setTimeout(() => process.exit(3), 300);`;
    const pid = await run(process.execPath, ["-e", script]);
    await until(() => of(events, "exit", pid).length > 0, "the exit");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(of(events, "fork", pid)).toEqual([]);
    expect(of(events, "exec", pid)).toHaveLength(1);
    expect(of(events, "exit", pid)).toHaveLength(1);
    expect(of(events, "exit", pid)[0]?.fields).toMatchObject({ exit_code: 3, comm: "node" });
  });

  const hasPython = process.arch === "x64" && spawnSync("python3", ["--version"]).status === 0;
  it.skipIf(
    skipReason("threads of a real process", hasPython ? undefined : "python3 is not installed"),
  )("wait for the last thread, and report what wait(2) reports", async () => {
    const { events } = await start(EVERYTHING);
    // exit(2) (60) ends one thread: the leader goes first with 3, the last thread later with 4.
    // Which of them is the process's status depends on the kernel.
    const script = `import ctypes, threading, time
libc = ctypes.CDLL(None)
def last():
    time.sleep(0.15)
    libc.syscall(60, 4)
threading.Thread(target=last).start()
libc.syscall(60, 3)`;
    const began = Date.now() * 1000;
    const child = spawn("python3", ["-c", script], { stdio: "ignore" });
    const [status] = await once(child, "exit");
    const pid = child.pid!;
    await until(() => of(events, "exit", pid).length > 0, "the exit");
    await new Promise((resolve) => setTimeout(resolve, 50));
    const exits = of(events, "exit", pid);
    expect(exits).toHaveLength(1);
    expect(exits[0]!.fields).toMatchObject({ exit_code: status });
    expect(exits[0]!.fields).not.toHaveProperty("signal");
    expect(exits[0]!.tsUs - began).toBeGreaterThan(150_000);
  });

  it("mark a file name that did not fit", async () => {
    const { events } = await start([{ hook: "process_exec" }]);
    const long = `/${"./".repeat(130)}bin/true`;
    const fitting = `${"/".repeat(256 - "bin/true".length)}bin/true`;
    const cutPid = await run(long, []);
    const wholePid = await run(fitting, []);
    await until(() => of(events, "exec", wholePid).length > 0, "the execs");
    const [cut] = of(events, "exec", cutPid);
    expect(cut?.fields.filename).toBe(long.slice(0, 256));
    expect(cut?.cut).toEqual(["filename"]);
    const [whole] = of(events, "exec", wholePid);
    expect(whole?.fields.filename).toBe(fitting);
    expect(whole?.cut).toEqual([]);
  });

  it("attach only what the plan lists", async () => {
    const { events, source } = await start([{ hook: "process_exit" }]);
    const pid = await run("true", []);
    await until(() => of(events, "exit", pid).length > 0, "the exit");
    expect(source.stats().hooks.map(({ hook }) => hook)).toEqual(["process_exit"]);
    expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(["exit"]));
  });
});

describe.skipIf(skipReason("filters in the kernel", refusal))("filters in the kernel", () => {
  const exitCode = (value: number): HookPlan => ({
    hook: "process_exit",
    filter: { anyOf: [{ allOf: [{ field: "exit_code", op: "==", value }] }] },
  });

  it("drop, count, and can be swapped", async () => {
    const { events, source } = await start([exitCode(7)]);
    const dropped = await run("sh", ["-c", "exit 8"]);
    const kept = await run("sh", ["-c", "exit 7"]);
    await until(() => of(events, "exit", kept).length > 0, "the exit");
    expect(of(events, "exit", dropped)).toEqual([]);
    const [hook] = source.stats().hooks;
    expect(hook!.seen - hook!.passed).toBeGreaterThanOrEqual(1);

    expect(source.swapFilter("process_exit", exitCode(8).filter)).toBeUndefined();
    const nowDropped = await run("sh", ["-c", "exit 7"]);
    const nowKept = await run("sh", ["-c", "exit 8"]);
    await until(() => of(events, "exit", nowKept).length > 0, "the exit after the swap");
    expect(of(events, "exit", nowDropped)).toEqual([]);

    expect(source.swapFilter("process_exit", undefined)).toBeUndefined();
    const all = await run("true", []);
    await until(() => of(events, "exit", all).length > 0, "the exit without a filter");
    expect(source.swapFilter("oom_kill", undefined)).toMatchObject({
      reason: expect.stringContaining("not attached"),
    });
  });

  it("keep an event whose field is missing", async () => {
    const filter = { anyOf: [{ allOf: [{ field: "signal", op: "==" as const, value: 9 }] }] };
    const { events } = await start([{ hook: "process_exit", filter }]);
    const exited = await run("true", []);
    const terminated = await run("sh", ["-c", "kill -TERM $$"]);
    const killed = await run("sh", ["-c", "kill -KILL $$"]);
    await until(() => of(events, "exit", killed).length > 0, "the kill");
    expect(of(events, "exit", exited)).toHaveLength(1);
    expect(of(events, "exit", terminated)).toEqual([]);
  });
});

describe.skipIf(skipReason("the kernel source's accounting", refusal))("accounting", () => {
  it("counts what a full ring loses", async () => {
    const { events, source } = await start([{ hook: "process_exec" }], 4096);
    // Synchronous, so that nobody reads meanwhile.
    spawnSync("sh", ["-c", "i=0; while [ $i -lt 120 ]; do /bin/true; i=$((i+1)); done"]);
    await source.stop();
    const [hook] = source.stats().hooks;
    expect(hook!.lost).toBeGreaterThan(0);
    expect(hook!.passed).toBe(hook!.seen);
    expect(hook!.passed).toBe(events.length + hook!.lost);
  });

  it("tells progress while nothing happens, and never backwards", async () => {
    const { progress } = await start([{ hook: "oom_kill" }]);
    await new Promise((resolve) => setTimeout(resolve, 450));
    expect(progress.length).toBeGreaterThanOrEqual(4);
    for (const [i, { timeUs }] of progress.entries()) {
      expect(timeUs).toBeGreaterThanOrEqual(progress[i - 1]?.timeUs ?? 0);
    }
    expect(Date.now() * 1000 - progress.at(-1)!.timeUs).toBeLessThan(300_000);
  });

  it("never delivers an event from before its progress", async () => {
    const { events, progress, source } = await start(EVERYTHING);
    const marks: { events: number; timeUs: number }[] = [];
    const watch = setInterval(() => {
      const last = progress.at(-1);
      if (last !== undefined) marks.push({ events: events.length, timeUs: last.timeUs });
    }, 1);
    const script = "i=0; while [ $i -lt 150 ]; do /bin/true; i=$((i+1)); done";
    await Promise.all([run("sh", ["-c", script]), run("sh", ["-c", script])]);
    clearInterval(watch);
    await source.stop();
    expect(events.length).toBeGreaterThan(900);
    for (const { events: count, timeUs } of marks) {
      for (const event of events.slice(count)) expect(event.tsUs).toBeGreaterThanOrEqual(timeUs);
    }
  });

  it("writes nothing after stop, which may be called twice", async () => {
    const { events, progress, source } = await start(EVERYTHING);
    await run("true", []);
    await Promise.all([source.stop(), source.stop()]);
    const [count, told] = [events.length, progress.length];
    await run("true", []);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect([events.length, progress.length]).toEqual([count, told]);
    expect(source.swapFilter("oom_kill", undefined)?.reason).toMatch(/not running/);
  });

  it("leaves nothing behind, however often it is started", async () => {
    const descriptors = () => readdirSync("/proc/self/fd").length;
    const mapped = () => readFileSync("/proc/self/maps", "utf8").split("bpf-map").length;
    await (await start(EVERYTHING)).source.stop();
    const [before, mappedBefore] = [descriptors(), mapped()];
    for (let i = 0; i < 20; i++) await (await start(EVERYTHING)).source.stop();
    expect(descriptors()).toBe(before);
    // Pages are unmapped when V8 lets go of the detached buffers, which is not at once.
    const collect = async () => {
      global.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 20));
    };
    for (let i = 0; i < 50 && mapped() > mappedBefore; i++) await collect();
    expect(mapped()).toBeLessThanOrEqual(mappedBefore + 2);
  });

  it("can be probed, which leaves nothing behind either", () => {
    const before = readdirSync("/proc/self/fd").length;
    const probe = probeEbpf();
    expect(readdirSync("/proc/self/fd").length).toBe(before);
    expect(probe).toMatchObject({ ok: true });
    expect(probe.ok && probe.hooks.map(({ unavailable }) => unavailable)).toEqual(
      Array(4).fill(undefined),
    );
  });

  it("refuses a plan that lists a hook twice", async () => {
    const hook = { hook: "oom_kill" } as const;
    await expect(startSource({ hooks: [hook, hook] })).rejects.toThrow(/twice/);
  });

  it("refuses a ring size the kernel cannot make", async () => {
    await expect(startSource({ hooks: [] }, 5000)).rejects.toThrow(/power of two/);
  });
});
