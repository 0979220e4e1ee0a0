/** Panes alone and in runs, of keys and of entities: which are decided, and when (C.4). */
import { describe, expect, test } from "vitest";
import { found } from "../../core/ir/by-hand.ts";
import { Fed, over } from "./windows-by-hand.ts";

const quiet = (policies = "", shape = "tumbling 10s", where = "") =>
  `rule r { match over e: t.a ${where} ${shape} by same pod having count() == 0\n${policies}
  explain { root e summary "{count()}" } }`;
const abouts = (fed: Fed) =>
  fed.findings.map(({ at, entity, degraded }) => [
    new Date(at / 1000).getUTCSeconds(),
    entity.pod,
    ...(degraded.length > 0 ? ["in doubt"] : []),
  ]);

describe("which are decided", () => {
  test("none between those near an event and those near the next one", () => {
    // The past keeps the key; what was lost leaves the first empty pane untold.
    const rule = over(
      "tumbling 10s",
      "count() == 0",
      "on loss drop",
      "{baseline(count(), half_life: 1h)}",
    );
    expect(found(rule, ["a 3", "a 33"], { lost: { fast: 15 } })).toEqual(["r@50"]);
    expect(found(rule, ["a 3", "a 23"], { lost: { fast: 15 } })).toEqual(["r@40"]);
  });

  test("none that is near neither of two events, though a run ends with it", () => {
    const rule = over("tumbling 10s", "count() == 0", "emit close");
    expect(found(rule, ["a 3", "a 30"])).toEqual(["r@30", "r@60"]);
  });

  test("an entity is judged through the last life that was told, and no longer", () => {
    const fed = new Fed(quiet("emit close")).pod("p1", 0).pod("p1", 0, 35);
    fed.tell("a 90 pod=p2").upTo(99);
    expect(abouts(fed).at(-1)).toEqual([40, "p1"]);
  });

  test("an entity is judged from when it is told of on, not in panes that are over", () => {
    const at = (now: number, up: number) => {
      const fed = new Fed(quiet()).tell(`a ${now} pod=p2`).upTo(now + 0.1);
      return abouts(fed.pod("p1", up).upTo(59)).filter(([, pod]) => pod === "p1");
    };
    expect(at(25, 0)).toEqual([[30, "p1"]]);
    expect(at(20, 0)).toEqual([[20, "p1"]]);
    expect(at(21, 25)).toEqual([[40, "p1"]]);
  });

  test("that something was decided is known as well as that an event came", () => {
    const begun = () => new Fed(quiet()).tell("a 1 pod=p2").upTo(25.5);
    for (const fed of [begun(), begun().restart()])
      expect(abouts(fed.pod("p1", 0).upTo(35)).filter(([, pod]) => pod === "p1")).toEqual([
        [20, "p1"],
      ]);
  });

  test("of more lives of an entity than are kept the first goes, which is counted", () => {
    const fed = new Fed(quiet()).tell("a 1 pod=p2");
    fed.upTo(2);
    for (let i = 0; i < 16; i++) fed.pod("p1", 10 * i + 20, 10 * i + 25);
    expect(fed.evicted.windowEvents).toBe(0);
    for (let i = 16; i < 18; i++) fed.pod("p1", 10 * i + 20, 10 * i + 25);
    expect(fed.evicted.windowEvents).toBe(2);
    expect(fed.restart().evicted.windowEvents).toBe(2);
  });

  test("lives that are over make room for others by themselves", () => {
    const fed = new Fed(quiet());
    for (let i = 0; i < 40; i++) fed.pod("p1", 20 * i, 20 * i + 18).upTo(20 * i + 19);
    expect(fed.evicted.windowEvents).toBe(0);
    expect(fed.findings).toHaveLength(40);
  });

  test("of more lives than are kept the first is not judged, and the last is", () => {
    const told = (count: number) => {
      const fed = new Fed(quiet()).tell("a 1 pod=p2").upTo(2).pod("p1", 10, 20);
      for (let i = 0; i < count; i++) fed.pod("p1", 20 + i, 20.5 + i);
      return abouts(fed.pod("p1", 40, 50).upTo(55)).filter(([, pod]) => pod === "p1");
    };
    expect(told(14)).toEqual([
      [20, "p1"],
      [50, "p1"],
    ]);
    expect(told(15).map(([second]) => second)).toEqual([50]);
  });

  test("of lives that had to go the first is missed: what could be told then is in doubt", () => {
    const lives = (fed: Fed, count: number) => {
      for (let i = 0; i < count; i++) fed.pod("p1", 50 + i, 50.5 + i);
      return fed;
    };
    const told = (fed: Fed) => abouts(lives(fed.pod("p1", 0, 31), 15).upTo(48));
    expect(told(new Fed(quiet()).tell("a 1 pod=p1").upTo(15))).toEqual([[20, "p1"]]);
    const fed = lives(new Fed(quiet()).tell("a 1 pod=p1").upTo(15), 17);
    expect(abouts(fed.upTo(48))[0]?.[2]).toBe("in doubt");
  });
});

