/**
 * Laws of the reference interpreter: it is compared with a definition written anew from LANGUAGE
 * C.3, and with itself where one rule must find more, less or the same as another.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CoreUnit, type Judged, judge } from "#core";
import { at, compiled, eventsOf, traceOf } from "../runtime/core/ir/by-hand.ts";

const runs = Number(process.env.TAPIO_LAW_RULES ?? 300);
const tracesPerRule = 5;
const timeout = Math.max(120_000, runs * 200);

// ---------- rules and traces ----------

interface StepShape {
  readonly kinds: readonly string[];
  /** A test of `x`: at least this, or the same as that of an earlier step. */
  readonly least: number | undefined;
  readonly sameAs: number | undefined;
  readonly gap: { readonly min: number; readonly max: number } | undefined;
  readonly without: string | undefined;
}

interface Shape {
  readonly steps: readonly StepShape[];
  readonly within: number;
  readonly until: string | undefined;
  readonly silence: { readonly kind: string; readonly wait: number } | undefined;
  readonly select: "tightest" | "widest";
  readonly skip: "past" | "none";
}

interface Sent {
  readonly kind: string;
  readonly t: number;
  readonly x: number;
}

const kind = fc.constantFrom("a", "b", "c");
const maybe = <T>(x: fc.Arbitrary<T>) => fc.option(x, { nil: undefined, freq: 2 });

function stepShape(number: number): fc.Arbitrary<StepShape> {
  const later = number > 0;
  return fc.record({
    kinds: fc.uniqueArray(kind, { minLength: 1, maxLength: 2 }),
    least: maybe(fc.integer({ min: 0, max: 2 })),
    sameAs: later ? maybe(fc.nat({ max: number - 1 })) : fc.constant(undefined),
    gap: later
      ? maybe(
          fc
            .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 4 }))
            .map(([min, more]) => ({ min, max: min + more })),
        )
      : fc.constant(undefined),
    without: later ? maybe(kind) : fc.constant(undefined),
  });
}

const shape: fc.Arbitrary<Shape> = fc.integer({ min: 2, max: 3 }).chain((n) =>
  fc.record({
    steps: fc.tuple(...Array.from({ length: n }, (_, i) => stepShape(i))),
    within: fc.integer({ min: 1, max: 9 }),
    until: maybe(fc.constantFrom("c", "d")),
    silence: maybe(fc.record({ kind, wait: fc.integer({ min: 1, max: 4 }) })),
    select: fc.constantFrom("tightest" as const, "widest" as const),
    skip: fc.constantFrom("past" as const, "none" as const),
  }),
);

const sent: fc.Arbitrary<Sent> = fc.record({
  kind: fc.constantFrom("a", "b", "c", "a", "b", "d"),
  t: fc.integer({ min: 0, max: 12 }),
  x: fc.integer({ min: 0, max: 2 }),
});
const trace = fc
  .array(sent, { minLength: 2, maxLength: 9 })
  .map((events) => [...events].sort((a, b) => a.t - b.t));
const traces = fc.array(trace, { minLength: tracesPerRule, maxLength: tracesPerRule });

const nameOf = (i: number) => `s${i}`;

function stepText({ kinds, least, sameAs }: StepShape, i: number): string {
  const tests = [
    ...(least === undefined ? [] : [`${nameOf(i)}.x >= ${least}`]),
    ...(sameAs === undefined ? [] : [`${nameOf(i)}.x == ${nameOf(sameAs)}.x`]),
  ];
  const where = tests.length > 0 ? ` where ${tests.join(" and ")}` : "";
  return `${nameOf(i)}: ${kinds.map((k) => `t.${k}`).join(" | ")}${where}`;
}

function ruleText(rule: Shape): string {
  const lines = rule.steps.flatMap((s, i) => {
    const gap = s.gap ? `after ${s.gap.min}s..${s.gap.max}s ` : "";
    const without = s.without ? [`without n${i}: t.${s.without}`] : [];
    return [...without, `${i > 0 ? "then " : ""}${gap}${stepText(s, i)}`];
  });
  const { silence, until } = rule;
  const end = silence ? [`then no z: t.${silence.kind} for ${silence.wait}s`] : [];
  return `rule r {
    match sequence by k within ${rule.within}s partials 64 { ${[...lines, ...end].join("\n")} }
    ${until ? `until u: t.${until}` : ""}
    select ${rule.select}
    skip ${rule.skip}
  }`;
}

