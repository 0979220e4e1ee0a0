/**
 * Who may import whom. "A ► B" reads "A imports B"; what is not listed is forbidden.
 *
 *    rim     test, bench ► anything        compiler/cli ► compiler, grammar, bpf/filter, runtime/…
 *            lsp ► compiler, grammar, …    runtime/cli ► runtime, and what runtime may
 *    middle  compiler ► grammar, runtime/core
 *            runtime ► runtime/core, native, bpf/filter, bpf/programs, bpf/btf
 *    edge    bpf/filter ► bpf/asm, bpf/btf, runtime/core     bpf/programs ► bpf/asm, bpf/btf
 *    base    runtime/core, bpf/asm, bpf/btf, native, grammar ► nothing of ours
 *
 * Beyond a folder's own house, only its `index.ts` is imported, and by its `#name`; generated files
 * may be imported directly, because the generator is their public face.
 */
import { type ImportSite, importsOf, subpathsOf } from "./imports.ts";
import { isTypeScript, type TidyRule, type TreeFile, type Violation } from "./tree.ts";

interface Zone {
  readonly folder: string;
  readonly imports: readonly string[];
  readonly packages: readonly string[];
  readonly isRim?: boolean;
}

const runtimeParts = ["runtime", "runtime/core", "native", "bpf/filter", "bpf/programs", "bpf/btf"];
const toolParts = ["compiler", "grammar", "bpf/filter", "runtime/core", "runtime"];

/** Most specific first: a file belongs to the first zone whose folder holds it. */
const zones: readonly Zone[] = [
  { folder: "test", imports: ["*"], packages: ["*"], isRim: true },
  { folder: "bench", imports: ["*"], packages: ["*"], isRim: true },
  { folder: "lsp", imports: toolParts, packages: ["*"], isRim: true },
  {
    folder: "compiler/cli",
    imports: toolParts,
    packages: ["commander", "picocolors"],
    isRim: true,
  },
  {
    folder: "runtime/cli",
    imports: runtimeParts,
    packages: ["cborg", "commander", "picocolors"],
    isRim: true,
  },
  { folder: "compiler", imports: ["grammar", "runtime/core"], packages: [] },
  { folder: "runtime/core", imports: [], packages: ["cborg", "@noble/hashes"] },
  { folder: "runtime", imports: runtimeParts, packages: ["cborg"] },
  { folder: "grammar", imports: [], packages: ["chevrotain"] },
  { folder: "native", imports: [], packages: [] },
  { folder: "bpf/filter", imports: ["bpf/asm", "bpf/btf", "runtime/core"], packages: [] },
  { folder: "bpf/programs", imports: ["bpf/asm", "bpf/btf"], packages: [] },
  { folder: "bpf/asm", imports: [], packages: [] },
  { folder: "bpf/btf", imports: [], packages: [] },
  { folder: "bpf/vm", imports: ["bpf/asm"], packages: [] },
];

/** Of `runtime`, these tools may see only the parts that need no machine. */
const toolRuntime = /^runtime\/(engine|events|ring|shadow|sources\/replay)\//;

const isIn = (path: string, folder: string) => path.startsWith(`${folder}/`);
const zoneOf = (path: string) => zones.find((z) => isIn(path, z.folder));

export const importArrows: TidyRule = (files) =>
  eachImport(files, (site) => {
    const zone = zoneOf(site.from);
    if (!zone) return undefined;
    if (site.target === undefined) return packageProblem(zone, site);
    const target = zoneOf(site.target);
    if (!target || target === zone) return undefined;
    const isAllowed = zone.imports.includes("*") || zone.imports.includes(target.folder);
    const seesMachine =
      (zone.folder === "compiler/cli" || zone.folder === "lsp") &&
      target.folder === "runtime" &&
      !toolRuntime.test(site.target);
    if (isAllowed && !seesMachine) return undefined;
    const allowed = zone.imports.join(", ") || "nothing else of this repository";
    return `${zone.folder} must not import ${site.target}; it may import ${allowed}`;
  });

function packageProblem(zone: Zone, site: ImportSite): string | undefined {
  const { specifier } = site;
  if (specifier.startsWith("#"))
    return zone.packages.includes("*")
      ? undefined
      : `\`${specifier}\` is no name of package.json, or its folder has no index.ts`;
  if (specifier.startsWith("node:") || zone.packages.includes("*")) return undefined;
  const name = specifier.startsWith("@")
    ? specifier.split("/").slice(0, 2).join("/")
    : (specifier.split("/")[0] ?? "");
  if (zone.packages.includes(name)) return undefined;
  const allowed = zone.packages.join(", ") || "none";
  return `${zone.folder} must not import the package ${name}; it may use ${allowed}`;
}

export const nothingImportsTheRim: TidyRule = (files) =>
  eachImport(files, (site) => {
    const zone = zoneOf(site.from);
    const target = site.target === undefined ? undefined : zoneOf(site.target);
    if (!target?.isRim || zone === target) return undefined;
    const mayTest = zone?.folder === "test" || zone?.folder === "bench";
    if (mayTest && target.folder !== "lsp") return undefined;
    return `nothing imports ${target.folder}; move what is shared (${site.target}) inwards`;
  });

/**
 * Outsiders see a folder's index only: a folder with an `index.ts` has a public face, and whoever
 * stands outside may not reach past it. Tests may, because they mirror the tree.
 */
export const publicFaces: TidyRule = (files) => {
  const paths = new Set(files.map((f) => f.path));
  return eachImport(files, (site) => {
    const { target, from, specifier } = site;
    if (target === undefined || target.includes(".gen.") || !zoneOf(from)) return undefined;
    if (isIn(from, "test") || isIn(from, "bench")) return undefined;
    const folder = foldersOf(target).find((f) => paths.has(`${f}/index.ts`) && !isIn(from, f));
    if (folder !== undefined && target !== `${folder}/index.ts`)
      return `${target} is inside ${folder}; import its public face ${folder}/index.ts`;
    const isNeighbour = houseOf(from) === houseOf(target) || isRimOf(from, target);
    if (specifier.startsWith("#") || isNeighbour) return undefined;
    return `${target} is in another house; import it by its # name of package.json`;
  });
};

/** A command line belongs to the house it serves and may look into it. */
const isRimOf = (from: string, target: string) =>
  houseOf(from) === `${houseOf(target)}/cli` && zoneOf(target)?.isRim !== true;

/** The folders above a file, from its house inwards. */
function foldersOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  const all = parts.map((_, i) => parts.slice(0, i + 1).join("/"));
  return all.filter((f) => f === houseOf(path) || isIn(f, houseOf(path)));
}

/** The zone, or in the runtime the part: `runtime/engine`, `runtime/sources/ebpf`. */
function houseOf(path: string): string {
  const zone = zoneOf(path)?.folder ?? "";
  if (zone !== "runtime") return zone;
  const folders = path.split("/").slice(0, -1);
  return folders.slice(0, isIn(path, "runtime/sources") ? 3 : 2).join("/");
}

function eachImport(
  files: readonly TreeFile[],
  judge: (site: ImportSite) => string | undefined,
): Violation[] {
  const subpaths = subpathsOf(files);
  return files
    .filter((f) => isTypeScript(f.path))
    .flatMap((file) => importsOf(file, subpaths))
    .flatMap((site) => {
      const problem = judge(site);
      return problem === undefined ? [] : [{ path: site.from, line: site.line, problem }];
    });
}
