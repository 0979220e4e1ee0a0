/** State by key: who goes when there is no room (LANGUAGE C.7). */
import { describe, expect, test } from "vitest";
import { KeyTable } from "../../../runtime/engine/key-table.ts";

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
});
