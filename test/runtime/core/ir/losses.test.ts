/** What a match says of events that its sources lost, or may still tell (LANGUAGE B.5, C.2). */
import { describe, expect, test } from "vitest";
import { judge, withLosses } from "#core";
import { at, found, type Setting, shownMatch, tell } from "./by-hand.ts";

const sequence = (steps: string, policies = "") =>
  `rule r { match sequence by k within 20s { ${steps} }\n${policies} }`;

/** Findings of one source, and others of two. */
const inner = `rule other { match o: t.b }
  rule inner { match sequence by k within 5s { i: t.far then j: t.tick } }`;

/** What findings say in words of their doubts. */
const doubts = (rules: string, lines: readonly string[], setting: Setting) =>
  tell(rules, lines, setting).judgement.findings.map((f) => f.finding.degraded);

describe("a loss marks", () => {
  test("the steps that events of the source can be, also where other kinds can be them", () => {
    const rule = sequence("p: t.tick then q: t.a | t.far then z: t.away");
    const lines = ["tick 0", "a 2", "away 5"];
    const lossOf = (...sources: readonly string[]) =>
      found(rule, lines, { lost: Object.fromEntries(sources.map((s) => [s, 1])) });
    expect(lossOf()).toEqual(["r@5 p=tick1 q=a1 z=away1"]);
    expect(lossOf("fast")).toEqual(["r@5 p=tick1 q!=a1 z=away1 …!"]);
    expect(lossOf("coarse")).toEqual(["r@5 p=tick1 q!=a1 z!=away1 …!"]);
    expect(lossOf("tick", "fast")).toEqual(["r@5 p!=tick1 q!=a1 z=away1 …!"]);
  });

  test("a step that was left out, of which an event may have been lost", () => {
    const rule = sequence("p: t.a then optional o: t.far then q: t.b");
    expect(found(rule, ["a 0", "b 5"], { lost: { coarse: 2 } })).toEqual(["r@5 p=a1 o!= q=b1 …!"]);
    expect(found(rule, ["a 0", "far 1", "b 5"], { lost: { coarse: 2 } })).toEqual([
      "r@5 p=a1 o!=far1 q=b1 …!",
    ]);
  });

  test("beside what was uncertain already", () => {
    const rule = sequence("p: t.far then q: t.a");
    expect(found(rule, ["far 0", "a 0.5"])).toEqual(["r@0.5 p?=far1 q?=a1"]);
    expect(found(rule, ["far 0", "a 0.5"], { lost: { fast: 0.2 } })).toEqual([
      "r@0.5 p?=far1 q?!=a1 …!",
    ]);
  });

  test("what can be findings of a rule that the source has a part in", () => {
    const shown = (source: string) =>
      found(
        `${inner}\nrule r { match sequence by true within 20s { f: finding.inner then z: t.c } }`,
        ["far 0", "tick 2", "c 5"],
        { lost: { [source]: 3 } },
      ).at(-1);
    expect(shown("coarse")).toBe("r@5 f!=@2 z=c1 …!");
    expect(shown("tick")).toBe("r@5 f!=@2 z=c1 …!");
    expect(shown("fast")).toBe("r@5 f=@2 z!=c1 …!");
  });
});

describe("in words", () => {
  test("sources are named in the order of the schema, steps in that of the rule", () => {
    const lost = { coarse: 2, fast: 3, tick: 1 };
    const rule = sequence("p: t.tick then q: t.far then z: t.a");
    expect(doubts(rule, ["tick 0", "far 3", "a 6"], { lost })).toEqual([
      [
        "events of p, q, z may be missing",
        "source fast lost 1 event in this time",
        "source coarse lost 1 event in this time",
        "source tick lost 1 event in this time",
      ],
    ]);
  });

  test("a step whose silence is in doubt is named behind those before it", () => {
    const rule = sequence("p: t.tick then q: t.far then no x: t.a for 9s", "on idle flag");
    const setting = { silent: { fast: 5 }, lost: { tick: 1 } };
    expect(doubts(rule, ["tick 0", "far 3"], setting)).toEqual([
      ["events of p, q may be missing", "source tick lost 1 event in this time"],
    ]);
  });
});

describe("silence is in doubt", () => {
  const absent = (policies: string) =>
    `rule r { match absent h: t.a for 10s for each pod\n${policies} }`;
  const p1 = { lives: [["pod p1", 0]] } as const;

  test("where events were lost from its beginning to its end, both included", () => {
    const lost = (seconds: number) =>
      found(absent("on loss drop"), ["a 1 pod=p1"], { ...p1, lost: { fast: seconds } });
    expect(lost(0.999999)).toEqual(["r@11(p1) h=a1"]);
    expect(lost(1)).toEqual([]);
    expect(lost(11)).toEqual([]);
    expect(lost(11.000001)).toEqual(["r@11(p1) h=a1"]);
  });

  test("because of the sources that were silent or lost events, each named once", () => {
    const rule = sequence("p: t.tick then no x: t.a | t.far for 10s", "on loss hold");
    const sources = (setting: Setting) => {
      const { unit, judgement } = tell(rule, ["tick 0"], setting);
      return judgement.withheld.map((w) => w.sources?.map((s) => unit.schema.sources[s]?.name));
    };
    expect(sources({})).toEqual([]);
    expect(sources({ silent: { coarse: 3 } })).toEqual([["coarse"]]);
    expect(sources({ lost: { fast: 3 } })).toEqual([["fast"]]);
    expect(sources({ silent: { coarse: 3 }, lost: { fast: 3 } })).toEqual([["coarse", "fast"]]);
    expect(sources({ silent: { fast: 5 }, lost: { fast: 3 } })).toEqual([["fast"]]);
    expect(sources({ silent: { tick: 5 }, lost: { tick: 3 } })).toEqual([]);
  });

  test("where findings of a rule may still come that has a source that is silent", () => {
    const shown = (source: string) =>
      found(
        `${inner}
        rule r { match sequence by true within 20s { p: t.a then no f: finding.inner for 10s } }`,
        ["a 0"],
        { silent: { [source]: 5 } },
      );
    expect(shown("coarse")).toEqual([]);
    expect(shown("tick")).toEqual([]);
    expect(shown("fast")).toEqual(["r@10 p=a1"]);
  });
});

