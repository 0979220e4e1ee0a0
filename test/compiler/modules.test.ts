/** Modules of several files, imports, and what a compilation as a whole must be. */
import { describe, expect, test } from "vitest";
import { bundleBody, compile, encodeBundle, type SourceText } from "#compiler";
import { runTests } from "../../compiler/cli/test/run.ts";
import { compileFixture, schemaFile } from "./fixtures.ts";

const file = (name: string, text: string): SourceText => ({ file: `${name}.tapio`, text });
const codes = (...files: readonly SourceText[]) =>
  compileFixture(files).diagnostics.map((d) => `${d.at.file} ${d.code}`);

const lists = 'module lists\npub list shells: string(8) = ["sh"]\nlist hidden: string(8) = ["x"]\n';
const head = "module m\nimport fixture.schema\n";
const rule = (name: string, where: string) =>
  `rule ${name} { match e: proc.exec where ${where} }\n`;

describe("a module of two files", () => {
  test("sees its own declarations in both", () => {
    const a = file(
      "a",
      `${head}list shells: string(8) = ["sh"]\nlet f(x: string) -> bool = x in more\n`,
    );
    const b = file(
      "b",
      `${head}list more: string(8) = ["zsh"]\n${rule("r", "e.comm in shells or f(e.comm)")}`,
    );
    expect(codes(a, b)).toEqual([]);
    expect(codes(b, a)).toEqual([]);
  });

  test("declares a name once", () => {
    const a = file("a", `${head}${rule("r", "e.pid == 1")}`);
    expect(codes(a, file("b", a.text))).toEqual(["b.tapio TAP2005"]);
  });

  test("tests rules of either file", () => {
    const a = file("a", `${head}${rule("r", "e.pid == 1")}`);
    const b = file("b", `${head}test "t" for r { given {} expect { no finding r } }\n`);
    expect(codes(a, b)).toEqual([]);
  });
});

describe("tests of an operator's own module", () => {
  const vendor = file("v", `module v\nimport fixture.schema\n${rule("r", "e.pid == 1")}`);
  const other = file("w", `module w\nimport fixture.schema\n${rule("r", "e.pid == 2")}`);
  const own = (target: string, expected: string) =>
    file("a", `${head}test "t" for ${target} { given {} expect { no finding ${expected} } }\n`);

  test("name rules as overrides do: plainly where only one has the name, or in full", () => {
    expect(codes(own("r", "r"), vendor)).toEqual([]);
    expect(codes(own("v.r", "r"), vendor)).toEqual([]);
    expect(codes(own("v.r", "v.r"), vendor)).not.toEqual([]);
  });

  test("are told of all modules that have such a rule", () => {
    const { diagnostics } = compileFixture([own("v.r", "r"), vendor, other]);
    expect(diagnostics.map((d) => [d.code, d.help])).toEqual([
      ["TAP5001", "import the module you mean and make the rule `pub` there: `v` or `w`"],
    ]);
  });
});

describe("imports under another name", () => {
  const library = file(
    "lists",
    `${lists}pub let long(x: string) -> bool = x in shells\npub template t(n: int) { match e: proc.exec where e.pid == n }\n`,
  );

  test("bring names behind it, and only those", () => {
    const a = file("a", `${head}import lists as l\n${rule("r", "e.comm in l.shells")}`);
    expect(codes(a, library)).toEqual([]);
    const b = file("a", `${head}import lists as l\n${rule("r", "e.comm in shells")}`);
    expect(codes(b, library)).toEqual(["a.tapio TAP2001"]);
    const c = file("a", `${head}import lists as l\n${rule("r", "e.comm in l.hidden")}`);
    expect(codes(c, library)).toEqual(["a.tapio TAP2001"]);
  });

  test("and plainly what is listed", () => {
    const text = `${head}import lists as l { shells }\n${rule("r", "e.comm in shells and long(e.comm)")}`;
    expect(codes(file("a", text), library)).toEqual(["a.tapio TAP2013"]);
  });

  test("reach templates", () => {
    const a = file("a", `${head}import lists as l\nrule r = l.t(3)\n`);
    expect(codes(a, library)).toEqual([]);
  });

  test("belong to the file, and so does what is declared there", () => {
    const text =
      "let f(x: string) -> bool = x in l.shells\ntemplate u(n: int) { match e: proc.exec where f(e.comm) and e.pid == n }\n";
    const a = file("a", `${head}import lists as l\n${text}`);
    const b = file("b", `${head}${rule("r", "f(e.comm)")}rule s = u(1)\n`);
    expect(codes(a, b, library)).toEqual([]);
    const c = file("b", `${head}${rule("r", "e.comm in l.shells")}`);
    expect(codes(a, c, library)).toEqual(["b.tapio TAP2001"]);
  });
});

