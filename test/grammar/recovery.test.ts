/**
 * Several independent errors in one file: each is reported once, at its place, and what stands
 * around them survives. The fixtures mark the place below the line: `//  ^^^ TAP1001`, or
 * `// <- 1 TAP1005` for so many characters from the first column.
 */
import { describe, expect, it } from "vitest";
import type { Decl, RuleDecl } from "#grammar";
import { brokenSources, codesOf, outcomeOf } from "./harness.ts";

/** `line:column code` of every mark in a fixture. */
function expectedMarks(text: string): string[] {
  const marks: string[] = [];
  let marked = 0;
  text.split("\n").forEach((line, at) => {
    const caret = /^\/\/ *?(\^+) (TAP\d{4})$/.exec(line);
    const first = /^\/\/ <- (\d+) (TAP\d{4})$/.exec(line);
    if (caret) marks.push(`${marked}:${line.indexOf("^")}+${caret[1]?.length} ${caret[2]}`);
    else if (first) marks.push(`${marked}:0+${first[1]} ${first[2]}`);
    else marked = at;
  });
  return marks.sort();
}

function actualMarks(text: string): string[] {
  const marks = outcomeOf(text).diagnostics.map(({ at, code }) => {
    const lines = text.slice(0, at.start).split("\n");
    const column = lines.at(-1)?.length ?? 0;
    return `${lines.length - 1}:${column}+${Math.max(1, at.end - at.start)} ${code}`;
  });
  return marks.sort();
}

function named(decls: readonly Decl[], name: string): Decl | undefined {
  return decls.find((decl) => "name" in decl && decl.name.text === name);
}

describe("recovery", () => {
  it.each(brokenSources)("$name reports each error once, at its place", ({ text }) => {
    expect(actualMarks(text)).toEqual(expectedMarks(text));
  });

  it("keeps the declarations and clauses around an error", () => {
    const source = brokenSources.find(({ name }) => name === "three-errors.tapio");
    const { decls } = outcomeOf(source?.text ?? "").ast;
    expect(decls.map((decl) => ("name" in decl ? decl.name.text : ""))).toEqual([
      "first",
      "between.a",
      "last",
    ]);
    const first = named(decls, "first") as RuleDecl;
    expect(first.items.map((item) => item.kind)).toEqual(["matchItem", "suppressItem"]);
    const last = named(decls, "last") as RuleDecl;
    const match = last.items.find((item) => item.kind === "matchItem");
    const steps = match?.pattern.kind === "sequence" ? match.pattern.items : [];
    expect(steps.map((item) => ("step" in item ? item.step.name.text : ""))).toEqual([
      "a",
      "",
      "c",
    ]);
  });

  it("leaves an error pattern where a match may have stood", () => {
    const { ast } = outcomeOf("module a\nrule r version 1 {\n  mtach s: k.a\n}\n");
    const rule = ast.decls[0] as RuleDecl;
    expect(rule.items).toMatchObject([{ kind: "matchItem", pattern: { kind: "errorPattern" } }]);
  });

  it("points at the open brace and at what cannot stand inside it", () => {
    const text = "module a\nrule r version 1 {\n  severity info\n\nrule q version 1 {\n}\n";
    const [found] = outcomeOf(text).diagnostics;
    expect(found).toMatchObject({ code: "TAP1004", at: { start: text.indexOf("{") } });
    expect(found?.labels[0]?.at.start).toBe(text.indexOf("rule q"));
  });

  it("offers the keyword that was meant as a safe fix", () => {
    const text = "module a\nrule r version 1 {\n  match sequnce { a: k.a }\n}\n";
    const [found] = outcomeOf(text).diagnostics;
    expect(found?.fixes[0]).toMatchObject({ kind: "safe", edits: [{ newText: "sequence" }] });
    const edit = found?.fixes[0]?.edits[0];
    const fixed = text.slice(0, edit?.at.start) + edit?.newText + text.slice(edit?.at.end);
    expect(codesOf(fixed)).toEqual([]);
  });

  it.each([
    ["`=` read as `==`", "match s: k.a where s.x = 3 and not s.y = 4", "safe"],
    ["the time that `absent` forgot", "match absent s: k.a where s.x == 3 for each node", "review"],
  ])("offers to write %s, and says nothing else", (_name, clause, kind) => {
    const text = `module a\nrule r version 1 {\n  ${clause}\n}\n`;
    const { diagnostics } = outcomeOf(text);
    let fixed = text;
    for (const { code, fixes } of diagnostics.toReversed()) {
      const [fix] = fixes;
      const [edit] = fix?.edits ?? [];
      expect([code, fix?.kind]).toEqual(["TAP1001", kind]);
      fixed = fixed.slice(0, edit?.at.start) + edit?.newText + fixed.slice(edit?.at.end);
    }
    expect(fixed).not.toBe(text);
    expect(codesOf(fixed)).toEqual([]);
  });

  it.each([
    ["`=`", "match s: k.a where s.x = 3", /==/],
    ["`|`", "match s: k.a where s.x == 3 | s.y == 4", /`or`/],
    ["`&&`", "match s: k.a where s.x == 3 && s.y == 4", /`and`/],
    ["`!`", "match s: k.a where !s.x", /`not`/],
    ["`;`", "severity info;", /remove/],
    ["quotes", "doc 'x'", /"/],
  ])("knows the habit %s", (_name, clause, help) => {
    const { diagnostics } = outcomeOf(`module a\nrule r version 1 {\n  ${clause}\n}\n`);
    expect(diagnostics[0]?.help).toMatch(help);
    expect(diagnostics.length).toBeLessThanOrEqual(2);
  });

  it("does not report the end of the file behind the blank lines", () => {
    const text = "module a\nevent x.y\n\n\n";
    expect(outcomeOf(text).diagnostics[0]?.at.start).toBe(text.trimEnd().length);
  });
});
