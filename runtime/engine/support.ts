/** What generated matchers call: text tests, comparison and formatting on plain values. */
import {
  bounded,
  CutText,
  compare,
  type EntityRef,
  type EventData,
  findBuiltin,
  format,
  keyText,
  matchText,
  type Schema,
  type Taken,
  type TextProgram,
  textContains,
  textEndsWith,
  textEquals,
  textStartsWith,
  type Unit,
  type Value,
} from "#core";
import type { Interner, RecordReader } from "#runtime/events";

export type Support = ReturnType<typeof createSupport>;

export interface SupportInputs {
  readonly schema: Schema;
  readonly programs: readonly TextProgram[];
  readonly interner: Interner;
  /** Parameter values in the order of the unit's parameters. */
  readonly params: Value[];
}

/** The object generated code receives as `rt`. */
export function createSupport(inputs: SupportInputs) {
  const { schema, programs, interner } = inputs;
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
    entity: (event: EventData | undefined, kind: string) => entityKey(event?.entity, kind),
    span: spanOf,
    aggregate,
    key,
  };
}

function isText(x: Value): x is string | CutText {
  return typeof x === "string" || x instanceof CutText;
}

function textTest(
  fn: "contains" | "startswith" | "endswith" | "equals",
  text: Value,
  needle: Value,
  isNocase: boolean,
): boolean | undefined {
  if (!isText(text) || typeof needle !== "string") return undefined;
  if (fn === "contains") return textContains(text, needle, isNocase);
  if (fn === "startswith") return textStartsWith(text, needle, isNocase);
  return fn === "endswith"
    ? textEndsWith(text, needle, isNocase)
    : textEquals(text, needle, isNocase);
}

function arith(fn: string, a: Value, b: Value, scale: number, isInt: boolean): number | undefined {
  if (typeof a !== "number" || typeof b !== "number") return undefined;
  switch (fn) {
    case "+":
      return bounded((a + b) * scale, isInt);
    case "-":
      return bounded((a - b) * scale, isInt);
    case "*":
      return bounded(a * b * scale, isInt);
    default:
      return bounded((a / b) * scale, isInt);
  }
}

function entityKey(entity: EntityRef | undefined, kind: string): string | undefined {
  return entity && Object.hasOwn(entity, kind) ? entity[kind] : undefined;
}

function spanOf(captures: readonly (Taken | undefined)[]): number {
  const first = captures.find((c) => c !== undefined);
  const last = captures.findLast((c) => c !== undefined);
  return first && last ? last.last.ts - first.first.ts : 0;
}

function aggregate(
  window: readonly EventData[],
  where: ((e: EventData) => boolean) | undefined,
  arg: ((e: EventData) => Value) | undefined,
): number {
  const events = where ? window.filter(where) : window;
  if (!arg) return events.length;
  const values = events.map(arg).filter((v) => v !== undefined);
  return new Set(values.map(keyText)).size;
}

/** The key's text, or undefined when a missing part excludes the event. */
function key(values: readonly Value[], allowsMissing: readonly boolean[]): string | undefined {
  for (let i = 0; i < values.length; i++) {
    if (values[i] === undefined && !allowsMissing[i]) return undefined;
  }
  return JSON.stringify(values.map(keyText));
}
