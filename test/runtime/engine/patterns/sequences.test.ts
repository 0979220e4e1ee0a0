/** Sequences in the engine: cases that random trials found, and the bounds of its state. */
import { describe, expect, test } from "vitest";
import { judge } from "#core";
import { Rig, second } from "../../../harness/rig.ts";
import { runEngine } from "../../../harness/unit-agreement.ts";
import { at, compiled, eventsOf, found, traceOf } from "../../core/ir/by-hand.ts";

describe("as the interpreter", () => {
  test("runs begun after different first events are different, also with one optional", () => {
    // The run behind `a1` has to end earlier than the one that begins by itself.
    const rule =
      "rule r { match sequence by k within 5s { optional p: t.a then q: t.b repeat 1.. then s: t.c } }";
    expect(found(rule, ["a 0", "b 1", "b 4", "c 6"])).toEqual(["r@6 q=b1,b2 s=c1"]);
    expect(found(rule, ["a 0", "b 1", "b 4", "c 7"])).toEqual(["r@7 q=b2 s=c1"]);
  });

  test("runs whose condition reads them take different events, so none stands for another", () => {
    const rising = (more: string) => `rule r { match sequence by k within 60s {
      p: t.a
      then q: t.b where count(q) == 0 or q.x > last(q).x repeat 2..
      then s: t.c ${more} } }`;
    const lines = ["a 0", "b 1 x=5", "b 2 x=1", "b 3 x=2", "b 4 x=3", "b 5 x=9", "c 6 x=5"];
    expect(found(rising(""), lines)).toEqual(["r@6 p=a1 q=b2,b3,b4,b5 s=c1"]);
    // The run that was shorter then is the one that goes on.
    expect(found(rising("where first(q).x == s.x"), lines)).toEqual(["r@6 p=a1 q=b1,b5 s=c1"]);
  });

  test("an event lies between the others of a key only if one of its own steps has that key", () => {
    const rule = "rule r { match sequence within 30s { p: t.a by k then next q: t.b by x } }";
    expect(found(rule, ["a 1 k=1", "a 2 k=2 x=1", "b 3 k=3 x=1"])).toEqual(["r@3 p=a1 q=b1"]);
    expect(found(rule, ["a 1 k=1", "b 2 k=1 x=2", "b 3 k=3 x=1"])).toEqual(["r@3 p=a1 q=b2"]);
    expect(found(rule, ["a 1 k=1", "a 2 k=1", "b 3 k=3 x=1"])).toEqual(["r@3 p=a2 q=b1"]);
  });

  test("a later start does not stand for one that is long enough ago", () => {
    const rule = "rule r { match sequence by k within 30s { p: t.a then after 5s..9s q: t.b } }";
    expect(found(rule, ["a 0", "a 4", "b 6"])).toEqual(["r@6 p=a1 q=b1"]);
    expect(found(rule, ["a 0", "a 4", "b 9"])).toEqual(["r@9 p=a2 q=b1"]);
  });

  test("each of several events that must not come before a step rules it out", () => {
    const rule = (n: string) => `rule r { match sequence by k within 30s {
      p: ${n} without u: t.c without v: t.d then q: t.b } }`;
    for (const rules of [rule("t.a"), rule("t.far")])
      for (const [kind, told] of [
        ["a", 1],
        ["c", 0],
        ["d", 0],
      ] as const)
        expect(found(rules, ["a 1", "far 1", `${kind} 3`, "b 4"])).toHaveLength(told);
  });

  test("events that are read by their number are kept where others are not any more", () => {
    const rule = `rule r { match sequence by k within 60s partials 64 {
      p: t.a repeat 2.. keep 2
      then q: t.b where q.x == p[1].x } }`;
    const lines = Array.from({ length: 30 }, (_, i) => `a ${i} x=${i}`);
    const [told] = found(rule, [...lines, "b 40 x=20"]);
    expect(told).toBe("r@40 p=a20,a21(11) q=b1");
  });

  test("a run that goes on may take events that are recorded before the first step", () => {
    const rule = `rule r { match sequence by k within 9s slack 3s { p: t.a then q: t.b repeat 2..3 }
      emit close }`;
    expect(found(rule, ["b 1", "b 1", "far 1", "a 1.5"])).toEqual([]);
    const far = rule.replace("p: t.a", "p: t.far");
    expect(found(far, ["b 4", "b 4.5", "far 5"])).toEqual(["r@14 p?=far1 q?=b1,b2"]);
  });

  test("an event at the time at which a run was ended comes before the end", () => {
    const rule = `rule r { match sequence by k within 9s { p: t.a repeat 1.. } until u: t.b
      emit close
      resolve on z: t.b }`;
    expect(found(rule, ["a 1", "b 1"])).toEqual(["r@1→1 p=a1"]);
  });

  test("runs with the same events that end at different times are two findings", () => {
    const rule = `rule r { match sequence by k within 9s { optional p: t.a then q: t.b repeat 2.. }
      skip to q
      emit close }`;
    expect(found(rule, ["a 1", "b 5", "b 6"])).toEqual(["r@10 p=a1 q=b1,b2", "r@14 q=b1,b2"]);
  });

  test("matches of one time are told in the order of their last events", () => {
    const rule = `rule r {
      match sequence by k within 4us slack 3us { p: t.b then q: t.tick repeat 1..2 } until u: t.tick
      skip to p
      emit close
      suppress 6us
    }`;
    // `tick2` fills the run behind `b1` and ends the one behind `b2`, which is told first.
    const lines = ["b 0.000001", "b 0.000004", "tick 0.000006", "tick 0.000008"];
    expect(found(rule, lines)).toEqual(["r@0.000008 p?=b2 q?=tick1"]);
  });

  test.each(["", "slack 1s"])("so are those of several keys that end in silence %s", (slack) => {
    const rule = `rule r {
      match sequence by k within 5s ${slack} { p: t.a then no x: t.a for 2s }
      rate 1 per 1h by true
    }`;
    // What `a1` waited for is void; what `a3` waits for comes behind what `a2` does.
    expect(found(rule, ["a 0 k=1", "a 0 k=2", "a 0 k=1"])).toEqual(["r@2 p=a2"]);
  });

  test("an event that lies a little earlier may complete what is begun by a later one", () => {
    const rule = "rule r { match sequence by k within 9s { p: t.a then q: t.far then s: t.away } }";
    expect(found(rule, ["away 4", "far 4", "a 4.5"])).toEqual([]);
    const either = "rule r { match sequence by k within 9s { p: t.a then q: t.far then s: t.b } }";
    expect(found(either, ["far 4", "a 4.5", "b 4.7"])).toEqual(["r@4.7 p?=a1 q?=far1 s?=b1"]);
    expect(found(either, ["far 4", "b 4.3", "a 4.5"])).toEqual([]);
  });

  test("without an answer in time a hold or a drop leaves later matches as they are", () => {
    const rule = (policy: string) =>
      `rule r { match sequence by k within 9s { p: t.a then no x: t.b for 2s }\n${policy} }`;
    const lossy = { lost: { fast: 2 } };
    expect(found(rule("on loss drop"), ["a 1", "a 5"], lossy)).toEqual(["r@7 p=a2"]);
    expect(found(rule("on loss hold"), ["a 1", "a 5"], lossy)).toEqual(["r@7 p=a2"]);
    expect(found(rule("on loss flag"), ["a 1", "a 5"], lossy)).toEqual([
      "r@3 p!=a1 …!",
      "r@7 p=a2",
    ]);
  });
});

