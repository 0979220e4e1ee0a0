/**
 * Walking the abstract syntax without knowing every node kind: a child is any object with `kind`,
 * `id` and `span` that a node holds directly, in a list, or in a plain record between them (such as
 * `range: { min, max }`). New node kinds are walked without touching this file. Nothing recurses,
 * so depth costs no stack.
 */
import type { Node } from "./ast.ts";

/** Any node of the abstract syntax. */
export interface AnyNode extends Node {
  readonly kind: string;
}

function isNode(value: object): value is AnyNode {
  return "kind" in value && "id" in value && "span" in value;
}

/** The direct children of a node, in the order they are written in its type. */
export function childrenOf(node: AnyNode): AnyNode[] {
  const children: AnyNode[] = [];
  collect(Object.values(node), children);
  return children;
}

function collect(values: readonly unknown[], into: AnyNode[]): void {
  for (const value of values) {
    if (typeof value !== "object" || value === null) continue;
    if (isNode(value)) into.push(value);
    else if (!isSpan(value)) collect(Array.isArray(value) ? value : Object.values(value), into);
  }
}

function isSpan(value: object): boolean {
  return "file" in value && "start" in value;
}

/** A node and all nodes below it, parents before children, in source order. */
export function* descendantsOf(root: AnyNode): Generator<AnyNode> {
  const pending: AnyNode[] = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    yield node;
    const children = childrenOf(node);
    for (let at = children.length - 1; at >= 0; at -= 1) pending.push(children[at]!);
  }
}

/** What to do on the way down; `false` from `enter` leaves the children out. */
export interface Visitor {
  readonly enter?: (node: AnyNode, parent: AnyNode | undefined) => boolean | undefined;
  readonly leave?: (node: AnyNode, parent: AnyNode | undefined) => void;
}

/** Visits a node and everything below it. */
export function walk(root: AnyNode, { enter, leave }: Visitor): void {
  interface Visit {
    readonly node: AnyNode;
    readonly parent: AnyNode | undefined;
    readonly isLeaving: boolean;
  }
  const pending: Visit[] = [{ node: root, parent: undefined, isLeaving: false }];
  for (let visit = pending.pop(); visit !== undefined; visit = pending.pop()) {
    const { node, parent } = visit;
    if (visit.isLeaving) {
      leave?.(node, parent);
      continue;
    }
    const isEntered = enter?.(node, parent) !== false;
    pending.push({ node, parent, isLeaving: true });
    if (!isEntered) continue;
    const children = childrenOf(node);
    for (let at = children.length - 1; at >= 0; at -= 1) {
      pending.push({ node: children[at]!, parent: node, isLeaving: false });
    }
  }
}

/** The innermost node whose place contains `offset`: what an editor's cursor is on. */
export function nodeAt(root: AnyNode, offset: number): AnyNode | undefined {
  const covers = (node: AnyNode): boolean => node.span.start <= offset && offset <= node.span.end;
  if (!covers(root)) return undefined;
  let found = root;
  for (;;) {
    const inner = childrenOf(found).find(covers);
    if (inner === undefined) return found;
    found = inner;
  }
}
