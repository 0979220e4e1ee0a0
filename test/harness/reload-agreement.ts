/**
 * Whether a reload does what the plan says of it, held against the reference interpreter: what is
 * found by the old version, what by the new one, and where the new one may lack something.
 */
import {
  allStepsOf,
  type CoreUnit,
  compareEvents,
  type Finding,
  judge,
  reachOf,
  sourcesOf,
  spanOf,
  type Trace,
  valued,
} from "#core";
import type { ReloadedRule } from "#runtime/engine";
import { having, windowMatch } from "../../runtime/core/ir/interpret/series.ts";
import { momentsOf } from "../../runtime/core/ir/interpret/window.ts";
import { findingOf, withDerived } from "../../runtime/core/judge.ts";
import { written } from "./in-the-end.ts";
import { type EngineRun, runEngine } from "./unit-agreement.ts";

/** A reload on one trace. */
export interface Reloading {
  readonly before: CoreUnit;
  readonly after: CoreUnit;
  readonly trace: Trace;
  readonly run: EngineRun;
  readonly plan: ReloadedRule;
}

/** How often what occurred. */
export class Seen {
  readonly counts = new Map<string, number>();

  add(what: string, count = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + count);
  }

  of(what: string): number {
    return this.counts.get(what) ?? 0;
  }
}

function found(unit: CoreUnit, trace: Trace): Finding[] {
  return judge(unit, valued(unit).params, trace).findings.map((f) => f.finding);
}

/** Undefined when it is as the law says. */
function afterDrain({ before, after, trace, run, plan }: Reloading, seen: Seen) {
  const { atUs } = plan;
  const old = found(before, { ...trace, begunBy: atUs });
  const start =
    atUs === Number.NEGATIVE_INFINITY ? trace.start : Math.max(trace.start ?? atUs, atUs);
  const events = trace.events.filter((e) => e.ts > atUs);
  const now = found(after, { ...trace, events, start });
  seen.add("old after the reload", old.filter((f) => f.at > atUs).length);
  seen.add("new", now.length);
  return difference(
    run.findings.filter((f) => !f.isProvisional),
    [...old, ...now],
  );
}

function afterMigration(reloading: Reloading, seen: Seen) {
  const { after, trace, run, plan } = reloading;
  const fromUs = wholeFrom(reloading);
  const told = toldAfter(run);
  const expected = found(after, trace).filter((f) => f.at > fromUs);
  seen.add("migrated findings", expected.length);
  for (const f of told) {
    const isLimited = f.degraded.some((d) => d.startsWith("history-limited"));
    if (isLimited !== (plan.limitsHistory && f.at <= fromUs)) return `limited? ${written([f])}`;
  }
  const actual = told.filter((f) => f.at > fromUs);
  const known = new Set(expected.map((f) => f.id));
  const early = actual.filter((f) => !known.has(f.id));
  seen.add("satisfied already", early.length);
  if (!early.every((f) => isSatisfied(after, trace, f))) return difference(actual, expected);
  return difference(
    actual.filter((f) => known.has(f.id)),
    expected,
  );
}

/**
 * Whether the condition of the window is true at the time of `found`: the new version tells that at
 * the window's next event, where the old one had no reason to.
 */
function isSatisfied(unit: CoreUnit, trace: Trace, found: Finding): boolean {
  const [rule] = unit.rules;
  if (rule?.pattern.node !== "win") return false;
  const { params } = valued(unit);
  const { world } = trace;
  const events = withDerived(unit, params, trace.events, trace)
    .filter((e) => e.ts < trace.watermark)
    .sort((a, b) => compareEvents(unit.schema, a, b));
  const base = { unit, params, current: undefined, captures: [], world };
  const said = momentsOf({ unit, rule, events, trace, base }).flatMap(({ series, moments }) =>
    [...moments]
      .filter((m) => m.at === found.at && having(series, m))
      .map((m) => shownBy(findingOf(unit, params, windowMatch(series, m), trace))),
  );
  return said.includes(shownBy(found));
}

