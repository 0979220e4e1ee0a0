/**
 * `emit close` over clocks that do not say for certain what came first: runs that go on until their
 * span ends, what is told of them meanwhile, and in which order.
 */
import { describe, expect, test } from "vitest";
import { byId } from "../../../harness/law-eager.ts";
import { runEngine } from "../../../harness/unit-agreement.ts";
import { compiled, epochUs, eventsOf, found, traceOf } from "../../core/ir/by-hand.ts";

/** Every source tells all it can after each event. */
function* always(): Generator<number> {
  for (;;) yield 0;
}

/** Each telling: which finding, its revision, what it is, when, and what it says. */
function told(rules: string, lines: readonly string[], until = 1000) {
  const { unit } = compiled(rules);
  const { events } = eventsOf(unit.schema, lines);
  const run = runEngine(unit, traceOf(unit, events, { until }), { hurry: always() });
  const ids = [...byId(run.told).keys()];
  return run.told.map((f) => {
    const state = `${f.state}${f.isProvisional ? "?" : ""}${f.degraded.length > 0 ? " …" : ""}`;
    return `${ids.indexOf(f.id)}.${f.revision} ${state} @${(f.at - epochUs) / 1e6} ${f.summary}`;
  });
}

const rule = (more = "repeat 1..", policies = "", heads = "") => `rule r {
  match sequence by k within 20s ${heads} { p: t.far then q: t.b ${more} } until u: t.c
  emit close
  ${policies}
  explain { root q
    confidence 0.1 plus 0.1 when p is uncertain plus 0.2 when q is uncertain
    summary "{p.x ?? 0} {count(q)}" } }`;
const bs = (...seconds: readonly number[]) => seconds.map((s) => `b ${s}`);

