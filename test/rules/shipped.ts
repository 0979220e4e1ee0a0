/** The shipped rules as one compilation, as `tapioc check rules` sees them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile, type SourceText } from "#compiler";
import { stdFiles } from "../../grammar/std.gen.ts";
import { readTree } from "../tidy/tree.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Every file below `rules/`, the standard library among them. */
export const ruleFiles: readonly SourceText[] = readTree(join(root, "rules"))
  .filter((f) => f.path.endsWith(".tapio"))
  .map((f) => ({
    file: `rules/${f.path}`,
    text: readFileSync(join(root, "rules", f.path), "utf8"),
  }));

export const shipped = compile(
  ruleFiles.filter((f) => !f.file.startsWith("rules/std/")),
  { std: stdFiles, version: "test" },
);
