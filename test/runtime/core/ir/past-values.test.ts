/** What `baseline` and `zscore` know of a key's past (LANGUAGE B.4), computed by hand. */
import { expect, test } from "vitest";
import type { Setting } from "./by-hand.ts";
import { type Happening, toldOn } from "./on-values.ts";

const kinds = "event v.e from kernel { k: int x: int? f: float? }";
const event = (seconds: number, fields: Happening[2]): Happening => [
  "v.e",
  seconds,
  { k: 1, ...fields },
];

/** Under panes of 2 s, of which each halves the weight of those before it. */
const told = (summary: string, events: readonly Happening[], having = "count() >= 1") =>
  toldOn(
    `rule r { match over e: v.e sliding 2s resolution 2s by k having ${having}
      explain { root e summary "${summary}" } }`,
    kinds,
    events,
  );

test("each pane that ends halves what its half-life is", () => {
  // Panes end with sums of 4, 8 and 12; at 7 the window has 12 and 16.
  // Mean 4, then 4 + 4/2 = 6, then 6 + 6/2 = 9; variance 0, then 4²/4 = 4, then 4/2 + 6²/4 = 11.
  const events = [1, 3, 5, 7].map((t) => event(t, { x: 2 * t + 2 }));
  const past = "baseline(sum(e.x), half_life: 2s)";
  const apart = "zscore(sum(e.x), half_life: 2s)";
  const is = (at: number, mean: number, z: number) =>
    expect(
      told(`{${past} ?? -1} {${apart} ?? -1.0}`, events, `last(e.x) == ${2 * at + 2}`),
    ).toEqual([`r@${at} ${mean} ${z}`]);
  is(1, -1, -1);
  // Of one pane nothing is known of how far apart they are.
  is(3, 4, -1);
  // (8 + 12 − 6) / 2
  is(5, 6, 7);
  expect(told(`{${past} ?? -1}`, events, "last(e.x) == 16")).toEqual(["r@7 9"]);
  expect(told(`{${apart} > 5.72} {${apart} < 5.73}`, events, "last(e.x) == 16")).toEqual([
    "r@7 true true",
  ]);
});

test("a mean of whole numbers is whole, one of others is not", () => {
  const events = [1, 3, 5].map((t) => event(t, { x: t, f: t }));
  const summary =
    "{baseline(sum(e.x), half_life: 2s) ?? -1} {baseline(sum(e.f), half_life: 2s) ?? -1.0}";
  expect(told(summary, events, "last(e.x) == 5")).toEqual(["r@5 2 2"]);
  const uneven = [1, 3, 5].map((t) => event(t, { x: t * t, f: t * t * t }));
  // (1 + 9) / 2 and (1 + 27) / 2, then of 1 and 4.
  expect(told(summary, uneven, "last(e.x) == 25")).toEqual(["r@5 5 14"]);
  const apart = [1, 3, 5].map((t) => event(t, { x: (t + 1) / 2, f: (t + 1) / 2 }));
  expect(told(summary, apart, "last(e.x) == 3")).toEqual(["r@5 1 1.5"]);
});

test("a value is held against the floor where the past varied less", () => {
  // Every pane came to 5; at 5 there are 5 + 5.
  const events = [1, 3, 5].map((t) => event(t, { x: 5 }));
  const is = (floor: string) =>
    told(`{zscore(sum(e.x), half_life: 2s${floor}) ?? -1.0}`, events).at(-1);
  expect(is("")).toBe("r@5 -1");
  expect(is(", floor: 4")).toBe("r@5 1.25");
  expect(is(", floor: 0")).toBe("r@5 -1");
});

test("a pane whose value is missing changes nothing", () => {
  const events = [event(1, { x: 4 }), event(3, {}), event(5, { x: 8 })];
  const summary =
    "{baseline(avg(e.x), half_life: 2s) ?? -1.0} {has zscore(max(e.x), half_life: 2s)}";
  expect(told(summary, events, "last(e.x) == 8")).toEqual(["r@5 4 false"]);
  // Nor is a value that is missing now held against anything.
  const now = [event(1, { x: 4 }), event(3, { x: 8 }), event(7, {})];
  expect(told("{has zscore(max(e.x), half_life: 2s)}", now, "count(not has e.x) > 0")).toEqual([
    "r@7 false",
  ]);
});

test("is known as soon as the key has been known for the warmup", () => {
  const events = [event(1, { x: 1 }), event(5, { x: 2 })];
  const known = (warmup: string) =>
    told(
      `{has zscore(sum(e.x), half_life: 2s, floor: 1, warmup: ${warmup})}`,
      events,
      "last(e.x) == 2",
    );
  expect(known("4s")).toEqual(["r@5 true"]);
  expect(known("4000001us")).toEqual(["r@5 false"]);
});

test("what an explanation says of a match is, in the past, of the events there were then", () => {
  const rule = `rule r { match over e: v.e sliding 3s resolution 2s by k having last(e.x) == 9
    explain { root e summary "{baseline(duration() + count() * 1s, half_life: 2s) ?? 0s}" } }`;
  const events = [1, 3, 3.25, 5].map((t) => event(t, { x: t === 5 ? 9 : 1 }));
  // Panes end at 2 with one event, and at 4 with three, which are 2.25 s apart.
  expect(toldOn(rule, kinds, events)).toEqual(["r@5 3.125s"]);
});

test("before its first event a key has no past", () => {
  const rule = `rule r { match over e: v.e tumbling 10s by same pod
    having count() == 0 or zscore(count(), half_life: 1s) > 3
    explain { root e summary "{baseline(count(), half_life: 1s) ?? -1}" } }`;
  const pod = { pod: "p1" };
  const lives: Setting["lives"] = [["pod p1", 0]];
  const events = [25, 26, 28, 45].map((t): Happening => ["v.e", t, { k: 1 }, pod]);
  expect(toldOn(rule, kinds, events, { lives, until: 70 })[0]).toBe("r@10 -1");
});
