/** Types, steps, keys and patterns from the tree. */
import type {
  Absence,
  AllOf,
  DurArg,
  DurationLiteral,
  FieldInit,
  Gap,
  GroupHead,
  Key,
  NumArg,
  Path,
  Pattern,
  Repeat,
  SeqItem,
  Sequence,
  Step,
  Window,
  WindowShape,
} from "./ast.ts";
import { ExpressionBuilder } from "./build-expression.ts";
import { Cursor } from "./cursor.ts";
import { readNumber } from "./numbers.ts";
import * as t from "./tokens.ts";
import { keyword as kw } from "./tokens.ts";
import type { Leaf, TreeNode } from "./tree.ts";

export class PatternBuilder extends ExpressionBuilder {
  // ---------- small parts ----------

  /** The next token as a whole number; `fallback` when it is missing or bad. */
  protected int(cursor: Cursor, fallback = 0): number {
    const reading = readNumber(this.anyNumber(cursor)?.image ?? "");
    return reading.type === "int" || reading.type === "number" ? reading.value : fallback;
  }

  private anyNumber(cursor: Cursor): Leaf | undefined {
    return cursor.eat(t.Int) ?? cursor.eat(t.NumberToken) ?? cursor.eat(t.BadNumber);
  }

  protected duration(cursor: Cursor): DurationLiteral {
    const leaf = cursor.eat(t.Duration) ?? cursor.eat(t.BadNumber);
    const literal = leaf && this.number(leaf);
    if (literal?.kind === "duration") return literal;
    const at = leaf ? this.at(leaf) : this.missing(cursor.behind);
    return { kind: "duration", ...at, us: 0 };
  }

  protected durArg(cursor: Cursor): DurArg {
    const node = cursor.child("durArg");
    const leaf = node && new Cursor(node).leaf();
    if (leaf === undefined) return this.error(cursor.behind);
    if (leaf.tokenType === t.BadNumber) return this.errorAt(leaf);
    const literal = leaf.tokenType === t.Duration ? this.number(leaf) : undefined;
    if (literal?.kind === "duration") return literal;
    return { kind: "nameRef", ...this.at(leaf), name: leaf.image };
  }

  protected numArg(cursor: Cursor): NumArg {
    const node = cursor.child("numArg");
    const leaf = node && new Cursor(node).leaf();
    if (leaf === undefined) return this.error(cursor.behind);
    if (leaf.tokenType === t.BadNumber) return this.errorAt(leaf);
    const literal = leaf.tokenType === t.Int ? this.number(leaf) : undefined;
    if (literal?.kind === "number") return literal;
    return { kind: "nameRef", ...this.at(leaf), name: leaf.image };
  }

  protected keys(cursor: Cursor): Key[] {
    const list = cursor.child("keyList");
    if (list === undefined) return [];
    return new Cursor(list).separated("key", t.Comma).map((node) => this.key(node));
  }

  private key(node: TreeNode): Key {
    const at = this.at(node);
    const cursor = new Cursor(node);
    if (cursor.eat(kw.same)) return { kind: "sameKey", ...at, entity: this.name(cursor) };
    const expr = this.operand(cursor);
    return { kind: "exprKey", ...at, expr, allowsMissing: cursor.eat(t.Question) !== undefined };
  }

  /** `by keys`, when it is there. */
  protected byKeys(cursor: Cursor): readonly Key[] | undefined {
    return cursor.eat(kw.by) ? this.keys(cursor) : undefined;
  }

  protected pathList(cursor: Cursor): Path[] {
    const node = cursor.child("pathList");
    return node ? new Cursor(node).separated("path", t.Comma).map((path) => this.pathOf(path)) : [];
  }

  protected fieldInits(cursor: Cursor): FieldInit[] {
    const node = cursor.child("fieldInits");
    if (node === undefined) return [];
    const inner = new Cursor(node);
    inner.eat(t.LBrace);
    return inner.nodes().map((init) => {
      const parts = new Cursor(init);
      const at = this.at(init);
      const name = this.name(parts);
      parts.eat(t.Colon);
      return { kind: "fieldInit", ...at, name, value: this.expr(parts) };
    });
  }

  // ---------- steps ----------

