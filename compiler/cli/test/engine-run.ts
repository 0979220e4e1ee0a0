/** A story run by the generated engine. */
import type { CoreUnit, Finding } from "#core";
import { Engine } from "#runtime/engine";
import { writeEvent } from "#runtime/events";
import type { Story } from "./story.ts";

/** Tests write few events between two reads. */
const ring = { slots: 256, textBytes: 1 << 18 };

/** What is known of every finding in the end. `matcher` belongs to `unit`. */
export function runEngine(unit: CoreUnit, matcher: string, story: Story): Finding[] {
  const told = new Map<string, Finding>();
  const engine = new Engine({
    unit,
    matcher,
    bundleHash: "",
    ring,
    startUs: story.start,
    onFinding: (f) => void told.set(f.id, f),
  });
  for (const life of story.world?.entities ?? []) engine.entity(life);
  for (const fact of story.world?.relations ?? []) engine.relation(fact);
  const { sources } = unit.schema;
  for (const { source, lost } of story.sources)
    for (const { at, count } of lost) engine.lost(sources[source]?.name ?? "", count, at, at);
  let clock = Number.NEGATIVE_INFINITY;
  for (const { event, arrivesAt } of story.events) {
    clock = Math.max(clock, Math.min(arrivesAt, story.advanceTo));
    tellProgress(engine, unit, story, () => clock);
    const source = unit.schema.kinds[event.kind]?.source ?? 0;
    const writer = engine.writer(sources[source]?.name ?? "");
    if (!writer || writeEvent(writer, unit.schema, event)) continue;
    engine.read();
    writeEvent(writer, unit.schema, event);
  }
  tellProgress(engine, unit, story, (latenessUs) => story.advanceTo + latenessUs);
  engine.runUntil(story.advanceTo);
  return [...told.values()].filter((f) => f.state !== "retracted" && !f.isProvisional);
}

/** Every source says how far it is; one that has fallen silent says so once more and is idle. */
function tellProgress(
  engine: Engine,
  unit: CoreUnit,
  story: Story,
  clockOf: (latenessUs: number) => number,
): void {
  for (const [i, { name, latenessUs }] of unit.schema.sources.entries()) {
    const silentFrom = story.sources.find((s) => s.source === i)?.silentFrom;
    const clock = clockOf(latenessUs);
    if (silentFrom !== undefined && clock >= silentFrom) engine.setIdle(name, true);
    engine.progress(name, Math.min(clock, silentFrom ?? clock));
  }
}
