/**
 * `npm run gen`: writes every generated file from its source; with `--check`, only says which ones
 * are out of date (exit code 1).
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { compile, type SourceText } from "#compiler";
import { CollectingSink, parse, type SourceFile } from "#grammar";
import { buildSchema } from "../schema/build-schema.ts";
import { emitEventConstants } from "../schema/emit/event-constants.ts";
import {
  type DerivedKind,
  emitCodePages,
  emitEventPage,
  emitFunctionPage,
} from "../schema/emit/reference.ts";
import { emitStdText } from "../schema/emit/std-text.ts";

/** Every generated file under `root` and its text. */
export function generateAll(root: string): Map<string, string> {
  const stdDir = join(root, "rules/std");
  // The schema comes first: its kinds have the lowest ids.
  const names = readdirSync(stdDir)
    .filter((n) => n.endsWith(".tapio"))
    .sort(
      (a, b) => Number(b === "schema.tapio") - Number(a === "schema.tapio") || (a < b ? -1 : 1),
    );
  const files = names.map((n) => ({
    file: `std/${n}`,
    text: readFileSync(join(stdDir, n), "utf8"),
  }));
  const sink = new CollectingSink();
  const parsed = files.map((f) => parse(f.text, f.file, sink).ast);
  const info = buildSchema(parsed, sink);
  const first = sink.diagnostics[0];
  if (first) throw new Error(`rules/std: ${first.at.file}: ${first.message}`);
  const out = new Map<string, string>();
  out.set("runtime/events/event.gen.ts", emitEventConstants(info.schema));
  out.set("grammar/std.gen.ts", emitStdText(files));
  out.set("grammar/reference/events.md", emitEventPage(info, derivedKinds(files, parsed)));
  out.set("grammar/reference/functions.md", emitFunctionPage());
  for (const [name, text] of emitCodePages()) out.set(`grammar/reference/codes/${name}`, text);
  return out;
}

/** What the standard library derives; the types of its fields are what the compiler finds. */
function derivedKinds(std: readonly SourceText[], parsed: readonly SourceFile[]): DerivedKind[] {
  const { unit } = compile([], { std, version: "gen" });
  const decls = parsed.flatMap((f) => f.decls.filter((d) => d.kind === "deriveDecl"));
  return unit.schema.kinds
    .filter((kind) => kind.made === "derived")
    .map((kind) => ({ kind, doc: decls.find((d) => d.name.text === kind.name)?.doc }));
}

/** Paths whose content differs from what would be generated, and pages nothing generates now. */
export function staleFiles(root: string, generated: ReadonlyMap<string, string>): string[] {
  const stale = [...generated].filter(([path, text]) => {
    const file = join(root, path);
    return !existsSync(file) || readFileSync(file, "utf8") !== text;
  });
  return [...stale.map(([path]) => path), ...orphans(root, generated)];
}

function orphans(root: string, generated: ReadonlyMap<string, string>): string[] {
  const dir = "grammar/reference/codes";
  if (!existsSync(join(root, dir))) return [];
  return readdirSync(join(root, dir))
    .map((n) => `${dir}/${n}`)
    .filter((p) => !generated.has(p));
}

export function runGen(root: string, isCheck: boolean): number {
  const generated = generateAll(root);
  const stale = staleFiles(root, generated);
  if (isCheck) {
    for (const path of stale) process.stderr.write(`out of date: ${path} (run \`npm run gen\`)\n`);
    return stale.length > 0 ? 1 : 0;
  }
  for (const path of stale) {
    const text = generated.get(path);
    if (text === undefined) rmSync(join(root, path));
    else {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    process.stdout.write(`wrote ${path}\n`);
  }
  return 0;
}
