/** How records become events: their numbers, what is counted, and what goes wrong. */
import { describe, expect, test } from "vitest";
import { type EventData, layoutOf, makeEvent } from "#core";
import { Interner, writeEvent } from "#runtime/events";
import type { KindFunction } from "../../../../runtime/engine/code/matcher.ts";
import { type BrokenRecord, RecordInput } from "../../../../runtime/engine/intake/record-input.ts";
import { compiled } from "../../core/ir/by-hand.ts";

const { unit } = compiled("rule r { match p: t.a }");
const { schema } = unit;
const kindOf = (name: string) => schema.kinds.findIndex((k) => k.name === name);
const [a, b] = [kindOf("t.a"), kindOf("t.b")];

function inputOf(slots = 16) {
  const layouts = schema.kinds.map(layoutOf);
  const ring = { slots, textBytes: 4096 };
  const input = new RecordInput({ unit, layouts, interner: new Interner(), ring });
  const write = (seq: number, ts = seq, kind = a) =>
    writeEvent(
      input.writer,
      schema,
      makeEvent(schema, { kind, ts, seq, entity: undefined, fields: [1, 1] }),
    );
  const events: EventData[] = [];
  const broken: BrokenRecord[] = [];
  const hits = new Int32Array(8);
  const read = (functions: readonly KindFunction[] = [takes(3)], stopAt?: number) =>
    input.read(
      schema.kinds.map((_, kind) => (kind === a ? functions : undefined)),
      hits,
      (event, count) => {
        events.push(event);
        expect([...hits.slice(0, count)]).toEqual(functions.map((_, i) => 3 + i));
        if (event.seq === stopAt) throw new Error("stop");
      },
      (record) => broken.push(record),
    );
  return { input, write, read, events, broken };
}

/** For trigger `number`, whatever the record says. */
const takes =
  (number: number): KindFunction =>
  (_u8, _u32, _f64, _at, _reader, hits, n) => {
    hits[n] = number;
    return n + 1;
  };

describe("records", () => {
  test("that some trigger may be for become events, the others are counted", () => {
    const { input, write, read, events } = inputOf();
    for (const [seq, kind] of [
      [1, a],
      [2, b],
      [3, a],
    ] as const)
      write(seq, 10 * seq, kind);
    expect([input.newestUs, input.ring.readable]).toEqual([Number.NEGATIVE_INFINITY, 3]);
    expect(read([takes(3), takes(4)])).toBe(1);
    expect(events.map((e) => [e.kind, e.ts, e.seq])).toEqual([
      [a, 10, 1],
      [a, 30, 3],
    ]);
    expect([input.newestUs, input.ring.readable]).toEqual([30, 0]);
    // Of what nobody wants the time counts as well, and what is older changes nothing.
    write(4, 50, b);
    write(5, 40);
    expect(read([])).toBe(2);
    expect(input.newestUs).toBe(50);
  });

  test("have numbers of 53 bits, though a slot has but 32 of them", () => {
    const { input, write, read, events } = inputOf();
    const edge = 2 ** 32;
    const saved = { ...input.save(), lastSeq: 5 * edge - 2, written: 5 * edge - 2 };
    input.restore(saved);
    const numbers = [
      5 * edge - 1,
      5 * edge,
      5 * edge + 1,
      5 * edge + 2 ** 31,
      6 * edge - 1,
      6 * edge + 7,
    ];
    for (const seq of numbers) write(seq, 1);
    read();
    expect(events.map((e) => e.seq)).toEqual(numbers);
    expect(input.save()).toMatchObject({ lastSeq: 6 * edge + 7, written: 6 * edge + 7 });
    const fresh = inputOf();
    fresh.write(3e9);
    fresh.read();
    expect(fresh.events.map((e) => e.seq)).toEqual([3e9]);
  });

  test("are read once each, whoever fails, and what cannot be read is told of", () => {
    const { input, write, read, events, broken } = inputOf();
    for (const seq of [1, 2, 3]) write(seq, 10 * seq);
    expect(() => read([takes(3)], 2)).toThrow("stop");
    expect([events.length, input.ring.readable]).toEqual([2, 1]);
    const failing: KindFunction = () => {
      throw new Error("unreadable");
    };
    expect(read([failing])).toBe(0);
    expect(broken).toMatchObject([{ kind: a, ts: 30, error: new Error("unreadable") }]);
    expect([events.length, input.ring.readable]).toEqual([2, 0]);
  });

  test("are counted, those of engines before this one, too", () => {
    const { input, write } = inputOf(2);
    for (const seq of [1, 2, 3]) write(seq);
    expect([input.received, input.dropped]).toEqual([3, 1]);
    const again = inputOf(2);
    again.input.restore(input.save());
    expect([again.input.received, again.input.dropped]).toEqual([3, 1]);
    for (const seq of [4, 5, 6, 7]) again.write(seq);
    expect([again.input.received, again.input.dropped]).toEqual([7, 3]);
    expect(again.input.save()).toMatchObject({ received: 7, dropped: 3, written: 7 });
    again.read();
    const third = inputOf(2);
    third.input.restore(again.input.save());
    expect(third.input.newestUs).toBe(5);
  });
});
