/**
 * The machinery below the grammar: chevrotain's `EmbeddedActionsParser` with a tree builder, error
 * recovery and limits. `parser.ts` says what the language is; this file says what happens when a
 * text is not in it.
 *
 * How it keeps its promises:
 *
 * - **Never throws, never hangs.** A production that meets the wrong token stops; the nearest
 *   enclosing *item loop* (declarations, clauses, steps, fields, test lines) reports once, moves
 *   what it cannot read below a `skipped` node up to the next token that starts an item, and goes
 *   on. Skipping only moves forward, so the work is linear in the length of the file.
 * - **One mistake, one message.** What is skipped says nothing more; a loop that meets a clause of
 *   an enclosing loop at the start of a line, or a declaration, concludes that a brace was left
 *   open, says so at the open brace, and lets the enclosing loop carry on. Errors on a line that
 *   already has a lexical error are consequences and stay silent.
 * - **Never runs out of stack.** Expressions are parsed flat (`operand operator operand …`) and
 *   get their shape in `build-ast.ts`; what remains recursive is counted against `NESTING_MAX`.
 *
 * chevrotain's own recovery is off: it resynchronises on follow sets, which words that are keywords
 * only in places make nearly useless.
 */
import {
  EmbeddedActionsParser,
  EOF,
  type IToken,
  isRecognitionException,
  type ParserMethod,
  type TokenType,
} from "chevrotain";
import { describeFailure } from "./expectations.ts";
import { NESTING_MAX, SYNTAX_ERRORS_MAX } from "./limits.ts";
import { type Problem, problemOf, type Unexpected } from "./problems.ts";
import { type StartSet, startSets } from "./recovery.ts";
import * as t from "./tokens.ts";
import { keyword as kw } from "./tokens.ts";
import { Leaf, type TreeElement, type TreeNode } from "./tree.ts";

/** Thrown to leave the productions above after a problem was already reported. */
class Reported {}
const reported = new Reported();

interface OpenNode {
  readonly kind: string;
  readonly children: TreeElement[];
}

export interface ParseResult {
  readonly root: TreeNode;
  readonly problems: readonly Problem[];
}

/** What the lexer already complained about, so that the parser does not complain again. */
export type Excuse = (from: number, to: number) => boolean;

export type Rule = ParserMethod<[], void>;

export abstract class RecoveringParser extends EmbeddedActionsParser {
  #leaves: readonly Leaf[] = [];
  #eof: Leaf | undefined;
  #text = "";
  #isExcused: Excuse = () => false;
  #problems: Problem[] = [];
  #nodes: OpenNode[] = [];
  #loops: StartSet[] = [];
  #nesting = 0;
  #taken = 0;
  #isCutOff = false;
  #endName = "";
  /** Index of the token at which something was reported last. */
  #reportedAt = -1;

  /** `isValidating` lets chevrotain check the grammar itself: slow, so only a test asks for it. */
  constructor(isValidating = false) {
    super(t.parserVocabulary, {
      maxLookahead: 1,
      recoveryEnabled: false,
      skipValidations: !isValidating,
      errorMessageProvider: describeFailure,
    });
  }

  /** Parses a file, or with `hole` a single expression, from its leaves (`eof` last). */
  parse(
    text: string,
    leaves: readonly Leaf[],
    isExcused: Excuse,
    start: "file" | "hole",
  ): ParseResult {
    this.#text = text;
    this.#leaves = leaves;
    this.#eof = leaves.at(-1);
    this.#isExcused = isExcused;
    this.#problems = [];
    this.#nodes = [{ kind: "top", children: [] }];
    this.#loops = [];
    this.#nesting = 0;
    this.#taken = 0;
    this.#isCutOff = false;
    this.#endName = `the end of the ${start}`;
    this.#reportedAt = -1;
    this.input = leaves.slice(0, -1);
    this[start]();
    const root = this.#nodes[0]?.children[0];
    const problems = this.#problems;
    // One parser serves the whole process: let go of the file.
    this.input = [];
    this.#leaves = [];
    this.#eof = undefined;
    this.#text = "";
    this.#problems = [];
    if (root === undefined || root.is === "leaf") throw new Error("the parser left no root node");
    return { root, problems };
  }

