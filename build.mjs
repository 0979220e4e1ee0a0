/**
 * Bundles each program into one file under dist/. The generator comes first, because the compiler
 * embeds what it writes.
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL(".", import.meta.url));
const { version } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
  logLevel: "warning",
  define: { __TAPIO_VERSION__: JSON.stringify(version) },
  // Some dependencies are CommonJS and expect `require`.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
};

const programs = {
  tapioc: "compiler/cli/main.ts",
  tapio: "runtime/cli/main.ts",
  gen: "compiler/cli/gen-main.ts",
};

const wanted = process.argv.slice(2);
for (const [name, entry] of Object.entries(programs)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  await build({ ...common, entryPoints: [entry], outfile: `dist/${name}.js` });
}
