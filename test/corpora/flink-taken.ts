/**
 * Conditions that flink-java.ts has read, judged on events and written as Tapio. A step of Flink's
 * may be several steps of the rule, some of them runs; what its events come to is then put together
 * from all of them. A step that took nothing adds 0.
 */
import { exclude } from "./corpus.ts";
import { argsOf, type Java, type JavaField, readsEach } from "./flink-java.ts";

type Fields = { readonly [F in JavaField]?: number | string };

/** The events that a step of Flink's has taken, by its name. */
export type Taken = ReadonlyMap<string, readonly Fields[]>;

/** A step of the rule that is, or is part of, one of Flink's. */
export interface Part {
  readonly name: string;
  readonly isRun: boolean;
  /** Whether it has taken an event whenever it is asked. */
  readonly isSure: boolean;
}

/** The parts of a step of Flink's that come before the event that is judged; [] for none. */
export type PartsOf = (step: string) => readonly Part[];

// ---------- judged on events ----------

/** Undefined is unknown: so is all that `taken` is asked for when it is not given. */
export function judgeJava(x: Java, judged: Fields, taken: Taken | undefined): boolean | undefined {
  return comesTo(x, { judged, taken }) as boolean | undefined;
}

interface Scene {
  readonly judged: Fields;
  readonly taken: Taken | undefined;
  readonly each?: Fields;
}

type Value = number | string | boolean | undefined;

function comesTo(x: Java, scene: Scene): Value {
  switch (x.is) {
    case "const":
      return x.value;
    case "field": {
      if (x.of === "judged") return scene.judged[x.field];
      const event = x.of === "each" ? scene.each : scene.taken?.get(x.of.first)?.[0];
      return event?.[x.field];
    }
    case "not": {
      const value = comesTo(x.args[0], scene);
      return value === undefined ? undefined : !value;
    }
    case "and":
    case "or": {
      const values = x.args.map((a) => comesTo(a, scene));
      const decides = x.is === "or";
      if (values.includes(decides)) return decides;
      return values.includes(undefined) ? undefined : !decides;
    }
    case "if": {
      const test = comesTo(x.args[0], scene);
      return test === undefined ? undefined : comesTo(x.args[test ? 1 : 2], scene);
    }
    case "math":
    case "cmp":
    case "part": {
      const [a, b] = x.args.map((arg) => comesTo(arg, scene));
      return a === undefined || b === undefined ? undefined : apply(x.op, a, b);
    }
    case "sum":
    case "any":
    case "last": {
      const events = scene.taken && (scene.taken.get(x.step) ?? []);
      return events && overEvents(x, events, scene);
    }
    case "local":
      return exclude("Java: a variable out of its loop");
  }
}

function overEvents(
  x: Extract<Java, { is: "sum" | "any" | "last" }>,
  events: readonly Fields[],
  scene: Scene,
): Value {
  const values = events.map((each) => comesTo(x.args[0], { ...scene, each }));
  if (x.is === "any") return values.includes(true);
  if (x.is === "last") return events.length > 0 ? values.at(-1) : comesTo(x.args[1], scene);
  return values.reduce((sum: number, v) => sum + Number(v ?? 0), 0);
}

function apply(op: string, a: number | string | boolean, b: number | string | boolean): Value {
  switch (op) {
    case "+":
      return Number(a) + Number(b);
    case "-":
      return Number(a) - Number(b);
    case "*":
      return Number(a) * Number(b);
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    case "contains":
      return String(a).includes(String(b));
    case "startsWith":
      return String(a).startsWith(String(b));
    default:
      return String(a).endsWith(String(b));
  }
}

/** Whether the condition asks for events before the one that is judged. */
export function readsTaken(x: Java): boolean {
  if (x.is === "sum" || x.is === "any" || x.is === "last") return true;
  return (x.is === "field" && typeof x.of === "object") || argsOf(x).some(readsTaken);
}

// ---------- written as Tapio ----------

interface Names {
  readonly judged: string | undefined;
  readonly each?: string;
  readonly partsOf: PartsOf;
}

/** `judged`: the name of the event that is judged. */
export function javaText(x: Java, judged: string, partsOf: PartsOf): string {
  return textOf(x, { judged, partsOf });
}

function textOf(x: Java, names: Names): string {
  switch (x.is) {
    case "const":
      if (x.type === "double" && Number.isInteger(x.value)) return `${x.value}.0`;
      return JSON.stringify(x.value);
    case "field":
      return `${eventText(x.of, names)}.${x.field}`;
    case "not":
      return `not (${textOf(x.args[0], names)})`;
    case "and":
    case "or":
      return `(${x.args.map((a) => textOf(a, names)).join(` ${x.is} `)})`;
    case "if":
      return `if(${x.args.map((a) => textOf(a, names)).join(", ")})`;
    case "math":
      return `(${x.args.map((a) => textOf(a, names)).join(` ${x.op} `)})`;
    case "cmp":
    case "part":
      return x.args.map((a) => textOf(a, names)).join(` ${x.op.toLowerCase()} `);
    case "sum":
      return sumText(x, names);
    case "any":
      return anyText(x, names);
    case "last":
      return lastText(x, names);
    case "local":
      return exclude("Java: a variable out of its loop");
  }
}