  /** The production of a whole file. */
  abstract readonly file: Rule;
  /** The production of a hole in a string: one expression and nothing else. */
  abstract readonly hole: Rule;

  // ---------- tree ----------

  /** A grammar rule whose tokens and parts become one tree node. */
  protected production(kind: string, body: () => void): Rule {
    return this.RULE(kind, () => {
      this.#open(kind);
      let isWhole = false;
      try {
        body();
        isWhole = true;
      } finally {
        this.#close(!isWhole);
      }
    });
  }

  /** Index of the next token among the leaves; that of `eof` at the end. */
  #position(): number {
    const next = this.LA(1);
    return next instanceof Leaf ? next.index : Math.max(0, this.#leaves.length - 1);
  }

  #take(): void {
    const children = this.#nodes.at(-1)?.children;
    for (const end = this.#position(); this.#taken < end; this.#taken += 1) {
      const leaf = this.#leaves[this.#taken];
      if (leaf !== undefined) children?.push(leaf);
    }
  }

  #open(kind: string): void {
    this.#take();
    this.#nodes.push({ kind, children: [] });
  }

  #close(isBroken: boolean): void {
    this.#take();
    const node = this.#nodes.pop();
    if (node === undefined) return;
    if (node.kind === "file" || node.kind === "hole") this.#takeEof(node);
    const { kind, children } = node;
    this.#nodes.at(-1)?.children.push({ is: "node", kind, children, isBroken });
  }

  #takeEof(root: OpenNode): void {
    if (this.#eof !== undefined && root.children.at(-1) !== this.#eof)
      root.children.push(this.#eof);
  }

  // ---------- problems and recovery ----------

  protected found(): Unexpected {
    const next = this.LA(1);
    const found = next instanceof Leaf ? next : this.#eof;
    const previous = this.LA(0);
    const afterNext = this.LA(2);
    return {
      found,
      previous: previous instanceof Leaf ? previous : undefined,
      next: afterNext instanceof Leaf ? afterNext : undefined,
      endName: this.#endName,
      isLabel: this.LA(2).tokenType === t.Colon,
      isFirstOnLine: this.#isFirstOnLine(1),
    };
  }

  protected report(problem: Problem): void {
    const { found, previous } = this.found();
    // Two loops may stumble over one token; the first has said what there is to say.
    const isRepeated = this.#reportedAt === found?.index && problem.code !== "TAP1004";
    this.#reportedAt = found?.index ?? -1;
    if (isRepeated) return;
    const to = found?.end ?? this.#text.length;
    const line = this.#text.lastIndexOf("\n", (found?.startOffset ?? to) - 1) + 1;
    if (this.#isExcused(Math.min(previous?.startOffset ?? line, line), to)) return;
    if (this.#problems.length < SYNTAX_ERRORS_MAX) this.#problems.push(problem);
    if (this.#problems.length !== SYNTAX_ERRORS_MAX) return;
    this.#problems.push({ code: "TAP1022", params: { limit: SYNTAX_ERRORS_MAX }, ...this.here() });
  }

  protected here(): { start: number; end: number } {
    const { found } = this.found();
    return { start: found?.startOffset ?? 0, end: found?.end ?? 0 };
  }

  #hasGivenUp(): boolean {
    return this.#problems.length > SYNTAX_ERRORS_MAX;
  }

  /** Reports and leaves the production; the enclosing item loop goes on behind it. */
  protected refuse(problem: Problem): never {
    this.report(problem);
    throw reported;
  }

  /** An item of a loop: when it fails, the rest of it is skipped. */
  protected guarded(starts: StartSet, item: () => void): void {
    if (this.RECORDING_PHASE) {
      item();
      return;
    }
    const before = this.#position();
    const nesting = this.#nesting;
    const loops = this.#loops.length;
    try {
      item();
    } catch (failure) {
      this.#reportFailure(failure);
      this.#nesting = nesting;
      this.#loops.length = loops;
      this.#skip(starts, this.#position() === before);
    }
  }

  #reportFailure(failure: unknown): void {
    if (failure instanceof Reported) return;
    if (!(failure instanceof Error) || !isRecognitionException(failure)) throw failure;
    this.report(problemOf(failure.message, this.found(), this.#loops.at(-1)));
  }

  /** `{ item }`: repeats `many` for as long as only unreadable tokens stand between the items. */
  protected loop(starts: StartSet, many: () => void): void {
    this.#loops.push(starts);
    do many();
    while (!this.RECORDING_PHASE && this.#skipStray(starts));
    this.#loops.pop();
  }

  /** After the last readable item: true when something unreadable was skipped. */
  #skipStray(starts: StartSet): boolean {
    if (this.isEnd() || this.startsOuterItem()) return false;
    const { found } = this.found();
    const isTop = this.#loops.length === 1;
    if (found?.tokenType === t.RBrace && !isTop) return false;
    if (found?.tokenType === t.RBrace) {
      this.report({ code: "TAP1005", params: { close: "}" }, ...this.here() });
    } else {
      this.report(problemOf(starts.what, this.found(), starts));
    }
    this.#skip(starts, true);
    return true;
  }

  protected isEnd(): boolean {
    return !(this.LA(1) instanceof Leaf);
  }

  /** Moves to the next token that starts an item here or in an enclosing loop. */
  #skip(starts: StartSet, mustMove: boolean): void {
    this.#open("skipped");
    const isTop = this.#loops.length <= 1;
    let braces = 0;
    let others = 0;
    for (let isFirst = mustMove; !this.isEnd(); isFirst = false) {
      const type = this.LA(1).tokenType;
      if (!isFirst && !this.#hasGivenUp()) {
        if (this.#startsDeclaration() || (braces === 0 && this.startsOuterItem())) break;
        if (braces === 0 && others === 0 && this.#startsItem(starts)) break;
        if (braces === 0 && others > 0 && this.#startsItem(starts) && this.#isFirstOnLine(1)) break;
        if (type === t.RBrace && braces === 0 && !isTop) break;
      }
      if (type === t.LBrace) braces += 1;
      else if (type === t.RBrace) braces = Math.max(0, braces - 1);
      else if (type === t.LParen || type === t.LBracket) others += 1;
      else if (type === t.RParen || type === t.RBracket) others = Math.max(0, others - 1);
      this.SKIP_TOKEN();
    }
    this.#close(false);
  }

  #isFirstOnLine(ahead: number): boolean {
    const leaf = this.LA(ahead);
    if (!(leaf instanceof Leaf)) return false;
    return leaf.index === 0 || /[\r\n]/.test(this.#text.slice(leaf.fullStart, leaf.startOffset));
  }

  #isAtMargin(): boolean {
    const leaf = this.LA(1);
    if (!(leaf instanceof Leaf)) return false;
    const before = this.#text[leaf.startOffset - 1];
    return before === undefined || before === "\n" || before === "\r" || leaf.startOffset === 1;
  }

  /** Whether the next token starts an item of this loop. */
  #startsItem(starts: StartSet): boolean {
    if (this.#loops.length <= 1) return this.#startsDeclaration();
    const type = this.LA(1).tokenType;
    const next = this.LA(2).tokenType;
    if (this.LA(0).tokenType === t.Dot && !this.#isFirstOnLine(1)) return false;
    if (starts.hasLabels && next === t.Colon) return isWord(type);
    if (!starts.types.has(type) || next === t.Colon || next === t.Dot) return false;
    if (isReservedType(type) || this.#isFirstOnLine(1)) return true;
    return next !== t.LParen && next !== t.Comma;
  }

  /** Whether the next token starts a line with a clause of an enclosing block. */
  protected startsOuterItem(): boolean {
    if (this.#loops.length <= 1) return false;
    if (this.#startsDeclaration()) return true;
    const next = this.LA(2).tokenType;
    if (!this.#isFirstOnLine(1) || next === t.Colon || next === t.Dot) return false;
    const type = this.LA(1).tokenType;
    return this.#loops.slice(1, -1).some((outer) => outer.types.has(type));
  }

  #startsDeclaration(): boolean {
    const type = this.LA(1).tokenType;
    if (!startSets.declarations.types.has(type) || !this.#isFirstOnLine(1)) return false;
    const next = this.LA(2).tokenType;
    if (next === t.Colon || next === t.Dot) return false;
    const isSure = isReservedType(type) && type !== kw.let;
    return isSure || this.#isAtMargin() || this.#loops.length <= 1;
  }

  /** The closing brace of a block; when it is missing, the block ends here and parsing goes on. */
  protected closeBlock(open: IToken): void {
    if (this.RECORDING_PHASE || this.LA(1).tokenType === t.RBrace) {
      this.CONSUME(t.RBrace);
      return;
    }
    // What was cut off for its depth also lost its closing braces.
    if (this.#isCutOff && this.isEnd()) return;
    this.report(this.#unclosed(open, "}"));
  }

  #unclosed(open: IToken, close: string): Problem {
    const { found } = this.found();
    return {
      code: "TAP1004",
      params: { open: open.image, close },
      start: open.startOffset,
      end: open.startOffset + 1,
      labels: [
        {
          ...this.here(),
          text: `expected \`${close}\` before ${found?.image ? "this" : "the end"}`,
        },
      ],
    };
  }

  /** A closing parenthesis or bracket; when it is missing, the message points at the open one. */
  protected closeGroup(open: IToken, type: TokenType, close: () => void): void {
    const isMissing = !this.RECORDING_PHASE && this.LA(1).tokenType !== type;
    if (isMissing && (this.isEnd() || this.#isFirstOnLine(1)))
      this.refuse(this.#unclosed(open, type.LABEL ?? ""));
    close();
  }

  /** Runs a part that may contain itself, within the nesting limit. */
  protected nested(part: () => void): void {
    if (!this.RECORDING_PHASE) this.#deepen();
    part();
    this.#nesting -= 1;
  }

  #deepen(): void {
    this.#nesting += 1;
    if (this.#nesting <= NESTING_MAX) return;
    this.#isCutOff = true;
    this.refuse({ code: "TAP1010", params: { limit: NESTING_MAX }, ...this.here() });
  }

  /** Any word may follow a dot, but a clause on the next line is not meant as a field. */
  protected fieldName(): void {
    if (this.RECORDING_PHASE || !this.#isFirstOnLine(1)) return;
    if (isReservedType(this.LA(1).tokenType)) {
      this.refuse(problemOf("a field name", this.found(), undefined));
    }
  }

  /** Refuses `-x` and `has x` where only a name with its fields may stand. */
  protected postfixOnly(): void {
    const type = this.LA(1).tokenType;
    if (this.RECORDING_PHASE || (type !== t.Minus && type !== kw.has)) return;
    this.refuse(problemOf("a name or a field", this.found(), undefined));
  }

  /** A word before `:` is a label, whatever keyword it may be elsewhere. */
  protected isLabel = (): boolean => this.LA(2).tokenType === t.Colon;
  protected notLabel = (): boolean => this.LA(2).tokenType !== t.Colon;
  protected beforeParen = (): boolean => this.LA(2).tokenType === t.LParen;
  /** `count(x in list: …)` is one, and `count(x in list)` is a call: a colon tells. */
  protected beforeQuantifier = (): boolean =>
    this.beforeParen() && (this.LA(1).tokenType !== kw.count || this.#isItemwise());
  protected beforeName = (): boolean => isWord(this.LA(2).tokenType);
  protected beforeOf = (): boolean => this.LA(2).tokenType === kw.of;

  /** Whether a colon follows the list behind `count(NAME in`. */
  #isItemwise(): boolean {
    if (!isWord(this.LA(3).tokenType) || this.LA(4).tokenType !== kw.in) return false;
    let depth = 0;
    for (let at = 5; depth >= 0 && depth <= NESTING_MAX; at++) {
      const type = this.LA(at).tokenType;
      if (type === t.Colon && depth === 0) return true;
      if (type === EOF || type === t.LBrace || type === t.RBrace) return false;
      if (type === t.LParen || type === t.LBracket) depth++;
      if (type === t.RParen || type === t.RBracket) depth--;
    }
    return false;
  }

  /** The parts read so far of the innermost open node of a kind. */
  protected partsOf(kind: string): readonly TreeElement[] {
    return this.#nodes.findLast((node) => node.kind === kind)?.children ?? [];
  }

  /** Whether so many prefix operators in a row still fit the nesting limit. */
  protected allowsPrefixes(count: number): boolean {
    return count + this.#nesting <= NESTING_MAX;
  }
}

export function isWord(type: TokenType): boolean {
  return type === t.PlainName || t.keywordText(type) !== undefined;
}

function isReservedType(type: TokenType): boolean {
  const text = t.keywordText(type);
  return text !== undefined && t.isReserved(text);
}
