/** Law: decodeLine ∘ encodeLine = identity, for every event of the standard schema. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { CutText, type EventKind, type FieldType, type Value } from "#core";
import { decodeLine, encodeLine, encodeProgress } from "#runtime/sources/replay";
import { stdSchema } from "./std-schema.ts";

const schema = stdSchema();
const byteLength = (text: string) => Buffer.byteLength(text);
const whole = () => fc.maxSafeInteger();

function textOf(maxBytes: number) {
  return fc
    .string({ unit: "binary", maxLength: 40 })
    .map((text) => text.toWellFormed())
    .filter((text) => byteLength(text) <= maxBytes);
}

function valueFor(type: FieldType): fc.Arbitrary<NonNullable<Value>> {
  switch (type.t) {
    case "bool":
      return fc.boolean();
    case "string": {
      const text = textOf(type.maxBytes);
      return fc.oneof(
        text,
        text.map((visible) => new CutText(visible)),
      );
    }
    case "enum":
      return fc.constantFrom(...type.members);
    case "u32":
      return fc.nat(0xffff_ffff);
    case "port":
      return fc.nat(0xffff);
    case "float":
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case "id64":
      return fc.bigInt(0n, 2n ** 64n - 1n);
    case "ip":
    case "cidr":
      return fc.oneof(
        fc.bigInt(0n, 2n ** 128n - 1n),
        fc.nat(0xffff_ffff).map((v4) => 0xffff_0000_0000n | BigInt(v4)),
      );
    default:
      return whole();
  }
}

function eventOf(kind: EventKind, id: number) {
  const fields = kind.fields.map((field) =>
    field.isOptional ? fc.option(valueFor(field.type), { nil: undefined }) : valueFor(field.type),
  );
  const entities = fc.constantFrom(...schema.entities.map((entity) => entity.name));
  return fc.record({
    kind: fc.constant(id),
    ts: whole(),
    seq: fc.option(fc.maxSafeNat(), { nil: undefined }),
    entity: fc.option(fc.dictionary(entities, fc.string(), { noNullPrototype: true }), {
      nil: undefined,
    }),
    fields: fc.tuple(...fields),
  });
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
  const nearlyRight = fc.oneof(...schema.kinds.map(eventOf)).chain((event) => {
    const line = encodeLine(schema, event);
    return fc
      .tuple(fc.nat(line.length), fc.nat(3), fc.string({ maxLength: 3 }))
      .map(([at, cut, put]) => line.slice(0, at) + put + line.slice(at + cut));
  });
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), nearlyRight), (text) => {
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
