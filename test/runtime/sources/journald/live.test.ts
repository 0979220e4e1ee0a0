/**
 * Against a real systemd-journald: entries arrive live, nothing is lost or doubled by restarts,
 * what the journal no longer has is reported, and journalctl may die at any time.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Progress, SourceContext } from "#core";
import { createJournaldSource, type JournaldOptions } from "#runtime/sources/journald";
import { skipReason } from "../../../harness/skip.ts";
import {
  type SystemdMachine,
  startSystemdMachine,
  systemdMachineProblem,
} from "../../../harness/systemd-machine.ts";
import { CollectingWriter, kind } from "./collecting-writer.ts";

/** A started source and what it says. */
async function listen(options: Omit<JournaldOptions, "kind">) {
  const writer = new CollectingWriter();
  const progress: (Progress & { atMs: number })[] = [];
  const warnings: string[] = [];
  const context: SourceContext = {
    writer,
    progress: (p) => progress.push({ ...p, atMs: performance.now() }),
    warn: (message) => warnings.push(message),
    ended: (reason) => warnings.push(`ended: ${reason}`),
  };
  const source = createJournaldSource({ ...options, kind });
  const unavailable = await source.start(context);
  const messages = () => writer.events.map(({ message }) => message ?? "");
  return { source, writer, progress, warnings, unavailable, messages };
}

