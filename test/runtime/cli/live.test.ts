/** `tapio run` and `tapio demo` on the real kernel, and what they say without the privileges. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMemoryCgroup, findMemoryHierarchy, type MemoryCgroup } from "#runtime/entity";
import { whyNoKernel, whyNotRoot } from "../../harness/live.ts";
import { ensureBuilt, Running, run } from "../../harness/programs.ts";
import { skipReason } from "../../harness/skip.ts";
import { startSystemdMachine, systemdMachineProblem } from "../../harness/systemd-machine.ts";

const folder = mkdtempSync(join(tmpdir(), "tapio-live-"));
const bundle = join(folder, "rules.tapiob");

beforeAll(() => {
  ensureBuilt();
  // Another user must be able to read the bundle.
  chmodSync(folder, 0o755);
  expect(run("tapioc", ["compile", "rules/memory/oom_kill_restart.tapio", "-o", bundle]).code).toBe(
    0,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function group(name: string): MemoryCgroup {
  const made = createMemoryCgroup(`tapio-test-${name}-${process.pid}`, 32 << 20);
  if (!made.ok) throw new Error(made.reason);
  return made.cgroup;
}

/** A shell in the group that starts `first`, waits, and starts a healthy `tail`. */
function supervise(cgroup: MemoryCgroup, first: string) {
  const script = `echo $$ > "$1"; ${first} > /dev/null 2>&1; sleep 0.2; tail -f /dev/null; :`;
  return spawn("/bin/sh", ["-c", script, "supervisor", cgroup.processesFile], { stdio: "ignore" });
}

function leftovers(): string[] {
  const hierarchy = findMemoryHierarchy();
  return hierarchy
    ? readdirSync(hierarchy.mountPoint).filter((n) => /^tapio-(demo|test)-/.test(n))
    : [];
}

describe.skipIf(skipReason("tapio run and demo on live kernel events", whyNoKernel()))(
  "live",
  () => {
    test("finds a real OOM kill made elsewhere within 5 s, and names process, cgroup and restart", async () => {
      const tapio = new Running("tapio", [
        "run",
        bundle,
        "--format",
        "ndjson",
        "--max-findings",
        "1",
      ]);
      const cgroup = group("oom");
      try {
        await tapio.until((r) => r.err.includes("rule oom_kill_restart:"), 10_000);
        const shell = supervise(cgroup, "tail /dev/zero");
        await tapio.until((r) => r.out.includes("\n"), 5_000);
        const finding = JSON.parse(tapio.out.trim().split("\n")[0] ?? "");
        expect(finding).toMatchObject({
          rule: "oom_kill_restart",
          severity: "error",
          entity: { cgroup: cgroup.path },
          degraded: [],
        });
        const names = finding.chain.map((c: { step: string }) => c.step);
        expect(names.filter((n: string) => n !== "log")).toEqual(["oom", "died", "restart"]);
        expect(finding.summary).toMatch(
          /^tail \(pid \d+\) was killed at 32MiB of 32MiB and restarted as pid \d+ after/,
        );
        expect(finding.recommendations[0]).toContain(cgroup.path);
        expect(await tapio.ended).toBe(1);
        expect(tapio.err).toMatch(
          /source kernel: \d+ seen, \d+ kept by its filter, 0 lost, 0 malformed/,
        );
        shell.kill("SIGKILL");
      } finally {
        tapio.child.kill("SIGKILL");
        await cgroup.remove();
      }
    });

    test("kill -9 without memory pressure does not fire, and SIGINT ends it cleanly", async () => {
      const tapio = new Running("tapio", ["run", bundle]);
      const cgroup = group("kill");
      try {
        await tapio.until((r) => r.err.includes("rule oom_kill_restart:"), 10_000);
        const shell = supervise(cgroup, "tail -f /dev/null");
        const victim = await eventually(() => cgroup.processes().find((pid) => pid !== shell.pid));
        process.kill(victim, "SIGKILL");
        await eventually(() =>
          cgroup.processes().find((pid) => pid !== shell.pid && pid !== victim),
        );
        await new Promise((resolve) => setTimeout(resolve, 1000));
        tapio.child.kill("SIGINT");
        expect(await tapio.ended).toBe(0);
        expect(tapio.out).toBe("");
        expect(tapio.err).toContain("findings: 0");
        shell.kill("SIGKILL");
      } finally {
        tapio.child.kill("SIGKILL");
        await cgroup.remove();
      }
    });

    test("the demo makes a real one, prints it, and leaves nothing behind", async () => {
      const demo = new Running("tapio", ["demo", "--bundle", bundle]);
      expect(await demo.ended).toBe(0);
      expect(demo.out).toContain("ERROR  A process was killed for memory and restarted");
      expect(demo.out).toMatch(/chain\s+.*oom kernel\.oom_kill/);
      expect(demo.out).toMatch(/do\s+/);
      expect(demo.err).toContain("kept by its filter");
      const next = demo.err.split("Next:")[1] ?? "";
      expect(next.match(/^ +node dist/gm)).toHaveLength(3);
      expect(leftovers()).toEqual([]);
    });

    test("Ctrl-C in the middle of the demo cleans up too", async () => {
      const demo = new Running("tapio", ["demo", "--bundle", bundle]);
      await demo.until((r) => r.err.includes("Making a real OOM kill"), 10_000);
      demo.child.kill("SIGINT");
      expect(await demo.ended).toBe(130);
      expect(leftovers()).toEqual([]);
      const tails = spawnSync("pgrep", ["-f", "tail /dev/zero"], { encoding: "utf8" });
      expect(tails.stdout.trim()).toBe("");
    });
  },
);

