/** What sources and the host say besides events, and what errors of theirs do. */
import { describe, expect, test } from "vitest";
import { Node, second } from "./node-by-hand.ts";

const pair = "rule r { match sequence by k within 5s { p: t.a then q: t.b } }";
const single = (kind: string, name = "r") => `rule ${name} { match p: t.${kind} }`;

describe("a source that no rule knows", () => {
  test("has nowhere to write, and what it says changes nothing", () => {
    const node = new Node(pair).feed("a 1", "b 2").upTo(5);
    expect(node.engine.writer("nobody")).toBeUndefined();
    node.arrive("a 1.5");
    node.engine.progress("nobody", 9 * second);
    node.engine.lost("nobody", 3, 2 * second);
    expect(node.said).toEqual(["r@2"]);
    node.upTo(6);
    expect(node.said).toEqual(["r@2", "r@2! update"]);
  });
});

describe("events that came too late", () => {
  test("are told of with the next progress, once for all of them", () => {
    const node = new Node(pair).feed("a 1", "b 2").upTo(5).arrive("a 1.5", "a 1.6");
    expect(node.news).toEqual(["r@2"]);
    expect(node.upTo(6).news).toEqual(["r@2! update"]);
    expect(node.upTo(7).news).toEqual([]);
  });

  test("are told of at the end of a recording, too", () => {
    const node = new Node(pair).feed("a 1", "b 2").upTo(5).arrive("a 1.5");
    node.engine.runUntil(6 * second);
    expect(node.said).toEqual(["r@2", "r@2! update"]);
  });

  test("for one rule are late, though another still waits for them", () => {
    const node = new Node(
      `${single("a")}
      rule slow { match sequence by k within 9s { p: t.a then q: t.o } }`,
    ).upTo(5, "fast");
    node.arrive("a 3");
    expect(node.late).toHaveLength(1);
    expect(node.feed("o 4").upTo(20).said).toEqual(["slow@4"]);
    expect(node.engine.counters).toMatchObject({ late: 1, delivered: 1, inFlight: 0 });
  });
});

describe("a loss", () => {
  test("of nothing is none, however often it is told", () => {
    const node = new Node(pair);
    for (let i = 0; i < 600; i++) node.engine.lost("fast", 0, (20 + i) * second, (20 + i) * second);
    node.engine.lost("fast", 1, 10 * second, 10 * second);
    node.engine.lost("fast", 1, 700 * second, 700 * second);
    expect(node.feed("a 300", "b 301").upTo(400).said).toEqual(["r@301"]);
  });

  test("of no events does not hurry what is to be told of late ones", () => {
    const node = new Node(pair).feed("a 1", "b 2").upTo(5).arrive("a 1.5");
    node.engine.lost("fast", 0, 2 * second);
    expect(node.said).toEqual(["r@2"]);
  });
});

describe("a record that cannot be read", () => {
  // Only the one with this value fails.
  const broken = (m: string) =>
    m.replaceAll(
      "4242",
      "(() => { if (f64[d + 1] === 3e6) throw new Error('broken'); return 1 })()",
    );
  const rule = `rule r { match sequence by k within 5s { p: t.a where p.x != 4242 then q: t.b } }`;

  test("is missing from its time: findings over it say so, those told before included", () => {
    const node = new Node(rule, { edit: broken }).feed("a 1 x=2", "b 5").upTo(6);
    expect(node.news).toEqual(["r@5"]);
    node.feed("a 3 x=2").upTo(7);
    expect(node.told.map((f) => f.degraded)).toEqual([
      ["events of p, q may be missing", "source fast lost 1 event in this time"],
    ]);
    expect(node.troubles.map((t) => t.what === "unreadable record" && t.kind)).toEqual(["t.a"]);
    expect(node.engine.counters).toMatchObject({ dropped: 1, stopped: 0 });
  });
});

describe("an error of whoever is told", () => {
  const failing = (rules: string) => {
    const cause = new Error("disk full");
    let left = 1;
    const node: Node = new Node(rules, {
      onFinding: (f) => {
        if (left-- > 0) throw cause;
        node.told.push(f);
      },
    });
    return { node, cause };
  };

  test.each(["final", "eager"])("reaches who asked, and the rule goes on: emit %s", (emit) => {
    const { node } = failing(`rule r { match p: t.a\nemit ${emit} }`);
    expect(() => node.feed("a 1").upTo(2)).toThrow("disk full");
    node.feed("a 3").upTo(4);
    expect(node.said.some((s) => s.startsWith("r@3"))).toBe(true);
    expect([node.engine.stopped.size, node.troubles]).toEqual([0, []]);
  });

  test("is the same error when it was told while it told something itself", () => {
    const cause = new Error("disk full");
    let isFull = false;
    const node: Node = new Node(pair, {
      onFinding: () => {
        if (isFull) throw cause;
      },
      onLate: () => node.engine.lost("fast", 1, 2 * second, 2 * second),
    });
    node.feed("a 1", "b 2").upTo(5);
    isFull = true;
    let thrown: unknown;
    try {
      node.arrive("a 1.5");
    } catch (error) {
      thrown = error;
    }
    expect((thrown as Error).cause).toBe(cause);
  });
});

test("where nobody hears of troubles, those that are no errors are passed over", () => {
  const node = new Node(pair, { isAlone: true }).upTo(7200);
  expect(() => node.upTo(3600)).not.toThrow();
});

test("what was written and not read yet is on its way", () => {
  const node = new Node(pair).arrive("a 1").feed("a 2", "a 3");
  expect(node.engine.counters).toMatchObject({ received: 3, inFlight: 3, delivered: 0 });
});

test("an event for two rules is on its way until both have judged it", () => {
  const node = new Node(
    `${single("a")}\nrule slow { match sequence by k within 9s { p: t.a then q: t.o } }`,
  ).feed("a 1");
  node.upTo(5, "fast");
  expect(node.engine.counters).toMatchObject({ inFlight: 1, delivered: 0 });
  node.upTo(5, "other");
  expect(node.engine.counters).toMatchObject({ inFlight: 0, delivered: 1 });
});

describe("relations", () => {
  test("are known from when they were told on, restarts included", () => {
    const node = new Node(`rule r { match sequence within 5s { p: t.a
      then q: t.b where related(q.entity.pod, p.entity.pod, via: calls) } }`);
    node.engine.relation({ relation: "calls", from: "x", to: "y", since: 0, until: undefined });
    node.restart().feed("a 1 pod=y", "b 2 pod=x", "a 11 pod=y", "b 12 pod=z");
    expect(node.upTo(20).said).toEqual(["r@2"]);
  });
});
