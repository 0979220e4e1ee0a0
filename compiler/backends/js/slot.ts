/**
 * Conditions read straight from a record's slot: the reject path. Nothing is allocated unless a
 * text has to be looked at, and that only after cheaper tests.
 *
 * Kleene logic becomes two-valued by asking two questions, "is it true" and "is it false", each
 * pushed down to the atoms (negation normal form); unknown is neither.
 */
import {
  type CmpOp,
  type CoreUnit,
  type Expr,
  type FieldPlace,
  type FieldType,
  type Layout,
  mirrored,
  negated,
  type Step,
  slot,
} from "#core";
import { both, type Code, code, either, lit, name, no, yes } from "./code.ts";
import { type Constants, id } from "./names.ts";

/** The kind whose slots are read. */
export interface SlotContext {
  readonly unit: CoreUnit;
  readonly kind: number;
  readonly layout: Layout;
  readonly constants: Constants;
  readonly paramIndex: (name: string) => number;
}

interface SlotField {
  readonly type: FieldType;
  readonly present: Code;
  readonly cut: Code;
  /** The stored number, word or handle. */
  readonly raw: Code;
  readonly place: FieldPlace;
}

/** Whether the slot alone decides `e`: only this event, fixed fields, constants, parameters. */
export function isSlotCondition(e: Expr): boolean {
  switch (e.op) {
    case "const":
      return typeof e.value === "boolean";
    case "bound":
      return e.of.step === "current";
    case "field":
      return e.of.step === "current";
    case "not":
      return isSlotCondition(e.arg);
    case "and":
    case "or":
      return e.args.every(isSlotCondition);
    case "cmp":
      return isSlotValue(e.left) && isSlotValue(e.right) && (isField(e.left) || isField(e.right));
    case "in":
      return isField(e.item) && e.set.every((x) => x.op === "const");
    case "text":
      return isField(e.text) && e.needle.op === "const";
    case "matches":
      return isField(e.text);
    case "has":
      return isField(e.arg);
    default:
      return false;
  }
}

function isField(e: Expr): e is Extract<Expr, { op: "field" }> {
  return e.op === "field" && e.of.step === "current";
}

function isSlotValue(e: Expr): boolean {
  return isField(e) || e.op === "const" || e.op === "param";
}

/** Fields whose value does not fit a word or a double are judged on plain data instead. */
export function needsPlainData(e: Expr, unit: CoreUnit, step: Step): boolean {
  const fields = atomFields(e);
  return (
    fields.some((f) =>
      step.kinds.some((k) => {
        const type = unit.schema.kinds[k]?.fields.find((x) => x.name === f.name)?.type.t;
        return type === "ip" || type === "cidr";
      }),
    ) || comparesTwoTexts(e, unit, step)
  );
}

/** Two string or id fields are compared as plain data: the slot holds only handles. */
function comparesTwoTexts(e: Expr, unit: CoreUnit, step: Step): boolean {
  if (e.op === "not") return comparesTwoTexts(e.arg, unit, step);
  if (e.op === "and" || e.op === "or") return e.args.some((a) => comparesTwoTexts(a, unit, step));
  if (e.op !== "cmp") return false;
  const typeIn = (kind: number, field: string) =>
    unit.schema.kinds[kind]?.fields.find((f) => f.name === field)?.type.t ?? "";
  const isWordy = (x: Expr) =>
    x.op === "field" &&
    step.kinds.some((k) => ["string", "enum", "id64", "bool"].includes(typeIn(k, x.name)));
  const nonConst = (x: Expr) => x.op === "field" || x.op === "param";
  return nonConst(e.left) && nonConst(e.right) && (isWordy(e.left) || isWordy(e.right));
}

function atomFields(e: Expr): { name: string }[] {
  if (e.op === "field") return [e];
  if (e.op === "not" || e.op === "has") return atomFields(e.arg);
  if (e.op === "and" || e.op === "or") return e.args.flatMap(atomFields);
  if (e.op === "cmp") return [...atomFields(e.left), ...atomFields(e.right)];
  if (e.op === "in") return atomFields(e.item);
  return e.op === "text" || e.op === "matches" ? atomFields(e.text) : [];
}

