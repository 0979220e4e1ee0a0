/**
 * From the lossless tree to the abstract syntax. What the source lacked is replaced by what stands
 * for "missing" (see `cursor.ts`), so that a file with errors still gives every declaration whose
 * name could be read, and a checker that knows `error` expressions says nothing twice.
 *
 *   build-expression ── build-pattern ── build-rule ── build-test ── build-ast (this file)
 */
import type {
  Annotation,
  Decl,
  EnumType,
  FieldDecl,
  Formal,
  Import,
  ListDecl,
  ParamDecl,
  RuleDecl,
  SourceAttr,
  SourceFile,
  TypeNode,
  TypeRef,
} from "./ast.ts";
import type { BuildContext } from "./build-expression.ts";
import { TestBuilder } from "./build-test.ts";
import { Cursor, firstLeaf } from "./cursor.ts";
import * as t from "./tokens.ts";
import { keyword as kw } from "./tokens.ts";
import { type Tree, type TreeNode, triviaOf } from "./tree.ts";

/** Builds the abstract syntax of a whole file. */
export function buildAst(tree: Tree, context: BuildContext): SourceFile {
  return new AstBuilder(context, tree.source).sourceFile(tree.root);
}

type DeclHead = Pick<Decl, "annotations" | "isPub" | "doc" | "id" | "span">;

class AstBuilder extends TestBuilder {
  readonly #source: string;

  constructor(context: BuildContext, source: string) {
    super(context);
    this.#source = source;
  }

