/** `npm run bench [name…]`: bundles each bench file, runs it in a fresh process, keeps its numbers. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildLaunched, buildModule } from "../build.mjs";

const folder = fileURLToPath(new URL(".", import.meta.url));
const root = join(folder, "..");
const wanted = process.argv.slice(2);
const names = readdirSync(folder)
  .filter((n) => n.endsWith(".bench.ts"))
  .map((n) => n.slice(0, -9));
mkdirSync(join(folder, "results"), { recursive: true });

for (const name of names.filter((n) => wanted.length === 0 || wanted.includes(n))) {
  const outfile = join(root, "dist/bench", `${name}.mjs`);
  await buildModule(`bench/${name}.bench.ts`, `dist/bench/${name}.mjs`);
  if (existsSync(join(folder, `${name}-cold.ts`)))
    await buildLaunched(`bench/${name}-cold.ts`, `dist/bench/${name}-cold.js`, ["warm-up"]);
  const done = spawnSync(process.execPath, ["--expose-gc", outfile], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (done.status !== 0) process.exit(1);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const machine = `${cpus()[0]?.model ?? "unknown CPU"}, ${cpus().length} cores, kernel ${release()}, node ${process.version}`;
  const text = `command: npm run bench ${name}\nmachine: ${machine}\ntapio: ${version}\n\n${done.stdout}`;
  writeFileSync(join(folder, "results", `${name}.txt`), text);
  process.stdout.write(text);
}
