/** What builtins say of a text of which only the beginning is known: nothing that may be wrong. */
import { expect, test } from "vitest";
import { CutText, findBuiltin, type Value } from "#core";

const cut = new CutText("kubelet");

function call(name: string, ...args: Exclude<Value, undefined>[]): Value {
  const builtin = findBuiltin(name);
  if (!builtin) throw new Error(`no builtin ${name}`);
  return builtin.eval(args);
}

test("the first place of a part is known when it is visible", () => {
  expect(call("index_of", cut, "let")).toBe(4);
  expect(call("index_of", cut, "docker")).toBe(undefined);
  expect(call("index_of", "kubelet", cut)).toBe(undefined);
});

test("the last place of a part is not", () => {
  expect(call("last_index_of", cut, "let")).toBe(undefined);
});

test("a part is whole when it ends before the cut", () => {
  expect(call("substring", cut, 0, 4)).toBe("kube");
  expect(call("substring", cut, 4, 7)).toBe("let");
  expect(call("substring", cut, 4, 8)).toEqual(new CutText("let"));
  expect(call("substring", cut, 9, 12)).toEqual(new CutText(""));
});

test("a letter of several bytes is never halved", () => {
  expect(call("substring", "aäb", 0, 2)).toBe("aä");
  expect(call("substring", "aäb", 2, 4)).toBe("b");
});

test("a cut text is no number", () => {
  expect(call("to_int", new CutText("12"))).toBe(undefined);
  expect(call("to_int", "9007199254740993")).toBe(undefined);
  expect(call("to_int", "-0")).toBe(0);
});
