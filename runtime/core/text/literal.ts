/**
 * `==`, `startswith`, `endswith` and `contains` with a literal, on whole and on cut texts.
 *
 * One definition gives all answers on a cut text: the full text is the visible prefix followed by
 * zero or more unseen characters. (Zero counts: the kernel marks a text as cut when it filled the
 * buffer, and a text may fill it exactly.) An answer is `true` when it holds for every such full
 * text, `false` when it holds for none, and unknown (`undefined`) otherwise. With `v` visible:
 *
 * ```text
 *                  true                 false                            unknown
 *   equals l       never                v is no prefix of l              v is a prefix of l
 *   startsWith l   l is a prefix of v   neither is a prefix of the other v is a prefix of l only
 *   contains l     v contains l         never: the tail may hold it      otherwise
 *   endsWith l     l is empty           never: the tail may be l         l is not empty
 * ```
 *
 * Example: visible `abc` equals "abd" is false, equals "abcd" is unknown, equals "ab" is false.
 *
 * The source must have dropped a character of which it saw only some bytes: the visible part ends
 * between characters.
 *
 * `isNocase` folds the 26 ASCII letters and nothing else, like `(?i)` in patterns.
 */

import { CutText } from "../schema.ts";
import type { Kleene } from "./text-program.ts";

/** `text == literal`. */
export function textEquals(text: string | CutText, literal: string, isNocase = false): Kleene {
  if (text instanceof CutText) {
    const { visible } = text;
    return visible.length <= literal.length && occursAt(literal, visible, 0, isNocase)
      ? undefined
      : false;
  }
  return text.length === literal.length && occursAt(text, literal, 0, isNocase);
}

/** `text startswith literal`. */
export function textStartsWith(text: string | CutText, literal: string, isNocase = false): Kleene {
  if (!(text instanceof CutText)) return occursAt(text, literal, 0, isNocase);
  const { visible } = text;
  if (occursAt(visible, literal, 0, isNocase)) return true;
  return occursAt(literal, visible, 0, isNocase) ? undefined : false;
}

/** `text endswith literal`. */
export function textEndsWith(text: string | CutText, literal: string, isNocase = false): Kleene {
  if (text instanceof CutText) return literal === "" ? true : undefined;
  return occursAt(text, literal, text.length - literal.length, isNocase);
}

/** `text contains literal`. */
export function textContains(text: string | CutText, literal: string, isNocase = false): Kleene {
  if (text instanceof CutText) return occursIn(text.visible, literal, isNocase) ? true : undefined;
  return occursIn(text, literal, isNocase);
}

function occursIn(text: string, literal: string, isNocase: boolean): boolean {
  if (!isNocase) return text.includes(literal);
  const last = text.length - literal.length;
  for (let at = 0; at <= last; at++) if (occursAt(text, literal, at, true)) return true;
  return false;
}

/** Whether `literal` stands in `text` at exactly this offset; out of range is no. */
function occursAt(text: string, literal: string, at: number, isNocase: boolean): boolean {
  if (at < 0 || at + literal.length > text.length) return false;
  if (!isNocase) return text.startsWith(literal, at);
  for (let i = 0; i < literal.length; i++) {
    if (foldAscii(text.charCodeAt(at + i)) !== foldAscii(literal.charCodeAt(i))) return false;
  }
  return true;
}

/** `A`–`Z` become `a`–`z`; everything else stays. */
function foldAscii(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
}