function unitOf(text: string): CoreUnit {
  return compiled(text).unit;
}

function run(unit: CoreUnit, events: readonly Sent[]): readonly Judged[] {
  const lines = events.map((e) => `${e.kind} ${e.t} x=${e.x}`);
  const given = eventsOf(unit.schema, lines).events;
  return judge(unit, new Map(), traceOf(unit, given, { until: 100 })).findings;
}

/** [when, sequence numbers of the events taken]. */
type Report = readonly [number, readonly number[]];

function reportsOf(findings: readonly Judged[]): Report[] {
  return findings.map(({ match }) => [
    match.at,
    match.captures.map((c) => (c ? c.first.seq - 1 : -1)),
  ]);
}

const times = (findings: readonly Judged[]) => new Set(findings.map((f) => f.match.at));

// ---------- C.3, written anew ----------

function fitsStep(rule: Shape, i: number, chosen: readonly Sent[], e: Sent): boolean {
  const step = rule.steps[i] as StepShape;
  const other = step.sameAs === undefined ? undefined : chosen[step.sameAs];
  return (
    step.kinds.includes(e.kind) &&
    (step.least === undefined || e.x >= step.least) &&
    (step.sameAs === undefined || other?.x === e.x)
  );
}

/** m = (e₁ ≺ … ≺ eₙ) as positions in the trace. */
function isMatch(rule: Shape, events: readonly Sent[], m: readonly number[]): boolean {
  const chosen = m.map((i) => events[i] as Sent);
  const first = chosen[0] as Sent;
  const last = chosen[chosen.length - 1] as Sent;
  const end = m[m.length - 1] ?? 0;
  if (!chosen.every((e, i) => fitsStep(rule, i, chosen, e))) return false;
  if (last.t - first.t > rule.within) return false;
  const areGapsKept = rule.steps.every(({ gap, without }, i) => {
    const [from, to] = [m[i - 1] ?? 0, m[i] ?? 0];
    const distance = (chosen[i]?.t ?? 0) - (chosen[i - 1]?.t ?? 0);
    if (i === 0) return true;
    if (gap && (distance < gap.min || distance > gap.max)) return false;
    return !events.some((x, j) => j > from && j < to && x.kind === without);
  });
  if (!areGapsKept) return false;
  const { silence, until } = rule;
  const deadline = silence ? last.t + silence.wait : undefined;
  const isAfter = (x: Sent, j: number) => deadline !== undefined && j > end && x.t <= deadline;
  if (events.some((x, j) => isAfter(x, j) && x.kind === silence?.kind)) return false;
  return !events.some((x, j) => x.kind === until && j > (m[0] ?? 0) && (j < end || isAfter(x, j)));
}

function subsets(n: number, size: number, from = 0): number[][] {
  if (size === 0) return [[]];
  const out: number[][] = [];
  for (let i = from; i < n; i++)
    for (const rest of subsets(n, size - 1, i + 1)) out.push([i, ...rest]);
  return out;
}

/** At each completion point the greatest or least match that begins behind the last one's end. */
function bruteForce(rule: Shape, events: readonly Sent[]): Report[] {
  const all = subsets(events.length, rule.steps.length).filter((m) => isMatch(rule, events, m));
  const out: Report[] = [];
  let barrier = -1;
  for (const end of events.keys()) {
    const here = all.filter((m) => m.at(-1) === end && (m[0] ?? 0) > barrier);
    // `subsets` counts upwards, so the first is the least and the last the greatest.
    const best = rule.select === "widest" ? here[0] : here.at(-1);
    if (!best) continue;
    out.push([at((events[end]?.t ?? 0) + (rule.silence?.wait ?? 0)), best]);
    if (rule.skip === "past") barrier = end;
  }
  return out;
}

