/**
 * Character-level scanning: where a word, string, number or piece of trivia that begins at a given
 * offset ends. The lexer and the trivia reader share these functions, so that both always agree on
 * the same bytes. Every function is total, runs forward only, and returns an offset past its start.
 */

const TAB = 9;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const PERCENT = 37;
const STAR = 42;
const PLUS = 43;
const MINUS = 45;
const DOT = 46;
const SLASH = 47;
const BACKSLASH = 92;
const BYTE_ORDER_MARK = 0xfeff;

/** The prefixes a string may carry, next to the plain string. */
export const stringPrefixes = ["re", "glob", "ip", "cidr", "t", "r"] as const;
const prefixSet: ReadonlySet<string> = new Set(stringPrefixes);

/** The characters that begin an operator or bracket. */
const PUNCTUATION = "{}()[]<>=!?+-*/.,:|@";
const punctuationCodes: ReadonlySet<number> = new Set(
  [...PUNCTUATION].map((char) => char.charCodeAt(0)),
);

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

export function isWordStart(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95;
}

export function isWordPart(code: number): boolean {
  return isWordStart(code) || isDigit(code);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB || code === CARRIAGE_RETURN || code === LINE_FEED;
}

/** End of the run of spaces and line ends at `start`. A byte order mark counts at offset 0 only. */
export function scanBlank(text: string, start: number): number {
  let at = start;
  if (at === 0 && text.charCodeAt(0) === BYTE_ORDER_MARK) at = 1;
  while (at < text.length && isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

export function scanWord(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && isWordPart(text.charCodeAt(at))) at += 1;
  return at;
}

export interface ScannedString {
  readonly end: number;
  readonly isClosed: boolean;
}

/**
 * A string literal whose opening quote stands at `quote`. Strings do not cross line ends, so that
 * a forgotten quote spoils one line and not the rest of the file.
 */
export function scanString(text: string, quote: number): ScannedString {
  let at = quote + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return { end: at + 1, isClosed: true };
    if (code === LINE_FEED || code === CARRIAGE_RETURN) break;
    const next = text.charCodeAt(at + 1);
    const escapes = code === BACKSLASH && next !== LINE_FEED && next !== CARRIAGE_RETURN;
    at = Math.min(text.length, at + (escapes ? 2 : 1));
  }
  return { end: at, isClosed: false };
}

/** Offset of the opening quote when a string literal (prefix included) begins at `start`. */
export function stringQuoteAt(text: string, start: number): number | undefined {
  const code = text.charCodeAt(start);
  if (code === QUOTE) return start;
  if (!isWordStart(code)) return undefined;
  for (let length = 1; length <= 4; length += 1) {
    if (text.charCodeAt(start + length) !== QUOTE) continue;
    return prefixSet.has(text.slice(start, start + length)) ? start + length : undefined;
  }
  return undefined;
}

/**
 * A number with everything glued to it: `3`, `0.85`, `1e-3`, `1h30m`, `512MiB`, `85%`, `10/s`.
 * What is glued but unknown (`30sec`) is taken too, so that it is reported as one bad number.
 */
export function scanNumber(text: string, start: number): number {
  let at = scanDigits(text, start);
  if (text.charCodeAt(at) === DOT && isDigit(text.charCodeAt(at + 1)))
    at = scanDigits(text, at + 1);
  if ((text.charCodeAt(at) | 32) === 101) {
    const sign = text.charCodeAt(at + 1);
    const isSigned = (sign === PLUS || sign === MINUS) && isDigit(text.charCodeAt(at + 2));
    if (isSigned) at = scanDigits(text, at + 2);
  }
  while (at < text.length && isWordPart(text.charCodeAt(at))) at += 1;
  if (text.charCodeAt(at) === PERCENT) return at + 1;
  return isRateUnit(text, at) ? at + 2 : at;
}

function scanDigits(text: string, start: number): number {
  let at = start;
  while (at < text.length && isDigit(text.charCodeAt(at))) at += 1;
  return at;
}

/** Whether `/s`, `/m` or `/h` stands at `slash` and ends there: `10/s` but not `10/size`. */
function isRateUnit(text: string, slash: number): boolean {
  if (text.charCodeAt(slash) !== SLASH) return false;
  const unit = text[slash + 1];
  const isUnit = unit === "s" || unit === "m" || unit === "h";
  return isUnit && !isWordPart(text.charCodeAt(slash + 2));
}

/** End of the comment at `start`, or undefined when no comment begins there. */
export function scanComment(text: string, start: number): ScannedString | undefined {
  if (text.charCodeAt(start) !== SLASH) return undefined;
  const second = text.charCodeAt(start + 1);
  if (second === SLASH) return { end: scanLine(text, start), isClosed: true };
  if (second !== STAR) return undefined;
  const close = text.indexOf("*/", start + 2);
  if (close < 0) return { end: text.length, isClosed: false };
  return { end: close + 2, isClosed: true };
}

/** End of the line at `start`, before its line end. */
function scanLine(text: string, start: number): number {
  let at = start;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === LINE_FEED || code === CARRIAGE_RETURN) break;
    at += 1;
  }
  return at;
}

/** End of the run of characters that belong to nothing in the language. */
export function scanUnknown(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && isUnknown(text.charCodeAt(at))) at += 1;
  return at;
}

export function isUnknown(code: number): boolean {
  if (isWordPart(code) || isBlank(code) || code === QUOTE) return false;
  return !punctuationCodes.has(code);
}
