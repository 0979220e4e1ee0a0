/**
 * The rules of the house, checked by machine: who may import whom, what the pure core may touch,
 * names, words, widths, dead files, generated files. Each rule is tried on a made-up tree that
 * breaks it, so that a rule that has gone blind fails here too.
 */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { generateAll, staleFiles } from "../compiler/cli/gen.ts";
import { importArrows, nothingImportsTheRim, publicFaces } from "./tidy/arrows.ts";
import { functionLength } from "./tidy/function-length.ts";
import { fileNames, headerComments, namedExports, vagueNames } from "./tidy/naming.ts";
import { codesAndPages, fromGenerator, generatedHeaders, oneVersion } from "./tidy/pages.ts";
import { pureCore } from "./tidy/purity.ts";
import { deadFiles } from "./tidy/reach.ts";
import { list, readTree, type TidyRule, type TreeFile, type Violation } from "./tidy/tree.ts";
import { bannedWords, lineWidth } from "./tidy/wording.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Functions of more than 70 lines, as `path: name`. A list that can only get shorter: a new long
 * function fails, and so does a name here that is no longer long.
 */
const longFunctions: readonly string[] = [];

const generated = generateAll(root);

const rules: readonly (readonly [title: string, rule: TidyRule])[] = [
  ["imports follow the arrows", importArrows],
  ["nothing imports a rim", nothingImportsTheRim],
  ["outsiders import public faces only", publicFaces],
  ["the pure core touches no machine and no clock", pureCore],
  ["files are named in kebab-case, C++ in snake_case", fileNames],
  ["no name is vague", vagueNames],
  ["exports are named", namedExports],
  ["every file starts with what it is for", headerComments],
  ["no banned word is used", bannedWords],
  ["lines fit in the width", lineWidth],
  ["no file is dead", deadFiles],
  ["functions fit on a screen", functionLength(longFunctions)],
  ["generated files name their source", generatedHeaders],
  ["generated files come out of the generator", fromGenerator(new Set(generated.keys()))],
  ["every code has a page and every page a code", codesAndPages()],
  ["the version is typed once", oneVersion],
];

describe("the tree", () => {
  const tree = readTree(root);

  test("is found", () => {
    expect(tree.length).toBeGreaterThan(150);
    expect(tree.map((f) => f.path)).toContain("compiler/pipeline.ts");
  });

  for (const [title, rule] of rules) {
    test(title, () => {
      const violations = rule(tree);
      expect(violations.length, `${title}:\n${list(violations)}`).toBe(0);
    });
  }

  test("generated files are up to date", () => {
    const stale = staleFiles(root, generated);
    expect(stale, "run `npm run gen`").toEqual([]);
  });
});

const manifest: TreeFile = {
  path: "package.json",
  text: JSON.stringify({
    version: "1.2.3",
    imports: {
      "#core": "./runtime/core/index.ts",
      "#compiler": "./compiler/index.ts",
      "#grammar": "./grammar/index.ts",
      "#native": "./native/index.ts",
      "#bpf/asm": "./bpf/asm/index.ts",
      "#runtime/engine": "./runtime/engine/index.ts",
      "#runtime/sources/*": "./runtime/sources/*/index.ts",
    },
  }),
};

const index = (folder: string): TreeFile => ({
  path: `${folder}/index.ts`,
  text: "/** The face. */\nexport {};\n",
});

const houses: readonly TreeFile[] = [
  manifest,
  ...[
    "runtime/core",
    "runtime/engine",
    "runtime/sources/ebpf",
    "compiler",
    "grammar",
    "native",
    "bpf/asm",
  ].map(index),
];

/** What a rule says of one made-up file among the houses. */
function tried(rule: TidyRule, path: string, text: string): Violation[] {
  return rule([...houses.filter((h) => h.path !== path), { path, text }]);
}

interface Trial {
  readonly rule: TidyRule;
  readonly path: string;
  readonly bad: string;
  /** A part of the message. */
  readonly says: string;
  readonly good: string;
}

