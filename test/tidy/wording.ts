/** Words that do not belong in code or documents, and the width of lines. */
import { isGenerated, type TidyRule, type TreeFile, type Violation } from "./tree.ts";

interface BannedWord {
  readonly pattern: RegExp;
  readonly instead: string;
}

const banned: readonly BannedWord[] = [
  { pattern: /\bTODO\b/, instead: "do it, or say in a sentence what is missing" },
  { pattern: /\bXXX\b/, instead: "say in a sentence what is wrong" },
  { pattern: /\bFIXME-before-merge\b/, instead: "fix it" },
  { pattern: /\bfor now\b/i, instead: "say until when, or leave it out" },
  { pattern: /\bissue #/i, instead: "give the reason in words" },
  { pattern: /\bas (instructed|requested)\b/i, instead: "give the reason in words" },
  { pattern: /\bsub-?agents?\b/i, instead: "speak of the product" },
  { pattern: /\bkeep in sync\b/i, instead: "generate both from one source" },
  { pattern: /\bleverag(e|es|ing)\b/i, instead: "use" },
  { pattern: /\butili[sz](e|es|ing)\b/i, instead: "use" },
];

/** The rule and its test have to spell the words out. */
const speaksOfWords = /^test\/tidy(\/|\.test\.ts$)/;

export const bannedWords: TidyRule = (files) =>
  files.flatMap((file) =>
    speaksOfWords.test(file.path) || /\.json$/.test(file.path)
      ? []
      : linesOf(file).flatMap((text, i) =>
          banned.flatMap(({ pattern, instead }) => {
            const found = pattern.exec(text);
            if (!found) return [];
            const problem = `the word \`${found[0]}\`; instead: ${instead}`;
            return [{ path: file.path, line: i + 1, problem }];
          }),
        ),
  );

const widthMax = 100;

/**
 * Longer lines that no formatter can break: one string or template, by file and how many there are.
 * A file that needs fewer must say so here.
 */
export type WideLines = Readonly<Record<string, number>>;

export function lineWidth(allowed: WideLines): TidyRule {
  return (files) => {
    const out: Violation[] = [];
    for (const file of files) {
      const wide = wideLines(file);
      const limit = allowed[file.path] ?? 0;
      if (wide.length > limit) {
        for (const line of wide) {
          const note = limit === 0 ? "" : `; ${limit} such lines are allowed here`;
          const problem = `longer than ${widthMax} columns${note}`;
          out.push({ path: file.path, line, problem });
        }
      } else if (wide.length < limit) {
        const problem = `only ${wide.length} wide lines are left; lower its number in the list`;
        out.push({ path: file.path, line: undefined, problem });
      }
    }
    return out;
  };
}

/** Line numbers beyond the width: of TypeScript, and of prose that people wrote. */
function wideLines(file: TreeFile): number[] {
  if (!/\.(ts|md)$/.test(file.path) || isGenerated(file)) return [];
  return linesOf(file).flatMap((text, i) => {
    const isTable = file.path.endsWith(".md") && text.startsWith("|");
    const isFine = [...text].length <= widthMax || isTable || text.includes("://");
    return isFine ? [] : [i + 1];
  });
}

function linesOf(file: TreeFile): string[] {
  return file.text.split("\n");
}
