/**
 * Runs a whole unit on one trace in the reference interpreter and in the engine, to compare what
 * is known of each finding in the end.
 */
import { emitMatcher } from "#compiler";
import {
  type CoreUnit,
  engineUnit,
  type Finding,
  judge,
  type SourceStory,
  type Trace,
  type Value,
} from "#core";
import { Engine } from "#runtime/engine";
import { writeEvent } from "#runtime/events";

export interface EngineRun {
  /** By id, each as it was told last; without those that were retracted. */
  readonly findings: readonly Finding[];
  /** Everything that was told, in order. */
  readonly told: readonly Finding[];
  readonly engine: Engine;
}

/** Units never change, and many traces are tried on each. */
const matchers = new WeakMap<CoreUnit, string>();

function matcherOf(unit: CoreUnit): string {
  const known = matchers.get(unit) ?? emitMatcher(unit);
  matchers.set(unit, known);
  return known;
}

/** What the engine finds; events arrive in the order of the trace, none of them late. */
export function runEngine(
  unit: CoreUnit,
  trace: Trace,
  params: ReadonlyMap<string, Value> = new Map(),
): EngineRun {
  const told: Finding[] = [];
  const engine = new Engine({
    unit,
    matcher: matcherOf(unit),
    bundleHash: "",
    params,
    ring: { slots: 64, textBytes: 1 << 20 },
    ...(trace.start === undefined ? {} : { startUs: trace.start }),
    onFinding: (f) => told.push(f),
  });
  for (const life of trace.world?.entities ?? []) engine.entity(life);
  for (const fact of trace.world?.relations ?? []) engine.relation(fact);
  const { schema } = unit;
  for (const event of trace.events) {
    if (event.ts >= trace.watermark) continue;
    const writer = engine.writer(
      schema.sources[schema.kinds[event.kind]?.source ?? -1]?.name ?? "",
    );
    if (!writer || !writeEvent(writer, schema, event)) throw new Error("the ring took no event");
    engine.read();
  }
  const stories = new Map((trace.sources ?? []).map((s) => [s.source, s]));
  for (const [index, { name, latenessUs }] of schema.sources.entries()) {
    endOf(engine, name, trace.watermark + latenessUs, stories.get(index));
  }
  engine.runUntil(trace.watermark);
  const last = new Map(told.map((f) => [f.id, f]));
  const findings = [...last.values()].filter((f) => f.state !== "retracted");
  return { findings, told, engine };
}

/** Tells how a source fared up to the end of a trace. */
function endOf(engine: Engine, name: string, endUs: number, story: SourceStory | undefined): void {
  for (const { at, count } of story?.lost ?? []) engine.lost(name, count, at, at);
  if (story?.silentFrom !== undefined) {
    engine.setIdle(name, true);
    engine.progress(name, story.silentFrom);
  } else engine.progress(name, endUs);
}

/** Undefined when both agree about all rules that the engine runs, otherwise what each found. */
export function disagreement(
  whole: CoreUnit,
  trace: Trace,
  params: ReadonlyMap<string, Value> = new Map(),
): string | undefined {
  const unit = engineUnit(whole);
  const values = new Map(unit.params.map((p) => [p.name, params.get(p.name) ?? p.value]));
  const expected = written(judge(unit, values, trace).findings.map((f) => f.finding));
  const { findings, engine } = runEngine(unit, trace, params);
  const actual = written(findings);
  const { received, delivered, filtered, dropped, late, inFlight } = engine.counters;
  if (received !== delivered + filtered + dropped + late + inFlight)
    return `conservation is broken: ${JSON.stringify(engine.counters)}`;
  return expected === actual ? undefined : `interpreter: ${expected}\nengine: ${actual}`;
}

/** Findings in the end: how often one was told again depends on the order of arrival. */
function written(findings: readonly Finding[]): string {
  const last = findings.map((f) => ({
    ...f,
    revision: 0,
    state: f.state === "update" ? "open" : f.state,
  }));
  const place = (f: Finding) => `${f.module}.${f.rule} ${f.at} ${f.id}`;
  last.sort((a, b) => (place(a) < place(b) ? -1 : 1));
  return JSON.stringify(last, null, 1);
}
