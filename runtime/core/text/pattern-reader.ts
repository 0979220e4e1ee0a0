/**
 * Reads a pattern's characters and escapes, and keeps the first error. After an error the input
 * counts as read to its end, so a parser stops by itself. Regular expressions and globs share it.
 */

import {
  type CodePointSet,
  complement,
  DIGIT,
  foldAsciiCase,
  SPACE,
  WORD,
} from "./code-point-set.ts";
import { TEXT_LIMITS, type TextError, type TextErrorKind } from "./text-program.ts";
import { unicodeSet } from "./unicode-set.ts";

/** `\d` and its kind: escapes that stand for a set. */
const NAMED_SETS: ReadonlyMap<string, CodePointSet> = new Map<string, CodePointSet>([
  ["d", DIGIT],
  ["D", complement(DIGIT)],
  ["w", WORD],
  ["W", complement(WORD)],
  ["s", SPACE],
  ["S", complement(SPACE)],
]);

const CONTROL_ESCAPES: ReadonlyMap<string, number> = new Map([
  ["a", 0x07],
  ["f", 0x0c],
  ["n", 0x0a],
  ["r", 0x0d],
  ["t", 0x09],
  ["v", 0x0b],
]);

const HEX_ESCAPE = /\\(?:x([0-9A-Fa-f]{2})|[xu]\{([0-9A-Fa-f]{1,8})\})/y;

/** What follows a backslash, what it is elsewhere, and what to write instead. */
const UNSUPPORTED_ESCAPES: readonly (readonly [RegExp, string, string])[] = [
  [/[1-9k]/, "back-references are not supported", "capture twice and compare the two fields"],
  [/0/, "octal escapes are not supported", "write `\\x00`"],
  [/Z/, "`\\Z` is not supported", "write `\\z` for the end, or `\\n?\\z` to allow a final newline"],
  [/G/, "`\\G` is not supported", "write `\\A` for the beginning of the text"],
  [/C/, "`\\C` is not supported", "write `.`, or `(?s:.)` to include newlines"],
  [/[hHRNX]/, "this class is not supported", "write the class out, such as `[\\t ]` or `\\r?\\n`"],
  [/K/, "`\\K` is not supported", "put a named group around the part you need"],
  [/[uU]/, "this escape is not supported", "write `\\x{…}` with the code point in hexadecimal"],
  [/x/, "`\\x` needs two digits or braces", "write `\\x41` or `\\x{1F600}`"],
  [/E/, "`\\E` has no `\\Q` before it", "remove it, or write `\\\\E` for the literal text"],
  [/[bB]/, "a word boundary is no character", "write `\\x08` for a backspace"],
];

export class PatternReader {
  error: TextError | undefined;
  at = 0;
  private readonly pattern: string;

  constructor(pattern: string) {
    this.pattern = pattern;
    if (pattern.length > TEXT_LIMITS.patternLength) {
      const help = `use at most ${TEXT_LIMITS.patternLength} characters, or several patterns`;
      this.fail("too-large", "the pattern is too long", help);
    }
  }

  get isAtEnd(): boolean {
    return this.at >= this.pattern.length;
  }

  /** Whether exactly one code unit is left. */
  get isLast(): boolean {
    return this.at === this.pattern.length - 1;
  }

  sees(text: string): boolean {
    return this.pattern.startsWith(text, this.at);
  }

  eat(text: string): boolean {
    if (!this.sees(text)) return false;
    this.at += text.length;
    return true;
  }

  skip(count: number): void {
    this.at = Math.min(this.at + count, this.pattern.length);
  }

  /** Applies a sticky expression at the current place, without moving. */
  matchHere(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.at;
    return sticky.exec(this.pattern) ?? undefined;
  }

  /** The text up to the stop sign, which is skipped; `undefined` when there is none. */
  takeUntil(stop: string): string | undefined {
    const end = this.pattern.indexOf(stop, this.at);
    if (end < 0) return undefined;
    const text = this.pattern.slice(this.at, end);
    this.at = end + stop.length;
    return text;
  }

  /** The character after the backslash at the current place; empty at the end. */
  peekAfterBackslash(): string {
    return this.pattern.charAt(this.at + 1);
  }

  /** The next code point, whatever it is. */
  takeCodePoint(): number {
    const codePoint = this.pattern.codePointAt(this.at);
    if (codePoint === undefined) return 0;
    if (isSurrogate(codePoint)) {
      this.fail("syntax", "half of a surrogate pair is no character", "write the whole character");
      return 0;
    }
    this.at += codePoint > 0xffff ? 2 : 1;
    return codePoint;
  }

  /** `\d` and its kind, or `\pL`; undefined, without moving, when no set is named here. */
  takeNamedSet(isNocase: boolean): CodePointSet | undefined {
    const letter = this.peekAfterBackslash();
    const set = NAMED_SETS.get(letter);
    if (set === undefined && letter !== "p" && letter !== "P") return undefined;
    const at = this.at;
    this.skip(2);
    return set ?? this.takeProperty(letter === "P", isNocase, at);
  }

  /** What follows `\p`: one letter, or a name in braces that `^` negates. */
  private takeProperty(isNegated: boolean, isNocase: boolean, start: number): CodePointSet {
    const inBraces = this.eat("{") ? this.takeUntil("}") : this.pattern.charAt(this.at++);
    const isInverse = inBraces?.startsWith("^") ?? false;
    const set = unicodeSet(inBraces?.slice(isInverse ? 1 : 0) ?? "");
    if (set === undefined) {
      const help = "write a general category such as `\\p{Lu}` or a script such as `\\p{Greek}`";
      this.fail("syntax", "`\\p` names no property of characters", help, start);
      return [];
    }
    const folded = isNocase ? foldAsciiCase(set) : set;
    return isNegated === isInverse ? folded : complement(folded);
  }

  /** The code point an escape stands for; the reader is at the backslash. */
  takeEscapedCodePoint(): number {
    const letter = this.peekAfterBackslash();
    const hex = this.matchHere(HEX_ESCAPE);
    if (hex !== undefined) return this.takeHex(hex[0], Number.parseInt(hex[1] ?? hex[2] ?? "", 16));
    const control = CONTROL_ESCAPES.get(letter);
    if (control !== undefined) {
      this.skip(2);
      return control;
    }
    if (letter === "") {
      this.fail(
        "syntax",
        "the pattern ends in a backslash",
        "write `\\\\` for a literal backslash",
      );
      return 0;
    }
    if (/^[!-/:-@[-`{-~ ]$/.test(letter)) {
      this.skip(2);
      return letter.charCodeAt(0);
    }
    const unsupported = UNSUPPORTED_ESCAPES.find(([start]) => start.test(letter));
    if (unsupported !== undefined) this.fail("unsupported", unsupported[1], unsupported[2]);
    else this.fail("syntax", `unknown escape \`\\${letter}\``, "remove the backslash");
    return 0;
  }

  private takeHex(text: string, codePoint: number): number {
    if (codePoint > 0x10ffff || isSurrogate(codePoint)) {
      const help = "use 0 to D7FF or E000 to 10FFFF";
      this.fail("syntax", `\`${text}\` is no character`, help);
      return 0;
    }
    this.skip(text.length);
    return codePoint;
  }

  /** Records the first error and ends the input. */
  fail(kind: TextErrorKind, message: string, help: string, at = this.at): void {
    this.error ??= { kind, at: Math.min(at, this.pattern.length), message, help };
    this.at = this.pattern.length;
  }
}

function isSurrogate(codePoint: number): boolean {
  return codePoint >= 0xd800 && codePoint <= 0xdfff;
}
