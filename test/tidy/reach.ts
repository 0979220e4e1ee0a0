/** Files nothing reaches: no program and no test would notice if they were gone. */
import { importsOf, subpathsOf } from "./imports.ts";
import { isTypeScript, type TidyRule, type TreeFile } from "./tree.ts";

/** What is started by hand or by a script. */
export const entries = [
  "compiler/cli/main.ts",
  "compiler/cli/launch.ts",
  "compiler/cli/gen-main.ts",
  "runtime/cli/main.ts",
  "test/mutation/main.ts",
  "test/mutation/compiled-once.ts",
  "test/mutation/worker.ts",
];

const watched = /^(grammar|compiler|runtime|bpf|native|lsp|test|bench)\//;
const isEntry = (path: string) =>
  entries.includes(path) || path.endsWith(".test.ts") || path.startsWith("bench/");

export const deadFiles: TidyRule = (files) => {
  const byPath = new Map(files.map((f) => [f.path, f]));
  const subpaths = subpathsOf(files);
  const seen = new Set<string>();
  const waiting: TreeFile[] = files.filter((f) => isEntry(f.path));
  for (let file = waiting.pop(); file; file = waiting.pop()) {
    if (seen.has(file.path)) continue;
    seen.add(file.path);
    for (const { target } of importsOf(file, subpaths)) {
      const next = target === undefined ? undefined : byPath.get(target);
      if (next) waiting.push(next);
    }
  }
  return files
    .filter((f) => isTypeScript(f.path) && watched.test(f.path) && !seen.has(f.path))
    .map(({ path }) => ({
      path,
      line: undefined,
      problem: "no program and no test reaches it; delete it or use it",
    }));
};
