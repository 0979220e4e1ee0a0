/**
 * Conditions and values over plain data: what depends on earlier events, entities or computed
 * values. It runs only after the slot test has let an event through.
 *
 * Every function made here takes the current event and a scope (`Scope` in `runtime/engine`): what
 * the pattern has captured so far, and of a match also its window, quality, subject and time.
 */
import {
  type Aggregate,
  assertNever,
  type CoreUnit,
  type Expr,
  type Ref,
  type RunAggregate,
  type Step,
} from "#core";
import { both, type Code, code, data, either, join, lit, name, no, yes } from "./code.ts";
import { id } from "./names.ts";

export interface PlainContext {
  readonly unit: CoreUnit;
  /** The step whose event is `current`; undefined where there is none. */
  readonly current: Step | undefined;
  readonly steps: readonly Step[];
  readonly paramIndex: (name: string) => number;
  /** Number of an aggregate among those of the rule. */
  readonly aggregateIndex: (e: Aggregate) => number;
  /** Number of an aggregate among those of the runs of its step. */
  readonly runIndex: (e: RunAggregate) => number;
  /** Number of a `zscore` or `baseline` among those of the rule. */
  readonly historyIndex: (e: Extract<Expr, { op: "history" }>) => number;
}

/** JavaScript that is truthy exactly when `e` is `wanted`. */
export function plainTest(e: Expr, wanted: boolean, cx: PlainContext): Code {
  switch (e.op) {
    case "const":
      return e.value === wanted ? yes : no;
    case "not":
      return plainTest(e.arg, !wanted, cx);
    case "and":
    case "or": {
      const parts = e.args.map((a) => plainTest(a, wanted, cx));
      return (e.op === "and") === wanted ? both(...parts) : either(...parts);
    }
    case "bound":
    case "has":
      return code`(${presence(e, cx)}) === ${lit(wanted)}`;
    case "in": {
      const item = plainValue(e.item, cx);
      const same = e.set.map(
        (x) => code`rt.equal(${item}, ${plainValue(x, cx)}) === ${lit(wanted)}`,
      );
      return both(code`${item} !== undefined`, wanted ? either(...same) : both(...same));
    }
    default:
      return code`(${plainValue(e, cx)}) === ${lit(wanted)}`;
  }
}

function presence(e: Extract<Expr, { op: "bound" | "has" }>, cx: PlainContext): Code {
  if (e.op === "has") return code`${plainValue(e.arg, cx)} !== undefined`;
  return code`${eventOf(e.of)} !== undefined`;
}

function eventOf(of: Ref): Code {
  if (of.step === "current") return id.event;
  const taken = code`${id.scope}.captures[${of.step}]`;
  return typeof of.pick === "number"
    ? code`${taken}?.kept[${of.pick}]`
    : code`${taken}?.${name(of.pick)}`;
}

/** JavaScript for the value of `e`, `undefined` when missing or unknown. */
export function plainValue(e: Expr, cx: PlainContext): Code {
  switch (e.op) {
    case "const":
      return lit(e.value);
    case "param":
      return code`${id.params}[${cx.paramIndex(e.name)}]`;
    case "not":
    case "and":
    case "or":
    case "in":
      return code`(${plainTest(e, true, cx)} ? true : ${plainTest(e, false, cx)} ? false : undefined)`;
    case "bound":
    case "has":
      return code`(${presence(e, cx)})`;
    case "cmp":
      return code`rt.compare(${lit(e.cmp)}, ${plainValue(e.left, cx)}, ${plainValue(e.right, cx)})`;
    case "cidr":
      return code`rt.cidr(${plainValue(e.item, cx)}, ${lit(e.base)}, ${e.prefixBits})`;
    case "text":
      return code`rt.text(${lit(e.fn)}, ${plainValue(e.text, cx)}, ${plainValue(e.needle, cx)}, ${lit(e.nocase)})`;
    case "matches":
      return code`rt.matches(${e.program}, ${plainValue(e.text, cx)})`;
    case "capture":
      return code`rt.capture(${e.program}, ${plainValue(e.text, cx)}, ${lit(e.group)})`;
    case "coalesce":
      return code`(${plainValue(e.left, cx)} ?? ${plainValue(e.right, cx)})`;
    case "arith":
      return code`rt.arith(${lit(e.fn)}, ${plainValue(e.left, cx)}, ${plainValue(e.right, cx)}, ${e.scale}, ${lit(e.isInt)})`;
    case "concat": {
      const parts = e.parts.map((p) => code`rt.format(${plainValue(p.expr, cx)}, ${data(p.unit)})`);
      return code`[${join(parts, ", ")}].join("")`;
    }
    case "if":
      return code`(${plainTest(e.cond, true, cx)} ? ${plainValue(e.yes, cx)} : ${plainValue(e.no, cx)})`;
    case "call":
      return code`rt.call(${lit(e.fn)}, ${values(e.args, cx)})`;
    case "list":
      return values(e.items, cx);
    case "index":
      return code`rt.item(${plainValue(e.list, cx)}, ${plainValue(e.at, cx)})`;
    case "member":
      return code`rt.member(${plainValue(e.record, cx)}, ${lit(e.name)})`;
    case "var":
      return name("v", e.level);
    case "quant": {
      const test = code`(${name("v", e.level)}) => ${plainValue(e.body, cx)}`;
      if (e.quantifier === "count") return code`rt.countItems(${plainValue(e.list, cx)}, ${test})`;
      return code`rt.quantified(${lit(e.quantifier)}, ${plainValue(e.list, cx)}, ${test})`;
    }
    case "hop":
      return code`rt.hop(${plainValue(e.from, cx)}, ${lit(e.via)}, ${timeOf(cx)})`;
    case "related":
      return code`rt.related(${plainValue(e.from, cx)}, ${plainValue(e.to, cx)}, ${lit(e.via)}, ${timeOf(cx)})`;
    default:
      return known(e, cx);
  }
}

