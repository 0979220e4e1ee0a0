/** The clauses of rules, templates and overrides from the tree. */
import type {
  ConfidenceTerm,
  ExceptItem,
  ExplainItem,
  ExplainLine,
  LifecycleItem,
  OverrideItem,
  PolicyItem,
  RolloutItem,
  RolloutLine,
  RuleItem,
  SeverityItem,
  TextItem,
} from "./ast.ts";
import { PatternBuilder } from "./build-pattern.ts";
import { Cursor } from "./cursor.ts";
import { readNumber } from "./numbers.ts";
import * as t from "./tokens.ts";
import { keyword as kw } from "./tokens.ts";
import type { TreeNode } from "./tree.ts";

export class RuleBuilder extends PatternBuilder {
  /**
   * The clauses of a `ruleBody`. A clause that could not be read is left out, as it was reported;
   * if that may have been the `match`, an error pattern stands for it.
   */
  protected ruleItems(body: TreeNode | undefined): readonly RuleItem[] {
    if (body === undefined) return [];
    const cursor = new Cursor(body);
    cursor.eat(t.LBrace);
    const items = cursor.nodes().flatMap((node) => this.ruleItem(node) ?? []);
    const isDamaged = body.children.some(
      (child) => child.is === "node" && (child.kind === "skipped" || child.isBroken),
    );
    if (!isDamaged || items.some((item) => item.kind === "matchItem")) return items;
    const pattern = { kind: "errorPattern", ...this.missing(cursor.behind) } as const;
    return [...items, { kind: "matchItem", ...this.missing(cursor.behind), pattern }];
  }

  private ruleItem(wrapper: TreeNode): RuleItem | undefined {
    const node = new Cursor(wrapper).anyNode();
    if (node === undefined) return undefined;
    const cursor = new Cursor(node);
    if (node.kind === "matchItem") {
      const at = this.at(node);
      cursor.eat(kw.match);
      return { kind: "matchItem", ...at, pattern: this.pattern(cursor) };
    }
    if (node.isBroken) return undefined;
    if (node.kind === "explainItem") return this.explain(node, cursor);
    return (
      this.metaItem(node, cursor) ?? this.policyItem(node, cursor) ?? this.sharedItem(node, cursor)
    );
  }

  protected overrideItem(wrapper: TreeNode): OverrideItem | undefined {
    const node = new Cursor(wrapper).anyNode();
    if (node === undefined || node.isBroken) return undefined;
    const cursor = new Cursor(node);
    if (node.kind !== "setItem") return this.sharedItem(node, cursor);
    const at = this.at(node);
    cursor.eat(kw.set);
    const name = this.name(cursor);
    cursor.eat(t.Eq);
    return { kind: "setItem", ...at, name, value: this.expr(cursor) };
  }

  private metaItem(node: TreeNode, cursor: Cursor): RuleItem | undefined {
    switch (node.kind) {
      case "severityItem":
        return this.severity(node, cursor);
      case "textItem": {
        const attr = (cursor.leaf()?.image ?? "doc") as TextItem["attr"];
        return { kind: "textItem", ...this.at(node), attr, text: this.string(cursor) };
      }
      case "labelsItem":
        cursor.eat(kw.labels);
        return { kind: "labelsItem", ...this.at(node), labels: this.fieldInits(cursor) };
      case "mitreItem": {
        const leaves = node.children.filter((child) => child.is === "leaf");
        const ids = leaves.filter((leaf) => leaf.tokenType === t.Text);
        return { kind: "mitreItem", ...this.at(node), ids: ids.map((leaf) => this.stringOf(leaf)) };
      }
      case "localLet": {
        const at = this.at(node);
        cursor.eat(kw.let);
        const name = this.name(cursor);
        cursor.eat(t.Eq);
        return { kind: "localLet", ...at, name, body: this.expr(cursor) };
      }
      default:
        return undefined;
    }
  }

