/**
 * The same events again and again, far enough apart that none has to do with those before: what the
 * engine keeps must not grow.
 */
import { type CoreUnit, type EventData, makeEvent } from "#core";
import { Engine } from "#runtime/engine";
import { writeEvent } from "#runtime/events";

/** `text` of a rule that matches and tells nothing: what was told is kept, as it may change. */
export function untold(text: string): string {
  return text.replace("  explain {", '  except "every" when count(p) >= 0\n  explain {');
}

/** Bytes of the rules' state after each time that `events` were told, `periodUs` apart. */
export function keptBytes(
  unit: CoreUnit,
  matcher: string,
  events: readonly EventData[],
  periodUs: number,
  times: number,
): number[] {
  const { schema } = unit;
  const ring = { slots: 64, textBytes: 1 << 16 };
  const engine = new Engine({ unit, matcher, bundleHash: "", ring, onFinding: () => {} });
  const start = Math.min(...events.map((e) => e.ts));
  return Array.from({ length: times }, (_, time) => {
    for (const event of [...events].sort((a, b) => a.ts - b.ts)) {
      const { kind, entity, fields } = event;
      const moved = makeEvent(schema, {
        kind,
        ts: event.ts + time * periodUs,
        // As many digits each time.
        seq: 1_000_000 + time * events.length + event.seq,
        entity,
        fields,
      });
      const source = schema.sources[schema.kinds[kind]?.source ?? -1]?.name ?? "";
      const writer = engine.writer(source);
      if (!writer || !writeEvent(writer, schema, moved)) throw new Error("the ring took no event");
      engine.read();
    }
    const end = start + (time + 1) * periodUs - 1;
    for (const { name, latenessUs } of schema.sources) engine.progress(name, end + latenessUs);
    engine.runUntil(end);
    return engine.measured.reduce((sum, { bytes }) => sum + bytes, 0);
  });
}
