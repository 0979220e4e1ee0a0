import { test } from "vitest";
import { Rig, second } from "../../harness/rig.ts";
const log = (...x: unknown[]) => process.stderr.write(`${x.join(" ")}\n`);
const safe = (name: string, f: () => void) => test(name, () => { try { f(); } catch (e) { log(name, "ERR", (e as Error).stack?.slice(0, 600)); } }, 60000);
const single = "rule r { match e: kernel.process_exit where e.exit_code == 7 }";
const skip = (..._: unknown[]) => undefined;
safe("E1", () => {
  const rig = new Rig(single);
  for (let i = 0; i < 4096; i++) { rig.event("kernel.process_exit", i * 1000, { pid: i, exit_code: 7 }); }
  rig.engine.progress("kernel", 60 * second);
  log("E1 findings", rig.findings.length);
  for (let i = 0; i < 200; i++) rig.event("kernel.process_exit", 30 * second + i, { pid: i, exit_code: 7 });
  const t = performance.now(); rig.engine.read(); log("E1 ms per late", (performance.now() - t) / 200, rig.late.length);
  const rig2 = new Rig(single, { laneEventsMax: 10 });
  for (let j = 0; j < 420; j++) { for (let i = 0; i < 10; i++) rig2.event("kernel.process_exit", j * second + i * 1000, { pid: i, exit_code: 7 }); rig2.engine.progress("kernel", j * second + second); }
  for (let i = 0; i < 300; i++) rig2.event("kernel.process_exit", 500 * second + i, { pid: i, exit_code: 7 });
  const t2 = performance.now(); rig2.engine.read(); log("E1b ms per dropped", (performance.now() - t2) / 290, JSON.stringify(rig2.engine.counters.dropped));
});
safe("E2", () => {
  for (const r of ["resolve after 1h quiet", "resolve on x: kernel.process_exec where x.pid == 1"]) {
  const rig = new Rig(`rule r { keys max 4096\n match e: kernel.process_exit where e.exit_code == 7\n ${r} }`);
  for (let i = 0; i < 4096; i++) rig.event("kernel.process_exit", second + i, { pid: i, exit_code: 7 });
  rig.engine.progress("kernel", 2 * second);
  for (let i = 0; i < 2000; i++) rig.event("kernel.process_exit", 3 * second + i, { pid: i, exit_code: 7 });
  const t = performance.now(); rig.engine.progress("kernel", 5 * second); log("E2", r, "us/event with 4096 open", ((performance.now() - t) / 2000 * 1000).toFixed(1), rig.findings.length);
  }
});
safe("E3", () => {
  const rig = new Rig(`rule r { keys max 16\n match over e: kernel.process_exit tumbling 1h by pid having count() >= 3 }`);
  global.gc?.();
  const a = process.memoryUsage().heapUsed; let size = 0;
  for (let j = 0; j < 20; j++) { for (let i = 0; i < 10000; i++) rig.event("kernel.process_exit", j * second + i, { pid: j * 10000 + i, exit_code: 7 }); rig.engine.progress("kernel", j * second + second); }
  size = rig.engine.snapshot().length;
  log("E3 snapshot bytes after 200k keys with keys max 16:", size, "heap MB", (process.memoryUsage().heapUsed - a) / 1e6);
});
skip("E4", () => {
  for (const n of [10, 20, 40]) {
  const rig = new Rig(`rule r { match all of by comm within 1m { a: kernel.process_exit where a.exit_code == 1\n b: kernel.process_exit where b.exit_code == 2 and b.pid != a.pid\n c: kernel.process_exit where c.exit_code == 3 and c.pid != b.pid\n d: kernel.process_exit where d.exit_code == 4 and d.pid == c.pid and d.pid == 99999 } }`);
  for (let i = 0; i < n; i++) for (let k = 1; k <= 4; k++) rig.event("kernel.process_exit", second + i * 10 + k, { pid: i * 10 + k, exit_code: k });
  const t = performance.now(); rig.engine.progress("kernel", 5 * second); log("E4 same-source all of, n per step", n, "ms total", (performance.now() - t).toFixed(1));
  }
  for (const n of [5, 10, 15]) {
  const rig = new Rig(`rule r { match all of by reason within 1m { a: k8s.event where a.count == 1\n b: k8s.event where b.count == 2\n c: k8s.event where c.count == 3 } }`);
  for (let i = 0; i < n; i++) { rig.event("k8s.event", second , { count: 1 }); rig.event("k8s.event", second, { count: 2 }); }
  for (let i = 0; i < n; i++) rig.event("k8s.event", second, { count: 3 });
  const t = performance.now(); rig.engine.progress("k8s", 50 * second); rig.engine.progress("kernel", 50 * second); log("E4b all of k8s+kernel n", n, "ms", (performance.now() - t).toFixed(1), rig.findings.length);
  }
});
safe("E5", () => {
  const rig = new Rig(`rule r { match sequence within 1m { a: journal.entry then no b: kernel.process_exec for 10s } }`);
  rig.engine.setAvailable("kernel", false);
  rig.event("journal.entry", second, { message: "x" });
  rig.engine.progress("journal", 60 * second);
  log("E5 kernel unavailable:", JSON.stringify(rig.findings.map((f) => [f.state, f.degraded])));
  const r2 = new Rig(`rule r { match over e: journal.entry tumbling 10s by unit having count() < 3 }`);
  r2.event("journal.entry", second, { message: "x", unit: "u" }); r2.engine.progress("journal", 2 * second);
  r2.engine.setAvailable("journal", false);
  log("E5b waiting in single lane after its source ended", r2.engine.counters.inFlight);
});
safe("E6", () => {
  const rig = new Rig(`rule r { keys max 10000\n match e: kernel.process_exit where e.exit_code == 7\n resolve after 1h quiet }`);
  for (let i = 0; i < 5000; i++) rig.event("kernel.process_exit", second + i, { pid: i, exit_code: 7 });
  rig.engine.progress("kernel", 2 * second);
  rig.engine.progress("kernel", 9000 * second);
  const again = rig.findings.filter((f) => f.state === "resolved" && f.revision === 0);
  log("E6 resolved with revision 0:", again.length, "of", rig.findings.length, "forgotten", rig.engine.counters.evicted.openFindings);
});
skip("E7", () => {
  const rig = new Rig(single);
  for (let j = 0; j < 26; j++) { for (let i = 0; i < 10000; i++) rig.event("kernel.process_exit", second + i, { pid: i, exit_code: 7 }); rig.engine.read(); }
  let t = performance.now(); const s = rig.engine.snapshot(); log("E7 snapshot of", rig.engine.counters.inFlight, "events: ms", performance.now() - t, "MB", s.length / 1e6);
  t = performance.now(); const r = new Rig(single); r.engine.restore(s); log("restore ms", performance.now() - t);
});
skip("E8", () => {
  const rig = new Rig(`rule a { match e: kernel.process_exit where e.exit_code == 7 }\nrule p { match e: kernel.process_exit where e.exit_code == 8\n subsumes a by e.pid within 1h }`);
  for (let j = 0; j < 2000; j++) rig.event("kernel.process_exit", second + j, { pid: j, exit_code: 7 }, { unit: `u${j}` });
  for (let j = 0; j < 2000; j++) rig.event("kernel.process_exit", second + 2000 + j, { pid: j, exit_code: 8 }, { unit: `w${j}` });
  const t = performance.now(); rig.engine.progress("kernel", 1 * second + 100_000 + 2000 + 100); log("E8 100 parents over 2000 children ms", performance.now() - t);
});
