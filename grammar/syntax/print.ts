/**
 * Text from trees. `printTree` gives the source back exactly. `format` gives the one canonical
 * style: 2 columns per block, at most 100 columns where breaking can help, clauses of a rule on
 * lines of their own, comments kept, at most one empty line in a row.
 *
 *   tree ── this file ──► pieces with breaks ── layout.ts ──► lines
 *             └ arrange.ts: where breaks and spaces stand   └ comments.ts: whose a comment is
 *
 * Formatting moves white space only. It changes no token and moves no comment past a token, so it
 * cannot change the meaning; a file with syntax errors is returned untouched.
 */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { CollectingSink } from "../diagnostics/sink.ts";
import { blocks, hasSpaceBetween, isNesting, softBreakBefore, underBrace } from "./arrange.ts";
import { commentsBefore, type GapComments } from "./comments.ts";
import { INDENT, indentOf, type LayoutPiece, layOut, type SoftBreak } from "./layout.ts";
import { parse } from "./parse.ts";
import { LBrace, RBrace } from "./tokens.ts";
import { type Leaf, leavesOf, type Tree, type TreeElement, type TreeNode, textOf } from "./tree.ts";

/** The source of a tree, exactly as it was read. */
export function printTree(tree: Tree): string {
  return textOf(tree);
}

export interface Formatted {
  readonly text: string;
  /** What keeps the file from being formatted; then `text` is the input. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Formats a file in the canonical style. */
export function format(text: string, file: string): Formatted {
  const sink = new CollectingSink();
  const { tree } = parse(text, file, sink);
  if (sink.diagnostics.length > 0) return { text, diagnostics: sink.diagnostics };
  return { text: new Formatter(tree).format(), diagnostics: [] };
}

type Break =
  | { readonly is: "hard"; readonly from: Column; readonly shift: number }
  | ({ readonly is: "soft" } & SoftBreak);

/** Where a line begins; undefined until the line that decides it is laid out. */
interface Column {
  indent: number | undefined;
}

const firstColumn: Break = { is: "hard", from: { indent: 0 }, shift: 0 };

class Formatter {
  readonly #tree: Tree;
  readonly #lines: string[] = [];
  /** The logical line being collected, and the column it begins in. */
  #line: LayoutPiece[] = [];
  #indent = 0;
  /** How the next token is set off from the one before; the innermost reason wins if it is hard. */
  #pending: Break | undefined = firstColumn;
  #previous: { readonly leaf: Leaf; readonly parent: TreeNode } | undefined;
  #softBlocks = 0;
  #nesting = 0;

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  format(): string {
    this.#visit(this.#tree.root);
    this.#flush();
    const text = this.#lines.join("\n").replace(/\n+$/, "");
    return text === "" ? "" : `${text}\n`;
  }

  // ---------- tree ----------

  #visit(node: TreeNode): void {
    const nests = isNesting(node.kind);
    if (nests) this.#nesting += 1;
    if (blocks.has(node.kind) && node.children.some(isOpenBrace)) this.#visitBlock(node);
    else this.#visitChildren(node, node.children);
    if (nests) this.#nesting -= 1;
  }

  #visitChildren(node: TreeNode, children: readonly TreeElement[]): void {
    children.forEach((child, at) => {
      const previous = children[at - 1];
      if (startsLine(node, child, previous)) this.#set(firstColumn);
      const soft = softBreakBefore(node, child, previous, this.#nesting);
      if (soft !== undefined) this.#set({ is: "soft", ...soft });
      this.#element(node, child);
    });
  }