describe("imports", () => {
  test("bring what is public", () => {
    const a = file("a", `${head}import lists\n${rule("r", "e.comm in shells")}`);
    expect(codes(a, file("lists", lists))).toEqual([]);
  });

  test("do not bring what is not", () => {
    const a = file("a", `${head}import lists\n${rule("r", "e.comm in hidden")}`);
    expect(codes(a, file("lists", lists))).toEqual(["a.tapio TAP2001"]);
  });

  test("bring only what they name", () => {
    const text = `${lists}pub list other: string(8) = ["y"]\n`;
    const a = file("a", `${head}import lists { other }\n${rule("r", "e.comm in shells")}`);
    expect(codes(a, file("lists", text))).toEqual(["a.tapio TAP2001"]);
  });

  test("clash with what is declared here", () => {
    const a = file("a", `${head}import lists\nlist shells: string(8) = ["a"]\n`);
    expect(codes(a, file("lists", lists))).toEqual(["a.tapio TAP2005"]);
  });

  test("that lead nowhere are one mistake, however much is used", () => {
    const a = file(
      "a",
      `${head}import nowhere\n${rule("r", "e.comm in shells and f(e) and g > h")}`,
    );
    expect(codes(a)).toEqual(["a.tapio TAP2004"]);
  });
});

test("a user's module takes the place of the standard one", () => {
  const mine = { file: "mine.tapio", text: `${schemaFile.text}event my.own from log { x: int }\n` };
  const a = file("a", `${head}rule r { match e: my.own where e.x == 1 }\n`);
  const result = compile([mine, a], { std: [schemaFile], version: "test" });
  expect(result.diagnostics).toEqual([]);
});

test("diagnostics come in the order of files and places", () => {
  const a = file("a", `${head}${rule("r", "e.b == e.a")}${rule("s", "e.c == 1")}severity\n`);
  const { diagnostics } = compileFixture([file("b", a.text.replace("module m", "module n")), a]);
  const places = diagnostics.map((d) => `${d.at.file} ${String(d.at.start).padStart(4, "0")}`);
  expect(places).toEqual([...places].sort());
  expect(new Set(diagnostics.map((d) => d.at.file)).size).toBe(2);
});

test("a mistake in the pattern does not hide one in the explanation", () => {
  const text = `${head}rule r { match e: proc.exec where e.a == 1 explain { root x } severity hgh }\n`;
  expect(codes(file("a", text))).toEqual(["a.tapio TAP2003", "a.tapio TAP4102", "a.tapio TAP2011"]);
});

test("`let`s may be nested deep, but not without end", () => {
  const chain = (n: number) =>
    Array.from({ length: n }, (_, i) =>
      i === 0 ? "let f0(x: int) -> int = x + 1" : `let f${i}(x: int) -> int = f${i - 1}(x) + 1`,
    ).join("\n");
  const program = (n: number) =>
    file(
      "a",
      `${head}${chain(n)}
rule r { match e: proc.exit where f${n - 1}(e.code) > ${n} }
test "t" for r {
  given { at 1s proc.exit { pid: 1 comm: "x" cgroup: id("1") code: 1 took: 1s } }
  expect { finding r at 1s times 1 }
}
`,
    );
  const deep = compileFixture([program(300)]);
  expect(deep.diagnostics).toEqual([]);
  expect(runTests(deep).flatMap((t) => t.failures)).toEqual([]);
  expect(encodeBundle(bundleBody(deep, [], "test")).length).toBeGreaterThan(1000);
  expect(codes(program(600))).toContain("a.tapio TAP2018");
});

test("equal sources give equal bytes, in any order and on any path", () => {
  const a = file("a", `${head}import lists\n${rule("r", "e.comm in shells")}`);
  const b = file("lists", lists);
  const bytes = (files: readonly SourceText[]) =>
    Buffer.from(encodeBundle(bundleBody(compileFixture(files), files, "test"))).toString("hex");
  expect(bytes([b, a])).toBe(bytes([a, b]));
});
