/**
 * Expressions, literals and names from the tree. The parser leaves expressions flat; here they get
 * their shape, loosest binding first:
 *
 *   or < and < not < comparison (one at most) < ?? < + - < * / < - (sign) < has < . [ ]
 *
 * Chains lean left and are folded in a loop, so a long one costs no stack. The depth of what is
 * built is counted, and an expression deeper than `EXPRESSION_DEPTH_MAX` becomes an `error`.
 */
import type { Span } from "../diagnostics/diagnostic.ts";
import type {
  Arg,
  BinaryOp,
  CallExpr,
  ErrorExpr,
  Expr,
  Literal,
  Name,
  Path,
  QuantifiedExpr,
  StringLiteral,
  Template,
  TextOp,
} from "./ast.ts";
import { Cursor, firstLeaf, lastLeaf } from "./cursor.ts";
import { lexText } from "./leaves.ts";
import { EXPRESSION_DEPTH_MAX } from "./limits.ts";
import { readNumber } from "./numbers.ts";
import type { Problem } from "./problems.ts";
import type { ParseResult } from "./recovering-parser.ts";
import { decodeString, splitTemplate } from "./strings.ts";
import * as t from "./tokens.ts";
import { keyword as kw } from "./tokens.ts";
import type { Leaf, TreeElement, TreeNode } from "./tree.ts";

/** From an offset in the text that was lexed to an offset in the file. */
export type OffsetMap = (offset: number) => number;

/** What all builders of one file share. */
export interface BuildContext {
  readonly file: string;
  nextId: number;
  readonly problems: Problem[];
  readonly parseHole: (text: string, lexed: ReturnType<typeof lexText>) => ParseResult;
}

/** Precedence of the operators between operands; a higher number binds tighter. */
const precedence: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  "??": 5,
  "+": 6,
  "-": 6,
  "*": 7,
  "/": 7,
};
/** `not` stands between `and` and the comparisons, which are all of one level. */
const NOT_LEVEL = 3;
const COMPARE_LEVEL = 4;

interface Made<T extends Expr = Expr> {
  readonly expr: T;
  readonly depth: number;
}

export class ExpressionBuilder {
  protected readonly context: BuildContext;
  protected readonly map: OffsetMap;

  constructor(context: BuildContext, map: OffsetMap = (offset) => offset) {
    this.context = context;
    this.map = map;
  }

  // ---------- places ----------

  protected id(): number {
    this.context.nextId += 1;
    return this.context.nextId - 1;
  }

  protected span(start: number, end: number): Span {
    return { file: this.context.file, start: this.map(start), end: this.map(end) };
  }

  /** Identity and place of the node that covers `element`. */
  protected at(element: TreeElement): { readonly id: number; readonly span: Span } {
    if (element.is === "leaf") {
      return { id: this.id(), span: this.span(element.startOffset, element.end) };
    }
    const start = firstLeaf(element)?.startOffset ?? 0;
    return { id: this.id(), span: this.span(start, lastLeaf(element)?.end ?? start) };
  }

  /** A place of no width, where something is missing. */
  protected missing(offset: number): { readonly id: number; readonly span: Span } {
    return { id: this.id(), span: this.span(offset, offset) };
  }

  private join(
    from: Expr,
    to: { readonly span: Span },
  ): { readonly id: number; readonly span: Span } {
    const { file, start } = from.span;
    return { id: this.id(), span: { file, start, end: to.span.end } };
  }

  // ---------- names ----------

  protected nameOf(leaf: Leaf): Name {
    return { kind: "name", ...this.at(leaf), text: leaf.image };
  }

  /** The next word as a name; an empty name when the source lacks it. */
  protected name(cursor: Cursor): Name {
    const leaf = cursor.word();
    return leaf ? this.nameOf(leaf) : { kind: "name", ...this.missing(cursor.behind), text: "" };
  }

  /** The next child as a path; an empty path when the source lacks it. */
  protected path(cursor: Cursor): Path {
    const node = cursor.child("path");
    if (node !== undefined) return this.pathOf(node);
    return { kind: "path", ...this.missing(cursor.behind), parts: [], text: "" };
  }

