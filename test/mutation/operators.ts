/**
 * The small mistakes that are planted, one at a time, as texts that replace a node's own. Of those
 * that say the same only the ones that are hardest to notice are made: of a comparison its
 * neighbour and the two constants, of `a && b` each side alone and false.
 *
 *     a < b && c   →   a < b, c, false, a <= b && c
 */
import ts from "typescript";

const { SyntaxKind: Kind } = ts;

const neighbours: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [Kind.LessThanToken, "<="],
  [Kind.LessThanEqualsToken, "<"],
  [Kind.GreaterThanToken, ">="],
  [Kind.GreaterThanEqualsToken, ">"],
]);

const arithmetic: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [Kind.PlusToken, "-"],
  [Kind.MinusToken, "+"],
  [Kind.AsteriskToken, "/"],
  [Kind.SlashToken, "*"],
  [Kind.PercentToken, "*"],
  [Kind.PlusEqualsToken, "-="],
  [Kind.MinusEqualsToken, "+="],
]);

const equality: ReadonlySet<ts.SyntaxKind> = new Set([
  Kind.EqualsEqualsEqualsToken,
  Kind.ExclamationEqualsEqualsToken,
]);

/** Calls that may be left out: what they are called on goes on as it is. */
const transparent = new Set(["filter", "sort", "toSorted", "reverse", "toReversed", "slice"]);

const twins: ReadonlyMap<string, string> = new Map([
  ["some", "every"],
  ["every", "some"],
  ["find", "findLast"],
  ["findLast", "find"],
  ["findIndex", "findLastIndex"],
  ["findLastIndex", "findIndex"],
  ["min", "max"],
  ["max", "min"],
  ["shift", "pop"],
  ["pop", "shift"],
  ["push", "unshift"],
  ["floor", "ceil"],
  ["ceil", "floor"],
]);

/** Texts that may stand where the expression `e` stands. */
export function expressionMutants(e: ts.Expression): string[] {
  const texts = [...ownMutants(e), ...truthMutants(e)];
  return [...new Set(texts)].filter((text) => text !== e.getText());
}

function ownMutants(e: ts.Expression): string[] {
  if (ts.isBinaryExpression(e)) return binaryMutants(e);
  if (ts.isCallExpression(e)) return callMutants(e);
  if (ts.isNumericLiteral(e)) return numberMutants(e);
  if (ts.isArrayLiteralExpression(e)) return e.elements.length > 0 ? ["[]"] : [];
  if (e.kind === Kind.TrueKeyword) return ["false"];
  if (e.kind === Kind.FalseKeyword) return ["true"];
  if (ts.isPropertyAccessExpression(e)) return infinityMutants(e);
  if (ts.isPrefixUnaryExpression(e) || ts.isPostfixUnaryExpression(e)) return signMutants(e);
  return [];
}

function binaryMutants(e: ts.BinaryExpression): string[] {
  const [left, right] = [e.left.getText(), e.right.getText()];
  const with_ = (operator: string | undefined) => operator && `${left} ${operator} ${right}`;
  const { kind } = e.operatorToken;
  if (kind === Kind.QuestionQuestionToken) return [right];
  if (kind === Kind.AmpersandAmpersandToken || kind === Kind.BarBarToken) return [left, right];
  const other = neighbours.get(kind) ?? (isText(e) ? undefined : arithmetic.get(kind));
  return [with_(other)].filter((text) => text !== undefined);
}

const isText = (e: ts.BinaryExpression) =>
  [e.left, e.right].some((x) => ts.isStringLiteralLike(x) || ts.isTemplateExpression(x));

function callMutants(e: ts.CallExpression): string[] {
  const { expression: callee } = e;
  if (!ts.isPropertyAccessExpression(callee)) return [];
  const name = callee.name.text;
  const twin = twins.get(name);
  const on = callee.expression.getText();
  const dot = callee.questionDotToken ? "?." : ".";
  const rest = e.getText().slice(callee.getText().length);
  return [
    ...(twin ? [`${on}${dot}${twin}${rest}`] : []),
    ...(transparent.has(name) && e.arguments.length + Number(name !== "slice") > 0 ? [on] : []),
  ];
}

