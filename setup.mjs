/**
 * Makes a bare clone ready: dependencies, native addon, generated files and bundles. Does only what
 * is missing or out of date, and says what it could not do. Plain JavaScript without dependencies,
 * because it runs before there are any.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL(".", import.meta.url));
const isQuiet = process.argv.includes("--quiet");
const log = (text) => isQuiet || process.stderr.write(`${text}\n`);

checkNode();
installDependencies();
await buildAddon();
buildPrograms();

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  process.stderr.write(`tapio needs Node 20.19 or newer; this is ${process.version}\n`);
  process.exit(4);
}

function installDependencies() {
  const stamp = join(root, "node_modules/.tapio-lock");
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  log("setup: installing dependencies (npm ci)");
  const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (npm.status !== 0) {
    process.stderr.write(
      "setup: npm ci failed; tapio needs the npm registry once, for its dependencies\n",
    );
    process.exit(4);
  }
  writeFileSync(stamp, lock);
}

/** Without the addon only live kernel events are missing, so a failure here is said and not fatal. */
async function buildAddon() {
  if (process.platform !== "linux") return;
  const { buildNative } = await import("./native/build.mjs");
  let result = await buildNative();
  if (result.status === "unavailable" && canInstallCompiler()) {
    log("setup: installing g++ for the native addon (apt-get)");
    installCompiler();
    result = await buildNative();
  }
  if (result.status === "built") log("setup: built the native addon");
  if (result.status === "unavailable") {
    log(
      `setup: without the native addon (live kernel events): ${result.reason}\n  help: ${result.help ?? "see above"}`,
    );
  }
}

function canInstallCompiler() {
  const has = (tool) => spawnSync("sh", ["-c", `command -v ${tool}`]).status === 0;
  return process.getuid?.() === 0 && has("apt-get") && !has("g++");
}

function installCompiler() {
  const options = {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  };
  spawnSync("apt-get", ["update", "-qq"], options);
  spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "g++"], options);
}

function buildPrograms() {
  const digest = createHash("sha256");
  for (const file of sources(root)) digest.update(file).update(readFileSync(file));
  const hash = digest.digest("hex");
  const stamp = join(root, "dist/.stamp");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return;
  log("setup: building tapioc and tapio");
  mkdirSync(join(root, "dist"), { recursive: true });
  execFileSync(process.execPath, [join(root, "build.mjs")], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  writeFileSync(stamp, hash);
}

function sources(folder) {
  const out = [
    join(root, "build.mjs"),
    join(root, "package-lock.json"),
    join(root, "package.json"),
  ];
  const visit = (path) => {
    for (const entry of readdirSync(path).sort()) {
      const inner = join(path, entry);
      if (statSync(inner).isDirectory()) visit(inner);
      else if (entry.endsWith(".ts")) out.push(inner);
    }
  };
  for (const name of ["grammar", "compiler", "runtime", "bpf"]) visit(join(folder, name));
  visitNative(folder, out);
  return out;
}

function visitNative(folder, out) {
  for (const entry of readdirSync(join(folder, "native")).sort()) {
    if (entry.endsWith(".ts")) out.push(join(folder, "native", entry));
  }
}
