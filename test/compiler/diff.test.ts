/** `tapioc diff` as people meet it: one line for each rule, and an exit code as `diff` has. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureBuilt, run } from "../harness/programs.ts";

const folder = mkdtempSync(join(tmpdir(), "tapioc-diff-"));
const file = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const rules = (within: string, text: string, more = "") => `module demo.rules
import tapio.schema.v1

rule killed {
  match sequence by cgroup within ${within} {
    oom: kernel.oom_kill
    then died: kernel.process_exit where died.pid == oom.pid
  }
  keys max 64
  explain { root oom summary "${text}" }
}
${more}`;
const other = "rule other { match e: kernel.process_exec keys max 64 }\n";

beforeAll(ensureBuilt, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("tapioc diff", () => {
  const old = file("old.tapio", rules("30s", "one", other));
  const bundle = join(folder, "old.tapiob");

  test("nothing changes: 0", () => {
    expect(run("tapioc", ["compile", old, "-o", bundle]).code).toBe(0);
    const done = run("tapioc", ["diff", bundle, old]);
    expect(done).toMatchObject({ code: 0, err: "" });
    expect(done.out).toBe(
      "keep     demo.rules.killed  unchanged\nkeep     demo.rules.other   unchanged\n",
    );
  });

  test("something changes: 1, with the class and the reason of each rule", () => {
    const shorter = file(
      "shorter.tapio",
      rules("10s", "one", "rule third { match e: kernel.oom_kill }"),
    );
    expect(run("tapioc", ["diff", bundle, shorter])).toMatchObject({
      code: 1,
      out: [
        "migrate  demo.rules.killed  `within` 30s → 10s",
        "add      demo.rules.third   version 1",
        "remove   demo.rules.other   version 1",
        "",
      ].join("\n"),
    });
    const longer = file("longer.tapio", rules("1m", "one", other));
    expect(run("tapioc", ["diff", old, longer]).out).toContain("history-limited");
    const told = file("told.tapio", rules("30s", "two", other));
    expect(run("tapioc", ["diff", old, told])).toMatchObject({ code: 1 });
  });

  test("as JSON", () => {
    const shorter = file("json.tapio", rules("10s", "one", other));
    const done = run("tapioc", ["diff", "--format", "json", old, shorter]);
    expect(JSON.parse(done.out)).toMatchObject({
      version: 1,
      isUnchanged: false,
      rules: [
        { rule: "demo.rules.killed", class: "migrate", from: 1, to: 1, limitsHistory: false },
        { rule: "demo.rules.other", class: "keep", reasons: [] },
      ],
    });
  });

  test("what does not compile or is no bundle: 2; what is not there: 3", () => {
    const bad = file("bad.tapio", "module a\nrule r {}\n");
    const done = run("tapioc", ["diff", old, bad]);
    expect(done.code).toBe(2);
    expect(done.err).toContain("do not compile");
    const broken = file("broken.tapiob", "TAPIOB01 and no more");
    expect(run("tapioc", ["diff", broken, old])).toMatchObject({ code: 2 });
    expect(run("tapioc", ["diff", old, join(folder, "gone")])).toMatchObject({ code: 3 });
  });
});
