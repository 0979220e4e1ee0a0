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

/** The same literal as the summary of a rule, where holes are. */
function summaryIn(literal: string): StringLiteral {
  const { ast, diagnostics } = outcomeOf(withSummary(literal));
  expect(diagnostics).toEqual([]);
  const found = [...descendantsOf(ast)].find((node) => node.kind === "summaryLine");
  if (found?.kind !== "summaryLine") throw new Error("no summary");
  return (found as AnyNode & { text: StringLiteral }).text;
}

/** A tree with its places moved by so many characters. */
function moved(node: unknown, by = 0): unknown {
  return JSON.parse(
    JSON.stringify(node, (key, v) => (key === "start" || key === "end" ? v + by : v)),
  );
}

function withSummary(literal: string): string {
  return `module a\nrule r { match s: a.b explain { summary ${literal} } }\n`;
}

describe("values", () => {
  it.each([
    ['"a\\n\\t\\r\\"\\\\b"', "", 'a\n\t\r"\\b'],
    ['"\\u{e9}\\u{1F600}"', "", "é😀"],
    ['"{{x}}"', "", "{{x}}"],
    ['"use {x}"', "", "use {x}"],
    ['"{\\"a\\":1}"', "", '{"a":1}'],
    ['"} {"', "", "} {"],
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

  it("splits a template at its holes", () => {
    const { template } = summaryIn('"a {{ {b.c} \\"{d ?? \\"}}\\"}\\" e"');
    const parts = template?.parts.map((part) => (typeof part === "string" ? part : part.kind));
    expect(parts).toEqual(["a { ", "member", ' "', "binary", '" e']);
  });

  it.each([
    ['"{{x}}"', "{x}"],
    ['"\\u{7b}x"', "{x"],
    ['r"{x}"', "{x}"],
  ])("reads the template %s without holes", (literal, value) => {
    expect(summaryIn(literal)).toMatchObject({ value, template: undefined });
  });

  it.each(["b", "b.c", "b.in.then.c_1", "b.entity.pod"])(
    "reads {%s} as the parser does",
    (path) => {
      // With spaces around it the hole takes the long way.
      const [short] = summaryIn(`"{${path}}"`).template?.parts ?? [];
      const [long] = summaryIn(`"{ ${path} }"`).template?.parts ?? [];
      expect(moved(short)).toEqual(moved(long, -1));
    },
  );

  it.each(["rule", "then.x", "true", "not", "any", "within.a"])(
    "leaves {%s} to the parser",
    (path) => {
      const [short, long] = [`"{${path}}"`, `"{ ${path} }"`].map((t) => outcomeOf(withSummary(t)));
      const codes = (x: typeof short) => x?.diagnostics.map((d) => [d.code, d.message]);
      expect(codes(short)).toEqual(codes(long));
    },
  );

  it("reads a string inside a hole as it stands", () => {
    const { template } = summaryIn('"{f(\\"{g}\\")}"');
    const [call] = template?.parts ?? [];
    expect(call).toMatchObject({
      kind: "call",
      args: [{ value: { kind: "string", value: "{g}", template: undefined } }],
    });
  });

  it("has holes in explanations only", () => {
    const text = `module a
list words: string(9) = ["{a}"]
@note("{b}")
rule r {
  doc "{c"
  labels { x: "{d}" }
  let y = "e}"
  match s: a.b where s.m contains "{\\"f\\":1}"
  except "{g" when true expires "{h" owner "}i"
  explain {
    root s as "{j}"
    impact s { k: "{k}" }
    chain s -> s as "{l}"
    because s -> s "{m}"
    summary "{n}"
    recommend "{o}" when s.m == "{p}"
  }
}
test "{q" for r {
  given { entity pod "{r" at 0s a.b { m: "{s" } }
  expect { finding r { summary == "{t}" } }
}
`;
    const { ast, diagnostics } = outcomeOf(text);
    expect(diagnostics).toEqual([]);
    const names = [...descendantsOf(ast)].flatMap((node) =>
      node.kind === "nameRef" && "name" in node ? [node.name] : [],
    );
    expect(names.filter((name) => /^[a-t]$/.test(String(name)) && name !== "s")).toEqual([
      ..."jlmno",
    ]);
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
    const text = withSummary('"\\n{{ {one ?? \\"{two}\\" + three.four} \\u{e9} {five}"');
    const slices = [...descendantsOf(outcomeOf(text).ast)]
      .filter((node) => ["binary", "member", "string", "nameRef"].includes(node.kind))
      .map((node) => text.slice(node.span.start, node.span.end));
    expect(slices.slice(1)).toEqual([
      'one ?? \\"{two}\\" + three.four',
      "one",
      '\\"{two}\\" + three.four',
      '\\"{two}\\"',
      "three.four",
      "three",
      "five",
    ]);
  });

  it("reports inside a hole at the place in the file", () => {
    const text = withSummary('"\\"{one + + two}\\""');
    const [found] = outcomeOf(text).diagnostics;
    expect(text.slice(found?.at.start, found?.at.end)).toBe("+");
    expect(found?.at.start).toBe(text.indexOf("+ two"));
  });
});