  protected pathOf(node: TreeNode): Path {
    const at = this.at(node);
    const cursor = new Cursor(node);
    const parts: Name[] = [];
    do {
      const word = cursor.word();
      if (word !== undefined) parts.push(this.nameOf(word));
    } while (cursor.eat(t.Dot) !== undefined);
    return { kind: "path", ...at, parts, text: parts.map((part) => part.text).join(".") };
  }

  protected error(offset: number): ErrorExpr {
    return { kind: "errorExpr", ...this.missing(offset) };
  }

  protected errorAt(element: TreeElement): ErrorExpr {
    return { kind: "errorExpr", ...this.at(element) };
  }

  // ---------- expressions ----------

  /** The next child as an expression; an `error` expression when it is missing or unreadable. */
  protected expr(cursor: Cursor): Expr {
    const node = cursor.child("expr");
    return node === undefined ? this.error(cursor.behind) : this.exprOf(node);
  }

  /** The next child as a name with its fields (`root x.y`, `by e.unit`). */
  protected operand(cursor: Cursor): Expr {
    const node = cursor.child("operand");
    return node === undefined ? this.error(cursor.behind) : this.make(node).expr;
  }

  exprOf(node: TreeNode): Expr {
    return this.make(node).expr;
  }

  private make(node: TreeNode): Made {
    const made = node.isBroken ? this.broken(node) : this.shape(node);
    return made.depth > EXPRESSION_DEPTH_MAX ? this.tooDeep(node) : made;
  }

  private shape(node: TreeNode): Made {
    const cursor = new Cursor(node);
    return node.kind === "operand" ? this.operandOf(cursor, node) : this.climb(cursor, 0);
  }

  private broken(node: TreeNode): Made {
    return { expr: this.errorAt(node), depth: 1 };
  }

  private tooDeep(node: TreeNode): Made {
    const { start, end } = this.at(node).span;
    const last = this.context.problems.at(-1);
    // What is around an expression that is too deep may be too deep again: once is enough.
    const isRepeated = last?.code === "TAP1023" && last.start >= start && last.end <= end;
    const problem: Problem = {
      code: "TAP1023",
      params: { limit: EXPRESSION_DEPTH_MAX },
      start,
      end,
    };
    if (isRepeated) this.context.problems.pop();
    this.context.problems.push(problem);
    return this.broken(node);
  }

  /** Precedence climbing; recursion is bounded by the number of levels. */
  private climb(cursor: Cursor, level: number): Made {
    let left = this.prefixed(cursor);
    for (;;) {
      const operator = cursor.peekLeaf();
      if (operator === undefined) return left;
      const binding = precedence[operator.image] ?? COMPARE_LEVEL;
      if (binding < level || (binding === COMPARE_LEVEL && level > COMPARE_LEVEL)) return left;
      cursor.leaf();
      const isBinary = precedence[operator.image] !== undefined;
      if (isBinary) left = this.binary(left, operator, this.climb(cursor, binding + 1));
      else left = this.comparison(left, operator, cursor);
    }
  }

  /** `not … operand`: what follows `not` reaches up to the next `and` or `or`. */
  private prefixed(cursor: Cursor): Made {
    const nots = cursor.child("nots");
    if (nots === undefined) {
      const node = cursor.child("operand");
      return node ? this.make(node) : { expr: this.error(cursor.behind), depth: 1 };
    }
    let made = this.climb(cursor, NOT_LEVEL + 1);
    const leaves = nots.children.filter((child): child is Leaf => child.is === "leaf");
    for (const leaf of leaves.reverse()) made = this.unary("not", leaf, made);
    return made;
  }

  private unary(op: "not" | "-" | "has", leaf: Leaf, operand: Made): Made {
    const span = { ...operand.expr.span, start: this.map(leaf.startOffset) };
    const expr: Expr = { kind: "unary", id: this.id(), span, op, operand: operand.expr };
    return { expr, depth: operand.depth + 1 };
  }

  private binary(left: Made, operator: Leaf, right: Made): Made {
    const at = this.join(left.expr, right.expr);
    const op = operator.tokenType === t.Eq ? "==" : (operator.image as BinaryOp);
    const expr: Expr = { kind: "binary", ...at, op, left: left.expr, right: right.expr };
    return { expr, depth: Math.max(left.depth, right.depth) + 1 };
  }