describe("a run that goes on", () => {
  test("is told at its minimum, at each doubling, and when its span is over", () => {
    const lines = ["far 0", ...bs(2, 3, 4, 5, 6, 7, 8, 9, 10)];
    expect(told(rule(), lines)).toEqual([
      "0.0 open? @2 0 1",
      "0.1 update? @3 0 2",
      "0.2 update? @5 0 4",
      "0.3 update? @9 0 8",
      "0.4 update @20 0 9",
    ]);
    expect(told(rule("repeat 3.."), lines)).toEqual([
      "0.0 open? @4 0 3",
      "0.1 update? @7 0 6",
      "0.2 update @20 0 9",
    ]);
  });

  test("that is full, or ended, is confirmed then", () => {
    const full = ["0.0 open? @2 0 1", "0.1 update @3 0 2"];
    expect(told(rule("repeat 1..2"), ["far 0", ...bs(2, 3, 4)])).toEqual(full);
    expect(told(rule("repeat 1..2"), ["far 0", ...bs(2, 3)], 5)).toEqual(full);
    expect(told(rule(), ["far 0", ...bs(2, 3, 4), "c 5", "b 6"])).toEqual([
      "0.0 open? @2 0 1",
      "0.1 update? @3 0 2",
      "0.2 update @5 0 3",
    ]);
    expect(told(rule("repeat 3.."), ["far 0", ...bs(2, 3), "c 5", "b 6"])).toEqual([]);
  });

  test("takes what may lie inside its span, though it is recorded a little later", () => {
    expect(told(rule(), ["far 0", ...bs(2, 20.5, 21.5)])).toEqual([
      "0.0 open? @2 0 1",
      "0.1 update @20.5 0 2",
    ]);
    expect(found(rule(), ["far 0", ...bs(2, 19, 20.5, 20.6)])).toEqual([
      "r@20.6 p=far1 q=b1,b2,b3,b4",
    ]);
  });

  test("is told of only where it would be reported", () => {
    const lines = ["far 0 x=1", "far 1 x=2", ...bs(3, 4)];
    expect(told(rule("repeat 1..", "select widest"), lines)).toEqual([
      "0.0 open? @3 1 1",
      "0.1 update? @4 1 2",
      "0.2 update @20 1 2",
    ]);
    expect(told(rule("repeat 1..", "skip none"), lines)).toEqual([
      "0.0 open? @3 1 1",
      "1.0 open? @3 2 1",
      "0.1 update? @4 1 2",
      "1.1 update? @4 2 2",
      "0.2 update @20 1 2",
      "1.2 update @21 2 2",
    ]);
  });

  test("is not told of where it begins with the last event of another", () => {
    const next = rule("where q.x == p.x + 1 repeat 1..").replace("p: t.far", "p: t.far | t.b");
    expect(told(next, ["far 0 x=0", "b 2 x=1", "b 3 x=2"])).toEqual([
      "0.0 open? @2 0 1",
      "0.1 update @20 0 1",
    ]);
  });

  test("is told of where another that is too short would be preferred", () => {
    const optional = rule("repeat 3..").replace("then q", "then optional o: t.a then q");
    expect(told(optional, ["far 0", "b 1", "a 2", "b 3", "b 4"])).toEqual([
      "0.0 open? @4 0 3",
      "0.1 update @20 0 3",
    ]);
  });

  test("is told of where it ends before another that has been told of", () => {
    const own = rule("where q.x == p.x repeat 1..");
    expect(told(own, ["far 0 x=1", "far 2 x=2", "b 3 x=2", "b 5 x=1"])).toEqual([
      "0.0 open? @3 2 1",
      "1.0 open? @5 1 1",
      "1.1 update @20 1 1",
      "0.1 retracted? @3 2 1",
    ]);
  });

  test("is not taken back while its last event waits for those that may lie before it", () => {
    expect(told(rule(), ["far 0", "b 2", "b 20.5", "b 21.2 k=2", "b 25 k=2"])).toEqual([
      "0.0 open? @2 0 1",
      "0.1 update @20.5 0 2",
    ]);
  });

  test("is told of what is known to have happened, and no more", () => {
    expect(told(rule(), ["far 0", ...bs(2, 2.1, 2.2, 2.3)])).toEqual([
      "0.0 open? @2 0 1",
      "0.1 update? @2.1 0 2",
      "0.2 update? @2.3 0 4",
      "0.3 update @20 0 4",
    ]);
  });

  test("takes each event in the order of recording, and once", () => {
    const next = rule("where count(q) == 0 or q.x == last(q).x + 1 repeat 1..")
      .replace("p: t.far", "p: t.a")
      .replace("q: t.b", "q: t.b | t.far");
    expect(found(next, ["a 1", "b 2 x=1", "far 3 x=3", "b 3.5 x=2"])).toEqual([
      "r@21 p=a1 q=b1,b2",
    ]);
    expect(found(next, ["a 1", "b 2 x=1", "far 3 x=2", "b 3.5 x=3"])).toEqual([
      "r@21 p=a1 q=b1,far1,b2",
    ]);
  });

  test("begins inside the span of what came before it", () => {
    const three = rule().replace("p: t.far then", "p: t.far then o: t.a then");
    // `far1` happened at 0.2 or sooner.
    expect(found(three, ["far 0", "a 0.2", "b 20.2"])).toEqual(["r@20.2 p?=far1 o?=a1 q=b1"]);
    expect(found(three, ["far 0", "a 0.2", "b 20.3"])).toEqual([]);
  });

  test("may be full before its first step has been recorded", () => {
    const full = rule("repeat 1..2").replace("p: t.far", "p: t.a").replace("q: t.b", "q: t.far");
    expect(found(full, ["far 1", "far 1", "a 1.5"])).toEqual(["r@1.5 p?=a1 q?=far1,far2"]);
  });

  test("is not in doubt for what may end it after its span", () => {
    const last = rule().replace("p: t.far", "p: t.a").replace("q: t.b", "q: t.far");
    expect(found(last, ["a 0", "far 5", "far 20", "c 20.3"])).toEqual(["r@20 p=a1 q=far1,far2"]);
  });

  test("ends with its own span, whatever else goes on under its key", () => {
    const lines = ["far 0", "far 5", "b 7", "b 22", "b 26"];
    expect(found(rule("repeat 1..", "skip none"), lines)).toEqual([
      "r@20 p=far1 q=b1",
      "r@25 p=far2 q=b1,b2",
    ]);
  });

  test("says so when something was given up for want of room", () => {
    const lines = ["far 1 x=1", ...bs(5, 6, 7)];
    expect(told(rule("repeat 1..", "skip none\n select widest", "partials 2"), lines)).toEqual([
      "0.0 open? @5 1 1",
      "0.1 update? … @6 1 2",
      "0.2 update … @21 1 3",
    ]);
  });

  test("does not take what was given up before it was judged, and is confirmed without", () => {
    const full = rule("repeat 1..2", "keys max 2", "partials 2");
    const flood = Array.from({ length: 30 }, (_, i) => `b ${20.6 + i / 100} k=2`);
    expect(told(full, ["far 0", "b 2", "b 20.5", ...flood])).toEqual([
      "0.0 open? @2 0 1",
      "0.1 update … @20 0 1",
    ]);
  });

  test("ends at any event that may be next under `strict`", () => {
    const strict = rule("repeat 2..", "", "strict").replace("until u: t.c", "");
    expect(found(strict, ["far 0", "b 2", "b 3", "far 5", "b 7"])).toEqual(["r@20 p=far1 q=b1,b2"]);
    expect(found(strict, ["far 0", "b 2", "b 3", "far 3", "b 3.5"])).toEqual([
      "r@20 p=far1 q=b1,b2,b3",
    ]);
  });

  test("is ended only by what certainly came behind its first step and before its end", () => {
    expect(found(rule(), ["far 0", "c 0.5", ...bs(2, 3)])).toEqual(["r@20 p=far1 q=b1,b2"]);
    expect(found(rule(), ["far 0", "c 1", ...bs(2, 3)])).toEqual([]);
    expect(found(rule(), ["far 0", "b 2", "c 2", "b 3"])).toEqual(["r@2 p=far1 q=b1"]);
    expect(found(rule(), ["far 0", "b 2", "c 20", "b 20.5"])).toEqual(["r@20 p=far1 q=b1"]);
    expect(found(rule(), ["far 0", "b 2", "c 20.5", "b 20.6"])).toEqual(["r@20.6 p=far1 q=b1,b2"]);
    const reads = rule().replace("u: t.c", "u: t.c where u.x == count(q)");
    expect(found(reads, ["far 0", "b 2", "c 3 x=2", "b 4", "b 5"])).toEqual([
      "r@20 p=far1 q=b1,b2,b3",
    ]);
    expect(found(reads, ["far 0", "b 2", "b 4", "c 6 x=2", "b 7"])).toEqual(["r@6 p=far1 q=b1,b2"]);
    expect(found(reads, ["far 0", "b 2", "c 3", "b 4"])).toEqual(["r@20 p=far1 q=b1,b2 …!"]);
  });
});

