/** What a matcher does when there is no room left, by hand. */
import { expect, test } from "vitest";
import { Rig, second } from "../../harness/rig.ts";

const exit = (rig: Rig, at: number, pid: number, exit_code: number) =>
  rig.event("kernel.process_exit", at, { pid, exit_code, comm: "x", cgroup: 1n });

test("runs that overlap share evidence; of others it is kept four times, and counts stay exact", () => {
  const rig = new Rig(`rule r {
    match sequence within 1h partials 64 {
      a: kernel.process_exec
      then b: kernel.process_exit where b.exit_code == a.parent_pid repeat 1.. keep 3
      then c: kernel.process_fork where c.child_pid == a.parent_pid
    }
    select each
    explain { summary "{count(b)}" }
  }`);
  // Eight runs, each of events of its own.
  for (let i = 0; i < 8; i++)
    rig.event("kernel.process_exec", second + i, { parent_pid: i, filename: "f" });
  for (let n = 0; n < 5; n++) for (let i = 0; i < 8; i++) exit(rig, 2 * second + 8 * n + i, 1, i);
  for (let i = 0; i < 8; i++) rig.event("kernel.process_fork", 3 * second + i, { child_pid: i });
  rig.engine.progress("kernel", 60 * second);
  const best = rig.findings.filter((f) => f.summary === "5");
  expect(best.length).toBeGreaterThan(0);
  const shown = (f: (typeof best)[number]) => f.evidence.filter((e) => e.step === "b").length;
  expect(Math.max(...best.map(shown))).toBe(3);
  const cut = best.filter((f) => shown(f) < 3);
  expect(cut.every((f) => f.degraded.length > 0)).toBe(true);
  expect(rig.engine.counters.evicted.evidence).toBeGreaterThan(0);
});

test("events that may end findings are judged at once when too many wait", () => {
  const rig = new Rig(`rule r {
    match e: kernel.process_exit where e.exit_code == 7
    resolve on z: k8s.event where z.count > 5
    keys max 1
  }`);
  exit(rig, 10 * second, 1, 7);
  for (let i = 0; i < 30; i++)
    rig.event("k8s.event", 11 * second, { reason: "r", message: "m", count: i });
  rig.engine.progress("kernel", 60 * second);
  rig.engine.progress("k8s", 60 * second);
  expect(rig.findings.map((f) => f.state)).toEqual(["open", "resolved"]);
  // Of the 24 that may, 16 can wait.
  expect(rig.engine.counters.hurried).toBe(24 - 16);
});

test("a long text that nothing reads is kept and shown to 256 bytes", () => {
  const rig = new Rig("rule r { match e: journal.entry }");
  rig.event("journal.entry", second, { message: "x".repeat(3000) });
  rig.engine.progress("journal", 60 * second);
  const [finding] = rig.findings;
  const message = finding?.evidence[0]?.fields.find(([name]) => name === "message");
  expect(message?.[1]).toBe(`${"x".repeat(256)}…`);
  const [measured] = rig.engine.measured;
  expect(measured?.rule).toBe("rig.rules.r");
  // Its match is remembered, because losses may become known.
  expect(measured?.bytes).toBeGreaterThan(256);
  expect(measured?.bytes).toBeLessThan(1000);
});

test("of a rule a bounded number of findings may still change", () => {
  const rig = new Rig("rule r { match e: kernel.process_exit keys max 2 }");
  for (let i = 0; i < 20; i++) exit(rig, second + i, i, 0);
  rig.engine.progress("kernel", 60 * second);
  rig.engine.lost("kernel", 1, second + 19, second);
  const updates = rig.findings.filter((f) => f.state === "update");
  expect(updates).toHaveLength(8);
  expect(rig.engine.counters.evicted.openFindings).toBe(12);
});
