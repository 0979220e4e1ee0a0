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
import { bannedWords, lineWidth, type WideLines } from "./tidy/wording.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Functions that are long because what they say is one thing. The list may only get shorter. */
const longFunctions: readonly string[] = [];

/** Lines that are one string or one template and lose by being cut. */
const wideLines: WideLines = {};

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
  ["lines fit in the width", lineWidth(wideLines)],
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
