/**
 * Writes all mutants of a file into one text, each behind a question whether it is on:
 *
 *     if (a < b) f();   →   if (on(7) ? (a <= b) : on(8) ? (true) : a < b) { if (!on(9)) f(); }
 *
 * What runs only once, when the module is loaded, has no mutants, except numbers with a name: these
 * are changed where they are used.
 */
import ts from "typescript";
import { expressionMutants, isRemovable } from "./operators.ts";

export interface Mutant {
  readonly file: string;
  readonly line: number;
  /** The function or method around it. */
  readonly within: string;
  /** On one line each. */
  readonly from: string;
  readonly to: string;
  /** The right side of `??`: it is never taken where only the type says that a value may miss. */
  readonly isDefault: boolean;
}

/** Names a mutant as long as its function does not change. */
export const nameOf = (m: Mutant) => `${m.file} ${m.within}: ${m.from} → ${m.to}`;

export interface Instrumented {
  readonly text: string;
  readonly mutants: readonly Mutant[];
}

const switchNames = { on: "$on", tick: "$tick" } as const;

/** `firstId`: the number of the file's first mutant; `switches`: where `on` and `tick` are. */
export function instrument(
  file: string,
  text: string,
  firstId: number,
  switches: string,
): Instrumented {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const writer = new Writer(source, firstId);
  const body = writer.emit(source, true);
  const names = `on as ${switchNames.on}, tick as ${switchNames.tick}`;
  return {
    text: `import { ${names} } from ${JSON.stringify(switches)};\n${body}`,
    mutants: writer.mutants,
  };
}

/** Only the loops tick. */
export function ticking(file: string, text: string, switches: string): string {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const body = new Writer(source, undefined).emit(source, true);
  const names = `tick as ${switchNames.tick}`;
  return `import { ${names} } from ${JSON.stringify(switches)};\n${body}`;
}

class Writer {
  readonly mutants: Mutant[] = [];
  readonly #source: ts.SourceFile;
  readonly #firstId: number | undefined;
  readonly #named: ReadonlyMap<string, number>;
  /** Ids of mutants of named numbers, by name. */
  readonly #ofNames = new Map<string, readonly (readonly [id: number, text: string])[]>();

  constructor(source: ts.SourceFile, firstId: number | undefined) {
    this.#source = source;
    this.#firstId = firstId;
    this.#named = namedNumbers(source);
  }

  /** The text of `node` with the mutants of it and of all below it. */
  emit(node: ts.Node, mayBeWrapped: boolean): string {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node)) return this.#whole(node);
    const inner = this.#inner(node);
    if (this.#firstId === undefined) return inner;
    if (ts.isStatement(node)) return this.#statement(node, inner);
    if (!mayBeWrapped || !ts.isExpression(node) || !runsOften(node)) return inner;
    return this.#expression(node, inner);
  }

  #statement(node: ts.Statement, inner: string): string {
    if (!isRemovable(node) || !runsOften(node)) return inner;
    const id = this.#add(node, "(nothing)");
    return `{ if (!${switchNames.on}(${id})) { ${inner}\n} }`;
  }

  #expression(node: ts.Expression, inner: string): string {
    const alternatives = ts.isIdentifier(node)
      ? this.#namedNumber(node)
      : expressionMutants(node).map((to) => [this.#add(node, to), to] as const);
    if (alternatives.length === 0) return inner;
    const lead = this.#lead(node);
    const tests = alternatives.map(([id, to]) => `${switchNames.on}(${id}) ? (${to}) : `).join("");
    return `${lead}(${tests}${inner.slice(lead.length)})`;
  }

  /** Two mutants for a number with a name, the same wherever it is used. */
  #namedNumber(node: ts.Identifier): readonly (readonly [number, string])[] {
    const value = this.#named.get(node.text);
    if (value === undefined || !isUse(node)) return [];
    const known =
      this.#ofNames.get(node.text) ??
      [value + 1, value - 1].map((n) => [this.#add(node, String(n)), String(n)] as const);
    this.#ofNames.set(node.text, known);
    return known;
  }

  #add(node: ts.Node, to: string): number {
    const { line } = this.#source.getLineAndCharacterOfPosition(node.getStart());
    this.mutants.push({
      file: this.#source.fileName,
      line: line + 1,
      within: functionAround(node),
      from: oneLine(node.getText()),
      to: oneLine(to),
      isDefault: isDefault(node),
    });
    return (this.#firstId ?? 0) + this.mutants.length - 1;
  }

  #inner(node: ts.Node): string {
    const { text } = this.#source;
    let out = "";
    let at = node.getFullStart();
    ts.forEachChild(node, (child) => {
      out += text.slice(at, child.getFullStart());
      const part = this.emit(child, mayWrap(node, child));
      out += isLoopBody(node, child) ? tickingBody(part, ts.isBlock(child)) : part;
      at = child.getEnd();
    });
    return out + text.slice(at, node.getEnd());
  }

  #whole(node: ts.Node): string {
    return this.#source.text.slice(node.getFullStart(), node.getEnd());
  }

  /** Blanks and comments in front. */
  #lead(node: ts.Node): string {
    return this.#source.text.slice(node.getFullStart(), node.getStart());
  }
}

