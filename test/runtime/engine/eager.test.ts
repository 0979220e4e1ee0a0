/** What `emit eager` tells on arrival, before anything is certain. */
import { describe, expect, test } from "vitest";
import { Node } from "./node-by-hand.ts";

const eager = (pattern: string, more = "", name = "r") =>
  `rule ${name} { match ${pattern}\n${more}\nemit eager }\n`;
const pair = eager("sequence by k within 5s { p: t.a then q: t.b }");

describe("what arrives", () => {
  test("is told at once, and confirmed when it is certain", () => {
    const node = new Node(pair).arrive("a 1", "b 2");
    expect(node.news).toEqual(["r@2~"]);
    expect(node.upTo(5).news).toEqual(["r@2 update"]);
  });

  test("out of order is left to the rule that waits, by however little", () => {
    const node = new Node(pair).arrive("b 5", "a 4.999999", "b 6");
    expect(node.news).toEqual([]);
    expect(node.upTo(7).news).toEqual(["r@5"]);
  });

  test("is what is derived from it, too", () => {
    const made = "derive my.a from e: t.a set { x: e.x }\n";
    const node = new Node(made + eager("p: my.a")).arrive("a 1");
    expect(node.news).toEqual(["r@1~"]);
  });

  test("is a finding of another rule, when that is told", () => {
    const node = new Node(`rule one { match p: t.a }\n${eager("f: finding.r.one", "", "top")}`);
    expect(node.arrive("a 1").news).toEqual([]);
    node.upTo(5);
    expect(node.news).toEqual(["one@1", "top@1~", "top@1 update"]);
  });

  test("is not what other rules hear: their findings make nothing of its own late", () => {
    const node = new Node(
      `rule one { match p: t.a }\nrule top { match f: finding.r.one }\n${eager("o: t.o")}`,
    );
    node.arrive("o 1", "a 5").upTo(6, "fast").arrive("o 4");
    expect(node.said.filter((s) => s.startsWith("r"))).toEqual(["r@1~", "r@4~"]);
  });
});

test("a count that was reached is told again when it had been lower meanwhile", () => {
  const node = new Node(eager("over p: t.a sliding 5s by k having count() >= 2"));
  node.arrive("a 1", "a 2", "a 3", "a 20", "a 21");
  expect(node.news).toEqual(["r@2~", "r@21~"]);
});

test("nobody waits for what a coarse clock may still put in between", () => {
  const node = new Node(eager("sequence by k within 9s { p: t.a then q: t.far }"));
  expect(node.arrive("a 1", "far 4").news).toEqual(["r@4~"]);
});

describe("a rule whose code fails on arrival", () => {
  const broken = (m: string) =>
    m.replaceAll(
      "4242",
      "(() => { if (failsOnArrival.now) throw new Error('broken'); return 0 })()",
    );
  const fails = { now: false };
  Object.assign(globalThis, { failsOnArrival: fails });
  const rule = eager("sequence by k within 5s { p: t.a then q: t.b where q.x + 4242 >= p.x }");

  test("is stopped there and then, and tells nothing any more, restarts included", () => {
    const node = new Node(rule, { edit: broken }).arrive("a 1 x=1", "a 2 x=1");
    fails.now = true;
    node.arrive("b 3 x=1");
    fails.now = false;
    expect(node.engine.counters.stopped).toBe(1);
    const tells = () => {
      node.arrive("a 3.1 x=1", "b 3.2 x=1");
      return node.news;
    };
    expect(tells()).toEqual([]);
    node.restart();
    expect(tells()).toEqual([]);
    expect(node.upTo(9).news).toEqual([]);
    expect(node.engine.counters.stopped).toBe(1);
  });
});

