/** The heap against a sorted list, whatever is done to it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Heap } from "../../../../runtime/engine/collections/heap.ts";

interface Item {
  readonly at: number;
  readonly name: number;
}

const items = fc.array(
  fc.record({ at: fc.integer({ min: 0, max: 9 }), name: fc.nat({ max: 99 }) }),
  { maxLength: 30 },
);
const before = (a: Item, b: Item) => a.at < b.at || (a.at === b.at && a.name < b.name);
const sorted = (list: readonly Item[]) => [...list].sort((a, b) => (before(a, b) ? -1 : 1));

function filled(list: readonly Item[]): Heap<Item> {
  const heap = new Heap<Item>(before);
  for (const item of list) heap.push(item);
  return heap;
}

function emptied(heap: Heap<Item>): Item[] {
  const out: Item[] = [];
  while (heap.size > 0) {
    const next = heap.peek();
    expect(heap.pop()).toBe(next);
    if (next) out.push(next);
  }
  return out;
}

test("the least comes first", () => {
  fc.assert(
    fc.property(items, (list) => {
      expect(emptied(filled(list))).toEqual(sorted(list));
    }),
  );
});

test("also among what came later", () => {
  fc.assert(
    fc.property(items, fc.nat({ max: 30 }), items, (list, taken, more) => {
      const heap = filled(list);
      const left = sorted(list).slice(taken);
      for (let i = 0; i < taken && heap.size > 0; i++) heap.pop();
      for (const item of more) heap.push(item);
      expect(heap.size).toBe(left.length + more.length);
      expect(emptied(heap)).toEqual(sorted([...left, ...more]));
    }),
    { numRuns: 500 },
  );
});

test("what is filtered out is gone, the rest stays in order", () => {
  fc.assert(
    fc.property(items, (list) => {
      const heap = filled(list);
      heap.filter((item) => item.name % 2 === 0);
      expect(emptied(heap)).toEqual(sorted(list.filter((item) => item.name % 2 === 0)));
    }),
  );
});

test("goes on from the items of another, which stays as it is", () => {
  const list = [5, 3, 8, 1].map((at) => ({ at, name: 0 }));
  const old = filled(list);
  const heap = new Heap<Item>(before);
  heap.push({ at: 0, name: 0 });
  heap.replace(old.items);
  expect(emptied(heap)).toEqual(sorted(list));
  expect(old.size).toBe(4);
});

test("nothing comes of an empty one", () => {
  const heap = filled([]);
  expect([heap.peek(), heap.pop(), heap.size]).toEqual([undefined, undefined, 0]);
});
