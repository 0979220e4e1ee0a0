/** What was given up for room: which of it is remembered. */
import { describe, expect, test } from "vitest";
import type { CoreRule } from "#core";
import { GivenUpList } from "../../../../runtime/engine/findings/given-up.ts";

const rule = (name: string) => ({ module: "m", name }) as CoreRule;
const shown = (list: GivenUpList, name: string) =>
  list.all.filter((g) => g.rule === `m.${name}`).map((g) => `${g.key} ${g.reached}@${g.at}`);

/** So many of `name`, all as far and of one time. */
function addMany(list: GivenUpList, name: string, count: number, reached: number, at: number) {
  for (let i = 0; i < count; i++) list.add(rule(name), `k${i}`, reached, at);
}

describe("what was given up for room", () => {
  test("is told furthest first, of equally far ones the latest; eight of a rule", () => {
    const list = new GivenUpList();
    for (const [key, reached, at] of [
      ["a", 2, 1],
      ["b", 1, 2],
      ["c", 3, 3],
      ["d", 2, 4],
      ["e", 0, 5],
    ] as const)
      list.add(rule("r"), key, reached, at);
    expect(shown(list, "r")).toEqual(["c 3@3", "d 2@4", "a 2@1", "b 1@2", "e 0@5"]);
    for (const [i, key] of ["f", "g", "h"].entries()) list.add(rule("r"), key, 4, 6 + i);
    expect(shown(list, "r")).toHaveLength(8);
    list.add(rule("r"), "i", 5, 9);
    expect(shown(list, "r").at(-1)).toBe("b 1@2");
    list.add(rule("r"), "j", 0, 10);
    expect(shown(list, "r").map((s) => s[0])).toEqual([..."ihgfcdab"]);
  });

  test("is 256 in all: one goes of the rule whose last is the least far, then oldest", () => {
    const list = new GivenUpList();
    // Each is of a rule of its own, so that nothing is left of a rule when it goes.
    list.add(rule("lone"), "k", 1, 9);
    addMany(list, "two", 8, 2, 9);
    addMany(list, "nine", 7, 9, 9);
    list.add(rule("nine"), "last", 1, 10);
    addMany(list, "five", 8, 5, 9);
    for (let i = 0; i < 28; i++) addMany(list, `r${i}`, 8, 7, 9);
    addMany(list, "new", 7, 6, 9);
    expect(list.all).toHaveLength(256);
    list.add(rule("new"), "more", 6, 9);
    expect(list.all).toHaveLength(256);
    expect(shown(list, "lone")).toEqual([]);
    list.add(rule("newer"), "k", 6, 8);
    expect(list.all).toHaveLength(256);
    expect([shown(list, "nine"), shown(list, "two")].map((s) => s.length)).toEqual([7, 8]);
    list.add(rule("newer"), "k", 6, 9);
    expect([list.all.length, shown(list, "two").length]).toEqual([256, 7]);
  });

  test.each<[string, readonly [number, number], readonly [number, number], string]>([
    ["the least far, though later", [1, 20], [2, 10], "a"],
    ["the least far, though told of last", [2, 10], [1, 20], "b"],
    ["of equally far ones the oldest", [1, 10], [1, 20], "a"],
    ["of equally far ones the oldest, though told of last", [1, 20], [1, 10], "b"],
  ])("gives up %s", (_, a, b, gone) => {
    const list = new GivenUpList();
    list.add(rule("a"), "k", ...a);
    list.add(rule("b"), "k", ...b);
    for (let i = 0; i < 31; i++) addMany(list, `r${i}`, 8, 9, 15);
    addMany(list, "new", 7, 9, 15);
    const left = gone === "a" ? "b" : "a";
    expect(list.all).toHaveLength(256);
    expect([shown(list, gone).length, shown(list, left).length]).toEqual([0, 1]);
  });
});
