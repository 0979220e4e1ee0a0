/** `emit close` while its match goes on, by hand: what is told when, and what becomes of it. */
import { describe, expect, test } from "vitest";
import type { Finding } from "#core";
import { isToldAgain } from "../../../../runtime/engine/patterns/going-on.ts";
import { byId } from "../../../harness/law-eager.ts";
import { Rig, second } from "../../../harness/rig.ts";
import { type RunOptions, runEngine } from "../../../harness/unit-agreement.ts";
import { at, compiled, epochUs, eventsOf, traceOf } from "../../core/ir/by-hand.ts";

/** Every source tells all it can after each event. */
function* always(): Generator<number> {
  for (;;) yield 0;
}

function run(rules: string, lines: readonly string[], more: RunOptions & { until?: number } = {}) {
  const { unit } = compiled(rules);
  const { events } = eventsOf(unit.schema, lines);
  const { until = 1000, ...options } = more;
  const trace = traceOf(unit, events, { until });
  return runEngine(unit, trace, { hurry: always(), ...options });
}

/** Each telling: which finding, its revision, what it is, when, and what it says. */
function told(rules: string, lines: readonly string[], more: RunOptions & { until?: number } = {}) {
  const all = run(rules, lines, more).told.filter((f) => f.rule === "r");
  const ids = [...byId(all).keys()];
  return all.map((f) => shown(f, ids.indexOf(f.id)));
}

function shown(f: Finding, number: number): string {
  const state = `${f.state}${f.isProvisional ? "?" : ""}`;
  return `${number}.${f.revision} ${state} @${(f.at - epochUs) / 1e6} ${f.summary}`;
}

const explain = (root: string) => `explain { root ${root} summary "{count(${root})}" }`;
const sequence = (policies = "", more = "repeat 1..") => `rule r {
  match sequence by k within 20s { p: t.a then q: t.b ${more} } until u: t.c
  emit close
  ${policies}
  ${explain("q")} }`;
const bs = (...seconds: readonly number[]) => seconds.map((s) => `b ${s}`);
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

describe("a sequence", () => {
  test("is told at its minimum, at each doubling, and when it is over", () => {
    expect(told(sequence(), ["a 0", ...bs(...upTo(9))])).toEqual([
      "0.0 open? @1 1",
      "0.1 update? @2 2",
      "0.2 update? @4 4",
      "0.3 update? @8 8",
      "0.4 update @20 9",
    ]);
    expect(told(sequence("", "repeat 3.."), ["a 0", ...bs(...upTo(7))])).toEqual([
      "0.0 open? @3 3",
      "0.1 update? @6 6",
      "0.2 update @20 7",
    ]);
  });

  test("that is ended, or full, is confirmed then", () => {
    expect(told(sequence(), ["a 0", ...bs(1, 2, 3), "c 4"])).toEqual([
      "0.0 open? @1 1",
      "0.1 update? @2 2",
      "0.2 update @4 3",
    ]);
    expect(told(sequence("", "repeat 1..2"), ["a 0", ...bs(1, 2, 3)])).toEqual([
      "0.0 open? @1 1",
      "0.1 update @2 2",
    ]);
  });

  test("is told in the order of time, whatever came first", () => {
    const inOrder = ["0.0 open? @1 1", "0.1 update? @2 2", "0.2 update @20 2"];
    expect(told(sequence(), ["a 0", "b 1", "b 2"])).toEqual(inOrder);
    expect(told(sequence(), ["b 2", "b 1", "a 0"])).toEqual(inOrder);
  });

  test("is told of only where it would be reported", () => {
    // Behind `b1` every run of `a2` lies inside the match of `a1`, or the other way round.
    const both = told(sequence("select widest"), ["a 0", "a 1", ...bs(2, 3)]);
    expect(both).toEqual(["0.0 open? @2 1", "0.1 update? @3 2", "0.2 update @20 2"]);
    const each = told(sequence("skip none"), ["a 0", "a 1", ...bs(2, 3)]);
    expect(each).toEqual([
      "0.0 open? @2 1",
      "1.0 open? @2 1",
      "0.1 update? @3 2",
      "1.1 update? @3 2",
      "0.2 update @20 2",
      "1.2 update @21 2",
    ]);
  });

  test("is retracted when another match is selected in the end", () => {
    // The run behind `b1` takes only what is not smaller; the one behind `b2` becomes longer.
    const rule = `rule r {
      match sequence by k within 20s { p: t.a then q: t.b where q.x >= (last(q).x ?? 0) repeat 1.. }
      emit close
      ${explain("q")} }`;
    const lines = ["a 0", "b 1 x=5", "b 2 x=1", "b 3 x=2", "b 4 x=3"];
    expect(told(rule, lines)).toEqual([
      "0.0 open? @1 1",
      "1.0 open? @2 1",
      "1.1 update? @3 2",
      "1.2 update @20 3",
      "0.1 retracted? @1 1",
    ]);
  });

  test("on a coarse clock is told when nothing can lie before it any more", () => {
    const rule = `rule r {
      match sequence by k within 20s { p: t.far then q: t.away repeat 1.. }
      emit close
      ${explain("q")} }`;
    const lines = ["far 0", ...[2, 4, 6, 8, 10].map((s) => `away ${s}`)];
    expect(told(rule, lines)).toEqual([
      "0.0 open? @2 1",
      "0.1 update? @4 2",
      "0.2 update? @8 4",
      "0.3 update @20 5",
    ]);
  });

  test("goes on behind a restart", () => {
    const lines = ["a 0", ...bs(...upTo(5))];
    const whole = told(sequence(), lines);
    for (const i of upTo(5))
      expect(told(sequence(), lines, { restarts: new Set([i]) })).toEqual(whole);
  });
});

