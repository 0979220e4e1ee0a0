/** What windows keep: no more than is asked of them, however much comes (LANGUAGE C.7, C.9). */
import { describe, expect, test } from "vitest";
import { Fed, over } from "./windows-by-hand.ts";

/** Many events of one key, `step` seconds apart; `write` says what else stands there. */
function events(count: number, step: number, write: (i: number) => string = () => ""): string[] {
  return Array.from({ length: count }, (_, i) => `a ${20 + i * step} ${write(i)}`.trim());
}

/** Bytes of the state in the middle of these events. */
function bytes(rule: string, lines: readonly string[], values?: number): number {
  const fed = new Fed(rule, values ? { room: { values } } : {});
  fed.tell(...lines).upTo(Number(lines.at(-1)?.split(" ")[1]) + 0.000001);
  return fed.bytes;
}

/** All of them and the last 40 take the same, up to `more` bytes. */
function expectFlat(rule: string, lines: readonly string[], values?: number, more = 0): void {
  const few = bytes(rule, lines.slice(-40), values);
  const many = bytes(rule, lines, values);
  expect([rule, Math.max(0, many - few - more)]).toEqual([rule, 0]);
}

const shapes = ["tumbling 1h", "hop 1h every 30m", "session gap 10s max 1000s", "sliding 100s"];
const differing = (i: number) => `x=${i}`;

describe("what takes the same room for many events as for few", () => {
  describe.each(shapes)("numbers and thresholds: %s", (shape) => {
    test.each([
      "count() >= 8",
      "count(e.x > 3) >= 8 and last(e.x) < 0",
      "sum(e.x) > 1000000000",
      "distinct(e.x) > 3",
      "distinct(e.x) >= 3 and first(e.x) > 100",
    ])("%s", (having) => {
      for (const policies of ["", "emit close"]) {
        const rule = over(`${shape} resolution 50s`, having, policies, "s");
        expectFlat(rule, events(150, 0.1, differing), undefined, 100);
      }
    });
  });

  test.each(shapes)("values, as far as there is room for them: %s", (shape) => {
    const rule = over(`${shape} resolution 50s`, "p50(e.x) < 0");
    expectFlat(rule, events(200, 0.1, differing), 8, 100);
  });

  test.each([
    ["sliding 2s resolution 1s", "sum(e.x) > 1000000000"],
    ["sliding 2s resolution 1s", "p50(e.x) < 0"],
    ["sliding 2s resolution 1s", "p50(e.x) >= 0"],
    ["sliding 2s resolution 1s", "distinct(e.x) >= 5"],
    ["sliding 2s resolution 1s", "count() > 0 and zscore(count(), half_life: 1h) < 0"],
    ["sliding 2s resolution 1s", "count() > 0 and zscore(p50(e.x), half_life: 1h) < 0"],
    ["tumbling 2s resolution 1s", "sum(e.x) > 1000000000"],
    ["tumbling 2s resolution 1s", "p50(e.x) < 0"],
    ["tumbling 2s resolution 1s", "p50(e.x) >= 0"],
    ["tumbling 2s resolution 1s", "count() > 0 and zscore(count(), half_life: 1h) < 0"],
    ["tumbling 2s resolution 1s", "count() > 0 and zscore(p50(e.x), half_life: 1h) < 0"],
    ["hop 4s every 2s resolution 1s", "p50(e.x) < 0"],
    ["session gap 1s max 2s resolution 1s", "p50(e.x) < 0"],
    ["session gap 1s max 2s resolution 1s", "count() > 0 and zscore(p50(e.x), half_life: 1h) < 0"],
  ])("what has left the window: %s %s", (shape, having) => {
    expectFlat(over(shape, having, "", "s"), events(160, 0.5, differing), undefined, 100);
  });

  test("a list whose oldest values go one by one, in a snapshot, too", () => {
    const size = (shape: string, count: number) => {
      const fed = new Fed(over(shape, "p50(e.x) > 900", "", "s"), { room: { values: 8 } });
      return fed.tell(...events(count, 0.5, () => "x=1")).upTo(20 + count / 2).snapshotBytes;
    };
    for (const shape of ["sliding 2s resolution 1s", "tumbling 1h"])
      expect(size(shape, 1000)).toBeLessThan(size(shape, 100) + 400);
  });

  test("panes of unknown events, and lives that are over", () => {
    const rule = over("tumbling 2s", "count() < 0", "", "s", "t.a where e.x > 0");
    expectFlat(
      rule,
      events(300, 0.5, (i) => (i % 2 === 0 ? "x=1" : "")),
      undefined,
      100,
    );
  });

  test("events of unknown truth: the first of each stretch", () => {
    const rule = over("hop 100s every 10s", "count() < 2", "", "s", "t.a where e.x > 0");
    const some = (count: number) => ["a 15", ...Array.from({ length: count }, () => "a 25")];
    expect(bytes(rule, some(1))).toBe(bytes(rule, some(90)));
  });

  test("keys that nothing has touched for twice the window", () => {
    const evicted = (second: number) => {
      const fed = new Fed(over("sliding 10s", "count() >= 2"), { room: { keys: 1 } });
      return fed.tell("a 0 k=1", `a ${second} k=2`).upTo(99).evicted.keys;
    };
    expect([evicted(20), evicted(20.000001)]).toEqual([1, 0]);
  });

  test("a run of panes that goes on", () => {
    for (const text of ["{p50(e.x)}", "{sum(e.x)}"]) {
      const rule = over("hop 4s every 2s", "count() > 0", "emit close", text);
      expectFlat(rule, events(300, 0.5, differing), 16, 1000);
    }
  });
});

