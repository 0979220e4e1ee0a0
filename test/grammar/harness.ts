/** What the grammar tests share: fixtures, parsing with diagnostics, and the fuzzing budget. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { CollectingSink, type Diagnostic, type Parsed, parse } from "#grammar";

const fixtureFolder = fileURLToPath(new URL("../fixtures/grammar", import.meta.url));

/** Runs per property: a few hundred by default, `TAPIO_FUZZ_RUNS` for the long run. */
export const FUZZ_RUNS = Number(process.env.TAPIO_FUZZ_RUNS ?? 300);

/** No single input of the random tests may take longer than this; a hang fails, not the suite. */
export const INPUT_MS_MAX = 2_000;

export interface Source {
  readonly name: string;
  readonly text: string;
}

/** All `.tapio` files of a folder. */
export function sourcesIn(folder: string): Source[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".tapio"))
    .sort()
    .map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
}

export const validSources = sourcesIn(fixtureFolder);
export const brokenSources = sourcesIn(join(fixtureFolder, "recovery"));

export interface Outcome extends Parsed {
  readonly diagnostics: readonly Diagnostic[];
}

/** Parses a text and fails when that takes unreasonably long. */
export function outcomeOf(text: string, msMax = INPUT_MS_MAX): Outcome {
  const sink = new CollectingSink();
  const start = performance.now();
  const parsed = parse(text, "test.tapio", sink);
  const ms = performance.now() - start;
  if (ms > msMax) throw new Error(`parsing ${text.length} characters took ${Math.round(ms)} ms`);
  return { ...parsed, diagnostics: sink.diagnostics };
}

export function codesOf(text: string): string[] {
  return outcomeOf(text).diagnostics.map((diagnostic) => diagnostic.code);
}

/** The abstract syntax without what white space may change. */
export function shapeOf(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, part) => (key === "span" || key === "id" ? undefined : part)),
  );
}

/** UTF-16 code units of any kind, lone surrogates and NUL included. */
export const anyText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0, max: 0xffff })), {
    maxLength: 200,
  })
  .map((units) => String.fromCharCode(...units));

const pieces = validSources.flatMap(({ text }) => text.match(/\w+|"[^"\n]*"|\s+|./gs) ?? []);

/** Tokens of real files in no order at all. */
export const tokenSoup = fc
  .array(fc.constantFrom(...pieces), { maxLength: 120 })
  .map((parts) => parts.join(""));

/** A real file after a few random cuts, copies and insertions. */
export const mutatedSource = fc
  .tuple(
    fc.constantFrom(...validSources, ...brokenSources),
    fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        remove: fc.integer({ min: 0, max: 40 }),
        insert: fc.oneof(fc.constant(""), fc.constantFrom(...pieces), anyText),
      }),
      { minLength: 1, maxLength: 6 },
    ),
  )
  .map(([source, edits]) =>
    edits.reduce((text, { at, remove, insert }) => {
      const start = Math.floor(at * text.length);
      return text.slice(0, start) + insert + text.slice(start + remove);
    }, source.text),
  );