async function until(isTrue: () => boolean, what: string, limitMs = 10_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen`);
    await delay(10);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The counting messages of these tests, in the order they came. */
function numbers(messages: readonly string[], prefix: string): number[] {
  return messages.filter((m) => m.startsWith(prefix)).map((m) => Number(m.slice(prefix.length)));
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

describe.skipIf(skipReason("journald live", systemdMachineProblem()))("a real journald", () => {
  let machine: SystemdMachine;
  let root: string;

  beforeAll(async () => {
    machine = await startSystemdMachine();
    root = machine.folder;
    await machine.exec("systemctl", ["log-target", "journal"]);
  });
  afterAll(() => machine?.stop());

  /** `count` lines `prefix0`, `prefix1`, … */
  async function write(prefix: string, count: number, from = 0): Promise<void> {
    const lines = upTo(count).map((i) => `${prefix}${from + i}\n`);
    await machine.exec("systemd-cat", ["-t", "tapio-test", "-p", "warning"], lines.join(""));
  }

  test("entries arrive live, with their fields", async () => {
    const { source, writer, warnings, progress, messages, unavailable } = await listen({
      root,
      from: "now",
    });
    expect(unavailable).toBeUndefined();
    await machine.exec(
      "logger",
      ["--journald"],
      "MESSAGE=a\nMESSAGE=b\nPRIORITY=2\nSYSLOG_IDENTIFIER=me\n",
    );
    await write("live ", 3);
    await until(() => messages().includes("live 2"), "the last line");
    const event = writer.events.find(({ message }) => message === "live 0");
    expect(event).toMatchObject({ priority: 4, identifier: "tapio-test", transport: "stdout" });
    expect(event?.pid).toBeGreaterThan(1);
    expect(event?.entity?.process).toBe(String(event?.pid));
    expect(Math.abs(Date.now() * 1000 - (event?.tsUs ?? 0))).toBeLessThan(5_000_000);
    const twice = writer.events.find(({ identifier }) => identifier === "me");
    expect(twice).toMatchObject({ message: "a\nb", priority: 2 });
    expect(messages().some((m) => m.startsWith("Journal started"))).toBe(false);
    expect(progress.at(-1)).toMatchObject({ lost: 0, malformed: 0 });
    expect(warnings).toEqual([]);
    await source.stop();
  });

  test("units: their own entries and systemd's about them, nobody else's", async () => {
    const unit = "tapio-hello.service";
    const { source, writer, messages } = await listen({ root, from: "now", units: [unit] });
    await write("noise ", 3);
    // journald looks the cgroup up when the line arrives; a process that has ended by then has
    // none.
    const script = "echo hello; sleep 0.5; printf 'red \\033[31m\\377\\n'; exit 3";
    const started = machine.exec("systemd-run", [
      "-q",
      "--wait",
      `--unit=${unit}`,
      "sh",
      "-c",
      script,
    ]);
    await started.catch(() => undefined);
    await until(() => messages().some((m) => m.includes("Failed with result")), "systemd's word");
    expect(writer.events.every((event) => event.unit === unit)).toBe(true);
    expect(messages()).toContain("hello");
    expect(messages()).toContain("red \x1b[31m\uFFFD");
    const hello = writer.events.find(({ message }) => message === "hello");
    expect(hello?.entity).toEqual({
      process: String(hello?.pid),
      unit,
      cgroup: `/system.slice/${unit}`,
    });
    await source.stop();
  });

  test("stop and start from the cursor, again and again: nothing lost, nothing twice", async () => {
    const total = 3000;
    const writing = (async () => {
      for (let i = 0; i < 30; i++) {
        await write("count ", total / 30, (i * total) / 30);
        await delay(30);
      }
    })();
    const all: string[] = [];
    let cursor: string | undefined;
    await delay(50);
    const first = await listen({ root, from: "beginning" });
    await until(() => numbers(first.messages(), "count ").length > 0, "the first number");
    await first.source.stop();
    all.push(...first.messages());
    cursor = first.source.cursor();
    let rounds = 0;
    while (numbers(all, "count ").length < total && rounds++ < 100) {
      const { source, messages, warnings } = await listen({ root, from: "cursor", cursor });
      await delay(150);
      await source.stop();
      const count = messages().length;
      all.push(...messages());
      cursor = source.cursor();
      await delay(20);
      expect(messages()).toHaveLength(count);
      expect(warnings).toEqual([]);
    }
    await writing;
    expect(rounds).toBeGreaterThan(3);
    expect(numbers(all, "count ")).toEqual(upTo(total));
  });

  test("journalctl is killed while entries come: started again, nothing is lost", async () => {
    const { source, warnings, messages, progress } = await listen({ root, from: "now" });
    const total = 3000;
    const killed = new Set<number>();
    const writing = (async () => {
      for (let i = 0; i < 30; i++) {
        await write("kill ", total / 30, (i * total) / 30);
        await delay(40);
      }
    })();
    for (let i = 0; i < 4; i++) {
      await until(() => {
        const pid = source.stats().childPid;
        return pid !== undefined && !killed.has(pid);
      }, "a new journalctl");
      await delay(100);
      const pid = source.stats().childPid;
      if (pid === undefined) continue;
      killed.add(pid);
      process.kill(pid, "SIGKILL");
    }
    await writing;
    await until(() => messages().includes(`kill ${total - 1}`), "the last line");
    expect(numbers(messages(), "kill ")).toEqual(upTo(total));
    expect(source.stats().restarts).toBe(killed.size);
    expect(killed.size).toBeGreaterThanOrEqual(3);
    expect(warnings[0]).toMatch(/^journalctl ended with SIGKILL; starting it again in 100 ms$/);
    expect(progress.at(-1)).toMatchObject({ lost: 0, malformed: 0 });
    const pid = source.stats().childPid;
    await source.stop();
    expect(pid === undefined || !isAlive(pid)).toBe(true);
  });

  test("progress comes every 100 ms, never runs back, follows the clock when idle", async () => {
    const { source, progress } = await listen({ root, from: "now" });
    await delay(1500);
    await write("now ", 2000);
    await delay(1500);
    await source.stop();
    const told = progress.length;
    const gaps = progress.slice(1).map((p, i) => p.atMs - (progress[i]?.atMs ?? 0));
    // Nine in ten is the promise here; the worst case belongs to whoever else uses this machine.
    expect(gaps.sort((a, b) => a - b)[Math.floor(gaps.length * 0.9)]).toBeLessThan(100);
    const times = progress.map(({ timeUs }) => timeUs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(Date.now() * 1000 - (times.at(-1) ?? 0)).toBeLessThan(1_000_000);
    await delay(150);
    expect(progress).toHaveLength(told);
  });

  test("no entry comes behind progress by more than the lateness of the schema", async () => {
    const writer = new CollectingWriter();
    let progressUs = 0;
    let worstUs = 0;
    const commit = writer.commit.bind(writer);
    writer.commit = () => {
      const isOurs = commit();
      worstUs = Math.max(worstUs, progressUs - (writer.events.at(-1)?.tsUs ?? 0));
      return isOurs;
    };
    const source = createJournaldSource({ kind, root, from: "now" });
    await source.start({
      writer,
      progress: ({ timeUs }) => {
        progressUs = timeUs;
      },
      warn: () => {},
      ended: () => {},
    });
    for (let i = 0; i < 20; i++) {
      await write("late ", 1, i);
      await delay(37 * (i % 8));
    }
    await until(() => writer.events.some(({ message }) => message === "late 19"), "the last line");
    await source.stop();
    expect(worstUs).toBeLessThan(500_000);
  });

  test("a slow reader makes the journal wait; nothing is dropped", async () => {
    await write("slow ", 2000);
    let hasRoom = false;
    const { source, messages, progress } = await listen({
      root,
      from: "beginning",
      hasRoom: () => hasRoom,
    });
    await delay(300);
    expect(messages()).toHaveLength(0);
    expect(progress.at(-1)?.timeUs).toBe(0);
    hasRoom = true;
    await until(() => messages().includes("slow 1999"), "the last line");
    expect(numbers(messages(), "slow ")).toEqual(upTo(2000));
    await source.stop();
  });

  test("entries that were rotated away are reported as a gap", async () => {
    const before = await listen({ root, from: "now" });
    await write("gap ", 1);
    await until(() => before.messages().includes("gap 0"), "the line before the gap");
    await before.source.stop();
    await write("gone ", 50);
    await machine.exec("journalctl", ["--rotate"]);
    await write("kept ", 1);
    await machine.exec("journalctl", ["--rotate"]);
    await machine.exec("journalctl", ["--vacuum-files=1"]);
    await write("kept ", 1, 1);
    const { source, warnings, messages, progress } = await listen({
      root,
      from: "cursor",
      cursor: before.source.cursor(),
    });
    await until(() => messages().includes("kept 1"), "the line behind the gap");
    expect(numbers(messages(), "gone ")).toEqual([]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^the journal has a gap: \d+ entries between .* are gone$/);
    await source.stop();
    expect(source.stats().gaps).toBe(1);
    expect(progress.at(-1)?.lost).toBeGreaterThanOrEqual(50);
  });

  test("a cursor that is none: a gap, and everything there is", async () => {
    const { source, warnings, messages } = await listen({
      root,
      from: "cursor",
      cursor: "nonsense",
    });
    await until(() => messages().includes("kept 1"), "an old line");
    expect(warnings.join("; ")).toContain("does not know the cursor `nonsense`");
    expect(source.stats()).toMatchObject({ gaps: 1, restarts: 0 });
    await source.stop();
  });

  test("a saved cursor outside the chosen units is no gap", async () => {
    const all = await listen({ root, from: "now" });
    await write("other ", 1);
    await until(() => all.messages().includes("other 0"), "a line of no unit");
    await all.source.stop();
    const units = ["tapio-two.service"];
    const { source, warnings, messages } = await listen({
      root,
      from: "cursor",
      cursor: all.source.cursor(),
      units,
    });
    await machine.exec("systemd-run", ["-q", "--wait", "--unit=tapio-two.service", "echo", "two"]);
    await until(() => messages().includes("two"), "the unit's line");
    expect(warnings).toEqual([]);
    expect(source.stats().gaps).toBe(0);
    await source.stop();
  });

  test("without permission: says which group to join", async () => {
    const journalctl = join(root, "as-nobody");
    const nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups";
    writeFileSync(journalctl, `#!/bin/sh\nexec ${nobody} journalctl "$@"\n`, { mode: 0o755 });
    chmodSync(root, 0o755);
    const { unavailable } = await listen({ root, from: "now", journalctl });
    expect(unavailable?.reason).toBe("no permission to read the journal");
    expect(unavailable?.help).toContain("systemd-journal");
  });
});

