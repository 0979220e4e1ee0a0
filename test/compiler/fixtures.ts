/**
 * What the compiler's fixture tests share: the small world of `fixtures/schema.tapio`, snapshots.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { type CompileResult, compile, type SourceText } from "#compiler";

const folder = fileURLToPath(new URL("../fixtures", import.meta.url));

export const schemaFile: SourceText = {
  file: "schema.tapio",
  text: readFileSync(join(folder, "schema.tapio"), "utf8"),
};

export interface Fixture {
  readonly name: string;
  readonly files: readonly SourceText[];
}

/** The `.tapio` files of a fixture folder; `//// name` begins another file in the same text. */
export function fixturesIn(area: string): Fixture[] {
  return readdirSync(join(folder, area))
    .filter((f) => f.endsWith(".tapio"))
    .sort()
    .map((f) => {
      const text = readFileSync(join(folder, area, f), "utf8");
      return { name: f.slice(0, -".tapio".length), files: partsOf(f, text) };
    });
}

function partsOf(file: string, text: string): SourceText[] {
  if (!text.startsWith("//// ")) return [{ file, text }];
  const parts = text.split(/^\/\/\/\/ (.*)\n/m).slice(1);
  return parts.flatMap((name, i) =>
    i % 2 === 0 ? [{ file: name, text: parts[i + 1] ?? "" }] : [],
  );
}

export function compileFixture(files: readonly SourceText[]): CompileResult {
  return compile([schemaFile, ...files], { std: [], version: "test" });
}

/** Compares with the file beside the fixture; `UPDATE=1` writes it. */
export function matchBeside(area: string, name: string, actual: string): void {
  const path = join(folder, area, name);
  if (process.env.UPDATE === "1") writeFileSync(path, actual);
  expect(existsSync(path), `${path} is missing; run with UPDATE=1 and read it`).toBe(true);
  expect(actual).toBe(readFileSync(path, "utf8"));
}

/** Snapshot files that belong to no fixture. */
export function strayBeside(area: string, ending: string, names: readonly string[]): string[] {
  const wanted = names.map((n) => `${n}${ending}`);
  return readdirSync(join(folder, area)).filter((f) => f.endsWith(ending) && !wanted.includes(f));
}
