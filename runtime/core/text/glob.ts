/**
 * The syntax of `glob"…"`, for paths. A glob describes the whole text.
 *
 * ```text
 *   *        any run without /           [a-z]     one character of the class, never /
 *   **       any run                     [!a-z]    one character not of the class, never /
 *   ?        one character, never /      {a,b}     one of the alternatives, which may be globs
 *   \x       the character x itself
 * ```
 *
 * Example: `/etc/**` matches `/etc/ssl/certs` and `/etc/`, but not `/etc`; `/var/log/*.{log,gz}`
 * matches `/var/log/a.gz`, but not `/var/log/b/a.gz`.
 */

import {
  ANY,
  type CodePointSet,
  complement,
  foldAsciiCase,
  normaliseRanges,
  without,
} from "./code-point-set.ts";
import { choiceOf, codePointNode, type PatternNode, sequenceOf, setNode } from "./pattern-node.ts";
import { PatternReader } from "./pattern-reader.ts";
import { TEXT_LIMITS, type TextError } from "./text-program.ts";

export type ParseGlobResult =
  | { readonly ok: true; readonly root: PatternNode }
  | { readonly ok: false; readonly error: TextError };

/** Reads a glob. Any string is allowed as input; what is wrong with it comes back as a value. */
export function parseGlob(
  glob: string,
  options: { readonly nocase?: boolean } = {},
): ParseGlobResult {
  const parser = new GlobParser(glob, options.nocase ?? false);
  const body = parser.parseSequence(0);
  const { error } = parser.reader;
  if (error !== undefined) return { ok: false, error };
  const root = sequenceOf([
    { kind: "assert", assertion: "textStart" },
    body,
    { kind: "assert", assertion: "textEnd" },
  ]);
  return { ok: true, root };
}

const SLASH: CodePointSet = [0x2f, 0x2f];
const NOT_SLASH = complement(SLASH);

class GlobParser {
  readonly reader: PatternReader;
  private readonly isNocase: boolean;

  constructor(glob: string, isNocase: boolean) {
    this.reader = new PatternReader(glob);
    this.isNocase = isNocase;
  }

  /** Up to the end, or within braces up to `,` or `}`. */
  parseSequence(depth: number): PatternNode {
    const { reader } = this;
    const parts: PatternNode[] = [];
    while (!reader.isAtEnd && !(depth > 0 && (reader.sees(",") || reader.sees("}")))) {
      parts.push(this.parseItem(depth));
    }
    return sequenceOf(parts);
  }

  private parseItem(depth: number): PatternNode {
    const { reader } = this;
    if (reader.eat("**")) return anyRunOf(ANY);
    if (reader.eat("*")) return anyRunOf(NOT_SLASH);
    if (reader.eat("?")) return setNode(NOT_SLASH);
    if (reader.eat("[")) return this.parseClass();
    if (reader.eat("{")) return this.parseAlternatives(depth + 1);
    if (reader.sees("}")) {
      reader.fail("syntax", "`}` closes no alternatives", "write `\\}` for a literal brace");
    }
    return codePointNode(this.takeLiteral(), this.isNocase);
  }

  private takeLiteral(): number {
    const { reader } = this;
    if (reader.eat("\\") && reader.isAtEnd) {
      reader.fail("syntax", "the glob ends in a backslash", "write `\\\\` for a literal backslash");
    }
    return reader.takeCodePoint();
  }

  private parseAlternatives(depth: number): PatternNode {
    const { reader } = this;
    const open = reader.at - 1;
    if (depth > TEXT_LIMITS.nesting) {
      const help = `nest at most ${TEXT_LIMITS.nesting} pairs of braces`;
      reader.fail("too-large", "braces are nested too deeply", help, open);
    }
    const options = [this.parseSequence(depth)];
    while (reader.eat(",")) options.push(this.parseSequence(depth));
    if (!reader.eat("}")) {
      reader.fail("syntax", "`{` is never closed", "add `}`, or write `\\{` for a literal", open);
    }
    return choiceOf(options);
  }

  private parseClass(): PatternNode {
    const { reader } = this;
    const open = reader.at - 1;
    if (reader.sees("^")) {
      reader.fail(
        "syntax",
        "`[^` is not how a glob negates",
        "write `[!…]`, or `[\\^…]` for a `^`",
      );
    }
    const isNegated = reader.eat("!");
    const ranges: number[] = [];
    for (let isFirst = true; isFirst || !reader.sees("]"); isFirst = false) {
      if (reader.isAtEnd) {
        reader.fail("syntax", "`[` is never closed", "add `]`, or write `\\[` for a literal", open);
        break;
      }
      ranges.push(...this.takeRange());
    }
    reader.skip(1);
    const set = normaliseRanges(ranges);
    const folded = this.isNocase ? foldAsciiCase(set) : set;
    return setNode(without(isNegated ? complement(folded) : folded, SLASH));
  }

  private takeRange(): readonly number[] {
    const { reader } = this;
    const at = reader.at;
    const low = this.takeLiteral();
    const isRange = reader.sees("-") && !reader.sees("-]") && !reader.isLast;
    if (isRange) reader.skip(1);
    const high = isRange ? this.takeLiteral() : low;
    if (low === 0x2f || high === 0x2f) {
      reader.fail("syntax", "a class never matches `/`", "put the `/` outside of the class", at);
    } else if (high < low) {
      reader.fail("syntax", "the range is in the wrong order", "write the smaller end first", at);
    }
    return [low, high];
  }
}

function anyRunOf(set: CodePointSet): PatternNode {
  return { kind: "repeat", body: setNode(set), min: 0, max: undefined, isLazy: false };
}
