/** Names of files and folders, named exports, and the comment every file starts with. */
import ts from "typescript";
import { isCode, isGenerated, lineOf, type TidyRule, type Violation, walkSyntax } from "./tree.ts";

const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.(gen|test|bench|config|d))*\.(ts|mts|mjs|js|sh)$/;
const snake = /^[a-z0-9]+(_[a-z0-9]+)*(\.gen)?\.(cc|h)$/;
const vague = /^(utils?|helpers?|common|managers?|misc)$/;

export const fileNames: TidyRule = (files) =>
  files
    .filter((f) => isCode(f.path))
    .flatMap(({ path }) => {
      const name = path.split("/").at(-1) ?? "";
      const isNative = /\.(cc|h)$/.test(name);
      if ((isNative ? snake : kebab).test(name)) return [];
      const wanted = isNative ? "snake_case" : "kebab-case";
      return [{ path, line: undefined, problem: `the file's name is not ${wanted}` }];
    });

/** A name that could hold anything ends up holding everything. */
export const vagueNames: TidyRule = (files) =>
  files.flatMap(({ path }) => {
    const parts = path.split("/").flatMap((part) => part.replace(/\..*$/, "").split(/[-_]/));
    const word = parts.find((p) => vague.test(p.toLowerCase()));
    if (word === undefined) return [];
    return [{ path, line: undefined, problem: `\`${word}\` says nothing; name the thing` }];
  });

export const namedExports: TidyRule = (files) => {
  const out: Violation[] = [];
  for (const file of files) {
    if (!/\.(ts|mts|mjs)$/.test(file.path) || /\.config\.(ts|mjs)$/.test(file.path)) continue;
    walkSyntax(file, (node) => {
      if (!isDefaultExport(node)) return;
      const problem = "default export; give it a name and export that";
      out.push({ path: file.path, line: lineOf(node), problem });
    });
  }
  return out;
};

function isDefaultExport(node: ts.Node): boolean {
  if (ts.isExportAssignment(node)) return true;
  if (ts.isExportSpecifier(node)) return node.name.text === "default";
  return (
    ts.canHaveModifiers(node) &&
    (ts.getModifiers(node) ?? []).some((m) => m.kind === ts.SyntaxKind.DefaultKeyword)
  );
}

/**
 * Every file says in its first lines what it is for. Generated files name their source there, which
 * `pages.ts` checks; a test file's path says what it tests.
 */
export const headerComments: TidyRule = (files) =>
  files
    .filter((f) => isCode(f.path) && !isGenerated(f) && !f.path.endsWith(".test.ts"))
    .flatMap(({ path, text }) => {
      const start = text.replace(/^#!.*\n|^#pragma once\n/, "").trimStart();
      const comment = path.endsWith(".sh") ? /^#/ : /^\/[*/]/;
      if (comment.test(start)) return [];
      const problem = "no header comment; say in a sentence what the file is for";
      return [{ path, line: 1, problem }];
    });
