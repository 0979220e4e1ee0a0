/** Sequences across clocks of different granularity (LANGUAGE C.0.1, C.1), by hand. */
import { describe, expect, test } from "vitest";
import { compareEvents, type EventData, intervalOf, isPlain, makeEvent } from "#core";
import { compiled, found, tell } from "./by-hand.ts";

const far = (clause: string) => `rule r { match sequence by k within ${clause} }`;

test("a coarse event may follow an exact one of the same second", () => {
  const rule = far("5s { p: t.a then q: t.far }");
  expect(found(rule, ["a 0.5", "far 0"])).toEqual(["r@0.5 p?=a1 q?=far1"]);
  expect(found(rule, ["a 0.5", "far 1"])).toEqual(["r@1 p=a1 q=far1"]);
  expect(found(rule, ["a 1", "far 0"])).toEqual([]);
});

test("two coarse events of one source are in the order it told them", () => {
  const rule = far("5s { p: t.far then q: t.far where q.x == 2 }");
  expect(found(rule, ["far 0 x=1", "far 0 x=2"])).toEqual(["r@0 p=far1 q=far2"]);
  expect(found(rule, ["far 0 x=2", "far 0 x=1"])).toEqual([]);
});

test("no event is taken twice, also where either could be first", () => {
  const rule = far("5s { p: t.a | t.far then q: t.a | t.far }");
  expect(found(rule, ["far 0"])).toEqual([]);
  // Both orders are possible; the tightest begins with the later event in ≺.
  expect(found(rule, ["a 0.5", "far 0"])).toEqual(["r@0.5 p?=a1 q?=far1"]);
});

test("all steps need one placement: the coarse event cannot be on both sides", () => {
  const rule = far("5s { p: t.b then q: t.far then r: t.a }");
  // far1 is in [0, 1): after b at 0.6 and before a at 0.3 it cannot be.
  expect(found(rule, ["far 0", "a 0.3", "b 0.6"])).toEqual([]);
  expect(found(rule, ["far 0", "b 0.3", "a 0.6"])).toEqual(["r@0.6 p?=b1 q?=far1 r?=a1"]);
});

test("spans and gaps are measured on the most favourable placement", () => {
  // The coarse event at 5 happened somewhere in [5, 6).
  expect(found(far("4500ms { p: t.far then q: t.a }"), ["far 5", "a 10"])).toEqual([
    "r@10 p=far1 q=a1",
  ]);
  expect(found(far("4s { p: t.far then q: t.a }"), ["far 5", "a 10"])).toEqual([]);
  expect(found(far("20s { p: t.a then after 5s..10s q: t.far }"), ["a 0.5", "far 5"])).toEqual([
    "r@5 p=a1 q=far1",
  ]);
  expect(found(far("20s { p: t.a then after 6s..10s q: t.far }"), ["a 0.5", "far 5"])).toEqual([]);
});

test("distances between events of one clock are as it told them", () => {
  const rule = far("4500ms { p: t.far then q: t.far }");
  expect(found(rule, ["far 0", "far 5"])).toEqual([]);
});

test("only a negative that is certainly inside kills", () => {
  const rule = far("20s { p: t.a without x: t.far then q: t.b }");
  expect(found(rule, ["a 0.5", "far 2", "b 5"])).toEqual([]);
  expect(found(rule, ["a 0.5", "far 0", "b 5"])).toEqual(["r@5 p=a1 q?=b1"]);
  expect(found(rule, ["a 0.5", "b 5.5", "far 5"])).toEqual(["r@5.5 p=a1 q?=b1"]);
  expect(found(rule, ["a 0.5", "b 5", "far 6"])).toEqual(["r@5 p=a1 q=b1"]);
});

test("the same holds of `until` and of the event that must not follow", () => {
  const until = far("20s { p: t.a then q: t.b } until u: t.far");
  expect(found(until, ["a 0.5", "far 2", "b 5"])).toEqual([]);
  expect(found(until, ["a 0.5", "far 0", "b 5"])).toEqual(["r@5 p=a1 q?=b1"]);
  const silence = far("20s { p: t.a then no x: t.far for 10s }");
  expect(found(silence, ["a 0.5", "far 3"])).toEqual([]);
  expect(found(silence, ["a 0.5", "far 0"])).toEqual(["r@10.5 p?=a1"]);
  // [10, 11) reaches past the deadline at 10.5.
  expect(found(silence, ["a 0.5", "far 10"])).toEqual(["r@10.5 p?=a1"]);
});

test("`next` is broken by what is certainly in between", () => {
  const next = far("20s { p: t.a then optional m: t.far where m.x == 9 then next q: t.b }");
  expect(found(next, ["a 0.5", "far 2 x=1", "b 5"])).toEqual([]);
  expect(found(next, ["a 0.5", "far 0 x=1", "b 5"])).toEqual(["r@5 p=a1 q?=b1"]);
});

