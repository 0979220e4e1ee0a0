/**
 * The engine's promises that are not about agreement: lateness, idleness, loss, bounds, counters.
 */
import { describe, expect, test } from "vitest";
import { Rig, second } from "../../harness/rig.ts";

const chain = `rule r {
  match sequence by pid within 10s {
    a: kernel.process_exec
    then b: kernel.process_exit where b.exit_code != 0
  }
}`;
const single = "rule r { match e: kernel.process_exit where e.exit_code == 7 }";
const acrossSources = `rule r {
  match sequence by pid within 10s {
    a: kernel.process_exec
    then b: journal.entry
  }
}`;

function conserved(rig: Rig): boolean {
  const c = rig.engine.counters;
  return c.received === c.delivered + c.filtered + c.dropped + c.late + c.inFlight;
}

describe("time", () => {
  test("nothing is decided before the watermark, whatever arrives", () => {
    const rig = new Rig(single);
    rig.event("kernel.process_exit", 100 * second, { exit_code: 7 });
    rig.engine.read();
    expect(rig.findings).toHaveLength(0);
    // The kernel's lateness is 100 ms.
    rig.engine.progress("kernel", 100 * second + 100_000);
    expect(rig.findings).toHaveLength(0);
    rig.engine.progress("kernel", 100 * second + 100_001);
    expect(rig.findings).toHaveLength(1);
  });

  test("events out of order within the lateness are put in order", () => {
    const rig = new Rig(chain);
    rig.event("kernel.process_exit", 2 * second, { pid: 1, exit_code: 1 });
    rig.event("kernel.process_exec", second + 999_000, { pid: 1 });
    rig.engine.progress("kernel", 5 * second);
    expect(rig.findings).toHaveLength(1);
  });

  test("a late event is counted and told, and never changes what was decided", () => {
    const rig = new Rig(chain);
    rig.engine.progress("kernel", 10 * second);
    rig.event("kernel.process_exec", second, { pid: 1 });
    rig.event("kernel.process_exit", 10 * second, { pid: 1, exit_code: 1 });
    rig.engine.progress("kernel", 20 * second);
    expect(rig.findings).toHaveLength(0);
    expect(rig.late).toHaveLength(1);
    expect(rig.engine.counters.late).toBe(1);
    expect(conserved(rig)).toBe(true);
  });

  test("a rule waits for the slowest source it needs, and not for others", () => {
    const rig = new Rig(acrossSources);
    rig.event("kernel.process_exec", second, { pid: 1 });
    rig.event("journal.entry", 2 * second, { pid: 1, message: "x" });
    rig.engine.progress("kernel", 60 * second);
    expect(rig.findings).toHaveLength(0);
    rig.engine.progress("journal", 60 * second);
    expect(rig.findings).toHaveLength(1);
    const lonely = new Rig(single);
    lonely.event("kernel.process_exit", second, { exit_code: 7 });
    lonely.engine.progress("kernel", 60 * second);
    expect(lonely.findings).toHaveLength(1);
  });

  test("an idle source does not hold back a rule without absence", () => {
    const rig = new Rig(acrossSources);
    rig.event("kernel.process_exec", second, { pid: 1 });
    rig.event("journal.entry", 2 * second, { pid: 1, message: "x" });
    rig.engine.progress("journal", 3 * second);
    rig.engine.setIdle("journal", true);
    rig.engine.progress("kernel", 60 * second);
    expect(rig.findings).toHaveLength(1);
  });

  test("an idle source does hold back a rule that concludes from silence", () => {
    const rig = new Rig(`rule r {
      match sequence by pid within 1m {
        a: kernel.process_exec
        then no b: journal.entry for 5s
      }
    }`);
    rig.event("kernel.process_exec", second, { pid: 1 });
    rig.engine.progress("journal", 3 * second);
    rig.engine.setIdle("journal", true);
    rig.engine.progress("kernel", 60 * second);
    expect(rig.findings).toHaveLength(0);
    rig.engine.setIdle("journal", false);
    rig.engine.progress("journal", 60 * second);
    expect(rig.findings).toHaveLength(1);
    expect(rig.findings[0]?.at).toBe(6 * second);
  });
});

describe("a source that does not run", () => {
  test.each(["hold", "drop", "flag"])("proves no silence: on idle %s decides", (policy) => {
    const rig = new Rig(`rule r {
      match sequence within 1m { a: journal.entry then no b: kernel.process_exec for 10s }
      on idle ${policy}
    }`);
    rig.engine.setAvailable("kernel", false);
    rig.event("journal.entry", second, { message: "x" });
    rig.engine.progress("journal", 60 * second);
    expect(rig.findings.map((f) => f.degraded.length)).toEqual(policy === "flag" ? [1] : []);
  });
});