describe("a restart", () => {
  test("knows what had arrived", () => {
    expect(new Node(pair).arrive("a 1").restart().arrive("b 2").news).toEqual(["r@2~"]);
  });

  test("leaves what is out of order to the rule that waits", () => {
    expect(new Node(pair).arrive("b 5").restart().arrive("a 4", "b 6").news).toEqual([]);
  });

  test("knows what had been told: what is suppressed is not told", () => {
    const node = new Node(eager("p: t.a", "suppress 10s")).arrive("a 1").restart().arrive("a 2");
    expect(node.news).toEqual(["r@1~"]);
  });
});

describe("a reload", () => {
  const version = (n: number) =>
    eager(`sequence by k within 10s { p: t.a where p.x >= ${n - 1} then q: t.b }`).replace(
      "rule r",
      `rule r version ${n}`,
    );

  test.each([false, true])("lets each version tell of what begins with it (restart %s)", (cut) => {
    const node = new Node(version(1)).arrive("a 2 x=1");
    node.reload(version(2));
    if (cut) node.restart();
    node.arrive("a 2 x=1", "b 3");
    expect(node.news).toEqual(["r@3~"]);
    node.arrive("a 4 x=1", "b 5");
    expect(node.news).toEqual(["r/2@5~"]);
  });

  test("holds what had begun against a condition that has changed", () => {
    const rule = (least: number) =>
      eager(`sequence by k within 10s {
        p: t.a then q: t.b where q.x > p.x + ${least} then c: t.c }`);
    const node = new Node(rule(0)).arrive("a 1 x=1", "b 2 x=3").upTo(2.5);
    expect(node.reload(rule(5))).toMatchObject([{ class: "migrate" }]);
    expect(node.arrive("c 3").news).toEqual([]);
  });
});

describe("a clock that is set back", () => {
  const hour = 3600;

  test("lets what arrives be told again, of matches that begin from then on", () => {
    const node = new Node(
      eager("sequence by k within 10s { p: t.a then q: t.b }", "suppress 5h"),
    ).arrive(`a ${2 * hour - 2}`, `b ${2 * hour - 1}`);
    node.upTo(2 * hour).arrive(`a ${2 * hour}`);
    expect(node.news).toHaveLength(2);
    node.upTo(hour).arrive(`b ${hour + 1}`);
    expect(node.news).toEqual([]);
    node.arrive(`a ${hour + 2}`, `b ${hour + 3}`);
    expect(node.news).toEqual([`r@${hour + 3}~`]);
  });

  test("takes back what was told on arrival and is not certain yet", () => {
    const node = new Node(pair).upTo(2 * hour).arrive(`a ${2 * hour + 1}`, `b ${2 * hour + 2}`);
    expect(node.news).toEqual([`r@${2 * hour + 2}~`]);
    expect(node.upTo(hour).news).toEqual([`r@${2 * hour + 2}~ retracted`]);
  });

  test("is that of the rule, too, which began with a reload", () => {
    const node = new Node(eager("p: t.c", "", "s")).upTo(2 * hour);
    node.reload(pair);
    node.upTo(hour).arrive(`a ${hour + 2}`, `b ${hour + 3}`);
    expect(node.news).toEqual([`r@${hour + 3}~`]);
    expect(node.upTo(hour + 5).news).toEqual([`r@${hour + 3} update`]);
  });

  test("leaves what begins to the new version", () => {
    const rule = (n: number) => `rule r version ${n} {
      match sequence by k within 10s { p: t.a where p.x >= ${n - 1} then q: t.o }
      emit eager }`;
    const node = new Node(rule(1)).arrive(`a ${2 * hour} x=1`).upTo(2 * hour + 1, "fast");
    node.reload(rule(2));
    expect(node.engine.draining).toEqual(["r.r"]);
    node.upTo(hour, "fast");
    expect(node.troubles.map((t) => t.what)).toEqual(["clock set back"]);
    node.arrive(`a ${hour + 2} x=1`, `o ${hour + 3}`);
    expect(node.news).toEqual([`r/2@${hour + 3}~`]);
    expect(node.upTo(hour + 9).news).toEqual([`r/2@${hour + 3} update`]);
    expect(node.engine.draining).toEqual([]);
  });
});
