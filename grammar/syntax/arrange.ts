/**
 * What the canonical style says about each place of the tree: which blocks put their items on lines
 * of their own, where a long line may be broken and in what order, and where spaces stand.
 */

import type { SoftBreak } from "./layout.ts";
import { INDENT } from "./layout.ts";
import * as t from "./tokens.ts";
import type { Leaf, TreeElement, TreeNode } from "./tree.ts";

/**
 * Productions with a braced list of items. `always`: every item on its own line. `keep`: on one
 * line if the author had them on one line and they fit.
 */
export const blocks: ReadonlyMap<string, "always" | "keep"> = new Map([
  ["ruleBody", "always"],
  ["overrideDecl", "always"],
  ["sequence", "always"],
  ["allOf", "always"],
  ["testDecl", "always"],
  ["givenItem", "always"],
  ["expectItem", "keep"],
  ["explainItem", "keep"],
  ["rolloutItem", "keep"],
  ["recordBody", "keep"],
  ["fieldInits", "keep"],
  ["sourceDecl", "keep"],
]);

/**
 * Blocks of one clause: their items stand under the line with the brace, which is not the first
 * line of the declaration when its clauses have lines of their own.
 */
export const underBrace: ReadonlySet<string> = new Set(["fieldInits"]);

/** Clauses within a line: `production: first words or parts` that may start a new line. */
const clauseStarts: Readonly<Record<string, readonly string[]>> = {
  bareStep: ["where"],
  step: ["by"],
  seqStep: ["repeat"],
  window: ["windowShape", "resolution", "by", "having"],
  absence: ["for", "where"],
  sequence: ["groupHead"],
  allOf: ["groupHead"],
  severityItem: ["when"],
  exceptItem: ["when", "expires", "owner"],
  rootLine: ["as"],
  chainLine: ["as"],
  becauseLine: ["String"],
  confidenceLine: ["confidenceTerm"],
  recommendLine: ["when"],
  suppressItem: ["by"],
  rateItem: ["by"],
  subsumesItem: ["by", "within"],
  deriveDecl: ["from", "set"],
  eventDecl: ["extends", "from"],
  patternDecl: ["String"],
  paramDecl: ["range"],
  letDecl: ["expr"],
  localLet: ["expr"],
  setItem: ["expr"],
};

/** Productions whose parts are separated by commas, or by `|` and `->`. */
const lists: ReadonlySet<string> = new Set([
  "args",
  "listLiteral",
  "formals",
  "enumType",
  "checks",
  "import",
  "mitreItem",
  "pathList",
  "keyList",
  "allowExceptItem",
  "subsumesItem",
  "bareStep",
  "chainLine",
]);

const CLAUSE_LEVEL = 1_000;
const EXPRESSION_LEVEL = 2_000;
/** Levels per nesting of parentheses. */
const NESTING_STEP = 10;

/** The soft break in front of `child`, the next child of `parent`, if a line may break there. */
export function softBreakBefore(
  parent: TreeNode,
  child: TreeElement,
  previous: TreeElement | undefined,
  nesting: number,
): SoftBreak | undefined {
  if (previous === undefined) return undefined;
  const label =
    child.is === "node" ? child.kind : (t.keywordText(child.tokenType) ?? child.tokenType.name);
  if (clauseStarts[parent.kind]?.includes(label)) {
    return { level: CLAUSE_LEVEL, shift: INDENT, fills: false };
  }
  const base = EXPRESSION_LEVEL + nesting * NESTING_STEP;
  if (parent.kind === "expr" && child.is === "leaf") return operatorBreak(child, base);
  const isSeparator =
    previous.is === "leaf" && [t.Comma, t.Bar, t.Arrow].includes(previous.tokenType);
  if (lists.has(parent.kind) && isSeparator) return { level: base + 4, shift: INDENT, fills: true };
  return undefined;
}

function operatorBreak({ image, tokenType }: Leaf, base: number): SoftBreak | undefined {
  if (image === "or") return { level: base, shift: INDENT, fills: false };
  if (image === "and") return { level: base + 1, shift: INDENT, fills: false };
  return t.isOneOf(tokenType, t.ArithmeticOp)
    ? { level: base + 3, shift: INDENT, fills: true }
    : undefined;
}

/** Productions in which parentheses or brackets nest. */
export function isNesting(kind: string): boolean {
  return /^(args|group|index|listLiteral|quantified|formals)$/.test(kind);
}

const tightBefore: ReadonlySet<unknown> = new Set([
  t.Comma,
  t.Colon,
  t.Dot,
  t.RParen,
  t.RBracket,
  t.Question,
]);
const tightAfter: ReadonlySet<unknown> = new Set([t.Dot, t.LParen, t.LBracket, t.At]);
/** Productions that hug their opening parenthesis or bracket. */
const hugging: ReadonlySet<string> = new Set([
  "args",
  "formals",
  "namedType",
  "index",
  "quantified",
]);

/** Whether a space stands between two neighbouring tokens on one line. */
export function hasSpaceBetween(
  left: Leaf,
  leftParent: TreeNode,
  right: Leaf,
  rightParent: TreeNode,
): boolean {
  if (tightAfter.has(left.tokenType) || tightBefore.has(right.tokenType)) return false;
  const opens = right.tokenType === t.LParen || right.tokenType === t.LBracket;
  if (opens && hugging.has(rightParent.kind)) return false;
  if (left.tokenType === t.Minus && leftParent.kind === "operand") return false;
  const isTypeList = (kind: string): boolean => kind === "listType" || kind === "mapType";
  if (right.tokenType === t.Less && isTypeList(rightParent.kind)) return false;
  if (right.tokenType === t.Greater && isTypeList(rightParent.kind)) return false;
  if (left.tokenType === t.Less && isTypeList(leftParent.kind)) return false;
  if (right.tokenType === t.DotDot) return rightParent.kind === "paramDecl";
  if (left.tokenType === t.DotDot) {
    return leftParent.kind === "paramDecl" || t.keywordText(right.tokenType) === "keep";
  }
  const isEmptyBlock = left.tokenType === t.LBrace && right.tokenType === t.RBrace;
  return !isEmptyBlock;
}
