/** `test` declarations from the tree. */
import type { ExpectLine, Expr, GivenLine, TestItem } from "./ast.ts";
import { RuleBuilder } from "./build-rule.ts";
import { Cursor } from "./cursor.ts";
import * as t from "./tokens.ts";
import { keyword as kw } from "./tokens.ts";
import type { TreeNode } from "./tree.ts";

export class TestBuilder extends RuleBuilder {
  protected testItem(wrapper: TreeNode): TestItem | undefined {
    const outer = new Cursor(wrapper);
    const node = outer.anyNode();
    if (node === undefined) {
      if (wrapper.isBroken) return undefined;
      outer.leaf();
      return { kind: "replayItem", ...this.at(wrapper), file: this.string(outer) };
    }
    if (node.isBroken) return undefined;
    const at = this.at(node);
    const cursor = new Cursor(node);
    cursor.leaf();
    cursor.eat(t.LBrace);
    const lines = cursor.nodes().flatMap((line) => {
      const inner = new Cursor(line).anyNode();
      return inner === undefined || inner.isBroken ? [] : [inner];
    });
    if (node.kind === "expectItem") {
      return { kind: "expectItem", ...at, lines: lines.map((line) => this.expectLine(line)) };
    }
    return { kind: "givenItem", ...at, lines: lines.map((line) => this.givenLine(line)) };
  }

  private givenLine(node: TreeNode): GivenLine {
    const at = this.at(node);
    const cursor = new Cursor(node);
    cursor.leaf();
    switch (node.kind) {
      case "entityLine": {
        const entity = this.name(cursor);
        const key = this.string(cursor);
        const hasParent = cursor.eat(kw.in) !== undefined;
        const parent = hasParent
          ? { entity: this.name(cursor), key: this.string(cursor) }
          : undefined;
        return { kind: "entityLine", ...at, entity, key, parent };
      }
      case "relateLine": {
        const from = this.name(cursor);
        const fromKey = this.string(cursor);
        cursor.eat(t.Arrow);
        const to = this.name(cursor);
        return { kind: "relateLine", ...at, from, fromKey, to, toKey: this.string(cursor) };
      }
      case "eventLine":
        return this.eventLine(node, cursor);
      case "sourceLine":
        return this.sourceLine(node, cursor);
      default:
        cursor.eat(kw.to);
        return { kind: "advanceLine", ...at, to: this.duration(cursor) };
    }
  }

  private eventLine(node: TreeNode, cursor: Cursor): GivenLine {
    const place = this.at(node);
    const at = this.duration(cursor);
    let every: { readonly step: typeof at; readonly times: number } | undefined;
    if (cursor.eat(kw.every)) {
      const step = this.duration(cursor);
      cursor.eat(kw.times);
      every = { step, times: this.int(cursor) };
    }
    const arriving = cursor.eat(kw.arriving) ? this.duration(cursor) : undefined;
    const event = this.path(cursor);
    const fields = this.fieldInits(cursor);
    return { kind: "eventLine", ...place, at, every, arriving, event, fields };
  }

  private sourceLine(node: TreeNode, cursor: Cursor): GivenLine {
    const place = this.at(node);
    const source = this.name(cursor);
    if (cursor.eat(kw.idle)) {
      cursor.eat(kw.from);
      return { kind: "idleLine", ...place, source, from: this.duration(cursor) };
    }
    cursor.eat(kw.lost);
    const count = this.int(cursor);
    cursor.eat(kw.at);
    return { kind: "lostLine", ...place, source, count, at: this.duration(cursor) };
  }

  private expectLine(node: TreeNode): ExpectLine {
    const place = this.at(node);
    const cursor = new Cursor(node);
    cursor.leaf();
    if (node.kind === "noFindingLine") {
      cursor.leaf();
      return { kind: "noFindingLine", ...place, rule: this.name(cursor) };
    }
    const rule = this.name(cursor);
    if (node.kind === "nearMissLine") {
      const missing = cursor.eat(kw.missing) ? this.name(cursor) : undefined;
      return { kind: "nearMissLine", ...place, rule, missing, checks: this.checks(cursor) };
    }
    const at = cursor.eat(kw.at) ? this.duration(cursor) : undefined;
    if (node.kind === "resolvedLine") return { kind: "resolvedLine", ...place, rule, at };
    const times = cursor.eat(kw.times) ? this.int(cursor) : undefined;
    return { kind: "findingLine", ...place, rule, at, times, checks: this.checks(cursor) };
  }

  private checks(cursor: Cursor): Expr[] {
    const node = cursor.child("checks");
    if (node === undefined) return [];
    const inner = new Cursor(node);
    inner.eat(t.LBrace);
    return inner.separated("expr", t.Comma).map((check) => this.exprOf(check));
  }
}
