/** State by key: who goes when there is no room (LANGUAGE C.7). */
import { describe, expect, test } from "vitest";
import { KeyTable } from "../../../../runtime/engine/patterns/key-table.ts";

interface Progress {
  steps: number;
}

function tableOf(max: number, evict: "least_progress" | "oldest" = "least_progress") {
  return new KeyTable<Progress>({ max, evict, lifeUs: 1000, progressOf: (s) => s.steps });
}

/** `key` at `now`, advanced to `steps`. */
function put(table: KeyTable<Progress>, key: string, now: number, steps = 1): void {
  table.touch(key, now, () => ({ steps })).steps = steps;
  table.settle(key);
}

const present = (table: KeyTable<Progress>, keys: readonly string[]) =>
  keys.filter((k) => table.get(k) !== undefined);

describe("keys", () => {
  test("a flood of new keys never pushes out one that has advanced", () => {
    const table = tableOf(4);
    put(table, "chain", 0, 2);
    for (let i = 1; i <= 100; i++) put(table, `flood ${i}`, i);
    expect(table.get("chain")).toEqual({ steps: 2 });
    expect(table.evicted).toBe(97);
    expect(table.size).toBe(4);
  });

  test("nothing goes while there is room, however many have advanced", () => {
    const table = tableOf(4);
    for (const key of ["a", "b", "c", "d"]) put(table, key, 0, 2);
    expect(table.evicted).toBe(0);
    expect(present(table, ["a", "b", "c", "d"])).toEqual(["a", "b", "c", "d"]);
  });

  test("places lent to advanced keys go back, the least advanced of the oldest first", () => {
    const table = tableOf(4);
    for (const [key, steps] of Object.entries({ a: 3, b: 2, c: 3, d: 2 }))
      put(table, key, 0, steps);
    put(table, "new 1", 1);
    expect(present(table, ["a", "b", "c", "d"])).toEqual(["a", "c", "d"]);
    put(table, "new 2", 2);
    expect(present(table, ["a", "b", "c", "d"])).toEqual(["a", "c"]);
    // Half of the places are theirs: from now on new keys replace each other.
    put(table, "new 3", 3);
    expect(present(table, ["a", "c", "new 1", "new 2", "new 3"])).toEqual([
      "a",
      "c",
      "new 2",
      "new 3",
    ]);
  });

  test("with `evict oldest` the one that was touched longest ago goes", () => {
    const table = tableOf(2, "oldest");
    put(table, "chain", 0, 3);
    put(table, "b", 1);
    put(table, "c", 2);
    expect(present(table, ["chain", "b", "c"])).toEqual(["b", "c"]);
  });

  test("what is too old to matter makes room without being counted", () => {
    const table = tableOf(2);
    put(table, "a", 0, 2);
    put(table, "b", 0, 2);
    put(table, "c", 2000);
    expect(table.evicted).toBe(0);
    expect(table.size).toBe(1);
  });

  test("one that lost what it had is on probation again", () => {
    const table = tableOf(4);
    put(table, "a", 0, 2);
    put(table, "a", 1, 1);
    for (const [i, key] of ["x", "y", "z", "new"].entries()) put(table, key, 2 + i);
    expect(present(table, ["a", "x", "y", "z", "new"])).toEqual(["x", "y", "z", "new"]);
    expect(table.evictedAt).toBe(5);
  });

  test("one that goes on is the youngest of its segment", () => {
    const table = tableOf(3, "oldest");
    for (const [now, key] of ["a", "b", "c", "a", "d"].entries()) put(table, key, now);
    expect(present(table, ["a", "b", "c", "d"])).toEqual(["a", "c", "d"]);
  });

  test("is too old when nothing touched it for longer than its life", () => {
    const table = tableOf(8);
    put(table, "a", 0, 2);
    put(table, "b", 250);
    put(table, "c", 1000);
    expect(present(table, ["a", "b", "c"])).toEqual(["a", "b", "c"]);
    put(table, "c", 1250);
    expect(present(table, ["a", "b", "c"])).toEqual(["b", "c"]);
    put(table, "c", 1499);
    put(table, "c", 1500);
    expect(present(table, ["a", "b", "c"])).toEqual(["c"]);
    expect(table.evictedAt).toBe(Number.NEGATIVE_INFINITY);
  });

  test("of many protected only the oldest are looked at", () => {
    const table = tableOf(80);
    for (let i = 0; i < 80; i++) put(table, `key ${i}`, i, i === 63 ? 3 : i === 64 ? 2 : 4);
    put(table, "new", 80);
    expect(present(table, ["key 63", "key 64"])).toEqual(["key 64"]);
  });

  test("what is deleted is gone from either segment", () => {
    const table = tableOf(4);
    put(table, "a", 0);
    put(table, "b", 0, 2);
    table.delete("a");
    table.delete("b");
    expect(table.size).toBe(0);
  });

  test("goes on from what was saved", () => {
    const old = tableOf(2);
    put(old, "a", 0, 2);
    put(old, "b", 1);
    put(old, "c", 200);
    const table = tableOf(2);
    table.restore(old.save());
    expect(present(table, ["a", "b", "c"])).toEqual(["a", "c"]);
    expect([table.evicted, table.evictedAt, table.size]).toEqual([1, 200, 2]);
    expect(table.states).toEqual([{ steps: 1 }, { steps: 2 }]);
    put(table, "d", 201);
    expect(present(table, ["a", "c", "d"])).toEqual(["a", "d"]);
  });

  test("looks for what is too old when the one it goes on from would have", () => {
    const old = tableOf(4);
    put(old, "a", 0);
    put(old, "b", 900);
    const table = tableOf(4);
    table.restore(old.save());
    put(table, "c", 1100);
    expect(table.size).toBe(3);
    put(table, "c", 1150);
    expect(table.size).toBe(2);
  });

  test("that are more than there is room for go, and half of it belongs to the advanced", () => {
    const old = tableOf(4);
    for (const [key, steps] of Object.entries({ a: 3, b: 1, c: 2, d: 1 })) put(old, key, 0, steps);
    const table = tableOf(2);
    table.restore(old.save());
    table.fit(7);
    expect(present(table, ["a", "b", "c", "d"])).toEqual(["a", "d"]);
    expect([table.evicted, table.evictedAt]).toEqual([2, 7]);
  });

  test("that are not there have no place", () => {
    const table = tableOf(2);
    table.settle("nobody");
    expect([table.size, table.get("nobody")]).toEqual([0, undefined]);
  });

  test("of an odd number of places the larger half belongs to the advanced", () => {
    const table = tableOf(3);
    put(table, "a", 0, 2);
    put(table, "b", 1, 2);
    put(table, "x", 2);
    put(table, "y", 3);
    expect(present(table, ["a", "b", "x", "y"])).toEqual(["a", "b", "y"]);
  });

  test("an advanced one goes where there is no other", () => {
    const table = tableOf(1);
    put(table, "a", 0, 2);
    put(table, "b", 1);
    expect(present(table, ["a", "b"])).toEqual(["b"]);
  });
});