  /** The rest of a comparison, whose first token was read already. */
  private comparison(left: Made, first: Leaf, cursor: Cursor): Made {
    if (first.tokenType === kw.is) return this.isState(left, cursor);
    const isNegated = first.tokenType === kw.not;
    const operator = isNegated ? cursor.leaf() : first;
    const right = this.climb(cursor, COMPARE_LEVEL + 1);
    if (operator === undefined) return left;
    const depth = Math.max(left.depth, right.depth) + 1;
    if (operator.tokenType === kw.in) {
      const at = this.join(left.expr, right.expr);
      return { expr: { kind: "in", ...at, isNegated, item: left.expr, set: right.expr }, depth };
    }
    if (t.keywordText(operator.tokenType) === undefined) return this.binary(left, operator, right);
    const as = cursor.eat(kw.as) ? this.name(cursor) : undefined;
    const nocase = cursor.eat(kw.nocase);
    const end = nocase ? this.span(nocase.startOffset, nocase.end) : (as ?? right.expr).span;
    const expr: Expr = {
      kind: "text",
      ...this.join(left.expr, { span: end }),
      op: operator.image as TextOp,
      isNegated,
      text: left.expr,
      pattern: right.expr,
      as,
      nocase: nocase !== undefined,
    };
    return { expr, depth };
  }

  private isState(operand: Made, cursor: Cursor): Made {
    const isNegated = cursor.eat(kw.not) !== undefined;
    const word = cursor.leaf();
    if (word === undefined) return operand;
    const at = this.join(operand.expr, { span: this.span(word.startOffset, word.end) });
    const what = word.image as "missing" | "uncertain" | "incomplete";
    const expr: Expr = { kind: "is", ...at, isNegated, operand: operand.expr, what };
    return { expr, depth: operand.depth + 1 };
  }

  private operandOf(cursor: Cursor, node: TreeNode): Made {
    const minuses: Leaf[] = [];
    for (let sign = cursor.eat(t.Minus); sign; sign = cursor.eat(t.Minus)) minuses.push(sign);
    const has = cursor.eat(kw.has);
    let made = this.primary(cursor, node);
    for (let next = cursor.peekNode() ?? cursor.eat(t.Dot); next !== undefined; ) {
      made = next.is === "leaf" ? this.member(made, cursor) : this.indexed(made, cursor);
      next = cursor.peekNode() ?? cursor.eat(t.Dot);
    }
    if (has !== undefined) made = this.unary("has", has, made);
    for (const sign of minuses.reverse()) made = this.unary("-", sign, made);
    return made;
  }

  private member(object: Made, cursor: Cursor): Made {
    const member = this.name(cursor);
    const at = this.join(object.expr, member);
    return {
      expr: { kind: "member", ...at, object: object.expr, member },
      depth: object.depth + 1,
    };
  }

  private indexed(object: Made, cursor: Cursor): Made {
    const node = cursor.anyNode();
    if (node === undefined) return object;
    const inner = new Cursor(node);
    inner.leaf();
    const index = this.part(inner);
    const at = this.join(object.expr, { span: this.at(node).span });
    const expr: Expr = { kind: "index", ...at, object: object.expr, index: index.expr };
    return { expr, depth: Math.max(object.depth, index.depth) + 1 };
  }

  private part(cursor: Cursor): Made {
    const node = cursor.child("expr");
    return node ? this.make(node) : { expr: this.error(cursor.behind), depth: 1 };
  }

  private primary(cursor: Cursor, whole: TreeNode): Made {
    const leaf = cursor.leaf();
    if (leaf !== undefined) return this.atom(leaf);
    const node = cursor.anyNode();
    if (node === undefined) return this.broken(whole);
    const inner = new Cursor(node);
    if (node.kind === "call") return this.call(inner, node);
    if (node.kind === "quantified") return this.quantified(inner, node);
    inner.leaf();
    if (node.kind === "group") {
      const made = this.part(inner);
      // The parentheses belong to the expression's place, so that replacing it replaces them.
      return { ...made, expr: { ...made.expr, span: this.at(node).span } };
    }
    const items = inner.separated("expr", t.Comma).map((item) => this.make(item));
    const expr: Expr = { kind: "list", ...this.at(node), items: items.map((item) => item.expr) };
    return { expr, depth: deepest(items) + 1 };
  }