const exact = (clauses = "", policies = "") => `rule r {
  match sequence by comm within 1m ${clauses} {
    a: kernel.process_exec
    then b: kernel.process_exit where b.exit_code == a.pid
  }
  ${policies}
}`;
const coarse = (clauses = "") => `rule r {
  match sequence by pid within 1m ${clauses} {
    a: kernel.process_exec
    without n: kernel.process_exit
    then b: journal.entry
  }
}`;

/** Bytes of the engine's whole state after `count` events, `event` writing each. */
function stateAfter(rig: Rig, count: number, event: (i: number) => void): number {
  for (let i = 0; i < count; i++) {
    event(i);
    if (i % 50 === 49) rig.engine.progress("kernel", i * 1000);
    if (i % 50 === 49) rig.engine.progress("journal", i * 1000);
  }
  return rig.engine.snapshot().length;
}

describe("state is bounded", () => {
  const start = (rig: Rig) => (i: number) =>
    rig.event("kernel.process_exec", i * 1000, { comm: "x", pid: 1 });

  test("of one key, on exact clocks and on those that are not", () => {
    for (const rule of [exact("partials 8"), coarse("slack 5ms partials 8")]) {
      const few = new Rig(rule);
      const many = new Rig(rule);
      const least = stateAfter(few, 1000, start(few));
      expect(stateAfter(many, 5000, start(many))).toBeLessThan(least * 1.2);
    }
  });

  test("of many keys", () => {
    for (const rule of [
      exact("", "keys max 20"),
      coarse("slack 5ms").replace("match", "keys max 20\n  match"),
    ]) {
      const begin = (rig: Rig) => (i: number) =>
        rig.event("kernel.process_exec", i * 1000, { comm: `c${i}`, pid: i });
      const few = new Rig(rule);
      const many = new Rig(rule);
      const least = stateAfter(few, 1000, begin(few));
      expect(stateAfter(many, 5000, begin(many))).toBeLessThan(least * 1.2);
      expect(many.engine.counters.evicted.keys).toBeGreaterThan(4000);
    }
  });

  test("on coarse clocks the newest of plain partial matches is enough, so none is given up", () => {
    const rig = new Rig(coarse("slack 5ms partials 8"));
    stateAfter(rig, 5000, start(rig));
    rig.event("journal.entry", 5_010_000, { pid: 1, message: "x" });
    rig.engine.progress("kernel", 60 * second);
    rig.engine.progress("journal", 60 * second);
    expect(rig.engine.counters.evicted.partials).toBe(0);
    expect(rig.findings.map((f) => f.degraded)).toEqual([[]]);
  });

  test("nothing is left of events that nothing can need any more", () => {
    const forbid = (rig: Rig) => (i: number) =>
      rig.event("kernel.process_exit", i * 1000, { pid: i });
    const rig = new Rig(coarse("slack 5ms"));
    const empty = rig.engine.snapshot().length;
    const other = new Rig(coarse("slack 5ms"));
    const least = stateAfter(other, 1000, forbid(other));
    expect(stateAfter(rig, 3000, forbid(rig))).toBeLessThan(least * 1.2);
    rig.event("kernel.process_exit", 400 * second, { pid: 1 });
    rig.engine.progress("kernel", 500 * second);
    rig.engine.progress("journal", 500 * second);
    expect(rig.engine.snapshot().length).toBeLessThan(empty + 1000);
  });

  test("a match is also in doubt when what was told instead of a lost one came before it", () => {
    const rule = `rule r { match sequence by k within 10s partials 3 {
      p: t.a
      without n: t.c where n.x == p.x
      then after 9s..9s q: t.b
    } }`;
    // The first start is given up; it would have ended at 9 and excluded the one at 6, that in turn
    // leaves room for the one at 10, and what that excludes is told as well.
    const lost = ["a 0 x=1", "a 0.1 x=2", "a 0.2 x=3", "a 0.3 x=4", "c 0.5 x=2", "c 0.5 x=3"];
    const later = ["c 0.5 x=4", "a 6 x=5", "b 9", "a 10 x=6", "b 15", "a 16 x=7", "b 19", "b 25"];
    const { unit } = compiled(rule);
    const { events } = eventsOf(unit.schema, [...lost, ...later]);
    const trace = traceOf(unit, events, {});
    const told = runEngine(unit, trace).findings.map((f) => [f.at - at(0), f.degraded.length]);
    expect(told).toEqual([
      [15 * second, 1],
      [25 * second, 1],
    ]);
    const { findings } = judge(unit, new Map(), trace);
    expect(findings.map((f) => f.match.at - at(0))).toEqual([9 * second, 19 * second]);
  });

  test("what can become no match any more takes the room of none", () => {
    const rule = `rule r { match sequence by k within 30s partials 2 {
      p: t.a without n: t.c then q: t.b where q.x == p.x } }`;
    const lines = ["a 1 x=1", "a 2 x=2", "c 3", "a 4 x=1", "a 5 x=2", "b 6 x=1", "b 7 x=2"];
    expect(found(rule, lines)).toEqual(["r@6 p=a3 q=b1"]);
    const { unit } = compiled(rule);
    const { engine } = runEngine(unit, traceOf(unit, eventsOf(unit.schema, lines).events, {}));
    expect(engine.counters.evicted.partials).toBe(0);
  });

  test("a key gets no younger by events that are for no step under it", () => {
    const rule = `rule r {
      keys max 2 evict oldest
      match sequence within 30s { p: t.a where p.k < 9 by k then q: t.a where q.k == 9 by x } }`;
    const { unit } = compiled(rule);
    const findings = (x: number) => {
      const lines = ["a 1 k=1", "a 2 k=2", "a 3 k=2 x=1", "a 4 k=3", `a 5 k=9 x=${x}`];
      return runEngine(unit, traceOf(unit, eventsOf(unit.schema, lines).events, {})).findings;
    };
    expect([1, 2, 3].map((x) => findings(x).length)).toEqual([0, 1, 1]);
  });

  test("an event without a key takes the room of none", () => {
    const rule = `rule r {
      keys max 1
      match sequence by x within 30s { p: t.far then next q: t.b } }`;
    const { unit } = compiled(rule);
    const { events } = eventsOf(unit.schema, ["far 1 x=1", "b 3", "b 5 x=1"]);
    const { findings, engine } = runEngine(unit, traceOf(unit, events, {}));
    expect(findings.map((f) => f.at - at(0))).toEqual([5 * second]);
    expect(engine.counters.evicted.keys).toBe(0);
  });

  test("with `evict oldest` the oldest partial match of a key goes, however far it has come", () => {
    const steps = (evict: string) => `rule r {
      keys max 64 ${evict}
      match sequence by comm within 1m partials 2 {
        a: kernel.process_exec
        then b: kernel.process_exec where b.pid == a.pid + 1
        then c: kernel.process_exit where c.pid == a.pid
      }
    }`;
    const findings = (evict: string) => {
      const rig = new Rig(steps(evict));
      for (const [i, pid] of [10, 11, 20, 30].entries())
        rig.event("kernel.process_exec", i * second, { comm: "x", pid });
      rig.event("kernel.process_exit", 9 * second, { comm: "x", pid: 10 });
      rig.engine.progress("kernel", 60 * second);
      return rig.findings.map((f) => f.degraded.length);
    };
    expect(findings("")).toEqual([1]);
    expect(findings("evict oldest")).toEqual([]);
  });
});
