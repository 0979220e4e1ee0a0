/**
 * A process without rights gets a reason and help, never a crash. It runs as a bundle in a folder
 * laid out like `dist/`, which also proves that the addon is found from there.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { skipReason } from "../../../harness/skip.ts";

const ROOT = resolve(import.meta.dirname, "../../../..");
const PROBE = `
  import { startSource } from "${ROOT}/test/runtime/sources/ebpf/harness.ts";
  const { source, unavailable } = await startSource({ hooks: [{ hook: "process_exec" }] });
  await source.stop();
  console.log(JSON.stringify(unavailable ?? null));
`;

const isRoot = process.getuid?.() === 0;
const hasSetpriv = spawnSync("setpriv", ["--version"]).status === 0;
const whyNot = !isRoot ? "not root" : hasSetpriv ? undefined : "setpriv is not installed";

describe.skipIf(skipReason("the kernel source without rights", whyNot))("without rights", () => {
  let folder = "";
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "tapio-unprivileged-"));
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, "dist"));
    symlinkSync(join(ROOT, "native"), join(folder, "native"));
    writeFileSync(join(folder, "probe.ts"), PROBE);
    await build({
      entryPoints: [join(folder, "probe.ts")],
      outfile: join(folder, "dist", "probe.js"),
      bundle: true,
      platform: "node",
      format: "esm",
      absWorkingDir: ROOT,
      tsconfigRaw: {},
      logLevel: "error",
    });
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const probe = (args: readonly string[]) =>
    JSON.parse(
      execFileSync("setpriv", [...args, process.execPath, join(folder, "dist", "probe.js")], {
        encoding: "utf8",
      }),
    ) as { reason: string; help: string } | null;

  it("the reason names both capabilities", () => {
    const told = probe(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    expect(told?.reason).toMatch(/EPERM.*lacks CAP_BPF and CAP_PERFMON/);
    expect(told?.help).toMatch(/AmbientCapabilities/);
  });

  it("with CAP_BPF alone, the reason names the other", () => {
    const told = probe([
      "--reuid=65534",
      "--regid=65534",
      "--clear-groups",
      "--inh-caps=-all,+bpf",
      "--ambient-caps=-all,+bpf",
    ]);
    expect(told?.reason).toMatch(/lacks CAP_PERFMON/);
  });

  it("with the two capabilities and nothing else, it runs", () => {
    const caps = "-all,+bpf,+perfmon";
    const told = probe([
      "--reuid=65534",
      "--regid=65534",
      "--clear-groups",
      `--inh-caps=${caps}`,
      `--ambient-caps=${caps}`,
    ]);
    expect(told).toBeNull();
  });
});
