/** Files are written as a whole, and what is there keeps what it is. */
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeWhole } from "../../../compiler/cli/write-whole.ts";
import { ensureBuilt, root } from "../../harness/programs.ts";

const folder = mkdtempSync(join(tmpdir(), "tapioc-write-"));
beforeAll(() => ensureBuilt());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("folders on the way are made", () => {
  const path = join(folder, "a/b/c");
  writeWhole(path, "new");
  expect(readFileSync(path, "utf8")).toBe("new");
});

test("a file keeps its rights, and a link stays one", () => {
  const path = join(folder, "secret");
  const link = join(folder, "link");
  writeFileSync(path, "old");
  chmodSync(path, 0o640);
  symlinkSync("secret", link);
  writeWhole(link, "new");
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readFileSync(path, "utf8")).toBe("new");
  expect(statSync(path).mode & 0o777).toBe(0o640);
});

test("what is no regular file is written to, not replaced", async () => {
  const path = join(folder, "pipe");
  expect(spawnSync("mkfifo", [path]).status).toBe(0);
  const reader = spawn("cat", [path]);
  writeWhole(path, "through");
  expect(await text(reader.stdout)).toBe("through");
  expect(statSync(path).isFIFO()).toBe(true);
});

test("a write that fails half way leaves nothing behind, and the old file", () => {
  const own = join(folder, "full");
  const path = join(own, "rules.tapiob");
  writeWhole(path, "old");
  // Files of 8 KiB at most: the bundle is larger.
  const compile = `ulimit -f 8; exec "${process.execPath}" dist/tapioc.js compile rules -o "${path}"`;
  const { status, stderr } = spawnSync("bash", ["-c", compile], { cwd: root, encoding: "utf8" });
  expect([status, stderr.includes(`cannot write ${path}`)]).toEqual([3, true]);
  expect(readdirSync(own)).toEqual(["rules.tapiob"]);
  expect(readFileSync(path, "utf8")).toBe("old");
});