describe("sequences", () => {
  test("are what C.3 says, match by match", { timeout }, () => {
    let reports = 0;
    fc.assert(
      fc.property(shape, traces, (rule, list) => {
        const unit = unitOf(ruleText(rule));
        for (const events of list) {
          const expected = bruteForce(rule, events);
          reports += expected.length;
          expect(reportsOf(run(unit, events))).toEqual(expected);
        }
      }),
      { numRuns: runs },
    );
    expect(reports).toBeGreaterThan(runs / 3);
  });

  test("P13: without a negative there is no completion less", { timeout }, () => {
    law((rule) => {
      const without = { ...rule, steps: rule.steps.map((s) => ({ ...s, without: undefined })) };
      return [rule, without];
    });
  });

  test("P13: with one more condition there is no completion more", { timeout }, () => {
    law((rule) => [
      { ...rule, steps: rule.steps.map((s) => ({ ...s, least: Math.max(1, s.least ?? 0) })) },
      rule,
    ]);
  });

  /** Under `skip none` every completion of the first rule is one of the second. */
  function law(pair: (rule: Shape) => readonly [Shape, Shape]): void {
    let fewer = 0;
    let more = 0;
    fc.assert(
      fc.property(shape, traces, (rule, list) => {
        const [small, large] = pair({ ...rule, skip: "none" });
        const [few, many] = [unitOf(ruleText(small)), unitOf(ruleText(large))];
        for (const events of list) {
          const completions = times(run(many, events));
          const found = times(run(few, events));
          fewer += found.size;
          more += completions.size;
          for (const time of found) expect(completions).toContain(time);
        }
      }),
      { numRuns: runs },
    );
    expect(fewer).toBeGreaterThan(0);
    expect(more).toBeGreaterThan(fewer);
  }

  test("more slack never loses a completion where nothing is forbidden", { timeout }, () => {
    let more = 0;
    fc.assert(
      fc.property(shape, traces, (rule, list) => {
        const plain = {
          ...rule,
          skip: "none" as const,
          until: undefined,
          silence: undefined,
          steps: rule.steps.map((s) => ({ ...s, without: undefined })),
        };
        // One step is of another clock, so that there is something to be uncertain about.
        const text = ruleText(plain).replaceAll("t.b", "t.far");
        const exact = unitOf(text);
        const loose = unitOf(text.replace("partials", "slack 2s partials"));
        for (const events of list) {
          const sent = events.map((e) => (e.kind === "b" ? { ...e, kind: "far" } : e));
          const found = times(run(exact, sent));
          const all = times(run(loose, sent));
          more += all.size - found.size;
          for (const time of found) expect(all).toContain(time);
        }
      }),
      { numRuns: runs },
    );
    expect(more).toBeGreaterThan(0);
  });
});

// ---------- C.0.1, written anew: every placement of coarse events is tried ----------

const tickUs = 4;
/** Kind `c` is of the coarse clock here; times are µs. */
const isCoarse = (e: Sent) => e.kind === "c";
type Placed = ReadonlyMap<number, number>;

function placementsOf(events: readonly Sent[], who: readonly number[]): Placed[] {
  return who.reduce<Placed[]>(
    (all, i) => {
      const e = events[i] as Sent;
      const offsets = isCoarse(e) ? Array.from({ length: tickUs }, (_, n) => n) : [0];
      return all.flatMap((p) => offsets.map((o) => new Map(p).set(i, e.t + o)));
    },
    [new Map()],
  );
}

/** Whether the clocks told what this placement says. */
function areClocksKept(events: readonly Sent[], p: Placed): boolean {
  const coarse = [...p].filter(([i]) => isCoarse(events[i] as Sent)).sort(([a], [b]) => a - b);
  return coarse.every(([, t], i) => t >= (coarse[i - 1]?.[1] ?? 0));
}

function isBefore(p: Placed, a: number, b: number): boolean {
  const [ta, tb] = [p.get(a) ?? 0, p.get(b) ?? 0];
  return ta < tb || (ta === tb && a < b);
}

