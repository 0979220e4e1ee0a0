/** Whole units: derived events, rules over findings, subsumption, by hand. */

import { describe, expect, test } from "vitest";
import { compareEvents, type EventData, withDerived } from "#core";
import { compiled, eventsOf, found, tell } from "./ir/by-hand.ts";

describe("derived events", () => {
  const derives = `derive log.big from e: t.a where e.x > 5 set { x: e.x + 1 k: e.k }
derive log.huge from e: log.big where e.x > 10 set { k: e.k }\n`;

  test("are made of events and of each other, and matched like any", () => {
    const rule = `${derives}rule r { match sequence by k within 5s { p: log.big then q: log.huge } }`;
    expect(found(rule, ["a 0 x=6", "a 1 x=12", "a 2 x=3"])).toEqual(["r@1 p=a2 q=a2"]);
  });

  test("come directly after what they were made of", () => {
    const { unit } = compiled(`${derives}rule r { match p: log.big }`);
    const { events } = eventsOf(unit.schema, ["a 0 x=20", "b 0", "a 0 x=1"]);
    const all = withDerived(unit, new Map(), events);
    const kinds = (list: readonly EventData[]) => list.map((e) => unit.schema.kinds[e.kind]?.name);
    const sorted = [...all].reverse().sort((a, b) => compareEvents(unit.schema, a, b));
    expect(kinds(sorted)).toEqual(["t.a", "log.big", "log.huge", "t.b", "t.a"]);
    expect(new Set(sorted.slice(0, 3).map((e) => e.id)).size).toBe(1);
  });
});

describe("rules over findings", () => {
  const base = `rule base { severity error match p: t.a where p.x > 0
  explain { root p confidence 0.7 summary "x is {p.x}" } }\n`;

  test("see what a finding says and what it was made of", () => {
    const rule = `${base}rule top { match f: finding.base where f.severity == "error"
      and f.confidence > 0.6 and f.root.x == 4 and f.p.k == 1
      explain { root f summary "{f.summary} at {f.title}" } }`;
    const { judgement } = tell(rule, ["a 0 x=3", "a 1 x=4"]);
    const tops = judgement.findings.filter((f) => f.finding.rule === "top");
    expect(tops.map((f) => f.finding.summary)).toEqual(["x is 4 at base"]);
  });

  test("a finding comes after all events of its time", () => {
    const order = (steps: string) =>
      found(`${base}rule top { match sequence within 5s { ${steps} } }`, ["a 0 x=1", "b 0"]).filter(
        (f) => f.startsWith("top"),
      );
    expect(order("q: t.b then f: finding.base where f.p.k == q.k")).toHaveLength(1);
    expect(order("f: finding.base then q: t.b where f.p.k == q.k")).toHaveLength(0);
  });

  test("the key is readable", () => {
    const rule = `rule base { match sequence by k within 5s { p: t.a then q: t.b } }
      rule top { match f: finding.base where f.key == "7" }`;
    expect(found(rule, ["a 0 k=7", "b 1 k=7", "a 2 k=8", "b 3 k=8"])).toEqual([
      "base@1 p=a1 q=b1",
      "base@3 p=a2 q=b2",
      "top@1 f=@1",
    ]);
  });
});

