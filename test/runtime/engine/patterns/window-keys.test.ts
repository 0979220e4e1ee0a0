/** Keys of windows: who goes when there is no room (LANGUAGE C.7). */
import { describe, expect, test } from "vitest";
import { WindowKeys } from "../../../../runtime/engine/patterns/window/keys.ts";

type Keys = WindowKeys<string>;

function keysOf(max: number, evict: "least_progress" | "oldest" = "least_progress") {
  const gone: string[] = [];
  const keys = new WindowKeys<string>(max, evict, (key, reached, now) =>
    gone.push(`${key} ${reached} at ${now}`),
  );
  return { keys, gone };
}

/** An event of `key` at `now`; `isAdvanced`: it is not the first in its window. */
function put(keys: Keys, key: string, now: number, isAdvanced = false): void {
  if (keys.get(key) === undefined) keys.add(key, `state of ${key}`, now);
  keys.touch(key, now, isAdvanced);
}

const present = (keys: Keys, names: string) =>
  [...names].filter((key) => keys.get(key) !== undefined).join("");

describe("keys of windows", () => {
  test("that have only begun make room for each other, the longest untouched first", () => {
    const { keys, gone } = keysOf(3);
    for (const [now, key] of [..."abcad"].entries()) put(keys, key, now);
    expect(present(keys, "abcd")).toBe("acd");
    expect(gone).toEqual(["b 1 at 4"]);
    expect([keys.evicted, keys.evictedAt, keys.size]).toEqual([1, 4, 3]);
  });

  test("that have come further stay, as long as there is one that has only begun", () => {
    const { keys } = keysOf(2);
    put(keys, "a", 0, true);
    for (const [now, key] of [..."bcde"].entries()) put(keys, key, now + 1);
    expect(present(keys, "abcde")).toBe("ae");
    expect(keys.evicted).toBe(3);
  });

  test("go, too, where all have come further", () => {
    const { keys } = keysOf(1);
    put(keys, "a", 0, true);
    put(keys, "b", 1);
    expect(present(keys, "ab")).toBe("b");
  });

  test("are protected up to half of the room, the larger half of an odd number", () => {
    const { keys } = keysOf(3);
    for (const [now, key] of [..."abc"].entries()) put(keys, key, now, true);
    // Of three that have come further the one touched longest ago is as one that has only begun.
    put(keys, "x", 3);
    put(keys, "y", 4);
    expect(present(keys, "abcxy")).toBe("bcy");
    const even = keysOf(4).keys;
    for (const [now, key] of [..."abcd"].entries()) put(even, key, now, true);
    for (const [now, key] of [..."vwxyz"].entries()) put(even, key, 4 + now);
    expect(present(even, "abcdvwxyz")).toBe("cdyz");
  });

  test("with `evict oldest` are all alike", () => {
    const { keys } = keysOf(2, "oldest");
    put(keys, "a", 0, true);
    put(keys, "b", 1);
    put(keys, "c", 2);
    expect(present(keys, "abc")).toBe("bc");
  });

  test("that nothing has touched since are forgotten, which is not counted", () => {
    const { keys, gone } = keysOf(8);
    put(keys, "a", 0, true);
    put(keys, "b", 1);
    put(keys, "c", 5, true);
    put(keys, "d", 6);
    keys.forgetBefore(5);
    expect(present(keys, "abcd")).toBe("cd");
    expect([keys.evicted, gone]).toEqual([0, []]);
  });

  test("that are more than there is room for go, and no others", () => {
    const old = keysOf(4).keys;
    for (const [now, key] of [..."abcd"].entries()) put(old, key, now, key === "a");
    const same = keysOf(4).keys;
    same.restore(old.save());
    same.fit(9);
    expect([present(same, "abcd"), same.evicted]).toEqual(["abcd", 0]);
    const { keys, gone } = keysOf(2);
    keys.restore(old.save());
    keys.fit(9);
    expect(present(keys, "abcd")).toBe("ad");
    expect(gone).toEqual(["b 1 at 9", "c 1 at 9"]);
    expect(keys.states).toEqual(["state of d", "state of a"]);
  });

  test("go on from what was saved, with what was given up and when", () => {
    const old = keysOf(1).keys;
    put(old, "a", 0);
    put(old, "b", 7);
    const { keys } = keysOf(1);
    keys.restore(old.save());
    expect([present(keys, "ab"), keys.evicted, keys.evictedAt]).toEqual(["b", 1, 7]);
  });

  test("that are not there have no place", () => {
    const { keys } = keysOf(2);
    keys.touch("nobody", 0, true);
    keys.delete("nobody");
    expect([keys.size, keys.get("nobody"), keys.states]).toEqual([0, undefined, []]);
  });

  test("that are deleted are gone, however far they have come", () => {
    const { keys } = keysOf(4);
    put(keys, "a", 0);
    put(keys, "b", 0, true);
    keys.delete("a");
    keys.delete("b");
    expect(keys.size).toBe(0);
  });
});
