/**
 * Mistakes and what is said about them. In `fixtures/diagnostics` a comment of carets marks the
 * place above it and names the code:
 *
 *     match e: proc.oom where e.rssBytes > 1MiB
 *     //                        ^^^^^^^^ TAP2003
 *
 * Exactly the marked diagnostics must appear. Beside each fixture lies the rendered text, for
 * people to read.
 */
import { expect, test } from "vitest";
import { LineIndex, PrettyReporter, type SourceText } from "#compiler";
import { catalog, type Diagnostic } from "#grammar";
import {
  compileFixture,
  type Fixture,
  fixturesIn,
  matchBeside,
  schemaFile,
  strayBeside,
} from "./fixtures.ts";

const fixtures = fixturesIn("diagnostics");

interface Mark {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly width: number;
  readonly code: string;
}

const markLine = /^\s*\/\/\s*(\^+ TAP\d{4}\s*)+$/;

/** The marks of a file; several lines of them belong to the same line of source. */
function marksOf({ file, text }: SourceText): Mark[] {
  let source = 0;
  return text.split("\n").flatMap((line, i) => {
    if (!markLine.test(line)) {
      source = i + 1;
      return [];
    }
    return [...line.matchAll(/(\^+) (TAP\d{4})/g)].map((m) => ({
      file,
      line: source,
      column: m.index + 1,
      width: (m[1] ?? "").length,
      code: m[2] ?? "",
    }));
  });
}

function markOf(d: Diagnostic, textOf: (file: string) => string): Mark {
  const index = new LineIndex(textOf(d.at.file));
  const start = index.position(d.at.start);
  const end = index.position(d.at.end);
  const whole = [...index.line(start.line)].length + 1;
  const width = (start.line === end.line ? end.column : whole) - start.column;
  return { file: d.at.file, ...start, width: Math.max(1, width), code: d.code };
}

function byPlace(a: Mark, b: Mark): number {
  return a.line - b.line || a.column - b.column || (a.code < b.code ? -1 : 1);
}

function check({ name, files }: Fixture): void {
  const texts = new Map([schemaFile, ...files].map((f) => [f.file, f.text]));
  const { diagnostics } = compileFixture(files);
  const reporter = new PrettyReporter((file) => texts.get(file));
  const rendered = diagnostics.map((d) => reporter.render(d)).join("\n");
  matchBeside("diagnostics", `${name}.txt`, rendered);
  const found = diagnostics.map((d) => markOf(d, (file) => texts.get(file) ?? ""));
  expect(found.sort(byPlace)).toEqual(files.flatMap(marksOf).sort(byPlace));
  for (const d of diagnostics) {
    expect(d.help, d.message).toBeTruthy();
    expect(d.message).toMatch(/^[a-z`\d]/);
    expect(d.message).not.toMatch(/[.\n]$|undefined|NaN|\[object|``/);
  }
}

test.each(fixtures)("$name", check);

test("every code of names, types, time, explanations and tests has a rejected program", () => {
  const shown = new Set(fixtures.flatMap((f) => f.files.flatMap(marksOf)).map((m) => m.code));
  const judged = Object.keys(catalog).filter((code) => /^TAP[2-5]/.test(code));
  expect(judged.filter((code) => !shown.has(code))).toEqual([]);
});

test("every text beside a fixture belongs to one", () => {
  expect(
    strayBeside(
      "diagnostics",
      ".txt",
      fixtures.map((f) => f.name),
    ),
  ).toEqual([]);
});
