/** The grammar itself, and the shape of what it accepts. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { contextualWords, type Expr, printTree, reservedWords, walk } from "#grammar";
import { TapioParser } from "../../grammar/syntax/parser.ts";
import { skipReason } from "../harness/skip.ts";
import { codesOf, outcomeOf, shapeOf, sourcesIn, validSources } from "./harness.ts";

describe("the grammar", () => {
  it("passes chevrotain's own validation, which the shipped parser skips", () => {
    expect(() => new TapioParser(true)).not.toThrow();
  });

  it("reserves 61 words, and none of them is contextual too", () => {
    expect(reservedWords).toHaveLength(61);
    expect(new Set([...reservedWords, ...contextualWords]).size).toBe(61 + contextualWords.length);
  });

  it.each(validSources)("$name parses without diagnostics", ({ text }) => {
    expect(outcomeOf(text).diagnostics).toEqual([]);
  });

  it("accepts every contextual keyword as a name", () => {
    for (const word of contextualWords) {
      const text = [
        `module ${word}.x`,
        `let ${word}(${word}: int) = ${word}.${word} + ${word}[0]`,
        `rule ${word} version 1 {`,
        `  match sequence { ${word}: k.${word} then ${word}: k.a where x == ${word} }`,
        "}",
      ].join("\n");
      expect([word, ...codesOf(text)]).toEqual([word]);
    }
  });

  it("accepts every word after a dot, as a field name, map key and enum member", () => {
    for (const word of [...reservedWords, ...contextualWords]) {
      const text = [
        `module a.${word}`,
        `event x.${word} from k { ${word}: enum { ${word}, b } in: int }`,
        `derive y.z from e: x.y where e.${word} == 1 set { ${word}: e.${word} not: 2 }`,
      ].join("\n");
      expect([word, ...codesOf(text)]).toEqual([word]);
    }
  });

  it("refuses every reserved word as a declared name", () => {
    for (const word of reservedWords) {
      expect([word, ...codesOf(`module a\nlet ${word}() = 1\n`)]).toEqual([word, "TAP1014"]);
    }
  });
});

const designFolder = fileURLToPath(new URL("../../../shared/design/examples", import.meta.url));
const stdFolder = fileURLToPath(new URL("../../rules/std", import.meta.url));

describe.each([
  ["the design's examples", designFolder],
  ["the standard library", stdFolder],
])("%s", (name, folder) => {
  if (!existsSync(folder)) {
    it.skipIf(skipReason(name, `${folder} does not exist`))(name, () => undefined);
    return;
  }
  it.each(sourcesIn(folder))("$name parses without diagnostics and prints back", ({ text }) => {
    const { diagnostics, tree } = outcomeOf(text);
    expect(diagnostics).toEqual([]);
    expect(printTree(tree)).toBe(text);
  });
});

/** An expression written out with all its parentheses. */
function structure(expr: Expr): string {
  switch (expr.kind) {
    case "nameRef":
      return expr.name;
    case "number":
      return String(expr.value);
    case "bool":
      return String(expr.value);
    case "binary":
      return `(${structure(expr.left)} ${expr.op} ${structure(expr.right)})`;
    case "unary":
      return `(${expr.op} ${structure(expr.operand)})`;
    case "member":
      return `${structure(expr.object)}.${expr.member.text}`;
    case "index":
      return `${structure(expr.object)}[${structure(expr.index)}]`;
    case "in":
      return `(${structure(expr.item)} ${expr.isNegated ? "not in" : "in"} ${structure(expr.set)})`;
    case "text": {
      const tail = `${expr.as ? ` as ${expr.as.text}` : ""}${expr.nocase ? " nocase" : ""}`;
      const op = `${expr.isNegated ? "not " : ""}${expr.op}`;
      return `(${structure(expr.text)} ${op} ${structure(expr.pattern)}${tail})`;
    }
    case "is":
      return `(${structure(expr.operand)} is ${expr.isNegated ? "not " : ""}${expr.what})`;
    case "list":
      return `[${expr.items.map(structure).join(", ")}]`;
    case "call":
      return `${expr.callee.text}(${expr.args.map((arg) => structure(arg.value)).join(", ")})`;
    case "quantified":
      return `${expr.quantifier}(${structure(expr.list)}: ${structure(expr.body)})`;
    default:
      return expr.kind;
  }
}

