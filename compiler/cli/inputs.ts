/** Finding and reading `.tapio` files; the only place of the compiler that reads the disk. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import type { SourceText } from "#compiler";
import { decodeBundle, fileProblem, UsageError } from "#core";

/** Larger files are not even read; the parser's own limit is lower. */
const readMaxBytes = 64 << 20;
const filesMax = 10_000;

export interface InputFile extends SourceText {
  /** The name in bundles: relative to the folder all inputs share, with `/` between parts. */
  readonly name: string;
}

/** The files below `paths`, sorted. Throws `UsageError` when one cannot be read. */
export function readInputs(paths: readonly string[]): InputFile[] {
  if (paths.length === 0) throw new UsageError("no files given", "name .tapio files or folders");
  // The same file may be named in several ways, such as `a.tapio` and its folder.
  const found = new Map(paths.flatMap((p) => expand(p)).map((file) => [resolve(file), file]));
  const files = [...found.values()].sort();
  if (files.length === 0) {
    throw new UsageError(
      `no .tapio files in ${paths.join(", ")}`,
      "name a folder that holds .tapio files",
    );
  }
  if (files.length > filesMax)
    throw new UsageError(`more than ${filesMax} files`, "name fewer folders");
  const root = commonFolder(files);
  return files.map((file) => ({
    file,
    name: relative(root, resolve(file)).split(sep).join("/"),
    text: readText(file),
  }));
}

function expand(path: string): string[] {
  const info = stat(path);
  if (!info.isDirectory()) return [path];
  return entriesOf(path).flatMap((entry) => {
    if (entry.name.startsWith(".") || entry.name === "node_modules") return [];
    const inner = join(path, entry.name);
    if (entry.isDirectory()) return expand(inner);
    return entry.isFile() && entry.name.endsWith(".tapio") ? [inner] : [];
  });
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw new UsageError(
      `cannot read ${folder}: ${fileProblem(error)}`,
      "check the folder's permissions",
    );
  }
}

function stat(path: string) {
  try {
    return statSync(path);
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${fileProblem(error)}`, "check the path");
  }
}

function readText(file: string): string {
  const { size } = stat(file);
  if (size > readMaxBytes) {
    throw new UsageError(
      `${file} has ${size} bytes; at most ${readMaxBytes} are read`,
      "split the file",
    );
  }
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new UsageError(
      `cannot read ${file}: ${fileProblem(error)}`,
      "check the file's permissions",
    );
  }
  if (!file.endsWith(".tapio") && decodeBundle(bytes).ok)
    throw new UsageError(`${file} is a bundle, not rules`, "name the .tapio files it was made of");
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/**
 * The text of a list or a recording that the source file `from` names; undefined when it cannot be
 * read, which is said where it is named.
 */
export function readBeside(file: string, from: string): string | undefined {
  const path = resolve(dirname(from), file);
  try {
    return statSync(path).size > readMaxBytes ? undefined : readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function commonFolder(files: readonly string[]): string {
  const folders = files.map((f) => dirname(resolve(f)).split(sep));
  const first = folders[0] ?? [];
  const length = first.findIndex((part, i) => folders.some((f) => f[i] !== part));
  return first.slice(0, length < 0 ? first.length : length).join(sep) || sep;
}
