/** Every example of every builtin is true, in the interpreter and in generated code. */
import { describe, expect, test } from "vitest";
import { builtins, findBuiltin } from "#core";
import { findingsOf } from "../../../compiler/both-ways.ts";

describe.each(builtins)("$name", (builtin) => {
  test("is found by its name, and says what it is for", () => {
    expect(findBuiltin(builtin.name)).toBe(builtin);
    expect(builtin.doc).toMatch(/^.*\.$/s);
    expect(builtin.kernel).not.toBe("");
    expect(builtin.examples.length).toBeGreaterThan(0);
    for (const example of builtin.examples) expect(example).toContain(`${builtin.name}(`);
  });

  test.each(builtin.examples)("%s", (example) => {
    const rule = (where: string) => `rule r { match p: t.a where ${where} }`;
    expect(findingsOf(rule(example), [["a", "x"]]).length).toBe(1);
    expect(findingsOf(rule(`not (${example})`), [["a", "x"]]).length).toBe(0);
  });

  /** Something of the unit that is never there. */
  const missing = (unit: (typeof builtin.params)[number]["unit"]) => {
    if (unit === "number") return "p.x / (p.k - p.k)";
    return unit === "ip" ? '[ip"10.0.0.1"][1]' : "p.s";
  };

  test("is missing when an argument is", () => {
    const args = builtin.params.map((p) => missing(p.unit));
    const rule = `rule r { match p: t.a where has ${builtin.name}(${args.join(", ")}) }`;
    expect(findingsOf(rule, [["a", undefined]]).length).toBe(0);
  });
});
