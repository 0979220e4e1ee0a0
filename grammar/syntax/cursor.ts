/**
 * Reads the children of a tree node in the order of its production. A node that parsing left early
 * holds a prefix of its production, so a cursor asked for more answers with what stands for
 * "missing": an empty name, an `error` expression, zero.
 */
import type { TokenType } from "chevrotain";
import { keywordText, PlainName, Text } from "./tokens.ts";
import type { Leaf, TreeNode } from "./tree.ts";

export class Cursor {
  readonly node: TreeNode;
  #at = 0;

  constructor(node: TreeNode) {
    this.node = node;
  }

  /** Offset behind what was read last: where a missing part would stand. */
  get behind(): number {
    const { children } = this.node;
    for (let at = this.#at - 1; at >= 0; at -= 1) {
      const child = children[at]!;
      if (child.is === "leaf") return child.end;
      const last = child.kind === "skipped" ? undefined : lastLeaf(child);
      if (last !== undefined) return last.end;
    }
    return firstLeaf(this.node)?.startOffset ?? 0;
  }

  /** The next leaf, without moving; undefined when a node or nothing is next. */
  peekLeaf(): Leaf | undefined {
    const next = this.#peek();
    return next?.is === "leaf" ? next : undefined;
  }

  peekNode(): TreeNode | undefined {
    const next = this.#peek();
    return next?.is === "node" ? next : undefined;
  }

  /** Takes the next child if it is a token of this type. */
  eat(type: TokenType): Leaf | undefined {
    return this.peekLeaf()?.tokenType === type ? this.leaf() : undefined;
  }

  /** Takes the next child if it is a token. */
  leaf(): Leaf | undefined {
    const leaf = this.peekLeaf();
    if (leaf === undefined) return undefined;
    this.#at += 1;
    return leaf;
  }

  /** Takes the next child if it is a word. */
  word(): Leaf | undefined {
    const leaf = this.peekLeaf();
    const isWord =
      leaf !== undefined &&
      (leaf.tokenType === PlainName || keywordText(leaf.tokenType) !== undefined);
    return isWord ? this.leaf() : undefined;
  }

  text(): Leaf | undefined {
    return this.eat(Text);
  }

  /** Takes the next child if it is a node of this kind. */
  child(kind: string): TreeNode | undefined {
    return this.peekNode()?.kind === kind ? this.anyNode() : undefined;
  }

  /** Takes the next child if it is a node. */
  anyNode(): TreeNode | undefined {
    const node = this.peekNode();
    if (node === undefined) return undefined;
    this.#at += 1;
    return node;
  }

  /** Takes all nodes up to the end or the next token, broken ones included. */
  nodes(): TreeNode[] {
    const found: TreeNode[] = [];
    for (let node = this.anyNode(); node !== undefined; node = this.anyNode()) found.push(node);
    return found;
  }

  /** Takes nodes of one kind separated by single tokens, such as commas. */
  separated(kind: string, separator: TokenType): TreeNode[] {
    const found: TreeNode[] = [];
    do {
      const node = this.child(kind);
      if (node !== undefined) found.push(node);
    } while (this.eat(separator) !== undefined);
    return found;
  }

  #peek(): TreeNode["children"][number] | undefined {
    for (;;) {
      const next = this.node.children[this.#at];
      if (next?.is !== "node" || next.kind !== "skipped") return next;
      this.#at += 1;
    }
  }
}

export function firstLeaf(node: TreeNode): Leaf | undefined {
  for (const child of node.children) {
    const leaf = child.is === "leaf" ? child : firstLeaf(child);
    if (leaf !== undefined) return leaf;
  }
  return undefined;
}

export function lastLeaf(node: TreeNode): Leaf | undefined {
  for (let at = node.children.length - 1; at >= 0; at -= 1) {
    const child = node.children[at]!;
    const leaf = child.is === "leaf" ? child : lastLeaf(child);
    if (leaf !== undefined) return leaf;
  }
  return undefined;
}