const trials: Readonly<Record<string, Trial>> = {
  "runtime imports the compiler": {
    rule: importArrows,
    path: "runtime/engine/a.ts",
    bad: 'import { x } from "#compiler";',
    says: "must not import compiler/index.ts",
    good: 'import { x } from "#core";',
  },
  "runtime imports the grammar, as a type": {
    rule: importArrows,
    path: "runtime/core/a.ts",
    bad: 'export type X = import("#grammar").X;',
    says: "must not import grammar/index.ts",
    good: 'export type X = import("./b.ts").X;',
  },
  "core uses a package of the grammar": {
    rule: importArrows,
    path: "runtime/core/a.ts",
    bad: 'import { x } from "chevrotain";',
    says: "must not import the package chevrotain",
    good: 'import { x } from "@noble/hashes/sha2.js";',
  },
  "compiler imports a part of the runtime": {
    rule: importArrows,
    path: "compiler/a.ts",
    bad: 'export { x } from "#runtime/engine";',
    says: "must not import runtime/engine/index.ts",
    good: 'export { x } from "#core";',
  },
  "the compiler's command line touches a live source": {
    rule: importArrows,
    path: "compiler/cli/a.ts",
    bad: 'import { x } from "#runtime/sources/ebpf";',
    says: "must not import runtime/sources/ebpf/index.ts",
    good: 'import { x } from "#runtime/engine";',
  },
  "the assembler knows tapio": {
    rule: importArrows,
    path: "bpf/asm/a.ts",
    bad: 'const x = await import("#core");',
    says: "must not import runtime/core/index.ts",
    good: 'const x = await import("./b.ts");',
  },
  "a name package.json does not have": {
    rule: importArrows,
    path: "compiler/a.ts",
    bad: 'import { x } from "#nothing";',
    says: "no name of package.json",
    good: 'import { x } from "#grammar";',
  },
  "something imports a command line": {
    rule: nothingImportsTheRim,
    path: "compiler/a.ts",
    bad: 'import { x } from "./cli/main.ts";',
    says: "nothing imports compiler/cli",
    good: 'import { x } from "./main.ts";',
  },
  "something imports a test": {
    rule: nothingImportsTheRim,
    path: "runtime/engine/a.ts",
    bad: 'import { x } from "../../test/a.ts";',
    says: "nothing imports test",
    good: 'import { x } from "./b.ts";',
  },
  "an outsider reaches past a public face": {
    rule: publicFaces,
    path: "compiler/a.ts",
    bad: 'import { x } from "../runtime/core/b.ts";',
    says: "import its public face runtime/core/index.ts",
    good: 'import { x } from "../runtime/events/event.gen.ts";',
  },
  "an outsider imports a public face by path": {
    rule: publicFaces,
    path: "compiler/a.ts",
    bad: 'import { x } from "../runtime/core/index.ts";',
    says: "by its # name",
    good: 'import { x } from "#core";',
  },
  "pure code reads files": {
    rule: pureCore,
    path: "grammar/a.ts",
    bad: 'import { readFileSync } from "node:fs";',
    says: "imports node:fs",
    good: 'import { x } from "./b.ts";',
  },
  "pure code reads the environment": {
    rule: pureCore,
    path: "compiler/passes/a.ts",
    bad: "export const x = process.env.X;",
    says: "process.env",
    good: "export const x = options.process;",
  },
  "pure code reads the clock": {
    rule: pureCore,
    path: "runtime/core/a.ts",
    bad: "export const x = Date.now();",
    says: "Date.now",
    good: 'export const x = Date.parse("2026-01-01");',
  },
  "pure code makes a date of the moment": {
    rule: pureCore,
    path: "bpf/asm/a.ts",
    bad: "export const x = new Date();",
    says: "new Date()",
    good: "export const x = new Date(0);",
  },
  "pure code throws dice": {
    rule: pureCore,
    path: "grammar/a.ts",
    bad: "export const x = Math.random();",
    says: "Math.random",
    good: "export const x = Math.max(1, 2);",
  },
  "pure code measures": {
    rule: pureCore,
    path: "compiler/a.ts",
    bad: "export const x = performance.now();",
    says: "performance.now",
    good: "export const x = now();",
  },
  "a default export": {
    rule: namedExports,
    path: "compiler/a.ts",
    bad: "export default function a() {}",
    says: "default export",
    good: "export function a() {}",
  },
  "a default export by another road": {
    rule: namedExports,
    path: "compiler/a.ts",
    bad: "const a = 1;\nexport { a as default };",
    says: "default export",
    good: "const a = 1;\nexport { a };",
  },
  "no header comment": {
    rule: headerComments,
    path: "compiler/a.ts",
    bad: "export const a = 1;",
    says: "no header comment",
    good: "/** One. */\nexport const a = 1;",
  },
  "no header comment in C++": {
    rule: headerComments,
    path: "native/src/a.h",
    bad: "#pragma once\n#include <x.h>\n",
    says: "no header comment",
    good: "#pragma once\n// What it is for.\n#include <x.h>\n",
  },
  "a word of process": {
    rule: bannedWords,
    path: "docs.md",
    bad: "This works for now.",
    says: "say until when",
    good: "This works forever.",
  },
  "a note to self": {
    rule: bannedWords,
    path: "compiler/a.ts",
    bad: "// TODO: more",
    says: "do it",
    good: "// More is not needed.",
  },
  "a path outside the repository": {
    rule: bannedWords,
    path: "test/a.ts",
    bad: 'const folder = "../../shared/design/examples";',
    says: "name only what is in the repository",
    good: 'const folder = "../fixtures/grammar";',
  },
  "a wide comment": {
    rule: lineWidth,
    path: "compiler/a.ts",
    bad: `// ${"word ".repeat(20)}`,
    says: "103 columns",
    good: `const a = b; // short\nconst c =\n  "${"word ".repeat(30)}";\n`,
  },
  "wide prose": {
    rule: lineWidth,
    path: "docs.md",
    bad: `${"word ".repeat(20)}.`,
    says: "101 columns",
    good: `\`\`\`text\n${"word ".repeat(30)}\n\`\`\`\n| ${"word ".repeat(30)} |\nhttps://example.org/${"a".repeat(100)}\n`,
  },
  "a dead file": {
    rule: deadFiles,
    path: "compiler/a.ts",
    bad: "export const a = 1;",
    says: "no program and no test reaches it",
    good: 'export const a = 1; // used by "./cli/main.ts" below',
  },
  "a long function": {
    rule: functionLength(["compiler/b.ts: known"]),
    path: "compiler/b.ts",
    bad: `function known() {\n${"  x();\n".repeat(70)}}\nfunction fresh() {\n${"  x();\n".repeat(70)}}`,
    says: "`fresh` has 72 lines",
    good: `function known() {\n${"  x();\n".repeat(70)}}\nfunction fresh() {\n${"  x();\n".repeat(60)}}`,
  },
  "a function that is long no more": {
    rule: functionLength(["compiler/b.ts: known"]),
    path: "compiler/b.ts",
    bad: "function known() {}",
    says: "take it off the list",
    good: `const known = () => {\n${"  x();\n".repeat(70)}};`,
  },
  "a generated file that does not say from what": {
    rule: generatedHeaders,
    path: "runtime/events/a.gen.ts",
    bad: "export const a = 1;",
    says: "does not name",
    good: "// Generated from grammar/index.ts by `npm run gen`. Do not edit.\n",
  },
  "a generated file of a source that is gone": {
    rule: generatedHeaders,
    path: "runtime/events/a.gen.ts",
    bad: "// Generated from rules/std/gone.tapio by `npm run gen`. Do not edit.\n",
    says: "rules/std/gone.tapio does not exist",
    good: "// Generated from grammar/ by `npm run gen`. Do not edit.\n",
  },
  "a file that only looks generated": {
    rule: fromGenerator(new Set(["grammar/b.md"])),
    path: "grammar/a.gen.ts",
    bad: "// Generated from grammar/ by hand.\n",
    says: "`npm run gen` does not make it",
    good: "",
  },
  "a page about no code": {
    rule: codesAndPages([]),
    path: "grammar/reference/codes/TAP9999.md",
    bad: "# TAP9999",
    says: "about no code",
    good: "",
  },
  "the version, typed again": {
    rule: oneVersion,
    path: "compiler/a.ts",
    bad: 'export const version = "1.2.3";',
    says: "repeats the version",
    good: 'export const version = "11.2.3.4";',
  },
};

