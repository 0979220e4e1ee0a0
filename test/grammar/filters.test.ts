/**
 * Conditions as text: how operators bind, what quotes and brackets hold, what is no condition. Only
 * the syntax is asked here; types are in test/compiler/filters.test.ts.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Expr, NESTING_MAX } from "#grammar";
import { FUZZ_RUNS, outcomeOf } from "./harness.ts";

const head = "module a\nrule r {\n  match e: k.a where ";

function outcomeOfCondition(condition: string) {
  return outcomeOf(`${head}${condition}\n}\n`);
}

function readCondition(condition: string): Expr {
  const { ast, diagnostics } = outcomeOfCondition(condition);
  expect(
    diagnostics.map((d) => d.message),
    condition,
  ).toEqual([]);
  const [rule] = ast.decls;
  const match = rule?.kind === "ruleDecl" && rule.items?.find((item) => item.kind === "matchItem");
  const pattern = match ? match.pattern : undefined;
  if (pattern?.kind !== "step" || !pattern.where) throw new Error(condition);
  return pattern.where;
}

/** The condition with a pair of parentheses for each operator, and nothing else of its layout. */
function grouped(e: Expr): string {
  switch (e.kind) {
    case "nameRef":
      return e.name;
    case "string":
      return `${e.prefix}${JSON.stringify(e.value)}`;
    case "number":
    case "bool":
      return `${e.value}`;
    case "duration":
      return `${e.us}us`;
    case "member":
      return `${grouped(e.object)}.${e.member.text}`;
    case "index":
      return `${grouped(e.object)}[${grouped(e.index)}]`;
    case "call":
      return `${e.callee.text}(${e.args.map((a) => grouped(a.value)).join(", ")})`;
    case "list":
      return `[${e.items.map(grouped).join(", ")}]`;
    case "quantified":
      return `${e.quantifier}(${e.variable.text} in ${grouped(e.list)}: ${grouped(e.body)})`;
    case "unary":
      return `(${e.op} ${grouped(e.operand)})`;
    case "binary":
      return `(${grouped(e.left)} ${e.op} ${grouped(e.right)})`;
    case "in":
      return `(${grouped(e.item)}${e.isNegated ? " not" : ""} in ${grouped(e.set)})`;
    case "text": {
      const rest = `${e.as ? ` as ${e.as.text}` : ""}${e.nocase ? " nocase" : ""}`;
      return `(${grouped(e.text)}${e.isNegated ? " not" : ""} ${e.op} ${grouped(e.pattern)}${rest})`;
    }
    case "is":
      return `(${grouped(e.operand)} is${e.isNegated ? " not" : ""} ${e.what})`;
    default:
      throw new Error(`${e.kind} in a condition that was read`);
  }
}

