/**
 * The catalogue against the compiler: every `bad` program gives its code, every `good` one nothing
 * at all, every fix that is offered takes its diagnostic away, and no entry is dead.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { compile } from "#compiler";
import { catalog, type Diagnostic, type Entry, type Fix } from "#grammar";
import { stdFiles } from "../../grammar/std.gen.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const entries = Object.entries(catalog as unknown as Record<string, Entry<never>>);
const judged = entries.filter(([code, e]) => !code.startsWith("TAP1") && e.bad !== undefined);

/** Codes that one text alone cannot show, and where they are shown instead. */
const withoutProgram: Readonly<Record<string, string>> = {
  TAP1011: "a file of more than 4 MiB; test/grammar/limits.test.ts",
  TAP2006: "needs two modules; test/fixtures/diagnostics/not-public.tapio",
  TAP7001: "about files of bytes; test/runtime/core/bundle",
};

function diagnosticsOf(text: string): readonly Diagnostic[] {
  return compile([{ file: "a.tapio", text }], { std: stdFiles, version: "test" }).diagnostics;
}

function apply(text: string, fix: Fix): string {
  const edits = [...fix.edits].sort((a, b) => b.at.start - a.at.start);
  return edits.reduce((t, e) => t.slice(0, e.at.start) + e.newText + t.slice(e.at.end), text);
}

describe.each(judged)("%s", (code, entry) => {
  const bad = entry.bad ?? "";

  it("is given by its bad program, alone", () => {
    expect(diagnosticsOf(bad).map((d) => d.code)).toEqual([code]);
  });

  it("is not given by its good program, nor is anything else", () => {
    expect(diagnosticsOf(entry.good ?? "").map((d) => d.code)).toEqual([]);
  });

  it("speaks in one lower-case line and shows a way out", () => {
    for (const d of diagnosticsOf(bad)) {
      expect(d.message).toMatch(/^[a-z`]/);
      expect(d.message).not.toMatch(/[.\n]$|undefined|token|null|NaN|\[object/);
      expect(d.help).toBeTruthy();
      expect(d.severity).toBe(entry.severity);
    }
  });

  it("is taken away by each of its fixes", () => {
    for (const found of diagnosticsOf(bad)) {
      for (const fix of found.fixes) {
        const after = diagnosticsOf(apply(bad, fix));
        expect(
          after.map((d) => d.code),
          fix.title,
        ).not.toContain(code);
        if (fix.kind === "safe") expect(after, fix.title).toEqual([]);
      }
    }
  });
});

describe("no entry is dead", () => {
  const sources = ["grammar", "compiler", "runtime"].flatMap((folder) => filesIn(folder));
  const used = new Map<string, string>();
  for (const file of sources) {
    for (const [code] of readFileSync(join(root, file), "utf8").matchAll(/TAP[1-7]\d{3}/g))
      used.set(code, file);
  }

  it.each(entries.map(([code]) => code))("%s is reported somewhere", (code) => {
    expect(used.get(code)).toBeDefined();
  });

  it("every code that is reported has an entry", () => {
    expect([...used.keys()].filter((code) => !Object.hasOwn(catalog, code))).toEqual([]);
  });

  it("every entry has programs, or says where else it is shown", () => {
    const bare = entries.filter(([, e]) => e.bad === undefined).map(([code]) => code);
    expect(bare).toEqual(Object.keys(withoutProgram));
    for (const [code, e] of entries) expect(e.good === undefined, code).toBe(e.bad === undefined);
  });
});

/** Source files below `folder`, without the catalogue itself and what is generated. */
function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = `${folder}/${name}`;
    if (statSync(join(root, path)).isDirectory())
      return path.endsWith("diagnostics/catalog") ? [] : filesIn(path);
    return name.endsWith(".ts") && !name.includes(".gen.") ? [path] : [];
  });
}
