/**
 * `<`, `<=`, `>`, `>=` between texts: the order of their bytes in UTF-8, which is that of their
 * characters' numbers, as `sort` has it in the C locale. No language, no folding of case.
 *
 * The full text behind a cut one is the visible prefix and zero or more unseen characters, as in
 * literal.ts. Where the two differ within what is seen, that decides. With `v` visible of one:
 *
 * ```text
 *                               v < l      v <= l     v > l      v >= l
 *   l is a proper prefix of v   false      false      true       true
 *   l equals v                  false      unknown    unknown    true
 *   v is a proper prefix of l   unknown    unknown    unknown    unknown
 * ```
 */
import { CutText } from "../schema.ts";
import type { Kleene } from "./text-program.ts";

export type TextOrder = "<" | "<=" | ">" | ">=";

/** `a op b`: true or false when it is for every full text that either can be. */
export function textsInOrder(op: TextOrder, a: string | CutText, b: string | CutText): Kleene {
  if (op === ">") return isBefore(b, a);
  if (op === "<") return isBefore(a, b);
  const isContrary = op === "<=" ? isBefore(b, a) : isBefore(a, b);
  return isContrary === undefined ? undefined : !isContrary;
}

function isBefore(a: string | CutText, b: string | CutText): Kleene {
  const [x, y] = [seen(a), seen(b)];
  const at = firstDifference(x, y);
  if (at < x.length && at < y.length) return weight(x, at) < weight(y, at);
  // One is a prefix of the other, or both are the same.
  const isEndOfA = at === x.length && !(a instanceof CutText);
  const isEndOfB = at === y.length && !(b instanceof CutText);
  if (isEndOfB) return false;
  return isEndOfA && at < y.length ? true : undefined;
}

function seen(text: string | CutText): string {
  return text instanceof CutText ? text.visible : text;
}

function firstDifference(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  let at = 0;
  while (at < end && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}

/**
 * A unit of UTF-16 as it weighs in the order of characters: the units of pairs stand for characters
 * above all others.
 */
function weight(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
