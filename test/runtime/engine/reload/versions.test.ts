/** Versions of a rule beside each other: when the old ones end, and who hears whom meanwhile. */
import { describe, expect, test } from "vitest";
import { Node, schemaText, second } from "../node-by-hand.ts";

/** A sequence whose version differs by its number and by what it asks of `x`. */
const pair = (n: number, last = "b", name = "r", within = "10s", more = "") =>
  `rule ${name} version ${n} {
    match sequence by k within ${within} { p: t.a where p.x >= ${n - 1} then q: t.${last} }\n${more}
  }`;
const single = (kind: string, name: string, more = "") =>
  `rule ${name} { match p: t.${kind}\n${more} }`;

describe("a version that drains", () => {
  test("is gone at once when it had begun nothing", () => {
    const draining = (...lines: string[]) => {
      const node = new Node(pair(1)).feed(...lines).upTo(2);
      expect(node.reload(pair(2))).toMatchObject([{ class: "drain" }]);
      return node.engine.draining;
    };
    expect([draining(), draining("a 1 x=0")]).toEqual([[], ["r.r"]]);
  });

  test("has begun what was written before the reload, read or not", () => {
    const node = new Node(pair(1)).feed("a 1 x=0");
    node.reload(pair(2));
    expect(node.feed("b 2").upTo(5).said).toEqual(["r@2"]);
  });

  test.each([
    ["", false],
    [", after a restart", true],
  ])("has what is of the time of the latest event read, the new one what is later%s", (_, cut) => {
    const node = new Node(single("a", "r")).arrive("a 2");
    node.reload(`rule r version 2 { match p: t.a where p.k == 1 }`);
    if (cut) node.restart();
    expect(node.feed("a 2", "a 3").upTo(5).said).toEqual(["r@2", "r@2", "r/2@3"]);
  });

  test.each([
    ["of the same source", "b"],
    ["of another source", "o"],
  ])("goes on while another one ends: %s", (_, last) => {
    const rules = (n: number) =>
      `rule s version ${n} { match p: t.${last} where p.x >= ${n - 1} }\n`;
    const node = new Node(rules(1) + pair(1)).feed("a 1 x=0").upTo(2);
    node.reload(rules(2) + pair(2));
    node.feed("d 3").upTo(4);
    expect(node.engine.draining).toContain("r.r");
    expect(node.feed("b 5").upTo(6).said).toContain("r@5");
  });

  test("ends without those before and after it", () => {
    const node = new Node(pair(1, "b", "r", "60s")).feed("a 1 x=0").upTo(2);
    node.reload(pair(2, "b", "r", "5s")).map((p) => expect(p.class).toBe("drain"));
    node.feed("a 3 x=1").upTo(4);
    node.reload(pair(3, "b", "r", "5s"));
    expect(node.engine.draining).toEqual(["r.r", "r.r"]);
    node.upTo(20);
    expect(node.engine.draining).toEqual(["r.r"]);
    expect(node.feed("b 21").upTo(30).said).toEqual(["r@21"]);
  });

  test("goes on when the version that followed it is removed", () => {
    const two = (n: number) => `rule r version ${n} {
      match over p: t.a where p.x >= ${n - 1} sliding 10s by k having count() >= 2 }`;
    const node = new Node(two(1)).feed("a 1 x=0").upTo(2);
    node.reload(two(2));
    node.upTo(3);
    node.reload("");
    expect(node.engine.draining).toEqual(["r.r"]);
    expect(node.feed("a 4 x=0").upTo(5).said).toEqual(["r@4"]);
  });

  test("leaves the rules that are the same in both bundles to the new one", () => {
    const same = single("b", "same");
    const node = new Node(pair(1) + same).feed("a 1 x=0").upTo(2);
    node.reload(pair(2) + same);
    expect(node.feed("b 4").upTo(5).said.sort()).toEqual(["r@4", "same@4"]);
  });

  test("has nothing on its way when it ends", () => {
    const node = new Node(pair(1)).feed("a 1 x=0").upTo(2);
    node.reload(pair(2));
    node.arrive("a 20 x=1").upTo(15);
    expect(node.engine.draining).toEqual([]);
    expect(node.engine.counters.inFlight).toBe(1);
    node.feed("b 21").upTo(30);
    expect(node.engine.counters).toMatchObject({ received: 3, delivered: 3, inFlight: 0 });
    expect(node.said).toEqual(["r/2@21"]);
  });

  test("takes back what it told on arrival and does not confirm any more", () => {
    const rule = (n: number) => `rule r version ${n} {
      match sequence by k within 10s { p: t.a where p.x >= ${n - 1} then q: t.b }
      emit eager
    }`;
    const node = new Node(rule(1)).arrive("a 1 x=0").upTo(2);
    node.reload(rule(2));
    // What comes out of order is not told on arrival: in order the match ends with it.
    node.arrive("a 4 x=0", "b 3", "b 6");
    expect(node.news).toEqual(["r@6~"]);
    node.upTo(5);
    expect([node.engine.draining, node.news]).toEqual([[], ["r@3", "r@6~ retracted"]]);
  });

  test("what it told changes no more when it has ended, and that is counted", () => {
    const node = new Node(pair(1)).feed("a 1 x=0", "b 2", "a 2.5 x=0").upTo(3);
    node.reload(pair(2));
    expect(node.engine.counters.evicted.openFindings).toBe(0);
    node.upTo(20);
    node.engine.lost("fast", 1, 2 * second, second);
    expect(node.said).toEqual(["r@2"]);
    expect(node.engine.counters.evicted.openFindings).toBe(1);
  });

  test("ends when the finding that it told is over, and its rule is counted on", () => {
    const rule = (n: number) =>
      `rule r version ${n} { match p: t.a where p.x >= ${n - 1}\nresolve on c: t.c }`;
    const node = new Node(rule(1)).feed("a 1 x=0").upTo(2);
    node.reload(rule(2));
    node.upTo(50);
    expect(node.engine.draining).toEqual(["r.r"]);
    node.feed("c 51").upTo(60);
    expect([node.engine.draining, node.said]).toEqual([[], ["r@1", "r@1 resolved"]]);
    expect(node.engine.counters).toMatchObject({ matches: 1, findings: 1 });
  });
});

