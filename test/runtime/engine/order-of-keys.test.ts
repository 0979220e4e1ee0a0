/** In which order what one event completes under several keys is told. */
import { expect, test } from "vitest";
import { found } from "../core/ir/by-hand.ts";

test("findings that one event completes under two keys are in one order for everybody", () => {
  const one = `rule one { match all of by p.k within 9s { p: t.a by p.k\n q: t.a by q.x } }`;
  const order = (a: number, b: number) => `rule top${a}${b} { match sequence by severity within 9s {
    f: finding.one where f.key == "${a}" then g: finding.one where g.key == "${b}" } }`;
  const rules = `${one}\n${order(1, 2)}\n${order(2, 1)}`;
  // Of `a3` the step p is under key 1, the step q under key 2, which was met first.
  const told = found(rules, ["a 1 k=2 x=9", "a 2 k=8 x=1", "a 3 k=1 x=2"]);
  expect(told.map((s) => s.split("@")[0])).toEqual(["one", "one", "top12"]);
  // And the other way round: of `a3` the first step is under key 2.
  const turned = found(rules, ["a 1 k=1 x=9", "a 2 k=8 x=2", "a 3 k=2 x=1"]);
  expect(turned.map((s) => s.split("@")[0])).toEqual(["one", "one", "top12"]);
});

test("what waits for one time is told in the order of keys, too", () => {
  const quiet = (by: string) =>
    `rule r { match sequence within 9s { p: t.a by p.${by} then q: t.b by q.x then no n: t.c by n.k for 2s }
      rate 1 per 1h by true }`;
  const lines = ["a 1 k=2 x=1", "a 1 k=1 x=2", "b 2 x=2", "b 2 x=1"];
  expect(found(quiet("k"), lines)).toEqual(["r@4 p=a1 q=b1"]);
  expect(found(quiet("x"), lines)).toEqual(["r@4 p=a2 q=b1"]);
});

test("absences of one time are told in the order of keys, whoever was there first", () => {
  const rule = "rule r { match absent a: t.a for 2s for each pod rate 1 per 1h by true }";
  const lives = [
    ["pod z", 1],
    ["pod a", 1],
  ] as const;
  const [told] = found(rule, [], { lives, until: 5 });
  expect(told).toMatch(/^r@3\(a\)/);
  const before = [
    ["pod z", 1],
    ["pod a", 2],
  ] as const;
  expect(found(rule, [], { lives: before, start: 5, until: 8 })[0]).toMatch(/^r@7\(a\)/);
});
