/** A clock that is set back: which rules begin anew, what they forget, and what they keep. */
import { describe, expect, test } from "vitest";
import { Node, second } from "./node-by-hand.ts";

const hour = 3600;
/** The clock stood at two hours when it was set back by one. */
const before = 2 * hour;
const after = hour;

const single = (kind: string, name = "r", more = "") =>
  `rule ${name} { match p: t.${kind}\n${more} }\n`;
const pair = (first: string, last: string, name = "r", more = "") =>
  `rule ${name} { match sequence by k within 9s { p: t.${first} then q: t.${last} }\n${more} }\n`;

/** Sets the clock of a source back. */
function setBack(node: Node, ...sources: string[]): Node {
  return node.upTo(before, ...sources).upTo(after, ...sources);
}

describe("a clock that is set back", () => {
  test("is none of the rules over other sources: what they have begun goes on", () => {
    const node = new Node(pair("a", "b") + single("o", "other"));
    node.feed("a 1").upTo(2, "fast");
    setBack(node, "other")
      .feed("b 4", `o ${after + 1}`)
      .upTo(after + 2);
    expect(node.said).toEqual(["r@4", `other@${after + 1}`]);
  });

  test("is that of rules over the findings of rules that begin anew", () => {
    // Only what ends a finding of the first is of the source that goes wrong.
    const over = (kinds: string, name: string) =>
      `rule ${name} { match over f: ${kinds} sliding 2h having count() >= 2 }\n`;
    const rules = `${single("a", "one", "resolve on o: t.o")}${single("a", "two")}
      ${over("finding.one", "top")}${over("finding.one | finding.two", "both")}`;
    const node = new Node(rules)
      .upTo(before - 10)
      .feed(`a ${before - 5}`)
      .upTo(before);
    expect(node.news.sort()).toEqual([
      `both@${before - 5}`,
      `one@${before - 5}`,
      `two@${before - 5}`,
    ]);
    node
      .upTo(after, "other")
      .feed(`a ${before + 1}`)
      .upTo(before + 2);
    expect(node.news.sort()).toEqual([
      `both@${before + 1}`,
      `one@${before + 1}`,
      `two@${before + 1}`,
    ]);
  });

  test("lets a finding of a time that comes again be as it was told", () => {
    const node = setBack(new Node(pair("a", "b")).feed(`a ${before - 9}`, `b ${before - 5}`));
    expect(node.news).toEqual([`r@${before - 5}`]);
    node.engine.lost("fast", 1, (before - 6) * second, (before - 6) * second);
    expect(node.news).toEqual([]);
  });

  test("lets the silence of what is there begin anew", () => {
    const node = new Node("rule r { match absent p: t.a for 5s for each pod }");
    node.pod("p1", 10).pod("p2", 10, 20).upTo(30);
    expect(node.news).toEqual(["r@15", "r@15"]);
    setBack(node).upTo(after + 30);
    expect(node.news.map((s) => s.replace("!", ""))).toEqual([`r@${after + 5}`]);
  });

  test("makes nothing of what a rule hears that began with a reload too early for it", () => {
    const node = new Node(single("c", "s")).upTo(before);
    node.reload(pair("a", "b"));
    node
      .upTo(after)
      .feed(`a ${after + 1}`, `b ${after + 2}`)
      .upTo(after + 5);
    expect(node.said).toEqual([`r@${after + 2}`]);
  });

  test("gives what begins to the new version, not to the one that drains", () => {
    const rule = (n: number) => `rule r version ${n} {
      match sequence by k within 9s { p: t.a where p.x >= ${n - 1} then q: t.o } }`;
    const node = new Node(rule(1)).feed(`a ${before} x=1`).upTo(before, "fast");
    node.reload(rule(2));
    node
      .upTo(after, "fast")
      .feed(`a ${after + 1} x=1`, `o ${after + 2}`)
      .upTo(after + 5);
    expect(node.said).toEqual([`r/2@${after + 2}`]);
  });

  test("lets findings end by what comes from then on", () => {
    // What may end one waits until the coarse clock cannot put anything before it.
    const node = new Node(pair("a", "far", "r", "resolve on u: t.away"));
    node.feed(`a ${before - 9}`, `far ${before - 5}`, `away ${before}`).upTo(before + 0.5);
    expect(node.news).toEqual([`r@${before - 5}`]);
    node.upTo(after).feed(`a ${after + 1}`, `far ${after + 4}`, `away ${after + 8}`);
    expect(node.upTo(after + 20).news).toEqual([`r@${after + 4}`, `r@${after + 4} resolved`]);
  });

  test("leaves counted what was given up before", () => {
    const node = new Node(pair("a", "b", "r", "keys max 2"));
    const three = (at: number) => [1, 2, 3].map((k) => `a ${at + k / 10} k=${k}`);
    node.upTo(before - 10).feed(...three(before - 5));
    setBack(node)
      .feed(...three(after + 1))
      .upTo(after + 5);
    expect(node.engine.counters.evicted.keys).toBe(2);
    node.restart();
    expect(node.engine.counters.evicted.keys).toBe(2);
  });
});