const oneLine = (text: string) => text.replaceAll(/\s+/g, " ").trim();

function tickingBody(part: string, isBlock: boolean): string {
  const call = `${switchNames.tick}();`;
  if (!isBlock) return ` { ${call} ${part}\n}`;
  const at = part.indexOf("{") + 1;
  return `${part.slice(0, at)} ${call}${part.slice(at)}`;
}

const isLoopBody = (node: ts.Node, child: ts.Node) =>
  ts.isIterationStatement(node, false) && node.statement === child;

/** Whether `child` may become a conditional expression in parentheses. */
function mayWrap(node: ts.Node, child: ts.Node): boolean {
  // Parentheses would end a chain of `?.`.
  if (ts.isOptionalChain(node) && ts.isOptionalChain(child)) return child !== node.expression;
  if (ts.isCallExpression(node) || ts.isNewExpression(node)) return child !== node.expression;
  if (ts.isBinaryExpression(node)) return child !== node.left || !isAssignment(node);
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node))
    return !steps.has(node.operator);
  if (ts.isForStatement(node)) return child !== node.incrementor;
  if (ts.isForOfStatement(node) || ts.isForInStatement(node)) return child !== node.initializer;
  if (ts.isDeleteExpression(node) || ts.isTaggedTemplateExpression(node)) return false;
  if (ts.isShorthandPropertyAssignment(node) || ts.isHeritageClause(node)) return false;
  if (ts.isBindingElement(node)) return child === node.initializer;
  return !("name" in node) || node.name !== child;
}

const steps: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.PlusPlusToken,
  ts.SyntaxKind.MinusMinusToken,
]);

function isAssignment(node: ts.BinaryExpression): boolean {
  const { kind } = node.operatorToken;
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

/** Whether `node` is inside a function, and no part of a type. */
function runsOften(node: ts.Node): boolean {
  for (let at = node; !ts.isSourceFile(at); at = at.parent) {
    if (ts.isFunctionLike(at)) return true;
    if (ts.isPropertyDeclaration(at) && ts.isClassDeclaration(at.parent))
      return !at.modifiers?.some((m) => m.kind === ts.SyntaxKind.StaticKeyword);
  }
  return false;
}

/** `const name = number` of the module itself. */
function namedNumbers(source: ts.SourceFile): Map<string, number> {
  const out = new Map<string, number>();
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (ts.isIdentifier(name) && initializer && ts.isNumericLiteral(initializer))
        out.set(name.text, Number(initializer.text));
    }
  }
  return out;
}

/** An identifier that is evaluated, and not one that names something. */
function isUse(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  return (
    ts.isBinaryExpression(parent) || ts.isCallExpression(parent) || ts.isReturnStatement(parent)
  );
}

/** The right side of a `??`, or a part of it. */
function isDefault(node: ts.Node): boolean {
  for (let at = node; ts.isExpression(at); at = at.parent) {
    const { parent } = at;
    if (!ts.isBinaryExpression(parent) || parent.right !== at) continue;
    if (parent.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) return true;
  }
  return false;
}

/** The named function or method around `node`. */
function functionAround(node: ts.Node): string {
  for (let at = node.parent; !ts.isSourceFile(at); at = at.parent) {
    if (ts.isConstructorDeclaration(at)) return "constructor";
    if (ts.isFunctionDeclaration(at) || ts.isMethodDeclaration(at) || ts.isAccessor(at))
      return at.name?.getText() ?? "module";
    if (ts.isPropertyDeclaration(at)) return at.name.getText();
    if (ts.isVariableDeclaration(at) && at.initializer && ts.isFunctionLike(at.initializer))
      return at.name.getText();
  }
  return "module";
}
