/** `npm run check`: format, lint, types, generated files, tidiness and the fast tests, in that order. */
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Real components, large inputs and many programs: `npm test` runs these too. */
const slow = [
  "**/live.test.ts",
  "**/kernel-events.test.ts",
  "**/limits.test.ts",
  "**/mutants.test.ts",
  "test/compiler/cli.test.ts",
  "test/corpora/cross.test.ts",
  "test/mutation/mutation.test.ts",
  "test/properties/agreement-all.test.ts",
  "test/properties/agreement-forms.test.ts",
  "test/properties/agreement-sequences.test.ts",
  "test/properties/agreement-windows.test.ts",
  "test/properties/batching.test.ts",
  "test/properties/certificate.test.ts",
  "test/properties/eager.test.ts",
  "test/properties/evidence.test.ts",
  "test/properties/forgetting.test.ts",
  "test/properties/interpreter.test.ts",
  "test/properties/reload-forms.test.ts",
  "test/properties/reload.test.ts",
  "test/properties/set-back.test.ts",
  "test/properties/snapshot-bounds.test.ts",
  "test/properties/snapshot.test.ts",
  "test/runtime/cli/replay.test.ts",
  "test/runtime/cli/state.test.ts",
  "test/runtime/cli/why-not-node.test.ts",
  "test/runtime/cli/why-not.test.ts",
  "test/runtime/core/text/differential.test.ts",
  "test/runtime/engine/bounded-memory.test.ts",
];

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = (name) => join(root, "node_modules", name);
const steps = [
  ["format and lint", [bin("@biomejs/biome/bin/biome"), "check", "."]],
  [
    "types",
    [
      bin("typescript/bin/tsc"),
      "--noEmit",
      "--incremental",
      "--tsBuildInfoFile",
      join(root, "dist/types.tsbuildinfo"),
      "-p",
      ".",
    ],
  ],
  ["generated files", [join(root, "dist/gen.js"), "--check"]],
  ["rules", [join(root, "dist/tapioc.js"), "check", "rules"]],
  ["rules' format", [join(root, "dist/tapioc.js"), "fmt", "--check", "rules"]],
  [
    "tidy and fast tests",
    [
      bin("vitest/vitest.mjs"),
      "run",
      "--reporter=dot",
      // Loading modules anew for each file takes longer than most tests. `npm test` does it, so no
      // test can come to rest on what another file left behind.
      "--no-isolate",
      `--maxWorkers=${availableParallelism()}`,
      ...slow.flatMap((p) => ["--exclude", p]),
    ],
  ],
];

for (const [name, args] of steps) {
  const started = performance.now();
  const done = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`check: ${name}: ${done.status === 0 ? "ok" : "FAILED"} (${seconds} s)\n`);
  if (done.status !== 0) process.exit(1);
}
