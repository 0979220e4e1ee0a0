/** The queue against a list. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Queue } from "../../../../runtime/engine/collections/queue.ts";

/** Pushes a number; undefined shifts. */
const operations = fc.array(fc.option(fc.nat({ max: 99 }), { nil: undefined }), { maxLength: 60 });

test("first in, first out", () => {
  fc.assert(
    fc.property(operations, (list) => {
      const queue = new Queue<number>();
      const model: number[] = [];
      for (const item of list) {
        if (item === undefined) expect(queue.shift()).toBe(model.shift());
        else {
          queue.push(item);
          model.push(item);
        }
        expect([queue.size, queue.peek()]).toEqual([model.length, model[0]]);
        expect(queue.items).toEqual(model);
      }
    }),
  );
});

test("goes on from the items of another, which stays as it is", () => {
  const old = new Queue<number>();
  for (const item of [1, 2, 3]) old.push(item);
  old.shift();
  const queue = new Queue<number>();
  queue.push(9);
  queue.shift();
  queue.replace(old.items);
  queue.push(4);
  expect([queue.shift(), queue.shift(), queue.shift(), queue.shift()]).toEqual([
    2,
    3,
    4,
    undefined,
  ]);
  expect(old.items).toEqual([2, 3]);
});
