/** How many bytes a value takes in the state of a rule. */
import type { CoreUnit, Expr, FieldType, ItemType, Pattern } from "#core";
import { stepsOf } from "#core";

/** Length and place of a text or list, in front of its bytes. */
const headBytes = 8;
/** A number, a time, or a reference to an entry of the inventory. */
const wordBytes = 8;

export function fieldBytes(type: FieldType): number {
  switch (type.t) {
    case "bool":
    case "enum":
      return 1;
    case "u32":
    case "port":
      return 4;
    case "ip":
    case "cidr":
      return 16;
    case "string":
      return headBytes + type.maxBytes;
    case "list":
      return headBytes + itemBytes(type.item, type.max);
    case "map":
      return headBytes + type.max * fieldBytes(type.key) + itemBytes(type.value, type.max);
    case "record":
      return type.members.reduce((n, m) => n + fieldBytes(m.type), presenceBytes(type.members));
    default:
      return wordBytes;
  }
}

/** Bytes of `max` items, each with its own presence where it may be missing. */
function itemBytes(item: ItemType, max: number): number {
  return max * fieldBytes(item.type) + (item.isOptional ? Math.ceil(max / 8) : 0);
}

function presenceBytes(members: readonly ItemType[]): number {
  return Math.ceil(members.filter((m) => m.isOptional).length / 8);
}

/** The widest field of that name among `kinds`. */
export function widestField(unit: CoreUnit, kinds: readonly number[], name: string): number {
  let widest = 0;
  for (const kind of kinds) {
    const field = unit.schema.kinds[kind]?.fields.find((f) => f.name === name);
    if (field) widest = Math.max(widest, fieldBytes(field.type));
  }
  return widest;
}

/** Bytes of the value of `e`, read for an event of `current`'s kinds. */
export function exprBytes(
  unit: CoreUnit,
  pattern: Pattern,
  current: readonly number[],
  e: Expr,
): number {
  const inner = (x: Expr) => exprBytes(unit, pattern, current, x);
  switch (e.op) {
    case "const":
      return typeof e.value === "string" ? headBytes + e.value.length * 3 : wordBytes;
    case "field":
      return Math.max(0, ...readTypes(unit, pattern, current, e).map(fieldBytes));
    case "entity":
    case "subject":
      return headBytes + (unit.schema.entities.find((k) => k.name === e.kind)?.keyBytes ?? 0);
    case "coalesce":
      return Math.max(inner(e.left), inner(e.right));
    case "if":
      return Math.max(inner(e.yes), inner(e.no));
    case "concat":
      return headBytes + e.parts.reduce((n, p) => n + inner(p.expr), 0);
    case "call":
      return headBytes + e.args.reduce((n, a) => n + inner(a), 0);
    case "index":
    case "member":
      return Math.max(wordBytes, ...readTypes(unit, pattern, current, e).map(fieldBytes));
    case "capture":
      return inner(e.text);
    default:
      return wordBytes;
  }
}

/** The types that what is read from an event has in each of its kinds; none of anything else. */
function readTypes(
  unit: CoreUnit,
  pattern: Pattern,
  current: readonly number[],
  e: Expr,
): FieldType[] {
  const of = (x: Expr) => readTypes(unit, pattern, current, x);
  switch (e.op) {
    case "field": {
      const steps = stepsOf(pattern);
      const kinds = e.of.step === "current" ? current : (steps[e.of.step]?.kinds ?? current);
      const fields = kinds.flatMap((k) => unit.schema.kinds[k]?.fields ?? []);
      return fields.filter((f) => f.name === e.name).map((f) => f.type);
    }
    case "index":
      return e.list.op === "list" ? e.list.items.flatMap(of) : of(e.list).flatMap(itemTypes);
    case "member":
      return of(e.record).flatMap((type) =>
        type.t === "record" ? type.members.filter((m) => m.name === e.name).map((m) => m.type) : [],
      );
    case "coalesce":
      return [...of(e.left), ...of(e.right)];
    case "if":
      return [...of(e.yes), ...of(e.no)];
    default:
      return [];
  }
}

function itemTypes(type: FieldType): FieldType[] {
  if (type.t === "list") return [type.item.type];
  return type.t === "map" ? [type.value.type] : [];
}
