/**
 * What the parser expected, in the user's words. chevrotain asks for a message when a token does
 * not fit; we answer with the expectation only, and `problems.ts` makes the diagnostic.
 */
import type { IParserErrorMessageProvider, TokenType } from "chevrotain";
import * as t from "./tokens.ts";

const described: ReadonlyMap<TokenType, string> = new Map([
  [t.Word, "a name"],
  [t.Name, "a name"],
  [t.PlainName, "a name"],
  [t.NumberToken, "a number"],
  [t.Int, "a whole number"],
  [t.Duration, "a duration such as `30s`"],
  [t.Size, "a size such as `512MiB`"],
  [t.Percent, "a percentage such as `10%`"],
  [t.Rate, "a rate such as `10/s`"],
  [t.Text, 'a string in `"` quotes'],
  [t.LogicOp, "`and` or `or`"],
  [t.ArithmeticOp, "an operator"],
  [t.CompareOp, "a comparison"],
  [t.TextOp, "`in`, `contains`, `startswith`, `endswith`, `matches` or `like`"],
  [t.StateWord, "`missing`, `uncertain` or `incomplete`"],
]);

/** At most this many alternatives are listed; more would not help. */
const LISTED_MAX = 8;

function describeType(type: TokenType): string {
  return described.get(type) ?? `\`${t.keywordText(type) ?? type.LABEL ?? type.name}\``;
}

/** `a`, `b` or `c`. */
export function alternatives(words: readonly string[]): string {
  if (words.length <= 1) return words.join("");
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

function describeTypes(types: readonly TokenType[]): string {
  const words = [...new Set(types.map(describeType))];
  const listed = words.slice(0, LISTED_MAX);
  return alternatives(words.length > LISTED_MAX ? [...listed, "another"] : listed);
}

function firstTypes(paths: readonly (readonly TokenType[])[]): TokenType[] {
  return paths.flatMap((path) => path.slice(0, 1));
}

export const describeFailure: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected }) => describeType(expected),
  buildNotAllInputParsedMessage: () => "the end of the file",
  buildNoViableAltMessage: ({ expectedPathsPerAlt, customUserDescription }) =>
    customUserDescription || describeTypes(expectedPathsPerAlt.flatMap(firstTypes)),
  buildEarlyExitMessage: ({ expectedIterationPaths, customUserDescription }) =>
    customUserDescription || describeTypes(firstTypes(expectedIterationPaths)),
};