  private atom(leaf: Leaf): Made {
    if (leaf.tokenType === t.Text) return { expr: this.stringOf(leaf), depth: 1 };
    if (leaf.tokenType === kw.true || leaf.tokenType === kw.false) {
      const value = leaf.tokenType === kw.true;
      return { expr: { kind: "bool", ...this.at(leaf), value }, depth: 1 };
    }
    const isWord = t.keywordText(leaf.tokenType) !== undefined || leaf.tokenType === t.PlainName;
    if (isWord) return { expr: { kind: "nameRef", ...this.at(leaf), name: leaf.image }, depth: 1 };
    return { expr: this.number(leaf) ?? this.errorAt(leaf), depth: 1 };
  }

  /** A number literal of any kind; undefined for one that was reported as bad. */
  protected number(leaf: Leaf): Exclude<Literal, StringLiteral> | undefined {
    const reading = readNumber(leaf.image);
    switch (reading.type) {
      case "bad":
        return undefined;
      case "int":
      case "number":
        return {
          kind: "number",
          ...this.at(leaf),
          value: reading.value,
          isInt: reading.type === "int",
        };
      case "duration":
        return { kind: "duration", ...this.at(leaf), us: reading.value };
      case "size":
        return { kind: "size", ...this.at(leaf), bytes: reading.value };
      case "percent":
        return { kind: "percent", ...this.at(leaf), ppm: reading.value };
      case "rate":
        return { kind: "rate", ...this.at(leaf), microPerSecond: reading.value, of: reading.of };
    }
  }

  private call(cursor: Cursor, node: TreeNode): Made<CallExpr> {
    const at = this.at(node);
    const callee = this.name(cursor);
    const args = this.argsWithDepth(cursor);
    const expr: CallExpr = { kind: "call", ...at, callee, args: args.map((arg) => arg.arg) };
    return { expr, depth: deepest(args) + 1 };
  }

  protected args(cursor: Cursor): readonly Arg[] {
    return this.argsWithDepth(cursor).map((made) => made.arg);
  }

  private argsWithDepth(cursor: Cursor): { readonly arg: Arg; readonly depth: number }[] {
    const node = cursor.child("args");
    if (node === undefined) return [];
    const inner = new Cursor(node);
    inner.leaf();
    return inner.separated("arg", t.Comma).map((part) => {
      const argCursor = new Cursor(part);
      const at = this.at(part);
      const label = argCursor.word();
      argCursor.eat(t.Colon);
      const value = this.part(argCursor);
      const name = label ? this.nameOf(label) : undefined;
      return { arg: { kind: "arg", ...at, name, value: value.expr }, depth: value.depth };
    });
  }

  private quantified(cursor: Cursor, node: TreeNode): Made<QuantifiedExpr> {
    const at = this.at(node);
    const quantifier = (cursor.leaf()?.image ?? "any") as QuantifiedExpr["quantifier"];
    cursor.eat(t.LParen);
    const variable = this.name(cursor);
    cursor.eat(kw.in);
    const list = this.part(cursor);
    cursor.eat(t.Colon);
    const body = this.part(cursor);
    const depth = Math.max(list.depth, body.depth) + 1;
    const parts = { variable, list: list.expr, body: body.expr };
    return { expr: { kind: "quantified", ...at, quantifier, ...parts }, depth };
  }

  // ---------- strings ----------

  /** A string as a value: braces in it are text. */
  protected stringOf(leaf: Leaf): StringLiteral {
    const { prefix, value } = decodeString(leaf.image);
    return { kind: "string", ...this.at(leaf), prefix, value, template: undefined };
  }

  /** The next child as a string; an empty one when the source lacks it. */
  protected string(cursor: Cursor): StringLiteral {
    const leaf = cursor.text();
    return leaf ? this.stringOf(leaf) : this.missingString(cursor);
  }