describe("events that only a version that is gone listened to", () => {
  test("are not kept for anybody when it has ended", () => {
    const node = new Node(pair(1, "c")).feed("a 1 x=0").upTo(2);
    node.reload(pair(2, "b", "r", "60s"));
    node.feed("a 3 x=1").upTo(4);
    node.reload(pair(3));
    node.upTo(30).feed("c 31").upTo(32);
    expect(node.engine.draining).toEqual(["r.r"]);
    expect(node.engine.counters.filtered).toBe(1);
    node.upTo(90).feed("c 91", "a 91 x=0").upTo(92);
    expect(node.engine.counters).toMatchObject({ filtered: 3, inFlight: 0 });
  });

  test.each([
    ["directly", single("d", "gone")],
    ["to what is derived", "derive my.d from e: t.d set { x: e.x }\nrule gone { match p: my.d }"],
  ])("are filtered while another rule drains: %s", (_, gone) => {
    const node = new Node(`${gone}\n${pair(1)}`).feed("a 1 x=0").upTo(2);
    node.reload(pair(2));
    node.feed("d 3").upTo(4);
    expect(node.engine.draining).toEqual(["r.r"]);
    expect(node.engine.counters).toMatchObject({ filtered: 1, delivered: 1 });
  });
});

describe("rules over findings of another version", () => {
  const over = (more: string) => `rule top { ${more} }`;
  const named = "explain { root p }";

  test("wait for it, though its sources are slower than theirs", () => {
    const top = over(`match sequence by severity within 60s {
      f: finding.r.r where f.root.x == 0 then g: finding.r.r where g.root.x == 1 }`);
    const old = `rule r { match sequence by k within 10s { p: t.a then q: t.o }\n${named} }`;
    const now = `rule r version 2 { match p: t.a\n${named} }`;
    const node = new Node(`${old}\n${top}`).feed("a 1 x=0").upTo(2);
    node.reload(`${now}\n${top}`);
    node.arrive("a 5 x=1", "o 4").upTo(20, "fast");
    expect(node.news).toEqual(["r/2@5"]);
    expect(node.upTo(20, "other").upTo(21, "fast").news).toEqual(["r@4", "top@5"]);
  });

  test("hear, while they drain, what the new bundle finds in time", () => {
    const top = (n: number) =>
      `rule top version ${n} { match sequence by severity within 10s {
        f: finding.r.r where f.root.x >= ${n - 1} then g: finding.r.r } }`;
    const r = `rule r { match p: t.a\n${named} }`;
    const node = new Node(r + top(1)).feed("a 1 x=0").upTo(2);
    expect(node.reload(r + top(2))).toMatchObject([{ class: "keep" }, { class: "drain" }]);
    node.feed("a 4 x=0").upTo(30);
    expect(node.said).toEqual(["r@1", "r@4", "top@4"]);
  });

  test("that have changed places hear each other, and nobody waits for ever", () => {
    const rules = (first: string, second: string, n: number) => `
      rule ${first} version ${n} { match p: t.a\n${named} }
      rule ${second} version ${n} { match sequence within 10s {
        f: finding.r.${first} then q: t.b where q.k == f.root.k }\n${named.replace("root p", "root q")} }`;
    const node = new Node(rules("q", "r", 1)).feed("a 1").upTo(2);
    node.reload(rules("r", "q", 2));
    node.feed("b 4", "a 5", "b 6").upTo(60);
    expect(node.said.sort()).toEqual(["q/2@6", "q@1", "r/2@5", "r@4"]);
  });
});

