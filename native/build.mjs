/**
 * Builds the addon by calling the C++ compiler directly: no node-gyp, no Python, no network.
 *
 * N-API keeps its ABI across Node releases, so one compiled file serves them all; the stamp still
 * records the module ABI, because headers and library travel together. A build that is up to date
 * costs one hash of a few files (about 2 ms). The library is written beside its final name and
 * renamed, so a process that has the old one mapped is not disturbed.
 *
 * As a script: exit code 0 when built or up to date, 3 when this machine cannot build it.
 */
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const NATIVE = dirname(fileURLToPath(import.meta.url));
const SOURCES = join(NATIVE, "src");
const OUTPUT = join(NATIVE, "build");
const LIBRARY = "tapio_native.node";
const COMPILE_FLAGS = [
  "-std=c++17",
  "-O2",
  "-fPIC",
  "-fvisibility=hidden",
  "-fno-exceptions",
  "-fstack-protector-strong",
  "-Wall",
  "-Wextra",
  "-DNAPI_VERSION=8",
  "-DNODE_ADDON_API_DISABLE_CPP_EXCEPTIONS",
  "-DNODE_GYP_MODULE_NAME=tapio_native",
  "-DBUILDING_NODE_EXTENSION",
];
const LINK_FLAGS = ["-shared", "-Wl,-z,relro,-z,now"];

const run = promisify(execFile);

/**
 * Builds `native/build/tapio_native.node` when sources, flags, headers or Node's ABI changed.
 *
 * @param {{ compiler?: string }} [options] `compiler`: defaults to `$CXX`, then `g++`.
 * @returns {Promise<{ status: "built" | "upToDate" | "unavailable", reason?: string, help?: string,
 *   output?: string }>} `output`: what the compiler said, when it failed.
 */
export async function buildNative(options = {}) {
  if (process.platform !== "linux") {
    return unavailable(
      `the addon is for Linux, this is ${process.platform}`,
      "Run tapio on a Linux host.",
    );
  }
  const compiler = options.compiler ?? process.env.CXX ?? "g++";
  const stamp = sourceStamp(compiler);
  if (isUpToDate(stamp)) return { status: "upToDate" };

  if (!canRun(compiler)) {
    return unavailable(
      `the C++ compiler \`${compiler}\` was not found`,
      "Install it (Debian: `apt-get install g++`; Fedora: `dnf install gcc-c++`), or set CXX.",
    );
  }
  const nodeHeaders = findNodeHeaders();
  if (nodeHeaders === undefined) {
    return unavailable(
      `Node's C headers (node_api.h) were not found beside ${process.execPath}`,
      "Install them (Debian: `apt-get install libnode-dev`), or set npm_config_nodedir.",
    );
  }
  const addonApi = findAddonApi();
  if (addonApi === undefined) {
    return unavailable("the npm package node-addon-api is missing", "Run `npm install`.");
  }
  return compile(compiler, [`-I${nodeHeaders}`, `-I${addonApi}`], stamp);
}

async function compile(compiler, includes, stamp) {
  mkdirSync(OUTPUT, { recursive: true });
  const suffix = `.${process.pid}.tmp`;
  const library = join(OUTPUT, LIBRARY);
  const sources = readdirSync(SOURCES).filter((name) => name.endsWith(".cc"));
  const objects = sources.map((name) => join(OUTPUT, `${name}${suffix}.o`));
  try {
    await inParallel(sources, (name, i) =>
      run(compiler, [...COMPILE_FLAGS, ...includes, "-c", join(SOURCES, name), "-o", objects[i]]),
    );
    await run(compiler, [...LINK_FLAGS, ...objects, "-o", library + suffix]);
    renameSync(library + suffix, library);
    writeFileSync(stampFile(), stamp);
    return { status: "built" };
  } catch (error) {
    const lines = String(error.stderr ?? error.message).split("\n");
    const first = lines.find((line) => /error:/.test(line)) ?? lines[0];
    const help = "Run `node native/build.mjs` to see the compiler's whole output.";
    return {
      ...unavailable(`compiling the addon failed: ${first}`, help),
      output: lines.join("\n"),
    };
  } finally {
    for (const file of [...objects, library + suffix]) rmSync(file, { force: true });
  }
}

/**
 * Runs `work` over `items`, at most one per core: each compiler takes about 200 MB. After a failure
 * it still waits for what is running, so that nothing writes a file after the clean-up.
 */
async function inParallel(items, work) {
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const i = next++;
      await work(items[i], i);
    }
  };
  const lanes = Array.from({ length: Math.min(availableParallelism(), items.length) }, lane);
  const failed = (await Promise.allSettled(lanes)).find((lane) => lane.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

const stampFile = () => join(OUTPUT, "stamp");

function sourceStamp(compiler) {
  const hash = createHash("sha256");
  hash.update(
    JSON.stringify([compiler, COMPILE_FLAGS, LINK_FLAGS, process.arch, process.versions.modules]),
  );
  for (const name of readdirSync(SOURCES).sort())
    hash.update(name).update(readFileSync(join(SOURCES, name)));
  return hash.digest("hex");
}

function isUpToDate(stamp) {
  if (!existsSync(join(OUTPUT, LIBRARY)) || !existsSync(stampFile())) return false;
  return readFileSync(stampFile(), "utf8") === stamp;
}

function canRun(compiler) {
  try {
    execFileSync(compiler, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function findNodeHeaders() {
  const prefix = resolve(dirname(process.execPath), "..");
  const configured = process.env.npm_config_nodedir;
  const prefixes = [...(configured ? [configured] : []), prefix, "/usr", "/usr/local"];
  return prefixes
    .flatMap((root) => [join(root, "include", "node"), join(root, "src")])
    .find((folder) => existsSync(join(folder, "node_api.h")));
}

function findAddonApi() {
  for (let folder = NATIVE; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", "node-addon-api");
    if (existsSync(join(candidate, "napi.h"))) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

const unavailable = (reason, help) => ({ status: "unavailable", reason, help });

if (
  process.argv[1] !== undefined &&
  import.meta.url === pathToFileURL(resolve(process.argv[1])).href
) {
  const result = await buildNative();
  process.stdout.write(`native addon: ${result.status}\n`);
  if (result.status === "unavailable") {
    process.stderr.write(`${result.output ?? result.reason}\n${result.help}\n`);
    process.exitCode = 3;
  }
}