test("the end of a finding that is not remembered any more is no new finding", () => {
  const rig = new Rig(
    `rule r { keys max 10000 match e: kernel.process_exit where e.exit_code == 7
      resolve after 1h quiet }`,
  );
  for (let i = 0; i < 5000; i++)
    rig.event("kernel.process_exit", second + i, { pid: i, exit_code: 7 });
  rig.engine.progress("kernel", 2 * second);
  rig.engine.progress("kernel", 9000 * second);
  const ends = rig.findings.filter((f) => f.state === "resolved");
  expect(ends).toHaveLength(5000);
  expect(ends.every((f) => f.revision > 0)).toBe(true);
});

describe("loss", () => {
  test("a finding over a time in which its source lost events says so", () => {
    const rig = new Rig(chain);
    rig.event("kernel.process_exec", second, { pid: 1 });
    rig.engine.lost("kernel", 3, 2 * second);
    rig.event("kernel.process_exit", 3 * second, { pid: 1, exit_code: 1 });
    rig.event("kernel.process_exec", 20 * second, { pid: 2 });
    rig.event("kernel.process_exit", 21 * second, { pid: 2, exit_code: 1 });
    rig.engine.progress("kernel", 60 * second);
    expect(rig.findings.map((f) => f.degraded)).toEqual([
      ["events of a, b may be missing", "source kernel lost 3 events in this time"],
      [],
    ]);
  });

  const silence = (policy: string) => `rule r {
    match sequence within 1m {
      a: kernel.process_exec
      then no b: journal.entry where b.message == "up" for 10s
    }
    ${policy}
  }`;

  test.each([
    ["", [["events of a may be missing", "source journal lost 1 event in this time"]]],
    ["on loss drop", []],
    ["on loss hold", []],
  ])("what came too late for a silence leaves it in doubt: %s", (policy, expected) => {
    const rig = new Rig(silence(policy));
    rig.event("kernel.process_exec", second, { pid: 1 });
    rig.engine.progress("kernel", 5 * second);
    rig.engine.progress("journal", 5 * second);
    rig.event("journal.entry", 3 * second, { message: "up" });
    rig.engine.progress("kernel", 60 * second);
    rig.engine.progress("journal", 60 * second);
    expect(rig.engine.counters.late).toBe(1);
    expect(rig.findings.map((f) => f.degraded)).toEqual(expected);
  });

  test("a loss that becomes known after a silence was concluded is told as an update", () => {
    const rig = new Rig(silence("on loss drop"));
    rig.event("kernel.process_exec", second, { pid: 1 });
    rig.engine.progress("kernel", 60 * second);
    rig.engine.progress("journal", 60 * second);
    rig.engine.lost("journal", 2, 4 * second, 4 * second);
    expect(rig.findings.map((f) => [f.state, f.degraded])).toEqual([
      ["open", []],
      ["update", ["events of a may be missing", "source journal lost 2 events in this time"]],
    ]);
  });

  test("a full ring drops, counts, and leaves a gap; the rest goes on", () => {
    const rig = new Rig(single, { ring: { slots: 8, textBytes: 4096 } });
    const written = Array.from({ length: 20 }, (_, i) =>
      rig.event("kernel.process_exit", i * second, { exit_code: 7 }),
    );
    expect(written.filter((w) => w)).toHaveLength(8);
    rig.engine.progress("kernel", 60 * second);
    expect(rig.findings).toHaveLength(8);
    expect(rig.engine.counters).toMatchObject({ received: 20, dropped: 12, delivered: 8 });
    expect(conserved(rig)).toBe(true);
    expect(rig.event("kernel.process_exit", 90 * second, { exit_code: 7 })).toBe(true);
  });

  test("text that does not fit drops its record and nothing else", () => {
    const rule = 'rule r { match e: journal.entry explain { root e summary "{e.message}" } }';
    const rig = new Rig(rule, { ring: { slots: 64, textBytes: 1024 } });
    const long = "x".repeat(700);
    expect(rig.event("journal.entry", second, { message: long })).toBe(true);
    expect(rig.event("journal.entry", second, { message: long })).toBe(false);
    expect(rig.event("journal.entry", second, { message: "short" })).toBe(true);
    rig.engine.progress("journal", 60 * second);
    expect(rig.findings).toHaveLength(2);
    expect(rig.findings[0]?.evidence[0]?.fields[0]?.[1]).toBe(long);
  });
});

