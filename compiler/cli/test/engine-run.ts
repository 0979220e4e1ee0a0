/** A story run by the generated engine, for the rules it can run. */
import { type CoreRule, type CoreUnit, type Finding, stepsOf } from "#core";
import { Engine } from "#runtime/engine";
import { writeEvent } from "#runtime/events";
import type { Story } from "./story.ts";

/** Tests write few events between two reads. */
const ring = { slots: 256, textBytes: 1 << 18 };

/** The findings of every rule that generated code can run. `matcher` belongs to `unit`. */
export function runEngine(unit: CoreUnit, matcher: string, story: Story): Finding[] {
  const isHeld = (f: Finding) => {
    const rule = unit.rules.find((r) => r.name === f.rule && r.module === f.module);
    return rule !== undefined && waitsForSilent(unit, rule, story);
  };
  const told = runOnce(unit, matcher, story, false);
  if (story.sources.every((s) => s.silentFrom === undefined)) return told;
  // What is concluded from silence waits for the silent source; nothing else does.
  const held = runOnce(unit, matcher, story, true);
  return [...told.filter((f) => !isHeld(f)), ...held.filter(isHeld)];
}

/** Whether `rule` concludes something from the silence of a source that is silent in `story`. */
function waitsForSilent(unit: CoreUnit, { pattern }: CoreRule, story: Story): boolean {
  if (pattern.node !== "seq" || !pattern.deadline) return false;
  const steps = [...stepsOf(pattern), pattern.deadline.step];
  const sources = steps.flatMap((s) => s.kinds).map((k) => unit.schema.kinds[k]?.source);
  return story.sources.some((s) => s.silentFrom !== undefined && sources.includes(s.source));
}

function runOnce(unit: CoreUnit, matcher: string, story: Story, holdsSilent: boolean): Finding[] {
  const findings: Finding[] = [];
  const onFinding = (f: Finding) => void findings.push(f);
  const engine = new Engine({ unit, matcher, bundleHash: "", ring, onFinding });
  const { sources } = unit.schema;
  for (const { source, lost } of story.sources)
    for (const { at, count } of lost) engine.lost(sources[source]?.name ?? "", count, at);
  const silentFrom = (index: number) =>
    (holdsSilent ? story.sources.find((s) => s.source === index)?.silentFrom : undefined) ??
    Number.POSITIVE_INFINITY;
  const progress = (clock: number) => {
    for (const [i, s] of sources.entries()) engine.progress(s.name, Math.min(clock, silentFrom(i)));
  };
  let clock = Number.NEGATIVE_INFINITY;
  for (const { event, arrivesAt } of story.events) {
    clock = Math.max(clock, Math.min(arrivesAt, story.advanceTo));
    progress(clock);
    const source = unit.schema.kinds[event.kind]?.source ?? 0;
    const writer = engine.writer(sources[source]?.name ?? "");
    if (!writer || writeEvent(writer, unit.schema, event)) continue;
    engine.read();
    writeEvent(writer, unit.schema, event);
  }
  if (!holdsSilent) engine.runUntil(story.advanceTo);
  else {
    for (const [i, s] of sources.entries())
      engine.progress(s.name, Math.min(story.advanceTo + s.latenessUs, silentFrom(i)));
  }
  return findings;
}
