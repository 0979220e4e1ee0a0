/** What a file imports, and where that is in the tree. */
import { posix } from "node:path";
import ts from "typescript";
import { isTypeScript, lineOf, type TreeFile, walkSyntax } from "./tree.ts";

export interface ImportSite {
  readonly from: string;
  readonly line: number;
  /** As written. */
  readonly specifier: string;
  /** A file of this tree, or undefined for packages and for files that do not exist. */
  readonly target: string | undefined;
}

/** Imports, re-exports, `import("…")` in expressions and in types. */
export function importsOf(file: TreeFile, subpaths: ReadonlyMap<string, string>): ImportSite[] {
  return writtenIn(file).map(({ line, specifier }) => {
    const target = targetOf(file.path, specifier, subpaths);
    return { from: file.path, line, specifier, target };
  });
}

type Written = Pick<ImportSite, "line" | "specifier">;

/** By file; several rules ask. */
const written = new WeakMap<TreeFile, readonly Written[]>();

function writtenIn(file: TreeFile): readonly Written[] {
  const known = written.get(file);
  if (known) return known;
  const found: Written[] = [];
  if (isTypeScript(file.path))
    walkSyntax(file, (node) => {
      const specifier = specifierOf(node);
      if (specifier !== undefined) found.push({ line: lineOf(node), specifier });
    });
  written.set(file, found);
  return found;
}

function specifierOf(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    const { moduleSpecifier } = node;
    return moduleSpecifier && ts.isStringLiteral(moduleSpecifier)
      ? moduleSpecifier.text
      : undefined;
  }
  if (ts.isImportTypeNode(node)) {
    const { argument } = node;
    return ts.isLiteralTypeNode(argument) && ts.isStringLiteral(argument.literal)
      ? argument.literal.text
      : undefined;
  }
  if (!ts.isCallExpression(node) || node.expression.kind !== ts.SyntaxKind.ImportKeyword)
    return undefined;
  const [argument] = node.arguments;
  return argument && ts.isStringLiteral(argument) ? argument.text : undefined;
}

function targetOf(
  from: string,
  specifier: string,
  subpaths: ReadonlyMap<string, string>,
): string | undefined {
  if (specifier.startsWith(".")) return posix.join(posix.dirname(from), specifier);
  return specifier.startsWith("#") ? subpaths.get(specifier) : undefined;
}

/** `#name` → file, from package.json; a `*` stands for each folder that has the file. */
export function subpathsOf(files: readonly TreeFile[]): Map<string, string> {
  const manifest = files.find((f) => f.path === "package.json");
  const imports = manifest
    ? (JSON.parse(manifest.text) as { imports?: Record<string, string> }).imports
    : undefined;
  const out = new Map<string, string>();
  for (const [name, place] of Object.entries(imports ?? {})) {
    const path = place.replace("./", "");
    if (!name.includes("*")) {
      out.set(name, path);
      continue;
    }
    const [before = "", after = ""] = path.split("*");
    for (const file of files) {
      if (!file.path.startsWith(before) || !file.path.endsWith(after)) continue;
      const star = file.path.slice(before.length, file.path.length - after.length);
      if (!star.includes("/")) out.set(name.replace("*", star), file.path);
    }
  }
  return out;
}