  private severity(node: TreeNode, cursor: Cursor): SeverityItem {
    const at = this.at(node);
    cursor.eat(kw.severity);
    const level = this.name(cursor);
    if (cursor.eat(kw.when) === undefined) {
      return { kind: "severityItem", ...at, level, when: undefined, otherwise: undefined };
    }
    const when = this.expr(cursor);
    cursor.eat(kw.else);
    return { kind: "severityItem", ...at, level, when, otherwise: this.name(cursor) };
  }

  private policyItem(node: TreeNode, cursor: Cursor): PolicyItem | undefined {
    const at = this.at(node);
    const isPolicy = /^(select|skip|emit|keys|on)Item$/.test(node.kind);
    if (!isPolicy) return undefined;
    cursor.leaf();
    const word = cursor.leaf()?.image;
    switch (node.kind) {
      case "selectItem":
        return { kind: "selectItem", ...at, mode: word as "tightest" | "widest" | "each" };
      case "skipItem": {
        const to = word === "to" ? this.name(cursor) : undefined;
        return { kind: "skipItem", ...at, mode: word as "past" | "none" | "to", to };
      }
      case "emitItem":
        return { kind: "emitItem", ...at, mode: word as "final" | "eager" | "close" };
      case "keysItem": {
        const max = this.int(cursor);
        const evict = cursor.eat(kw.evict) ? cursor.leaf()?.image : undefined;
        return {
          kind: "keysItem",
          ...at,
          max,
          evict: evict as "least_progress" | "oldest" | undefined,
        };
      }
      default: {
        const action = cursor.leaf()?.image as "hold" | "flag" | "drop";
        return { kind: "onItem", ...at, event: word as "loss" | "idle", action };
      }
    }
  }

  /** Clauses that may stand in rules and in overrides. */
  private sharedItem(
    node: TreeNode,
    cursor: Cursor,
  ): ExceptItem | LifecycleItem | RolloutItem | undefined {
    switch (node.kind) {
      case "exceptItem":
        return this.except(node, cursor);
      case "allowExceptItem": {
        const at = this.at(node);
        for (const type of [kw.allow, kw.except, kw.by, t.LParen]) cursor.eat(type);
        const fields = cursor.separated("path", t.Comma).map((path) => this.pathOf(path));
        return { kind: "allowExceptItem", ...at, fields };
      }
      case "rolloutItem":
        return this.rollout(node, cursor);
      default:
        return this.lifecycle(node, cursor);
    }
  }

  private except(node: TreeNode, cursor: Cursor): ExceptItem {
    const at = this.at(node);
    cursor.eat(kw.except);
    const reason = this.string(cursor);
    cursor.eat(kw.when);
    const when = this.expr(cursor);
    const expires = cursor.eat(kw.expires) ? this.string(cursor) : undefined;
    const owner = cursor.eat(kw.owner) ? this.string(cursor) : undefined;
    return { kind: "exceptItem", ...at, reason, when, expires, owner };
  }

  private lifecycle(node: TreeNode, cursor: Cursor): LifecycleItem | undefined {
    const at = this.at(node);
    cursor.leaf();
    switch (node.kind) {
      case "suppressItem": {
        const wait = this.duration(cursor);
        return { kind: "suppressItem", ...at, wait, by: this.byKeys(cursor) };
      }
      case "rateItem": {
        const max = this.int(cursor);
        cursor.eat(kw.per);
        const per = this.duration(cursor);
        return { kind: "rateItem", ...at, max, per, by: this.byKeys(cursor) };
      }
      case "resolveItem":
        if (cursor.eat(kw.on)) return { kind: "resolveOnItem", ...at, step: this.step(cursor) };
        cursor.eat(kw.after);
        return { kind: "resolveQuietItem", ...at, after: this.duration(cursor) };
      case "subsumesItem": {
        const rules = [];
        do rules.push(this.name(cursor));
        while (cursor.eat(t.Comma) !== undefined);
        const by = this.byKeys(cursor);
        const within = cursor.eat(kw.within) ? this.duration(cursor) : undefined;
        return { kind: "subsumesItem", ...at, rules, by, within };
      }
      default:
        return undefined;
    }
  }

  // ---------- explain ----------

