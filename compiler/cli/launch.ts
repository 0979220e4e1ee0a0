/**
 * Starts the program whose script lies beside this file under the same name, with the code that V8
 * made of it when it was built: a compiler that runs once would otherwise spend a quarter of its
 * time on parsing and compiling its own functions.
 *
 *     tapioc.js (this) ─► tapioc.cjs (the script) + tapioc.cache (its code, for this V8)
 *
 * V8 refuses code of another version or of other flags; then the script is compiled as usual. With
 * `TAPIO_CODE_CACHE=write` the code is written when the program ends.
 */
import "./v8-flags.ts";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire, Module } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";

const own = fileURLToPath(import.meta.url);
const path = own.replace(/\.m?js$/, ".cjs");
const cachePath = own.replace(/\.m?js$/, ".cache");

function readCache(): Buffer | undefined {
  try {
    return readFileSync(cachePath);
  } catch {
    // Without it everything works, a little later.
    return undefined;
  }
}

const cachedData = readCache();
const script = new Script(Module.wrap(readFileSync(path, "utf8")), {
  filename: path,
  ...(cachedData ? { cachedData } : {}),
});
if (process.env.TAPIO_CODE_CACHE === "write")
  process.on("exit", () => writeFileSync(cachePath, script.createCachedData()));
const module = { exports: {} };
script.runInThisContext()(module.exports, createRequire(path), module, path, dirname(path));