/** Events of one clock are as far apart as it told. */
function distanceIn(events: readonly Sent[], p: Placed, a: number, b: number): number {
  const [x, y] = [events[a] as Sent, events[b] as Sent];
  return isCoarse(x) === isCoarse(y) ? y.t - x.t : (p.get(b) ?? 0) - (p.get(a) ?? 0);
}

/** Whether order and gaps of m hold in this placement. */
function isOrdered(rule: Shape, events: readonly Sent[], m: readonly number[], p: Placed) {
  return m.every((b, i) => {
    const a = m[i - 1];
    if (a === undefined) return true;
    const gap = rule.steps[i]?.gap;
    const distance = distanceIn(events, p, a, b);
    return isBefore(p, a, b) && (!gap || (distance >= gap.min && distance <= gap.max));
  });
}

/** Whether `isInside` holds in all placements in which m is ordered, in some, or in none. */
function inside(
  rule: Shape,
  events: readonly Sent[],
  m: readonly number[],
  x: number,
  isInside: (p: Placed) => boolean,
): "yes" | "possibly" | "no" {
  const verdicts = placementsOf(events, [...new Set([...m, x])])
    .filter((p) => areClocksKept(events, p) && isOrdered(rule, events, m, p))
    .map(isInside);
  if (!verdicts.includes(true)) return "no";
  return verdicts.includes(false) ? "possibly" : "yes";
}

/** Steps whose order is uncertain in match m, or undefined when m is no match. */
function coarseMatch(
  rule: Shape,
  events: readonly Sent[],
  m: readonly number[],
): ReadonlySet<number> | undefined {
  const chosen = m.map((i) => events[i] as Sent);
  const [first = 0] = m;
  const last = m.at(-1) ?? 0;
  const end = Math.max(...m);
  const { silence, until } = rule;
  if (!chosen.every((e, i) => fitsStep(rule, i, chosen, e))) return undefined;
  const isPossible = placementsOf(events, m).some(
    (p) =>
      areClocksKept(events, p) &&
      isOrdered(rule, events, m, p) &&
      distanceIn(events, p, first, last) <= rule.within,
  );
  if (!isPossible) return undefined;
  const doubts: (readonly ["yes" | "possibly" | "no", number])[] = [];
  for (const [x, event] of events.entries()) {
    for (const [i, step] of rule.steps.entries()) {
      const [a, b] = [m[i - 1], m[i]];
      if (a === undefined || b === undefined || event.kind !== step.without) continue;
      if (x === a || x === b) continue;
      const isInside = (p: Placed) => isBefore(p, a, x) && isBefore(p, x, b);
      doubts.push([inside(rule, events, m, x, isInside), i]);
    }
    const isInTime = (p: Placed) => distanceIn(events, p, end, x) <= (silence?.wait ?? 0);
    if (silence?.kind === event.kind && x !== last && x !== end) {
      const isInside = (p: Placed) => isBefore(p, last, x) && isInTime(p);
      doubts.push([inside(rule, events, m, x, isInside), m.length - 1]);
    }
    if (until === event.kind && x !== first && x !== (silence ? end : last)) {
      const isInside = (p: Placed) =>
        isBefore(p, first, x) && (silence ? isInTime(p) : isBefore(p, x, last));
      doubts.push([inside(rule, events, m, x, isInside), m.length - 1]);
    }
  }
  if (doubts.some(([verdict]) => verdict === "yes")) return undefined;
  const uncertain = new Set(doubts.flatMap(([v, step]) => (v === "possibly" ? [step] : [])));
  for (const [i, b] of m.entries()) {
    const a = m[i - 1];
    if (a === undefined) continue;
    const canTurn = placementsOf(events, [a, b]).some(
      (p) => areClocksKept(events, p) && isBefore(p, b, a),
    );
    // Two events of one clock are never in doubt.
    if (canTurn && isCoarse(chosen[i] as Sent) !== isCoarse(chosen[i - 1] as Sent))
      uncertain.add(i).add(i - 1);
  }
  return uncertain;
}

