/** How many bytes a value takes in the state of a rule. */
import {
  type CoreUnit,
  type Expr,
  type FieldType,
  headBytes,
  type Pattern,
  stepsOf,
  typeBytes,
  wordBytes,
} from "#core";

/** The longest number, written out. */
const numberText = 25;
/** An address or an identity in decimal digits. */
const addressText = 40;
/** A character of one byte that a list of texts writes as `\u001f`. */
const escaped = 6;

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
      return Math.max(0, ...readTypes(unit, pattern, current, e).map(typeBytes));
    case "entity":
    case "subject":
      return headBytes + (unit.schema.entities.find((k) => k.name === e.kind)?.keyBytes ?? 0);
    case "coalesce":
      return Math.max(inner(e.left), inner(e.right));
    case "if":
      return Math.max(inner(e.yes), inner(e.no));
    case "concat":
      return headBytes + e.parts.reduce((n, p) => n + Math.max(addressText, inner(p.expr)), 0);
    case "call":
      return callBytes(
        e.fn,
        e.args.reduce((n, a) => n + inner(a), 0),
      );
    case "index":
    case "member":
      return Math.max(wordBytes, ...readTypes(unit, pattern, current, e).map(typeBytes));
    case "capture":
      return inner(e.text);
    default:
      return wordBytes;
  }
}

/** `args`: bytes of the arguments together. */
function callBytes(fn: string, args: number): number {
  switch (fn) {
    case "upper":
    case "lower":
      // Some letters have more bytes, or become several.
      return headBytes + 3 * args;
    case "pair":
      return headBytes + escaped * args + addressText;
    case "to_text":
      return headBytes + Math.max(numberText, args);
    default:
      return headBytes + args;
  }
}

/** Bytes of the value of `e` as a part of the text of a key: what kind it is, and its value. */
export function keyPartBytes(
  unit: CoreUnit,
  pattern: Pattern,
  current: readonly number[],
  e: Expr,
): number {
  const inner = (x: Expr) => keyPartBytes(unit, pattern, current, x);
  if (e.op === "coalesce") return Math.max(inner(e.left), inner(e.right));
  if (e.op === "if") return Math.max(inner(e.yes), inner(e.no));
  if (e.op === "entity" || e.op === "subject")
    return 1 + escaped * (exprBytes(unit, pattern, current, e) - headBytes);
  const types = readTypes(unit, pattern, current, e);
  if (types.length > 0) return Math.max(...types.map(textBytes));
  const isText = ["const", "call", "concat", "capture", "index", "member"].includes(e.op);
  return 1 + Math.max(addressText, isText ? escaped * exprBytes(unit, pattern, current, e) : 0);
}

/** Bytes of a value of that type as a part of the text of a key. */
function textBytes(type: FieldType): number {
  switch (type.t) {
    case "bool":
      return 1 + "false".length;
    case "string":
    case "enum":
      return 1 + escaped * (typeBytes(type) - headBytes);
    case "ip":
    case "cidr":
    case "id64":
      return 1 + addressText;
    case "list":
    case "map":
    case "record":
      // Inside a list of texts the escapes are escaped.
      return 1 + 2 * escaped * (typeBytes(type) + addressText);
    default:
      return 1 + numberText;
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