/** As the engine marks a match that it has found: after the fact, and also when clocks go back. */
describe("known afterwards,", () => {
  type Times = Readonly<Record<string, number>>;
  function marked(
    rules: string,
    lines: readonly string[],
    { lost = {}, setBack = {}, ...setting }: Setting & { lost?: Times; setBack?: Times },
  ): string[] {
    const { unit, names, judgement } = tell(rules, lines, setting);
    const isIn = (times: Times, source: number, from: number, to: number) => {
      const time = times[unit.schema.sources[source]?.name ?? ""];
      return time !== undefined && at(time) >= from && at(time) <= to;
    };
    return judgement.findings.map(({ match }) =>
      shownMatch(
        withLosses(unit, match, {
          lostSince: (source, from) => (isIn(lost, source, from, match.at) ? 1 : 0),
          isSetBackSince: (source, from) => isIn(setBack, source, from, match.at),
        }),
        names,
      ),
    );
  }

  const rule = sequence("p: t.a then q: t.tick then no x: t.far for 10s");
  const on = (lost: Times, setBack: Times = {}) =>
    marked(rule, ["a 0", "tick 5"], { lost, setBack });

  test("a loss inside the silence leaves the step in doubt that it follows", () => {
    expect(on({})).toEqual(["r@15 p=a1 q=tick1"]);
    expect(on({ coarse: 10 })).toEqual(["r@15 p=a1 q!=tick1 …!"]);
    expect(on({ coarse: 5 })).toEqual(["r@15 p=a1 q!=tick1 …!"]);
    expect(on({ coarse: 15 })).toEqual(["r@15 p=a1 q!=tick1 …!"]);
    expect(on({ coarse: 15.1 })).toEqual(["r@15 p=a1 q=tick1"]);
  });

  test("a loss before the silence began, or of another source, does not", () => {
    expect(on({ coarse: 4.9 })).toEqual(["r@15 p=a1 q=tick1 …!"]);
    expect(on({ fast: 10 })).toEqual(["r@15 p!=a1 q=tick1 …!"]);
  });

  test("a clock that was set back after the step began does", () => {
    expect(on({}, { coarse: 4.9 })).toEqual(["r@15 p=a1 q=tick1 …!"]);
    expect(on({}, { coarse: 5 })).toEqual(["r@15 p=a1 q=tick1 …!"]);
    expect(on({}, { coarse: 5.000001 })).toEqual(["r@15 p=a1 q!=tick1 …!"]);
    expect(on({}, { fast: 9 })).toEqual(["r@15 p!=a1 q=tick1 …!"]);
  });

  test("one of the sources of what is absent is enough", () => {
    const either = sequence("p: t.a then q: t.tick then no x: t.c | t.far for 10s");
    expect(marked(either, ["a 0", "tick 5"], { lost: { coarse: 10 } })).toEqual([
      "r@15 p=a1 q!=tick1 …!",
    ]);
  });

  test("an absence and an empty pane are in doubt, though they have no event", () => {
    const absent = "rule r { match absent h: t.a for 10s for each pod }";
    const lives = [["pod p1", 0]] as const;
    expect(marked(absent, [], { lives, lost: { fast: 5 } })).toEqual(["r@10(p1) h!= …!"]);
    expect(marked(absent, [], { lives, lost: { coarse: 5 } })).toEqual(["r@10(p1)"]);
    const empty = "rule r { match over e: t.a tumbling 10s by same pod having count() == 0 }";
    const short = { lives: [["pod p1", 0, 10]] } as const;
    expect(marked(empty, [], { ...short, until: 15, lost: { fast: 5 } })).toEqual([
      "r@10(p1) e!= …!",
    ]);
  });
});

test("only what was lost from the first event to the last is counted", () => {
  const { unit, events } = tell(sequence("p: t.a then q: t.b"), ["a 0", "b 5"]);
  const lost = [
    { at: at(-1), count: 100 },
    { at: at(0), count: 1 },
    { at: at(5), count: 2 },
    { at: at(6), count: 100 },
  ];
  const sources = [{ source: 0, silentFrom: undefined, lost }];
  const { findings } = judge(unit, new Map(), { events, watermark: at(100), sources });
  expect(findings.map((f) => f.finding.degraded[1])).toEqual([
    "source fast lost 3 events in this time",
  ]);
});