describe("binding", () => {
  it.each([
    ["a or b and c", "(a or (b and c))"],
    ["a and b or c", "((a and b) or c)"],
    ["(a or b) and c", "((a or b) and c)"],
    ["a or b or c", "((a or b) or c)"],
    ["a and b and c", "((a and b) and c)"],
    ["not a or b", "((not a) or b)"],
    ["not a and b", "((not a) and b)"],
    ["not (a and b)", "(not (a and b))"],
    ["not not not a", "(not (not (not a)))"],
    ["not a == b", "(not (a == b))"],
    ["not a in [b]", "(not (a in [b]))"],
    ["a not in [b]", "(a not in [b])"],
    ['not a not contains "x"', '(not (a not contains "x"))'],
    ["not has a.b", "(not (has a.b))"],
    ["has a.b and c", "((has a.b) and c)"],
    ["a == b and c != d or e < f", "(((a == b) and (c != d)) or (e < f))"],
    ["a ?? b == c", "((a ?? b) == c)"],
    ["a + b * c - d > 0", "(((a + (b * c)) - d) > 0)"],
    ["a - b - c == 0", "(((a - b) - c) == 0)"],
    ["-a * b == c", "(((- a) * b) == c)"],
    ["a is missing or b is not missing", "((a is missing) or (b is not missing))"],
    ['a matches re"x" as m and b', '((a matches re"x" as m) and b)'],
    ['a contains "x" nocase or b', '((a contains "x" nocase) or b)'],
    ["any(x in a.b: x > 1 or x < 0) and c", "(any(x in a.b: ((x > 1) or (x < 0))) and c)"],
    ["f(a, g(b))[1].c == 2", "(f(a, g(b))[1].c == 2)"],
  ])("%s", (condition, expected) => {
    expect(grouped(readCondition(condition))).toBe(expected);
  });

  /** Loosest first; a condition is printed with only the parentheses that its operators need. */
  const strength = { or: 0, and: 1, not: 2, test: 3 } as const;
  interface Printed {
    readonly level: number;
    readonly text: string;
    readonly grouped: string;
  }
  const within = (p: Printed, level: number) => (p.level < level ? `(${p.text})` : p.text);
  const { condition } = fc.letrec<{ condition: Printed }>((tie) => ({
    condition: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc
        .constantFrom("a", "b.c", 'd == "or"', "e not in [1, 2]", "has f.g", "not_h")
        .map((text) => ({
          level: strength.test,
          text,
          grouped: /[ ]/.test(text) ? `(${text})` : text,
        })),
      tie("condition").map((p) => ({
        level: strength.not,
        text: `not ${within(p, strength.not)}`,
        grouped: `(not ${p.grouped})`,
      })),
      fc
        .tuple(fc.constantFrom("or" as const, "and" as const), tie("condition"), tie("condition"))
        .map(([op, left, right]) => ({
          level: strength[op],
          // Chains lean to the left: the right side of an equal operator needs its parentheses.
          text: `${within(left, strength[op])} ${op} ${within(right, strength[op] + 1)}`,
          grouped: `(${left.grouped} ${op} ${right.grouped})`,
        })),
    ),
  }));

  it("is what the fewest parentheses say, however the text is laid out", () => {
    const gap = fc.constantFrom(" ", "\n", "\t", "  ", " // and ( \n", " /* or ) */ ");
    fc.assert(
      fc.property(condition, fc.array(gap, { minLength: 1, maxLength: 9 }), (printed, gaps) => {
        let at = 0;
        // Only white space outside of quotes may change.
        const text = printed.text.replace(/"[^"]*"| /g, (c) =>
          c === " " ? (gaps[at++ % gaps.length] ?? " ") : c,
        );
        expect(grouped(readCondition(text)), text).toBe(printed.grouped);
      }),
      { numRuns: FUZZ_RUNS },
    );
  });
});

describe("words and signs without space", () => {
  it.each([
    ["not(a)and(not(b))or(c)", "(((not a) and (not b)) or c)"],
    ["a==1", "(a == 1)"],
    ["a!=b.c", "(a != b.c)"],
    ["a>=-1", "(a >= (- 1))"],
    ['a=="x"and(b)', '((a == "x") and b)'],
    ["(((a)))", "a"],
    ["notable and order or inner", "((notable and order) or inner)"],
    ["a.not.in.and == 1", "(a.not.in.and == 1)"],
    ["a\n  and\n\n\tb", "(a and b)"],
    ["a // b and c\n  and d", "(a and d)"],
    ["a /* or\n b */ and c", "(a and c)"],
  ])("%j", (condition, expected) => {
    expect(grouped(readCondition(condition))).toBe(expected);
  });
});

describe("texts", () => {
  it.each([
    ['""', ""],
    ['"plain words, (brackets) [and] {braces}"', "plain words, (brackets) [and] {braces}"],
    ['"single \' quote"', "single ' quote"],
    ['"double \\" quote"', 'double " quote'],
    ['"back\\\\slash"', "back\\slash"],
    ['"ends in a backslash\\\\"', "ends in a backslash\\"],
    ['"tab\\tline\\n"', "tab\tline\n"],
    ['"\\u{e9}\\u{1F600}é😀"', "é😀é😀"],
    ['"// no comment /* none */"', "// no comment /* none */"],
    ['"a and not b"', "a and not b"],
    ['r"C:\\temp\\"', undefined],
    ['r"C:\\temp"', "C:\\temp"],
    ['re"\\d+\\.\\\\"', "\\d+\\.\\\\"],
    ['re"say \\"x\\""', 'say "x"'],
    ['"bad \\q escape"', undefined],
    ['"bad \\\' escape"', undefined],
    ['"\\u{110000}"', undefined],
    ['"not closed', undefined],
    ['"two\nlines"', undefined],
    ["'single'", undefined],
    ['"a" "b"', undefined],
  ])("%j", (literal, value) => {
    const { diagnostics } = outcomeOfCondition(`a == ${literal}`);
    if (value === undefined) {
      expect(diagnostics.map((d) => d.code)).not.toEqual([]);
      return;
    }
    const condition = readCondition(`a == ${literal}`);
    expect(condition.kind === "binary" && condition.right).toMatchObject({ value });
  });
});

