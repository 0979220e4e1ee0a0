/** What aggregates of windows come to: over runs, episodes and the exact span (C.4, C.9). */
import { describe, expect, test } from "vitest";
import { found, tell } from "../../core/ir/by-hand.ts";
import { Fed, over } from "./windows-by-hand.ts";

/** What is told of each finding, which the interpreter tells, too. */
function summaries(rule: string, lines: readonly string[]): string[] {
  return tell(rule, lines).judgement.findings.map(({ finding: f }) =>
    [f.summary, ...f.recommendations].join(" "),
  );
}

describe("over a run of panes", () => {
  const closed = (having: string, text: string) => over("tumbling 10s", having, "emit close", text);

  test("first and last are those of all of its panes", () => {
    const rule = closed("count() >= 1", "{first(e.x)} {last(e.x)}");
    const lines = ["a 1 x=1", "a 2 x=2", "a 11", "a 12 x=3", "a 21", "a 31 x=9"];
    expect(summaries(rule, lines)).toEqual(["1 9"]);
    expect(summaries(rule, ["a 1", "a 11 x=4", "a 12", "a 21 x=5"])).toEqual(["4 5"]);
  });

  test("values that differ are told apart as far as something is said about them", () => {
    const rule = `rule r { match over e: t.a tumbling 10s by k having count() >= 1
      emit close
      explain { root e summary "s" recommend "many" when distinct(e.x) >= 3
        recommend "few" when distinct(e.x) < 3 } }`;
    expect(summaries(rule, ["a 1 x=1", "a 2 x=2", "a 12 x=1", "a 21 x=3"])).toEqual(["s many"]);
    expect(summaries(rule, ["a 1 x=1", "a 2 x=2", "a 12 x=1", "a 21 x=2"])).toEqual(["s few"]);
  });

  test("it began with its first event, also where its first pane is empty", () => {
    const rule = closed("count() < 2", "{count()} in {duration()}");
    const lines = ["a 1", "a 2", "a 21", "a 32", "a 41", "a 42"];
    expect(summaries(rule, lines)).toEqual(["2 in 11s", "0 in 0us"]);
  });

  test("an event at the end of its last pane belongs to the next one only", () => {
    const rule = closed("count() < 3", "{count()} {sum(e.x)}");
    const lines = ["a 1 x=1", "a 20 x=2", "a 31 x=1", "a 32 x=1", "a 33 x=1"];
    expect(summaries(rule, lines)).toEqual(["2 3", "0 0"]);
  });
});

test("the values of a window are those from its first to its last moment", () => {
  // The past keeps those before it for longer.
  const rule = (shape: string) =>
    over(shape, "p50(e.x) >= 7", "", "{p50(e.x)} {baseline(1 + p50(e.x), half_life: 1h)}");
  expect(summaries(rule("tumbling 10s"), ["a 9.999999 x=0", "a 12 x=7"])).toEqual(["7 1"]);
  expect(summaries(rule("tumbling 10s"), ["a 10 x=7", "a 20 x=0"])).toEqual(["7 8"]);
  expect(summaries(rule("tumbling 10s"), ["a 19.999999 x=7", "a 20 x=0"])).toHaveLength(1);
  const session = rule("session gap 5s max 12s");
  const lines = ["a 0 x=0", "a 4 x=0", "a 8 x=0", "a 11.999999 x=0", "a 12 x=7"];
  expect(summaries(session, lines)).toHaveLength(1);
});

describe("of a window that slides", () => {
  test("last is the newest value that is still in it", () => {
    const rule = over("sliding 10s", "count() >= 4 and last(e.x) > 0");
    expect(found(rule, ["a 0 x=1", "a 5", "a 10", "a 10", "a 10"])).toEqual([]);
    expect(found(rule, ["a 0.1 x=1", "a 5", "a 10", "a 10", "a 10"])).toHaveLength(1);
    // What has no value hides none.
    expect(found(rule, ["a 0", "a 1", "a 2 x=1", "a 3"])).toEqual(["r@3 e=a1,a2,a3,a4"]);
  });

  test("first and last over whole panes are those that have a value", () => {
    const rule = over(
      "sliding 10s resolution 2s",
      "count() >= 3",
      "",
      "{first(e.x)} {ratio(last(e.x), first(e.x))}",
    );
    expect(summaries(rule, ["a 1", "a 4 x=5", "a 7 x=7"])).toEqual(["5 140%"]);
    expect(summaries(rule, ["a 1 x=4", "a 4 x=5", "a 7"])).toEqual(["4 125%"]);
  });

  test("the values seen last decide how many differ", () => {
    const rule = over("sliding 10s", "distinct(e.x) >= 3");
    // 2 has left when 4 comes; 1 has not, as it was seen again.
    const lines = ["a 0 x=1", "a 1 x=2", "a 8 x=1", "a 11.5 x=3", "a 12 x=4"];
    expect(found(rule, lines)).toEqual(["r@12 e=a3,a4,a5"]);
    expect(found(rule, lines.with(2, "a 8 x=2"))).toEqual(["r@12 e=a3,a4,a5"]);
    expect(found(rule, lines.with(2, "a 8"))).toEqual([]);
  });

  test("a missing value is none that differs", () => {
    const rule = over("sliding 10s", "distinct(e.x) >= 2");
    expect(found(rule, ["a 0 x=1", "a 1", "a 2 x=1"])).toEqual([]);
  });

  test("an episode tells values apart from its first window to its last event", () => {
    const rule = `rule r { match over e: t.a sliding 4s by k having count() >= 2
      emit close
      explain { root e summary "s" recommend "many" when distinct(e.x) >= 3
        recommend "few" when distinct(e.x) < 3 } }`;
    expect(summaries(rule, ["a 1 x=1", "a 3 x=2", "a 5.5 x=3"])).toEqual(["s many"]);
    expect(summaries(rule, ["a 1 x=1", "a 3 x=2", "a 5.5 x=1"])).toEqual(["s few"]);
    expect(summaries(rule, ["a 1 x=1", "a 3 x=2", "a 5.5"])).toEqual(["s few"]);
  });

  test("an episode has the first and the last value of all of it", () => {
    const rule = over(
      "sliding 4s",
      "count() >= 2",
      "emit close",
      "{first(e.x)} {last(e.x)} {rate()} in {duration()}",
    );
    const lines = ["a 1 x=1", "a 3 x=2", "a 5.5 x=3", "a 6"];
    expect(summaries(rule, lines)).toEqual(["1 3 0.571428/s in 5s"]);
  });
});

test("a threshold may be a parameter, of which as many events are kept as it asks for", () => {
  const rule = `param n: int = 2 range 1 .. 9\n${over("sliding 10s", "count() >= n")}`;
  const lines = ["a 0", "a 1", "a 2", "a 3", "a 4"];
  expect(new Fed(rule).tell(...lines).upTo(9).told).toEqual(["1: 2"]);
  const params = new Map([["hand.rules.n", 4]]);
  expect(new Fed(rule, { params }).tell(...lines).upTo(9).told).toEqual(["3: 4"]);
});

test("what was kept counts once more under a version that asks for less", () => {
  const rule = (n: number) => over("sliding 10s", `count() >= ${n}`);
  const fed = new Fed(rule(3)).tell("a 1", "a 2").upTo(2.5);
  expect(fed.reload(rule(2))).toMatchObject([{ class: "migrate" }]);
  expect(fed.tell("a 3").upTo(4).told).toEqual(["3: 3"]);
});
