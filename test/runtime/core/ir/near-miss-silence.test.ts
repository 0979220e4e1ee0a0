/** Near misses of absence by hand: silences that were cut short, under a focus only (C.11). */
import { expect, test } from "vitest";
import { stories } from "./miss-stories.ts";

const absent = "rule r { match absent h: t.a where h.x == 1 for 10s for each pod }";
const lives = [["pod p1", 0]] as const;

test("what came too early, and which tests made it count", () => {
  const lines = ["a 3 pod=p1 x=2", "a 4 pod=p1 x=1"];
  expect(stories(absent, lines, { lives, around: [0, 5] })).toEqual([
    "@4 negated 0 [-] waiting h by 6 by h:a2 (x == 1)",
  ]);
  expect(stories(absent, lines, { lives })).toEqual([]);
});

test("an event at the end of the wait is in time", () => {
  expect(stories(absent, ["a 10 pod=p1 x=1"], { lives, around: [0, 12] })).toEqual([
    "@10 negated 0 [-] waiting h by 0 by h:a1 (x == 1)",
  ]);
});

test("the trace ends before the wait does", () => {
  const around = [5, 8] as const;
  expect(stories(absent, ["a 4 pod=p1 x=1"], { lives, until: 8, around })).toEqual([
    "@14 open 0 [a1] waiting h by 6",
  ]);
});

test("the entity goes before the wait is over", () => {
  const gone = [["pod p1", 0, 9]] as const;
  const expired = "@9 expired 0 [a1] waiting h by 5";
  const lines = ["a 4 pod=p1 x=1"];
  expect(stories(absent, lines, { lives: gone, around: [5, 9] })).toEqual([expired]);
  expect(stories(absent, lines, { lives: gone, until: 9.5, around: [5, 9] })).toEqual([expired]);
});

test("the longest silence is the closest; only what lies in the focus, and of its keys", () => {
  const two = [...lives, ["pod p2", 0]] as const;
  const lines = ["a 2 pod=p1 x=1", "a 5 pod=p1 x=1", "a 9 pod=p1 x=1", "a 1 pod=p2 x=1"];
  const setting = { lives: two, keys: ['["sp1"]'] };
  const first = "@2 negated 0 [-] waiting h by 8 by h:a1 (x == 1)";
  const second = "@5 negated 0 [a1] waiting h by 7 by h:a2 (x == 1)";
  const third = "@9 negated 0 [a2] waiting h by 6 by h:a3 (x == 1)";
  expect(stories(absent, lines, { ...setting, around: [0, 10] })).toEqual([third, second, first]);
  expect(stories(absent, lines, { ...setting, around: [2, 5] })).toEqual([third, second, first]);
  expect(stories(absent, lines, { ...setting, around: [2.000001, 4.999999] })).toEqual([second]);
});