describe("the rules notice", () => {
  for (const [title, { rule, path, bad, says, good }] of Object.entries(trials)) {
    test(title, () => {
      const found = tried(rule, path, bad).filter((v) => v.path === path);
      expect(found.map((v) => v.problem).join("\n")).toContain(says);
      const entry = { path: "compiler/cli/main.ts", text: 'import "../a.ts";' };
      const after = good === "" ? houses : [...houses, { path, text: good }, entry];
      const left = rule(after).filter((v) => v.path === path);
      expect(left, "the good program must pass").toEqual([]);
    });
  }

  test("names of files", () => {
    const names = ["compiler/camelCase.ts", "native/src/kebab-case.cc", "compiler/kebab-case.ts"];
    const found = fileNames(names.map((path) => ({ path, text: "" })));
    expect(found.map((v) => v.path)).toEqual(names.slice(0, 2));
  });

  test("names that say nothing", () => {
    const names = ["compiler/helpers/a.ts", "compiler/text-utils.ts", "compiler/managed.ts"];
    const found = vagueNames(names.map((path) => ({ path, text: "" })));
    expect(found.map((v) => v.path)).toEqual(names.slice(0, 2));
  });

  test("a code without a page", () => {
    expect(list(codesAndPages(["TAP9998"])(houses))).toBe(
      "  grammar/reference/codes/TAP9998.md: the code has no page; run `npm run gen`",
    );
  });

  test("a generated file that is out of date", () => {
    const changed = new Map([...generated].map(([path, text], i) => [path, i === 0 ? "" : text]));
    expect(staleFiles(root, changed)).toContain([...generated.keys()][0]);
  });
});
