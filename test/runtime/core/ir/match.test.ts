/** What a match says of itself: its order, where it begins, which event is its root. */
import { describe, expect, test } from "vitest";
import { compareMatches, countOf, durationOf, type Match, rootOf, startOf } from "#core";
import { at, tell } from "./by-hand.ts";

const { unit, events } = tell("rule r { match sequence by k within 9s { p: t.a then q: t.b } }", [
  "a 1",
  "b 1",
  "b 3",
]);
const [rule] = unit.rules;
const [a, b, later] = events;
if (!rule || !a || !b || !later) throw new Error("no rule or no events");
const taken = (e: typeof a) => ({ first: e, last: e, count: 1, kept: [e] });
const match = (more: Partial<Match>): Match => ({
  rule,
  key: "",
  at: at(5),
  captures: [],
  last: undefined,
  isIncomplete: false,
  ...more,
});

test("matches are known in the order of time, then those without an event, then as in ≺", () => {
  const sorted = [
    match({ at: at(1), last: later }),
    match({ at: at(2) }),
    match({ at: at(2), last: a }),
    match({ at: at(2), last: b }),
    match({ at: at(3) }),
  ];
  for (const [i, x] of sorted.entries())
    for (const [j, y] of sorted.entries())
      expect(Math.sign(compareMatches(unit.schema, x, y))).toBe(Math.sign(i - j));
});

test("a match begins with its earliest event, its silence, or its window", () => {
  expect(startOf(match({}))).toBe(at(5));
  expect(startOf(match({ captures: [taken(later), undefined, taken(b)] }))).toBe(at(1));
  expect(startOf(match({ silentSince: at(2) }))).toBe(at(2));
  expect(startOf(match({ silentSince: at(2), captures: [taken(later)] }))).toBe(at(2));
  const view = { events: [later], panes: [], more: [], past: [], knownUs: 0, sizeUs: 4e6 };
  expect(startOf(match({ view, captures: [taken(later)] }))).toBe(at(1));
});

describe("the root", () => {
  const rooted = (root: Partial<typeof rule.explain.root>, captures: Match["captures"]) => {
    const explain = { ...rule.explain, root: { ...rule.explain.root, ...root } };
    return rootOf(match({ rule: { ...rule, explain }, captures, last: later }));
  };
  const of = { step: 0, pick: "first" } as const;

  test("is the event of its step, or the completing one where that was left out", () => {
    expect(rooted({ of }, [taken(a), taken(b)])).toEqual({ event: a, step: 0 });
    expect(rooted({ of }, [undefined, taken(b)])).toEqual({ event: later, step: 0 });
    const current = { step: "current", pick: "first" } as const;
    expect(rooted({ of: current }, [taken(a)])).toEqual({ event: later, step: undefined });
  });

  test("of `first_of` is the earliest, of two at one time that of the step named first", () => {
    expect(rooted({ of, firstOf: [0, 1] }, [taken(later), taken(b)])).toEqual({
      event: b,
      step: 1,
    });
    expect(rooted({ of, firstOf: [1, 0] }, [taken(a), taken(b)])).toEqual({ event: b, step: 1 });
    expect(rooted({ of, firstOf: [0, 1] }, [taken(a), taken(b)])).toEqual({ event: a, step: 0 });
    expect(rooted({ of, firstOf: [1] }, [taken(a), undefined])).toEqual({ event: a, step: 0 });
  });
});

test("a bound is a number, or what its parameter says; one without a value is our mistake", () => {
  const params = new Map([["n", 7]]);
  for (const bound of [durationOf, countOf]) {
    expect(bound(5, params)).toBe(5);
    expect(bound({ param: "n" }, params)).toBe(7);
    expect(() => bound({ param: "m" }, params)).toThrow("parameter m has no value");
  }
});