  #element(parent: TreeNode, child: TreeElement): void {
    if (child.is === "leaf") this.#leaf(child, parent);
    else this.#visit(child);
  }

  /** `head { items } tail`. */
  #visitBlock(node: TreeNode): void {
    const open = node.children.findIndex(isOpenBrace);
    const close = node.children.findIndex(
      (child) => child.is === "leaf" && child.tokenType === RBrace,
    );
    this.#visitChildren(node, node.children.slice(0, open + 1));
    const items = node.children.slice(open + 1, close);
    const isHard = this.#isHardBlock(node, open, close, items.length);
    // The clause before the brace began here, where a comment may have pushed it further in.
    const from = { indent: underBrace.has(node.kind) ? undefined : this.#indent };
    for (const item of items) {
      this.#set(this.#blockBreak(node, isHard, from, INDENT));
      if (!isHard) this.#softBlocks += 1;
      this.#element(node, item);
      if (!isHard) this.#softBlocks -= 1;
    }
    if (items.length > 0 || isHard) this.#set(this.#blockBreak(node, isHard, from, 0));
    this.#visitChildren(node, node.children.slice(close));
  }

  #blockBreak(node: TreeNode, isHard: boolean, from: Column, shift: number): Break {
    if (isHard) return { is: "hard", from, shift };
    const isUnderLast = underBrace.has(node.kind);
    return { is: "soft", level: this.#softBlocks, shift, fills: false, isUnderLast };
  }

  #isHardBlock(node: TreeNode, open: number, close: number, items: number): boolean {
    const from = node.children[open];
    const to = node.children[close];
    if (from?.is !== "leaf" || to?.is !== "leaf") return false;
    const inside = this.#tree.source.slice(from.end, to.startOffset);
    if (items === 0) return inside.trim() !== "";
    return blocks.get(node.kind) === "always" || /[\r\n]/.test(inside);
  }

  /** The first reason for a break is the outermost; a hard one overrides a soft one. */
  #set(reason: Break): void {
    if (this.#pending === undefined || reason.is === "hard") this.#pending = reason;
  }

  // ---------- tokens and comments ----------

  #leaf(leaf: Leaf, parent: TreeNode): void {
    const isEnd = leaf.image === "";
    const comments = commentsBefore(this.#tree.source, leaf);
    const reason: Break | undefined = isEnd ? firstColumn : this.#pending;
    this.#pending = undefined;
    const isForced = comments.trailing.length > 0 || comments.own.length > 0;
    for (const text of comments.trailing) this.#append(text, this.#line.length > 0, undefined);
    if (reason?.is === "hard") this.#hardBreak(leaf, comments, reason.from, reason.shift);
    else if (isForced) this.#forcedBreak(comments, reason?.shift ?? INDENT);
    const hasSpace =
      this.#previous !== undefined &&
      hasSpaceBetween(this.#previous.leaf, this.#previous.parent, leaf, parent);
    let soft = reason?.is === "soft" ? reason : undefined;
    for (const text of comments.prefix) {
      this.#append(text, true, soft);
      soft = undefined;
    }
    if (isEnd) return;
    this.#append(leaf.image, hasSpace || comments.prefix.length > 0, soft);
    this.#previous = { leaf, parent };
  }

  #append(text: string, hasSpace: boolean, soft: SoftBreak | undefined): void {
    this.#line.push({ text, hasSpace, soft });
  }

  /** Ends the line; comments of a closing brace belong to the block that it closes. */
  #hardBreak(leaf: Leaf, comments: GapComments, from: Column, shift: number): void {
    this.#flush();
    from.indent ??= indentOf(this.#lines.at(-1) ?? "");
    const indent = from.indent + shift;
    const isClose = leaf.tokenType === RBrace;
    const inner = isClose ? indent + INDENT : indent;
    for (const { text, hasBlankBefore } of comments.own) {
      if (hasBlankBefore) this.#blankLine();
      this.#lines.push(" ".repeat(inner) + text);
    }
    if (comments.hasBlankBefore && !isClose) this.#blankLine();
    this.#indent = indent;
  }

  /** A comment in the middle of a line: what follows it starts a new line, further in. */
  #forcedBreak(comments: GapComments, shift: number): void {
    const indent = this.#indent;
    this.#flush();
    for (const { text } of comments.own) this.#lines.push(" ".repeat(indent + INDENT) + text);
    this.#indent = indent + shift;
  }

  /** At most one in a row, none at the start of the file or of a block. */
  #blankLine(): void {
    const last = this.#lines.at(-1);
    const isStart = last === undefined || last === "" || /[{]$/.test(last);
    if (!isStart) this.#lines.push("");
  }

  #flush(): void {
    if (this.#line.length === 0) return;
    this.#lines.push(...layOut(this.#line, this.#indent));
    this.#line = [];
  }
}

function isOpenBrace(child: TreeElement): boolean {
  return child.is === "leaf" && child.tokenType === LBrace;
}

/** Places outside blocks that always start a line: declarations, and what follows annotations. */
function startsLine(
  node: TreeNode,
  child: TreeElement,
  previous: TreeElement | undefined,
): boolean {
  if (node.kind === "file") return true;
  if (node.kind !== "decl" || previous === undefined) return false;
  const isAnnotation = previous.is === "node" && previous.kind === "annotation";
  return isAnnotation && previous !== child;
}

/** The tokens of a tree without what stands between them. */
export function tokensOf(tree: Tree): string[] {
  return [...leavesOf(tree.root)].map((leaf) => leaf.image);
}
