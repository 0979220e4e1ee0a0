/**
 * What a pattern means, after its syntax is gone. Regular expressions, globs and literals all
 * become these nodes; case folding is already applied, so nothing below knows about flags.
 *
 * Example: `(?i)a+$` is `sequence(repeat(set [Aa], 1..), assert textEnd)`.
 */

import { type CodePointSet, foldAsciiCase } from "./code-point-set.ts";

export type Assertion =
  | "textStart"
  | "textEnd"
  | "lineStart"
  | "lineEnd"
  | "wordBoundary"
  | "notWordBoundary";

export type PatternNode =
  | { readonly kind: "empty" }
  /** One code point of the set; an empty set never matches. */
  | { readonly kind: "set"; readonly set: CodePointSet }
  | { readonly kind: "assert"; readonly assertion: Assertion }
  | { readonly kind: "sequence"; readonly parts: readonly PatternNode[] }
  /** Earlier options are preferred. */
  | { readonly kind: "choice"; readonly options: readonly PatternNode[] }
  | {
      readonly kind: "repeat";
      readonly body: PatternNode;
      readonly min: number;
      /** `undefined` is no upper bound. */
      readonly max: number | undefined;
      readonly isLazy: boolean;
    }
  /** Records where the body matched, as named group `index`. */
  | { readonly kind: "capture"; readonly index: number; readonly body: PatternNode };

export const EMPTY_NODE: PatternNode = { kind: "empty" };

/** A sequence of parts, without wrapping a single one. */
export function sequenceOf(parts: readonly PatternNode[]): PatternNode {
  if (parts.length === 0) return EMPTY_NODE;
  return parts.length === 1 ? parts[0]! : { kind: "sequence", parts };
}

export function choiceOf(options: readonly PatternNode[]): PatternNode {
  return options.length === 1 ? options[0]! : { kind: "choice", options };
}

export function setNode(set: CodePointSet): PatternNode {
  return { kind: "set", set };
}

/** One code point, or its two cases when folding an ASCII letter. */
export function codePointNode(codePoint: number, isNocase: boolean): PatternNode {
  const set = [codePoint, codePoint];
  return setNode(isNocase ? foldAsciiCase(set) : set);
}

/** Whether the node can match without reading anything (assertions count as "can"). */
export function canBeEmpty(node: PatternNode): boolean {
  switch (node.kind) {
    case "empty":
    case "assert":
      return true;
    case "set":
      return false;
    case "sequence":
      return node.parts.every(canBeEmpty);
    case "choice":
      return node.options.some(canBeEmpty);
    case "repeat":
      return node.min === 0 || canBeEmpty(node.body);
    case "capture":
      return canBeEmpty(node.body);
  }
}

/** How often a repetition multiplies its innermost body: 6 for `(a{3}b){2}`. */
export function repetitionFactor(node: PatternNode): number {
  switch (node.kind) {
    case "empty":
    case "assert":
    case "set":
      return 1;
    case "sequence":
      return largest(node.parts);
    case "choice":
      return largest(node.options);
    case "repeat":
      return Math.max(node.min, node.max ?? 1, 1) * repetitionFactor(node.body);
    case "capture":
      return repetitionFactor(node.body);
  }
}

function largest(nodes: readonly PatternNode[]): number {
  return nodes.reduce((most, node) => Math.max(most, repetitionFactor(node)), 1);
}