/** JavaScript that is truthy exactly when `e` is `wanted` on the slot. */
export function slotTest(e: Expr, wanted: boolean, cx: SlotContext): Code {
  switch (e.op) {
    case "const":
      return e.value === wanted ? yes : no;
    case "bound":
      return wanted ? yes : no;
    case "not":
      return slotTest(e.arg, !wanted, cx);
    case "and":
    case "or": {
      const parts = e.args.map((a) => slotTest(a, wanted, cx));
      return (e.op === "and") === wanted ? both(...parts) : either(...parts);
    }
    case "field":
      return boolField(e.name, wanted, cx);
    case "has": {
      const present = e.arg.op === "field" ? (fieldIn(e.arg.name, cx)?.present ?? no) : no;
      return wanted ? present : negate(present);
    }
    case "cmp":
      return comparison(e, wanted, cx);
    case "in": {
      const item = e.item;
      const parts = e.set.map((x) =>
        comparison({ op: "cmp", cmp: "==", left: item, right: x }, wanted, cx),
      );
      const present = item.op === "field" ? (fieldIn(item.name, cx)?.present ?? no) : no;
      return both(present, wanted ? either(...parts) : both(...parts));
    }
    case "text":
      return textTest(e, wanted, cx);
    case "matches": {
      const value = textValue(e.text, cx);
      return value
        ? both(value.present, code`rt.matches(${e.program}, ${value.text}) === ${lit(wanted)}`)
        : no;
    }
    default:
      throw new Error(`not a slot condition: ${e.op}`);
  }
}

function negate(c: Code): Code {
  if (c.text === "true") return no;
  return c.text === "false" ? yes : code`!(${c})`;
}

function fieldIn(field: string, cx: SlotContext): SlotField | undefined {
  const fields = cx.unit.schema.kinds[cx.kind]?.fields ?? [];
  const index = fields.findIndex((f) => f.name === field);
  const place = cx.layout.fields[index];
  const type = fields[index]?.type;
  if (!place || !type) return undefined;
  return {
    type,
    place,
    raw: rawRead(place),
    present: place.presentBit < 0 ? yes : flag(place.presentBit),
    cut: place.cutBit < 0 ? no : flag(place.cutBit),
  };
}

function rawRead(place: FieldPlace): Code {
  const { offset, width, inExt } = place;
  const at = (shift: number) =>
    inExt
      ? code`((${id.reader}.ext(${id.b}) + ${offset}) >> ${shift})`
      : shift === 0
        ? code`${id.b} + ${offset}`
        : code`${shift === 2 ? id.w : id.d} + ${offset >> shift}`;
  if (width === "u8") return code`${id.u8}[${at(0)}]`;
  return width === "f64" ? code`${id.f64}[${at(3)}]` : code`${id.u32}[${at(2)}]`;
}

/** Word `n` after the first of a wide field. */
function wordRead(place: FieldPlace, n: number): Code {
  return rawRead({ ...place, width: "u32", offset: place.offset + 4 * n });
}

function flag(bit: number): Code {
  const word =
    bit < 32
      ? code`${id.u32}[${id.w} + ${slot.flags >> 2}]`
      : code`${id.u32}[(${id.reader}.ext(${id.b}) >> 2) + ${(bit >> 5) - 1}]`;
  return code`((${word} >>> ${bit & 31} & 1) === 1)`;
}

function boolField(field: string, wanted: boolean, cx: SlotContext): Code {
  const f = fieldIn(field, cx);
  if (f?.type.t !== "bool") return no;
  return both(f.present, code`${f.raw} === ${wanted ? 1 : 0}`);
}

function comparison(e: Extract<Expr, { op: "cmp" }>, wanted: boolean, cx: SlotContext): Code {
  if (e.left.op !== "field") {
    return comparison({ ...e, cmp: mirrored[e.cmp], left: e.right, right: e.left }, wanted, cx);
  }
  const f = fieldIn(e.left.name, cx);
  if (!f) return no;
  const cmp = wanted ? e.cmp : negated[e.cmp];
  if (f.type.t === "string") return both(f.present, textComparison(f, cmp, e.right, cx));
  if (f.type.t === "enum") return both(f.present, enumEquality(f, f.type.members, cmp, e.right));
  if (f.type.t === "id64") return both(f.present, idEquality(f, cmp, e.right));
  if (f.type.t === "bool") {
    if (e.right.op !== "const" || (cmp !== "==" && cmp !== "!=")) return no;
    return both(f.present, equality(cmp, f.raw, code`${e.right.value === true ? 1 : 0}`));
  }
  const other = numberValue(e.right, cx);
  return other ? both(f.present, other.present, ordering(cmp, f.raw, other.value)) : no;
}

