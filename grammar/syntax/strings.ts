/**
 * String literals: prefix, escapes and holes.
 *
 *   "a \"x\" {"                  plain: escapes; braces are text
 *   t"…" glob"…" ip"…" cidr"…"  the same
 *   re"\d+\"" r"C:\temp"        backslashes stand for themselves; only `\"` is a quote
 *
 * A plain string that is a template (the AST builder knows by its place: `summary`, `because`,
 * `recommend`, `as`) is then split at its holes:
 *
 *   "pid {a.pid} {{"            `{expr}` is a hole; `{{` and `}}` are braces
 *
 * Decoding remembers where each character of the value came from, so that an expression inside a
 * hole can be reported at its place in the file although it was unescaped before it was parsed.
 */
import type { StringPrefix } from "./ast.ts";
import { type Problem, shown } from "./problems.ts";
import { scanString, stringQuoteAt } from "./scan.ts";

export interface Decoded {
  readonly prefix: StringPrefix;
  readonly value: string;
  readonly origin: Origin;
  readonly problems: readonly Problem[];
}

/** Where the characters of a decoded value came from: runs that were copied, and escapes. */
export class Origin {
  /** Offsets in the value, ascending; each run lasts until the next one. */
  readonly #starts: number[] = [];
  readonly #images: number[] = [];
  readonly #copied: boolean[] = [];

  /** What follows in the value came from `image` on, or all of it from the escape at `image`. */
  add(start: number, image: number, isCopied: boolean): void {
    this.#starts.push(start);
    this.#images.push(image);
    this.#copied.push(isCopied);
  }

  /** Offset in the image of a character of the value, or of what follows the last one. */
  at(index: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= index) low = middle;
      else high = middle - 1;
    }
    return this.#images[low]! + (this.#copied[low] ? index - this.#starts[low]! : 0);
  }
}

const simpleEscapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  n: "\n",
  t: "\t",
  r: "\r",
};

/** Decodes a string token; `image` starts with the prefix and may lack its closing quote. */
export function decodeString(image: string): Decoded {
  const quote = stringQuoteAt(image, 0) ?? 0;
  const prefix = image.slice(0, quote) as StringPrefix;
  const isRaw = prefix === "re" || prefix === "r";
  const { isClosed } = scanString(image, quote);
  const last = isClosed ? image.length - 1 : image.length;
  const origin = new Origin();
  const problems: Problem[] = [];
  let value = "";
  for (let at = quote + 1; at < last; ) {
    const backslash = image.indexOf("\\", at);
    // A backslash as the last character escapes nothing.
    const end = backslash < 0 || backslash + 1 >= last ? last : backslash;
    if (end > at) origin.add(value.length, at, true);
    value += image.slice(at, end);
    at = end;
    if (at === last) break;
    const found = readEscape(image, at, last, isRaw);
    if (found.problem) problems.push(found.problem);
    origin.add(value.length, at, found.keeps);
    value += found.text;
    at = found.end;
  }
  origin.add(value.length, last, true);
  return { prefix, value, origin, problems };
}

interface Escape {
  readonly text: string;
  readonly end: number;
  /** The text is the source as written, character by character. */
  readonly keeps: boolean;
  readonly problem?: Problem;
}

function readEscape(image: string, start: number, last: number, isRaw: boolean): Escape {
  const next = image[start + 1]!;
  if (isRaw) {
    const isQuote = next === '"';
    return { text: isQuote ? '"' : `\\${next}`, end: start + 2, keeps: !isQuote };
  }
  const simple = simpleEscapes[next];
  if (simple !== undefined) return { text: simple, end: start + 2, keeps: false };
  if (next === "u" && image[start + 2] === "{") return readCodePoint(image, start, last);
  // A surrogate pair after the backslash is shown whole.
  const end = start + 1 + String.fromCodePoint(image.codePointAt(start + 1)!).length;
  return badEscape("TAP1006", image, start, Math.min(end, last));
}

function readCodePoint(image: string, start: number, last: number): Escape {
  const close = image.slice(start, Math.min(last, start + 16)).indexOf("}");
  const end = close < 0 ? Math.min(last, start + 3) : start + close + 1;
  const digits = image.slice(start + 3, end - 1);
  const code = /^[0-9A-Fa-f]{1,6}$/.test(digits) ? Number.parseInt(digits, 16) : -1;
  const isCharacter = code >= 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  if (close < 0 || !isCharacter) return badEscape("TAP1021", image, start, end);
  return { text: String.fromCodePoint(code), end, keeps: false };
}

function badEscape(code: "TAP1006" | "TAP1021", image: string, start: number, end: number): Escape {
  const text = image.slice(start, end);
  return { text, end, keeps: true, problem: { code, params: { escape: shown(text) }, start, end } };
}

/** A stretch of a decoded value: text to show, or the text of an expression. */
export type TemplatePart =
  | { readonly is: "text"; readonly text: string }
  | { readonly is: "hole"; readonly start: number; readonly end: number };

export interface SplitTemplate {
  readonly parts: readonly TemplatePart[];
  /** Places are offsets in the value. */
  readonly problems: readonly Problem[];
}

/** Splits a template's value at its holes. */
export function splitTemplate({ value, origin }: Decoded): SplitTemplate {
  const parts: TemplatePart[] = [];
  const problems: Problem[] = [];
  let text = "";
  let at = 0;
  // A brace written as an escape (`\u{7b}`) is text.
  const isBrace = (index: number, brace: string): boolean =>
    value[index] === brace && origin.at(index + 1) - origin.at(index) === 1;
  while (at < value.length) {
    const plainEnd = nextBrace(value, at);
    text += value.slice(at, plainEnd);
    at = plainEnd;
    if (at === value.length) break;
    const brace = isBrace(at, "{") ? "{" : isBrace(at, "}") ? "}" : undefined;
    if (brace === undefined || isBrace(at + 1, brace)) {
      text += value[at];
      at += brace === undefined ? 1 : 2;
      continue;
    }
    const end = brace === "{" ? holeEnd(value, at + 1) : undefined;
    if (end === undefined) {
      problems.push({
        code: brace === "{" ? "TAP1017" : "TAP1019",
        params: {},
        start: at,
        end: at + 1,
      });
      if (brace === "{") break;
      at += 1;
      continue;
    }
    if (text !== "") parts.push({ is: "text", text });
    text = "";
    parts.push({ is: "hole", start: at + 1, end });
    at = end + 1;
  }
  if (text !== "") parts.push({ is: "text", text });
  return { parts, problems };
}

/** Offset of the next brace at or behind `start`; the end when there is none. */
function nextBrace(value: string, start: number): number {
  anyBrace.lastIndex = start;
  return anyBrace.exec(value)?.index ?? value.length;
}

const anyBrace = /[{}]/g;

/** Offset of the `}` that closes the hole at `start`; strings inside the hole may hold braces. */
function holeEnd(value: string, start: number): number | undefined {
  let depth = 0;
  let at = start;
  while (at < value.length) {
    const char = value[at];
    if (char === '"') {
      at = scanString(value, at).end;
      continue;
    }
    if (char === "{") depth += 1;
    if (char === "}" && depth === 0) return at;
    if (char === "}") depth -= 1;
    at += 1;
  }
  return undefined;
}