describe("a reload", () => {
  test("counts on what rules counted that are gone, restarts included", () => {
    const node = new Node(single("a", "r")).feed("a 1", "a 2").upTo(3);
    node.reload(single("b", "s"));
    node.feed("b 4").upTo(5);
    expect(node.engine.counters).toMatchObject({ matches: 3, findings: 3 });
    node.reload(single("c", "u"));
    node.restart();
    expect(node.engine.counters).toMatchObject({ matches: 3, findings: 3, delivered: 3 });
  });

  test("counts what is on its way to rules that are gone as delivered", () => {
    const node = new Node(single("a", "r") + single("b", "s")).arrive("a 1", "b 2");
    node.reload(single("b", "s"));
    expect(node.engine.counters).toMatchObject({ received: 2, delivered: 1, inFlight: 1 });
    node.upTo(3);
    expect(node.engine.counters).toMatchObject({ delivered: 2, inFlight: 0 });
  });

  test("leaves writers as they are while records are laid out as before", () => {
    const node = new Node(single("a", "r")).feed("a 1");
    const { engine } = node;
    const writer = engine.writer("fast");
    node.reload(single("a", "r", 'explain { root p summary "other" }'));
    expect(engine.writer("fast")).toBe(writer);
    expect(engine.counters.received).toBe(1);
  });

  test("knows a source whose number has changed by its name", () => {
    const changed = schemaText.replace(
      "source fast",
      "source early { lateness 0ms granularity 1us idle 2s rank 5 }\nsource fast",
    );
    const more = `${changed}event t.e from early { k: int? }\n`;
    const node = new Node(pair(1)).feed("a 1 x=0", "d 1").upTo(2);
    expect(node.reload(pair(1), more)).toMatchObject([{ class: "keep" }]);
    expect(node.engine.writer("fast")?.seq).toBe(2);
    expect(node.engine.writer("early")?.seq).toBe(0);
    node.feed("b 3", "e 3").upTo(4);
    expect(node.said).toEqual(["r@3"]);
    expect(node.engine.counters).toMatchObject({ received: 4, delivered: 2, filtered: 2 });
  });

  test("goes by the lateness that sources have from then on", () => {
    const node = new Node(single("a", "r")).upTo(1);
    node.reload(single("a", "r"), schemaText.replace("fast { lateness 0ms", "fast { lateness 5s"));
    expect(node.feed("a 10").upTo(12).said).toEqual([]);
    expect(node.upTo(16).said).toEqual(["r@10"]);
  });

  test("tells no silence again of an entity that is gone", () => {
    const silent = (text: string) =>
      `rule r { match absent p: t.a for 3s for each pod explain { root p summary "${text}" } }`;
    const node = new Node(silent("old")).pod("p1", 1, 10).upTo(12);
    expect(node.news).toEqual(["r@4"]);
    expect(node.reload(silent("new"))).toMatchObject([{ class: "keep" }]);
    expect(node.upTo(30).news).toEqual([]);
  });

  test("tells of silence from when a rule begins, which is no sooner than the observation", () => {
    const silent = "rule s { match absent p: t.b for 5s }";
    const node = new Node(single("a", "r"), { startUs: 100 * second }).upTo(50);
    node.reload(single("a", "r") + silent);
    expect(node.upTo(104).news).toEqual([]);
    expect(node.upTo(106).news).toEqual(["s@105"]);
  });

  test("before anything was heard lets the observation begin with the first event", () => {
    const silent = "rule s { match absent p: t.b for 5s }";
    const node = new Node(single("a", "r"));
    node.reload(single("a", "r") + silent);
    expect(node.upTo(10).news).toEqual([]);
    expect(node.feed("b 20").upTo(30).news).toEqual(["s@25"]);
  });

  test("a restart waits for sources that only rules of before know", () => {
    const old = "rule r { match sequence by k within 10s { p: t.a then q: t.o } }";
    const fewer = schemaText.replace(/^(source other|event .* from other).*\n/gm, "");
    const node = new Node(old).feed("a 1").upTo(2);
    node.arrive("o 4");
    node.reload("rule r version 2 { match p: t.b }", fewer);
    node.restart().upTo(20, "fast");
    expect(node.news).toEqual([]);
    expect(node.upTo(20, "other").news).toEqual(["r@4"]);
  });

  test("a restart knows of a version that drains which findings it explains", () => {
    const parent = (n: number) => `rule r version ${n} {
      match sequence by k within 10s { p: t.a where p.x >= ${n - 1} then q: t.b }
      subsumes s within 10s }\n`;
    const child = "rule s { match sequence by k within 10s { p: t.a then q: t.c } }\n";
    const node = new Node(child + parent(1)).feed("a 1 x=0").upTo(2);
    expect(node.reload(child + parent(2))).toMatchObject([{ class: "keep" }, { class: "drain" }]);
    node.restart().feed("c 2.5", "b 3").upTo(4);
    const [mother] = node.told.filter((f) => f.rule === "r");
    expect(node.told.at(-1)).toMatchObject({ rule: "s", parent: mother?.id });
  });
});
