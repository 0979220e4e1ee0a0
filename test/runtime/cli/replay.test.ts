/** `tapio replay` and `tapio demo --recorded`, as a person meets them, bad input included. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureBuilt, root, run } from "../../harness/programs.ts";

const folder = mkdtempSync(join(tmpdir(), "tapio-replay-"));
const bundle = join(folder, "rules.tapiob");
const scenarios = join(root, "rules/memory/oom_kill_restart.scenarios");
const incident = readFileSync(join(scenarios, "incident.ndjson"), "utf8");

beforeAll(() => {
  ensureBuilt();
  const done = run("tapioc", ["compile", "rules/memory/oom_kill_restart.tapio", "-o", bundle]);
  expect(done.err).toContain(": 1 rule, ");
  expect(done.code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function replay(text: string, ...args: string[]) {
  const file = join(folder, "log.ndjson");
  writeFileSync(file, text);
  return run("tapio", ["replay", file, "--bundle", bundle, ...args]);
}

const noStack = /\n\s+at .*:\d+:\d+/;

describe("the shipped scenarios", () => {
  test("the recorded incident is one finding that a person can act on", () => {
    const done = run("tapio", ["replay", join(scenarios, "incident.ndjson"), "--bundle", bundle]);
    expect(done.code).toBe(1);
    expect(done.out.replace(/bundle [0-9a-f]{12}/, "bundle HASH")).toMatchSnapshot();
    expect(done.err).toContain("10 events, 0 malformed");
  });
  test("kill -9 without memory pressure is not one", () => {
    const done = run("tapio", [
      "replay",
      join(scenarios, "negative-kill-9.ndjson"),
      "--bundle",
      bundle,
    ]);
    expect([done.code, done.out]).toEqual([0, ""]);
  });
  test("a restart that comes too late is not one, unless the parameter allows it", () => {
    const file = join(scenarios, "near-miss-late-restart.ndjson");
    expect(run("tapio", ["replay", file, "--bundle", bundle]).code).toBe(0);
    const patient = run("tapio", [
      "replay",
      file,
      "--bundle",
      bundle,
      "--param",
      "restart_within=1m",
    ]);
    expect(patient.code).toBe(1);
  });
  test("findings as NDJSON are one object a line, and the same in every run", () => {
    const args = [
      "replay",
      join(scenarios, "incident.ndjson"),
      "--bundle",
      bundle,
      "--format",
      "ndjson",
    ];
    const [a, b] = [run("tapio", args).out, run("tapio", args).out];
    expect(a).toBe(b);
    const finding = JSON.parse(a.trim());
    expect(finding).toMatchObject({
      format: 1,
      rule: "oom_kill_restart",
      severity: "error",
      confidence: 1,
    });
    expect(finding.evidence).toHaveLength(4);
  });
  test("standard input works", () => {
    const done = run("tapio", ["replay", "-", "--bundle", bundle], { input: incident });
    expect(done.code).toBe(1);
  });
});

describe("damaged recordings", () => {
  test("bad lines are told with their place and counted; the good rest is judged", () => {
    const lines = incident.trim().split("\n");
    lines.splice(
      2,
      0,
      "{not json",
      '{"kind":"kernel.oom_kil","ts":1}',
      "\u0000\u0000",
      '{"kind":"kernel.oom_kill"}',
    );
    const done = replay(lines.join("\n"));
    expect(done.code).toBe(1);
    expect(done.err).toContain("10 events, 4 malformed");
    expect(done.err).toMatch(/log\.ndjson:3:\d+: /);
    expect(done.err).toContain("did you mean `kernel.oom_kill`");
    expect(done.err).toMatch(/help: /);
    expect(done.err).not.toMatch(noStack);
  });
  test("a recording cut in the middle of a line is judged up to there", () => {
    const done = replay(incident.slice(0, -40));
    expect(done.code).toBe(1);
    expect(done.err).toContain("1 malformed");
  });
  test("a recording of which nothing can be read is no success", () => {
    const done = replay('{"kind":"nonsense","ts":1}\n{not json\n');
    expect(done.code).toBe(3);
    expect(done.err).toContain("no line of it could be read");
  });
  test("a rule that a recording can tell nothing about is named", () => {
    const own = join(folder, "own.tapio");
    writeFileSync(
      own,
      `module own.rules
import tapio.schema.v1
rule gone { match absent e: journal.entry for 10s for each unit }
`,
    );
    const compiled = join(folder, "own.tapiob");
    expect(run("tapioc", ["compile", own, "-o", compiled]).code).toBe(0);
    const file = join(folder, "own.ndjson");
    writeFileSync(file, incident);
    const done = run("tapio", ["replay", file, "--bundle", compiled]);
    expect(done.code).toBe(0);
    expect(done.err).toContain(
      "rule gone cannot fire: no source tells which entities of kind unit there are",
    );
  });
  test("no recording at all, a folder, a file nobody may read", () => {
    for (const [path, words] of [
      ["nowhere.ndjson", "there is no recording"],
      [".", "is a directory"],
    ] as const) {
      const done = run("tapio", ["replay", path, "--bundle", bundle]);
      expect(done.code).toBe(3);
      expect(done.err).toContain(words);
      expect(done.err).toMatch(/help: /);
      expect(done.err).not.toMatch(noStack);
    }
  });
});

describe("damaged bundles", () => {
  const bytes = () => readFileSync(bundle);
  const refused = (content: Uint8Array, words: string) => {
    const file = join(folder, "bad.tapiob");
    writeFileSync(file, content);
    const done = run("tapio", ["replay", join(scenarios, "incident.ndjson"), "--bundle", file]);
    expect(done.code).toBe(2);
    expect(done.err).toContain(words);
    expect(done.err).toMatch(/TAP7001.*\n\s+help: /);
    expect(done.err).not.toMatch(noStack);
    expect(done.out).toBe("");
  };
  test("cut short", () => refused(bytes().subarray(0, 1000), "cut short: 1000 of"));
  test("one byte changed", () => {
    const changed = bytes();
    changed[changed.length - 100] = (changed[changed.length - 100] ?? 0) ^ 1;
    refused(changed, "was changed after it was made");
  });
  test("more behind the end", () =>
    refused(Buffer.concat([bytes(), Buffer.from("x")]), "follow the end"));
  test("something else", () =>
    refused(Buffer.from("PK\u0003\u0004 not a bundle"), "not a tapio bundle"));
  test("not there", () => {
    const done = run("tapio", ["run", join(folder, "missing.tapiob")]);
    expect(done.code).toBe(3);
    expect(done.err).toContain("no such file");
  });
});

describe("wrong usage", () => {
  test.each([
    [["replay", "x.ndjson"], "--bundle"],
    [["nonsense"], "unknown command"],
    [["run", "x", "--max-findings", "many"], "whole number"],
    [["run", "x", "--for", "soon"], "duration"],
  ])("%j is refused with code 3", (args, words) => {
    const done = run("tapio", args);
    expect(done.code).toBe(3);
    expect(done.err).toContain(words);
    expect(done.err).not.toMatch(noStack);
  });
  test.each([
    ["restart_within=10m", "within 1s .. 5m"],
    ["restart_within=fast", "not a value"],
    ["nothing=1", "no parameter nothing"],
    ["restart_within", "name=value"],
  ])("--param %s is refused with code 3", (param, words) => {
    const done = replay(incident, "--param", param);
    expect(done.code).toBe(3);
    expect(done.err).toContain(words);
  });
  test("--help of every command works and says the exit codes", () => {
    for (const command of ["run", "replay", "demo", "doctor"])
      expect(run("tapio", [command, "--help"]).code).toBe(0);
    expect(run("tapio", ["--help"]).out).toContain("Exit codes");
  });
});
