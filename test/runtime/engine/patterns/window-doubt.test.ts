/** What findings of windows say of what had to go: neither too little nor too much (C.7). */
import { describe, expect, test } from "vitest";
import { Fed, over } from "./windows-by-hand.ts";

const told = (rule: string, room: { values?: number; keys?: number }, lines: readonly string[]) =>
  new Fed(rule, { room }).tell(...lines).upTo(1000).told;

describe("a value that had to go", () => {
  // Whole panes: at 11 they begin at 0.
  const sliding = over("sliding 10s resolution 5s", "p50(e.x) > 0 and last(e.x) > 0");

  test("is missed as long as a whole pane might hold it", () => {
    const lines = (first: number) => [`a ${first} x=0`, `a ${first} x=0`, `a ${first} x=0`];
    const room = { values: 2 };
    expect(told(sliding, room, [...lines(0.5), "a 11 x=1", "a 11 x=1"]).at(-1)).toMatch(/in doubt/);
    expect(told(sliding, room, [...lines(0), "a 10 x=1", "a 10 x=1"])).toEqual(["10: 1"]);
    expect(told(sliding, room, [...lines(0.001), "a 10 x=1", "a 10 x=1"]).at(-1)).toMatch(
      /in doubt/,
    );
  });

  test("is missed by the pane it came in, from its very beginning on", () => {
    const tumbling = over("tumbling 10s", "p50(e.x) > 0");
    expect(told(tumbling, { values: 2 }, ["a 10 x=0", "a 11 x=1", "a 12 x=1"])).toEqual([
      "20: 3 in doubt",
    ]);
    // The pane before counts, too: it decides whether this one is the first.
    const before = Array.from({ length: 4 }, () => "a 9.999999 x=0");
    const [next, later] = [["a 11 x=1"], ["a 15 x=0", "a 21 x=1"]];
    expect(told(tumbling, { values: 2 }, [...before, ...next])).toEqual(["20: 1 in doubt"]);
    expect(told(tumbling, { values: 2 }, [...before, ...later])).toEqual(["30: 1"]);
    const first = Array.from({ length: 3 }, () => "a 10 x=0");
    expect(told(tumbling, { values: 2 }, [...first, "a 21 x=1"])).toEqual(["30: 1 in doubt"]);
  });

  test("is missed by a run of panes also when it went in a later one", () => {
    const closed = over("tumbling 10s", "p50(e.x) > 0", "emit close");
    const lines = ["a 1 x=1", "a 11 x=1", "a 12 x=1", "a 13 x=1"];
    expect(told(closed, { values: 2 }, lines)).toEqual(["30: 4 in doubt"]);
    expect(told(closed, { values: 4 }, lines)).toEqual(["30: 4"]);
    // Also in the pane that ended it.
    const ending = ["a 1 x=1", "a 11 x=0", "a 12 x=0", "a 13 x=0"];
    expect(told(closed, { values: 2 }, ending)).toEqual(["20: 1 in doubt"]);
  });

  test("is missed by its session, also the first, and by no other", () => {
    const session = over("session gap 5s max 12s", "p50(e.x) > 0");
    const lines = ["a 1 x=1", "a 2 x=1", "a 3 x=1", "a 20 x=1"];
    expect(told(session, { values: 2 }, lines)).toEqual(["8: 3 in doubt", "25: 1"]);
    // One that ends at its maximum leaves open where the next one begins.
    const long = ["a 1 x=1", "a 2 x=1", "a 5 x=1", "a 9 x=1", "a 13 x=1", "a 30 x=1"];
    expect(told(session, { values: 3 }, long)).toEqual([
      "13: 4 in doubt",
      "18: 1 in doubt",
      "35: 1",
    ]);
  });

  test("is missed by the episode in which it went, and by no later one", () => {
    const rule = over("sliding 4s resolution 1s", "p50(e.x) > 0", "emit close");
    const lines = ["a 1 x=1", "a 2 x=1", "a 3 x=1", "a 20 x=1"];
    expect(told(rule, { values: 2 }, lines)).toEqual(["7: 3 in doubt", "24: 1"]);
    // It was false when one more would have made it true: the next one may have begun earlier.
    const low = ["a 1 x=1", "a 1.1 x=0", "a 1.2 x=0", "a 6 x=1", "a 6.1 x=0", "a 6.2 x=0"];
    expect(told(rule, { values: 2 }, low).at(-1)).toMatch(/^6/);
  });

  test("leaves the past in doubt for good only where the past asks for it", () => {
    const rule = (past: string) =>
      over("sliding 4s resolution 1s", `p50(e.x) > 0 and zscore(${past}, half_life: 1h) < 9`);
    const lines = ["a 0 x=1", "a 0.2 x=2", "a 0.4 x=5", "a 9 x=9", "a 60 x=2"];
    expect(told(rule("count()"), { values: 2 }, lines).at(-1)).toBe("60: 1");
    expect(told(rule("p50(e.x)"), { values: 2 }, lines).at(-1)).toBe("60: 1 in doubt");
  });
});

