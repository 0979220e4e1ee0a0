/** Facts with an end, one call after the other; `bounded-memory.test.ts` tries them at random. */
import { expect, test } from "vitest";
import { FactTable } from "../../../../runtime/engine/intake/fact-table.ts";

const facts = (max: number) => new FactTable<string>(max, (f) => (f === "-" ? undefined : +f));

test("are listed as they are, however often they were listed before", () => {
  const table = facts(2);
  expect(table.all).toEqual([]);
  table.set("a", "5");
  expect(table.all).toEqual(["5"]);
  table.set("b", "-");
  expect(table.all).toEqual(["5", "-"]);
  table.set("a", "6");
  expect(table.all).toEqual(["6", "-"]);
  table.delete("b");
  table.delete("none");
  expect(table.all).toEqual(["6"]);
  table.set("b", "7");
  expect(table.set("c", "8")).toBe("6");
  expect(table.all).toEqual(["7", "8"]);
  table.clear();
  expect(table.all).toEqual([]);
  expect(table.set("b", "9")).toBeUndefined();
  expect(table.all).toEqual(["9"]);
});

test("of one end the one goes that has been there longest, without what it was before", () => {
  const table = facts(2);
  table.set("a", "5");
  table.set("b", "5.0");
  table.delete("a");
  table.set("a", "5");
  expect(table.set("c", "-")).toBe("5.0");
  expect(table.all).toEqual(["5", "-"]);
  expect(table.set("d", "9")).toBe("5");
  expect(table.all).toEqual(["-", "9"]);
});

test("that changed their end go by the new one", () => {
  const table = facts(2);
  table.set("a", "1");
  table.set("a", "9");
  table.set("b", "5");
  expect(table.set("c", "-")).toBe("5");
  table.set("a", "-");
  // None has an end: the first of all goes.
  expect(table.set("d", "-")).toBe("-");
  expect(table.set("e", "3")).toBe("3");
});