describe("subsumption", () => {
  const rules = (clause: string, more = "") => `rule child { match c: t.a }
    rule parent { match p: t.b\n${clause}\n${more} }`;
  const parents = (text: string, lines: readonly string[]) => {
    const { findings } = tell(text, lines).judgement;
    const ids = new Map(findings.map((f) => [f.finding.id, f.finding.rule]));
    return findings
      .filter((f) => f.finding.rule === "child")
      .map((f) => (f.finding.parent === undefined ? "-" : ids.get(f.finding.parent)));
  };

  test("within a span before and after, under the same entity", () => {
    const lines = ["a 4 pod=p1", "a 5 pod=p2", "b 10 pod=p1", "a 15 pod=p1", "a 16 pod=p1", "a 6"];
    const text = rules("subsumes child by same pod within 5s");
    // In order of time: 4 is too early, 5 is another pod, 6 has none, 15 is the last, 16 too late.
    expect(parents(text, lines)).toEqual(["-", "-", "-", "parent", "-"]);
  });

  test("not where neither has such an entity", () => {
    expect(parents(rules("subsumes child by same pod within 5s"), ["a 9", "b 10"])).toEqual(["-"]);
  });

  test("without a span while the parent is open", () => {
    const lines = ["a 9 k=1", "b 10 k=1", "a 12 k=1", "a 25 k=1"];
    const text = rules("subsumes child", "resolve after 10s quiet");
    expect(parents(text, lines)).toEqual(["-", "parent", "-"]);
    expect(parents(rules("subsumes child"), lines)).toEqual(["-", "parent", "parent"]);
  });
});

describe("findings of every pattern", () => {
  const first = (text: string, lines: readonly string[], setting?: Parameters<typeof tell>[2]) => {
    const finding = tell(text, lines, setting).judgement.findings[0]?.finding;
    if (!finding) throw new Error("no finding");
    return finding;
  };

  test("the chain of an all-of is told as it happened, or as declared", () => {
    const all = (chain: string) => `rule r { match all of by k within 5s { p: t.a\nq: t.b }
      explain { root p ${chain} summary "{duration()}" } }`;
    const lines = ["b 0", "a 2"];
    expect(first(all(""), lines).chain.map((c) => c.step)).toEqual(["q", "p"]);
    expect(first(all("chain p -> q"), lines).chain.map((c) => c.step)).toEqual(["p", "q"]);
    expect(first(all(""), lines).summary).toBe("2s");
  });

  test("`first_of` names the step that came first", () => {
    const rule = `rule r { match all of by k within 5s { p: t.a\nq: t.b }
      explain { root first_of(p, q) } }`;
    expect(first(rule, ["b 0", "a 2"]).root.step).toBe("q");
    expect(first(rule, ["a 0", "b 2"]).root.step).toBe("p");
  });

  test("an absence is about the entity, with or without an event", () => {
    const rule = `rule r { match absent h: t.a for 10s for each pod
      explain { root h summary "{entity.pod} since {h.x ?? 0}" confidence 0.9 minus 0.4 when h is incomplete } }`;
    const lives = [["pod p1", 0]] as const;
    const never = first(rule, [], { lives });
    expect(never.entity).toEqual({ pod: "p1" });
    expect(never.root).toMatchObject({ step: "h", eventId: undefined });
    expect(never.summary).toBe("p1 since 0");
    expect(never.chain).toEqual([]);
    const late = first(rule, ["a 1 x=5 pod=p1"], { lives, lost: { fast: 4 } });
    expect(late.summary).toBe("p1 since 5");
    expect(late.confidence).toBe(0.5);
    expect(late.degraded).toEqual([
      "events of h may be missing",
      "source fast lost 1 event in this time",
    ]);
    expect(late.evidence).toHaveLength(1);
  });

  test("findings of one event have different ids", () => {
    const rule = `rule r { match sequence by k within 9s partials 8 { p: t.a then q: t.b }
      select each explain { root q } }`;
    const { findings } = tell(rule, ["a 0", "a 1", "b 2"]).judgement;
    expect(findings).toHaveLength(2);
    expect(new Set(findings.map((f) => f.finding.id)).size).toBe(2);
  });

  test("findings of different clocks under one rule have different ids", () => {
    const rule = "rule r { match absent h: t.a for 10s for each pod }";
    const lives = [
      ["pod p1", 0],
      ["pod p2", 0],
      ["pod p1", 50],
    ] as const;
    const { findings } = tell(rule, ["a 30 pod=p2"], { lives }).judgement;
    expect(findings).toHaveLength(4);
    expect(new Set(findings.map((f) => f.finding.id)).size).toBe(4);
  });
});