describe("at one time", () => {
  test("all that happened then belongs to a run before its span is over", () => {
    const spans = rule("repeat 1..", "skip none")
      .replace("20s", "5s")
      .replace("p: t.far", "p: t.a")
      .replace("u: t.c", "u: t.far");
    expect(found(spans, ["a 0", "b 1", "b 5 k=2", "b 5"])).toEqual(["r@5 p=a1 q=b1,b3"]);
  });

  const same = rule("where q.x == p.x repeat 1..2", "skip none")
    .replace("20s", "5s")
    .replace("p: t.far", "p: t.a")
    .replace("u: t.c", "u: t.far");

  test("one of the runs whose span is over is told", () => {
    expect(found(same, ["a 0 x=1", "a 0 x=2", "b 1 x=1", "b 2 x=2"])).toEqual(["r@5 p=a2 q=b2"]);
  });

  test("a run that is full is told for itself", () => {
    const lines = ["a 0 x=1", "b 1 x=1", "a 2 x=2", "b 3 x=2", "b 5 x=2"];
    expect(found(same, lines)).toEqual(["r@5 p=a1 q=b1", "r@5 p=a2 q=b2,b3", "r@7 p=a2 q=b3"]);
  });

  test("matches of several keys are told in the order of their last events", () => {
    const keys = (policy: string) => rule("repeat 1..2", policy).replace("20s", "3500ms");
    // The span behind `far1` and `far2` is over at 4.5, as far as is recorded.
    const lines = ["far 1 k=1", "far 1 k=3", "far 2 k=2", "b 3 k=2"];
    const ends = ["b 4.9 k=1", "b 4.9 k=2", "b 4.9 k=3"];
    expect(found(keys(""), [...lines, ...ends])).toEqual([
      "r@4.9 p=far1 q=b2",
      "r@4.9 p=far3 q=b1,b3",
      "r@4.9 p=far2 q=b4",
    ]);
    expect(found(keys("rate 1 per 1h by true"), [...lines, ...ends])).toEqual([
      "r@4.9 p=far1 q=b2",
    ]);
    const other = ["b 4.9 k=2", "b 4.9 k=1", "b 4.9 k=3"];
    expect(found(keys("rate 1 per 1h by true"), [...lines, ...other])).toEqual([
      "r@4.9 p=far3 q=b1,b2",
    ]);
  });
});
