/** Law: decodeLine ∘ encodeLine = identity, for every event of the standard schema. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type EventData, type EventKind, layoutOf, makeEvent, type Schema } from "#core";
import { Interner, RecordReader, RecordWriter, writeEvent } from "#runtime/events";
import { Ring } from "#runtime/ring";
import { decodeLine, encodeLine, encodeProgress } from "#runtime/sources/replay";
import { anyItem, anyKind } from "./law-kinds.ts";
import { stdSchema } from "./std-schema.ts";

const schema = stdSchema();
const whole = () => fc.maxSafeInteger();

function eventOf(kind: EventKind, id: number) {
  const fields = kind.fields.map(anyItem);
  const entities = fc.constantFrom(...schema.entities.map((entity) => entity.name));
  const event = {
    kind: fc.constant(id),
    ts: whole(),
    seq: fc.option(fc.maxSafeNat(), { nil: undefined }),
    entity: fc.option(fc.dictionary(entities, fc.string(), { noNullPrototype: true }), {
      nil: undefined,
    }),
    fields: fc.tuple(...fields),
  };
  return fc.record(event, { noNullPrototype: true });
}

test("decodeLine ∘ encodeLine = identity", () => {
  const event = fc.oneof(...schema.kinds.map(eventOf));
  fc.assert(
    fc.property(event, (event) => {
      const line = encodeLine(schema, event);
      expect(line).not.toContain("\n");
      expect(decodeLine(schema, line, 1)).toEqual({ ok: true, what: "event", event });
    }),
    { numRuns: 3000 },
  );
});

/** A schema of one kind with any fields, and an event of it. */
const anyEvent = anyKind.chain((kind) =>
  eventOf(kind, 0).map((event) => ({ schema: { ...schema, kinds: [kind] } as Schema, event })),
);

test("the same for kinds with fields of any type: records, lists and maps in each other", () => {
  fc.assert(
    fc.property(anyEvent, ({ schema, event }) => {
      const line = encodeLine(schema, event);
      expect(line).not.toContain("\n");
      expect(decodeLine(schema, line, 1)).toStrictEqual({ ok: true, what: "event", event });
    }),
    { numRuns: 2000 },
  );
});

test("a record is read the same as an object and as dotted fields", () => {
  fc.assert(
    fc.property(anyEvent, ({ schema, event }) => {
      const line = JSON.parse(encodeLine(schema, event));
      const dotted = decodeLine(schema, JSON.stringify(line), 1);
      expect(dotted.ok).toBe(true);
      expect(decodeLine(schema, JSON.stringify(nested(line)), 1)).toStrictEqual(dotted);
    }),
    { numRuns: 2000 },
  );
});

/** The line with an object in place of every group of dotted keys. */
function nested(line: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(line)) {
    const [first = "", ...rest] = key.split(".");
    let record = out;
    let name = rest.length > 0 && /^(?:kind|ts)_*$/.test(first) ? `${first}_` : first;
    for (const member of rest) {
      record[name] ??= {};
      record = record[name] as Record<string, unknown>;
      name = member;
    }
    record[name] = value;
  }
  return out;
}

test("what a ring delivers of a recording is what was recorded", () => {
  fc.assert(
    fc.property(anyEvent, ({ schema, event }) => {
      const recorded = makeEvent(schema, { ...event, seq: 1 });
      const reading = decodeLine(schema, encodeLine(schema, recorded), 1);
      if (!reading.ok || reading.what !== "event") throw new Error(JSON.stringify(reading));
      const delivered = throughRing(schema, makeEvent(schema, { ...reading.event, seq: 1 }));
      expect(delivered).toStrictEqual(recorded);
    }),
  );
});

function throughRing(schema: Schema, event: EventData): EventData {
  const ring = new Ring({ slots: 8, textBytes: 65_536 });
  const layouts = schema.kinds.map(layoutOf);
  const interner = new Interner(64);
  const writer = new RecordWriter(ring, schema, layouts, interner);
  const reader = new RecordReader(ring, schema, layouts, interner);
  expect(writeEvent(writer, schema, event)).toBe(true);
  const index = ring.indexAt(0);
  const { entities, collections } = writer;
  return reader.materialise(ring.slotAt(0), entities[index], 0, collections[index]);
}

test("the same for progress lines", () => {
  const counters = fc.record({
    seen: fc.maxSafeNat(),
    passed: fc.maxSafeNat(),
    lost: fc.nat(2),
    malformed: fc.nat(2),
  });
  const source = fc.constantFrom(...schema.sources.map(({ name }) => name));
  fc.assert(
    fc.property(source, whole(), counters, (source, ts, counters) => {
      const line = encodeProgress(source, ts, counters);
      expect(decodeLine(schema, line, 1)).toEqual({
        ok: true,
        what: "progress",
        progress: { source, ts, counters },
      });
    }),
  );
});

test("decodeLine never throws, whatever the text", () => {
  const std = fc.oneof(...schema.kinds.map(eventOf)).map((event) => ({ schema, event }));
  const nearlyRight = fc.oneof(std, anyEvent).chain(({ schema, event }) => {
    const line = encodeLine(schema, event);
    return fc
      .tuple(fc.nat(line.length), fc.nat(3), fc.string({ maxLength: 3 }))
      .map(([at, cut, put]) => ({ schema, text: line.slice(0, at) + put + line.slice(at + cut) }));
  });
  const other = fc.oneof(fc.string(), fc.json()).map((text) => ({ schema, text }));
  fc.assert(
    fc.property(fc.oneof(other, nearlyRight), ({ schema, text }) => {
      const reading = decodeLine(schema, text, 1);
      if (!reading.ok) {
        expect(reading.message).toMatch(/^[^\n]+$/);
        expect(reading.column ?? 1).toBeLessThanOrEqual(text.length + 1);
        expect(reading.column ?? 1).toBeGreaterThan(0);
      }
    }),
    { numRuns: 3000 },
  );
});

test("a line that JSON.parse refuses has a place, and only such a line", async () => {
  const { findPlaces } = await import("../../../../runtime/sources/replay/json-place.ts");
  const broken = fc
    .json()
    .chain((json) =>
      fc
        .tuple(
          fc.nat(json.length),
          fc.nat(3),
          fc.constantFrom("", ",", "}", '"', "\\", "1", "-", ".", "e", " ", "t", "\t"),
        )
        .map(([at, cut, put]) => json.slice(0, at) + put + json.slice(at + cut)),
    );
  fc.assert(
    fc.property(broken, (text) => {
      let isJson = true;
      try {
        JSON.parse(text);
      } catch {
        isJson = false;
      }
      expect(findPlaces(text).error === undefined).toBe(isJson);
    }),
    { numRuns: 5000 },
  );
});