describe("a key that had to go", () => {
  test("is in doubt as long as a window might hold what it had", () => {
    const exact = over("sliding 10s resolution 4s", "count() >= 2");
    // It went at 0.5: the exact span at 11 begins behind that, a whole pane ahead of it.
    const lines = ["a 0.1 k=1", "a 0.5 k=2", "a 10.9 k=1", "a 11 k=1"];
    expect(told(exact, { keys: 1 }, lines)).toEqual(["11: 2"]);
    expect(told(exact, { keys: 1 }, [...lines.slice(0, 2), "a 3 k=1", "a 4 k=1"])).toEqual([
      "4: 2 in doubt",
    ]);
    const paned = over("sliding 10s resolution 4s", "count() >= 2 and sum(e.x) >= 2");
    const summed = lines.map((line) => `${line} x=1`);
    expect(told(paned, { keys: 1 }, summed)).toEqual(["11: 2 in doubt"]);
  });

  test("is in doubt in an episode that begins while it is", () => {
    const rule = over("sliding 4s", "last(e.x) > 0", "emit close");
    const lines = ["a 0 k=1 x=1", "a 1 k=2", "a 2 k=1 x=1", "a 7 k=1 x=1", "a 30 k=1 x=1"];
    expect(told(rule, { keys: 1 }, lines)).toEqual(["6: 1 in doubt", "11: 1", "34: 1"]);
    // It began in doubt, and lasted until there was none.
    const long = ["a 0 k=1 x=1", "a 1 k=2", "a 2 k=1 x=1", "a 4 k=1 x=1", "a 6 k=1 x=1"];
    expect(told(rule, { keys: 1 }, long)).toEqual(["10: 3 in doubt"]);
    // It may have been true before, where it was false.
    const over5 = over("sliding 4s", "count() >= 2", "emit close");
    const late = ["a 0 k=1", "a 1 k=2", "a 3 k=1", "a 5.5 k=1"];
    expect(told(over5, { keys: 1 }, late)).toEqual(["9.5: 2 in doubt"]);
  });

  test("is in doubt in the session that may go on, and in that which follows on it", () => {
    const rule = over("session gap 5s max 12s", "count() >= 1");
    const lines = ["a 0 k=1", "a 0.5 k=2", "a 1 k=1", "a 5 k=1", "a 9 k=1", "a 13 k=1"];
    expect(told(rule, { keys: 1 }, [...lines, "a 40 k=1"])).toEqual([
      "13: 3 in doubt",
      "18: 1 in doubt",
      "45: 1",
    ]);
    expect(told(rule, { keys: 1 }, ["a 0 k=1", "a 0.5 k=2", "a 6 k=1"])).toEqual([
      "5.5: 1",
      "11: 1",
    ]);
  });

  test("is not in doubt in panes that begin behind that", () => {
    const rule = over("tumbling 10s", "count() >= 1");
    const lines = ["a 1 k=1", "a 2 k=2", "a 3 k=1", "a 45 k=1"];
    expect(told(rule, { keys: 1 }, lines)).toEqual(["10: 1 in doubt", "50: 1"]);
  });

  test("has a past in doubt for good", () => {
    const rule = over(
      "sliding 4s resolution 1s",
      "count() > 0 and zscore(count(), half_life: 1h, floor: 1) < 9",
    );
    const lines = ["a 0 k=1", "a 1 k=2", "a 2 k=1", "a 60 k=1"];
    expect(told(rule, { keys: 1 }, lines).at(-1)).toBe("60: 1 in doubt");
    expect(told(rule, { keys: 2 }, lines).at(-1)).toBe("60: 1");
  });

  test("is counted and in doubt also after a restart", () => {
    const rule = over("sliding 10s", "count() >= 2");
    const fed = new Fed(rule, { room: { keys: 1 } }).tell("a 1 k=1", "a 2 k=2").upTo(3).restart();
    expect(fed.evicted.keys).toBe(1);
    expect(fed.tell("a 4 k=1", "a 5 k=1").upTo(6).told).toEqual(["5: 2 in doubt"]);
    const values = new Fed(over("sliding 10s", "p50(e.x) >= 2"), { room: { values: 2 } });
    values.tell("a 1 x=1", "a 2 x=1", "a 3 x=1").upTo(4).restart();
    expect(values.evicted.windowEvents).toBe(1);
  });
});

test("with fewer keys those that are too many go at once, and are counted", () => {
  const rule = (max: number) => over("sliding 10s", "count() >= 3", `keys max ${max}`);
  const fed = new Fed(rule(4)).tell("a 1 k=1", "a 1 k=2", "a 2 k=1", "a 2 k=3").upTo(3);
  fed.reload(rule(3));
  expect(fed.evicted.keys).toBe(0);
  fed.reload(rule(1));
  expect(fed.evicted.keys).toBe(2);
  expect(fed.tell("a 4 k=1").upTo(5).told).toEqual(["4: 3"]);
});

test("of more matches at one time than wait for those before them the first are told", () => {
  const rule = over("sliding 5s", "last(e.x) > 0", "emit close\nkeys max 1");
  const lines = (count: number) =>
    Array.from({ length: count }, () => ["a 1 x=1", "a 1 x=0"]).flat();
  const enough = new Fed(rule).tell(...lines(4)).upTo(9);
  expect([enough.told.length, enough.engine.counters.hurried]).toEqual([4, 0]);
  const more = new Fed(rule)
    .tell(...lines(7))
    .upTo(9)
    .restart();
  expect([more.told.length, more.engine.counters.hurried]).toEqual([7, 3]);
  // What is told when it begins does not wait.
  const begun = new Fed(rule.replace("emit close", "")).tell(...lines(7)).upTo(9);
  expect([begun.told.length, begun.engine.counters.hurried]).toEqual([7, 0]);
});

test("lives that are too short for a pane are forgotten as others are, and nothing is in doubt", () => {
  const rule = `rule r { match over e: t.a tumbling 10s by same pod having count() < 1
    explain { root e summary "none" } }`;
  const fed = new Fed(rule);
  for (let i = 0; i < 40; i++) {
    fed.pod("p1", 20 * i + 1, undefined).upTo(20 * i + 2);
    fed.pod("p1", 20 * i + 1, 20 * i + 14).upTo(20 * i + 15);
  }
  fed.pod("p1", 801).upTo(825);
  expect(fed.evicted.windowEvents).toBe(0);
  expect(fed.told).toEqual(["820: none"]);
});
