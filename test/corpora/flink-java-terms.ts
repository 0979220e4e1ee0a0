/**
 * The expressions that Flink's Java is read into, and how they are built: checked for their types,
 * with Java's widening of an `int`, and made simpler where a constant decides. What rules have no
 * counterpart for, such as division, excludes.
 */
import { exclude } from "./corpus.ts";

export type JavaType = "int" | "double" | "text" | "bool";
export type JavaField = "name" | "price" | "volume" | "id";

/** The event that is judged, each one of a loop in turn, or the first that a step has taken. */
type Who = "judged" | "each" | { readonly first: string };

export type Java =
  | { readonly is: "const"; readonly type: JavaType; readonly value: number | string | boolean }
  | { readonly is: "field"; readonly type: JavaType; readonly of: Who; readonly field: JavaField }
  | { readonly is: "math"; readonly type: JavaType; readonly op: string; readonly args: Pair }
  | { readonly is: "cmp"; readonly type: "bool"; readonly op: string; readonly args: Pair }
  | { readonly is: "part"; readonly type: "bool"; readonly op: string; readonly args: Pair }
  | { readonly is: "and" | "or"; readonly type: "bool"; readonly args: Pair }
  | { readonly is: "not"; readonly type: "bool"; readonly args: readonly [Java] }
  | { readonly is: "if"; readonly type: JavaType; readonly args: readonly [Java, Java, Java] }
  /** Of the events that `step` has taken; `any`: whether one satisfies the argument. */
  | {
      readonly is: "sum";
      readonly type: JavaType;
      readonly step: string;
      readonly args: readonly [Java];
    }
  | {
      readonly is: "any";
      readonly type: "bool";
      readonly step: string;
      readonly args: readonly [Java];
    }
  /** The first argument of the last event, or the second when there is none. */
  | { readonly is: "last"; readonly type: JavaType; readonly step: string; readonly args: Pair }
  /** A local variable as it was before a round of a loop. */
  | { readonly is: "local"; readonly type: JavaType; readonly name: string };

type Pair = readonly [Java, Java];

export type Sym =
  | Java
  | { readonly is: "event"; readonly who: Who }
  | { readonly is: "events" | "iterator"; readonly step: string }
  | { readonly is: "context" }
  /** `Double.compare(a, b)`, which is compared with 0. */
  | { readonly is: "order"; readonly args: Pair };

export function argsOf(x: Java): readonly Java[] {
  return "args" in x ? x.args : [];
}

export function readsEach(x: Java): boolean {
  return (x.is === "field" && x.of === "each") || argsOf(x).some(readsEach);
}

export function mapJava(x: Java, f: (part: Java) => Java): Java {
  // As many arguments as there were.
  return "args" in x ? ({ ...x, args: x.args.map(f) } as unknown as Java) : x;
}

export function java(x: Sym): Java {
  if (["event", "events", "iterator", "context", "order"].includes(x.is))
    exclude("Java: an object where a value is read");
  return x as Java;
}

export function numeric(x: Sym): Java {
  const value = java(x);
  return value.type === "int" || value.type === "double"
    ? value
    : exclude("Java: arithmetic of something else than numbers");
}

export function bool(x: Sym): Java {
  const value = java(x);
  return value.type === "bool" ? value : exclude("Java: a condition that is none");
}

/** An `int` cuts what is added to it; a `double` takes both. */
export function asType(x: Sym, type: JavaType): Java {
  const value = java(x);
  if (value.type === type) return value;
  if (type !== "double" || value.type !== "int") exclude("Java: a value of another type");
  return value.is === "const" ? { ...value, type } : ({ ...value, type } as Java);
}

export function number(value: number): Java {
  return { is: "const", type: "int", value };
}

export function truth(value: boolean): Java {
  return { is: "const", type: "bool", value };
}