describe("what is in doubt", () => {
  const unknown = (lines: readonly string[], shape: string) =>
    found(quiet("", shape, "where e.x > 0").replace("same pod", "k"), lines);

  test("an event of unknown truth is remembered as long as a pane holds it", () => {
    const judged = (lines: readonly string[]) =>
      found(
        `rule r { match over e: t.a where e.x > 0 hop 10s every 5s by k having count() < 2 }`,
        lines,
      );
    expect(judged(["a 11", "a 19 x=1"])).toEqual(["r@20 e=a2 …!"]);
    expect(judged(["a 11", "a 16", "a 22 x=1"])).toEqual(["r@25 e=a3 …!"]);
    expect(judged(["a 11", "a 16", "a 24 x=1", "a 24.5 x=1", "a 31 x=1"])).toHaveLength(1);
    expect(judged(["a 5", "a 15 x=1"])).toEqual(["r@20 e=a2"]);
    expect(judged(["a 14.9", "a 15 x=1"])).toEqual(["r@20 e=a2 …!"]);
    expect(judged(["a 15", "a 15 x=1"])).toEqual(["r@20 e=a2 …!"]);
    expect(judged(["a 20", "a 20 x=1"])).toEqual(["r@25 e=a2 …!"]);
  });

  test("one that came before a pane, or at its end, leaves no doubt in it", () => {
    expect(unknown(["a 1 x=1", "a 9.9", "a 20"], "tumbling 10s")).toEqual(["r@20"]);
    expect(unknown(["a 1 x=1", "a 10"], "tumbling 10s")).toEqual(["r@20 …!"]);
    expect(unknown(["a 1 x=1", "a 3", "a 12", "a 19"], "tumbling 10s")).toEqual(["r@20 …!"]);
  });

  test("the first of each stretch is enough, and no later one is lost for it", () => {
    const lines = ["a 1 x=1", "a 6", "a 7", "a 12", "a 13"];
    expect(unknown(lines, "hop 10s every 5s")).toEqual(["r@15 …!"]);
    const apart = ["a 1 x=1", "a 2", "a 11 x=1", "a 19"];
    expect(unknown(apart, "tumbling 10s")).toEqual(["r@30"]);
    const next = ["a 1 x=1", "a 2", "a 11 x=1", "a 19", "a 21"];
    expect(unknown(next, "tumbling 10s")).toEqual(["r@30 …!"]);
  });

  test("an entity whose lives are known from the pane before on is not", () => {
    const rule = quiet();
    const told = (up: number) => {
      const fed = new Fed(rule, { room: { keys: 1 } });
      fed.pod("p1", up).pod("p2", up).tell("a 25 pod=p1").upTo(25.5).pod("p1", up);
      return abouts(fed.upTo(45)).at(-1);
    };
    expect(told(20)).toEqual([40, "p1"]);
    expect(told(25)).toEqual([40, "p1", "in doubt"]);
    const later = new Fed(rule, { room: { keys: 1 } });
    later.pod("p1", 10).pod("p2", 10).upTo(15).tell("a 16 pod=p1").upTo(18);
    later.pod("p1", 20).tell("a 31 pod=p1").upTo(59);
    expect(abouts(later).filter(([, pod]) => pod === "p1")).toEqual([
      [30, "p1", "in doubt"],
      [50, "p1"],
    ]);
  });

  test("an earlier life told after a restart does not settle what a later one might have", () => {
    const told = (isRestarted: boolean) => {
      const fed = new Fed(quiet(), { room: { keys: 1 } }).pod("p1", 5).pod("p2", 0);
      if (isRestarted) fed.restart();
      return abouts(fed.pod("p1", 0).tell("a 5 pod=p1").upTo(25));
    };
    expect(told(false)).toEqual([[20, "p1", "in doubt"]]);
    expect(told(true)).toEqual(told(false));
  });

  test("an entity is known for two lengths after its end, and then as one that had to go", () => {
    const told = (second: number) => {
      const fed = new Fed(quiet(), { room: { keys: 2 } }).pod("p1", 0, 5);
      fed.tell("a 6 pod=p2", "a 7 pod=p3").upTo(23).tell(`a ${second} pod=p1`);
      return abouts(fed.upTo(45)).at(-1);
    };
    expect(told(24)).toEqual([40, undefined]);
    expect(told(26)).toEqual([40, undefined, "in doubt"]);
  });

  test("a key that is no entity is in doubt only in what may lack its events", () => {
    const rule = over("tumbling 10s", "count() >= 2");
    const fed = new Fed(rule, { room: { keys: 1 } });
    fed.tell("a 1 k=1", "a 2 k=2", "a 41 k=1", "a 42 k=1").upTo(99);
    expect(fed.told).toEqual(["50: 2"]);
  });
});

