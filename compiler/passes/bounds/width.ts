/** How many bytes a value takes in the state of a rule. */
import type { CoreUnit, Expr, FieldType, Pattern } from "#core";
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
      return headBytes + type.max * fieldBytes(type.item);
    case "map":
      return headBytes + type.max * (fieldBytes(type.key) + fieldBytes(type.value));
    default:
      return wordBytes;
  }
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
    case "field": {
      const kinds =
        e.of.step === "current" ? current : (stepsOf(pattern)[e.of.step]?.kinds ?? current);
      return widestField(unit, kinds, e.name);
    }
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
      return inner(e.list);
    case "capture":
      return inner(e.text);
    default:
      return wordBytes;
  }
}
