/** Absence over inventory, and what may be concluded from silence (LANGUAGE C.5, C.2, B.5). */
import { expect, test } from "vitest";
import { found, missed, type Setting, tell } from "./by-hand.ts";

const absent = (policies = "") =>
  `rule r { match absent h: t.a for 10s for each pod\n${policies} }`;
const p1 = { lives: [["pod p1", 0]] } as const;

test("fires once, ten seconds after the last event about the entity", () => {
  expect(found(absent(), ["a 0 pod=p1", "a 7 pod=p1"], p1)).toEqual(["r@17(p1) h=a2"]);
  expect(found(absent(), [], p1)).toEqual(["r@10(p1)"]);
});

test("an event exactly at the deadline is in time; the next one arms it again", () => {
  expect(found(absent(), ["a 10 pod=p1", "a 30 pod=p1"], p1)).toEqual([
    "r@20(p1) h=a1",
    "r@40(p1) h=a2",
  ]);
});

test("events about others do not count", () => {
  const lives = [
    ["pod p1", 0],
    ["pod p2", 3],
  ] as const;
  expect(found(absent(), ["a 8 pod=p2", "a 9", "a 9.5 node=p1"], { lives })).toEqual([
    "r@10(p1)",
    "r@18(p2) h=a1",
  ]);
});

test("the clock stops when the entity goes, and starts when it comes back", () => {
  const lives = [
    ["pod p1", 0, 10],
    ["pod p1", 50],
  ] as const;
  expect(found(absent(), [], { lives })).toEqual(["r@60(p1)"]);
  expect(found(absent(), [], { lives: [["pod p1", 0, 10.5]] })).toEqual(["r@10(p1)"]);
});

test("nothing is known from before the observation", () => {
  expect(found(absent(), [], { ...p1, start: 100 })).toEqual(["r@110(p1)"]);
});

test("only entities that satisfy the condition have a clock", () => {
  const rule =
    'rule r { match absent h: t.a for 10s for each pod where entity.pod startswith "web" }';
  const lives = [
    ["pod web-1", 0],
    ["pod db-1", 0],
  ] as const;
  expect(found(rule, [], { lives })).toEqual(["r@10(web-1)"]);
});

test("an event of which it is unknown whether it counts leaves the finding in doubt", () => {
  const unknown = "rule r { match absent h: t.a where h.x > 0 for 10s for each pod }";
  expect(found(unknown, ["a 5 pod=p1"], p1)).toEqual(["r@10(p1) …!"]);
  expect(found(unknown, ["a 5 x=0 pod=p1"], p1)).toEqual(["r@10(p1)"]);
});

test("without an entity there is one clock", () => {
  const rule = "rule r { match absent h: t.a for 10s }";
  expect(found(rule, ["a 3", "b 30"])).toEqual(["r@13 h=a1"]);
  expect(found(rule, [], { start: 5 })).toEqual(["r@15"]);
  expect(found(rule, [])).toEqual([]);
});

test("nothing is concluded that the watermark has not passed", () => {
  expect(found(absent(), [], { ...p1, until: 10 })).toEqual([]);
});

test("idle: held, flagged or dropped when the source may still deliver", () => {
  // Silent from 12 with 100 ms lateness: what is before 11.9 is known.
  const idle = (until: number, policies?: string) =>
    tell(absent(policies), ["a 1 pod=p1"], { ...p1, silent: { fast: until } }).judgement;
  const shown = (until: number, policies?: string) =>
    found(absent(policies), ["a 1 pod=p1"], { ...p1, silent: { fast: until } });
  expect(shown(11.2)).toEqual(["r@11(p1) h=a1"]);
  expect(shown(11.1)).toEqual([]);
  expect(idle(11.1).counts.get("hand.rules.r")?.held).toBe(1);
  expect(shown(11.1, "on idle flag")).toEqual(["r@11(p1) h!=a1 …!"]);
  expect(shown(11.1, "on idle drop")).toEqual([]);
  expect(idle(11.1, "on idle drop").counts.get("hand.rules.r")?.dropped).toBe(1);
});

test("loss: flagged by default, and only inside the silence", () => {
  const lossy = (at: number, policies?: string) =>
    found(absent(policies), ["a 1 pod=p1"], { ...p1, lost: { fast: at } });
  expect(lossy(5)).toEqual(["r@11(p1) h!=a1 …!"]);
  expect(lossy(1)).toEqual(["r@11(p1) h!=a1 …!"]);
  expect(lossy(0.5)).toEqual(["r@11(p1) h=a1"]);
  expect(lossy(11.5)).toEqual(["r@11(p1) h=a1"]);
  expect(lossy(5, "on loss drop")).toEqual([]);
  expect(lossy(5, "on loss hold")).toEqual([]);
});

test("silence of another source does not matter", () => {
  expect(found(absent(), [], { ...p1, silent: { coarse: 1 }, lost: { coarse: 5 } })).toEqual([
    "r@10(p1)",
  ]);
});

test("`then no` concludes from the silence of its own source alone", () => {
  const rule = (policies = "") =>
    `rule r { match sequence by k within 20s { p: t.a then no x: t.far for 10s }\n${policies} }`;
  expect(found(rule(), ["a 0"], { silent: { fast: 1 } })).toEqual(["r@10 p=a1"]);
  expect(found(rule(), ["a 0"], { silent: { coarse: 12 } })).toEqual([]);
  expect(found(rule("on idle flag"), ["a 0"], { silent: { coarse: 12 } })).toEqual([
    "r@10 p!=a1 …!",
  ]);
  expect(found(rule(), ["a 0"], { silent: { coarse: 14 } })).toEqual(["r@10 p=a1"]);
  expect(found(rule("on loss drop"), ["a 0"], { lost: { coarse: 4 } })).toEqual([]);
});