/** Beside a comparison only the neighbour that the other operator does not give. */
function numberMutants(e: ts.NumericLiteral): string[] {
  const value = Number(e.text);
  const [more, less] = [String(value + 1), `(${value - 1})`];
  const { parent } = e;
  if (!ts.isBinaryExpression(parent) || parent.right !== e) return [more, less];
  const { kind } = parent.operatorToken;
  if (equality.has(kind)) return [];
  if (kind === Kind.GreaterThanToken || kind === Kind.LessThanEqualsToken) return [more];
  return neighbours.has(kind) ? [less] : [more, less];
}

function infinityMutants(e: ts.PropertyAccessExpression): string[] {
  const text = e.getText();
  if (text === "Number.POSITIVE_INFINITY") return ["Number.NEGATIVE_INFINITY"];
  return text === "Number.NEGATIVE_INFINITY" ? ["Number.POSITIVE_INFINITY"] : [];
}

function signMutants(e: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression): string[] {
  const text = e.getText();
  if (e.operator === Kind.PlusPlusToken) return [text.replace("++", "--")];
  if (e.operator === Kind.MinusMinusToken) return [text.replace("--", "++")];
  const isNegation = e.operator === Kind.MinusToken && !ts.isNumericLiteral(e.operand);
  return isNegation ? [e.operand.getText()] : [];
}

/** The constants, where `e` is a question and no mutant around it says the same. */
function truthMutants(e: ts.Expression): string[] {
  if (ts.isParenthesizedExpression(e) || isPartOfQuestion(e)) return [];
  if (!isComparison(e) && !isNot(e) && !isCondition(e)) return [];
  const operator = ts.isBinaryExpression(e) ? e.operatorToken.kind : undefined;
  // Of `a && b` the mutant `b` stands for an `a` that is always true.
  if (operator === Kind.AmpersandAmpersandToken) return ["false"];
  if (operator === Kind.BarBarToken) return ["true"];
  return ["true", "false"];
}

function isPartOfQuestion(e: ts.Expression): boolean {
  const { parent } = withoutParentheses(e);
  return isNot(parent) || (ts.isBinaryExpression(parent) && isJunction(parent.operatorToken.kind));
}

const isNot = (e: ts.Node) => ts.isPrefixUnaryExpression(e) && e.operator === Kind.ExclamationToken;

/** Whether the way on depends on whether `e` is true. */
function isCondition(e: ts.Expression): boolean {
  const { node, parent } = withoutParentheses(e);
  if (ts.isIfStatement(parent) || ts.isWhileStatement(parent) || ts.isDoStatement(parent))
    return parent.expression === node;
  return (
    (ts.isForStatement(parent) || ts.isConditionalExpression(parent)) && parent.condition === node
  );
}

function isComparison(e: ts.Expression): boolean {
  if (!ts.isBinaryExpression(e)) return false;
  const { kind } = e.operatorToken;
  return neighbours.has(kind) || equality.has(kind) || isJunction(kind);
}

const isJunction = (kind: ts.SyntaxKind) =>
  kind === Kind.AmpersandAmpersandToken || kind === Kind.BarBarToken;

function withoutParentheses(e: ts.Node): { readonly node: ts.Node; readonly parent: ts.Node } {
  let node = e;
  while (ts.isParenthesizedExpression(node.parent)) node = node.parent;
  return { node, parent: node.parent };
}

/** Whether a statement may be left out and what is left is still a program. */
export function isRemovable(s: ts.Statement): boolean {
  return (
    ts.isExpressionStatement(s) ||
    ts.isContinueStatement(s) ||
    ts.isBreakStatement(s) ||
    ts.isThrowStatement(s) ||
    (ts.isReturnStatement(s) && isEarly(s))
  );
}

/** A return behind which the function goes on. */
function isEarly(s: ts.ReturnStatement): boolean {
  let at: ts.Node = s;
  while (!ts.isFunctionLike(at.parent)) {
    const { parent } = at;
    if (ts.isBlock(parent) && parent.statements.at(-1) !== at) return true;
    if (ts.isCaseClause(parent)) return true;
    if (ts.isIterationStatement(parent, false)) return true;
    at = parent;
  }
  return false;
}
