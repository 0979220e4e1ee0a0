/** The timers of keys: in order of time and number, and no more of them than is worth it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Due,
  fewTimers,
  KeyTimers,
  notDue,
} from "../../../../runtime/engine/patterns/timers.ts";

function timersOf(keys: readonly string[]) {
  const dues = new Map<string, Due>(keys.map((key) => [key, { ...notDue }]));
  const timers = new KeyTimers((key) => dues.get(key));
  const set = (key: string, at: number, number: number) => {
    const due = dues.get(key);
    if (due) timers.set(key, due, at, number);
  };
  /** What is decided before `end`, and when. */
  const decided = (end = Number.POSITIVE_INFINITY) => {
    const all: string[] = [];
    while (timers.next < end) {
      const at = timers.next;
      const timer = timers.pop();
      if (timer) all.push(`${timer.key}@${timer.at}#${timer.number}`);
      if (timer) expect(timer.at).toBe(at);
    }
    return all;
  };
  const count = () => timers.save().timers.length;
  return { dues, timers, set, decided, count };
}

describe("timers of keys", () => {
  test("decide what each key waits for next, by time, then by number", () => {
    const wishes = fc.array(
      fc.record({ key: fc.constantFrom("x", "y", "z"), at: fc.nat(5), number: fc.nat(40) }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(wishes, (all) => {
        const { set, decided, dues, timers } = timersOf(["x", "y", "z"]);
        for (const [i, { key, at, number }] of all.entries()) set(key, at, 100 * number + i);
        const soonest = ["x", "y", "z"].flatMap((key) => {
          const own = all.flatMap((w, i) =>
            w.key === key ? [{ ...w, n: 100 * w.number + i }] : [],
          );
          const [first] = own.sort((a, b) => a.at - b.at || a.n - b.n);
          return first ? [first] : [];
        });
        soonest.sort((a, b) => a.at - b.at || a.n - b.n);
        expect(decided()).toEqual(soonest.map((w) => `${w.key}@${w.at}#${w.n}`));
        expect([...dues.values()]).toEqual([notDue, notDue, notDue]);
        expect(timers.next).toBe(Number.POSITIVE_INFINITY);
        expect(timers.pop()).toBeUndefined();
      }),
    );
  });

  test("of one time and number are set once", () => {
    const { set, count } = timersOf(["x"]);
    set("x", 5, 1);
    set("x", 5, 1);
    set("x", 5, 2);
    set("x", 6, 0);
    expect(count()).toBe(1);
    set("x", 5, 0);
    set("x", 4, 9);
    expect(count()).toBe(3);
  });

  test("are dead when their key is gone or waits for something else", () => {
    const { dues, set, decided } = timersOf(["x", "y", "z"]);
    for (const [i, key] of ["x", "y", "z"].entries()) set(key, 5, i);
    dues.delete("x");
    dues.set("y", { dueAt: 5, dueNumber: 9 });
    expect(decided()).toEqual(["z@5#2"]);
    expect(dues.get("y")).toEqual({ dueAt: 5, dueNumber: 9 });
  });

  test("that are dead are kept while they are few, then while they are not the most", () => {
    const few = timersOf(["x"]);
    for (let i = 0; i < fewTimers; i++) few.set("x", 100 - i, 0);
    expect(few.count()).toBe(fewTimers);
    few.set("x", 9, 0);
    expect(few.count()).toBe(1);
    for (let i = 1; i <= fewTimers; i++) few.set("x", 9 - i, 0);
    expect(few.count()).toBe(1);

    const names = Array.from({ length: 20 }, (_, i) => `k${i}`);
    const many = timersOf(names);
    for (const name of names) many.set(name, 100, 0);
    // There were 17 when all of them were found to be alive.
    expect(many.count()).toBe(20);
    for (let i = 0; i < 14; i++) many.set("k0", 99 - i, 0);
    expect(many.count()).toBe(34);
    many.set("k0", 50, 0);
    expect(many.count()).toBe(20);
  });

  test("go on from what was saved", () => {
    const names = Array.from({ length: 20 }, (_, i) => `k${i}`);
    const { timers, set, dues } = timersOf([...names, "y"]);
    for (const [i, name] of names.entries()) set(name, 100 - i, 0);
    set("y", 7, 3);
    expect(timers.save().cleanAt).toBe(34);
    const again = new KeyTimers((key) => dues.get(key));
    again.restore(timers.save());
    expect(again.save()).toEqual(timers.save());
    expect([again.next, again.pop(), again.next]).toEqual([7, { at: 7, number: 3, key: "y" }, 81]);
  });
});
