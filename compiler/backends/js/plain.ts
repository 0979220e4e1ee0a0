/**
 * Conditions and values over plain data: what depends on earlier events, entities or computed
 * values. It runs only after the slot test has let an event through.
 */
import { assertNever, type CoreUnit, type Expr, type Ref, type Step } from "#core";
import { both, type Code, code, either, join, lit, name, no, yes } from "./code.ts";
import { id } from "./names.ts";

/** How aggregates are answered: from running counters, or over the window's events. */
export type AggregateMode = "counters" | "window" | "none";

export interface PlainContext {
  readonly unit: CoreUnit;
  /** The step whose event is `current`; undefined where there is none. */
  readonly current: Step | undefined;
  readonly steps: readonly Step[];
  readonly aggregates: AggregateMode;
  readonly paramIndex: (name: string) => number;
  readonly aggregateIndex: (e: Expr) => number;
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
  return of.step === "current" ? id.event : code`${id.captures}[${of.step}]?.${name(of.pick)}`;
}

/** JavaScript for the value of `e`, `undefined` when missing or unknown. */
export function plainValue(e: Expr, cx: PlainContext): Code {
  switch (e.op) {
    case "const":
      return lit(e.value);
    case "param":
      return code`${id.params}[${cx.paramIndex(e.name)}]`;
    case "field":
      return fieldValue(e.of, e.name, cx);
    case "meta":
      return e.what === "kind"
        ? code`rt.kindName(${eventOf(e.of)})`
        : code`${eventOf(e.of)}?.${name(e.what === "time" ? "ts" : "id")}`;
    case "entity":
      return code`rt.entity(${eventOf(e.of)}, ${lit(e.kind)})`;
    case "bound":
    case "has":
      return code`(${presence(e, cx)})`;
    case "not":
    case "and":
    case "or":
    case "in":
      return code`(${plainTest(e, true, cx)} ? true : ${plainTest(e, false, cx)} ? false : undefined)`;
    case "cmp":
      return code`rt.compare(${lit(e.cmp)}, ${plainValue(e.left, cx)}, ${plainValue(e.right, cx)})`;
    case "cidr":
      return code`rt.cidr(${plainValue(e.item, cx)}, ${lit(e.base)}, ${e.prefixBits})`;
    case "text":
      return code`rt.text(${lit(e.fn)}, ${plainValue(e.text, cx)}, ${plainValue(e.needle, cx)}, ${lit(e.nocase)})`;
    case "matches":
      return code`rt.matches(${e.program}, ${plainValue(e.text, cx)})`;
    case "coalesce":
      return code`(${plainValue(e.left, cx)} ?? ${plainValue(e.right, cx)})`;
    case "arith":
      return code`rt.arith(${lit(e.fn)}, ${plainValue(e.left, cx)}, ${plainValue(e.right, cx)}, ${e.scale}, ${lit(e.isInt)})`;
    case "concat": {
      const parts = e.parts.map((p) => code`rt.format(${plainValue(p.expr, cx)}, ${lit(p.unit)})`);
      return code`[${join(parts, ", ")}].join("")`;
    }
    case "if":
      return code`(${plainTest(e.cond, true, cx)} ? ${plainValue(e.yes, cx)} : ${plainValue(e.no, cx)})`;
    case "call":
      return code`rt.call(${lit(e.fn)}, [${join(
        e.args.map((a) => plainValue(a, cx)),
        ", ",
      )}])`;
    case "taken":
      return code`(${id.captures}[${e.step}]?.count ?? 0)`;
    case "span":
      return code`rt.span(${id.captures})`;
    case "agg":
      return aggregate(e, cx);
    case "finding":
    case "var":
    case "list":
    case "index":
    case "quant":
    case "capture":
    case "quality":
    case "hop":
    case "related":
    case "subject":
    case "matched":
    case "history":
      throw new Error(`the engine runs no rule with \`${e.op}\`: see engineCannot`);
    default:
      return assertNever(e);
  }
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

function aggregate(e: Extract<Expr, { op: "agg" }>, cx: PlainContext): Code {
  if (cx.aggregates === "counters") return code`${id.aggregates}[${cx.aggregateIndex(e)}]`;
  if (cx.aggregates === "none") return code`undefined`;
  const { where, arg } = aggregateParts(e, cx);
  return code`rt.aggregate(${id.window}, ${where}, ${arg})`;
}

/** An aggregate as two functions: which events, and which value of them (undefined counts). */
export function aggregateParts(
  e: Extract<Expr, { op: "agg" }>,
  cx: PlainContext,
): { where: Code; arg: Code } {
  const inner: PlainContext = { ...cx, aggregates: "none" };
  const where = e.where
    ? code`(${id.event}) => ${plainTest(e.where, true, inner)}`
    : code`undefined`;
  const arg = e.arg ? code`(${id.event}) => ${plainValue(e.arg, inner)}` : code`undefined`;
  return { where, arg };
}