describe("runs", () => {
  test("are told by the subject they had last", () => {
    // It is known for a length after its end, and the one that came last is it.
    const told = (down: number, lines: readonly string[]) =>
      found(quiet(), lines, { lives: [["pod p1", 0, down]] });
    expect(told(2, ["a 3 pod=p1"])).toEqual(["r@20(p1)"]);
    expect(told(2, ["a 12 pod=p1"])).toEqual(["r@30"]);
    expect(told(10, ["a 12 pod=p1"])).toEqual(["r@10(p1)", "r@30"]);
    expect(told(10.5, ["a 12 pod=p1"])).toEqual(["r@10(p1)", "r@30(p1)"]);
  });

  test("go on across a reload that does not ask anew", () => {
    const rule = (max: number) => over("tumbling 10s", "count() >= 1", `keys max ${max}`);
    const fed = new Fed(rule(64)).tell("a 1", "a 11").upTo(12);
    expect(fed.reload(rule(65))[0]?.class).not.toBe("drain");
    expect(fed.tell("a 22").upTo(50).told).toEqual(["10: 1"]);
  });

  test("evidence is what came in its panes, also when more came at the end of each", () => {
    const many = (at: number) => Array.from({ length: 17 }, () => `a ${at}`);
    const rule = over("hop 10s every 5s", "count() == 2");
    expect(found(rule, ["a 3", "a 4", ...many(10), ...many(15)])[0]).toBe("r@5 e=a1,a2");
    const tumbling = over("tumbling 10s", "count() == 2");
    expect(found(tumbling, ["a 3", "a 4", ...many(10), "a 21", "a 22", ...many(30)])).toEqual([
      "r@10 e=a1,a2",
      "r@30 e=a20,a21",
    ]);
  });
});

describe("keys whose windows fill", () => {
  const flood = (at: number) =>
    Array.from({ length: 30 }, (_, i) => `a ${at + i / 100} k=${100 + i}`);
  const told = (shape: string, lines: readonly string[], room = { keys: 8 }) =>
    new Fed(over(shape, "count() >= 3", "", "{e.k}"), { room }).tell(...lines).upTo(1000).told;

  test("is not pushed out by a flood of new keys, once it has two events", () => {
    for (const shape of [
      "tumbling 10s",
      "hop 10s every 5s",
      "session gap 5s max 20s",
      "sliding 10s",
    ]) {
      expect(told(shape, ["a 1", "a 2", ...flood(3), "a 4"])[0]).toMatch(/: 1$/);
      // The first of a window is not yet further than others are.
      expect(told(shape, ["a 1", ...flood(3), "a 4", "a 4.1"])).toEqual([]);
    }
  });

  test("has come further only by what is in its window", () => {
    expect(told("sliding 10s", ["a 1.5", "a 11", ...flood(11.1), "a 11.45"])).toEqual(["11.45: 1"]);
    expect(told("sliding 10s", ["a 1", "a 11", ...flood(11.1), "a 11.45", "a 11.46"])).toEqual([]);
    expect(told("sliding 10s", ["a 1", "a 12", ...flood(12.1), "a 12.45", "a 12.46"])).toEqual([]);
    expect(told("tumbling 10s", ["a 1", "a 12", ...flood(13), "a 14", "a 15"])).toEqual([]);
    expect(told("tumbling 10s", ["a 1", "a 10", "a 11", ...flood(13), "a 14"])).toEqual(["20: 1"]);
    expect(
      told("session gap 5s max 6s", ["a 1", "a 5", "a 8", ...flood(9), "a 10", "a 11"]),
    ).toEqual([]);
  });

  test("counts as such while it is known to be up", () => {
    const pods = Array.from({ length: 20 }, (_, i) => `a ${3 + i / 100} pod=q${i}`);
    const fed = new Fed(quiet(), { room: { keys: 4 } }).pod("p1", 0, 25).tell(...pods);
    expect(abouts(fed.upTo(11))).toEqual([[10, "p1"]]);
  });
});
