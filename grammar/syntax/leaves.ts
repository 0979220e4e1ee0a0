/**
 * From text to leaves: the lexer's tokens in their places, and everything that is wrong with a
 * token by itself. The parser then never has to look at characters.
 */
import { EOF } from "chevrotain";
import { readNumber } from "./numbers.ts";
import { type Problem, shown } from "./problems.ts";
import { decodeString } from "./strings.ts";
import { BadNumber, lex, type Piece, type RawToken, Text } from "./tokens.ts";
import { Leaf } from "./tree.ts";

export interface LexedText {
  /** All tokens, then `eof`. */
  readonly leaves: readonly Leaf[];
  readonly problems: readonly Problem[];
  /** Whether a lexical problem between two offsets excuses what the parser finds there. */
  readonly isExcused: (from: number, to: number) => boolean;
}

export function lexText(text: string): LexedText {
  const { tokens, openComments, unknown } = lex(text);
  const leaves: Leaf[] = [];
  const problems: Problem[] = [];
  const confusing: Piece[] = [...openComments, ...unknown];
  let fullStart = 0;
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index]!;
    leaves.push(new Leaf(token.type, token.image, index, fullStart, token));
    fullStart = token.end;
    if (token.type === BadNumber) problems.push(numberProblem(token));
    if (token.isOpen) confusing.push(token);
    const isText = token.type === Text && (token.isOpen || token.image.includes("\\"));
    if (isText) addStringProblems(token, problems);
  }
  const place = { start: text.length, end: text.length };
  leaves.push(new Leaf(EOF, "", leaves.length, fullStart, place));
  for (const { start } of openComments) {
    problems.push({ code: "TAP1003", params: {}, start, end: Math.min(text.length, start + 2) });
  }
  for (const piece of unknown) problems.push(unknownProblem(text, piece));
  const sorted = confusing.sort((a, b) => a.start - b.start);
  return { leaves, problems, isExcused: (from, to) => overlaps(sorted, from, to) };
}

function numberProblem({ image, start, end }: RawToken): Problem {
  const reading = readNumber(image);
  const problem = reading.type === "bad" ? reading.problem : "form";
  const codes = { form: "TAP1007", large: "TAP1008", fraction: "TAP1009" } as const;
  return { code: codes[problem], params: { number: shown(image) }, start, end };
}

function addStringProblems({ image, start, end, isOpen }: RawToken, out: Problem[]): void {
  if (isOpen) out.push({ code: "TAP1002", params: {}, start, end });
  for (const problem of decodeString(image).problems) {
    out.push({ ...problem, start: start + problem.start, end: start + problem.end });
  }
}

/** What people write for something the language says otherwise. */
const unknownHelp: ReadonlyMap<string, string> = new Map([
  ["&", "write `and` between conditions"],
  [";", "remove it: clauses end by themselves"],
  ["'", 'write strings in `"` quotes'],
  ["`", 'write strings in `"` quotes'],
  ["#", "start a comment with `//`"],
  ["$", "write the name alone: names take no `$`"],
  ["%", "write a percentage as a number with `%`, such as `10%`"],
]);

function unknownProblem(text: string, { start, end }: Piece): Problem {
  const run = text.slice(start, end);
  const named = [...run.slice(0, 8)].map(nameCharacter).join("");
  const help = unknownHelp.get(run[0] ?? "");
  const params = { text: shown(named) };
  return { code: "TAP1012", params, start, end, ...(help === undefined ? {} : { help }) };
}

/** A visible character as it is, any other by its number. */
function nameCharacter(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const isVisible = /[\p{L}\p{N}\p{P}\p{S}]/u.test(char);
  return isVisible ? char : `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

/** Whether any of the sorted, disjoint pieces meets `from`–`to` (both ends count). */
function overlaps(pieces: readonly Piece[], from: number, to: number): boolean {
  let low = 0;
  let high = pieces.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pieces[middle]!.end < from) low = middle + 1;
    else high = middle;
  }
  const piece = pieces[low];
  return piece !== undefined && piece.start <= to;
}