  protected step(cursor: Cursor): Step {
    const node = cursor.child("step");
    if (node === undefined) return this.emptyStep(cursor.behind);
    const parts = new Cursor(node);
    const step = this.bareStep(parts);
    return { ...step, span: this.at(node).span, by: this.byKeys(parts) };
  }

  protected stepOf(node: TreeNode): Step {
    return this.step(new Cursor({ is: "node", kind: "one", children: [node], isBroken: false }));
  }

  protected bareStep(cursor: Cursor): Step {
    const node = cursor.child("bareStep");
    if (node === undefined) return this.emptyStep(cursor.behind);
    const parts = new Cursor(node);
    const at = this.at(node);
    const name = this.name(parts);
    parts.eat(t.Colon);
    const events = parts.separated("path", t.Bar).map((path) => this.pathOf(path));
    const where = parts.eat(kw.where) ? this.expr(parts) : undefined;
    return { kind: "step", ...at, name, events, where, by: undefined };
  }

  private emptyStep(offset: number): Step {
    const name = { kind: "name", ...this.missing(offset), text: "" } as const;
    return {
      kind: "step",
      ...this.missing(offset),
      name,
      events: [],
      where: undefined,
      by: undefined,
    };
  }

  // ---------- patterns ----------

  protected pattern(cursor: Cursor): Pattern {
    const node = cursor.anyNode();
    if (node === undefined) return { kind: "errorPattern", ...this.missing(cursor.behind) };
    switch (node.kind) {
      case "sequence":
        return this.sequence(node);
      case "allOf":
        return this.allOf(node);
      case "window":
        return node.isBroken ? this.errorPattern(node) : this.window(node);
      case "absence":
        return node.isBroken ? this.errorPattern(node) : this.absence(node);
      case "step":
        return node.isBroken ? this.errorPattern(node) : this.stepOf(node);
      default:
        return this.errorPattern(node);
    }
  }

  private errorPattern(node: TreeNode): Pattern {
    return { kind: "errorPattern", ...this.at(node) };
  }

  private heads(cursor: Cursor): GroupHead[] {
    const heads: GroupHead[] = [];
    for (let node = cursor.child("groupHead"); node; node = cursor.child("groupHead")) {
      if (!node.isBroken) heads.push(this.head(node));
    }
    return heads;
  }

  private head(node: TreeNode): GroupHead {
    const at = this.at(node);
    const cursor = new Cursor(node);
    switch (cursor.leaf()?.tokenType) {
      case kw.by:
        return { kind: "byHead", ...at, keys: this.keys(cursor) };
      case kw.within:
        return { kind: "withinHead", ...at, span_: this.durArg(cursor) };
      case kw.slack:
        return { kind: "slackHead", ...at, slack: this.durArg(cursor) };
      case kw.partials:
        return { kind: "partialsHead", ...at, max: this.numArg(cursor) };
      default:
        return { kind: "strictHead", ...at };
    }
  }

  private sequence(node: TreeNode): Sequence | Pattern {
    const at = this.at(node);
    const cursor = new Cursor(node);
    cursor.eat(kw.sequence);
    const heads = this.heads(cursor);
    if (cursor.eat(t.LBrace) === undefined) return { kind: "errorPattern", ...at };
    const items = cursor.nodes().map((item) => this.seqItem(item));
    cursor.eat(t.RBrace);
    const until = cursor.eat(kw.until) ? this.step(cursor) : undefined;
    return { kind: "sequence", ...at, heads, items, until };
  }

  private seqItem(node: TreeNode): SeqItem {
    const at = this.at(node);
    const cursor = new Cursor(node);
    if (cursor.eat(kw.without)) return { kind: "seqWithout", ...at, step: this.step(cursor) };
    const hasThen = cursor.eat(kw.then) !== undefined;
    if (cursor.eat(kw.no)) {
      const step = this.step(cursor);
      cursor.eat(kw.for);
      return { kind: "seqDeadline", ...at, step, wait: this.durArg(cursor) };
    }
    const gapNode = cursor.child("gap");
    const gap = gapNode && this.gap(gapNode);
    const stepNode = cursor.child("seqStep");
    const inner = stepNode ? new Cursor(stepNode) : cursor;
    const isOptional = inner.eat(kw.optional) !== undefined;
    const step = this.step(inner);
    const repeatNode = inner.child("repeat");
    const repeat = repeatNode && this.repeat(repeatNode);
    return { kind: "seqStep", ...at, hasThen, gap, isOptional, step, repeat };
  }

