/** What generated matchers call: text tests, comparison and formatting on plain values. */
import {
  against,
  bounded,
  CutText,
  captures,
  compare,
  type EntityRef,
  type EventData,
  type Expr,
  emptyCell,
  findBuiltin,
  format,
  keysIn,
  keyText,
  matchText,
  neighbours,
  RecordValue,
  type RunFn,
  runMath,
  type Schema,
  sinceOf,
  type Taken,
  type TextProgram,
  textContains,
  textEndsWith,
  textEquals,
  textStartsWith,
  type Unit,
  type Value,
  type World,
} from "#core";
import type { Interner, RecordReader } from "#runtime/events";
import type { EngineView, LiveView, Scope } from "./scope.ts";

export type Support = ReturnType<typeof createSupport>;

export interface SupportInputs {
  readonly schema: Schema;
  readonly programs: readonly TextProgram[];
  readonly interner: Interner;
  /** Parameter values in the order of the unit's parameters. */
  readonly params: Value[];
  /** What is known besides events; it grows while the engine runs. */
  readonly world: World;
}

/** The object generated code receives as `rt`. */
export function createSupport(inputs: SupportInputs) {
  const { schema, programs, interner, world } = inputs;
  return {
    params: inputs.params,
    constant: (text: string) => interner.constant(text),
    cut: (reader: RecordReader, handle: number) => new CutText(reader.text(handle)),
    equals: textEquals,
    contains: textContains,
    startswith: textStartsWith,
    endswith: textEndsWith,
    text: textTest,
    matches(program: number, text: Value): boolean | undefined {
      const compiled = programs[program];
      return compiled && isText(text) ? matchText(compiled, text) : undefined;
    },
    compare,
    equal: (a: Value, b: Value) => compare("==", a, b),
    capture(program: number, text: Value, group: string): Value {
      const compiled = programs[program];
      return compiled && isText(text) ? captures(compiled, text)?.[group] : undefined;
    },
    item,
    member: (record: Value, member: string) =>
      record instanceof RecordValue ? record.members.get(member) : undefined,
    quantified,
    countItems,
    hop: (from: Value, via: string, at: number) =>
      from === undefined ? undefined : neighbours(world, via, keysIn(from), at),
    related(from: Value, to: Value, via: string, at: number): boolean | undefined {
      if (from === undefined || to === undefined) return undefined;
      const reached = neighbours(world, via, keysIn(from), at);
      return keysIn(to).some((x) => typeof x === "string" && reached.includes(x));
    },
    time: (event: EventData | undefined, scope: Scope) =>
      event?.ts ?? scope.at ?? Number.POSITIVE_INFINITY,
    cidr: (item: Value, base: bigint, bits: number) =>
      typeof item === "bigint"
        ? item >> BigInt(128 - bits) === base >> BigInt(128 - bits)
        : undefined,
    arith,
    format: (value: Value, unit: Unit) => format(value, unit),
    call(fn: string, args: readonly Value[]): Value {
      const present = args.filter((a) => a !== undefined);
      return present.length < args.length ? undefined : findBuiltin(fn)?.eval(present);
    },
    kindName: (event: EventData | undefined) => event && schema.kinds[event.kind]?.name,
    entity: entityKey,
    matched: (taken: Scope["captures"], names: readonly string[]) =>
      names.filter((_, i) => taken[i]).join(", "),
    span: spanOf,
    aggregate,
    runAggregate,
    history,
    key,
  };
}

function isText(x: Value): x is string | CutText {
  return typeof x === "string" || x instanceof CutText;
}

function textTest(
  fn: "contains" | "startswith" | "endswith",
  text: Value,
  needle: Value,
  isNocase: boolean,
): boolean | undefined {
  if (!isText(text) || typeof needle !== "string") return undefined;
  if (fn === "contains") return textContains(text, needle, isNocase);
  if (fn === "startswith") return textStartsWith(text, needle, isNocase);
  return textEndsWith(text, needle, isNocase);
}

function arith(fn: string, a: Value, b: Value, scale: number, isInt: boolean): number | undefined {
  if (typeof a !== "number" || typeof b !== "number") return undefined;
  // What is added is of one unit, or counts in the same one: only products have a scale.
  switch (fn) {
    case "+":
      return bounded(a + b, isInt);
    case "-":
      return bounded(a - b, isInt);
    case "*":
      return bounded(a * b * scale, isInt);
    default:
      return bounded((a / b) * scale, isInt);
  }
}

function entityKey(entity: EntityRef | undefined, kind: string): string | undefined {
  return entity && Object.hasOwn(entity, kind) ? entity[kind] : undefined;
}

/** Item of a list by place, of a map by key. */
function item(list: Value, at: Value): Value {
  if (list instanceof Map) return list.get(at);
  return Array.isArray(list) && typeof at === "number" ? list[at] : undefined;
}

function quantified(
  quantifier: "any" | "all" | "none",
  list: Value,
  test: (item: Value) => Value,
): boolean | undefined {
  if (list === undefined) return undefined;
  const decisive = quantifier !== "all";
  let isUnknown = false;
  for (const x of itemsOf(list)) {
    const verdict = test(x);
    if (verdict === decisive) return quantifier === "any";
    if (typeof verdict !== "boolean") isUnknown = true;
  }
  return isUnknown ? undefined : quantifier !== "any";
}

/** How many items the test holds for; missing when that is unknown of one. */
function countItems(list: Value, test: (item: Value) => Value): number | undefined {
  if (list === undefined) return undefined;
  let count = 0;
  for (const x of itemsOf(list)) {
    const verdict = test(x);
    if (typeof verdict !== "boolean") return undefined;
    if (verdict) count++;
  }
  return count;
}

function itemsOf(list: Value): Iterable<Value> {
  if (list instanceof Map) return list.keys();
  return Array.isArray(list) ? list : [list];
}

/** From the earliest event to the latest: the steps of an all-of are in no order. */
function spanOf(taken: readonly (Taken | undefined)[]): number {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const t of taken) {
    if (t) from = Math.min(from, sinceOf(t));
    if (t && t.last.ts > to) to = t.last.ts;
  }
  return to >= from ? to - from : 0;
}

/** The value of an aggregate of a run, by its number among those of the step. */
function runAggregate(
  taken: Taken | undefined,
  index: number,
  fn: RunFn,
  unit: Unit | undefined,
): Value {
  const math = runMath(fn);
  return math.value(taken?.cells?.[index] ?? emptyCell(math), 0, unit, 0);
}

/** The value of an aggregate by its number among those of the rule. */
function aggregate(view: EngineView | LiveView | undefined, index: number): Value {
  if (!view) return undefined;
  return "values" in view ? view.values[index] : view.aggregate(index);
}

type HistorySpec = Pick<Extract<Expr, { op: "history" }>, "what" | "isInt" | "floor" | "warmupUs">;

function history(
  view: EngineView | LiveView | undefined,
  index: number,
  spec: HistorySpec,
  now: () => Value,
): Value {
  if (!view || view.knownUs < spec.warmupUs) return undefined;
  return against(spec, view.pasts[index], now);
}

/** The key's text, or undefined when a missing part excludes the event. */
function key(values: readonly Value[], allowsMissing: readonly boolean[]): string | undefined {
  for (let i = 0; i < values.length; i++) {
    if (values[i] === undefined && !allowsMissing[i]) return undefined;
  }
  return JSON.stringify(values.map(keyText));
}