describe("what is not asked for takes no room", () => {
  test("a high threshold, before it is near", () => {
    const rule = (n: number) => over("sliding 100s", `count() >= ${n}`, "", "s");
    const few = events(3, 1);
    expect(bytes(rule(100_000), few)).toBe(bytes(rule(10), few));
  });

  test("panes, where only the exact span is", () => {
    const rule = over("sliding 100s resolution 1s", "count() >= 8", "", "s");
    expectFlat(
      rule,
      events(80, 1.25, () => "x=1"),
    );
    const tumbling = over("tumbling 100s resolution 1s", "sum(e.x) > 1000000000", "", "s");
    expectFlat(
      tumbling,
      events(70, 1.1, () => "x=1"),
    );
  });

  test("an event at the very end of a pane has no pane of its own", () => {
    const rule = over("sliding 100s resolution 1s", "sum(e.x) > 1000000000", "", "s");
    const at = (within: number) =>
      bytes(
        rule,
        Array.from({ length: 40 }, (_, i) => [
          `a ${20.5 + i} x=1`,
          `a ${20 + i + within} x=1`,
        ]).flat(),
      );
    expect(at(1)).toBe(at(0.9));
  });

  test("what a run of panes would need, where runs are told when they begin", () => {
    const told = (policies: string) =>
      bytes(over("hop 8s every 1s", "count() > 900", policies, "s"), events(40, 0.25));
    expect(told("")).toBeLessThan(told("emit close"));
  });

  test("values of windows that are over make room for others", () => {
    const evicted = (shape: string, having: string, values: number, seconds: readonly number[]) =>
      new Fed(over(shape, having), { room: { values } })
        .tell(...seconds.map((second) => `a ${second} x=1`))
        .upTo(99).evicted.windowEvents;
    const past = "p50(e.x) < 0 and baseline(count(), half_life: 1h) > 0";
    expect(evicted("sliding 10s resolution 5s", "p50(e.x) < 0", 2, [0, 10, 11, 20])).toBe(0);
    const slow = Array.from({ length: 40 }, (_, i) => i);
    expect(evicted("sliding 10s resolution 1s", "p50(e.x) < 0", 12, slow)).toBe(0);
    // One at the end of a pane comes before what was in it is let go.
    for (const having of ["p50(e.x) < 0", past])
      expect(evicted("tumbling 10s", having, 4, [0, 1, 10, 11, 12, 20, 25])).toBe(0);
    expect(evicted("session gap 5s max 10s", past, 3, [4, 5, 11, 12, 13, 20])).toBe(0);
  });
});
