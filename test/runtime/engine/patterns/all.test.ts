/** The bound on work of `all of`: steps that read each other could be combined without end. */
import { expect, test } from "vitest";
import { Rig, second } from "../../../harness/rig.ts";

test("choices are looked at up to a bound, and a match that may lack one says so", () => {
  const rig = new Rig(`rule r {
  match 4 of by pid within 1m partials 64 {
    a: kernel.process_exec where a.pid == 7
    b: kernel.process_exec where b.pid == a.pid
    c: kernel.process_exec where c.pid == b.pid
    d: kernel.process_exit where d.pid == c.pid and d.exit_code == 1
  }
}`);
  for (let i = 0; i < 60; i++) rig.event("kernel.process_exec", i * 1000, { pid: 7 });
  rig.event("kernel.process_exit", 1 * second, { pid: 7, exit_code: 1 });
  rig.engine.progress("kernel", 2 * second);
  expect(rig.engine.counters.evicted.partials).toBeGreaterThan(0);
  expect(rig.findings).toHaveLength(1);
  expect(rig.findings[0]?.degraded).toHaveLength(1);
});
