/** Law: what is written as a record is read back as it was, for every kind and any values. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildSchema } from "#compiler";
import {
  CutText,
  type Field,
  type Layout,
  layoutOf,
  makeEvent,
  slotBytes,
  type Value,
} from "#core";
import { CollectingSink, parse } from "#grammar";
import { Interner, RecordReader, RecordWriter, writeEvent } from "#runtime/events";
import { Ring } from "#runtime/ring";
import { stdFiles } from "../../../grammar/std.gen.ts";

const sink = new CollectingSink();
const wide = `module t
event wide.one from kernel {
${Array.from({ length: 40 }, (_, i) => `  f${i}: string(20)? g${i}: int?`).join("\n")}
}
event all.types from kernel { a: bool b: float? c: cidr? d: rate e: time? f: port g: percent? h: ip i: duration }`;
const files = [...stdFiles, { file: "wide", text: wide }].map(
  (f) => parse(f.text, f.file, sink).ast,
);
const { schema } = buildSchema(files, sink);
const layouts = schema.kinds.map(layoutOf);

function anyValueOf(field: Field): fc.Arbitrary<Value> {
  const { type } = field;
  const present = ((): fc.Arbitrary<Value> => {
    switch (type.t) {
      case "string": {
        const text = fc.string({
          maxLength: Math.min(12, Math.floor(type.maxBytes / 4)),
          unit: "binary",
        });
        return fc.oneof(
          text,
          text.map((t) => new CutText(t)),
        );
      }
      case "enum":
        return fc.constantFrom(...type.members);
      case "bool":
        return fc.boolean();
      case "id64":
        return fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
      case "ip":
      case "cidr":
        return fc.bigInt({ min: 0n, max: (1n << 128n) - 1n });
      case "u32":
      case "port":
        return fc.nat();
      case "float":
        return fc.double({ noNaN: true, noDefaultInfinity: true });
      default:
        return fc.maxSafeInteger();
    }
  })();
  return field.isOptional ? fc.option(present, { nil: undefined }) : present;
}

const event = fc
  .integer({ min: 0, max: schema.kinds.length - 1 })
  .chain((kind) =>
    fc
      .tuple(...(schema.kinds[kind]?.fields ?? []).map(anyValueOf))
      .map((fields) => ({ kind, fields })),
  );

function setUp(slots = 16, textBytes = 8192) {
  const ring = new Ring({ slots, textBytes });
  const interner = new Interner(64);
  return {
    ring,
    writer: new RecordWriter(ring, schema, layouts, interner),
    reader: new RecordReader(ring, schema, layouts, interner),
  };
}

describe("records", () => {
  test("the test schema is sound", () => expect(sink.diagnostics).toEqual([]));

  test("encode, decode, equal", () => {
    const { ring, writer, reader } = setUp();
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 8 }), (events) => {
        const sent = events.map((e, i) =>
          makeEvent(schema, {
            kind: e.kind,
            ts: 1e15 + i,
            seq: i + 1,
            entity: { pod: `p${i}` },
            fields: e.fields,
          }),
        );
        for (const e of sent) expect(writeEvent(writer, schema, e)).toBe(true);
        const got = sent.map((_, i) =>
          reader.materialise(ring.slotAt(i), writer.entities[ring.indexAt(i)]),
        );
        ring.release(sent.length);
        expect(got).toEqual(sent);
      }),
      { numRuns: 300 },
    );
  });

  test("records survive a ring that is always nearly full", () => {
    const { ring, writer, reader } = setUp(4, 256);
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.boolean()), { maxLength: 30 }), (ops) => {
        const pending: string[] = [];
        ops.forEach(([e, drain], i) => {
          const sent = makeEvent(schema, {
            kind: e.kind,
            ts: i,
            seq: i + 1,
            entity: undefined,
            fields: e.fields,
          });
          if (writeEvent(writer, schema, sent)) pending.push(sent.id);
          if (drain || pending.length === 4) {
            const got = pending.map((_, at) => reader.materialise(ring.slotAt(at), undefined).id);
            expect(got).toEqual(pending);
            ring.release(pending.length);
            pending.length = 0;
          }
        });
        ring.release(pending.length);
      }),
      { numRuns: 300 },
    );
  });

  test("text longer than declared is cut between characters and marked", () => {
    const { ring, writer, reader } = setUp();
    const kind = schema.kinds.findIndex((k) => k.name === "kernel.oom_kill");
    writer.begin(kind, 1, undefined);
    writer.setText(0, `${"a".repeat(14)}äx`);
    writer.commit();
    const read = reader.materialise(ring.slotAt(0), undefined);
    expect(read.fields[0]).toEqual(new CutText(`${"a".repeat(14)}ä`));
    expect(writer.cut).toBe(1);
  });
});

describe("layouts", () => {
  test("no two fields share a byte, and appending never moves one", () => {
    const fields = fc.array(fc.integer({ min: 0, max: schema.kinds.length - 1 }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(fields, (picks) => {
        const all = picks
          .flatMap((k) => schema.kinds[k]?.fields ?? [])
          .map((f, i) => ({ ...f, name: `f${i}` }));
        const whole = layoutOf({ name: "x", source: 0, fields: all });
        checkDisjoint(whole);
        const part = layoutOf({ name: "x", source: 0, fields: all.slice(0, -1) });
        if (part.extraFlagWords === whole.extraFlagWords)
          expect(whole.fields.slice(0, -1)).toEqual(part.fields);
      }),
      { numRuns: 300 },
    );
  });
});

function checkDisjoint(layout: Layout): void {
  const size = { u8: 1, u32: 4, f64: 8, u64: 8, u128: 16 } as const;
  const used = new Set<string>();
  for (const f of layout.fields) {
    for (let i = 0; i < size[f.width]; i++) {
      const at = `${f.inExt ? "ext" : "slot"}${f.offset + i}`;
      expect(used.has(at)).toBe(false);
      used.add(at);
      expect(f.offset + i).toBeLessThan(f.inExt ? layout.extBytes : slotBytes);
    }
  }
}
