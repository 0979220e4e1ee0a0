/** Escapes, prefixes and holes of strings; the place of every expression inside a hole. */
import { describe, expect, it } from "vitest";
import { type AnyNode, descendantsOf, type StringLiteral } from "#grammar";
import { outcomeOf, validSources } from "./harness.ts";

function stringIn(literal: string): StringLiteral {
  const text = `module a\nlet x() = ${literal}\n`;
  const { ast, diagnostics } = outcomeOf(text);
  expect(diagnostics).toEqual([]);
  const decl = ast.decls[0];
  if (decl?.kind !== "letDecl" || decl.body.kind !== "string") throw new Error("not a string");
  return decl.body;
}

describe("values", () => {
  it.each([
    ['"a\\n\\t\\r\\"\\\\b"', "", 'a\n\t\r"\\b'],
    ['"\\u{e9}\\u{1F600}"', "", "é😀"],
    ['"{{x}}"', "", "{x}"],
    ['"\\u{7b}"', "", "{"],
    ['t"2030-01-01\\n"', "t", "2030-01-01\n"],
    ['t"{x"', "t", "{x"],
    ['re"\\d+\\\\ \\"{2}"', "re", '\\d+\\\\ "{2}'],
    ['r"C:\\temp\\"', undefined, ""],
    ['r"C:\\temp"', "r", "C:\\temp"],
    ['glob"/etc/**"', "glob", "/etc/**"],
    ['ip"::1"', "ip", "::1"],
    ['cidr"10.0.0.0/8"', "cidr", "10.0.0.0/8"],
  ])("%s", (literal, prefix, value) => {
    if (prefix === undefined) {
      expect(outcomeOf(`module a\nlet x() = ${literal}\n`).diagnostics[0]?.code).toBe("TAP1002");
      return;
    }
    expect(stringIn(literal)).toMatchObject({ prefix, value, template: undefined });
  });

  it("splits a plain string at its holes", () => {
    const { template } = stringIn('"a {{ {b.c} \\"{d ?? \\"}}\\"}\\" e"');
    const parts = template?.parts.map((part) => (typeof part === "string" ? part : part.kind));
    expect(parts).toEqual(["a { ", "member", ' "', "binary", '" e']);
  });

  it("reads strings with holes inside holes", () => {
    const { template } = stringIn('"{f(\\"{g}\\")}"');
    const [call] = template?.parts ?? [];
    expect(call).toMatchObject({
      kind: "call",
      args: [{ value: { kind: "string", template: { parts: [{ kind: "nameRef", name: "g" }] } } }],
    });
  });
});

describe("places", () => {
  /** What an expression's own source text must contain, judged by its kind. */
  function textMust(node: AnyNode): string | undefined {
    if ("name" in node && typeof node.name === "string") return node.name;
    if (node.kind === "name" && "text" in node) return String(node.text);
    if (node.kind === "binary" && "op" in node) return String(node.op);
    return undefined;
  }

  it.each(validSources)("$name: every span of every node slices its own text", ({ text }) => {
    for (const node of descendantsOf(outcomeOf(text).ast)) {
      const slice = text.slice(node.span.start, node.span.end);
      const expected = textMust(node);
      if (expected !== undefined) expect(slice).toContain(expected);
      if (node.kind === "nameRef" || node.kind === "name") expect(slice).toBe(expected);
    }
  });

  it("maps holes back through escapes", () => {
    const text = 'module a\nlet x() = "\\n{{ {one ?? \\"{two.three}\\"} \\u{e9} {four}"\n';
    const slices = [...descendantsOf(outcomeOf(text).ast)]
      .filter((node) => ["binary", "member", "string", "nameRef"].includes(node.kind))
      .map((node) => text.slice(node.span.start, node.span.end));
    expect(slices.slice(1)).toEqual([
      'one ?? \\"{two.three}\\"',
      "one",
      '\\"{two.three}\\"',
      "two.three",
      "two",
      "four",
    ]);
  });

  it("reports inside a hole at the place in the file", () => {
    const text = 'module a\nlet x() = "\\"{one + + two}\\""\n';
    const [found] = outcomeOf(text).diagnostics;
    expect(text.slice(found?.at.start, found?.at.end)).toBe("+");
    expect(found?.at.start).toBe(text.indexOf("+ two"));
  });
});