function eventText(of: Extract<Java, { is: "field" }>["of"], names: Names): string {
  if (of === "judged") return names.judged ?? exclude("Java: the judged event inside a sum");
  if (of === "each") return names.each ?? exclude("Java: an event out of its loop");
  const [part, more] = names.partsOf(of.first);
  if (!part || (!part.isSure && more)) return exclude("Java: the first of events that may not be");
  return part.isRun ? `first(${part.name})` : part.name;
}

/** Inside an aggregate the language sees the events of one run and nothing else. */
function insideRun(part: Part): Names {
  const partsOf = () => exclude("Java: other events inside a sum");
  return { judged: undefined, each: part.name, partsOf };
}

function sumText(x: Extract<Java, { is: "sum" }>, names: Names): string {
  const [arg] = x.args;
  const zero = x.type === "double" ? "0.0" : "0";
  const parts = names.partsOf(x.step).map((part) => {
    if (part.isRun && !readsEach(arg)) {
      const each = textOf(arg, names);
      return each === "1" ? `count(${part.name})` : `count(${part.name}) * ${each}`;
    }
    if (part.isRun) return `sum(${textOf(arg, insideRun(part))})`;
    const each = textOf(arg, { ...names, each: part.name });
    return part.isSure ? each : `if(has ${part.name}, ${each}, ${zero})`;
  });
  return parts.length > 1 ? `(${parts.join(" + ")})` : (parts[0] ?? zero);
}

function anyText(x: Extract<Java, { is: "any" }>, names: Names): string {
  const [test] = x.args;
  const parts = names.partsOf(x.step).map((part) => {
    if (part.isRun) return anyOfRun(test, part, names);
    const has = `has ${part.name}`;
    if (test.is === "const" && !part.isSure) return has;
    const each = textOf(test, { ...names, each: part.name });
    return part.isSure ? each : `(${has} and ${each})`;
  });
  return parts.length > 1 ? `(${parts.join(" or ")})` : (parts[0] ?? "false");
}

/** A comparison with something outside the run is one with its least or its greatest. */
function anyOfRun(test: Java, part: Part, names: Names): string {
  const isSome = `count(${part.name}) > 0`;
  if (test.is === "const") return test.value === true ? isSome : "false";
  if (!readsEach(test)) return `(${isSome} and ${textOf(test, names)})`;
  if (!readsOutside(test)) return `sum(if(${textOf(test, insideRun(part))}, 1, 0)) > 0`;
  const inner = test.is === "not" ? test.args[0] : test;
  if (inner.is !== "cmp") return exclude("Java: a test of each event and of another");
  const op = test.is === "not" ? opposite[inner.op] : inner.op;
  const [a, b] = inner.args;
  const [each, other] = readsEach(a) ? [a, b] : [b, a];
  const asked = op && (readsEach(a) ? op : mirrored[op]);
  const fn = asked && most[asked];
  if (!fn || readsEach(other) || readsOutside(each) || each.type === "text")
    return exclude("Java: a test of each event and of another");
  const extreme = `${fn}(${textOf(each, insideRun(part))})`;
  return `(${isSome} and ${extreme} ${asked} ${textOf(other, names)})`;
}

const opposite: Readonly<Record<string, string>> = { "<": ">=", "<=": ">", ">": "<=", ">=": "<" };
const mirrored: Readonly<Record<string, string>> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" };
const most: Readonly<Record<string, string>> = { "<": "min", "<=": "min", ">": "max", ">=": "max" };

/** Whether a test inside a loop reads something else than the loop's event. */
function readsOutside(x: Java): boolean {
  return (x.is === "field" && x.of !== "each") || readsTaken(x) || argsOf(x).some(readsOutside);
}

function lastText(x: Extract<Java, { is: "last" }>, names: Names): string {
  const [arg, none] = x.args;
  let text = textOf(none, names);
  for (const part of names.partsOf(x.step)) {
    const each = part.isRun ? `last(${part.name})` : part.name;
    const value = textOf(arg, { ...names, each });
    if (part.isSure || !readsEach(arg)) text = value;
    else text = `(${value} ?? ${text})`;
    if (!part.isSure && !readsEach(arg)) exclude("Java: a constant for the last of no events");
  }
  return text;
}