test("`slack` makes exact clocks coarse", () => {
  const rule = (slack: string) =>
    `rule r { match sequence by k within 5s ${slack} { p: t.a then q: t.far } }`;
  expect(found(rule(""), ["a 2", "far 0"])).toEqual([]);
  expect(found(rule("slack 2s"), ["a 2", "far 0"])).toEqual(["r@2 p?=a1 q?=far1"]);
  expect(found(rule("slack 1s"), ["a 2", "far 0"])).toEqual([]);
});

test("a run takes every event that may lie in it", () => {
  const rule = far("20s { p: t.a then q: t.far repeat 1.. keep 8 then r: t.b }");
  expect(found(rule, ["a 0.5", "far 0", "far 1", "far 2", "b 2.5"])).toEqual([
    "r@2.5 p?=a1 q?=far1,far2,far3 r?=b1",
  ]);
});

describe("the total order", () => {
  const { unit } = compiled(`derive log.big from e: t.a where e.x > 5 set { x: e.x }
rule base { match p: t.a }
rule top { match f: finding.base }`);
  const { schema } = unit;
  const event = (kind: string, ts: number, seq: number, id?: string): EventData => {
    const number = schema.kinds.findIndex((k) => k.name === kind);
    const made = makeEvent(schema, { kind: number, ts, seq, entity: undefined, fields: [] });
    return id === undefined ? made : { ...made, id };
  };

  const finding = schema.kinds.find((k) => k.made === "finding")?.name ?? "";
  test.each<[because: string, earlier: EventData, later: EventData]>([
    ["time is first", event("t.far", 1, 9), event("t.a", 2, 1)],
    ["then findings are last", event("t.tick", 1, 9), event(finding, 1, 1)],
    ["findings have their own numbers", event(finding, 1, 1), event(finding, 1, 2)],
    ["then the source's rank", event("t.a", 1, 9), event("t.far", 1, 1)],
    ["and it is not the number", event("t.far", 1, 9), event("t.tick", 1, 1)],
    ["then the number its source gave it", event("t.b", 1, 1, "z"), event("t.a", 1, 2, "a")],
    ["then the id", event("t.b", 1, 1, "a"), event("t.a", 1, 1, "b")],
    ["then what is derived is later", event("t.a", 1, 1, "x"), event("log.big", 1, 1, "x")],
    ["then the kind", event("t.a", 1, 1, "x"), event("t.b", 1, 1, "x")],
  ])("%s", (_, earlier, later) => {
    expect(Math.sign(compareEvents(schema, earlier, later))).toBe(-1);
    expect(Math.sign(compareEvents(schema, later, earlier))).toBe(1);
    expect(compareEvents(schema, later, later)).toBe(0);
  });

  test("a clock tells an interval, in whole µs; findings have a clock of their own", () => {
    expect(intervalOf(schema, event("t.a", 5, 1), 0)).toMatchObject({ from: 5, to: 5 });
    expect(intervalOf(schema, event("t.a", 5, 1), 3)).toMatchObject({ from: 5, to: 8 });
    expect(intervalOf(schema, event("t.tick", 4, 1), 0)).toMatchObject({ from: 4, to: 7 });
    expect(intervalOf(schema, event("t.far", 5, 1), 0)).toMatchObject({ from: 5, to: 1000004 });
    expect(intervalOf(schema, event(finding, 5, 1), 3)).toEqual({ source: -1, from: 5, to: 5 });
  });

  test("recorded times say all of one clock, and of two exact ones", () => {
    const of = (kind: string) => intervalOf(schema, event(kind, 5, 1), 0);
    expect(isPlain(of("t.far"), of("t.away"))).toBe(true);
    expect(isPlain(of("t.a"), of(finding))).toBe(true);
    expect(isPlain(of("t.a"), of("t.far"))).toBe(false);
    expect(isPlain(of("t.far"), of("t.a"))).toBe(false);
    expect(isPlain(of("t.far"), of("t.tick"))).toBe(false);
  });
});

test("the steps whose place is not certain are listed in order, each once", () => {
  const rule = far("20s { p: t.a then q: t.far without n: t.tick then s: t.b }");
  const qualityOf = (lines: readonly string[]) =>
    tell(rule, lines).judgement.findings.map((f) => f.match.quality);
  expect(qualityOf(["a 0.5", "far 0", "tick 2", "b 2.000002"])).toEqual([
    { uncertain: [0, 1, 2], incomplete: [] },
  ]);
  expect(qualityOf(["a 0.5", "far 1", "b 3"])).toEqual([undefined]);
});
