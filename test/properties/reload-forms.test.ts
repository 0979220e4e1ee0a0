/**
 * Law P4 over windows, all-ofs and absences: what the plan says of two versions of a rule is what
 * comes of a reload. One that *drains* finds what began before as the old version says, and else
 * what the new one says that began to observe then; one that *migrates* finds what the new one
 * says, from the time on from which it lacks nothing, and says so of what is earlier.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { absencePairs, allPairs, type ReloadPair, windowPairs } from "../harness/law-reload.ts";
import {
  numbersFrom,
  problemOf,
  type Reloading,
  reloading,
  Seen,
} from "../harness/reload-agreement.ts";
import { lawSeed } from "../harness/seed.ts";
import { shuffled } from "../harness/unit-agreement.ts";

const runs = Number(process.env.TAPIO_LAW_RULES ?? 60);
const timeout = Math.max(120_000, runs * 500);

const moments = fc.array(
  fc.record({
    picks: fc.nat(),
    at: fc.integer({ min: 1, max: 20 }),
    restart: fc.option(fc.nat({ max: 12 }), { nil: undefined }),
  }),
  { minLength: 6, maxLength: 6 },
);

function expectLaw(pairs: fc.Arbitrary<ReloadPair>, name: string): Seen {
  const seen = new Seen();
  fc.assert(
    fc.property(pairs, moments, (pair, cases) => {
      const [before, after] = [pair.before, pair.after].map(pair.unitOf);
      if (!before || !after) throw new Error("no units");
      for (const [n, inOrder] of pair.traces(before).entries()) {
        const moment = cases[n];
        if (!moment) continue;
        const events = shuffled(inOrder.events, numbersFrom(moment.picks));
        const the = reloading(before, after, { ...inOrder, events }, moment);
        const problem = the && problemOf(the, pair.change !== undefined, seen);
        if (problem) throw new Error(story(pair, the, problem));
      }
    }),
    { numRuns: runs, seed: lawSeed(name) },
  );
  console.log(JSON.stringify([...seen.counts].sort()));
  return seen;
}

function story({ before, after }: ReloadPair, { trace, plan }: Reloading, problem: string): string {
  const { events, ...rest } = trace;
  const lines = events.map((e) => JSON.stringify([e.id, e.kind, e.ts, e.entity, e.fields]));
  return [before, after, JSON.stringify(plan), ...lines, JSON.stringify(rest), problem].join("\n");
}

/** There were real cases of each class, and findings on both sides of the reload. */
function expectCases(seen: Seen, each: readonly string[]): void {
  expect(seen.of("drain")).toBeGreaterThan(runs);
  expect(seen.of("overflowed")).toBeLessThan(runs / 10);
  const found = ["old after the reload", "new", "migrated findings"];
  for (const what of ["keep", "adapted", ...found, ...each])
    expect(seen.of(what), what).toBeGreaterThan(0);
}

describe("a reload", () => {
  test("of a window of any shape does what its class says", { timeout }, () => {
    const seen = expectLaw(windowPairs, "P4 windows");
    expectCases(seen, ["limited", "migrate: threshold of … N → N", "drain: step … changed"]);
  });

  test("of an all-of does what its class says", { timeout }, () => {
    const seen = expectLaw(allPairs, "P4 all of");
    expectCases(seen, ["limited", "migrate: … N → N", "drain: its steps changed"]);
  });

  test("of an absence does what its class says", { timeout }, () => {
    const seen = expectLaw(absencePairs, "P4 absence");
    expectCases(seen, ["drain: what counts as … changed", "drain: … N → N"]);
  });
});
