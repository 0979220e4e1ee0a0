/** Order on coarse clocks: the solver, by hand and against trying every placement. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Interval } from "../../../../runtime/core/ir/interpret/order.ts";
import {
  type Constraint,
  isCertainlyBefore,
  isPlaceable,
  isPossiblyBefore,
} from "../../../../runtime/core/ir/interpret/placement.ts";

const point = (at: number): Interval => ({ source: 0, from: at, to: at });
const span = (from: number, to: number, source = 1): Interval => ({ source, from, to });

test("two points are in the order of their times, and of ≺ at the same time", () => {
  const events = [point(5), point(5), point(6)];
  expect(isPossiblyBefore(events, 0, 1)).toBe(true);
  expect(isPossiblyBefore(events, 1, 0)).toBe(false);
  expect(isCertainlyBefore(events, 1, 2)).toBe(true);
});

test("a point inside an interval may be on either side of it", () => {
  const events = [span(0, 9), point(5)];
  expect(isPossiblyBefore(events, 0, 1)).toBe(true);
  expect(isPossiblyBefore(events, 1, 0)).toBe(true);
  expect(isCertainlyBefore(events, 0, 1)).toBe(false);
});

test("at the end of an interval only ≺ decides", () => {
  expect(isPossiblyBefore([span(0, 9), point(9)], 1, 0)).toBe(false);
  expect(isPossiblyBefore([point(0), span(0, 9)], 1, 0)).toBe(false);
});

test("events of one clock are in its order, however coarse it is", () => {
  const events = [span(0, 9), span(0, 9)];
  expect(isCertainlyBefore(events, 0, 1)).toBe(true);
});

test("pairs may be possible one by one and not together", () => {
  // The interval can be before 3 and after 7, but not both.
  const events = [span(0, 9), point(3), point(7)];
  const early: Constraint = { is: "before", a: 0, b: 1 };
  const late: Constraint = { is: "before", a: 2, b: 0 };
  expect(isPlaceable(events, [early])).toBe(true);
  expect(isPlaceable(events, [late])).toBe(true);
  expect(isPlaceable(events, [early, late])).toBe(false);
});

test("distances of one clock are as it told them", () => {
  const events = [span(0, 9), span(10, 19)];
  expect(isPlaceable(events, [{ is: "atMost", a: 0, b: 1, us: 9 }])).toBe(false);
  expect(isPlaceable(events, [{ is: "atMost", a: 0, b: 1, us: 10 }])).toBe(true);
});

/** A clock has one granularity. */
const interval = fc
  .tuple(fc.constantFrom(0, 1, 2), fc.integer({ min: 0, max: 6 }))
  .map(([source, from]) => span(from, from + 2 * source, source));
const events = fc
  .array(interval, { minLength: 2, maxLength: 4 })
  .map((list) => [...list].sort((a, b) => a.from - b.from));
const constraint = (n: number): fc.Arbitrary<Constraint> => {
  const index = fc.integer({ min: 0, max: n - 1 });
  const us = fc.integer({ min: 0, max: 5 });
  return fc.oneof(
    fc.tuple(index, index).map(([a, b]): Constraint => ({ is: "before", a, b })),
    fc.tuple(index, index, us).map(([a, b, d]): Constraint => ({ is: "atMost", a, b, us: d })),
    fc.tuple(index, index, us).map(([a, b, d]): Constraint => ({ is: "atLeast", a, b, us: d })),
  );
};
const puzzle = events.chain((list) =>
  fc.tuple(fc.constant(list), fc.array(constraint(list.length), { maxLength: 5 })),
);

/** Every way to give each event a time inside its interval. */
function placements(list: readonly Interval[]): number[][] {
  return list.reduce<number[][]>(
    (all, { from, to }) =>
      all.flatMap((times) => {
        const out: number[][] = [];
        for (let t = from; t <= to; t++) out.push([...times, t]);
        return out;
      }),
    [[]],
  );
}

/** The definition: recorded times where they say all, the placed ones otherwise. */
function satisfies(list: readonly Interval[], times: readonly number[], c: Constraint): boolean {
  const a = list[c.a] as Interval;
  const b = list[c.b] as Interval;
  const isRecorded = a.source === b.source || (a.from === a.to && b.from === b.to);
  const ta = isRecorded ? a.from : (times[c.a] ?? 0);
  const tb = isRecorded ? b.from : (times[c.b] ?? 0);
  if (c.is === "before") return isRecorded ? c.a < c.b : ta < tb || (ta === tb && c.a < c.b);
  return c.is === "atMost" ? tb - ta <= c.us : tb - ta >= c.us;
}

/** One clock tells its events in their order. */
function keepsClocks(list: readonly Interval[], times: readonly number[]): boolean {
  return list.every((a, i) =>
    list.every((b, j) => i >= j || a.source !== b.source || (times[i] ?? 0) <= (times[j] ?? 0)),
  );
}

test("the solver finds a placement exactly when there is one", () => {
  let possible = 0;
  fc.assert(
    fc.property(puzzle, ([list, constraints]) => {
      const brute = placements(list).some(
        (times) => keepsClocks(list, times) && constraints.every((c) => satisfies(list, times, c)),
      );
      if (brute) possible++;
      expect(isPlaceable(list, constraints)).toBe(brute);
    }),
    { numRuns: 2000 },
  );
  expect(possible).toBeGreaterThan(200);
  expect(possible).toBeLessThan(1800);
});

test("events of one clock stay in order also next to others of it", () => {
  const events = [span(0, 9), span(0, 9), span(0, 9), point(3), point(7)];
  const before = (a: number, b: number): Constraint => ({ is: "before", a, b });
  // The second is before 3, so that the first is not behind 7; the third may be anywhere behind.
  const third = before(3, 2);
  expect(isPlaceable(events, [third, before(1, 3), before(4, 0)])).toBe(false);
  expect(isPlaceable(events, [third, before(1, 3)])).toBe(true);
  expect(isPlaceable(events, [third, before(4, 0)])).toBe(true);
});

test("a contradiction between wide intervals is found without trying every time", () => {
  const events = [span(0, 1e9, 1), span(0, 1e9, 2)];
  const begin = performance.now();
  expect(
    isPlaceable(events, [
      { is: "before", a: 0, b: 1 },
      { is: "before", a: 1, b: 0 },
    ]),
  ).toBe(false);
  expect(performance.now() - begin).toBeLessThan(1000);
});
