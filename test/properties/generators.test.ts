/**
 * The generators of the laws make what they are for: each clause and each circumstance comes often
 * enough that a law says something about it.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allCase } from "../harness/law-all.ts";
import { eagerUnit } from "../harness/law-eager.ts";
import { formsStory, formsUnit } from "../harness/law-forms.ts";
import { lawRule, lawTrace } from "../harness/law-rules.ts";
import { sequenceCase } from "../harness/law-sequences.ts";
import { windowsStory, windowsUnit } from "../harness/law-windows.ts";

const cases = 600;
const rarely = cases / 100;
const sampled = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.sample(arbitrary, { numRuns: cases, seed: 7 });

describe("rules", () => {
  const common = [/ where /, /suppress /];
  test.each<[string, readonly string[], readonly RegExp[]]>([
    [
      "sequences",
      sampled(sequenceCase(1)).map((c) => c.text),
      [
        ...common,
        / where .*\bp\.x/,
        /without .* where /,
        /then no .* for /,
        /until u: .* where /,
        /optional /,
        / repeat .* keep /,
        /within \dus q|within \dus optional/,
        /after /,
        /next /,
        /strict/,
        /slack /,
        /select each/,
        /select widest/,
        /skip none/,
        /skip to /,
        /emit close/,
        /on loss /,
        /on idle /,
        /resolve on .* where /,
        /resolve after /,
        /evict oldest/,
      ],
    ],
    [
      "all-of",
      sampled(allCase(1)).map((c) => c.text),
      [
        ...common,
        / where .*\bp\.x/,
        /match any/,
        /match 2/,
        /until u: \S+( \| \S+)?$/m,
        /until u: .* where u\.x .. ?\d/,
        /until u: .* where .*\b[pqr]\b/,
        /slack /,
        /select each/,
        /select widest/,
        /skip none/,
        /skip to /,
        /evict oldest/,
      ],
    ],
    [
      "other forms",
      sampled(formsUnit),
      [
        ...common,
        /until u: /,
        /until u: .*\bp\./,
        /match any/,
        /match absent .* for each pod/,
        /for each pod where/,
        /on loss /,
        /on idle /,
        /rate /,
        /except /,
        /resolve on .* where /,
        /subsumes /,
        /related\(/,
      ],
    ],
    [
      "windows",
      sampled(windowsUnit),
      [
        ...common,
        /sliding/,
        /tumbling/,
        /hop/,
        /session/,
        /resolution/,
        /emit close/,
        /on loss /,
        /on idle /,
        /rate /,
        /except /,
        /resolve on .* where /,
      ],
    ],
    ["rules", sampled(lawRule), [/ where /, /without /, /until /, /repeat /, /sliding/]],
    ["findings told early", sampled(eagerUnit), [/ where /, /suppress /, /resolve /, /rate /]],
  ])("of %s", (_, texts, clauses) => {
    const rare = clauses.filter((c) => texts.filter((text) => c.test(text)).length < rarely);
    expect(rare).toEqual([]);
  });
});

describe("circumstances", () => {
  test.each<[string, readonly object[]]>([
    ["sequences", sampled(sequenceCase(1)).flatMap((c) => c.traces)],
    ["other forms", sampled(formsStory).map((s) => s.besides)],
    ["windows", sampled(windowsStory)],
  ])("of %s", (_, stories) => {
    const has = (x: unknown) => (Array.isArray(x) ? x.length > 0 : x !== undefined);
    const names = [...new Set(stories.flatMap((s) => Object.keys(s)))];
    const often = (name: string) =>
      stories.filter((s) => has((s as Record<string, unknown>)[name])).length >= rarely;
    expect(names.filter((name) => !often(name))).toEqual([]);
  });

  test("of rules", () => {
    const ops = sampled(lawTrace).flat();
    const isAbsent = (name: string) =>
      ops.filter((op) => op.op === "event" && (op as Record<string, unknown>)[name] === undefined);
    for (const name of ["entity", "x", "y", "s", "b"])
      expect(isAbsent(name).length, name).toBeGreaterThan(ops.length / 50);
    expect(ops.filter((op) => op.op === "progress").length).toBeGreaterThan(ops.length / 50);
  });
});
