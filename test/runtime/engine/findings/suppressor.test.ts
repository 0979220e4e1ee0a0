/** `suppress` and `rate` against their definitions, and what they forget. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RateLimiter, Suppressor } from "../../../../runtime/engine/findings/suppressor.ts";

type Match = readonly [key: string, at: number];
const roomy = 100;

/** Whether a match is emitted, if nothing else withholds it. */
function isEmitted(policy: Suppressor | RateLimiter, key: string, at: number): boolean {
  const isAdmitted = policy.admits(key, at);
  if (isAdmitted) policy.onEmitted(key, at);
  return isAdmitted;
}

/** Matches in the order of their times. */
const matches: fc.Arbitrary<Match[]> = fc
  .array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.nat({ max: 30 })), { maxLength: 25 })
  .map((list) => list.sort((a, b) => a[1] - b[1]));

/** The matches that are told when `isTold` decides, knowing those of the same key told before. */
function told(list: readonly Match[], isTold: (at: number, before: readonly number[]) => boolean) {
  const byKey = new Map<string, number[]>();
  return list.filter(([key, at]) => {
    const before = byKey.get(key) ?? [];
    if (!isTold(at, before)) return false;
    byKey.set(key, [...before, at]);
    return true;
  });
}

test("one that is admitted and not emitted stands in the way of none", () => {
  const suppressor = new Suppressor(10, roomy);
  const limiter = new RateLimiter(1, 10, roomy);
  for (const policy of [suppressor, limiter]) {
    expect([policy.admits("a", 0), policy.admits("a", 1)]).toEqual([true, true]);
    policy.onEmitted("a", 1);
    expect([policy.admits("a", 10), policy.admits("a", 11)]).toEqual([false, true]);
  }
});

describe("suppress", () => {
  test("a key is told again when the time since it was told last is over", () => {
    fc.assert(
      fc.property(matches, fc.integer({ min: 1, max: 8 }), (list, us) => {
        const suppressor = new Suppressor(us, roomy);
        const admitted = list.filter(([key, at]) => isEmitted(suppressor, key, at));
        expect(admitted).toEqual(told(list, (at, before) => at - (before.at(-1) ?? -us) >= us));
        expect(suppressor.evicted).toBe(0);
      }),
    );
  });

  test("beyond the bound the key told longest ago is forgotten, and that is counted", () => {
    const suppressor = new Suppressor(100, 2);
    for (const [at, key] of ["a", "b", "c"].entries()) isEmitted(suppressor, key, at);
    expect(suppressor.evicted).toBe(1);
    expect(isEmitted(suppressor, "b", 5)).toBe(false);
    expect(isEmitted(suppressor, "c", 5)).toBe(false);
    expect(isEmitted(suppressor, "a", 5)).toBe(true);
    expect(suppressor.evicted).toBe(2);
  });

  test("what is told again is the youngest", () => {
    const suppressor = new Suppressor(10, 2);
    for (const [key, at] of [
      ["a", 0],
      ["b", 9],
      ["a", 10],
      ["c", 11],
    ] as const)
      expect(isEmitted(suppressor, key, at)).toBe(true);
    expect(isEmitted(suppressor, "a", 12)).toBe(false);
    expect(isEmitted(suppressor, "b", 12)).toBe(true);
  });

  test("what is over is forgotten and not counted", () => {
    const suppressor = new Suppressor(10, 2);
    for (const [at, key] of [
      [0, "a"],
      [0, "b"],
      [10, "c"],
      [10, "d"],
    ] as const)
      isEmitted(suppressor, key, at);
    expect(suppressor.evicted).toBe(0);
    expect(suppressor.save().since.size).toBe(2);
  });

  test("goes on from what was saved", () => {
    const old = new Suppressor(10, 1);
    for (const [key, at] of [
      ["a", 0],
      ["a", 1],
      ["b", 2],
    ] as const)
      isEmitted(old, key, at);
    const suppressor = new Suppressor(10, 1);
    suppressor.restore(old.save());
    expect(suppressor.evicted).toBe(1);
    expect(isEmitted(suppressor, "b", 3)).toBe(false);
    suppressor.reset();
    expect(isEmitted(suppressor, "b", 3)).toBe(true);
    expect(suppressor.evicted).toBe(1);
  });
});

describe("rate", () => {
  test("of a key at most so many are told in any such time", () => {
    const rates = fc.record({
      max: fc.integer({ min: 1, max: 3 }),
      us: fc.integer({ min: 1, max: 8 }),
    });
    fc.assert(
      fc.property(matches, rates, (list, { max, us }) => {
        const limiter = new RateLimiter(max, us, roomy);
        const admitted = list.filter(([key, at]) => isEmitted(limiter, key, at));
        const isTold = (at: number, before: readonly number[]) =>
          before.filter((t) => t > at - us).length < max;
        expect(admitted).toEqual(told(list, isTold));
        expect(limiter.evicted).toBe(0);
      }),
    );
  });

  test("beyond the bound the key told longest ago is forgotten, and that is counted", () => {
    const limiter = new RateLimiter(1, 100, 2);
    for (const [at, key] of ["a", "b", "c"].entries()) isEmitted(limiter, key, at);
    expect(limiter.evicted).toBe(1);
    expect(isEmitted(limiter, "b", 5)).toBe(false);
    expect(isEmitted(limiter, "c", 5)).toBe(false);
    expect(isEmitted(limiter, "a", 5)).toBe(true);
  });

  test("what is told again is the youngest", () => {
    const limiter = new RateLimiter(2, 10, 2);
    for (const [key, at] of [
      ["a", 0],
      ["b", 8],
      ["a", 9],
      ["c", 11],
    ] as const)
      expect(isEmitted(limiter, key, at)).toBe(true);
    expect(limiter.evicted).toBe(1);
    expect([...limiter.save().times.keys()]).toEqual(["a", "c"]);
  });

  test("a key is over when its last emission is, and that is not counted", () => {
    const limiter = new RateLimiter(2, 10, 2);
    for (const [key, at] of [
      ["a", 0],
      ["b", 0],
      ["a", 1],
      ["c", 10],
      ["d", 11],
    ] as const)
      isEmitted(limiter, key, at);
    expect(limiter.evicted).toBe(0);
    expect([...limiter.save().times]).toEqual([
      ["c", [10]],
      ["d", [11]],
    ]);
  });

  test("goes on from what was saved", () => {
    const old = new RateLimiter(1, 10, 1);
    for (const [key, at] of [
      ["a", 0],
      ["a", 1],
      ["b", 2],
    ] as const)
      isEmitted(old, key, at);
    const limiter = new RateLimiter(1, 10, 1);
    limiter.restore(old.save());
    expect(limiter.evicted).toBe(1);
    expect(isEmitted(limiter, "b", 3)).toBe(false);
    limiter.reset();
    expect(isEmitted(limiter, "b", 3)).toBe(true);
    expect(limiter.evicted).toBe(1);
  });
});