describe("bounds", () => {
  test("more keys than allowed: the least advanced go, counted, and findings say they may lack something", () => {
    const rig = new Rig(chain.replace("match", "keys max 4\n  match"));
    for (let pid = 1; pid <= 6; pid++) rig.event("kernel.process_exec", pid * 1000, { pid });
    for (let pid = 1; pid <= 6; pid++)
      rig.event("kernel.process_exit", second + pid, { pid, exit_code: 1 });
    rig.engine.progress("kernel", 60 * second);
    expect(rig.findings).toHaveLength(4);
    expect(rig.engine.counters.evicted.keys).toBe(2);
    expect(rig.findings.some((f) => f.degraded.length > 0)).toBe(true);
  });

  test("more partials than allowed: the oldest go, counted and marked", () => {
    const rig = new Rig(`rule r {
      match sequence by comm within 1m partials 2 {
        a: kernel.process_exec
        then b: kernel.process_exit where b.pid == a.pid
      }
    }`);
    for (let pid = 1; pid <= 3; pid++)
      rig.event("kernel.process_exec", pid * second, { comm: "x", pid });
    rig.event("kernel.process_exit", 5 * second, { comm: "x", pid: 3 });
    rig.engine.progress("kernel", 60 * second);
    expect(rig.engine.counters.evicted.partials).toBe(1);
    expect(rig.findings).toHaveLength(1);
    expect(rig.findings[0]?.degraded).toHaveLength(1);
  });

  test("state of keys that can no longer match is given back", () => {
    const rig = new Rig(chain.replace("match", "keys max 10\n  match"));
    for (let pid = 1; pid <= 1000; pid++)
      rig.event("kernel.process_exec", pid * 20 * second, { pid });
    rig.engine.progress("kernel", 1e6 * second);
    expect(rig.engine.counters.evicted.keys).toBe(0);
  });
});

describe("bounds of what waits", () => {
  test("a lane that cannot move takes so many events, then drops, counts, and findings say so", () => {
    const rig = new Rig(acrossSources, { laneEventsMax: 3 });
    for (let i = 1; i <= 5; i++) rig.event("kernel.process_exec", i * second, { pid: i });
    rig.engine.progress("kernel", 60 * second);
    expect(rig.engine.counters).toMatchObject({ inFlight: 3, dropped: 2, delivered: 0 });
    expect(conserved(rig)).toBe(true);
    rig.engine.progress("journal", 3 * second);
    rig.event("journal.entry", 4 * second, { pid: 3, message: "x" });
    rig.engine.progress("journal", 60 * second);
    expect(rig.findings.map((f) => f.degraded)).toEqual([
      ["events of a may be missing", "source kernel lost 1 event in this time"],
    ]);
    expect(conserved(rig)).toBe(true);
  });

  test("waiting deadlines count as partials and are bounded like them", () => {
    const rig = new Rig(`rule r {
      match sequence by comm within 1s partials 2 {
        a: kernel.process_exec
        then no b: kernel.process_exit where b.pid == a.pid for 1m
      }
    }`);
    for (let pid = 1; pid <= 5; pid++)
      rig.event("kernel.process_exec", pid * second, { comm: "x", pid });
    rig.engine.progress("kernel", 200 * second);
    expect(rig.engine.counters.evicted.partials).toBe(3);
    expect(rig.findings.map((f) => f.at / second)).toEqual([64, 65]);
    expect(rig.findings.every((f) => f.degraded.length === 1)).toBe(true);
  });

  test("cancelled deadlines do not pile up", () => {
    const rig = new Rig(`rule r {
      match sequence by pid within 1s {
        a: kernel.process_exec
        then no b: kernel.process_exit for 10m
      }
    }`);
    for (let i = 0; i < 5000; i++) {
      rig.event("kernel.process_exec", i * 1000, { pid: 1 });
      rig.event("kernel.process_exit", i * 1000 + 500, { pid: 1 });
      if (i % 1000 === 0) rig.engine.read();
    }
    rig.engine.progress("kernel", 100 * second);
    expect(rig.engine.counters.evicted.partials).toBe(0);
    rig.engine.progress("kernel", 1000 * second);
    expect(rig.findings).toHaveLength(0);
  });
});

describe("findings", () => {
  test("suppression counts from the first emission and is not refreshed", () => {
    const rig = new Rig(single.replace("}", " suppress 10s }"));
    for (const at of [0, 4, 8, 12, 16])
      rig.event("kernel.process_exit", at * second, { exit_code: 7 });
    rig.engine.progress("kernel", 60 * second);
    expect(rig.findings.map((f) => f.at / second)).toEqual([0, 12]);
    expect(rig.engine.counters.suppressed).toBe(3);
  });

  test("ids are the same in every run over the same events", () => {
    const ids = [0, 1].map(() => {
      const rig = new Rig(chain);
      rig.event("kernel.process_exec", second, { pid: 1 });
      rig.event("kernel.process_exit", 2 * second, { pid: 1, exit_code: 1 });
      rig.engine.progress("kernel", 60 * second);
      return rig.findings.map((f) => f.id);
    });
    expect(ids[0]).toHaveLength(1);
    expect(ids[0]).toEqual(ids[1]);
  });

  test("batching is not visible", () => {
    const run = (isBatched: boolean) => {
      const rig = new Rig(chain);
      for (let i = 0; i < 50; i++) {
        rig.event("kernel.process_exec", i * second, { pid: i % 3 });
        rig.event("kernel.process_exit", i * second + 500_000, {
          pid: (i + 1) % 3,
          exit_code: i % 2,
        });
        if (!isBatched) rig.engine.progress("kernel", i * second);
        else rig.engine.read();
      }
      rig.engine.progress("kernel", 1000 * second);
      return rig.findings;
    };
    expect(run(true)).toEqual(run(false));
    expect(run(true).length).toBeGreaterThan(5);
  });
});