  private explain(node: TreeNode, cursor: Cursor): ExplainItem {
    const at = this.at(node);
    cursor.eat(kw.explain);
    cursor.eat(t.LBrace);
    const lines = cursor.nodes().flatMap((line) => this.explainLine(line) ?? []);
    return { kind: "explainItem", ...at, lines };
  }

  private explainLine(wrapper: TreeNode): ExplainLine | undefined {
    const node = new Cursor(wrapper).anyNode();
    if (node === undefined || node.isBroken) return undefined;
    const at = this.at(node);
    const cursor = new Cursor(node);
    cursor.leaf();
    switch (node.kind) {
      case "rootLine": {
        const root = this.operand(cursor);
        return { kind: "rootLine", ...at, root, as: this.asText(cursor) };
      }
      case "impactLine": {
        const paths = this.pathList(cursor);
        return { kind: "impactLine", ...at, paths, facts: this.fieldInits(cursor) };
      }
      case "chainLine": {
        const paths = cursor.separated("path", t.Arrow).map((path) => this.pathOf(path));
        return { kind: "chainLine", ...at, paths, as: this.asText(cursor) };
      }
      case "becauseLine": {
        const from = this.path(cursor);
        cursor.eat(t.Arrow);
        const to = this.path(cursor);
        return { kind: "becauseLine", ...at, from, to, text: this.template(cursor) };
      }
      case "confidenceLine": {
        const base = this.decimal(cursor);
        const terms = cursor.nodes().map((term) => this.confidenceTerm(term));
        return { kind: "confidenceLine", ...at, base, terms };
      }
      case "summaryLine":
        return { kind: "summaryLine", ...at, text: this.template(cursor) };
      case "recommendLine": {
        const text = this.template(cursor);
        const when = cursor.eat(kw.when) ? this.expr(cursor) : undefined;
        return { kind: "recommendLine", ...at, text, when };
      }
      default:
        return { kind: "evidenceLine", ...at, paths: this.pathList(cursor) };
    }
  }

  private asText(cursor: Cursor) {
    return cursor.eat(kw.as) ? this.template(cursor) : undefined;
  }

  private decimal(cursor: Cursor): number {
    const reading = readNumber(cursor.leaf()?.image ?? "");
    return reading.type === "int" || reading.type === "number" ? reading.value : 0;
  }

  private confidenceTerm(node: TreeNode): ConfidenceTerm {
    const at = this.at(node);
    const cursor = new Cursor(node);
    const sign = cursor.leaf()?.tokenType === kw.plus ? "plus" : "minus";
    const weight = this.decimal(cursor);
    cursor.eat(kw.when);
    return { kind: "confidenceTerm", ...at, sign, weight, when: this.expr(cursor) };
  }

  // ---------- rollout ----------

  private rollout(node: TreeNode, cursor: Cursor): RolloutItem {
    const at = this.at(node);
    cursor.eat(kw.rollout);
    cursor.eat(t.LBrace);
    const whole = cursor.nodes().filter((line) => !line.isBroken);
    return { kind: "rolloutItem", ...at, lines: whole.map((line) => this.rolloutLine(line)) };
  }

  private rolloutLine(node: TreeNode): RolloutLine {
    const at = this.at(node);
    const cursor = new Cursor(node);
    switch (cursor.leaf()?.tokenType) {
      case kw.replaces:
        cursor.eat(kw.version);
        return { kind: "replacesLine", ...at, version: this.int(cursor) };
      case kw.shadow:
        return { kind: "shadowLine", ...at, length: this.duration(cursor) };
      case kw.canary: {
        const leaf = cursor.leaf();
        const literal = leaf && this.number(leaf);
        const place = leaf ? this.at(leaf) : this.missing(cursor.behind);
        const share =
          literal?.kind === "percent" ? literal : ({ kind: "percent", ...place, ppm: 0 } as const);
        cursor.eat(kw.by);
        const by = this.name(cursor);
        return { kind: "canaryLine", ...at, share, by, length: this.duration(cursor) };
      }
      default:
        cursor.eat(kw.when);
        return { kind: "abortLine", ...at, when: this.expr(cursor) };
    }
  }
}
