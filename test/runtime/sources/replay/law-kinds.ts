/** Event kinds with fields of any type, and events of them, for laws on recordings. */
import fc from "fast-check";
import {
  CutText,
  type EventKind,
  type Field,
  type FieldType,
  type ItemType,
  RecordValue,
  type Value,
} from "#core";

type MapType = Extract<FieldType, { t: "map" }>;

/** Deeper types have single values only. */
const levelsMax = 3;

const names = ["a", "b", "kind", "ts", "kind_", "cut", "name"] as const;
const memberNames = fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 3 });

const text = fc.nat(20).map((n): FieldType => ({ t: "string", maxBytes: n + 1 }));
const enumType = fc.constant<FieldType>({ t: "enum", members: ["x", "y", "1"] });
const whole = ["int", "u32", "port", "id64", "ip"] as const;
const others = ["bool", "float", "duration", "size", "percent", "rate", "time", "cidr"] as const;
const keyType = fc.oneof(
  text,
  enumType,
  fc.constantFrom(...whole).map((t): FieldType => ({ t })),
);
const singleType = fc.oneof(
  keyType,
  fc.constantFrom(...others).map((t): FieldType => ({ t })),
);

function typeWithin(levels: number): fc.Arbitrary<FieldType> {
  if (levels === 0) return singleType;
  const item = itemWithin(levels - 1);
  const max = fc.integer({ min: 1, max: 4 });
  return fc.oneof(
    singleType,
    fc.record({ t: fc.constant("list" as const), item, max }),
    fc.record({ t: fc.constant("map" as const), key: keyType, value: item, max }),
    fieldsWithin(levels - 1).map((members): FieldType => ({ t: "record", members })),
  );
}

function itemWithin(levels: number): fc.Arbitrary<ItemType> {
  return fc.record({ type: typeWithin(levels), isOptional: fc.boolean() });
}

function fieldsWithin(levels: number): fc.Arbitrary<Field[]> {
  return memberNames.chain((members) =>
    fc.tuple(...members.map((name) => itemWithin(levels).map((item) => ({ name, ...item })))),
  );
}

/** Fields as the schema has them: a record's members are fields of their own. */
function flat(fields: readonly Field[]): Field[] {
  return fields.flatMap(({ name, type, isOptional }) =>
    type.t === "record"
      ? flat(type.members).map((member) => ({
          ...member,
          name: `${name}.${member.name}`,
          isOptional: isOptional || member.isOptional,
        }))
      : [{ name, type, isOptional }],
  );
}

export const anyKind: fc.Arbitrary<EventKind> = fieldsWithin(levelsMax).map((fields) => ({
  name: "law.any",
  source: 0,
  fields: flat(fields),
}));

export function anyItem({ type, isOptional }: ItemType): fc.Arbitrary<Value> {
  return isOptional ? fc.option(anyValue(type), { nil: undefined }) : anyValue(type);
}

function anyValue(type: FieldType): fc.Arbitrary<NonNullable<Value>> {
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
    case "list":
      return fc.array(anyItem(type.item), { maxLength: type.max });
    case "map":
      return mapOf(type);
    case "record": {
      const members = type.members.map((m) => anyItem(m).map((x) => [m.name, x] as const));
      return fc.tuple(...members).map((entries) => new RecordValue(entries));
    }
    default:
      return fc.maxSafeInteger();
  }
}

/** Also keys that mean something else in JavaScript or in the format. */
function mapOf({ key, value, max }: MapType): fc.Arbitrary<ReadonlyMap<Value, Value>> {
  const whole = anyValue(key).filter((k) => !(k instanceof CutText));
  const isLong = key.t === "string" && key.maxBytes >= 9;
  const keys = isLong ? fc.oneof(whole, fc.constantFrom("__proto__", "cut", "10", "9")) : whole;
  return fc
    .array(fc.tuple(keys, anyItem(value)), { maxLength: max })
    .map((entries) => new Map<Value, Value>(entries));
}

function textOf(maxBytes: number): fc.Arbitrary<string> {
  return fc
    .string({ unit: "binary", maxLength: Math.min(40, maxBytes) })
    .map((text) => text.toWellFormed())
    .filter((text) => Buffer.byteLength(text) <= maxBytes);
}
