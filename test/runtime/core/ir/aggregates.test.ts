/** What aggregates of a window come to (LANGUAGE B.4), with numbers computed by hand. */
import { describe, expect, test } from "vitest";
import { ofValues, type Value } from "#core";
import { type Happening, toldOn } from "./on-values.ts";

const kinds = "event v.e from kernel { k: int x: int? f: float? took: duration? s: string(8)? }";

/** The summary of one pane that holds these values of `field`, a tenth of a second apart. */
function shown(summary: string, field: string, values: readonly Value[]): string | undefined {
  const rule = `rule r { match over e: v.e tumbling 60s by k having count() >= 1
    explain { root e summary "${summary}" } }`;
  const events = values.map((v, i): Happening => ["v.e", 0.1 + i / 10, { k: 1, [field]: v }]);
  const [told] = toldOn(rule, kinds, events);
  return told?.slice("r@60 ".length);
}

describe("percentiles", () => {
  test("are the smallest value that so many of the values do not exceed", () => {
    // 1 to 200, each once and in no order.
    const values = Array.from({ length: 200 }, (_, i) => ((i * 77) % 200) + 1);
    expect(shown("{p50(e.x)} {p95(e.x)} {p99(e.x)}", "x", values)).toBe("100 190 198");
  });

  test("are values that are there, however few", () => {
    const all = "{p50(e.x) ?? -1} {p95(e.x) ?? -1} {p99(e.x) ?? -1}";
    expect(shown(all, "x", [7])).toBe("7 7 7");
    expect(shown(all, "x", [9, 7])).toBe("7 9 9");
    expect(shown(all, "x", [9, undefined, 7, 8])).toBe("8 9 9");
    expect(shown(all, "x", [undefined])).toBe("-1 -1 -1");
  });
});

describe("the commonest values", () => {
  test("are so many as are asked for, those that came first before others as common", () => {
    const took = [2e6, 1e6, 3e6, 1e6, 3e6, 3e6, 4e6];
    expect(shown("{top(e.took, 1)}", "took", took)).toBe("3s (3)");
    expect(shown("{top(e.took, 3)}", "took", took)).toBe("3s (3), 1s (2), 2s (1)");
    expect(shown("{top(e.took, 9)}", "took", took)).toBe("3s (3), 1s (2), 2s (1), 4s (1)");
    expect(shown("{top(e.s, 2)}", "s", ["b", "a", "a"])).toBe("a (2), b (1)");
    expect(shown("{top(e.s, 2)}", "s", [undefined])).toBe("");
  });

  test("have a share of all values that are there, in whole millionths", () => {
    expect(shown("{share(e.x) ?? 7%}", "x", [1, 2, 1, undefined, 1])).toBe("75%");
    expect(shown("{share(e.x) ?? 7%}", "x", [undefined])).toBe("7%");
    expect(ofValues({ fn: "share" }, ["a", "b", "a", "a"])).toBe(750_000);
    expect(ofValues({ fn: "share" }, ["a", "b", "c"])).toBe(333_333);
    expect(ofValues({ fn: "share" }, ["a", "b", "a"])).toBe(666_666);
  });
});

describe("sums over panes", () => {
  // Next to 2⁵³ one more is lost, and two more together are not: the order of additions shows.
  const big = 2 ** 53;
  const rule = `rule r { match over e: v.e sliding 4s resolution 1s by k
    having last(e.f) == 0.0 and sum(e.f) > 0.0
    explain { root e summary "{sum(e.f)}" } }`;
  const sum = (...events: readonly (readonly [seconds: number, f: number])[]) =>
    toldOn(
      rule,
      kinds,
      events.map(([seconds, f]): Happening => ["v.e", seconds, { k: 1, f }]),
    );

  test("add the events of each pane first", () => {
    expect(sum([0.5, big], [1.5, 1], [1.75, 1], [2.5, 0])).toEqual([`r@2.5 ${big + 2}`]);
    expect(sum([0.5, big], [0.75, 1], [1.5, 1], [2.5, 0])).toEqual([`r@2.5 ${big}`]);
  });

  test("count an event at the end of a pane as one of that pane", () => {
    expect(sum([0.5, big], [1, 1], [1.5, 1], [2.5, 0])).toEqual([`r@2.5 ${big}`]);
    expect(sum([1, big], [1.000001, 1], [2, 1], [2.5, 0])).toEqual([`r@2.5 ${big + 2}`]);
  });

  test("add the panes from the newest to the oldest, and that of now last", () => {
    expect(sum([0.5, big], [1.5, 1], [2.5, 1], [3.5, 0])).toEqual([`r@3.5 ${big + 2}`]);
    expect(sum([0.5, 1], [1.5, 1], [2.5, big], [3.5, 0])).toEqual([`r@3.5 ${big}`]);
  });
});

describe("the width of a pane", () => {
  const seen = (size: string, ...times: readonly number[]) =>
    toldOn(
      `rule r { match over e: v.e sliding ${size} by k having sum(e.x) >= ${times.length}
        explain { root e summary "{sum(e.x)}" } }`,
      kinds,
      times.map((t): Happening => ["v.e", t, { k: 1, x: 1 }]),
    );

  test("is a sixtieth of the window unless said", () => {
    // At 90.5 the window is (30.5, 90.5], with the pane that begins at 30, which is not in it.
    expect(seen("60s", 30.000001, 90.5)).toEqual(["r@90.5 2"]);
    expect(seen("60s", 30, 90.5)).toEqual([]);
    expect(seen("60s", 100.000001, 160.9)).toEqual(["r@160.9 2"]);
    expect(seen("60s", 100, 160.9)).toEqual([]);
  });

  test("is a microsecond where a sixtieth of the window would be less", () => {
    expect(seen("50us", 0.000011, 0.00006)).toEqual(["r@0.00006 2"]);
    expect(seen("50us", 0.00001, 0.00006)).toEqual([]);
    expect(seen("50us", 0.000011, 0.000061)).toEqual([]);
  });
});
