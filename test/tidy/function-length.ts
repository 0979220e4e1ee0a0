/** A function fits on a screen. Long ones that are known stay listed; none may join them unseen. */
import ts from "typescript";
import { isTypeScript, lineOf, type TidyRule, type TreeFile, walkSyntax } from "./tree.ts";

export const linesMax = 70;

/**
 * Fails on a long function that is not in `known`, and on an entry of `known` that is no longer
 * long. `known` holds `path: name`. Test files are lists of cases, so they are not counted.
 */
export function functionLength(known: readonly string[]): TidyRule {
  return (files) => {
    const long = files.flatMap(longFunctions);
    const names = new Set(long.map((f) => f.id));
    const fresh = long
      .filter((f) => !known.includes(f.id))
      .map((f) => ({
        path: f.path,
        line: f.line,
        problem: `\`${f.name}\` has ${f.lines} lines; a function has at most ${linesMax}`,
      }));
    const gone = known
      .filter((id) => !names.has(id))
      .map((id) => ({
        path: id.split(": ")[0] ?? id,
        line: undefined,
        problem: `\`${id.split(": ")[1]}\` is no longer a long function; take it off the list`,
      }));
    return [...fresh, ...gone];
  };
}

interface LongFunction {
  readonly id: string;
  readonly path: string;
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

function longFunctions(file: TreeFile): LongFunction[] {
  const out: LongFunction[] = [];
  if (!isTypeScript(file.path) || file.path.endsWith(".test.ts")) return out;
  walkSyntax(file, (node) => {
    if (!ts.isFunctionLike(node) || !("body" in node) || !node.body) return;
    const text = node.getText();
    const lines = text.split("\n").length;
    if (lines <= linesMax) return;
    const name = nameOf(node);
    out.push({ id: `${file.path}: ${name}`, path: file.path, name, line: lineOf(node), lines });
  });
  return out;
}

function nameOf(node: ts.SignatureDeclaration): string {
  if (ts.isConstructorDeclaration(node)) return "constructor";
  if (node.name) return node.name.getText();
  const { parent } = node;
  if (parent && (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)))
    return parent.name.getText();
  return "(anonymous)";
}