test("a pane is concluded from silence only where more events could make it false", () => {
  const rule = (having: string) =>
    `rule r { match over e: t.a tumbling 10s by k having ${having} }`;
  const silent = { silent: { fast: 9 } };
  expect(found(rule("count() < 3"), ["a 1"], silent)).toEqual([]);
  expect(found(rule("count() >= 1"), ["a 1"], silent)).toEqual(["r@10 e=a1"]);
});

test("loss inside any match is said on the steps of its source", () => {
  const rule = "rule r { match sequence by k within 20s { p: t.a then q: t.far } }";
  expect(found(rule, ["a 0", "far 5"], { lost: { coarse: 3 } })).toEqual(["r@5 p=a1 q!=far1 …!"]);
  expect(found(rule, ["a 0", "far 5"], { lost: { coarse: 6 } })).toEqual(["r@5 p=a1 q=far1"]);
});

test("a window can lack what was lost before its first event", () => {
  const rule = "rule r { match over e: t.a sliding 10s by k having count() >= 2 }";
  expect(found(rule, ["a 15", "a 16"], { lost: { fast: 7 } })).toEqual(["r@16 e!=a1,a2 …!"]);
  expect(found(rule, ["a 15", "a 16"], { lost: { fast: 5 } })).toEqual(["r@16 e=a1,a2"]);
});

test("without an entity the clock begins with the first event that would reset it", () => {
  const picky = "rule r { match absent h: t.a where h.x > 0 for 10s }";
  expect(found(picky, ["a 3 x=0", "a 20 x=1"])).toEqual(["r@30 h=a2"]);
  expect(found("rule r { match absent h: t.a for 10s }", ["b 1", "a 20"])).toEqual(["r@30 h=a1"]);
});

test("a conclusion of `then no` that is not drawn is counted", () => {
  const counts = (policies: string) =>
    tell(
      `rule r { match sequence by k within 20s { p: t.a then no x: t.far for 10s }\n${policies} }`,
      ["a 0"],
      { silent: { coarse: 12 } },
    ).judgement.counts.get("hand.rules.r");
  expect(counts("")).toMatchObject({ findings: 0, held: 1, dropped: 0 });
  expect(counts("on idle drop")).toMatchObject({ findings: 0, held: 0, dropped: 1 });
  expect(counts("on idle flag")).toMatchObject({ findings: 1, held: 0, dropped: 0 });
});

test("a pane whose silence is in doubt is counted when the watermark has passed it", () => {
  const counts = (having: string, until: number, policies = "") =>
    tell(`rule r { match over e: t.a tumbling 10s by k having ${having}\n${policies} }`, ["a 3"], {
      until,
      silent: { fast: 9 },
    }).judgement.counts.get("hand.rules.r");
  expect(counts("count() == 0", 20)).toMatchObject({ findings: 0, held: 0, dropped: 0 });
  expect(counts("count() == 0", 20.000001)).toMatchObject({ findings: 0, held: 1, dropped: 0 });
  expect(counts("count() == 0", 30, "on idle drop")).toMatchObject({ held: 0, dropped: 1 });
  expect(counts("count() == 0", 30, "on idle flag")).toMatchObject({
    findings: 1,
    held: 0,
    dropped: 0,
  });
  expect(counts("count() == 9", 30)).toMatchObject({ findings: 0, held: 0, dropped: 0 });
});

test("a run of panes is in doubt when one of them is", () => {
  const rule = "rule r { match over e: t.a tumbling 10s by k having count() < 3\nemit close }";
  const lines = ["a 1", "a 11", "a 21", "a 22", "a 23", "a 31", "a 32", "a 33"];
  const run = (lost?: number) =>
    found(rule, lines, lost === undefined ? { until: 45 } : { until: 45, lost: { fast: lost } });
  expect(run()).toEqual(["r@30 e=a1,a2"]);
  expect(run(5)).toEqual(["r@30 e!=a1,a2 …!"]);
  expect(run(15)).toEqual(["r@30 e!=a1,a2 …!"]);
});

test("near misses of an absence: each silence that did not last, the longest first", () => {
  const near = (lines: readonly string[], lives: Setting["lives"], until: number) =>
    missed(absent(), lines, { lives: lives ?? [], until, around: [0, 100] });
  const up = [["pod p1", 0]] as const;
  // Exactly as long as the wait is still not long enough.
  expect(near(["a 4 pod=p1", "a 14 pod=p1", "a 30 pod=p1"], up, 35)).toEqual([
    "r@14 negated 0 waiting h by 0",
    "r@40 open 0 waiting h by 5",
    "r@4 negated 0 waiting h by 6",
  ]);
  // The entity went before the silence was long enough.
  expect(near([], [["pod p1", 0, 8]], 35)).toEqual(["r@8 expired 0 waiting h by 2"]);
  expect(near([], [["pod p1", 0, 10]], 35)).toEqual(["r@10 expired 0 waiting h by 0"]);
  // It had not lasted long enough when the trace ended.
  expect(near([], up, 10)).toEqual(["r@10 open 0 waiting h by 0"]);
  expect(near([], up, 10.5)).toEqual([]);
  expect(near([], [["pod p1", 0, 50]], 7)).toEqual(["r@10 open 0 waiting h by 3"]);
  // No time passed between its appearance and an event.
  expect(near(["a 0 pod=p1"], up, 5)).toEqual(["r@10 open 0 waiting h by 5"]);
});