const whyNoJournal = whyNoKernel() ?? systemdMachineProblem();
describe.skipIf(skipReason("an OOM kill with its line in a real journal", whyNoJournal))(
  "with journald",
  () => {
    test("the kernel's own log line joins the story", async () => {
      const machine = await startSystemdMachine({ readsKernelLog: true });
      try {
        const journal = join(machine.folder, "var/log/journal");
        const demo = new Running("tapio", ["demo", "--bundle", bundle, "--journal", journal]);
        expect(await demo.ended).toBe(0);
        expect(demo.out).toMatch(/log journal\.entry/);
        expect(demo.out).toContain("Memory cgroup out of memory: Killed process");
        expect(demo.out).toContain("confidence 1.00");
        expect(demo.err).toMatch(/source journal: \d+ seen/);
      } finally {
        await machine.stop();
      }
    });
  },
);

async function eventually<T>(look: () => T | undefined): Promise<T> {
  for (let i = 0; i < 500; i++) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("it did not happen within 5 s");
}

describe.skipIf(skipReason("tapio as an ordinary user", whyNotRoot()))("without privileges", () => {
  const nobody = { uid: 65534 };
  test("the demo says what is missing and runs the recorded incident", () => {
    const done = run("tapio", ["demo", "--bundle", bundle], nobody);
    expect(done.code).toBe(0);
    expect(done.err).toMatch(/live demo needs/);
    expect(done.err).toMatch(/help: /);
    expect(done.err).toContain("recorded incident");
    expect(done.out).toContain("ERROR  A process was killed for memory and restarted");
  });
  test("doctor says what is missing and exits with 4", () => {
    const done = run("tapio", ["doctor"], nobody);
    expect(done.code).toBe(4);
    expect(done.out).toMatch(/missing {2}eBPF: .*\n\s+help: .*CAP_BPF/s);
  });
  test("run says that no rule can fire and exits with 4", () => {
    const done = run("tapio", ["run", bundle], nobody);
    expect(done.code).toBe(4);
    expect(done.err).toContain("not armed");
    expect(done.err).toContain("CAP_BPF");
  });
});