  /** The next child as a text for people, in which `{expr}` shows a value. */
  protected template(cursor: Cursor): StringLiteral {
    const leaf = cursor.text();
    return leaf ? this.templateOf(leaf) : this.missingString(cursor);
  }

  private missingString(cursor: Cursor): StringLiteral {
    const at = this.missing(cursor.behind);
    return { kind: "string", ...at, prefix: "", value: "", template: undefined };
  }

  private templateOf(leaf: Leaf): StringLiteral {
    const decoded = decodeString(leaf.image);
    if (decoded.prefix !== "" || !/[{}]/.test(decoded.value)) return this.stringOf(leaf);
    const toFile: OffsetMap = (offset) => this.map(leaf.startOffset + decoded.origin.at(offset));
    const split = splitTemplate(decoded);
    this.reportIn(split.problems, toFile);
    const parts = split.parts.map((part) => {
      if (part.is === "text") return part.text;
      const text = decoded.value.slice(part.start, part.end);
      return this.hole(text, (at) => toFile(part.start + at));
    });
    const hasHole = parts.some((part) => typeof part !== "string");
    const template: Template | undefined = hasHole ? { parts } : undefined;
    const value = hasHole ? decoded.value : parts.join("");
    return { kind: "string", ...this.at(leaf), prefix: "", value, template };
  }

  private reportIn(problems: readonly Problem[], toFile: OffsetMap): void {
    for (const problem of problems) {
      const place = { start: toFile(problem.start), end: toFile(problem.end) };
      const labels = problem.labels?.map((label) => ({
        ...label,
        start: toFile(label.start),
        end: toFile(label.end),
      }));
      const { labels: _labels, fix, ...rest } = problem;
      const mappedFix = fix && { ...fix, start: toFile(fix.start), end: toFile(fix.end) };
      this.context.problems.push({
        ...rest,
        ...place,
        ...(labels ? { labels } : {}),
        ...(mappedFix ? { fix: mappedFix } : {}),
      });
    }
  }

  /** The expression in a hole whose unescaped text is `text`. */
  private hole(text: string, toFile: OffsetMap): Expr {
    if (text.trim() === "") {
      // The braces are one character each, so the place can include them.
      const place = { start: toFile(0) - 1, end: toFile(text.length) + 1 };
      this.context.problems.push({ code: "TAP1018", params: {}, ...place });
      const span = { file: this.context.file, start: toFile(0), end: toFile(text.length) };
      return { kind: "errorExpr", id: this.id(), span };
    }
    const inner = new ExpressionBuilder(this.context, toFile);
    const plain = inner.plainHole(text);
    if (plain !== undefined) return plain;
    const lexed = lexText(text);
    const result = this.context.parseHole(text, lexed);
    this.reportIn([...lexed.problems, ...result.problems], toFile);
    const node = new Cursor(result.root).child("expr");
    const isWhole = node !== undefined && lexed.problems.length + result.problems.length === 0;
    if (isWhole) return inner.exprOf(node);
    const span = { file: this.context.file, start: toFile(0), end: toFile(text.length) };
    return { kind: "errorExpr", id: this.id(), span };
  }

  /**
   * `a.b.c`, which most holes hold, without the parser: what it would give, at a fraction of the
   * cost. Undefined for anything else, for keywords and for what is too deep.
   */
  private plainHole(text: string): Expr | undefined {
    if (!/^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/.test(text)) return undefined;
    const [name = "", ...members] = text.split(".");
    if (t.isKeyword(name) || members.length >= EXPRESSION_DEPTH_MAX) return undefined;
    let end = name.length;
    let expr: Expr = { kind: "nameRef", id: this.id(), span: this.span(0, end), name };
    for (const member of members) {
      const start = end + 1;
      end = start + member.length;
      const at = { id: this.id(), span: this.span(start, end) };
      const name: Name = { kind: "name", ...at, text: member };
      expr = { kind: "member", ...this.join(expr, name), object: expr, member: name };
    }
    return expr;
  }
}

function deepest(parts: readonly { readonly depth: number }[]): number {
  return parts.reduce((most, part) => Math.max(most, part.depth), 0);
}