const noJournalctl = existsSync("/usr/bin/journalctl")
  ? undefined
  : "needs journalctl (package systemd)";

describe.skipIf(skipReason("journald refusals", noJournalctl))("what cannot be read", () => {
  const folder = mkdtempSync(join(tmpdir(), "tapio-journal-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("no journalctl", async () => {
    const { unavailable } = await listen({ from: "now", journalctl: "/nonexistent/journalctl" });
    expect(unavailable).toEqual({
      reason: "there is no `/nonexistent/journalctl`",
      help: "Install systemd, or leave the source `journal` out.",
    });
  });

  test("no files", async () => {
    const { unavailable } = await listen({ from: "now", directory: folder });
    expect(unavailable?.reason).toBe(`there are no journal files in \`${folder}\``);
    const missing = join(folder, "none");
    expect((await listen({ from: "now", directory: missing })).unavailable?.reason).toBe(
      `there is no \`${missing}\``,
    );
  });

  test("a journalctl that does not end when asked is ended", async () => {
    const program = join(folder, "stubborn");
    const script = [
      "#!/bin/sh",
      'case "$*" in *--lines=1*) exit 0;; esac',
      "trap '' TERM PIPE",
      "while :; do sleep 0.05; done",
    ];
    writeFileSync(program, script.join("\n"), { mode: 0o755 });
    mkdirSync(join(folder, "files"));
    writeFileSync(join(folder, "files", "x.journal"), "");
    const { source } = await listen({
      from: "now",
      directory: join(folder, "files"),
      journalctl: program,
    });
    await delay(100);
    const pid = source.stats().childPid ?? 0;
    expect(isAlive(pid)).toBe(true);
    const startMs = performance.now();
    await source.stop();
    expect(performance.now() - startMs).toBeLessThan(2500);
    expect(isAlive(pid)).toBe(false);
  });

  test("a journalctl that keeps failing is tried less and less often", async () => {
    const program = join(folder, "failing");
    const script = [
      "#!/bin/sh",
      'case "$*" in *--lines=1*) exit 0;; esac',
      "echo broken >&2",
      "exit 3",
    ];
    writeFileSync(program, script.join("\n"), { mode: 0o755 });
    const { source, warnings } = await listen({
      from: "now",
      directory: join(folder, "files"),
      journalctl: program,
    });
    await until(() => warnings.length >= 3, "three tries");
    await source.stop();
    expect(warnings.slice(0, 3)).toEqual([
      "journalctl ended with code 3: broken; starting it again in 100 ms",
      "journalctl ended with code 3: broken; starting it again in 200 ms",
      "journalctl ended with code 3: broken; starting it again in 400 ms",
    ]);
  });
});