export function call(of: Sym, name: string, args: readonly Sym[]): Sym {
  const [arg, more] = args;
  if (of.is === "context" && name === "getEventsForPattern" && arg?.is === "const" && !more)
    return { is: "events", step: String(arg.value) };
  if (of.is === "event" && !arg) {
    const [field, type] = getters.get(name) ?? exclude("Java: a method of an event");
    return { is: "field", type, of: of.who, field };
  }
  if (of.is === "events" && name === "iterator" && !arg) return { is: "iterator", step: of.step };
  // Only at once, as `object` takes care of: an iterator that is kept moves on.
  if (of.is === "iterator" && name === "hasNext" && !arg) return someOf(of.step);
  if (of.is === "iterator" && name === "next" && !arg)
    return { is: "event", who: { first: of.step } };
  const isText = "type" in of && of.type === "text" && arg && "type" in arg && arg.type === "text";
  if (!isText || more) return exclude("Java: a method that is not read");
  const pair: Pair = [of, arg];
  if (name === "equals") return { is: "cmp", type: "bool", op: "==", args: pair };
  if (!["contains", "startsWith", "endsWith"].includes(name) || arg.is !== "const")
    return exclude("Java: a method that is not read");
  return { is: "part", type: "bool", op: name, args: pair };
}

const getters: ReadonlyMap<string, readonly [JavaField, JavaType]> = new Map([
  ["getName", ["name", "text"]],
  ["getPrice", ["price", "double"]],
  ["getVolume", ["volume", "double"]],
  ["getId", ["id", "int"]],
]);

export function binary(op: string, a: Sym, b: Sym): Java {
  if (op === "&&") return and(bool(a), bool(b));
  if (op === "||") return or(bool(a), bool(b));
  if (a.is === "order") {
    const isZero = b.is === "const" && b.value === 0;
    if (!isZero || !isComparison(op)) return exclude("Java: `compare` not compared with 0");
    return { is: "cmp", type: "bool", op, args: a.args };
  }
  if (!isComparison(op)) return math(op, a, b);
  return { is: "cmp", type: "bool", op, args: [numeric(a), numeric(b)] };
}

function isComparison(op: string): boolean {
  return ["==", "!=", "<", "<=", ">", ">="].includes(op);
}

export function math(op: string, left: Sym, right: Sym): Java {
  const [a, b] = [numeric(left), numeric(right)];
  const type = a.type === "double" || b.type === "double" ? "double" : "int";
  if (op !== "+" && op !== "-" && op !== "*") exclude("Java: division");
  if (a.is === "const" && b.is === "const") {
    const [x, y] = [Number(a.value), Number(b.value)];
    return { is: "const", type, value: op === "+" ? x + y : op === "-" ? x - y : x * y };
  }
  if (op !== "*" && isConst(b, 0)) return asType(a, type);
  if (op === "+" && isConst(a, 0)) return asType(b, type);
  return { is: "math", type, op, args: [a, b] };
}

export function not(x: Java): Java {
  if (x.is === "const") return truth(x.value !== true);
  return x.is === "not" ? x.args[0] : { is: "not", type: "bool", args: [x] };
}

export function choose(test: Java, yes: Java, no: Java): Java {
  if (test.is === "const") return test.value === true ? yes : no;
  if (yes.type !== "bool" || no.type !== "bool") {
    const type = yes.type === "double" ? yes.type : no.type;
    return { is: "if", type, args: [test, asType(yes, type), asType(no, type)] };
  }
  if (yes.is === "const") return yes.value === true ? or(test, no) : and(not(test), no);
  if (no.is === "const") return no.value === true ? or(not(test), yes) : and(test, yes);
  return or(and(test, yes), and(not(test), no));
}

/** What does not depend on the loop's event stands before it. */
export function any(step: string, test: Java): Java {
  if (test.is === "or") return or(any(step, test.args[0]), any(step, test.args[1]));
  if (test.is === "and") {
    const [a, b] = test.args;
    if (!readsEach(a)) return and(a, any(step, b));
    if (!readsEach(b)) return and(b, any(step, a));
  }
  if (isConst(test, false)) return test;
  return { is: "any", type: "bool", step, args: [test] };
}

export function someOf(step: string): Java {
  return any(step, truth(true));
}

function and(a: Java, b: Java): Java {
  if (a.is === "const") return a.value === true ? b : a;
  return isConst(b, true) ? a : { is: "and", type: "bool", args: [a, b] };
}

function or(a: Java, b: Java): Java {
  if (a.is === "const") return a.value === true ? a : b;
  return isConst(b, false) ? a : { is: "or", type: "bool", args: [a, b] };
}

function isConst(x: Java, value: number | boolean): boolean {
  return x.is === "const" && x.value === value;
}
