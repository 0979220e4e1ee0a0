/** The public face of `grammar/`: parsing, trees, formatting and the diagnostic catalogue. */

export { type Entry, entry } from "./diagnostics/catalog/entry.ts";
export * from "./diagnostics/catalog.ts";
export type * from "./diagnostics/diagnostic.ts";
export * from "./diagnostics/sink.ts";
export type * from "./syntax/ast.ts";
export * from "./syntax/limits.ts";
export { numberUnits } from "./syntax/numbers.ts";
export { type Parsed, parse } from "./syntax/parse.ts";
export { type Formatted, format, printTree } from "./syntax/print.ts";
export { editDistance, nearest } from "./syntax/problems.ts";
export { stringPrefixes } from "./syntax/scan.ts";
export {
  type ContextualWord,
  contextualWords,
  isReserved,
  type Keyword,
  type ReservedWord,
  reservedWords,
} from "./syntax/tokens.ts";
export {
  type Leaf,
  leavesOf,
  type Tree,
  type TreeElement,
  type TreeNode,
  type Trivia,
  type TriviaKind,
  textOf,
  triviaOf,
} from "./syntax/tree.ts";
export * from "./syntax/walk.ts";