function structureOf(source: string): string {
  const { ast, diagnostics } = outcomeOf(`module a\nlet x() = ${source}\n`);
  expect(diagnostics).toEqual([]);
  const decl = ast.decls[0];
  if (decl?.kind !== "letDecl") throw new Error("no declaration");
  return structure(decl.body);
}

describe("expressions", () => {
  it.each([
    ["a or b and c", "(a or (b and c))"],
    ["a and b or c and d", "((a and b) or (c and d))"],
    ["a or b or c", "((a or b) or c)"],
    ["not a == b and c", "((not (a == b)) and c)"],
    ["not not a", "(not (not a))"],
    ["not a in b or not c", "((not (a in b)) or (not c))"],
    ["a + b * c - d", "((a + (b * c)) - d)"],
    ["a ?? b + c", "(a ?? (b + c))"],
    ["a ?? b ?? c == d", "(((a ?? b) ?? c) == d)"],
    ["a == b ?? c", "(a == (b ?? c))"],
    ["-a * -b", "((- a) * (- b))"],
    ["--a", "(- (- a))"],
    ["-a.b[1].c", "(- a.b[1].c)"],
    ["has a.b and has c", "((has a.b) and (has c))"],
    ["a not in [1, 2]", "(a not in [1, 2])"],
    ["a contains b + c nocase", "(a contains (b + c) nocase)"],
    ["a not matches b as m", "(a not matches b as m)"],
    ["a is not missing and b is uncertain", "((a is not missing) and (b is uncertain))"],
    ["(a or b) and c", "((a or b) and c)"],
    ["any(t in a.b: t.c > 1) or all(b)", undefined],
    ["any(t in a.b: t.c > 1) or f(b, k: c)", "(any(a.b: (t.c > 1)) or f(b, c))"],
    ["(a == b) == c", "((a == b) == c)"],
  ])("%s", (source, expected) => {
    if (expected === undefined) expect(codesOf(`module a\nlet x() = ${source}\n`)).not.toEqual([]);
    else expect(structureOf(source)).toBe(expected);
  });

  it.each(["a == b == c", "a < b in c", "a is missing == b", "a contains b contains c"])(
    "%s compares a comparison",
    (source) => expect(codesOf(`module a\nlet x() = ${source}\n`)).toEqual(["TAP1020"]),
  );
});

describe("declarations", () => {
  it("keeps docs, annotations and pub", () => {
    const source = validSources.find(({ name }) => name === "schema.tapio");
    const { ast } = outcomeOf(source?.text ?? "");
    expect(ast.module?.text).toBe("shop.schema");
    expect(ast.imports[1]).toMatchObject({ alias: { text: "patterns" } });
    const paid = ast.decls.find((decl) => decl.kind === "eventDecl");
    expect(paid).toMatchObject({
      isPub: true,
      doc: "A basket was paid for.",
      annotations: [{ name: { text: "since" }, args: [{ name: { text: "version" } }] }],
    });
    const fields = paid?.kind === "eventDecl" ? paid.fields : [];
    expect(fields.map((field) => [field.name.text, field.type.kind, field.doc])).toEqual([
      ["outcome", "enumType", "What the bank said."],
      ["amount", "namedType", undefined],
      ["tags", "mapType", undefined],
      ["address", "recordType", undefined],
    ]);
  });

  it("gives every node its own number, and parents contain their children", () => {
    for (const { text } of validSources) {
      const ids = new Set<number>();
      walk(outcomeOf(text).ast, {
        enter: (node, parent) => {
          expect(ids.has(node.id)).toBe(false);
          ids.add(node.id);
          expect(node.span.start).toBeGreaterThanOrEqual(parent?.span.start ?? 0);
          expect(node.span.end).toBeLessThanOrEqual(parent?.span.end ?? text.length);
          return true;
        },
      });
      expect(ids.size).toBeGreaterThan(50);
    }
  });

  it("reads every clause of the rule fixture", () => {
    const source = validSources.find(({ name }) => name === "rules.tapio");
    const { ast } = outcomeOf(source?.text ?? "");
    expect(shapeOf(ast.decls)).toMatchSnapshot();
  });
});