describe("a window", () => {
  const over = (shape: string, policies = "") => `rule r {
    match over e: t.a ${shape} by k having count() >= 1
    emit close
    ${policies}
    ${explain("e")} }`;

  test("of panes is told at its first one, at each doubling, and when it is over", () => {
    const lines = upTo(5).map((i) => `a ${10 * i}`);
    expect(told(over("tumbling 10s"), lines)).toEqual([
      "0.0 open? @20 1",
      "0.1 update? @30 2",
      "0.2 update? @50 4",
      "0.3 update @70 5",
    ]);
  });

  test("that hops has an id of its own for each run", () => {
    const lines = ["a 1", "a 40"];
    expect(told(over("hop 10s every 5s"), lines)).toEqual([
      "0.0 open? @5 1",
      "0.1 update? @10 1",
      "0.2 update @15 1",
      "1.0 open? @45 1",
      "1.1 update? @50 1",
      "1.2 update @55 1",
    ]);
  });

  test("goes on behind a restart", () => {
    const lines = upTo(6).map((i) => `a ${10 * i}`);
    const whole = told(over("tumbling 10s"), lines);
    for (const i of upTo(5))
      expect(told(over("tumbling 10s"), lines, { restarts: new Set([i]) })).toEqual(whole);
  });

  test("that is still true is not over", () => {
    expect(told(over("tumbling 10s"), ["a 10", "a 20"], { until: 31 })).toEqual([
      "0.0 open? @20 1",
      "0.1 update? @30 2",
    ]);
  });

  test("that an exception withholds in the end is retracted then", () => {
    const rule = over("tumbling 10s", 'except "many" when count() > 2');
    const lines = upTo(5).map((i) => `a ${10 * i}`);
    expect(told(rule, lines)).toEqual([
      "0.0 open? @20 1",
      "0.1 update? @30 2",
      "0.2 retracted? @30 2",
    ]);
  });
});

describe("policies", () => {
  test("hold back what they would hold back, and count the end only", () => {
    const rule = sequence("suppress 30s");
    const lines = ["a 0", "b 1", "a 21", "b 22", "a 55", "b 56"];
    expect(told(rule, lines)).toEqual([
      "0.0 open? @1 1",
      "0.1 update @20 1",
      "1.0 open? @56 1",
      "1.1 update @75 1",
    ]);
    const { counters } = run(rule, lines).engine;
    expect(counters).toMatchObject({ matches: 3, findings: 2, suppressed: 1, provisional: 2 });
  });

  test("that admit the match only in the end tell it then", () => {
    // The second one is over when 20 s have passed since the first was told, but not before.
    expect(told(sequence("suppress 20s"), ["a 0", "b 1", "a 21", "b 22"])).toEqual([
      "0.0 open? @1 1",
      "0.1 update @20 1",
      "1.0 open @41 1",
    ]);
  });

  test("resolve what is over", () => {
    const lines = ["a 0", "b 1", "d 2", "d 21"];
    expect(told(sequence("resolve on z: t.d"), lines)).toEqual([
      "0.0 open? @1 1",
      "0.1 update @20 1",
      "0.2 resolved @20 1",
    ]);
  });

  test("rules over findings hear of the end only", () => {
    const rules = `${sequence()}\nrule top { match f: finding.r ${explain("f")} }`;
    const { told: all } = run(rules, ["a 0", ...bs(1, 2, 3)]);
    expect(all.filter((f) => f.rule === "top").map((f) => f.at)).toEqual([at(20)]);
  });
});

