/**
 * The syntax of `re"…"`: RE2's, without back-references and look-around, with a type on named
 * groups. Descends recursively; an error empties the rest of the input, so every loop
 * ends by itself and the first error is the one reported. Nothing throws.
 *
 * ```text
 *   choice   = sequence { "|" sequence }
 *   sequence = { atom [ "*" | "+" | "?" | "{n}" | "{n,}" | "{n,m}" ] [ "?" ] }
 *   atom     = literal | "." | class | "^" | "$" | "(" … ")" | "\" escape | "\Q" … "\E"
 * ```
 *
 * Example: `process (?<pid:int>\d+)` gives the group `{ name: "pid", type: "int" }` and the nodes
 * `p`, `r`, …, ` `, `capture 0 (repeat [0-9] 1..)`.
 *
 * Differences from RE2, all towards saying more: octal escapes, `\C`, `(?U)`, `{,n}` and a
 * repetition right after `(?i)` are errors with advice; case folding is ASCII only; `\u{…}` is
 * accepted beside `\x{…}`; a group name may carry a type.
 */

import {
  ANY,
  ANY_BUT_NEWLINE,
  complement,
  foldAsciiCase,
  normaliseRanges,
  POSIX_SETS,
} from "./code-point-set.ts";
import {
  type Assertion,
  choiceOf,
  codePointNode,
  type PatternNode,
  repetitionFactor,
  sequenceOf,
  setNode,
} from "./pattern-node.ts";
import { PatternReader } from "./pattern-reader.ts";
import { CAPTURE_TYPES, type CaptureGroup, TEXT_LIMITS, type TextError } from "./text-program.ts";

export interface RegexSyntax {
  readonly root: PatternNode;
  readonly groups: readonly CaptureGroup[];
}

export type ParseRegexResult =
  | { readonly ok: true; readonly syntax: RegexSyntax }
  | { readonly ok: false; readonly error: TextError };

export interface RegexOptions {
  /** As if the pattern began with `(?i)`. */
  readonly nocase?: boolean;
}

/** Reads a pattern. Any string is allowed as input; what is wrong with it comes back as a value. */
export function parseRegex(pattern: string, options: RegexOptions = {}): ParseRegexResult {
  const parser = new RegexParser(pattern, options.nocase ?? false);
  const root = parser.parsePattern();
  const { error } = parser.reader;
  if (error !== undefined) return { ok: false, error };
  return { ok: true, syntax: { root, groups: parser.groups } };
}

interface Flags {
  readonly isNocase: boolean;
  readonly isDotAll: boolean;
  readonly isMultiLine: boolean;
}

const ASSERTION_ESCAPES: ReadonlyMap<string, Assertion> = new Map<string, Assertion>([
  ["A", "textStart"],
  ["z", "textEnd"],
  ["b", "wordBoundary"],
  ["B", "notWordBoundary"],
]);

const REPETITION = /\{(\d+)(?:(,)(\d*))?\}/y;
const GROUP_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

class RegexParser {
  readonly reader: PatternReader;
  readonly groups: CaptureGroup[] = [];
  private flags: Flags;
  private depth = 0;

  constructor(pattern: string, isNocase: boolean) {
    this.reader = new PatternReader(pattern);
    this.flags = { isNocase, isDotAll: false, isMultiLine: false };
  }

  parsePattern(): PatternNode {
    const root = this.parseChoice();
    if (!this.reader.isAtEnd) {
      this.reader.fail("syntax", "`)` closes no group", "write `\\)` for a literal parenthesis");
    }
    return root;
  }

  private parseChoice(): PatternNode {
    const options = [this.parseSequence()];
    while (this.reader.eat("|")) options.push(this.parseSequence());
    return choiceOf(options);
  }

