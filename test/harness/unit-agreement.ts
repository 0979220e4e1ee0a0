/**
 * Runs a whole unit on one trace in the reference interpreter and in the engine, to compare what
 * is known of each finding in the end.
 */
import { emitMatcher } from "#compiler";
import {
  type CoreUnit,
  type EventData,
  type Finding,
  heardSteps,
  judge,
  type SourceStory,
  type Trace,
  type Value,
} from "#core";
import { Engine, type ReloadedRule } from "#runtime/engine";
import { writeEvent } from "#runtime/events";
import { standing, written } from "./in-the-end.ts";

export interface EngineRun {
  /** By id, each as it was told last; without those that were retracted or are not proven. */
  readonly findings: readonly Finding[];
  /** Everything that was told, in order. */
  readonly told: readonly Finding[];
  readonly engine: Engine;
  /** What became of the rules at each reload, and how much had been told before. */
  readonly reloads: readonly {
    readonly plan: readonly ReloadedRule[];
    readonly toldBefore: number;
    /** By source how far it had said it was, µs. */
    readonly progressUs: readonly number[];
  }[];
}

/** Units never change, and many traces are tried on each. */
const matchers = new WeakMap<CoreUnit, string>();

function matcherOf(unit: CoreUnit): string {
  const known = matchers.get(unit) ?? emitMatcher(unit);
  matchers.set(unit, known);
  return known;
}

export interface RunOptions {
  readonly params?: ReadonlyMap<string, Value>;
  /**
   * Picks when sources make progress between events, as far as what is still to come allows;
   * without it they make none before the end.
   */
  readonly hurry?: Iterator<number>;
  /** Picks after which events what was written is read; without it after each. */
  readonly reads?: Iterator<number>;
  /** Before these events another engine goes on from a snapshot. */
  readonly restarts?: ReadonlySet<number>;
  /** Before these events another unit takes the place of the one that runs. */
  readonly reloads?: ReadonlyMap<number, CoreUnit>;
}

/** What the engine finds; events arrive in the order of the trace, none of them late. */
export function runEngine(unit: CoreUnit, trace: Trace, options: RunOptions = {}): EngineRun {
  const { params = new Map<string, Value>(), hurry, reads, restarts } = options;
  let now = unit;
  const progressUs = unit.schema.sources.map(() => Number.NEGATIVE_INFINITY);
  const reloads: EngineRun["reloads"][number][] = [];
  const told: Finding[] = [];
  const start = () =>
    new Engine({
      unit: now,
      matcher: matcherOf(now),
      bundleHash: "",
      params,
      ring: { slots: 64, textBytes: 1 << 20 },
      ...(trace.start === undefined ? {} : { startUs: trace.start }),
      onFinding: (f) => told.push(f),
    });
  let engine = start();
  for (const life of trace.world?.entities ?? []) engine.entity(life);
  for (const fact of trace.world?.relations ?? []) engine.relation(fact);
  const { schema } = unit;
  const stories = new Map((trace.sources ?? []).map((s) => [s.source, s]));
  for (const { source, lost } of stories.values()) {
    const name = schema.sources[source]?.name ?? "";
    for (const { at, count } of lost) engine.lost(name, count, at, at);
  }
  const events = trace.events.filter((e) => e.ts < trace.watermark);
  for (const [i, event] of events.entries()) {
    const next = options.reloads?.get(i);
    if (next) {
      now = next;
      const toldBefore = told.length;
      const plan = engine.reload({ unit: next, matcher: matcherOf(next), bundleHash: "" });
      reloads.push({ plan, toldBefore, progressUs: [...progressUs] });
    }
    if (restarts?.has(i)) engine = restarted(engine, start());
    const writer = engine.writer(
      schema.sources[schema.kinds[event.kind]?.source ?? -1]?.name ?? "",
    );
    if (!writer || !writeEvent(writer, now.schema, inSchema(now, unit, event)))
      throw new Error("the ring took no event");
    if (!reads || (reads.next().value ?? 0) % 2 === 0) engine.read();
    for (const [source, { name }] of schema.sources.entries()) {
      if (!hurry || (hurry.next().value ?? 0) % 3 !== 0) continue;
      const rest = events.slice(i + 1).filter((e) => schema.kinds[e.kind]?.source === source);
      const timeUs = furthest(unit, source, rest, trace, stories.get(source));
      engine.progress(name, timeUs);
      progressUs[source] = Math.max(progressUs[source] ?? timeUs, timeUs);
    }
  }
  for (const [index, { name, latenessUs }] of schema.sources.entries()) {
    endOf(engine, name, trace.watermark + latenessUs, stories.get(index));
  }
  engine.runUntil(trace.watermark);
  return { findings: standing(told), told, engine, reloads };
}

