/**
 * The lossless tree: every character of the source belongs to exactly one leaf.
 *
 *   leaf   │ fullStart          start            end │
 *          │ ── trivia before ──│ ── the token ───── │
 *
 * A leaf owns the gap before it (blanks, comments, characters that belong to nothing), and the last
 * leaf, `eof`, owns what follows the last token. So the leaves tile the source in order, and
 * joining their texts gives it back whatever it was. What recovery skipped stays in place, below a
 * `skipped` node. The pieces of a gap are named on demand by `triviaOf`.
 */
import type { IToken, TokenType } from "chevrotain";
import { scanBlank, scanComment, scanUnknown } from "./scan.ts";

/** The grammar's productions that become nodes; `skipped` holds what recovery passed over. */
export type NodeKind = string;

export interface TreeNode {
  readonly is: "node";
  readonly kind: NodeKind;
  readonly children: readonly TreeElement[];
  /** True when parsing stopped inside: the children are a prefix of the production. */
  readonly isBroken: boolean;
}

/** A token in its place. It is what the parser reads, so that a token is one object, not two. */
export class Leaf implements IToken {
  readonly is = "leaf";
  readonly image: string;
  readonly tokenType: TokenType;
  readonly tokenTypeIdx: number;
  /** Position among the file's leaves. */
  readonly index: number;
  readonly fullStart: number;
  readonly startOffset: number;
  readonly end: number;

  constructor(
    type: TokenType,
    image: string,
    index: number,
    fullStart: number,
    place: { readonly start: number; readonly end: number },
  ) {
    this.image = image;
    this.tokenType = type;
    // The lexer's number for the type; present on every type once it has been created.
    this.tokenTypeIdx = type.tokenTypeIdx ?? 0;
    this.index = index;
    this.fullStart = fullStart;
    this.startOffset = place.start;
    this.end = place.end;
  }
}

export type TreeElement = TreeNode | Leaf;

export interface Tree {
  readonly file: string;
  readonly source: string;
  readonly root: TreeNode;
}

/** All leaves below `root`, in source order. Iterative: depth costs no stack. */
export function* leavesOf(root: TreeElement): Generator<Leaf> {
  const pending: TreeElement[] = [root];
  for (let element = pending.pop(); element !== undefined; element = pending.pop()) {
    if (element.is === "leaf") {
      yield element;
      continue;
    }
    for (let at = element.children.length - 1; at >= 0; at -= 1) {
      pending.push(element.children[at]!);
    }
  }
}

/** The source again, joined from the leaves. */
export function textOf(tree: Tree): string {
  const parts: string[] = [];
  for (const leaf of leavesOf(tree.root)) parts.push(tree.source.slice(leaf.fullStart, leaf.end));
  return parts.join("");
}

export type TriviaKind = "blank" | "lineComment" | "docComment" | "blockComment" | "unknown";

export interface Trivia {
  readonly kind: TriviaKind;
  readonly start: number;
  readonly end: number;
}

/** Names the pieces of the gap between two tokens; they tile it. */
export function triviaOf(source: string, start: number, end: number): Trivia[] {
  const pieces: Trivia[] = [];
  let at = start;
  while (at < end) {
    const piece = triviaAt(source, at);
    pieces.push(piece);
    at = piece.end;
  }
  return pieces;
}

function triviaAt(source: string, start: number): Trivia {
  const blank = scanBlank(source, start);
  if (blank > start) return { kind: "blank", start, end: blank };
  const comment = scanComment(source, start);
  if (comment === undefined) return { kind: "unknown", start, end: scanUnknown(source, start) };
  return { kind: commentKind(source, start), start, end: comment.end };
}

function commentKind(source: string, start: number): TriviaKind {
  if (source.startsWith("/*", start)) return "blockComment";
  // `////` and longer draw lines; only exactly three slashes document a declaration.
  const isDoc = source.startsWith("///", start) && source[start + 3] !== "/";
  return isDoc ? "docComment" : "lineComment";
}