  private parseSequence(): PatternNode {
    const parts: PatternNode[] = [];
    while (!this.reader.isAtEnd && !this.reader.sees("|") && !this.reader.sees(")")) {
      const atoms = this.reader.eat("\\Q") ? this.parseQuotedText() : this.parseAtom();
      const last = atoms.pop();
      parts.push(...atoms);
      const repeated = this.parseRepetition(last);
      if (repeated !== undefined) parts.push(repeated);
    }
    return sequenceOf(parts);
  }

  /** The text after `\Q`: one atom per code point, so that a following `*` takes the last one. */
  private parseQuotedText(): PatternNode[] {
    const atoms: PatternNode[] = [];
    while (!this.reader.isAtEnd && !this.reader.eat("\\E")) atoms.push(this.parseLiteral());
    return atoms;
  }

  /** One atom, or none for what only sets flags. */
  private parseAtom(): PatternNode[] {
    const { reader } = this;
    if (reader.eat("(")) return this.parseGroup();
    if (reader.eat("[")) return [this.parseClass()];
    if (reader.eat(".")) return [setNode(this.flags.isDotAll ? ANY : ANY_BUT_NEWLINE)];
    if (reader.eat("^")) return [assertNode(this.flags.isMultiLine ? "lineStart" : "textStart")];
    if (reader.eat("$")) return [assertNode(this.flags.isMultiLine ? "lineEnd" : "textEnd")];
    if (reader.sees("\\")) return [this.parseEscape()];
    // A repetition sign here has nothing before it; parseRepetition reports it.
    if (this.seesRepetition()) return [];
    return [this.parseLiteral()];
  }

  private parseLiteral(): PatternNode {
    return codePointNode(this.reader.takeCodePoint(), this.flags.isNocase);
  }

  private parseEscape(): PatternNode {
    const assertion = ASSERTION_ESCAPES.get(this.reader.peekAfterBackslash());
    if (assertion !== undefined) {
      this.reader.skip(2);
      return assertNode(assertion);
    }
    const named = this.reader.takeNamedSet(this.flags.isNocase);
    if (named !== undefined) return setNode(named);
    return codePointNode(this.reader.takeEscapedCodePoint(), this.flags.isNocase);
  }

  // ---------- repetition

  private seesRepetition(): boolean {
    const { reader } = this;
    if (reader.sees("*") || reader.sees("+") || reader.sees("?")) return true;
    return reader.sees("{") && reader.matchHere(REPETITION) !== undefined;
  }

  private parseRepetition(body: PatternNode | undefined): PatternNode | undefined {
    const { reader } = this;
    const at = reader.at;
    if (reader.sees("{,")) {
      reader.fail("syntax", "`{,` lacks its lower bound", "write `{0,n}`, or `\\{` for a brace");
    }
    if (!this.seesRepetition()) return body;
    const [min, max] = this.parseBounds();
    const isLazy = reader.eat("?");
    if (body === undefined) {
      const help = "put a character or a group before it, or escape it with `\\`";
      reader.fail("syntax", "nothing to repeat", help, at);
      return undefined;
    }
    if (this.seesRepetition()) {
      const help = "put the first repetition into a group: `(?:a+)*`";
      reader.fail("syntax", "a repetition follows a repetition", help);
    }
    const node: PatternNode = { kind: "repeat", body, min, max, isLazy };
    if (repetitionFactor(node) > TEXT_LIMITS.repetition) {
      const help = `repeat at most ${TEXT_LIMITS.repetition} times, nested counts multiplied; \`+\` has no limit`;
      reader.fail("too-large", "the repetition count is too large", help, at);
    }
    return node;
  }

  private parseBounds(): readonly [number, number | undefined] {
    const { reader } = this;
    const at = reader.at;
    if (reader.eat("*")) return [0, undefined];
    if (reader.eat("+")) return [1, undefined];
    if (reader.eat("?")) return [0, 1];
    const match = reader.matchHere(REPETITION);
    reader.skip(match?.[0].length ?? 0);
    const min = Number(match?.[1]);
    const isOpen = match?.[2] !== undefined && match[3] === "";
    const max = isOpen ? undefined : Number(match?.[3] ?? match?.[1]);
    if (max !== undefined && max < min) {
      const help = `write \`{${max},${min}}\``;
      reader.fail("syntax", `\`${match?.[0]}\` has its bounds in the wrong order`, help, at);
    }
    return [min, max];
  }

