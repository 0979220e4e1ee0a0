/** The repository as values: what the rules of `test/tidy.test.ts` look at. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

export interface TreeFile {
  /** Relative to the repository, with `/` between parts. */
  readonly path: string;
  readonly text: string;
}

export interface Violation {
  readonly path: string;
  /** Counted from 1; undefined when it is about the file as a whole. */
  readonly line: number | undefined;
  /** What is wrong and what to do instead. */
  readonly problem: string;
}

/** One rule: whatever is wrong in a tree. Pure, so that it can be tried on made-up trees. */
export type TidyRule = (files: readonly TreeFile[]) => Violation[];

const skipped = new Set(["node_modules", "dist", "coverage", "native/build"]);
const readable = /\.(ts|mts|mjs|js|cc|h|sh|md|json|tapio)$/;

/** Every file people write or review, sorted by path. Lock files are not among them. */
export function readTree(root: string): TreeFile[] {
  const out: TreeFile[] = [];
  const visit = (folder: string) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.name.startsWith(".") || skipped.has(path)) continue;
      if (entry.isDirectory()) visit(path);
      else if (readable.test(path) && entry.name !== "package-lock.json")
        out.push({ path, text: readFileSync(join(root, path), "utf8") });
    }
  };
  if (existsSync(root)) visit("");
  return out.sort((a, b) => (a.path < b.path ? -1 : 1));
}

export const isTypeScript = (path: string) => path.endsWith(".ts");
export const isCode = (path: string) => /\.(ts|mts|mjs|js|cc|h|sh)$/.test(path);
export const isGenerated = (file: TreeFile) =>
  file.path.includes(".gen.") || /^(\/\/|<!--) Generated from /.test(file.text);

const parsed = new WeakMap<TreeFile, ts.SourceFile>();

/** The syntax tree of a TypeScript or JavaScript file, made once. */
export function syntaxOf(file: TreeFile): ts.SourceFile {
  const known = parsed.get(file);
  if (known) return known;
  const kind = isTypeScript(file.path) ? ts.ScriptKind.TS : ts.ScriptKind.JS;
  const made = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true, kind);
  parsed.set(file, made);
  return made;
}

export function lineOf(node: ts.Node): number {
  const file = node.getSourceFile();
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
}

/** Calls `visit` on every node of a file, parents first. */
export function walkSyntax(file: TreeFile, visit: (node: ts.Node) => void): void {
  const go = (node: ts.Node) => {
    visit(node);
    ts.forEachChild(node, go);
  };
  go(syntaxOf(file));
}

/** The violations as a failure message: one line each, file first. */
export function list(violations: readonly Violation[]): string {
  const lines = violations.map(
    (v) => `  ${v.path}${v.line === undefined ? "" : `:${v.line}`}: ${v.problem}`,
  );
  return lines.join("\n");
}
