/** Clocks that are wrong: times that cannot be, and clocks that are set back. */
import { describe, expect, test } from "vitest";
import type { Trouble } from "#runtime/engine";
import { Rig, second } from "../../harness/rig.ts";

const hour = 3600 * second;
const start = 1000 * hour;
const single = "rule r { match e: kernel.process_exit where e.exit_code == 7 }";
const chain = `rule r {
  match sequence by pid within 10s {
    a: kernel.process_exec
    then b: kernel.process_exit where b.exit_code != 0
  }
}`;

function nodeOf(rules: string) {
  const troubles: Trouble[] = [];
  const rig = new Rig(rules, { onTrouble: (t) => troubles.push(t) });
  const exit = (at: number, pid = 1) => rig.event("kernel.process_exit", at, { exit_code: 7, pid });
  const exec = (at: number, pid = 1) => rig.event("kernel.process_exec", at, { pid });
  const progress = (at: number) => rig.engine.progress("kernel", at);
  return { rig, troubles, exit, exec, progress };
}

function isConserved(rig: Rig): boolean {
  const c = rig.engine.counters;
  return c.received === c.delivered + c.filtered + c.dropped + c.late + c.implausible + c.inFlight;
}

describe("a time far ahead of the node's clock", () => {
  test("of an event is not believed: what comes after it is judged as if it were not there", () => {
    const { rig, troubles, exit, progress } = nodeOf(single);
    rig.engine.clock(start);
    exit(start);
    exit(start + 2 * hour);
    exit(start + 3 * hour);
    progress(start + second);
    exit(start + 2 * second);
    progress(start + 3 * second);
    expect(rig.findings.map((f) => f.at)).toEqual([start, start + 2 * second]);
    expect(rig.engine.counters).toMatchObject({ implausible: 2, late: 0 });
    expect(isConserved(rig)).toBe(true);
    expect(troubles).toEqual([{ what: "implausible time", source: "kernel", aheadUs: 2 * hour }]);
  });

  test("is missing from the time at which it came, and findings over that time say so", () => {
    const { rig, exec, exit, progress } = nodeOf(chain);
    rig.engine.clock(start);
    exec(start);
    progress(start + second);
    rig.engine.clock(start + 2 * second);
    exit(start + 5 * hour);
    exit(start + 4 * second);
    progress(start + 6 * second);
    expect(rig.findings.map((f) => f.degraded)).toEqual([
      ["events of a, b may be missing", "source kernel lost 1 event in this time"],
    ]);
  });

  test("of progress counts as the node's own time", () => {
    const { rig, troubles, exit, progress } = nodeOf(single);
    rig.engine.clock(start);
    progress(start + 5 * hour);
    exit(start + second);
    rig.engine.clock(start + 2 * second);
    progress(start + 2 * second);
    expect(rig.findings).toHaveLength(1);
    expect(troubles.map((t) => t.what)).toEqual(["implausible time"]);
  });

  test("is believed up to an hour, and without bound where nobody tells the time", () => {
    const told = nodeOf(single);
    told.rig.engine.clock(start);
    told.exit(start + hour);
    told.exit(start + hour + 1);
    told.rig.engine.read();
    expect(told.rig.engine.counters).toMatchObject({ implausible: 1, inFlight: 1 });

    const untold = nodeOf(single);
    untold.exit(start + 9 * hour);
    untold.progress(start + 10 * hour);
    expect(untold.rig.findings).toHaveLength(1);
  });
});

describe("a clock that is set back", () => {
  test("does not make everything late: the rules begin anew, and say so", () => {
    const { rig, troubles, exec, exit, progress } = nodeOf(chain);
    exec(start);
    progress(start + second);
    exec(start + second);
    progress(start - 2 * hour);
    expect(troubles).toEqual([
      { what: "clock set back", source: "kernel", byUs: 2 * hour + second },
    ]);
    // What was half matched is of times that come again.
    exit(start - 2 * hour + 1);
    progress(start - 2 * hour + second);
    expect(rig.findings).toEqual([]);
    const late = start - 2 * hour + 2 * second;
    exec(late);
    exit(late + second);
    progress(late + 3 * second);
    expect(rig.findings.map((f) => [f.at, f.degraded])).toEqual([[late + second, []]]);
    expect(rig.engine.counters).toMatchObject({ late: 0, dropped: 1 });
    expect(isConserved(rig)).toBe(true);
  });

  test("findings whose story reaches over the step say so", () => {
    const { rig, progress, exit } = nodeOf(
      "rule r { match over e: kernel.process_exit sliding 1m having count() >= 2 }",
    );
    progress(start);
    const back = start - hour;
    progress(back);
    exit(back + second);
    exit(back + 2 * second);
    progress(back + 4 * second);
    expect(rig.findings.map((f) => f.degraded)).toEqual([
      ["events of e may be missing", "the clock of source kernel was set back in this time"],
    ]);
  });

  test("what was suppressed until a time that comes again is not", () => {
    const { rig, exit, progress } = nodeOf(`${single.slice(0, -1)} suppress 10h }`);
    exit(start);
    progress(start + second);
    progress(start - 5 * hour);
    exit(start - 5 * hour + second);
    progress(start - 5 * hour + 3 * second);
    expect(rig.findings.map((f) => f.at)).toEqual([start, start - 5 * hour + second]);
  });

  test("by less than five minutes it makes events late, and nothing is forgotten", () => {
    const { rig, troubles, exec, exit, progress } = nodeOf(chain);
    exec(start);
    progress(start + second);
    progress(start - 200 * second);
    exec(start - 199 * second);
    exit(start + 2 * second);
    progress(start + 4 * second);
    expect(rig.findings).toHaveLength(1);
    expect(rig.engine.counters.late).toBe(1);
    expect(troubles).toEqual([]);
  });

  test("silence before it proves nothing after it", () => {
    const { rig, exec, progress } = nodeOf(`rule r {
      match sequence by pid within 10s {
        a: kernel.process_exec
        then no b: kernel.process_exit for 5s
      }
      on loss hold
    }`);
    progress(start);
    const back = start - hour;
    progress(back);
    exec(back - 50_000);
    exec(back + second, 2);
    progress(back + 20 * second);
    expect(rig.findings.map((f) => f.at)).toEqual([back + 6 * second]);
    expect(rig.engine.counters.held).toBe(1);
  });

  test("a snapshot in between changes nothing", () => {
    const tell = (cut: boolean) => {
      let { rig, exec, exit, progress } = nodeOf(chain);
      exec(start);
      progress(start + second);
      progress(start - 2 * hour);
      if (cut) {
        const bytes = rig.engine.snapshot();
        ({ rig, exec, exit, progress } = nodeOf(chain));
        expect(rig.engine.restore(bytes)).toBeUndefined();
      }
      exec(start - 2 * hour - 50_000);
      exit(start - 2 * hour + second);
      progress(start - 2 * hour + 3 * second);
      return rig.findings.map(({ at, degraded }) => ({ at, degraded }));
    };
    expect(tell(true)).toEqual(tell(false));
    expect(tell(true)).toHaveLength(1);
    expect(tell(true)[0]?.degraded.at(-1)).toMatch(/set back/);
  });
});

test("events that a source numbers go on with their numbers after a restart", () => {
  const { rig, exit } = nodeOf(single);
  exit(start);
  const again = nodeOf(single).rig;
  expect(again.engine.restore(rig.engine.snapshot())).toBeUndefined();
  expect(again.engine.writer("kernel")?.seq).toBe(1);
});