function tuples(n: number, size: number): number[][] {
  if (size === 0) return [[]];
  return tuples(n, size - 1).flatMap((rest) =>
    Array.from({ length: n }, (_, i) => [...rest, i]).filter((m) => new Set(m).size === m.length),
  );
}

type CoarseReport = readonly [at: number, m: readonly number[], uncertain: readonly number[]];

function coarseBruteForce(rule: Shape, events: readonly Sent[]): CoarseReport[] {
  const all = tuples(events.length, rule.steps.length).flatMap((m) => {
    const uncertain = coarseMatch(rule, events, m);
    return uncertain ? [{ m, uncertain: [...uncertain].sort((a, b) => a - b) }] : [];
  });
  const out: CoarseReport[] = [];
  let barrier = -1;
  for (const end of events.keys()) {
    const here = all.filter(({ m }) => Math.max(...m) === end && Math.min(...m) > barrier);
    // `tuples` counts upwards, so the first is the least and the last the greatest.
    const best = rule.select === "widest" ? here[0] : here.at(-1);
    if (!best) continue;
    const at = (events[end]?.t ?? 0) + (rule.silence?.wait ?? 0);
    out.push([at, best.m, best.uncertain]);
    if (rule.skip === "past") barrier = end;
  }
  return out;
}

test("sequences on coarse clocks are what C.0.1 says, match by match", { timeout }, () => {
  let reports = 0;
  let uncertain = 0;
  const busy = fc
    .tuple(sent, fc.constantFrom("a", "b", "c", "c", "d"), fc.integer({ min: 0, max: 7 }))
    .map(([e, kind, t]) => ({ ...e, kind, t }));
  const few = fc
    .array(busy, { minLength: 2, maxLength: 6 })
    .map((events) =>
      [...events].sort((a, b) => a.t - b.t || Number(isCoarse(a)) - Number(isCoarse(b))),
    );
  fc.assert(
    fc.property(shape, fc.array(few, { minLength: 3, maxLength: 3 }), (rule, list) => {
      const text = ruleText(rule)
        .replace(/(\d)s\b/g, "$1us")
        .replaceAll("t.c", "t.tick");
      const unit = unitOf(text);
      for (const events of list) {
        const lines = events.map(
          (e) => `${isCoarse(e) ? "tick" : e.kind} ${(e.t / 1e6).toFixed(6)} x=${e.x}`,
        );
        const given = eventsOf(unit.schema, lines).events;
        const { findings } = judge(unit, new Map(), traceOf(unit, given, { until: 1 }));
        const actual = findings.map(
          ({ match }): CoarseReport => [
            match.at - at(0),
            match.captures.map((c) => (c ? c.first.seq - 1 : -1)),
            match.quality?.uncertain ?? [],
          ],
        );
        const expected = coarseBruteForce(rule, events);
        reports += expected.length;
        uncertain += expected.filter(([, , steps]) => steps.length > 0).length;
        expect(actual).toEqual(expected);
      }
    }),
    { numRuns: runs },
  );
  expect(reports).toBeGreaterThan(runs / 5);
  expect(uncertain).toBeGreaterThan(runs / 20);
});

