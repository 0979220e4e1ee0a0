/**
 * `npm test`: every test, the rules' own tests included, then what was skipped and why, then one
 * line of totals. Exits with 1 when anything failed.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "tapio-test-"));
const skipLog = join(folder, "skipped.ndjson");
const report = join(folder, "vitest.json");
const extra = process.argv.slice(2);

const vitest = spawnSync(
  process.execPath,
  [
    join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...extra,
  ],
  { cwd: root, stdio: "inherit", env: { ...process.env, TAPIO_SKIP_LOG: skipLog } },
);
const totals = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : undefined;
const rules = spawnSync(
  process.execPath,
  [join(root, "dist/tapioc.js"), "test", join(root, "rules")],
  {
    cwd: root,
    encoding: "utf8",
  },
);
process.stdout.write(`\nThe rules' own tests:\n${rules.stdout}${rules.stderr}`);
const ruleTotals = /(\d+) passed, (\d+) failed/.exec(rules.stdout);

const skipped = existsSync(skipLog)
  ? [...new Set(readFileSync(skipLog, "utf8").trim().split("\n"))].map((line) => JSON.parse(line))
  : [];
process.stdout.write(skipped.length === 0 ? "\nNothing was skipped.\n" : "\nSkipped:\n");
for (const { check, reason } of skipped) process.stdout.write(`  ${check}: ${reason}\n`);
rmSync(folder, { recursive: true, force: true });

const passed = (totals?.numPassedTests ?? 0) + Number(ruleTotals?.[1] ?? 0);
const failed = (totals?.numFailedTests ?? 0) + Number(ruleTotals?.[2] ?? 0);
const pending = totals?.numPendingTests ?? 0;
const isBroken = vitest.status !== 0 || rules.status !== 0 || totals === undefined;
process.stdout.write(
  `\n${passed} passed, ${isBroken && failed === 0 ? 1 : failed} failed, ${pending} skipped\n`,
);
process.exit(isBroken ? 1 : 0);