  private gap(node: TreeNode): Gap {
    const at = this.at(node);
    const cursor = new Cursor(node);
    if (cursor.eat(kw.next)) return { kind: "nextGap", ...at };
    if (cursor.eat(kw.within)) return { kind: "withinGap", ...at, max: this.durArg(cursor) };
    cursor.eat(kw.after);
    const min = this.durArg(cursor);
    const max = cursor.eat(t.DotDot) ? this.durArg(cursor) : undefined;
    return { kind: "afterGap", ...at, min, max };
  }

  private repeat(node: TreeNode): Repeat {
    const at = this.at(node);
    const cursor = new Cursor(node);
    cursor.eat(kw.repeat);
    const min = this.numArg(cursor);
    const isRange = cursor.eat(t.DotDot) !== undefined;
    const hasMax = cursor.peekNode()?.kind === "numArg";
    const max = hasMax ? this.numArg(cursor) : isRange ? "open" : "exact";
    const keep = cursor.eat(kw.keep) ? this.int(cursor) : undefined;
    return { kind: "repeat", ...at, min, max, keep };
  }

  private allOf(node: TreeNode): AllOf | Pattern {
    const at = this.at(node);
    const cursor = new Cursor(node);
    const first = cursor.peekLeaf();
    const isWord = first?.tokenType === kw.all || first?.tokenType === kw.any;
    const quantity = isWord ? (cursor.leaf()?.image as "all" | "any") : this.int(cursor);
    cursor.eat(kw.of);
    const heads = this.heads(cursor);
    if (cursor.eat(t.LBrace) === undefined) return { kind: "errorPattern", ...at };
    const steps = cursor.nodes().map((step) => this.stepOf(step));
    cursor.eat(t.RBrace);
    const until = cursor.eat(kw.until) ? this.step(cursor) : undefined;
    return { kind: "allOf", ...at, quantity, heads, steps, until };
  }

  private window(node: TreeNode): Window {
    const at = this.at(node);
    const cursor = new Cursor(node);
    cursor.eat(kw.over);
    const step = this.bareStep(cursor);
    const shape = this.windowShape(cursor);
    const resolution = cursor.eat(kw.resolution) ? this.duration(cursor) : undefined;
    const by = this.byKeys(cursor);
    cursor.eat(kw.having);
    return { kind: "window", ...at, step, shape, resolution, by, having: this.expr(cursor) };
  }

  private windowShape(outer: Cursor): WindowShape {
    const node = outer.child("windowShape");
    if (node === undefined) {
      return { kind: "sliding", ...this.missing(outer.behind), size: this.error(outer.behind) };
    }
    const at = this.at(node);
    const cursor = new Cursor(node);
    const word = cursor.leaf()?.tokenType;
    if (word === kw.tumbling) return { kind: "tumbling", ...at, size: this.durArg(cursor) };
    if (word === kw.sliding) return { kind: "sliding", ...at, size: this.durArg(cursor) };
    if (word === kw.hop) {
      const size = this.durArg(cursor);
      cursor.eat(kw.every);
      return { kind: "hop", ...at, size, every: this.durArg(cursor) };
    }
    cursor.eat(kw.gap);
    const gap = this.durArg(cursor);
    cursor.eat(kw.max);
    return { kind: "session", ...at, gap, max: this.durArg(cursor) };
  }

  private absence(node: TreeNode): Absence {
    const at = this.at(node);
    const cursor = new Cursor(node);
    cursor.eat(kw.absent);
    const step = this.bareStep(cursor);
    cursor.eat(kw.for);
    const wait = this.durArg(cursor);
    cursor.eat(kw.for);
    if (cursor.eat(kw.each) === undefined)
      return { kind: "absence", ...at, step, wait, each: undefined };
    const entity = this.name(cursor);
    const where = cursor.eat(kw.where) ? this.expr(cursor) : undefined;
    return { kind: "absence", ...at, step, wait, each: { entity, where } };
  }
}