describe("another bundle", () => {
  const ends = (text: string, next: string) => {
    const reloads = new Map([[3, compiled(next).unit]]);
    return told(text, ["a 0", ...bs(1, 2, 3, 4)], { reloads });
  };

  test("that keeps the rule confirms what was told", () => {
    expect(ends(sequence(), sequence('runbook "https://x.test/y"'))).toEqual([
      "0.0 open? @1 1",
      "0.1 update? @2 2",
      "0.2 update? @4 4",
      "0.3 update @20 4",
    ]);
  });

  test("that has another version of it leaves the end to the old one", () => {
    const other = sequence().replace("p: t.a", "p: t.a where p.x == 9");
    expect(ends(sequence(), other)).toEqual([
      "0.0 open? @1 1",
      "0.1 update? @2 2",
      "0.2 update? @4 4",
      "0.3 update @20 4",
    ]);
  });

  test("without it retracts what was told, at once", () => {
    const other = sequence().replace("rule r", "rule s");
    expect(ends(sequence(), other)).toEqual([
      "0.0 open? @1 1",
      "0.1 update? @2 2",
      "0.2 retracted? @2 2",
    ]);
  });
});

describe("what can be confirmed no more", () => {
  const start = 3600 * second;
  const rule = `rule r {
    keys max 16
    match sequence by pid within 20s {
      a: kernel.process_exec
      then b: kernel.process_exit where b.exit_code < 4242 repeat 1..
    }
    emit close
  }`;
  const states = (rig: Rig) =>
    rig.findings.map((f) => `${f.state}${f.isProvisional ? "?" : ""} ${f.revision}`);
  const begin = (rig: Rig, pid = 1, from = start) => {
    rig.event("kernel.process_exec", from, { pid });
    rig.event("kernel.process_exit", from + 1, { pid, exit_code: 1 });
  };

  test("is retracted when the rule is stopped", () => {
    const global = globalThis as { tapioIsBroken?: boolean };
    const code = "(() => { if (globalThis.tapioIsBroken) throw new Error('broken'); return 0 })()";
    const reading = rule.replace("b.exit_code < 4242", "b.exit_code + 4242 < a.pid + 9");
    const edit = (matcher: string) => matcher.replaceAll("4242", code);
    const rig = new Rig(reading, { onTrouble: () => undefined }, edit);
    begin(rig);
    rig.engine.progress("kernel", start + 5 * second);
    global.tapioIsBroken = true;
    rig.event("kernel.process_exit", start + 6 * second, { pid: 1, exit_code: 7 });
    rig.engine.progress("kernel", start + 9 * second);
    delete global.tapioIsBroken;
    expect(rig.engine.counters.stopped).toBe(1);
    expect(states(rig)).toEqual(["open? 0", "retracted? 1"]);
  });

  test("is retracted when the clock is set back", () => {
    const rig = new Rig(rule, { onTrouble: () => undefined });
    rig.engine.clock(start);
    begin(rig);
    rig.engine.progress("kernel", start + 5 * second);
    rig.engine.clock(start - 1800 * second);
    rig.engine.progress("kernel", start - 1800 * second);
    expect(states(rig)).toEqual(["open? 0", "retracted? 1"]);
  });

  test("is retracted in its time when its key was given up for room", () => {
    const rig = new Rig(rule);
    for (let pid = 1; pid <= 17; pid++) begin(rig, pid, start + 10 * pid);
    rig.engine.progress("kernel", start + 60 * second);
    expect(rig.engine.counters).toMatchObject({ findings: 16, provisional: 17, retracted: 1 });
    expect(rig.engine.counters.evicted.keys).toBe(1);
  });

  test("of more than may still change nothing is told before the end", () => {
    const most = rule.replace("keys max 16", "keys max 400");
    const rig = new Rig(most, { ring: { slots: 1024, textBytes: 1 << 20 } });
    for (let pid = 1; pid <= 300; pid++) begin(rig, pid, start + 10 * pid);
    rig.engine.progress("kernel", start + 60 * second);
    expect(rig.engine.counters).toMatchObject({ findings: 300, provisional: 256, retracted: 0 });
    const late = [...byId(rig.findings).values()].filter(([first]) => !first?.isProvisional);
    expect(late.map((f) => f.length)).toEqual(Array.from({ length: 44 }, () => 1));
  });
});

describe("lengths", () => {
  test("are told of at the least one and at its doublings", () => {
    const at = (least: number) => upTo(20).filter((n) => isToldAgain(n - 1, n, least));
    expect(at(1)).toEqual([1, 2, 4, 8, 16]);
    expect(at(3)).toEqual([3, 6, 12]);
    expect(at(0)).toEqual(at(1));
    // A run on a coarse clock may become longer by several events at once.
    expect(isToldAgain(0, 7, 2)).toBe(true);
    expect(isToldAgain(5, 7, 2)).toBe(false);
  });
});
