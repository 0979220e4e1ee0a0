/**
 * Any text at all: the compiler answers with diagnostics that have places in the text, never with
 * an exception, and what has no errors can be emitted, bundled and tested.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { bundleBody, compile, encodeBundle } from "#compiler";
import { explainRules, stages } from "../../compiler/cli/explain.ts";
import { runTests } from "../../compiler/cli/test/run.ts";
import { lawRule, lawSchema } from "../harness/law-rules.ts";
import { fixturesIn, schemaFile } from "./fixtures.ts";

const runs = Number(process.env.TAPIO_FUZZ_RUNS ?? 150);
const sources = ["diagnostics", "ir", "run"]
  .flatMap((area) => fixturesIn(area))
  .flatMap((f) => f.files.map((x) => x.text))
  .filter((text) => text.length < 6000 && !text.includes("f24"));
const pieces = sources.flatMap((text) => text.match(/\w+|"[^"\n]*"|\s+|./gs) ?? []);
/** Whole clauses, so that programs stay near the grammar. */
const lines = sources.flatMap((text) => text.split("\n")).filter((l) => l.trim() !== "");

const mutated = fc
  .tuple(
    fc.constantFrom(...sources),
    fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        remove: fc.integer({ min: 0, max: 12 }),
        insert: fc.oneof(fc.constant(""), fc.constantFrom(...pieces)),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([source, edits]) =>
    edits.reduce((text, { at, remove, insert }) => {
      const start = Math.floor(at * text.length);
      return text.slice(0, start) + insert + text.slice(start + remove);
    }, source),
  );

/** A line is replaced by, or doubled with, a line of another program. */
const spliced = fc
  .tuple(
    fc.constantFrom(...sources),
    fc.array(fc.tuple(fc.nat(), fc.constantFrom(...lines), fc.boolean()), {
      minLength: 1,
      maxLength: 5,
    }),
  )
  .map(([source, edits]) => {
    const out = source.split("\n");
    for (const [at, line, isReplacing] of edits)
      out.splice(at % out.length, isReplacing ? 1 : 0, line);
    return out.join("\n");
  });

function check(text: string): void {
  const files = [schemaFile, { file: "r.tapio", text }];
  const texts = new Map(files.map((f) => [f.file, f.text.length]));
  const started = performance.now();
  const result = compile(files, { std: [], version: "test" });
  for (const d of result.diagnostics) {
    for (const at of [
      d.at,
      ...d.labels.map((l) => l.at),
      ...d.fixes.flatMap((f) => f.edits.map((e) => e.at)),
    ]) {
      const length = texts.get(at.file) ?? -1;
      expect(at.start >= 0 && at.start <= at.end && at.end <= length, d.message).toBe(true);
    }
    expect(d.message).not.toMatch(/undefined|NaN|\[object/);
    expect(d.help, d.message).toBeTruthy();
  }
  if (!result.hasErrors) {
    encodeBundle(bundleBody(result, files, "test"));
    for (const stage of stages) explainRules(result, stage, undefined);
    for (const { failures } of runTests(result))
      for (const f of failures) expect(f.message).not.toContain("disagree");
  }
  expect(performance.now() - started).toBeLessThan(10_000);
}

test("programs with small changes", () => {
  fc.assert(fc.property(mutated, check), { numRuns: runs });
});

test("programs with clauses of others", () => {
  fc.assert(fc.property(spliced, check), { numRuns: runs });
});

test("rules of the law with small changes", () => {
  const change = fc.tuple(lawRule, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(6));
  const property = fc.property(change, ([text, at, remove]) => {
    const start = Math.floor(at * text.length);
    const changed = text.slice(0, start) + text.slice(start + remove);
    const files = [
      { file: "schema.tapio", text: lawSchema },
      { file: "rules.tapio", text: changed },
    ];
    const result = compile(files, { std: [], version: "test" });
    if (!result.hasErrors) bundleBody(result, files, "test");
  });
  fc.assert(property, { numRuns: runs });
});
