/** In which order findings reach the rules over them, what waits for what, and what ends them. */
import { describe, expect, test } from "vitest";
import { found } from "../core/ir/by-hand.ts";
import { Node, second } from "./node-by-hand.ts";

const top = (steps: string, name = "top") =>
  `rule ${name} { match sequence by severity within 60s { ${steps} } }\n`;
const named = "explain { root p }";

describe("findings of one time", () => {
  const order = (first: string, last: string) =>
    top(`f: finding.${first} then g: finding.${last}`, `${first}_${last}`);
  const orders = order("one", "two") + order("two", "one");

  test("are in the order of their rules, whichever became known first", () => {
    const rules = `rule one { match p: t.a\nresolve on u: t.u }\nrule two { match p: t.a }
      rule more { match p: t.b }\nrule hears { match f: finding.more }\n`;
    const node = new Node(rules + orders).feed("a 5", "b 5.1", "b 5.2", "b 5.3");
    node.upTo(6, "fast").upTo(6, "other");
    expect(node.said.filter((s) => s.includes("_"))).toEqual(["one_two@5"]);
  });

  test("are, of one rule, in the order of its events", () => {
    const others = Array.from({ length: 9 }, (_, i) => `rule other${i} { match p: t.b }\n`);
    const rules = `${others.join("")}rule r { match p: t.a\n${named} }\n${top(
      "f: finding.r where f.root.x == 1 then g: finding.r where g.root.x == 2",
    )}`;
    const tops = (lines: string[]) =>
      new Node(rules)
        .feed(...lines)
        .upTo(9)
        .said.filter((s) => s.startsWith("top"));
    expect(tops(["a 5 x=1", "a 5 x=2"])).toEqual(["top@5"]);
    expect(tops(["a 4 x=3", "a 5 x=1", "a 5 x=2"])).toEqual(["top@5"]);
    expect(tops(["a 5 x=2", "a 5 x=1"])).toEqual([]);
    expect(tops(["a 4 x=3", "a 5 x=2", "a 5 x=1"])).toEqual([]);
  });
});

describe("a rule over findings", () => {
  test("is decided as soon as they are, though its own sources say nothing new", () => {
    // The rule below it waits for what may end its findings, too.
    const node = new Node(
      "rule one { match p: t.a\nresolve on o: t.o }\nrule top { match f: finding.one }",
    ).feed("a 1");
    node.upTo(5, "fast");
    expect(node.news).toEqual([]);
    node.upTo(5, "other");
    expect(node.news).toEqual(["one@1", "top@1"]);
  });

  test("does not hear that they are over", () => {
    const node = new Node(
      "rule one { match p: t.a\nresolve on c: t.c }\nrule top { match f: finding.one }",
    ).feed("a 1", "c 2");
    expect(node.upTo(5).said).toEqual(["one@1", "one@1 resolved", "top@1"]);
  });

  test("waits for what a coarse clock leaves open below it", () => {
    const node = new Node(`
      rule one { match sequence by k within 9s { p: t.a then q: t.far }\n${named} }
      rule top { match sequence within 9s {
        f: finding.one then b: t.b where b.k == f.root.k } }`);
    node.feed("a 1", "far 2", "b 2.5").upTo(2.7).upTo(9);
    expect(node.said).toEqual(["one@2", "top@2.5"]);
  });

  test("takes as many as it has room for; of the rest is counted that they are missing", () => {
    const rules = `rule one { match p: t.a\n${named} }
      rule top { match sequence within 60s { f: finding.one then o: t.o where o.k == f.root.k } }`;
    const node = new Node(rules, { laneEventsMax: 2 });
    for (const at of [1, 2, 3, 4, 5]) node.feed(`a ${at}`).upTo(at + 0.5, "fast");
    expect(node.engine.counters.evicted.findings).toBe(3);
  });
});

describe("the end of a recording", () => {
  const coarse = "match sequence by k within 9s { p: t.a then q: t.far }";

  test("decides what a coarse clock had left open", () => {
    const node = new Node(`rule r { ${coarse} }`).feed("a 1", "far 4");
    node.upTo(4.5);
    expect(node.news).toEqual([]);
    node.engine.runUntil(4.5 * second);
    expect(node.news).toEqual(["r@4"]);
  });

  test("takes back what was told on arrival and did not come true", () => {
    const node = new Node(`rule r { ${coarse}\nsuppress 10s\nemit eager }`);
    node.arrive("a 19", "far 20", "a 14", "far 15");
    expect(node.news).toEqual(["r@20~"]);
    node.engine.runUntil(20.5 * second);
    expect(node.news).toEqual(["r@15", "r@20~ retracted"]);
  });

  test("is that of a version that drains", () => {
    const pair = (within: string, more = "") =>
      `rule r { match sequence by k within ${within} { p: t.a ${more} then q: t.b } }`;
    const node = new Node(pair("9s")).feed("a 1").upTo(2);
    node.reload(pair("9s", "where p.x > 1"));
    expect(node.engine.draining).toEqual(["r.r"]);
    node.engine.runUntil(60 * second);
    expect(node.engine.draining).toEqual([]);
  });
});

describe("a finding of coarse clocks", () => {
  test("is quiet only when nothing more can have prolonged it", () => {
    const rule = "rule r { match sequence by k within 5s { p: t.a then q: t.far }\n";
    const lines = ["a 0", "far 1", "a 2", "far 3"];
    expect(found(`${rule}suppress 10s\nresolve after 3s quiet }`, lines)).toEqual([
      "r@1→6 p=a1 q=far1",
    ]);
  });

  test("is ended by what waited for that when the engine was restarted", () => {
    const rule = `rule r { match sequence by k within 9s { p: t.a then q: t.far }
      resolve on u: t.away }`;
    const node = new Node(rule).feed("a 1", "far 2").upTo(6).feed("away 7").upTo(7.5);
    expect(node.news).toEqual(["r@2"]);
    expect(node.restart().upTo(20).news).toEqual(["r@2 resolved"]);
  });

  test("is ended by few events at a time: what waits is bounded, and hurried is counted", () => {
    const node = (n: number) =>
      new Node(
        `rule r { match sequence by k within 9s { p: t.a then q: t.far }
          keys max 2\nresolve on u: t.away }`,
      )
        .feed("a 1", "far 2")
        .upTo(6)
        .feed(...Array.from({ length: n }, () => "away 7"))
        .upTo(7.5).engine;
    expect(node(400).measured).toEqual(node(100).measured);
    expect([node(20).counters.hurried, node(100).counters.hurried]).toEqual([0, 68]);
  });
});

test("what only ends findings takes no room from what makes them", () => {
  const node = new Node(`rule r {
    match all of by k within 9s partials 2 { p: t.a\n q: t.b }
    resolve on c: t.c }`);
  node.feed("a 1", "c 2", "c 3", "c 4", "c 5", "b 6", "c 7").upTo(20);
  expect(node.said).toEqual(["r@6", "r@6 resolved"]);
  expect(node.engine.counters.evicted.partials).toBe(0);
});

test("keys that `rate` forgot for want of room are counted", () => {
  const node = new Node("rule r { match p: t.a\nrate 1 per 90s by p.k\nkeys max 2 }");
  node.feed("a 1 k=1", "a 2 k=2", "a 3 k=3", "a 4 k=4").upTo(9);
  expect(node.engine.counters.evicted.suppressors).toBe(2);
});
