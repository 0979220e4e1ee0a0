/** A story judged by the reference interpreter, each rule on what reaches it in time. */
import {
  allStepsOf,
  type CoreRule,
  type CoreUnit,
  type Judgement,
  judge,
  type Trace,
  type Value,
} from "#core";
import { onTime, type Story } from "./story.ts";

export function judgeStory(
  unit: CoreUnit,
  params: ReadonlyMap<string, Value>,
  story: Story,
  observe?: Trace["observe"],
): Judgement {
  const { start, advanceTo: watermark, world, sources } = story;
  const events = story.events.map((e) => e.event);
  const eventsFor = (rule: CoreRule) => onTime(story, latenessOf(unit, rule));
  return judge(unit, params, { events, watermark, start, world, sources, observe }, { eventsFor });
}

/** Of the slowest source that `rule` needs, through derived events and findings, µs. */
function latenessOf(unit: CoreUnit, rule: CoreRule): number {
  const sources = sourcesOf(unit, rule, new Set());
  return Math.max(0, ...[...sources].map((s) => unit.schema.sources[s]?.latenessUs ?? 0));
}

function sourcesOf(unit: CoreUnit, rule: CoreRule, seen: Set<CoreRule>): Set<number> {
  const out = new Set<number>();
  if (seen.has(rule)) return out;
  seen.add(rule);
  for (const id of allStepsOf(rule.pattern).flatMap((s) => s.kinds)) {
    const kind = unit.schema.kinds[id];
    const maker =
      kind?.made === "finding"
        ? unit.rules.find((r) => kind.name === `finding.${r.module}.${r.name}`)
        : undefined;
    if (maker) for (const source of sourcesOf(unit, maker, seen)) out.add(source);
    else out.add(kind?.source ?? 0);
  }
  return out;
}