describe("a rule that was stopped", () => {
  const fails = { once: false };
  Object.assign(globalThis, { failsWhenTold: fails });
  const broken = (m: string) =>
    m.replaceAll(
      "4242",
      "(() => { if (failsWhenTold.once) throw new Error('broken'); return 0 })()",
    );
  const throwing = "(() => { throw new Error('broken') })()";
  const rule = pair("a", "b", "r", "keys max 2").replace("q: t.b", "q: t.b where q.x + 4242 >= 0");

  function stopped(rules = rule, ...lines: string[]): Node {
    const node = new Node(rules, { edit: broken }).feed("a 0.1 k=7", "a 0.2 k=8", "a 1", "a 1.5");
    node.upTo(2);
    fails.once = true;
    node.feed("b 3 x=1", ...lines).upTo(4);
    fails.once = false;
    expect(node.engine.counters.stopped).toBe(1);
    return node;
  }

  test("tells nothing of what it had begun or begins, after a restart or a clock set back", () => {
    const again = (node: Node, at: number) =>
      node.feed(`b ${at} x=1`, `a ${at + 1}`, `b ${at + 2} x=1`).upTo(at + 3).news;
    const node = stopped();
    expect(again(node, 5)).toEqual([]);
    expect(again(node.restart(), 10)).toEqual([]);
    expect(again(setBack(node), after + 10)).toEqual([]);
    expect(node.engine.counters.stopped).toBe(1);
  });

  test("stays counted with what it had given up", () => {
    const node = stopped();
    expect(node.engine.counters.evicted.keys).toBe(1);
    expect(node.restart().engine.counters.evicted.keys).toBe(1);
  });

  test("holds no state", () => {
    const bytes = (node: Node) => node.engine.measured[0]?.bytes ?? 0;
    const fresh = new Node(rule, { edit: broken });
    expect(bytes(stopped())).toBeLessThan(bytes(fresh) + 200);
  });

  test("keeps nothing of what would end its findings", () => {
    const coarse = pair("a", "far", "r", "resolve on u: t.away");
    const ends = Array.from({ length: 30 }, () => "away 4");
    const bytes = (...lines: string[]) => {
      const node = new Node(coarse.replace("q: t.far", "q: t.far where q.x + 4242 >= 0"), {
        edit: broken,
      });
      node.feed("a 1").upTo(2);
      fails.once = true;
      node.feed("far 2 x=1").upTo(4);
      fails.once = false;
      expect(node.engine.counters.stopped).toBe(1);
      return node.feed(...lines).upTo(4.2).engine.measured;
    };
    expect(bytes(...ends)).toEqual(bytes());
  });

  test("does not drain: nothing is waited for", () => {
    const node = stopped();
    node.reload(rule.replace("p: t.a", "p: t.a where p.x != 3"));
    expect(node.engine.draining).toEqual([]);
  });

  test("is stopped by what it asks of an entity, too", () => {
    const node = new Node(
      'rule r { match absent p: t.a for 5s for each pod where entity.pod != "4242" }',
      { edit: (m) => m.replaceAll('"4242"', throwing) },
    );
    node.pod("p1", 1);
    expect(node.troubles.map((t) => t.what)).toEqual(["rule stopped"]);
    expect(node.upTo(20).said).toEqual([]);
  });

  test("is stopped by what it decides when time has passed, too", () => {
    const node = new Node(
      'rule r { match absent p: t.a for 5s explain { root p summary "{p.x ?? 4242}" } }',
      { edit: (m) => m.replaceAll("4242", throwing) },
    );
    node.feed("a 1").upTo(20);
    expect(node.troubles.map((t) => t.what)).toEqual(["rule stopped"]);
  });
});