/** What a finding says of its window, without what it says of sources and entities. */
function shownBy({ at, summary, chain, evidence }: Finding): string {
  return JSON.stringify([at, summary, chain, evidence]);
}

/** The time behind which the new version lacks nothing of what it needs, µs. */
function wholeFrom({ after, run, plan }: Reloading): number {
  const [rule] = after.rules;
  const { progressUs = [] } = run.reloads[0] ?? {};
  if (!rule) throw new Error("no rule");
  const steps = allStepsOf(rule.pattern);
  const { sources } = after.schema;
  const heard = sourcesOf(
    after,
    steps.flatMap((s) => s.kinds),
  );
  const decided = heard.map(
    (s) => (progressUs[s] ?? Number.NEGATIVE_INFINITY) - (sources[s]?.latenessUs ?? 0),
  );
  const fromUs = plan.limitsHistory
    ? plan.atUs + spanOf(valued(after), rule)
    : Math.min(...decided) - 1;
  const slack = "slack" in rule.pattern ? rule.pattern.slack : 0;
  const isPlaced = rule.pattern.node === "all" && typeof slack === "number";
  return fromUs + (isPlaced ? reachOf(after, steps, slack) : 0);
}

/** What was told for the first time after the reload, as it is in the end. */
function toldAfter({ told, reloads }: EngineRun): Finding[] {
  const { toldBefore = 0 } = reloads[0] ?? {};
  const final = (all: readonly Finding[]) => all.filter((f) => !f.isProvisional);
  const known = new Set(final(told.slice(0, toldBefore)).map((f) => f.id));
  const last = new Map(final(told.slice(toldBefore)).map((f) => [f.id, f]));
  return [...last.values()].filter((f) => !known.has(f.id) && f.state !== "retracted");
}

function difference(actual: readonly Finding[], expected: readonly Finding[]) {
  const [a, b] = [written(actual), written(expected)];
  return a === b ? undefined : `expected ${b}\nfound ${a}`;
}

export interface ReloadMoment {
  /** Picks what arrives when, and how far sources say they are. */
  readonly picks: number;
  /** Before which event, in twentieths of all. */
  readonly at: number;
  readonly restart: number | undefined;
}

/** A reload from `before` to `after` while the events of `trace` arrive; undefined without any. */
export function reloading(
  before: CoreUnit,
  after: CoreUnit,
  trace: Trace,
  { picks, at, restart }: ReloadMoment,
): Reloading | undefined {
  const run = runEngine(before, trace, {
    hurry: numbersFrom(picks),
    restarts: new Set(restart === undefined ? [] : [restart]),
    reloads: new Map([[Math.ceil((at * trace.events.length) / 20) - 1, after]]),
  });
  const plan = run.reloads[0]?.plan[0];
  return plan && { before, after, trace, run, plan };
}

/** Undefined when it is as the law says. */
export function problemOf(the: Reloading, isComparable: boolean, seen: Seen): string | undefined {
  const { plan } = the;
  seen.add(plan.class);
  for (const reason of plan.reasons) seen.add(`${plan.class}: ${generally(reason)}`);
  // What bounds do to findings is a law of its own.
  if (the.run.engine.counters.evicted.partials > 0) {
    seen.add("overflowed");
    return undefined;
  }
  if (plan.class === "drain") return afterDrain(the, seen);
  if (plan.class !== "migrate" || !isComparable) return undefined;
  seen.add(plan.limitsHistory ? "limited" : "adapted");
  return afterMigration(the, seen);
}

/** A reason without its numbers and names. */
function generally(reason: string): string {
  return reason.replace(/`[^`]*`/g, "…").replace(/\d\S*/g, "N");
}

/** The same numbers for the same seed. */
export function* numbersFrom(seed: number): Generator<number, never> {
  for (let state = seed >>> 0; ; state = (Math.imul(state, 1664525) + 1013904223) >>> 0)
    yield state >>> 8;
}
