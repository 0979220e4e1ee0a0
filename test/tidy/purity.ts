/**
 * The pure core takes values and returns values: no files, no process, no clock, no randomness.
 * What depends on the machine or the moment is passed in, so tests and editors share the core.
 */
import ts from "typescript";
import { importsOf } from "./imports.ts";
import { isTypeScript, lineOf, type TidyRule, type Violation, walkSyntax } from "./tree.ts";

const pureFolders = ["grammar/", "compiler/", "runtime/core/", "bpf/"];

export function isPure(path: string): boolean {
  return pureFolders.some((f) => path.startsWith(f)) && !path.startsWith("compiler/cli/");
}

const instead: Readonly<Record<string, string>> = {
  "Date.now": "take the time as a number",
  "Math.random": "take the random numbers as values",
  "performance.now": "take the time as a number",
  "globalThis.process": "take what you need as a value",
};

export const pureCore: TidyRule = (files) => {
  const out: Violation[] = [];
  for (const file of files) {
    if (!isTypeScript(file.path) || !isPure(file.path)) continue;
    const add = (line: number, problem: string) => out.push({ path: file.path, line, problem });
    for (const site of importsOf(file, new Map())) {
      if (site.specifier.startsWith("node:"))
        add(site.line, `pure code imports ${site.specifier}; let the caller at the rim do that`);
    }
    walkSyntax(file, (node) => {
      const problem = impurity(node);
      if (problem) add(lineOf(node), problem);
    });
  }
  return out;
};

function impurity(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
    const text = `${node.expression.text}.${node.name.text}`;
    if (Object.hasOwn(instead, text)) return `pure code uses ${text}; ${instead[text]}`;
    if (node.expression.text === "process")
      return `pure code uses ${text}; let the rim pass in what it says`;
    return undefined;
  }
  const isDate = (e: ts.Expression) => ts.isIdentifier(e) && e.text === "Date";
  if (ts.isNewExpression(node) && isDate(node.expression) && !node.arguments?.length)
    return "pure code uses new Date() without an argument; take the time as a number";
  if (ts.isCallExpression(node) && isDate(node.expression))
    return "pure code calls Date(); take the time as a number";
  return undefined;
}
