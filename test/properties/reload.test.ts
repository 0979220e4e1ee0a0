/**
 * Law P4: a reload that *keeps* a rule is invisible but for what the new texts say, whatever else
 * of the unit changes; one that *drains* it loses nothing: what began before is found as the old
 * version says, what begins after it as the new one says, and nothing else is found.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  allStepsOf,
  type CoreRule,
  type CoreUnit,
  type EventData,
  type Finding,
  fullName,
  judge,
  reachOf,
  spanOf,
  type Trace,
  valued,
} from "#core";
import { written } from "../harness/in-the-end.ts";
import { eagerUnit } from "../harness/law-eager.ts";
import { formsStory, formsUnit, formsUnitOf, traceOf } from "../harness/law-forms.ts";
import { adaptablePair, compileCase, sequencePair, traceFrom } from "../harness/law-sequences.ts";
import { windowsStory, windowsTrace, windowsUnit, windowsUnitOf } from "../harness/law-windows.ts";
import { lawSeed } from "../harness/seed.ts";
import { runEngine, shuffled } from "../harness/unit-agreement.ts";

const runs = Number(process.env.TAPIO_LAW_RULES ?? 60);
const timeout = Math.max(120_000, runs * 500);

const stories = fc.array(
  fc.record({
    story: formsStory,
    picks: fc.array(fc.nat(), { minLength: 200, maxLength: 200 }),
    at: fc.uniqueArray(fc.nat({ max: 11 }), { minLength: 1, maxLength: 3 }),
    restarts: fc.uniqueArray(fc.nat({ max: 12 }), { maxLength: 2 }),
    isInFront: fc.boolean(),
  }),
  { minLength: 6, maxLength: 6 },
);

/** The same rules with other texts, among other rules, kinds and derived events. */
function retold(text: string, n: number, isInFront: boolean): string {
  const more = `rule more${n} { match z: t.more${n} | log.more explain { root z summary "none" } }\n`;
  const said = text.replaceAll('summary "', `summary "retold ${n} `).replace(
    "derive log.base",
    `event t.more${n} from coarse { z: int }
param unused: int = ${n} range 0 .. 9
derive log.more from e: t.d where e.k > 7 set { x: e.x }
${isInFront ? more : ""}derive log.base`,
  );
  return isInFront ? said : said + more;
}

/** A finding without what depends on texts: of one over findings that is also its evidence. */
function plain(finding: Finding): Finding {
  const evidence = finding.evidence.map((line) => ({ ...line, fields: [] }));
  return { ...finding, summary: "", evidence };
}

/** Whether findings of `rule` can be a part of another rule's. */
function isClaimed(unit: CoreUnit, rule: CoreRule): boolean {
  return unit.rules.some((r) => r.subsumes.some((s) => s.rules.includes(fullName(rule))));
}

