/** `npm run mutants`: see `main.ts`, which this bundles first, as Node runs no TypeScript. */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));
process.chdir(root);
await build({
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  format: "esm",
  packages: "external",
  entryPoints: ["test/mutation/main.ts"],
  outfile: "dist/mutants/main.mjs",
});
await import("../../dist/mutants/main.mjs");