describe("all-of", () => {
  test("is every order of its steps", { timeout }, () => {
    let completions = 0;
    const distinct = fc
      .uniqueArray(sent, { minLength: 2, maxLength: 8, selector: (e) => e.t })
      .map((events) => [...events].sort((a, b) => a.t - b.t));
    const kinds = fc.uniqueArray(kind, { minLength: 2, maxLength: 3 });
    fc.assert(
      fc.property(kinds, fc.integer({ min: 2, max: 9 }), distinct, (steps, within, events) => {
        const names = steps.map((k, i) => `${nameOf(i)}: t.${k}`);
        const all = `rule r { match all of by k within ${within}s { ${names.join("\n")} }\nskip none }`;
        const found = times(run(unitOf(all), events));
        const expected = new Set(
          permutations(names).flatMap((order) => {
            const text = `rule r { match sequence by k within ${within}s partials 64 { ${order.join("\nthen ")} }\nskip none }`;
            return [...times(run(unitOf(text), events))];
          }),
        );
        completions += expected.size;
        expect(found).toEqual(new Set([...expected].sort((a, b) => a - b)));
      }),
      { numRuns: runs },
    );
    expect(completions).toBeGreaterThan(runs / 2);
  });

  test("is every order of its steps on clocks that are coarse too", { timeout }, () => {
    let completions = 0;
    const several = fc.uniqueArray(sent, { minLength: 4, maxLength: 7, selector: (e) => e.t });
    const kinds = fc.uniqueArray(fc.constantFrom("a", "far", "away"), { minLength: 2 });
    const span = fc.integer({ min: 1, max: 12 }).map((halves) => halves * 500);
    fc.assert(
      fc.property(kinds, span, several, (steps, within, events) => {
        const names = steps.map((k, i) => `${nameOf(i)}: t.${k}`);
        // Exact events lie in the middle of what the coarse ones tell.
        const lines = events.map(({ kind, t }) => {
          if (kind === "b") return `far ${t}`;
          return kind === "c" ? `away ${t}` : `a ${t + 0.5}`;
        });
        const timesOf = (text: string) => {
          const unit = unitOf(text);
          const given = eventsOf(unit.schema, lines).events;
          return times(judge(unit, new Map(), traceOf(unit, given, { until: 100 })).findings);
        };
        const head = `by k within ${within}ms`;
        const found = timesOf(`rule r { match all of ${head} { ${names.join("\n")} }\nskip none }`);
        const expected = permutations(names).flatMap((order) => [
          ...timesOf(
            `rule r { match sequence ${head} partials 64 { ${order.join("\nthen ")} }\nskip none }`,
          ),
        ]);
        completions += found.size;
        expect(found).toEqual(new Set(expected.sort((a, b) => a - b)));
      }),
      { numRuns: runs },
    );
    expect(completions).toBeGreaterThan(runs / 5);
  });

  test("is what it says, choice by choice", { timeout }, () => {
    let reports = 0;
    const pattern = fc.tuple(stepShape(0), stepShape(1), stepShape(2)).chain((steps) =>
      fc.record({
        steps: fc.constant(steps),
        need: fc.integer({ min: 1, max: 3 }),
        within: fc.integer({ min: 1, max: 9 }),
        until: maybe(fc.constantFrom("c", "d")),
        select: fc.constantFrom("tightest" as const, "widest" as const),
        skip: fc.constantFrom("past" as const, "none" as const),
      }),
    );
    fc.assert(
      fc.property(pattern, traces, (rule, list) => {
        const unit = unitOf(`rule r {
          match ${rule.need} of by k within ${rule.within}s { ${rule.steps.map(stepText).join("\n")} }
          ${rule.until ? `until u: t.${rule.until}` : ""}
          select ${rule.select}
          skip ${rule.skip}
        }`);
        for (const events of list) {
          const expected = allBruteForce(rule, events);
          reports += expected.length;
          const actual = run(unit, events).map(
            ({ match }): AllReport => [
              match.at,
              match.captures.map((c) => c?.kept.map((e) => e.seq - 1) ?? []),
            ],
          );
          expect(actual).toEqual(expected);
        }
      }),
      { numRuns: runs },
    );
    expect(reports).toBeGreaterThan(runs);
  });

  /** [when, per step the places of the events that satisfy it]. */
  type AllReport = readonly [number, readonly (readonly number[])[]];
  type AllRule = Pick<Shape, "steps" | "within" | "until" | "select" | "skip"> & { need: number };

  function allBruteForce(rule: AllRule, events: readonly Sent[]): AllReport[] {
    const out: AllReport[] = [];
    let barrier = -1;
    for (const [end, last] of events.entries()) {
      // Behind the barrier, in the span, and with no `until` between it and the end.
      const span = [...events.keys()].filter(
        (i) =>
          i > barrier &&
          i <= end &&
          (events[i]?.t ?? 0) >= last.t - rule.within &&
          !events.some((u, j) => u.kind === rule.until && j > i && j < end),
      );
      const [best] = choicesOf(rule, events, span, end);
      if (!best) continue;
      const captures = rule.steps.map((_, i) =>
        best[i] === undefined ? [] : span.filter((x) => fitsAt(rule, i, events, best, x)),
      );
      out.push([at(last.t), captures]);
      if (rule.skip === "past") barrier = end;
    }
    return out;
  }

  type Choice = readonly (number | undefined)[];

  function fitsAt(rule: AllRule, i: number, events: readonly Sent[], m: Choice, x: number) {
    const step = rule.steps[i] as StepShape;
    const e = events[x] as Sent;
    const other = step.sameAs === undefined ? undefined : events[m[step.sameAs] ?? -1];
    return (
      step.kinds.includes(e.kind) &&
      (step.least === undefined || e.x >= step.least) &&
      (step.sameAs === undefined || other?.x === e.x)
    );
  }

  /** Every choice that `end` completes: most steps first, then the latest (or earliest) events. */
  function choicesOf(
    rule: AllRule,
    events: readonly Sent[],
    span: readonly number[],
    end: number,
  ): Choice[] {
    const used = (m: Choice) => m.filter((x) => x !== undefined).sort((a, b) => a - b);
    return rule.steps
      .reduce<Choice[]>(
        (all) => all.flatMap((m) => [undefined, ...span].map((x) => [...m, x])),
        [[]],
      )
      .filter(
        (m) =>
          m.includes(end) &&
          used(m).length >= rule.need &&
          m.every((x, i) => x === undefined || fitsAt(rule, i, events, m, x)),
      )
      .sort((a, b) => {
        const [x, y] = [used(a), used(b)];
        if (x.length !== y.length) return y.length - x.length;
        const sign = rule.select === "widest" ? -1 : 1;
        for (const [i, place] of x.entries())
          if (place !== y[i]) return sign * ((y[i] ?? 0) - place);
        for (const [i, place] of a.entries())
          if (place !== b[i]) return (b[i] ?? -1) - (place ?? -1);
        return 0;
      });
  }

  function permutations<T>(list: readonly T[]): T[][] {
    if (list.length === 0) return [[]];
    return list.flatMap((x, i) => permutations(list.toSpliced(i, 1)).map((rest) => [x, ...rest]));
  }
});