/** `event` of the schema of `from` as one of the schema of `to`, which may have more kinds. */
export function inSchema(to: CoreUnit, from: CoreUnit, event: EventData): EventData {
  const name = from.schema.kinds[event.kind]?.name;
  return { ...event, kind: to.schema.kinds.findIndex((k) => k.name === name) };
}

/** `fresh` with the state of `old`. */
function restarted(old: Engine, fresh: Engine): Engine {
  const refusal = fresh.restore(old.snapshot());
  if (refusal) throw new Error(refusal.reason);
  return fresh;
}

/** As far as a source may say it is while `rest` is still to come from it, µs. */
function furthest(
  unit: CoreUnit,
  source: number,
  rest: readonly EventData[],
  trace: Trace,
  story: SourceStory | undefined,
): number {
  const lateness = unit.schema.sources[source]?.latenessUs ?? 0;
  const oldest = rest.reduce((least, e) => Math.min(least, e.ts), trace.watermark);
  return Math.min(oldest + lateness, story?.silentFrom ?? Number.POSITIVE_INFINITY);
}

/** Tells how a source fared up to the end of a trace. */
function endOf(engine: Engine, name: string, endUs: number, story: SourceStory | undefined): void {
  if (story?.silentFrom !== undefined) {
    engine.setIdle(name, true);
    engine.progress(name, story.silentFrom);
  } else engine.progress(name, endUs);
}

/** Undefined when both agree, otherwise what each found. */
export function disagreement(
  unit: CoreUnit,
  trace: Trace,
  options: RunOptions = {},
): string | undefined {
  const { params } = options;
  const values = new Map(unit.params.map((p) => [p.name, params?.get(p.name) ?? p.value]));
  const expected = written(judge(unit, values, trace).findings.map((f) => f.finding));
  const { findings, engine } = runEngine(unit, trace, options);
  const actual = written(findings);
  const { received, delivered, filtered, dropped, late, inFlight } = engine.counters;
  if (received !== delivered + filtered + dropped + late + inFlight)
    return `conservation is broken: ${JSON.stringify(engine.counters)}`;
  if (expected === actual) return undefined;
  // What is open beyond the bound stays so, which is counted.
  const isForgotten = engine.counters.evicted.openFindings > 0;
  const begun = (all: readonly Finding[]) => written(all.map(withoutEnd));
  const judged = judge(unit, values, trace).findings.map((f) => f.finding);
  if (isForgotten && begun(judged) === begun(findings)) return undefined;
  const { keys, partials, windowEvents } = engine.counters.evicted;
  if (keys + partials + windowEvents > 0 && isSound(unit, findings, judged)) return undefined;
  return `interpreter: ${expected}\nengine: ${actual}`;
}

/**
 * Whether all that the engine found is what the interpreter found, or says that something may be
 * missing. What is found of findings that say so is not looked at.
 */
function isSound(unit: CoreUnit, found: readonly Finding[], judged: readonly Finding[]): boolean {
  const known = new Set(judged.map((f) => written([withoutEnd(f)])));
  const { kinds } = unit.schema;
  const overFindings = unit.rules.filter((r) =>
    heardSteps(r).some((s) => s.kinds.some((k) => kinds[k]?.made === "finding")),
  );
  return found.every(
    (f) =>
      f.degraded.length > 0 ||
      overFindings.some((r) => r.name === f.rule) ||
      known.has(written([withoutEnd(f)])),
  );
}

function withoutEnd({ resolvedAt: _, ...finding }: Finding): Finding {
  const timeline = finding.timeline.filter((line) => line.what !== "resolved");
  return { ...finding, state: "open", timeline };
}

/** An order of arrival: most events come in order, some are overtaken. */
export function shuffled<T>(items: readonly T[], picks: Iterator<number>): T[] {
  const rest = [...items];
  const out: T[] = [];
  while (rest.length > 0) {
    const pick = (picks.next().value as number) % 6;
    out.push(...rest.splice(Math.min(pick > 3 ? pick - 3 : 0, rest.length - 1), 1));
  }
  return out;
}
