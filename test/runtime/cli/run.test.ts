/** `tapio run` and its neighbours where something is in the way, and what they count. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { outcomeLine } from "../../../runtime/cli/output.ts";
import { whyNoKernel } from "../../harness/live.ts";
import { ensureBuilt, Running, root, run } from "../../harness/programs.ts";
import { skipReason } from "../../harness/skip.ts";

const folder = mkdtempSync(join(tmpdir(), "tapio-run-"));
const bundle = join(folder, "rules.tapiob");
/** Nothing else of the machine runs this program. */
const program = join(folder, "only-here");
const recording = join(root, "rules/memory/oom_kill_restart.scenarios/incident.ndjson");

const rules = `module run.rules
import tapio.schema.v1
rule started { match e: kernel.process_exec where e.filename == "${program}" }
rule killed { match e: kernel.oom_kill }
`;

beforeAll(() => {
  ensureBuilt();
  copyFileSync("/bin/true", program);
  chmodSync(program, 0o755);
  writeFileSync(join(folder, "rules.tapio"), rules);
  expect(run("tapioc", ["compile", join(folder, "rules.tapio"), "-o", bundle]).code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const isFullThere = existsSync("/dev/full") && statSync("/dev/full").isCharacterDevice();
const whyNotFull = isFullThere ? undefined : "no /dev/full";

describe("usage", () => {
  test("the demo is about one rule, and says so of a bundle without it", () => {
    const { code, err } = run("tapio", ["demo", "--bundle", bundle, "--recorded"]);
    expect(code).toBe(3);
    expect(err).toContain("has no rule tapio.rules.memory.oom_kill_restart");
  });

  test("a time that no timer can wait", () => {
    const { code, err } = run("tapio", ["run", bundle, "--for", "25d"]);
    expect([code, err.includes("It must be 24d at most.")]).toEqual([3, true]);
  });

  test("defaults are shown as they are written", () => {
    const { out } = run("tapio", ["run", "--help"]);
    expect(out.replaceAll(/\s+/g, " ")).toContain("saved while it runs (default: 30s)");
    expect(out).not.toContain("[]");
  });

  test("of many malformed lines the first are shown and the rest is counted", () => {
    const file = join(folder, "bad.ndjson");
    writeFileSync(file, "nonsense\n".repeat(30));
    const { err } = run("tapio", ["replay", file, "--bundle", bundle]);
    expect(err.match(/not JSON/g)).toHaveLength(20);
    expect(err).toContain(`${file}: 10 more malformed lines`);
  });
});

describe("counters", () => {
  const none = {
    keys: 0,
    partials: 0,
    windowEvents: 0,
    evidence: 0,
    suppressors: 0,
    openFindings: 0,
    facts: 0,
    findings: 0,
  };
  const line = (evicted: Partial<typeof none>) =>
    outcomeLine({
      matches: 2,
      findings: 1,
      suppressed: 1,
      evicted: { ...none, ...evicted },
    } as never);

  test("say what was given up for room", () => {
    expect(line({})).toBe("matched: 2, findings: 1, suppressed: 1, evicted: 0");
    expect(line({ keys: 3, partials: 2 })).toMatch(/evicted: 5 \(3 keys, 2 partial matches\)$/);
  });
});

describe("output that finds no room", () => {
  test.skipIf(skipReason("findings on a full disk", whyNotFull))("ends a replay with 4", () => {
    const replay = `"${process.execPath}" dist/tapio.js replay "${recording}" --bundle "${bundle}"`;
    const shell = (redirect: string) =>
      spawnSync("bash", ["-c", `${replay} ${redirect}`], { cwd: root, encoding: "utf8" });
    const out = shell("> /dev/full");
    expect(out.status).toBe(4);
    expect(out.stderr).toMatch(
      /cannot write to standard output: no space left\n {2}help: make room/,
    );
    expect(out.stderr).not.toMatch(/^\s+at /m);
    const err = shell("2> /dev/full");
    expect([err.status, err.stdout.includes("killed matched")]).toEqual([1, true]);
  });
});

describe.skipIf(skipReason("tapio run on kernel events", whyNoKernel()))("on kernel events", () => {
  const start = async (...args: string[]) => {
    const running = new Running("tapio", ["run", bundle, ...args]);
    await running.until((r) => r.err.includes("rule killed:"), 10_000);
    return running;
  };

  test("findings of earlier runs are not this one's", async () => {
    const state = join(folder, "state");
    const first = await start("--state", state, "--max-findings", "1");
    spawnSync(program);
    expect(await first.ended).toBe(1);
    const idle = await start("--state", state, "--for", "200ms");
    expect(await idle.ended).toBe(0);
    expect(idle.err).toMatch(/with the runs before[\s\S]*findings: 1,/);
    const last = await start("--state", state, "--max-findings", "2");
    for (const findings of [1, 2]) {
      spawnSync(program);
      await last.until((r) => r.out.split("●").length > findings, 5_000);
    }
    expect(await last.ended).toBe(1);
  }, 30_000);

  test("SIGUSR2 asks for the counters, and the node goes on", async () => {
    const running = await start();
    running.child.kill("SIGUSR2");
    await running.until((r) => /findings: 0, .*evicted: 0/.test(r.err), 5_000);
    spawnSync(program);
    await running.until((r) => r.out.includes("●"), 5_000);
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(1);
  }, 20_000);

  test("a recording that finds no room ends with a whole line and is told", async () => {
    const file = join(folder, "full.ndjson");
    const script = `ulimit -f 8; exec "${process.execPath}" dist/tapio.js run "${bundle}" --record "${file}" --for 3s`;
    const done = spawnSync(
      "bash",
      ["-c", `${script} & sleep 1.5; for i in $(seq 80); do "${program}"; done; wait $!`],
      {
        cwd: root,
        encoding: "utf8",
      },
    );
    const [, told] = /stopped after (\d+) events: /.exec(done.stderr) ?? [];
    expect(done.stderr).not.toContain("recorded ");
    const text = readFileSync(file, "utf8");
    expect(text).toMatch(/^$|\n$/);
    expect(text.match(/"kind"/g)?.length ?? 0).toBe(Number(told));
  }, 20_000);

  test.skipIf(skipReason("findings of a node on a full disk", whyNotFull))(
    "a node whose findings find no room ends, with its state saved",
    async () => {
      const state = join(folder, "full-state");
      const script = `exec "${process.execPath}" dist/tapio.js run "${bundle}" --state "${state}" --for 20s > /dev/full`;
      const done = spawnSync("bash", ["-c", `(${script}) & sleep 1.5; "${program}"; wait $!`], {
        cwd: root,
        encoding: "utf8",
      });
      expect(done.status).toBe(4);
      expect(done.stderr).toContain("cannot write to standard output: no space left");
      expect(done.stderr).toContain("findings: 1,");
      expect(statSync(join(state, "tapio.state")).size).toBeGreaterThan(100);
    },
    20_000,
  );
});
