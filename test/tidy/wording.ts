/** Words that do not belong in code or documents, and the width of lines. */
import ts from "typescript";
import { isGenerated, syntaxOf, type TidyRule, type TreeFile } from "./tree.ts";

interface BannedWord {
  readonly pattern: RegExp;
  readonly instead: string;
  /** Files that may use it. */
  readonly unless?: (file: TreeFile) => boolean;
}

const banned: readonly BannedWord[] = [
  { pattern: /\bTODO\b/, instead: "do it, or say in a sentence what is missing" },
  { pattern: /\bXXX\b/, instead: "say in a sentence what is wrong" },
  { pattern: /\bFIXME-before-merge\b/, instead: "fix it" },
  { pattern: /\bfor now\b/i, instead: "say until when, or leave it out" },
  { pattern: /\bissue #/i, instead: "give the reason in words" },
  { pattern: /\bkeep in sync\b/i, instead: "generate both from one source" },
  {
    pattern: /\.\.\/shared\//,
    instead: "name only what is in the repository, or skip with a reason when it is absent",
    unless: (file) => /^test\//.test(file.path) && /skipReason\(|existsSync\(/.test(file.text),
  },
  { pattern: /\bleverag(e|es|ing)\b/i, instead: "use" },
  { pattern: /\butili[sz](e|es|ing)\b/i, instead: "use" },
];

/** The rules and their trials have to spell the words out. */
const speaksOfWords = /^test\/tidy(\/|\.test\.ts$)/;

export const bannedWords: TidyRule = (files) =>
  files.flatMap((file) =>
    speaksOfWords.test(file.path) || /\.json$/.test(file.path)
      ? []
      : linesOf(file).flatMap((text, i) =>
          banned.flatMap(({ pattern, instead, unless }) => {
            const found = pattern.exec(text);
            if (!found || unless?.(file)) return [];
            const problem = `the word \`${found[0]}\`; instead: ${instead}`;
            return [{ path: file.path, line: i + 1, problem }];
          }),
        ),
  );

const widthMax = 100;

/**
 * Comments and prose that people wrote fit in the width; tables, addresses and fenced blocks of
 * documents are exempt. Code is the formatter's: what it leaves wide is one string or template, and
 * a message cut in two is harder to find than a long line.
 */
export const lineWidth: TidyRule = (files) =>
  files
    .filter((f) => /\.(ts|md)$/.test(f.path) && !isGenerated(f))
    .flatMap((file) =>
      linesOf(file).flatMap((text, i) => {
        const width = [...text].length;
        if (width <= widthMax || text.includes("://")) return [];
        const isOurs = file.path.endsWith(".md")
          ? isProse(file, i, text)
          : isComment(file, i, text);
        if (!isOurs) return [];
        return [{ path: file.path, line: i + 1, problem: `${width} columns; ${widthMax} fit` }];
      }),
    );

function isProse(file: TreeFile, index: number, text: string): boolean {
  const fences = linesOf(file)
    .slice(0, index)
    .filter((l) => l.trimStart().startsWith("```"));
  return !text.startsWith("|") && fences.length % 2 === 0;
}

/** Whether line `index` is too wide because of a comment, on a line of its own or after code. */
function isComment(file: TreeFile, index: number, text: string): boolean {
  const start = /^\s*(\*|\/\/|\/\*)/.test(text) ? 0 : text.search(/\s\/\/\s/);
  if (start < 0) return false;
  const at = (syntaxOf(file).getLineStarts()[index] ?? 0) + Math.max(start, 1);
  return !isInLiteral(syntaxOf(file), at);
}

function isInLiteral(node: ts.Node, at: number): boolean {
  if (at < node.getStart() || at >= node.getEnd()) return false;
  if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) return true;
  return ts.forEachChild(node, (child) => isInLiteral(child, at)) ?? false;
}

function linesOf(file: TreeFile): string[] {
  return file.text.split("\n");
}
