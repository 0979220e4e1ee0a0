/** Order of need: on random graphs, what is needed comes first, and circles are circles. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { inOrderOfNeed } from "../../../compiler/passes/order.ts";

const graph = fc
  .integer({ min: 1, max: 8 })
  .chain((size) =>
    fc.array(fc.array(fc.nat(size - 1), { maxLength: 3 }), { minLength: size, maxLength: size }),
  );

function inOrder(needs: readonly (readonly number[])[]) {
  return inOrderOfNeed([...needs.keys()], (n) => needs[n] ?? []);
}

/** What `from` needs, directly or not. */
function reached(needs: readonly (readonly number[])[], from: number): Set<number> {
  const seen = new Set<number>();
  const visit = (n: number) => {
    for (const need of needs[n] ?? []) {
      if (seen.has(need)) continue;
      seen.add(need);
      visit(need);
    }
  };
  visit(from);
  return seen;
}

test("everything once, what is needed first", () => {
  const property = fc.property(graph, (needs) => {
    const { order } = inOrder(needs);
    expect([...order].sort((a, b) => a - b)).toEqual([...needs.keys()]);
    for (const [n, list] of needs.entries()) {
      for (const need of list) {
        const isCircle = reached(needs, need).has(n);
        if (!isCircle) expect(order.indexOf(need)).toBeLessThan(order.indexOf(n));
      }
    }
  });
  fc.assert(property);
});

test("there is a circle exactly when something needs itself", () => {
  const property = fc.property(graph, (needs) => {
    const { cycles } = inOrder(needs);
    const isCyclic = [...needs.keys()].some((n) => reached(needs, n).has(n));
    expect(cycles.length > 0).toBe(isCyclic);
    for (const cycle of cycles)
      for (const [i, n] of cycle.entries())
        expect(needs[n]).toContain(cycle[(i + 1) % cycle.length]);
  });
  fc.assert(property);
});

test("without needs the order stays", () => {
  expect(inOrderOfNeed(["b", "a", "c"], () => []).order).toEqual(["b", "a", "c"]);
});

test("chains may be long", () => {
  const size = 100_000;
  const { order, cycles } = inOrderOfNeed([...Array(size).keys()], (n) =>
    n + 1 < size ? [n + 1] : [0],
  );
  expect(order[0]).toBe(size - 1);
  expect(cycles).toHaveLength(1);
});