  // ---------- groups

  private parseGroup(): PatternNode[] {
    const { reader } = this;
    const open = reader.at - 1;
    if (++this.depth > TEXT_LIMITS.nesting) {
      const help = `nest at most ${TEXT_LIMITS.nesting} groups`;
      reader.fail("too-large", "groups are nested too deeply", help, open);
    }
    const outer = this.flags;
    const name = this.parseGroupHead(open);
    if (name === "flags") {
      this.depth--;
      return [];
    }
    const index = this.groups.length;
    if (name !== undefined) this.groups.push(name);
    const body = this.parseChoice();
    if (!reader.eat(")")) {
      reader.fail("syntax", "`(` is never closed", "add `)`, or write `\\(` for a literal", open);
    }
    this.flags = outer;
    this.depth--;
    return [name === undefined ? body : { kind: "capture", index, body }];
  }

  /** What stands between `(` and the group's body; "flags" when there is no body, as in `(?i)`. */
  private parseGroupHead(open: number): CaptureGroup | "flags" | undefined {
    const { reader } = this;
    if (!reader.eat("?")) return undefined;
    if (reader.eat(":")) return undefined;
    const unsupported = UNSUPPORTED_GROUPS.find(([head]) => reader.sees(head));
    if (unsupported !== undefined) {
      reader.fail("unsupported", unsupported[1], unsupported[2], open);
      return undefined;
    }
    if (reader.eat("P<") || reader.eat("<")) return this.parseGroupName(open);
    return this.parseFlags(open);
  }

  private parseGroupName(open: number): CaptureGroup | undefined {
    const { reader } = this;
    const at = reader.at;
    const text = reader.takeUntil(">");
    if (text === undefined) {
      reader.fail("syntax", "the group name is never closed", "add `>` after the name", open);
      return undefined;
    }
    const [name = "", type = "string"] = text.split(":", 2);
    const known = CAPTURE_TYPES.find((candidate) => candidate === type);
    if (!GROUP_NAME.test(name)) {
      const help = "use letters, digits and `_`, not beginning with a digit";
      reader.fail("syntax", `\`${name}\` is no group name`, help, at);
    } else if (known === undefined || text.split(":").length > 2) {
      const wrong = text.slice(name.length + 1);
      const help = `use one of ${CAPTURE_TYPES.join(", ")}`;
      reader.fail("syntax", `\`${wrong}\` is no capture type`, help, at + name.length + 1);
    } else if (this.groups.some((group) => group.name === name)) {
      reader.fail("syntax", `the group \`${name}\` exists already`, "choose another name", at);
    } else if (this.groups.length >= TEXT_LIMITS.groups) {
      const help = `use at most ${TEXT_LIMITS.groups} named groups; \`(?:…)\` does not count`;
      reader.fail("too-large", "too many named groups", help, open);
    }
    return { name, type: known ?? "string" };
  }

  /** `i`, `s`, `m`, each switched off after `-`; then `)` or `:`. */
  private parseFlags(open: number): "flags" | undefined {
    const { reader } = this;
    const flags = { ...this.flags };
    let isOn = true;
    for (let count = 0; !reader.isAtEnd; count++) {
      if (count > 0 && (reader.sees(")") || reader.sees(":"))) {
        this.flags = flags;
        if (reader.eat(":")) return undefined;
        reader.skip(1);
        return "flags";
      }
      if (reader.eat("i")) flags.isNocase = isOn;
      else if (reader.eat("s")) flags.isDotAll = isOn;
      else if (reader.eat("m")) flags.isMultiLine = isOn;
      else if (isOn && reader.eat("-")) {
        isOn = false;
        if (reader.sees(")") || reader.sees(":")) break;
      } else break;
    }
    const help = "the flags are `i`, `s` and `m`: `(?i)…`, `(?i:…)`, `(?-s)…`";
    reader.fail("syntax", "unknown group or flag", help, open);
    return undefined;
  }

