/**
 * Tests that need what a machine may lack (root, a mounted cgroup2, BPF, systemd) skip with a
 * reason a person can act on, and leave a record so that the summary can say what was not proven.
 */
import { appendFileSync } from "node:fs";

/**
 * True when `reason` says why `check` cannot run here; use as
 * `describe.skipIf(skipReason("journald live", why))`. The reason is printed, and appended as one
 * JSON line to the file named by `TAPIO_SKIP_LOG` when that is set.
 */
export function skipReason(check: string, reason: string | undefined): boolean {
  if (reason === undefined) return false;
  const log = process.env.TAPIO_SKIP_LOG;
  if (log) appendFileSync(log, `${JSON.stringify({ check, reason })}\n`);
  console.log(`SKIPPED ${check}: ${reason}`);
  return true;
}
