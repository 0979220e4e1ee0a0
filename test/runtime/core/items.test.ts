/** Values of lists, maps and records: how they are written, when they are equal, what they cost. */
import { describe, expect, test } from "vitest";
import {
  type EventKind,
  type FieldType,
  format,
  keyText,
  layoutHash,
  RecordValue,
  type Schema,
  type Unit,
  unitOf,
  type Value,
} from "#core";

const size: FieldType = { t: "size" };
const text: FieldType = { t: "string", maxBytes: 8 };
const record: FieldType = {
  t: "record",
  members: [
    { name: "name", type: text, isOptional: false },
    { name: "mem", type: size, isOptional: true },
  ],
};
const listOf = (type: FieldType, isOptional = false): FieldType => ({
  t: "list",
  item: { type, isOptional },
  max: 4,
});

describe("text", () => {
  const a = new RecordValue([
    ["mem", 1024],
    ["name", "a"],
  ]);
  const b = new RecordValue([["name", "b"]]);
  test.each<[FieldType, Value, string]>([
    [listOf(size, true), [1024, undefined], "[1KiB, ?]"],
    [record, a, "{name: a, mem: 1KiB}"],
    [listOf(record, true), [a, undefined, b], "[{name: a, mem: 1KiB}, ?, {name: b}]"],
    [
      { t: "map", key: text, value: { type: size, isOptional: true }, max: 4 },
      new Map<Value, Value>([
        ["x", 2048],
        ["y", undefined],
      ]),
      "{x: 2KiB, y: ?}",
    ],
  ])("%j", (type, value, shown) => {
    expect(format(value, unitOf(type))).toBe(shown);
  });

  test("of a value whose unit is another is the plain number", () => {
    const plain: Unit = "int";
    expect(format(new Map<Value, Value>([["x", 2048]]), plain)).toBe("{x: 2048}");
  });
});

test("a missing member is no member", () => {
  const absent = new RecordValue([
    ["a", 1],
    ["b", undefined],
  ]);
  expect(absent).toEqual(new RecordValue([["a", 1]]));
  expect(absent.members.has("b")).toBe(false);
});

test("keys of values are equal exactly when the values are", () => {
  const values: Value[] = [
    [],
    [undefined],
    [undefined, undefined],
    ["?"],
    new Map(),
    new Map<Value, Value>([["a", undefined]]),
    new Map<Value, Value>([["a", 1]]),
    new RecordValue([]),
    new RecordValue([["a", 1]]),
    new RecordValue([["a", "1"]]),
    [new RecordValue([["a", 1]])],
    [["a", 1]],
  ];
  expect(new Set(values.map(keyText)).size).toBe(values.length);
  const [ab, ba] = [
    new RecordValue([
      ["a", 1],
      ["b", 2],
    ]),
    new RecordValue([
      ["b", 2],
      ["a", 1],
    ]),
  ];
  expect(keyText(ab)).toBe(keyText(ba));
});

test("the layout changes with everything an item can have", () => {
  const hashOf = (type: FieldType) => {
    const kind: EventKind = {
      name: "a.b",
      source: 0,
      fields: [{ name: "x", type, isOptional: false }],
    };
    const schema: Schema = { sources: [], entities: [], relations: [], kinds: [kind] };
    return layoutHash(schema);
  };
  const member = (name: string, isOptional: boolean): FieldType => ({
    t: "record",
    members: [{ name, type: size, isOptional }],
  });
  const types = [
    listOf(size),
    listOf(size, true),
    listOf(text),
    listOf(record),
    listOf(member("a", false)),
    listOf(member("a", true)),
    listOf(member("b", true)),
    listOf(listOf(size, true)),
    { t: "map", key: text, value: { type: size, isOptional: false }, max: 4 } as const,
    { t: "map", key: text, value: { type: size, isOptional: true }, max: 4 } as const,
  ];
  expect(new Set(types.map(hashOf)).size).toBe(types.length);
});