describe("windows", () => {
  test("what a pane holds, the sliding window held at its last event", { timeout }, () => {
    let panes = 0;
    const least = fc.integer({ min: 1, max: 3 });
    fc.assert(
      fc.property(least, fc.integer({ min: 1, max: 6 }), trace, (n, size, events) => {
        const rule = (shape: string) =>
          `rule r { match over e: t.a ${shape} ${size}s by k having count() >= ${n}\nemit close }`;
        const sliding = run(unitOf(rule("sliding")), events);
        const held = sliding.flatMap((f) => f.match.view?.events ?? []);
        for (const { match } of run(unitOf(rule("tumbling")), events)) {
          panes++;
          const ids = held.map((e) => e.id);
          for (const e of match.view?.events ?? []) expect(ids).toContain(e.id);
        }
      }),
      { numRuns: runs },
    );
    expect(panes).toBeGreaterThan(runs / 10);
  });
});

test("the order of arrival does not matter", { timeout }, () => {
  const shown = (findings: readonly Judged[]) => JSON.stringify(findings.map((f) => f.finding));
  fc.assert(
    fc.property(shape, trace, fc.infiniteStream(fc.nat()), (rule, events, random) => {
      const unit = unitOf(ruleText(rule).replaceAll("t.c", "t.far"));
      const lines = events.map((e) => `${e.kind === "c" ? "far" : e.kind} ${e.t} x=${e.x}`);
      const given = eventsOf(unit.schema, lines).events;
      const shuffled = given
        .map((event) => ({ event, place: random.next().value as number }))
        .sort((a, b) => a.place - b.place)
        .map(({ event }) => event);
      const judged = (list: typeof given) =>
        shown(judge(unit, new Map(), traceOf(unit, list, { until: 100 })).findings);
      expect(judged(shuffled)).toBe(judged(given));
    }),
    { numRuns: runs },
  );
});
