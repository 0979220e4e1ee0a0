/**
 * A clock that was set back: from then on an engine tells what one that begins there tells, apart
 * from what it says of its doubts, whatever it had seen before and wherever it was saved.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emitMatcher } from "#compiler";
import { type CoreUnit, type EventData, type Finding, makeEvent, type Trace } from "#core";
import { Engine } from "#runtime/engine";
import { writeEvent } from "#runtime/events";
import { formsEpochUs, formsStory, formsUnit, formsUnitOf, traceOf } from "../harness/law-forms.ts";
import { lawSeed } from "../harness/seed.ts";

const runs = Number(process.env.TAPIO_LAW_RULES ?? 100);
const timeout = Math.max(120_000, runs * 400);
const second = 1_000_000;
const backUs = 7200 * second;
/** Long before the events, so that no window of theirs reaches over the step. */
const beginUs = formsEpochUs - 1000 * second;

interface Node {
  readonly engine: Engine;
  readonly told: Finding[];
}

function nodeOf(unit: CoreUnit, matcher: string, trace: Trace): Node {
  const told: Finding[] = [];
  const engine = new Engine({
    unit,
    matcher,
    bundleHash: "",
    ring: { slots: 64, textBytes: 1 << 20 },
    startUs: beginUs,
    onFinding: (f) => told.push(f),
  });
  for (const life of trace.world?.entities ?? []) engine.entity(life);
  for (const fact of trace.world?.relations ?? []) engine.relation(fact);
  return { engine, told };
}

function progress({ engine }: Node, unit: CoreUnit, timeUs: number): void {
  for (const { name } of unit.schema.sources) engine.progress(name, timeUs);
}

function tell(node: Node, unit: CoreUnit, events: readonly EventData[], every: number): void {
  const { schema } = unit;
  for (const [i, event] of events.entries()) {
    const source = schema.sources[schema.kinds[event.kind]?.source ?? -1]?.name ?? "";
    const writer = node.engine.writer(source);
    if (!writer || !writeEvent(writer, schema, event)) throw new Error("the ring took no event");
    node.engine.read();
    if (i % every === 0) progress(node, unit, event.ts);
  }
}

/** The same events in another life of the clock. */
function ahead(unit: CoreUnit, events: readonly EventData[]): EventData[] {
  return events.map(({ kind, ts, seq, entity, fields }) =>
    makeEvent(unit.schema, { kind, ts: ts + backUs, seq: seq + 1_000_000, entity, fields }),
  );
}

/** By id the times of the findings that stand in the end, from the first event on. */
function standing(told: readonly Finding[]): string[] {
  const last = new Map(told.map((f) => [f.id, f]));
  return [...last.values()]
    .filter((f) => f.state !== "retracted" && f.at >= formsEpochUs)
    .map((f) => `${f.rule} ${f.at - formsEpochUs} ${f.id} ${f.parent ?? ""}`)
    .sort();
}

const stories = fc.array(
  fc.record({ story: formsStory, before: fc.nat(20), every: fc.integer({ min: 1, max: 4 }) }),
  { minLength: 4, maxLength: 4 },
);

describe("a clock that is set back", () => {
  test("begins anew", { timeout }, () => {
    let found = 0;
    let dropped = 0;
    fc.assert(
      fc.property(formsUnit, stories, (text, cases) => {
        const unit = formsUnitOf(text);
        const matcher = emitMatcher(unit);
        for (const { story, before, every } of cases) {
          const trace = traceOf(unit.schema, story);
          const events = trace.events.filter((e) => e.ts < trace.watermark);

          const fresh = nodeOf(unit, matcher, trace);
          progress(fresh, unit, beginUs);
          tell(fresh, unit, events, every);
          fresh.engine.runUntil(trace.watermark);

          let node = nodeOf(unit, matcher, trace);
          tell(node, unit, ahead(unit, events.slice(0, before)), every);
          progress(node, unit, formsEpochUs + backUs);
          progress(node, unit, beginUs);
          dropped += node.engine.counters.dropped;
          const snapshot = node.engine.snapshot();
          node = nodeOf(unit, matcher, { ...trace, world: undefined });
          expect(node.engine.restore(snapshot)).toBeUndefined();
          tell(node, unit, events, every);
          node.engine.runUntil(trace.watermark);

          expect(standing(node.told)).toEqual(standing(fresh.told));
          expect(node.engine.counters.late).toBeLessThanOrEqual(
            before + fresh.engine.counters.late,
          );
          found += standing(fresh.told).length;
        }
      }),
      { numRuns: runs, seed: lawSeed("set back") },
    );
    expect(found).toBeGreaterThan(runs);
    expect(dropped).toBeGreaterThan(0);
  });
});
