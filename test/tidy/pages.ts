/** Documents against the things they are about: generated files, the catalogue, the version. */
import { catalog } from "#grammar";
import { isGenerated, type TidyRule, type TreeFile, type Violation } from "./tree.ts";

/** A generated file names its source in its first line, and the source is there. */
export const generatedHeaders: TidyRule = (files) => {
  const paths = files.map((f) => f.path);
  return files
    .filter((f) => f.path.includes(".gen.") || isGeneratedPage(f.path))
    .flatMap((file) => {
      const source = /^(?:\/\/|<!--) Generated from (\S+) by /.exec(file.text)?.[1];
      if (source === undefined) {
        const problem = "the first line does not name what it was generated from";
        return [{ path: file.path, line: 1, problem }];
      }
      if (paths.some((p) => p === source || p.startsWith(source))) return [];
      return [{ path: file.path, line: 1, problem: `its source ${source} does not exist` }];
    });
};

const isGeneratedPage = (path: string) =>
  /^grammar\/reference\/(codes\/.*|events|functions)\.md$/.test(path);

/** Every `*.gen.*` file and generated page comes out of the generator. */
export function fromGenerator(generated: ReadonlySet<string>): TidyRule {
  return (files) =>
    files
      .filter((f) => (f.path.includes(".gen.") || isGenerated(f)) && !generated.has(f.path))
      .map((f) => ({
        path: f.path,
        line: undefined,
        problem: "`npm run gen` does not make it; delete it or teach the generator",
      }));
}

const codePages = "grammar/reference/codes/";

/** Every code has a page and every page a code. */
export function codesAndPages(codes: readonly string[] = Object.keys(catalog)): TidyRule {
  return (files) => {
    const pages = new Set(files.map((f) => f.path).filter((p) => p.startsWith(codePages)));
    const wanted = new Set(codes.map((code) => `${codePages}${code}.md`));
    const lacking = [...wanted]
      .filter((p) => !pages.has(p))
      .map((path) => violation(path, "the code has no page; run `npm run gen`"));
    const extra = [...pages]
      .filter((p) => !wanted.has(p))
      .map((path) => violation(path, "the page is about no code of the catalogue"));
    return [...lacking, ...extra];
  };
}

/** The version is typed in package.json; the change log speaks of versions, nothing else does. */
export const oneVersion: TidyRule = (files) => {
  const manifest = files.find((f) => f.path === "package.json");
  if (!manifest) return [violation("package.json", "there is no package.json")];
  const { version } = JSON.parse(manifest.text) as { version: string };
  const exact = new RegExp(`(?<![\\d.])${version.replaceAll(".", "\\.")}(?![\\d.]*\\d)`);
  return files
    .filter((f) => /\.(ts|mts|mjs|json|md|cc|h)$/.test(f.path) && !mayNameVersion(f))
    .flatMap((f) =>
      f.text.split("\n").flatMap((text, i) => {
        if (!exact.test(text)) return [];
        const problem = `repeats the version ${version}; it is typed in package.json only`;
        return [{ path: f.path, line: i + 1, problem }];
      }),
    );
};

const mayNameVersion = ({ path }: TreeFile) => ["package.json", "CHANGELOG.md"].includes(path);

function violation(path: string, problem: string): Violation {
  return { path, line: undefined, problem };
}
