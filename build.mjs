/**
 * Bundles each program into dist/. The generator comes first, because the compiler embeds what it
 * writes. `tapioc` is a script with V8's code for it beside it; see `compiler/cli/launch.ts`.
 */

import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL(".", import.meta.url));
const { version } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node20",
  logLevel: "warning",
  define: { __TAPIO_VERSION__: JSON.stringify(version) },
};

/** `outfile` (`….js`) as one module. */
export async function buildModule(entry, outfile) {
  await build({
    ...common,
    format: "esm",
    entryPoints: [entry],
    outfile,
    // Some dependencies are CommonJS and expect `require`.
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
  });
}

/**
 * `outfile` (`….js`) as a launcher, with the script and V8's code for it beside it. A run with
 * `warmUp` decides which functions have code.
 */
export async function buildLaunched(entry, outfile, warmUp) {
  const script = outfile.replace(/\.js$/, ".cjs");
  await build({ ...common, format: "cjs", entryPoints: [entry], outfile: script });
  await build({ ...common, format: "esm", entryPoints: ["compiler/cli/launch.ts"], outfile });
  // Old code would be refused, but also be in the way of new code.
  rmSync(`${root}${outfile.replace(/\.js$/, ".cache")}`, { force: true });
  execFileSync(process.execPath, [`${root}${outfile}`, ...warmUp], {
    cwd: root,
    env: { ...process.env, TAPIO_CODE_CACHE: "write" },
    stdio: ["ignore", "ignore", "pipe"],
  });
}

const programs = {
  gen: () => buildModule("compiler/cli/gen-main.ts", "dist/gen.js"),
  tapio: () => buildModule("runtime/cli/main.ts", "dist/tapio.js"),
  tapioc: () =>
    buildLaunched("compiler/cli/main.ts", "dist/tapioc.js", [
      "compile",
      "rules",
      "-o",
      "dist/rules.tapiob",
    ]),
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = process.argv.slice(2);
  for (const [name, make] of Object.entries(programs)) {
    if (wanted.length === 0 || wanted.includes(name)) await make();
  }
}