  // ---------- classes

  private parseClass(): PatternNode {
    const { reader } = this;
    const open = reader.at - 1;
    const isNegated = reader.eat("^");
    const ranges: number[] = [];
    for (let isFirst = true; isFirst || !reader.sees("]"); isFirst = false) {
      if (reader.isAtEnd) {
        reader.fail("syntax", "`[` is never closed", "add `]`, or write `\\[` for a literal", open);
        break;
      }
      ranges.push(...this.parseClassItem());
    }
    reader.skip(1);
    const set = normaliseRanges(ranges);
    const folded = this.flags.isNocase ? foldAsciiCase(set) : set;
    return setNode(isNegated ? complement(folded) : folded);
  }

  /** One character, range or named set; its ranges. */
  private parseClassItem(): readonly number[] {
    const { reader } = this;
    const at = reader.at;
    const named = this.parseClassName();
    if (named !== undefined) return named;
    const low = this.takeClassCodePoint();
    if (!reader.sees("-") || reader.sees("-]") || reader.isLast) return [low, low];
    reader.skip(1);
    if (reader.sees("\\") && reader.takeNamedSet(false) !== undefined) {
      const help = "put `-` last in the class, or escape it: `\\-`";
      reader.fail("syntax", "a range cannot end in a set", help, at);
      return [];
    }
    const high = this.takeClassCodePoint();
    if (high < low) {
      reader.fail("syntax", "the range is in the wrong order", "write the smaller end first", at);
    }
    return high < low ? [] : [low, high];
  }

  /** `\d`, `\pL` and their kind, or `[:alpha:]`. */
  private parseClassName(): readonly number[] | undefined {
    const { reader } = this;
    if (reader.sees("\\")) return reader.takeNamedSet(this.flags.isNocase);
    const posix = reader.sees("[:") ? reader.matchHere(/\[:(\^?)([\s\S]*?):\]/y) : undefined;
    if (posix === undefined) return undefined;
    const set = POSIX_SETS.get(posix[2] ?? "");
    if (set === undefined) {
      const help = `use one of ${[...POSIX_SETS.keys()].join(", ")}`;
      reader.fail("syntax", "`[:…:]` names no class", help);
      return [];
    }
    reader.skip(posix[0].length);
    return posix[1] === "^" ? complement(set) : set;
  }

  private takeClassCodePoint(): number {
    const { reader } = this;
    return reader.sees("\\") ? reader.takeEscapedCodePoint() : reader.takeCodePoint();
  }
}

const LOOK_AROUND_HELP =
  "match the whole text in one pattern, or combine two conditions: `matches … and not matches …`";

/** What follows `(?`, what it is, and what to write instead. */
const UNSUPPORTED_GROUPS: readonly (readonly [string, string, string])[] = [
  ["=", "look-ahead is not supported", LOOK_AROUND_HELP],
  ["!", "look-ahead is not supported", LOOK_AROUND_HELP],
  ["<=", "look-behind is not supported", LOOK_AROUND_HELP],
  ["<!", "look-behind is not supported", LOOK_AROUND_HELP],
  [">", "atomic groups are not supported", "write `(?:…)`: matching never backtracks here"],
  ["P=", "back-references are not supported", "capture twice and compare the two fields"],
  ["P>", "recursion is not supported", "repeat the group's text"],
  ["#", "comments are not supported in patterns", "use a comment of the rule"],
  ["U", "the flag `U` is not supported", "write the lazy forms: `*?`, `+?`, `??`"],
  ["x", "the flag `x` is not supported", "write the pattern without spaces"],
  ["|", "branch reset is not supported", "write `(?:…)`"],
];

function assertNode(assertion: Assertion): PatternNode {
  return { kind: "assert", assertion };
}