  sourceFile(root: TreeNode): SourceFile {
    const id = this.id();
    const cursor = new Cursor(root);
    const header = cursor.child("moduleHeader");
    const imports: Import[] = [];
    const decls: Decl[] = [];
    for (const node of cursor.nodes()) {
      const item = new Cursor(node).anyNode();
      if (item?.kind === "import") imports.push(this.importOf(item));
      const decl = item?.kind === "decl" ? this.decl(item) : undefined;
      if (decl !== undefined) decls.push(decl);
    }
    const span = this.span(0, this.#source.length);
    const module = header && this.moduleOf(header);
    return { kind: "file", id, span, file: this.context.file, module, imports, decls };
  }

  private moduleOf(header: TreeNode) {
    const cursor = new Cursor(header);
    cursor.eat(kw.module);
    return this.path(cursor);
  }

  private importOf(node: TreeNode): Import {
    const at = this.at(node);
    const cursor = new Cursor(node);
    cursor.eat(kw.import);
    const path = this.path(cursor);
    const alias = cursor.eat(kw.as) ? this.name(cursor) : undefined;
    if (cursor.eat(t.LBrace) === undefined)
      return { kind: "import", ...at, path, alias, names: undefined };
    const names = [];
    do names.push(this.name(cursor));
    while (cursor.eat(t.Comma) !== undefined);
    return { kind: "import", ...at, path, alias, names };
  }

  // ---------- declarations ----------

  private decl(node: TreeNode): Decl | undefined {
    const cursor = new Cursor(node);
    const annotations = this.annotations(cursor);
    const isPub = cursor.eat(kw.pub) !== undefined;
    const body = cursor.anyNode();
    if (body === undefined) return undefined;
    const head: DeclHead = { ...this.at(node), annotations, isPub, doc: this.docBefore(node) };
    const decl = this.declBody(body, new Cursor(body), head);
    const isNamed =
      decl.kind === "overrideDecl" || decl.kind === "testDecl" || decl.name.text !== "";
    return isNamed ? decl : undefined;
  }

  private annotations(cursor: Cursor): Annotation[] {
    const found: Annotation[] = [];
    for (let node = cursor.child("annotation"); node; node = cursor.child("annotation")) {
      const at = this.at(node);
      const inner = new Cursor(node);
      inner.eat(t.At);
      const name = this.name(inner);
      found.push({ kind: "annotation", ...at, name, args: this.args(inner) });
    }
    return found;
  }

  /** The `///` lines directly above a node, without slashes, joined by line ends. */
  private docBefore(node: TreeNode): string | undefined {
    const leaf = firstLeaf(node);
    if (leaf === undefined) return undefined;
    const lines = triviaOf(this.#source, leaf.fullStart, leaf.startOffset)
      .filter((piece) => piece.kind === "docComment")
      .map((piece) =>
        this.#source
          .slice(piece.start + 3, piece.end)
          .replace(/^ /, "")
          .trimEnd(),
      );
    return lines.length === 0 ? undefined : lines.join("\n");
  }

  private declBody(node: TreeNode, cursor: Cursor, head: DeclHead): Decl {
    cursor.leaf();
    switch (node.kind) {
      case "sourceDecl": {
        const name = this.name(cursor);
        cursor.eat(t.LBrace);
        const whole = cursor.nodes().filter((attr) => !attr.isBroken);
        const attrs = whole.map((attr) => this.sourceAttr(attr));
        return { kind: "sourceDecl", ...head, name, attrs };
      }
      case "eventDecl": {
        const name = this.path(cursor);
        const base = cursor.eat(kw.extends) ? this.path(cursor) : undefined;
        const source = cursor.eat(kw.from) ? this.name(cursor) : undefined;
        return { kind: "eventDecl", ...head, name, base, source, fields: this.fields(cursor) };
      }
      case "entityDecl": {
        const name = this.name(cursor);
        cursor.eat(kw.key);
        const key = this.type(cursor);
        const parent = cursor.eat(kw.in) ? this.name(cursor) : undefined;
        cursor.eat(kw.max);
        return { kind: "entityDecl", ...head, name, key, parent, max: this.int(cursor, 1) };
      }
      case "relationDecl": {
        const name = this.name(cursor);
        const from = this.name(cursor);
        cursor.eat(t.Arrow);
        const to = this.name(cursor);
        cursor.eat(kw.fanout);
        return { kind: "relationDecl", ...head, name, from, to, fanout: this.int(cursor, 1) };
      }
      case "ruleDecl":
        return this.rule(node, cursor, head);
      case "testDecl":
        return this.testBody(cursor, head);
      default:
        return this.reuse(node, cursor, head);
    }
  }

  private reuse(node: TreeNode, cursor: Cursor, head: DeclHead): Decl {
    switch (node.kind) {
      case "listDecl":
        return this.list(cursor, head);
      case "patternDecl": {
        const name = this.name(cursor);
        cursor.eat(kw.on);
        const on = this.path(cursor);
        cursor.eat(t.Eq);
        return { kind: "patternDecl", ...head, name, on, regex: this.string(cursor) };
      }
      case "deriveDecl": {
        const name = this.path(cursor);
        cursor.eat(kw.from);
        const from = this.step(cursor);
        const sets = cursor.eat(kw.set) ? this.fieldInits(cursor) : [];
        return { kind: "deriveDecl", ...head, name, from, sets };
      }
      case "paramDecl":
        return this.param(cursor, head);
      case "letDecl": {
        const name = this.name(cursor);
        const formals = this.formals(cursor);
        const returns = cursor.eat(t.Arrow) ? this.type(cursor) : undefined;
        cursor.eat(t.Eq);
        return { kind: "letDecl", ...head, name, formals, returns, body: this.expr(cursor) };
      }
      case "templateDecl": {
        const name = this.name(cursor);
        const formals = this.formals(cursor);
        const items = this.ruleItems(cursor.child("ruleBody"));
        return { kind: "templateDecl", ...head, name, formals, items };
      }
      default: {
        cursor.eat(kw.rule);
        const rule = this.path(cursor);
        cursor.eat(t.LBrace);
        const items = cursor.nodes().flatMap((item) => this.overrideItem(item) ?? []);
        return { kind: "overrideDecl", ...head, rule, items };
      }
    }
  }

  private list(cursor: Cursor, head: DeclHead): ListDecl {
    const name = this.name(cursor);
    cursor.eat(t.Colon);
    const type = this.type(cursor);
    if (cursor.eat(kw.from)) {
      const file = this.string(cursor);
      cursor.eat(kw.max);
      const from = { file, max: this.int(cursor, 1) };
      return { kind: "listDecl", ...head, name, type, items: undefined, from };
    }
    cursor.eat(t.Eq);
    const literal = cursor.child("listLiteral");
    const inner = literal && new Cursor(literal);
    inner?.eat(t.LBracket);
    const items = inner?.separated("expr", t.Comma).map((item) => this.exprOf(item)) ?? [];
    return { kind: "listDecl", ...head, name, type, items, from: undefined };
  }

  private param(cursor: Cursor, head: DeclHead): ParamDecl {
    const name = this.name(cursor);
    cursor.eat(t.Colon);
    const type = this.type(cursor);
    cursor.eat(t.Eq);
    const value = this.expr(cursor);
    if (cursor.eat(kw.range) === undefined) {
      return { kind: "paramDecl", ...head, name, type, value, range: undefined };
    }
    const min = this.expr(cursor);
    cursor.eat(t.DotDot);
    return {
      kind: "paramDecl",
      ...head,
      name,
      type,
      value,
      range: { min, max: this.expr(cursor) },
    };
  }

  private rule(node: TreeNode, cursor: Cursor, head: DeclHead): RuleDecl {
    const name = this.name(cursor);
    const version = cursor.eat(kw.version) ? this.int(cursor, 1) : undefined;
    const isInstance = cursor.eat(t.Eq) !== undefined;
    const instance = isInstance
      ? { template: this.path(cursor), args: this.args(cursor) }
      : undefined;
    const body = cursor.child("ruleBody");
    const items = this.ruleItems(body);
    if (!node.isBroken || body !== undefined || isInstance) {
      return { kind: "ruleDecl", ...head, name, version, instance, items };
    }
    const pattern = { kind: "errorPattern", ...this.missing(cursor.behind) } as const;
    const match = { kind: "matchItem", ...this.missing(cursor.behind), pattern } as const;
    return { kind: "ruleDecl", ...head, name, version, instance, items: [match] };
  }

  private testBody(cursor: Cursor, head: DeclHead): Decl {
    const title = this.string(cursor);
    cursor.eat(kw.for);
    const rule = this.path(cursor);
    cursor.eat(t.LBrace);
    const items = cursor.nodes().flatMap((item) => this.testItem(item) ?? []);
    return { kind: "testDecl", ...head, title, rule, items };
  }

  private sourceAttr(node: TreeNode): SourceAttr {
    const at = this.at(node);
    const cursor = new Cursor(node);
    const attr = (cursor.leaf()?.image ?? "lossy") as SourceAttr["attr"];
    const leaf = cursor.leaf();
    return { kind: "sourceAttr", ...at, attr, value: leaf && this.number(leaf) };
  }

  // ---------- types ----------

  private fields(cursor: Cursor): FieldDecl[] {
    const body = cursor.child("recordBody");
    if (body === undefined) return [];
    const inner = new Cursor(body);
    inner.eat(t.LBrace);
    return inner.nodes().map((node) => this.field(node));
  }

  private field(node: TreeNode): FieldDecl {
    const at = this.at(node);
    const cursor = new Cursor(node);
    const name = this.name(cursor);
    cursor.eat(t.Colon);
    const type = this.type(cursor);
    const annotations = this.annotations(cursor);
    return { kind: "fieldDecl", ...at, name, type, annotations, doc: this.docBefore(node) };
  }

  private type(outer: Cursor): TypeNode {
    const node = outer.child("type");
    const cursor = node && new Cursor(node);
    const inner = cursor?.anyNode();
    if (node === undefined || cursor === undefined || inner === undefined) {
      const name = this.name(
        new Cursor({ is: "node", kind: "none", children: [], isBroken: true }),
      );
      const at = this.missing(outer.behind);
      return {
        kind: "namedType",
        ...at,
        isOptional: false,
        name: { ...name, span: at.span },
        size: undefined,
      };
    }
    const isOptional = cursor.eat(t.Question) !== undefined;
    return this.baseType(inner, { ...this.at(node), isOptional });
  }

  private baseType(node: TreeNode, base: Pick<TypeNode, "id" | "span" | "isOptional">): TypeNode {
    const cursor = new Cursor(node);
    switch (node.kind) {
      case "listType": {
        cursor.eat(kw.list);
        cursor.eat(t.Less);
        const element = this.type(cursor);
        cursor.eat(t.Comma);
        return { kind: "listType", ...base, element, max: this.int(cursor, 1) };
      }
      case "mapType": {
        cursor.eat(kw.map);
        cursor.eat(t.Less);
        const key = this.type(cursor);
        cursor.eat(t.Comma);
        const value = this.type(cursor);
        cursor.eat(t.Comma);
        return { kind: "mapType", ...base, key, value, max: this.int(cursor, 1) };
      }
      case "enumType":
        return this.enumType(cursor, base);
      case "recordBody": {
        const wrapper = { is: "node", kind: "one", children: [node], isBroken: false } as const;
        return { kind: "recordType", ...base, fields: this.fields(new Cursor(wrapper)) };
      }
      default: {
        const name = this.name(cursor);
        const size = cursor.eat(t.LParen) ? this.int(cursor, 1) : undefined;
        return { kind: "namedType", ...base, name, size };
      }
    }
  }

  private enumType(cursor: Cursor, base: Pick<EnumType, "id" | "span" | "isOptional">): EnumType {
    cursor.eat(kw.enum);
    cursor.eat(t.LBrace);
    const members = [];
    do {
      const word = cursor.word();
      if (word !== undefined) members.push(this.nameOf(word));
    } while (cursor.eat(t.Comma) !== undefined);
    return { kind: "enumType", ...base, members };
  }

  // ---------- formals ----------

  private formals(cursor: Cursor): Formal[] {
    const node = cursor.child("formals");
    if (node === undefined) return [];
    const inner = new Cursor(node);
    inner.eat(t.LParen);
    return inner.separated("formal", t.Comma).map((formal) => this.formal(formal));
  }

  private formal(node: TreeNode): Formal {
    const at = this.at(node);
    const cursor = new Cursor(node);
    const name = this.name(cursor);
    cursor.eat(t.Colon);
    const type = this.typeRef(cursor);
    const fallback = cursor.eat(t.Eq) ? this.expr(cursor) : undefined;
    return { kind: "formal", ...at, name, type, fallback };
  }

  private typeRef(outer: Cursor): TypeRef {
    const node = outer.child("typeRef");
    if (node === undefined) {
      const at = this.missing(outer.behind);
      return { kind: "typeRef", ...at, path: this.path(outer), isOptional: false };
    }
    const at = this.at(node);
    const cursor = new Cursor(node);
    const path = this.path(cursor);
    return { kind: "typeRef", ...at, path, isOptional: cursor.eat(t.Question) !== undefined };
  }
}