describe("a reload that keeps", () => {
  test("is invisible but for the texts", { timeout }, () => {
    let told = 0;
    let later = 0;
    fc.assert(
      fc.property(formsUnit, stories, (text, cases) => {
        const unit = formsUnitOf(text);
        const others = [false, true].map((isInFront) =>
          [1, 2, 1].map((n) => formsUnitOf(retold(text, n, isInFront))),
        );
        for (const { story, picks, at, restarts, isInFront } of cases) {
          const inOrder = traceOf(unit.schema, story);
          const trace = { ...inOrder, events: shuffled(inOrder.events, picks.values()) };
          const whole = runEngine(unit, trace, { hurry: picks.values() });
          const parts = runEngine(unit, trace, {
            hurry: picks.values(),
            restarts: new Set(restarts),
            reloads: new Map(at.map((i, n) => [i, others[Number(isInFront)]?.[n] ?? unit])),
          });
          const classes = parts.reloads.flatMap(({ plan }) =>
            plan.filter((p) => !p.rule.includes("more")).map((p) => p.class),
          );
          expect(classes.every((c) => c === "keep")).toBe(true);
          // Which of two rules tells first depends on which other rules there are, and so whether
          // a finding is told with its parent or gets one later.
          for (const rule of unit.rules.filter((r) => !isClaimed(unit, r))) {
            const ofRule = (told: readonly Finding[]) =>
              told.filter((f) => f.rule === rule.name).map(plain);
            expect(ofRule(parts.told)).toEqual(ofRule(whole.told));
          }
          expect(written(parts.findings.map(plain))).toEqual(written(whole.findings.map(plain)));
          const { findings, matches, suppressed } = whole.engine.counters;
          expect(parts.engine.counters).toMatchObject({ findings, matches, suppressed });
          told += whole.told.length;
          const first = parts.reloads[0];
          if (!first) continue;
          for (const [i, f] of parts.told.entries()) {
            if (i < first.toldBefore) expect(f.summary).not.toContain("retold");
            else if (parts.reloads.length === 1 && f.rule !== "three") {
              expect(f.summary).toContain("retold");
              later++;
            }
          }
        }
      }),
      { numRuns: runs, seed: lawSeed("P4 keep") },
    );
    expect(told).toBeGreaterThan(runs);
    expect(later).toBeGreaterThan(runs / 4);
  });

  /** The unit of `text` told on a trace, as it is and reloaded with other texts. */
  function expectKept(
    [unit, other]: readonly CoreUnit[],
    trace: Trace,
    picks: readonly number[],
    at: readonly number[],
  ): number {
    if (!unit || !other) throw new Error("no units");
    const whole = runEngine(unit, trace, { hurry: picks.values() });
    const parts = runEngine(unit, trace, {
      hurry: picks.values(),
      restarts: new Set(at.map((i) => i + 1)),
      reloads: new Map(at.map((i, n) => [i, n % 2 === 0 ? other : unit])),
    });
    const classes = parts.reloads.flatMap(({ plan }) => plan.map((p) => p.class));
    expect(classes.every((c) => c === "keep")).toBe(true);
    expect(parts.told.map(plain)).toEqual(whole.told.map(plain));
    return whole.told.length;
  }

  const points = fc.record({
    picks: fc.array(fc.nat(), { minLength: 400, maxLength: 400 }),
    at: fc.uniqueArray(fc.nat({ max: 20 }), { minLength: 1, maxLength: 3 }),
  });

  /** As `expectKept`, of units whose texts alone change. `traceOf`: how a story arrives. */
  function expectKeptUnits<Story>(
    name: string,
    of: {
      readonly units: fc.Arbitrary<string>;
      readonly unitOf: (text: string) => CoreUnit;
      readonly stories: fc.Arbitrary<Story>;
      readonly traceOf: (unit: CoreUnit, story: Story, picks: readonly number[]) => Trace;
    },
  ): void {
    let told = 0;
    const cases = fc.array(fc.tuple(of.stories, points), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(of.units, cases, (text, given) => {
        const unit = of.unitOf(text);
        const other = of.unitOf(text.replaceAll('summary "', 'summary "retold '));
        for (const [story, { picks, at }] of given)
          told += expectKept([unit, other], of.traceOf(unit, story, picks), picks, at);
      }),
      { numRuns: runs, seed: lawSeed(name) },
    );
    expect(told).toBeGreaterThan(runs);
  }

  test("is invisible in windows of every shape", { timeout }, () => {
    expectKeptUnits("P4 keep windows", {
      units: windowsUnit,
      unitOf: windowsUnitOf,
      stories: windowsStory,
      traceOf: ({ schema }, story) => windowsTrace(schema, story),
    });
  });

  test("is invisible in what is told before it is certain", { timeout }, () => {
    expectKeptUnits("P4 keep eager", {
      units: eagerUnit,
      unitOf: formsUnitOf,
      stories: formsStory,
      traceOf: ({ schema }, story, picks) => {
        const inOrder = traceOf(schema, story);
        return { ...inOrder, events: shuffled(inOrder.events, picks.values()) };
      },
    });
  });

  test("is invisible in sequences on exact and coarse clocks", { timeout }, () => {
    let told = 0;
    fc.assert(
      fc.property(
        sequencePair,
        fc.array(points, { minLength: 8, maxLength: 8 }),
        ({ before, traces }, cases) => {
          const said = before.replaceAll('summary "', 'summary "retold ');
          const units = [before, said].map((text) => compileCase(text).unit);
          for (const [n, { picks, at }] of cases.entries()) {
            const inOrder = traceFrom(units[0] as CoreUnit, traces[n] ?? []);
            const events = shuffled(inOrder.events, picks.values());
            told += expectKept(units, { ...inOrder, events }, picks, at);
          }
        },
      ),
      { numRuns: runs, seed: lawSeed("P4 keep sequences") },
    );
    expect(told).toBeGreaterThan(runs);
  });
});

function found(unit: CoreUnit, trace: Trace): Finding[] {
  return judge(unit, new Map(), trace).findings.map((f) => f.finding);
}

/** How each trace arrives, and when the rules are reloaded. */
const reloadings = fc.array(
  fc.record({
    picks: fc.array(fc.nat(), { minLength: 200, maxLength: 200 }),
    at: fc.integer({ min: 1, max: 9 }),
    restarts: fc.uniqueArray(fc.nat({ max: 12 }), { maxLength: 1 }),
  }),
  { minLength: 8, maxLength: 8 },
);

const pairs = fc.record({
  pair: sequencePair,
  cases: reloadings,
});

