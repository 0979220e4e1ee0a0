/** Events made of others: of which ones, and in which order they come. */
import { expect, test } from "vitest";
import type { CoreUnit, EventData } from "#core";
import { Deriver } from "../../../../runtime/engine/intake/deriver.ts";
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

test("of one kind the ones come first that are made of what was made first", () => {
  const from = (kind: number, ...kinds: readonly number[]) => ({ kind, step: { kinds } });
  const derives = [from(9, 1), from(7, 1), from(8, 9, 7), from(5, 2), from(6, 1, 9)];
  // What is made says in its only field of which kind its source is; nothing is made of kind 4.
  const code = derives.map(() => ({
    judge: (e: EventData) => (e.kind === 4 ? 0 : 1),
    set: [(e: EventData) => e.kind],
  }));
  const deriver = new Deriver({ derives } as unknown as CoreUnit, code as never);
  const made = (kind: number, ...of: readonly number[]) =>
    deriver
      .derived({ kind, id: "x", fields: [] } as unknown as EventData, of)
      .map((e) => `${e.id} ${e.kind} of ${e.fields}`);
  expect(made(1, 0, 1)).toEqual(["x 6 of 9", "x 7 of 1", "x 8 of 9", "x 8 of 7", "x 9 of 1"]);
  expect(made(1, 0, 4)).toEqual(["x 6 of 1", "x 6 of 9", "x 8 of 9", "x 9 of 1"]);
  expect(made(1, 1)).toEqual(["x 7 of 1", "x 8 of 7"]);
  expect(made(2, 3)).toEqual(["x 5 of 2"]);
  expect([made(1), made(4, 0, 1)]).toEqual([[], []]);
});