describe("lists and keys", () => {
  it.each([
    ["a in []", "(a in [])"],
    ["a in [1]", "(a in [1])"],
    ["a in [ 1 ,\n 2 ]", "(a in [1, 2])"],
    ['a in ["x", "x"]', '(a in ["x", "x"])'],
    ["a in b.c", "(a in b.c)"],
    ["a in [b, f(c), -1]", "(a in [b, f(c), (- 1)])"],
    ['a["x y"] == 1', '(a["x y"] == 1)'],
    ["a[0][b.c].d == 1", "(a[0][b.c].d == 1)"],
  ])("%s", (condition, expected) => {
    expect(grouped(readCondition(condition))).toBe(expected);
  });
});

describe("what is no condition", () => {
  // The place is the text that the first error points at.
  it.each([
    ["a and", "}"],
    ["a or", "}"],
    ["and a", "and"],
    ["not", "}"],
    ["a and or b", "or"],
    ["a not b", "b"],
    ["a b", "b"],
    ["aand b", "b"],
    ["a andnot b", "andnot"],
    ["(a and b", "("],
    ["a and b)", ")"],
    ["()", ")"],
    ["(a or (b)", "("],
    ["a == == b", "=="],
    ["a ==", "}"],
    ["a = 1", "="],
    ["a !== b", "="],
    ["a < b < c", "<"],
    ["a == b == c", "=="],
    ["a in", "}"],
    ["a in [1, 2", "["],
    ["a in [1,]", "]"],
    ["a in [,]", ","],
    ["a in [1,,2]", ","],
    ["a in [1 2]", "2"],
    ['a contains"x" "y"', '"y"'],
    ['a contain "x"', "contain"],
    ["a[] == 1", "]"],
    ["a[1 == 1", "["],
    ["a] == 1", "]"],
    ["has", "}"],
    ["has not a", "not"],
    ["a is", "}"],
    ["a is absent", "absent"],
    ["f(a b)", "b"],
    ["f(a,)", ")"],
    ["f(,a)", ","],
    ["a > !1", "!"],
    ["a & b", "&"],
    ["a || b", "|"],
  ])("%s", (condition, place) => {
    const { diagnostics } = outcomeOfCondition(condition);
    const [first] = diagnostics;
    const text = `${head}${condition}\n}\n`;
    expect(first && text.slice(first.at.start, first.at.end)).toContain(place);
    expect(first?.severity).toBe("error");
    expect(first?.message).toMatch(/^\S.*[^.]$/);
  });
});

describe("nesting", () => {
  const forms: readonly (readonly [string, (depth: number) => string])[] = [
    ["parentheses", (n) => `${"(".repeat(n)}a${")".repeat(n)}`],
    ["not", (n) => `${"not ".repeat(n)}a`],
    ["not and parentheses", (n) => `${"not (".repeat(n)}a${")".repeat(n)}`],
    ["brackets", (n) => `a in ${"[".repeat(n)}1${"]".repeat(n)}`],
    ["calls", (n) => `${"f(".repeat(n)}a${")".repeat(n)}`],
    ["alternatives", (n) => `${"(a or ".repeat(n)}b${")".repeat(n)}`],
  ];

  it.each(forms)("of %s is read up to the limit and refused above it, once", (_, form) => {
    const codes = (depth: number) => outcomeOfCondition(form(depth)).diagnostics.map((d) => d.code);
    expect(codes(NESTING_MAX - 2)).toEqual([]);
    expect(codes(NESTING_MAX + 2)).toEqual(["TAP1010"]);
    expect(codes(NESTING_MAX * 50)).toEqual(["TAP1010"]);
  });
});
