/** Events made of others: of which ones, and in which order they come. */
import { expect, test } from "vitest";
import { found } from "../../core/ir/by-hand.ts";

test("what is made of one event makes only what is derived from its kind", () => {
  const derives = `derive log.one from e: t.a set { x: e.x }
    derive log.two from e: t.b set { x: e.x }`;
  expect(found(`${derives}\nrule r { match p: log.two }`, ["a 0 x=1"])).toEqual([]);
  expect(found(`${derives}\nrule r { match p: log.one }`, ["a 0 x=1"])).toEqual(["r@0 p=a1"]);
  expect(found(`${derives}\nrule r { match p: log.two }`, ["b 0 x=1"])).toEqual(["r@0 p=b1"]);
});

test("events made of one come in the order of their kinds, whichever was made first", () => {
  const derives = `derive log.late from e: log.early where e.x == 1 set { x: e.x }
    derive log.early from e: t.a set { x: e.x }`;
  const then = (p: string, q: string) =>
    `${derives}\nrule r { match sequence by x within 5s { p: log.${p} then q: log.${q} } }`;
  const orders = [then("late", "early"), then("early", "late")].map((r) => found(r, ["a 0 x=1"]));
  expect(orders.map((f) => f.length).sort()).toEqual([0, 1]);
  expect(found(then("early", "late"), ["a 0 x=2", "a 1 x=1"])).toHaveLength(1);
});
