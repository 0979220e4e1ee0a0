/** Bundles laws, tests and the code they run, with every mutant of `files` in it. */
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
import { instrument, type Mutant, ticking } from "./instrument.ts";

export interface Bundled {
  /** By id. */
  readonly mutants: readonly Mutant[];
  /** Files of the bundle, from `root`, with those they import. */
  readonly imports: ReadonlyMap<string, readonly string[]>;
}

/** Code that has loops a mutant may make endless, the tests' own among them. */
const looping = /^(runtime\/(engine|core)|compiler\/cli\/test|test\/(?!mutation))\/?.*\.ts$/;

/** `files` are mutated, `tests` are in the battery; paths from `root`. */
export async function bundle(
  root: string,
  files: readonly string[],
  tests: readonly string[],
  outfile: string,
): Promise<Bundled> {
  const switches = join(root, "test/mutation/switch.ts");
  const texts = new Map<string, string>();
  const mutants: Mutant[] = [];
  for (const file of files) {
    const text = readFileSync(join(root, file), "utf8");
    const done = instrument(file, text, mutants.length, switches);
    texts.set(file, done.text);
    mutants.push(...done.mutants);
  }
  const sources: Plugin = {
    name: "sources",
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const file = relative(root, path);
        if (file.startsWith("node_modules")) return undefined;
        const text = texts.get(file) ?? readFileSync(path, "utf8");
        const isTicking = looping.test(file) && !texts.has(file);
        const contents = isTicking ? ticking(file, text, switches) : text;
        const url = JSON.stringify(pathToFileURL(path).href);
        return { contents: contents.replaceAll("import.meta.url", url), loader: "ts" };
      });
    },
  };
  const { metafile } = await build({
    absWorkingDir: root,
    metafile: true,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "error",
    entryPoints: ["test/mutation/worker.ts"],
    outfile,
    external: ["typescript", "esbuild", "*.node"],
    define: { __TAPIO_VERSION__: '"test"' },
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
    plugins: [standIns(root, tests, mutants), sources],
  });
  const imports = Object.entries(metafile.inputs).map(
    ([file, input]) => [file, input.imports.map((x) => x.path)] as const,
  );
  return { mutants, imports: new Map(imports) };
}

/** What the bundle has instead of vitest and of the compiler, and what it is about. */
function standIns(root: string, tests: readonly string[], mutants: readonly Mutant[]): Plugin {
  const stand = (name: string) => ({ path: join(root, "test/mutation", name) });
  const loads = tests.map(
    (t) => `[${JSON.stringify(t)}, () => import(${JSON.stringify(join(root, t))})]`,
  );
  const files = [...new Set(mutants.map((m) => m.file))];
  const fileOf = JSON.stringify(mutants.map((m) => files.indexOf(m.file)));
  return {
    name: "stand-ins",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^vitest$/ }, () => stand("tests-in-place.ts"));
      onResolve({ filter: /^#compiler$/ }, () => stand("compiled-once.ts"));
      onLoad({ filter: /test\/mutation\/under-test\.ts$/ }, () => ({
        contents: `export const mutantCount = ${mutants.length};
export const mutantFiles = ${fileOf};
export const mutatedPaths = ${JSON.stringify(files)};
export const testFiles = [${loads.join(",")}];`,
        resolveDir: root,
      }));
    },
  };
}
