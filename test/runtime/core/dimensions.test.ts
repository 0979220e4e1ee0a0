/** What a finding says about how its events belong together, and its story in time. */
import { describe, expect, test } from "vitest";
import type { Finding } from "#core";
import { tell } from "./ir/by-hand.ts";

function first(rules: string, lines: readonly string[], setting = {}): Finding {
  const [found] = tell(rules, lines, setting).judgement.findings;
  if (!found) throw new Error("nothing was found");
  return found.finding;
}

function ties(f: Finding): Record<string, string> {
  return Object.fromEntries(f.dimensions.filter((d) => d.held).map((d) => [d.name, d.detail]));
}

describe("dimensions", () => {
  test("all four, each with what was seen and its weight", () => {
    const rule = `rule r { match sequence by same pod within 5s { p: t.a then q: t.b where q.x == p.x }
      explain { root p chain p -> q as "so" } }`;
    const found = first(rule, ["a 0 x=1 pod=p1 node=n1", "b 2 x=1 pod=p1 node=n1"]);
    expect(ties(found)).toEqual({
      temporal: "all within 2s",
      spatial: "same pod p1, same node n1",
      causal: "p led to q",
      semantic: "same x",
    });
    expect(found.dimensions.map((d) => d.weight)).toEqual([0.2, 0.3, 0.4, 0.1]);
  });

  test("a single event is tied to nothing", () => {
    expect(ties(first("rule r { match p: t.a }", ["a 0 pod=p1"]))).toEqual({});
  });

  test("a cause counts when both its ends happened", () => {
    const rule = `rule r { match sequence by k within 5s { p: t.a then optional q: t.b then s: t.c }
      explain { root p chain p -> q -> s as "so" } }`;
    expect(ties(first(rule, ["a 0", "c 1"])).causal).toBeUndefined();
    expect(ties(first(rule, ["a 0", "b 1", "c 2"])).causal).toBe("p led to q, q led to s");
  });

  test("different places are no tie", () => {
    const rule = "rule r { match sequence by k within 5s { p: t.a then q: t.b } }";
    const found = first(rule, ["a 0 pod=p1 node=n1", "b 1 pod=p2 node=n1"]);
    expect(ties(found)).toEqual({
      temporal: "all within 1s",
      spatial: "same node n1",
      semantic: "same k",
    });
  });

  test("an absence is tied by its silence to the entity it is about", () => {
    const rule = "rule r { match absent h: t.a for 10s for each pod }";
    const lives = [["pod p1", 0]] as const;
    expect(ties(first(rule, ["a 1 pod=p1"], { lives }))).toEqual({
      temporal: "nothing for 10s after the last",
      spatial: "same pod p1",
    });
    expect(ties(first(rule, [], { lives }))).toEqual({
      temporal: "nothing came",
      spatial: "same pod p1",
    });
  });
});

describe("timeline", () => {
  const story = (f: Finding) =>
    f.timeline.map((m) => `${m.what} ${m.step ?? ""} ${(m.ts - f.timeline[0]!.ts) / 1e6}`);

  test("events in the order of time, then the silence, then the end", () => {
    const rule = `rule r { match sequence by k within 5s { p: t.a repeat 2.. then q: t.b then no z: t.c for 3s }
      resolve on over_: t.d }`;
    expect(story(first(rule, ["a 0", "a 1", "b 2", "d 9"]))).toEqual([
      "event p 0",
      "event p 1",
      "event q 2",
      "silence  5",
      "resolved  9",
    ]);
  });

  test("of steps in any order as they happened", () => {
    const rule = "rule r { match all of by k within 5s { p: t.a\n q: t.b } }";
    expect(story(first(rule, ["b 0", "a 1"]))).toEqual(["event q 0", "event p 1"]);
  });
});
