/**
 * Law P8: what `emit eager` tells, confirms and retracts sums to what is final, whatever the order
 * of arrival; and of each finding every revision is told once, in order.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Finding } from "#core";
import { formsStory, formsUnitOf, traceOf } from "../harness/law-forms.ts";
import { lawSeed } from "../harness/seed.ts";
import { disagreement, runEngine, shuffled } from "../harness/unit-agreement.ts";

const runs = Number(process.env.TAPIO_LAW_RULES ?? 150);
const timeout = Math.max(120_000, runs * 400);

const where = (n: string) =>
  fc.constantFrom("", "", ` where ${n}.x >= 1`, ` where ${n}.x == 1`, ` where has ${n}.x`);
const kind = fc.constantFrom("t.a", "t.b", "log.made");
const step = (n: string) => fc.tuple(kind, where(n)).map(([k, w]) => `${n}: ${k}${w}`);

const pattern = fc.oneof(
  fc
    .tuple(step("p"), step("q"), fc.constantFrom("", "within 1s ", "after 1s..3s "))
    .map(([p, q, gap]) => `match sequence by k within 4s { ${p}\n then ${gap}${q} }`),
  fc
    .tuple(step("p"), fc.constantFrom("1..", "2.."), step("q"))
    .map(([p, n, q]) => `match sequence by k within 5s { ${p} repeat ${n}\n then ${q} }`),
  fc.tuple(step("p"), step("q")).map(([p, q]) => `match all of by k within 3s { ${p}\n ${q} }`),
  step("p").map((p) => `match over ${p} sliding 3s by k having count() >= 2`),
  step("p").map((p) => `match ${p}`),
);
const after = fc.constantFrom(
  "",
  "suppress 2s",
  "rate 1 per 3s",
  "resolve after 2s quiet",
  'except "x" when p.x == 2',
);

const unit = fc.tuple(pattern, after).map(
  ([p, more]) => `module eager.rules
import forms.schema
derive log.made from e: t.a | t.d where e.k == 1 set { x: e.x k: e.k }
rule r { ${p}
  emit eager
  ${more}
  explain { root p summary "{count(p)} {p.x ?? 9}" } }
rule top { match f: finding.r
  explain { root f summary "{f.summary}" } }
`,
);

describe("emit eager", () => {
  test("sums to what is final", { timeout }, () => {
    const counts = { provisional: 0, confirmed: 0, retracted: 0 };
    const stories = fc.array(fc.tuple(formsStory, fc.infiniteStream(fc.nat())), {
      minLength: 5,
      maxLength: 5,
    });
    fc.assert(
      fc.property(unit, stories, (text, told) => {
        const compiled = formsUnitOf(text);
        for (const [story, picks] of told) {
          const trace = traceOf(compiled.schema, story);
          const events = shuffled(trace.events, picks);
          const arrived = { ...trace, events, sources: [] };
          const difference = disagreement(compiled, arrived, { hurry: picks });
          if (difference) throw new Error(`${text}\n${JSON.stringify(events)}\n${difference}`);
          const run = runEngine(compiled, arrived, { hurry: picks });
          for (const revisions of byId(run.told).values()) checkRevisions(revisions);
          counts.provisional += run.engine.counters.provisional;
          counts.retracted += run.engine.counters.retracted;
          counts.confirmed += confirmed(run.told);
        }
      }),
      {
        numRuns: runs,
        seed: lawSeed("P8"),
      },
    );
    console.log(JSON.stringify(counts));
    expect(counts.confirmed).toBeGreaterThan(runs / 5);
    expect(counts.retracted).toBeGreaterThan(0);
    expect(counts.provisional).toBe(counts.confirmed + counts.retracted);
  });
});

function byId(told: readonly Finding[]): Map<string, Finding[]> {
  const out = new Map<string, Finding[]>();
  for (const f of told) out.set(f.id, [...(out.get(f.id) ?? []), f]);
  return out;
}

function checkRevisions(revisions: readonly Finding[]): void {
  expect(revisions.map((f) => f.revision)).toEqual([...revisions.keys()]);
  expect(revisions.slice(0, -1).every((f) => f.state !== "retracted")).toBe(true);
  expect(revisions.slice(1).every((f) => f.state === "retracted" || !f.isProvisional)).toBe(true);
}

/** Provisional findings that were told again as proven. */
function confirmed(told: readonly Finding[]): number {
  return [...byId(told).values()].filter(
    ([first, ...rest]) => first?.isProvisional && rest.some((f) => !f.isProvisional),
  ).length;
}