test("OOM lines carry victim and cgroup; an old backlog is caught up with", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tapio-journal-"));
  const startUs = Date.now() * 1000 - 60_000_000;
  const lines = [
    "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/x,task_memcg=/x,task=tail,pid=42,uid=0",
    "Memory cgroup out of memory: Killed process 42 (tail) total-vm:1kB",
  ];
  const entries = lines.map((line, i) =>
    [
      `__CURSOR=s=a;i=${i}`,
      `__REALTIME_TIMESTAMP=${startUs + i}`,
      "_TRANSPORT=kernel",
      "SYSLOG_FACILITY=0",
      `MESSAGE=${line}\n\n`,
    ].join("\n"),
  );
  writeFileSync(join(folder, "all"), entries.join(""));
  writeFileSync(join(folder, "newest"), entries.at(-1) ?? "");
  // The kernel's own lines cannot be had in a test machine: a program in the place of journalctl.
  const journalctl = join(folder, "journalctl");
  const script = [
    "#!/bin/sh",
    `case "$*" in *--lines=1*) exec cat ${folder}/newest;; esac`,
    `cat ${folder}/all; exec sleep 1000`,
  ];
  writeFileSync(journalctl, script.join("\n"), { mode: 0o755 });
  const cgroupIdOf = () => 7n;
  const { source, writer, progress } = await listen({ from: "beginning", cgroupIdOf, journalctl });
  await until(() => (progress.at(-1)?.timeUs ?? 0) > startUs + 30_000_000, "catching up");
  expect(writer.events.map(({ pid, cgroup, tsUs }) => [pid, cgroup, tsUs - startUs])).toEqual([
    [42, 7n, 0],
    [42, 7n, 1],
  ]);
  await source.stop();
  rmSync(folder, { recursive: true });
});

test("progress is never ahead of this machine's clock, and goes back when that is set back", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tapio-journal-"));
  const aheadUs = Date.now() * 1000 + 1_800_000_000;
  const entry = `__CURSOR=s=a;i=1\n__REALTIME_TIMESTAMP=${aheadUs}\nMESSAGE=ahead\n\n`;
  writeFileSync(join(folder, "all"), entry);
  const journalctl = join(folder, "journalctl");
  const script = [
    "#!/bin/sh",
    `case "$*" in *--lines=1*) exec cat ${folder}/all;; esac`,
    `cat ${folder}/all; exec sleep 1000`,
  ];
  writeFileSync(journalctl, script.join("\n"), { mode: 0o755 });
  const { source, writer, progress } = await listen({ from: "beginning", journalctl });
  await until(() => writer.events.length === 1 && progress.length > 4, "the entry");
  for (const { timeUs } of progress) expect(timeUs).toBeLessThanOrEqual(Date.now() * 1000);
  const clock = vi.spyOn(Date, "now");
  const real = Date.now();
  clock.mockImplementation(() => real - 7_200_000);
  await until(() => (progress.at(-1)?.timeUs ?? 0) < (real - 7_000_000) * 1000, "going back");
  clock.mockRestore();
  await source.stop();
  rmSync(folder, { recursive: true });
});
