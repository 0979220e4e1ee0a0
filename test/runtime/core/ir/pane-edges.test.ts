/** To which pane an event belongs, to the microsecond (LANGUAGE C.4), and what is told of panes. */
import { expect, test } from "vitest";
import { found, missed } from "./by-hand.ts";

const over = (shape: string, having: string) =>
  `rule r { match over e: t.a ${shape} by k having ${having} }`;

test("a pane has its beginning, and not its end", () => {
  const rule = over("tumbling 10s", "count() >= 2");
  expect(found(rule, ["a 9.999999", "a 10"])).toEqual([]);
  expect(found(rule, ["a 10", "a 19.999999"])).toEqual(["r@20 e=a1,a2"]);
  expect(found(rule, ["a 19.999999", "a 20"])).toEqual([]);
});

test("so has each of panes that overlap", () => {
  const rule = over("hop 10s every 5s", "count() >= 2");
  expect(found(rule, ["a 5", "a 14.999999"])).toEqual(["r@15 e=a1,a2"]);
  expect(found(rule, ["a 4.999999", "a 14.999998"])).toEqual([]);
});

test("of panes that overlap the fullest is the near miss, at its end", () => {
  const rule = over("hop 10s every 5s", "count() >= 3");
  expect(missed(rule, ["a 6", "a 14"], { around: [0, 100] })).toEqual([
    "r@15 threshold 2 waiting e",
  ]);
});