type Known = Extract<Expr, { readonly op: KnownOp }>;
type KnownOp =
  | "field"
  | "meta"
  | "entity"
  | "quality"
  | "subject"
  | "matched"
  | "history"
  | "taken"
  | "run"
  | "span"
  | "agg"
  | "finding";

/** What is read and not made of other values: from the event, the match and the window. */
function known(e: Known, cx: PlainContext): Code {
  switch (e.op) {
    case "field":
      return fieldValue(e.of, e.name, cx);
    case "meta":
      return e.what === "kind"
        ? code`rt.kindName(${eventOf(e.of)})`
        : code`${eventOf(e.of)}?.${name(e.what === "time" ? "ts" : "id")}`;
    case "entity":
      return code`rt.entity(${eventOf(e.of)}?.entity, ${lit(e.kind)})`;
    case "subject":
      return code`rt.entity(${id.scope}.subject, ${lit(e.kind)})`;
    case "quality":
      return code`(${id.scope}.quality?.${name(e.what)}.includes(${e.step}) ?? false)`;
    case "matched":
      return code`rt.matched(${id.scope}.captures, ${data(cx.steps.map((s) => s.name))})`;
    case "taken":
      return code`(${id.scope}.captures[${e.step}]?.count ?? 0)`;
    case "run":
      return code`rt.runAggregate(${id.scope}.captures[${e.step}], ${cx.runIndex(e)}, ${lit(e.fn)}, ${data(e.unit)})`;
    case "span":
      return code`rt.span(${id.scope}.captures)`;
    case "agg":
      return code`rt.aggregate(${id.scope}.view, ${cx.aggregateIndex(e)})`;
    case "history": {
      const { what, isInt, floor, warmupUs } = e;
      const spec = data({ what, isInt, floor, warmupUs });
      const now = code`() => ${plainValue(e.arg, cx)}`;
      return code`rt.history(${id.scope}.view, ${cx.historyIndex(e)}, ${spec}, ${now})`;
    }
    case "finding":
      throw new Error("facts of findings are read by the checks of tests only");
    default:
      return assertNever(e);
  }
}

function values(items: readonly Expr[], cx: PlainContext): Code {
  return code`[${join(
    items.map((x) => plainValue(x, cx)),
    ", ",
  )}]`;
}

/** As of when relations are looked up: the event's time, in explanations the end of the match. */
function timeOf(cx: PlainContext): Code {
  return cx.current
    ? code`rt.time(${id.event}, ${id.scope})`
    : code`rt.time(undefined, ${id.scope})`;
}

function fieldValue(of: Ref, field: string, cx: PlainContext): Code {
  const step = of.step === "current" ? cx.current : cx.steps[of.step];
  const places = (step?.kinds ?? []).map((kind) => ({
    kind,
    index: cx.unit.schema.kinds[kind]?.fields.findIndex((f) => f.name === field) ?? -1,
  }));
  const event = eventOf(of);
  const [only] = places;
  if (only && places.every((p) => p.index === only.index)) {
    return only.index < 0 ? code`undefined` : code`${event}?.fields[${only.index}]`;
  }
  const cases = places
    .filter((p) => p.index >= 0)
    .map((p) => code`${event}?.kind === ${p.kind} ? ${event}.fields[${p.index}] : `);
  return code`(${join(cases, "")}undefined)`;
}

/** An aggregate as functions of an event: whether it counts, its value, and what `eta` asks for. */
export function aggregateParts(e: Aggregate, cx: PlainContext) {
  const inner = { ...cx, current: cx.current ?? cx.steps[0] };
  const functionOf = (x: Expr | undefined) =>
    x ? code`(${id.event}, ${id.scope}) => ${plainValue(x, inner)}` : code`undefined`;
  const where = e.where
    ? code`(${id.event}, ${id.scope}) => ${plainTest(e.where, true, inner)}`
    : code`undefined`;
  return { where, arg: functionOf(e.arg), limit: functionOf(e.limit) };
}
