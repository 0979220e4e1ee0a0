/**
 * What happens in a test, in the order it arrives. An event is late for a rule when it arrives
 * after the watermark of the slowest source that the rule needs, so that lateness depends on the
 * event's own arrival only, and any order of the others is a fair variation.
 */
import type { TestCase, TestEvent } from "#compiler";
import type { EventData, Schema, SourceStory, World } from "#core";

/** Times are µs since the epoch. */
export interface Story {
  readonly start: number;
  /** Everything before is decided. */
  readonly advanceTo: number;
  /** In the order they arrive. */
  readonly events: readonly TestEvent[];
  readonly world: World;
  readonly sources: readonly SourceStory[];
}

/** `recorded` are the events of the test's recording, whose first one starts the clock. */
export function storyOf(test: TestCase, recorded: readonly TestEvent[] | undefined): Story {
  const events = recorded ?? test.events;
  const start = recorded ? Math.min(...recorded.map((e) => e.event.ts), Infinity) : test.start;
  const shift = Number.isFinite(start) ? start - test.start : 0;
  const last = events.reduce((t, e) => Math.max(t, e.event.ts, e.arrivesAt), test.start + shift);
  return {
    start: test.start + shift,
    advanceTo: test.advanceTo === undefined ? last + 1 : test.advanceTo + shift,
    events: inOrder(events),
    world: moved(test.world, shift),
    sources: test.sources.map((s) => ({
      ...s,
      silentFrom: s.silentFrom === undefined ? undefined : s.silentFrom + shift,
      lost: s.lost.map((l) => ({ ...l, at: l.at + shift })),
    })),
  };
}

function moved(world: World, shift: number): World {
  return {
    entities: world.entities.map((e) => ({ ...e, up: e.up + shift })),
    relations: world.relations.map((r) => ({ ...r, since: r.since + shift })),
  };
}

function inOrder(events: readonly TestEvent[]): TestEvent[] {
  return [...events].sort(
    (a, b) => a.arrivesAt - b.arrivesAt || a.event.ts - b.event.ts || a.event.seq - b.event.seq,
  );
}

/** How far behind its progress the source of an event may deliver, µs. */
function latenessOf(schema: Schema, event: EventData): number {
  return schema.sources[schema.kinds[event.kind]?.source ?? -1]?.latenessUs ?? 0;
}

/** The events that reach a rule in time whose slowest source has this lateness, µs. */
export function onTime(story: Story, latenessUs: number): EventData[] {
  return story.events.flatMap(({ event, arrivesAt }) =>
    event.ts < Math.min(arrivesAt, story.advanceTo) - latenessUs ? [] : [event],
  );
}

/**
 * The same story with every event arriving at another time that its source allows. Events that the
 * test itself lets arrive too late for their source stay where they are.
 */
export function permuted(story: Story, schema: Schema, random: () => number): Story {
  const events = story.events.map(({ event, arrivesAt }): TestEvent => {
    const lateness = latenessOf(schema, event);
    const isLate = arrivesAt > event.ts + lateness;
    return isLate
      ? { event, arrivesAt }
      : { event, arrivesAt: event.ts + Math.floor(random() * (lateness + 1)) };
  });
  return { ...story, events: inOrder(events) };
}

/** Numbers from 0 up to 1 that are the same for the same text (xorshift32 from an FNV-1a hash). */
export function seededBy(text: string): () => number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  // The generator stays at zero for ever once it is there.
  if (state === 0) state = 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