function ordering(cmp: CmpOp, a: Code, b: Code): Code {
  switch (cmp) {
    case "==":
      return code`${a} === ${b}`;
    case "!=":
      return code`${a} !== ${b}`;
    case "<":
      return code`${a} < ${b}`;
    case "<=":
      return code`${a} <= ${b}`;
    case ">":
      return code`${a} > ${b}`;
    case ">=":
      return code`${a} >= ${b}`;
  }
}

function equality(cmp: CmpOp, a: Code, b: Code): Code {
  return cmp === "==" ? code`${a} === ${b}` : cmp === "!=" ? code`${a} !== ${b}` : no;
}

function numberValue(e: Expr, cx: SlotContext): { present: Code; value: Code } | undefined {
  if (e.op === "const") {
    return typeof e.value === "number" ? { present: yes, value: code`${e.value}` } : undefined;
  }
  if (e.op === "param")
    return { present: yes, value: code`${id.params}[${cx.paramIndex(e.name)}]` };
  if (e.op !== "field") return undefined;
  const f = fieldIn(e.name, cx);
  const isNumber = f && !["string", "enum", "id64", "bool"].includes(f.type.t);
  return isNumber ? { present: f.present, value: f.raw } : undefined;
}

/** Constants are interned, so equal text means equal handle; a cut text needs a closer look. */
function textComparison(f: SlotField, cmp: CmpOp, right: Expr, cx: SlotContext): Code {
  if (right.op !== "const" || typeof right.value !== "string") return no;
  if (cmp !== "==" && cmp !== "!=")
    return code`rt.compare(${lit(cmp)}, ${textOf(f)}, ${lit(right.value)}) === true`;
  const constant = cx.constants.interned(right.value);
  if (cmp === "==") return both(negate(f.cut), code`${f.raw} === ${constant}`);
  const cut = code`rt.equals(rt.cut(${id.reader}, ${f.raw}), ${lit(right.value)}) === false`;
  return f.cut.text === "false"
    ? code`${f.raw} !== ${constant}`
    : code`(${f.cut} ? ${cut} : ${f.raw} !== ${constant})`;
}

function enumEquality(f: SlotField, members: readonly string[], cmp: CmpOp, right: Expr): Code {
  if (right.op !== "const") return no;
  const index = members.indexOf(String(right.value));
  if (index < 0) return cmp === "!=" ? yes : no;
  return equality(cmp, f.raw, code`${index}`);
}

function idEquality(f: SlotField, cmp: CmpOp, right: Expr): Code {
  if (right.op !== "const" || typeof right.value !== "bigint") return no;
  const low = Number(right.value & 0xffff_ffffn);
  const high = Number(right.value >> 32n);
  const a = equality(cmp, f.raw, code`${low}`);
  const b = equality(cmp, wordRead(f.place, 1), code`${high}`);
  return cmp === "==" ? both(a, b) : either(a, b);
}

function textValue(e: Expr, cx: SlotContext): { present: Code; text: Code } | undefined {
  const f = e.op === "field" ? fieldIn(e.name, cx) : undefined;
  if (!f) return undefined;
  if (f.type.t === "enum") return undefined;
  if (f.type.t !== "string") return undefined;
  return { present: f.present, text: textOf(f) };
}

function textOf(f: SlotField): Code {
  const whole = code`${id.reader}.text(${f.raw})`;
  return f.cut.text === "false"
    ? whole
    : code`(${f.cut} ? rt.cut(${id.reader}, ${f.raw}) : ${whole})`;
}

function textTest(e: Extract<Expr, { op: "text" }>, wanted: boolean, cx: SlotContext): Code {
  const value = textValue(e.text, cx);
  if (!value || e.needle.op !== "const") return no;
  const call = code`rt.${name(e.fn)}(${value.text}, ${lit(e.needle.value)}, ${lit(e.nocase)})`;
  return both(value.present, code`${call} === ${lit(wanted)}`);
}
