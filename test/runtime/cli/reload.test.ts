/** SIGHUP: a running node goes on with the bundle as it is on disk now, or says why not. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { bundleBody, compile, encodeBundle } from "#compiler";
import { type Bundle, decodeBundle, type KernelNeed } from "#core";
import { stdFiles } from "../../../grammar/std.gen.ts";
import { Reloader, unionOf } from "../../../runtime/cli/reload.ts";
import { whyNoKernel } from "../../harness/live.ts";
import { ensureBuilt, Running } from "../../harness/programs.ts";
import { skipReason } from "../../harness/skip.ts";

const folder = mkdtempSync(join(tmpdir(), "tapio-reload-"));
const path = join(folder, "rules.tapiob");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(rules: string): Bundle {
  const file = { file: "r.tapio", text: `module node.rules\nimport tapio.schema.v1\n${rules}` };
  const result = compile([file], { std: stdFiles, version: "test" });
  const error = result.diagnostics.find((d) => d.severity === "error");
  if (error) throw new Error(`${error.code} ${error.message}`);
  const bytes = encodeBundle(bundleBody(result, [file], "test"));
  writeFileSync(path, bytes);
  const read = decodeBundle(bytes);
  if (!read.ok) throw new Error(read.problem);
  return read.bundle;
}

const exits = (where: string, text = "one") => `rule ended {
  match e: kernel.process_exit where ${where}
  explain { root e summary "${text} {e.comm}" }
}`;
const need = (value: number): KernelNeed => ({
  kind: "kernel.process_exit",
  anyOf: [{ allOf: [{ field: "pid", cmp: "==", value }] }],
});

describe("a reload", () => {
  const said: string[] = [];
  const swapped: unknown[] = [];
  const reloads: string[] = [];
  beforeEach(() => {
    for (const list of [said, swapped, reloads]) list.length = 0;
  });

  function reloaderOf(bundle: Bundle, hooks: string[] = ["process_exit"]): Reloader {
    const ebpf = { swapFilter: (...filter: unknown[]) => void swapped.push(filter) };
    return new Reloader({
      path,
      param: [],
      bundle,
      live: { sources: [{ name: "kernel" }], ebpf, hooks, uncollected: [] } as never,
      runtime: {
        reload: (next) => {
          reloads.push(next.hash);
          return [];
        },
        knownUpTo: () => Number.POSITIVE_INFINITY,
      },
      say: (text) => void said.push(text),
      clockUs: () => 0,
      onReloaded: () => undefined,
    });
  }

  test("of the same needs leaves the kernel alone", async () => {
    const reloader = reloaderOf(write(exits("e.pid == 1")));
    const next = write(exits("e.pid == 1", "two"));
    await reloader.reload();
    expect(reloads).toEqual([next.hash]);
    expect(swapped).toEqual([]);
  });

  test("lets through what old and new rules need, before they take over", async () => {
    const reloader = reloaderOf(write(exits("e.pid == 1")));
    write(exits("e.pid == 2"));
    await reloader.reload();
    const [[hook, filter]] = swapped as [[string, { anyOf: readonly unknown[] }]];
    expect([hook, filter.anyOf.length]).toEqual(["process_exit", 2]);
    expect(reloads).toHaveLength(1);
  });

  test.each<[string, () => void, RegExp]>([
    [
      "a file that is no bundle",
      () => writeFileSync(path, "nothing"),
      /TAP7001.*not a tapio bundle/,
    ],
    ["a file that is gone", () => rmSync(path), /cannot read/],
    [
      "a bundle for an event that is not collected",
      () => void write("rule r { match e: kernel.oom_kill }"),
      /needs the event kernel\.oom_kill/,
    ],
    [
      "a bundle for a source that does not run",
      () => void write(`rule r { match e: journal.entry where e.message == "x" }`),
      /needs the source journal/,
    ],
    [
      "a bundle with event kinds of its own",
      () => void write("event a.b from kernel { x: int }\nrule r { match e: a.b }"),
      /declares other event kinds/,
    ],
  ])("of %s is refused, and nothing changes", async (_, spoil, reason) => {
    const reloader = reloaderOf(write(exits("e.pid == 1")));
    spoil();
    await reloader.reload();
    expect(said.join("\n")).toMatch(reason);
    expect(said.join("\n")).toContain("the rules that run go on");
    expect([reloads, swapped]).toEqual([[], []]);
  });
});

describe("what two bundles need of the kernel", () => {
  test("is what either needs; everything when one needs that, or there is too much", () => {
    expect(unionOf([need(1)], [need(2)])).toEqual([
      { kind: "kernel.process_exit", anyOf: [...need(1).anyOf, ...need(2).anyOf] },
    ]);
    expect(unionOf([need(1)], [need(1)])).toEqual([need(1)]);
    const all = { kind: "kernel.process_exit", anyOf: [] };
    expect(unionOf([need(1)], [all])).toEqual([all]);
    expect(
      unionOf(
        [],
        Array.from({ length: 40 }, (_, i) => need(i)),
      ),
    ).toEqual([all]);
  });
});

describe.skipIf(skipReason("SIGHUP of tapio run on live kernel events", whyNoKernel()))(
  "on live events",
  () => {
    beforeAll(ensureBuilt, 120_000);

    test("the new rules find what happens then, and a bad bundle changes nothing", async () => {
      write(exits(`e.comm == "true" and e.exit_code == 0`));
      const tapio = new Running("tapio", ["run", path, "--format", "ndjson"]);
      try {
        await tapio.until((r) => r.err.includes("rule ended: armed"), 20_000);
        writeFileSync(path, "nothing");
        tapio.child.kill("SIGHUP");
        await tapio.until((r) => r.err.includes("reload refused: TAP7001"), 5_000);
        spawnSync("true");
        await tapio.until((r) => r.out.includes("one true"), 10_000);
        write(exits(`e.comm == "false" and e.exit_code == 1`, "two"));
        tapio.child.kill("SIGHUP");
        await tapio.until((r) => r.err.includes("drain node.rules.ended: the first step"), 10_000);
        await new Promise((done) => setTimeout(done, 500));
        spawnSync("false");
        await tapio.until((r) => r.out.includes("two false"), 10_000);
      } finally {
        tapio.child.kill("SIGTERM");
        await tapio.ended;
      }
    }, 60_000);
  },
);
