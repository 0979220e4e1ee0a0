/**
 * A literal that occurs in every match of a pattern: the cheap test before the real one.
 *
 * Example: `Memory cgroup out of memory: Kill(ed)? process` gives
 * `Memory cgroup out of memory: Kill`; the optional part ends the run, and `ed` is not certain.
 *
 * Each node is summarised by what is certain about the text it matches, and summaries combine:
 *
 * ```text
 *   exact     the only text it matches, if there is only one
 *   prefix    every match begins with it          suffix    every match ends with it
 *   inner     the longest literal known to occur
 * ```
 */

import type { PatternNode } from "./pattern-node.ts";

/** The longest literal known to occur in every match, case included; `undefined` if none is. */
export function requiredLiteral(root: PatternNode): string | undefined {
  const { inner } = summarise(root);
  // Half a surrogate pair in a text matches U+FFFD, but a search for the literal would not find it.
  return inner === "" || inner.includes("\ufffd") ? undefined : inner;
}

interface Summary {
  readonly exact: string | undefined;
  readonly prefix: string;
  readonly suffix: string;
  readonly inner: string;
}

/** Longer literals search no faster, and a search may compare as often at every place. */
const MAX_LENGTH = 64;

const NOTHING: Summary = { exact: undefined, prefix: "", suffix: "", inner: "" };
const EMPTY = exactly("");

function exactly(text: string): Summary {
  return { exact: text, prefix: text, suffix: text, inner: text };
}

function summarise(node: PatternNode): Summary {
  switch (node.kind) {
    case "empty":
    case "assert":
      return EMPTY;
    case "set":
      return node.set.length === 2 && node.set[0] === node.set[1]
        ? exactly(String.fromCodePoint(node.set[0]!))
        : NOTHING;
    case "sequence":
      return node.parts.map(summarise).reduce(followedBy, EMPTY);
    case "choice":
      return node.options.map(summarise).reduce(or);
    case "repeat":
      return repeated(summarise(node.body), node.min, node.max);
    case "capture":
      return summarise(node.body);
  }
}

function followedBy(left: Summary, right: Summary): Summary {
  if (left.exact !== undefined && right.exact !== undefined) {
    const text = left.exact + right.exact;
    if (text.length <= MAX_LENGTH) return exactly(text);
  }
  const joint = clip(left.suffix + right.prefix);
  return {
    exact: undefined,
    prefix: left.exact === undefined ? left.prefix : clip(left.exact + right.prefix),
    suffix: right.exact === undefined ? right.suffix : clipFront(left.suffix + right.exact),
    inner: longest(left.inner, joint, right.inner),
  };
}

function or(a: Summary, b: Summary): Summary {
  if (a.exact !== undefined && a.exact === b.exact) return a;
  const prefix = commonPrefix(a.prefix, b.prefix);
  const suffix = commonSuffix(a.suffix, b.suffix);
  const shared = longest(
    a.inner.includes(b.inner) ? b.inner : "",
    b.inner.includes(a.inner) ? a.inner : "",
  );
  return { exact: undefined, prefix, suffix, inner: longest(prefix, suffix, shared) };
}

function repeated(body: Summary, min: number, max: number | undefined): Summary {
  if (min === 0) return max === 0 ? EMPTY : NOTHING;
  if (min === 1 && max === 1) return body;
  if (body.exact !== undefined && min * body.exact.length <= MAX_LENGTH) {
    const certain = exactly(body.exact.repeat(min));
    return min === max ? certain : { ...certain, exact: undefined };
  }
  return { ...body, exact: undefined };
}

function longest(...texts: readonly string[]): string {
  return texts.reduce((best, text) => (text.length > best.length ? text : best));
}

/** A literal must not end or begin inside a character. */
function clip(text: string): string {
  const head = text.slice(0, MAX_LENGTH);
  return /[\ud800-\udbff]$/.test(head) ? head.slice(0, -1) : head;
}

function clipFront(text: string): string {
  const tail = text.slice(-MAX_LENGTH);
  return /^[\udc00-\udfff]/.test(tail) ? tail.slice(1) : tail;
}

function commonPrefix(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a.charCodeAt(length) === b.charCodeAt(length)) length++;
  const common = a.slice(0, length);
  return /[\ud800-\udbff]$/.test(common) ? common.slice(0, -1) : common;
}

function commonSuffix(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a.at(-1 - length) === b.at(-1 - length)) length++;
  const common = a.slice(a.length - length);
  return /^[\udc00-\udfff]/.test(common) ? common.slice(1) : common;
}