describe("a reload that drains", () => {
  test("finds what began before as the old rule, and what begins after as the new one", {
    timeout,
  }, () => {
    const seen = { drained: 0, old: 0, new: 0 };
    fc.assert(
      fc.property(pairs, ({ pair, cases }) => {
        const [before, after] = [pair.before, pair.after].map((text) => compileCase(text).unit);
        if (!before || !after) throw new Error("no units");
        for (const [n, { picks, at, restarts }] of cases.entries()) {
          const inOrder = traceFrom(before, pair.traces[n] ?? []);
          const trace = { ...inOrder, events: shuffled(inOrder.events, picks.values()) };
          const run = runEngine(before, trace, {
            hurry: picks.values(),
            restarts: new Set(restarts),
            reloads: new Map([[at, after]]),
          });
          const [own] = run.reloads.flatMap((r) => r.plan);
          if (own?.class !== "drain") continue;
          seen.drained++;
          const old = found(before, { ...trace, begunBy: own.atUs });
          const later = trace.events.filter((e) => e.ts > own.atUs);
          const now = found(after, { ...trace, events: later });
          const expected = written([...old, ...now]);
          const actual = written(run.findings);
          if (actual !== expected)
            throw new Error(
              `${pair.before}\n${pair.after}\nat ${own.atUs}\n${show(trace.events)}\nexpected ${expected}\nfound ${actual}`,
            );
          seen.old += old.filter((f) => f.at > own.atUs).length;
          seen.new += now.length;
        }
      }),
      { numRuns: runs * 3, seed: lawSeed("P4 drain") },
    );
    console.log(JSON.stringify(seen));
    expect(seen.drained).toBeGreaterThan(runs * 5);
    expect(Math.min(seen.old, seen.new)).toBeGreaterThan(runs / 2);
  });
});

const adaptable = fc.record({
  pair: adaptablePair,
  cases: reloadings,
});

/** The time before which everything about the rule was decided at the reload, µs. */
function decidedUs({ schema, rules }: CoreUnit, progressUs: readonly number[]): number {
  const heard = new Set(
    rules.flatMap((r) =>
      allStepsOf(r.pattern).flatMap((s) => s.kinds.map((k) => schema.kinds[k]?.source)),
    ),
  );
  const marks = schema.sources.flatMap((s, i) =>
    heard.has(i) ? [(progressUs[i] ?? Number.NEGATIVE_INFINITY) - s.latenessUs] : [],
  );
  return Math.min(...marks);
}

describe("a reload that migrates", () => {
  test("finds what the new rule says, and says where it may lack something", { timeout }, () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(adaptable, ({ pair, cases }) => {
        const [before, after] = [pair.before, pair.after].map((text) => compileCase(text).unit);
        const rule = after?.rules[0];
        if (!before || !after || !rule) throw new Error("no units");
        for (const [n, { picks, at, restarts }] of cases.entries()) {
          const inOrder = traceFrom(before, pair.traces[n] ?? []);
          const trace = { ...inOrder, events: shuffled(inOrder.events, picks.values()) };
          const run = runEngine(before, trace, {
            hurry: picks.values(),
            restarts: new Set(restarts),
            reloads: new Map([[at, after]]),
          });
          const [reload] = run.reloads;
          const [own] = reload?.plan ?? [];
          if (!reload || own?.class !== "migrate") continue;
          const { pattern } = rule;
          const slackUs =
            "slack" in pattern && typeof pattern.slack === "number" ? pattern.slack : 0;
          const holdUs = reachOf(after, allStepsOf(pattern), slackUs);
          const fromUs = own.limitsHistory
            ? own.atUs + spanOf(valued(after), rule)
            : decidedUs(after, reload.progressUs) - 1;
          const expected = found(after, trace).filter((f) => f.at > fromUs + holdUs);
          const told = run.told.slice(reload.toldBefore);
          const actual = told.filter((f) => f.at > fromUs + holdUs);
          if (written(actual) !== written(expected))
            throw new Error(
              `${pair.before}\n${pair.after}\nat ${own.atUs}\n${show(trace.events)}\nexpected ${written(expected)}\nfound ${written(actual)}`,
            );
          for (const f of told) {
            const isLimited = f.degraded.some((d) => d.startsWith("history-limited"));
            expect(isLimited).toBe(own.limitsHistory && f.at <= fromUs + holdUs);
          }
          const mixed = expected.filter((f) => f.chain.some((c) => c.ts <= own.atUs));
          seen.set(pair.change, (seen.get(pair.change) ?? 0) + 1);
          seen.set("found", (seen.get("found") ?? 0) + actual.length);
          seen.set("begun before", (seen.get("begun before") ?? 0) + mixed.length);
        }
      }),
      { numRuns: runs * 5, seed: lawSeed("P4 migrate") },
    );
    console.log(JSON.stringify([...seen]));
    for (const change of ["shorter", "longer", "less", "more", "negative", "condition", "until"])
      expect(seen.get(change), change).toBeGreaterThan(0);
    expect(seen.get("begun before")).toBeGreaterThan(runs / 12);
  });
});

function show(events: readonly EventData[]): string {
  return events.map((e) => `${e.id} ${e.kind} ${e.ts} ${JSON.stringify(e.fields)}`).join("\n");
}
