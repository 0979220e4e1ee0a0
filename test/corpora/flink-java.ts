/**
 * The Java of Flink's conditions over the events taken so far, read as one expression of the event
 * that is judged and of what earlier events come to:
 *
 *     double v = 0; for (Event e : ctx.getEventsForPattern("m")) { v += e.getPrice(); }
 *     return v + value.getPrice() < 5;                     sum(m.price) + value.price < 5
 *
 * A body is run once with expressions in the place of values. Where it branches, what follows is
 * run for both ways. One round of a loop is run alike, from which the loop's sums, its last value
 * and whether it leaves for some event are taken. Nothing is guessed: what is not read excludes.
 */
import { exclude } from "./corpus.ts";
import { TokenReader } from "./token-reader.ts";

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

type Sym =
  | Java
  | { readonly is: "event"; readonly who: Who }
  | { readonly is: "events" | "iterator"; readonly step: string }
  | { readonly is: "context" }
  /** `Double.compare(a, b)`, which is compared with 0. */
  | { readonly is: "order"; readonly args: Pair };

interface Local {
  readonly type: JavaType | undefined;
  readonly value: Sym;
}

type Env = ReadonlyMap<string, Local>;

/** How a piece of code ends: with a result, behind its last statement, or one or the other. */
type End =
  | { readonly end: "return"; readonly value: Java }
  | { readonly end: "next"; readonly env: Env }
  | { readonly end: "if"; readonly test: Java; readonly yes: End; readonly no: End };

type Read = (env: Env) => Sym;
type Run = (env: Env, rest: (env: Env) => End) => End;

/** The body of a class with `filter`, a block, or an expression of whatever event it names. */
export function readJava(source: string): Java {
  const body = new Reader(source).whole();
  const end = body(new Map(), () => exclude("Java: code that ends without a result"));
  return resultOf(end);
}

function resultOf(end: End): Java {
  if (end.end === "if") return choose(end.test, resultOf(end.yes), resultOf(end.no));
  if (end.end === "return") return end.value;
  return exclude("Java: code that ends without a result");
}

// ---------- the reader ----------

const token =
  /\s*(?:\/\*.*?\*\/\s*)*("(?:[^"\\]|\\.)*"|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[dDfFlL]?|[A-Za-z_$][\w$]*|&&|\|\||\+\+|--|->|[=!<>+\-*/]=|[^\s\w])/y;
const modifiers = new Set(["private", "protected", "public", "static", "final"]);
const types: ReadonlyMap<string, JavaType | "object"> = new Map([
  ["int", "int"],
  ["long", "int"],
  ["double", "double"],
  ["boolean", "bool"],
  ["String", "text"],
  ["Event", "object"],
  ["SubEvent", "object"],
  ["Iterable", "object"],
]);
const getters: ReadonlyMap<string, readonly [JavaField, JavaType]> = new Map([
  ["getName", ["name", "text"]],
  ["getPrice", ["price", "double"]],
  ["getVolume", ["volume", "double"]],
  ["getId", ["id", "int"]],
]);

class Reader extends TokenReader {
  constructor(source: string) {
    super(source, token, false);
  }

  whole(): Run {
    const isClass = this.is("{") && this.tokens.includes("filter");
    const run = isClass ? this.#class() : this.is("{") ? this.#block() : this.#result();
    if (this.at < this.tokens.length) exclude("Java: more behind the end");
    return run;
  }

  #result(): Run {
    const x = this.#expression();
    return (env) => ({ end: "return", value: bool(x(env)) });
  }

  /** Fields with a value, and `filter`. */
  #class(): Run {
    this.expect("{");
    let whole: Run | undefined;
    const fields: Run[] = [];
    while (!this.accept("}")) {
      this.#modifiers();
      const type = this.#type();
      if (this.#peek(1) === "(") {
        if (this.next() !== "filter" || whole) exclude("Java: a method besides `filter`");
        whole = this.#filter();
      } else fields.push(this.#declaration(type));
    }
    if (!whole) exclude("Java: a class without `filter`");
    return inOrder([...fields, whole]);
  }

  #modifiers(): void {
    while (modifiers.has(this.peek()) || this.is("@")) {
      if (this.next() === "@") this.next();
    }
  }

  #filter(): Run {
    this.expect("(");
    const names: string[] = [];
    do {
      this.#modifiers();
      do this.next();
      while (this.accept("."));
      this.#typeArguments();
      names.push(this.next());
    } while (this.accept(","));
    this.expect(")");
    if (this.accept("throws")) this.next();
    const body = this.#block();
    const [event = "", context = ""] = names;
    return (env, rest) => {
      const inner = new Map(env).set(event, object({ is: "event", who: "judged" }));
      return body(inner.set(context, object({ is: "context" })), rest);
    };
  }

  #type(): JavaType | "object" {
    const type = types.get(this.next()) ?? exclude("Java: a type that is not read");
    this.#typeArguments();
    return type;
  }

  #typeArguments(): void {
    if (!this.accept("<")) return;
    this.next();
    this.expect(">");
  }

  #block(): Run {
    if (!this.accept("{")) return this.#statement();
    const statements: Run[] = [];
    while (!this.accept("}")) statements.push(this.#statement());
    const all = inOrder(statements);
    // What a block declares is gone behind it.
    return (env, rest) => all(env, (after) => rest(only(after, env)));
  }

  #statement(): Run {
    if (this.is("{")) return this.#block();
    if (this.accept(";")) return (env, rest) => rest(env);
    if (this.accept("return")) {
      const run = this.#result();
      this.expect(";");
      return run;
    }
    if (this.accept("if")) return this.#if();
    if (this.accept("for")) return this.#for();
    if (this.accept("final") || (types.has(this.peek()) && /^\w|^</.test(this.#peek(1))))
      return this.#declaration(this.#type());
    return this.#assignment();
  }

  #if(): Run {
    this.expect("(");
    const test = this.#expression();
    this.expect(")");
    const yes = this.#block();
    const no = this.accept("else") ? this.#block() : inOrder([]);
    return (env, rest) => ends(bool(test(env)), yes(env, rest), () => no(env, rest));
  }

  #for(): Run {
    this.expect("(");
    this.accept("final");
    this.#type();
    const name = this.next();
    this.expect(":");
    const list = this.#expression();
    this.expect(")");
    const body = this.#block();
    return (env, rest) => {
      const events = list(env);
      if (events.is !== "events") return exclude("Java: a loop over something else than events");
      return loop(events.step, name, body, env, rest);
    };
  }

  #declaration(type: JavaType | "object"): Run {
    const name = this.next();
    this.expect("=");
    const x = this.#expression();
    this.expect(";");
    return (env, rest) => {
      if (env.has(name)) exclude("Java: a name that is declared twice");
      const value = type === "object" ? object(x(env)) : { type, value: asType(x(env), type) };
      return rest(new Map(env).set(name, value));
    };
  }

  #assignment(): Run {
    const before = this.accept("++") ? "++" : this.accept("--") ? "--" : undefined;
    const name = this.next();
    const op = before ?? this.next();
    const isStep = op === "++" || op === "--";
    if (!isStep && !["=", "+=", "-=", "*="].includes(op)) exclude("Java: a statement not read");
    const x: Read = isStep ? () => number(1) : this.#expression();
    this.expect(";");
    return (env, rest) => {
      const old = env.get(name);
      const type = old?.type;
      if (!old || !type) return exclude("Java: an assignment to something else than a number");
      const right = x(env);
      const value = op === "=" ? right : math(op.charAt(0), old.value, right);
      return rest(new Map(env).set(name, { type, value: asType(value, type) }));
    };
  }

  // ---------- expressions ----------

  #expression(): Read {
    const test = this.#binary(0);
    if (!this.accept("?")) return test;
    const yes = this.#expression();
    this.expect(":");
    const no = this.#expression();
    return (env) => choose(bool(test(env)), java(yes(env)), java(no(env)));
  }

  #binary(level: number): Read {
    const operators = levels[level];
    if (!operators) return this.#unary();
    let left = this.#binary(level + 1);
    while (operators.includes(this.peek())) {
      const op = this.next();
      const a = left;
      const b = this.#binary(level + 1);
      left = (env) => binary(op, a(env), b(env));
    }
    return left;
  }

  #unary(): Read {
    if (this.accept("!")) {
      const x = this.#unary();
      return (env) => not(bool(x(env)));
    }
    if (this.accept("-")) {
      const x = this.#unary();
      return (env) => math("-", number(0), x(env));
    }
    let x = this.#primary();
    while (this.accept(".")) {
      const of = x;
      const name = this.next();
      const args = this.#arguments();
      x = (env) =>
        call(
          of(env),
          name,
          args.map((a) => a(env)),
        );
    }
    return x;
  }

  #arguments(): Read[] {
    this.expect("(");
    const out: Read[] = [];
    while (!this.accept(")")) {
      if (out.length > 0) this.expect(",");
      out.push(this.#expression());
    }
    return out;
  }

  #primary(): Read {
    if (this.accept("(")) {
      const isCast = ["Event", "SubEvent", "double"].includes(this.peek()) && this.#peek(1) === ")";
      if (isCast) {
        const isNumber = this.next() === "double";
        this.expect(")");
        const x = this.#unary();
        return isNumber ? (env) => asType(x(env), "double") : x;
      }
      const x = this.#expression();
      this.expect(")");
      return x;
    }
    const word = this.next();
    if (word === "Double" || word === "Integer") {
      this.expect(".");
      this.expect("compare");
      const args = this.#arguments();
      return (env) => {
        const [a, b, more] = args.map((x) => numeric(x(env)));
        if (!a || !b || more) return exclude("Java: `compare` of something else than two numbers");
        return { is: "order", args: [a, b] };
      };
    }
    const constant = constantOf(word);
    if (constant) return () => constant;
    if (!/^[A-Za-z_$]/.test(word) || this.is("(")) return exclude("Java: an expression not read");
    return (env) => named(word, env);
  }

  #peek(ahead: number): string {
    return this.tokens[this.at + ahead] ?? "";
  }
}

const levels = [["||"], ["&&"], ["==", "!="], ["<", "<=", ">", ">="], ["+", "-"], ["*", "/", "%"]];

function constantOf(word: string): Java | undefined {
  if (word === "true" || word === "false") return truth(word === "true");
  if (word.startsWith('"')) {
    if (word.includes("\\")) exclude("Java: a text with escapes");
    return { is: "const", type: "text", value: word.slice(1, -1) };
  }
  if (!/^\d/.test(word)) return undefined;
  if (/[fF]$/.test(word)) exclude("Java: a number of type float");
  const value = Number(word.replace(/[dDlL]$/, ""));
  return { is: "const", type: /[.eEdD]/.test(word) ? "double" : "int", value };
}

/** A bare expression, without a method around it, may call the event whatever it likes. */
function named(name: string, env: Env): Sym {
  const local = env.get(name);
  if (local) return local.value;
  const isBare = ![...env.values()].some(({ value }) => value.is === "context");
  if (!isBare) return exclude("Java: a name that is not declared");
  return name === "ctx" || name === "context" ? { is: "context" } : { is: "event", who: "judged" };
}

// ---------- running it with expressions ----------

function inOrder(statements: readonly Run[]): Run {
  const [first, ...more] = statements;
  if (!first) return (env, rest) => rest(env);
  const then = inOrder(more);
  return (env, rest) => first(env, (after) => then(after, rest));
}

/** What `env` had by name, as it is `after`. */
function only(after: Env, env: Env): Env {
  return new Map([...after].filter(([name]) => env.has(name)));
}

function ends(test: Java, yes: End, no: () => End): End {
  if (test.is === "const") return test.value === true ? yes : no();
  return { end: "if", test, yes, no: no() };
}

function loop(step: string, name: string, body: Run, env: Env, rest: (env: Env) => End): End {
  if ([...env.values()].some((l) => l.value.is === "event" && l.value.who === "each"))
    exclude("Java: a loop in a loop");
  const before = new Map<string, Local>(
    [...env].map(([n, { type, value }]) => [
      n,
      type ? { type, value: { is: "local", type, name: n } } : { type, value },
    ]),
  );
  before.set(name, object({ is: "event", who: "each" }));
  const round = withOuter(
    body(before, (after) => ({ end: "next", env: after })),
    env,
  );
  const leaves = leavesOf(round);
  const nexts = leaves.filter((l) => l.end === "next");
  const changed = [...env.keys()].filter((n) => nexts.some((l) => !isLocal(l.env.get(n), n)));
  if (nexts.length === leaves.length) {
    const after = new Map(env);
    for (const n of changed) after.set(n, folded(step, n, round, env));
    return rest(after);
  }
  if (changed.length > 0) exclude("Java: a loop that both counts and returns");
  const returned = leaves.flatMap((l) => (l.end === "return" ? [l.value] : []));
  if (nexts.length === 0) return ends(someOf(step), first(step, round), () => rest(env));
  const [value] = returned;
  if (value?.is !== "const" || returned.some((r) => r.is !== "const" || r.value !== value.value))
    return exclude("Java: a loop that returns one thing or another");
  const isLeft = truthOf(round, (leaf) => leaf.end === "return");
  return ends(any(step, isLeft), { end: "return", value }, () => rest(env));
}

function leavesOf(end: End): Exclude<End, { end: "if" }>[] {
  return end.end === "if" ? [...leavesOf(end.yes), ...leavesOf(end.no)] : [end];
}

function isLocal(local: Local | undefined, name: string): boolean {
  return local?.type === undefined || (local.value.is === "local" && local.value.name === name);
}

/** `round` where variables that it leaves alone are what they are outside. */
function withOuter(round: End, env: Env): End {
  const nexts = leavesOf(round).filter((l) => l.end === "next");
  const isChanged = (n: string) => nexts.some((l) => !isLocal(l.env.get(n), n));
  const replace = (x: Java): Java => {
    if (x.is !== "local" || isChanged(x.name)) return mapJava(x, replace);
    return java(env.get(x.name)?.value ?? exclude("Java: a name that is not declared"));
  };
  const go = (end: End): End => {
    if (end.end === "if")
      return { ...end, test: replace(end.test), yes: go(end.yes), no: go(end.no) };
    if (end.end === "return") return { ...end, value: replace(end.value) };
    const locals = [...end.env].map(([n, l]): [string, Local] =>
      l.type && !isLocal(l, n) ? [n, { ...l, value: replace(java(l.value)) }] : [n, l],
    );
    return { ...end, env: new Map(locals) };
  };
  return go(round);
}

/** Variable `name` behind the loop whose rounds are `round`. */
function folded(step: string, name: string, round: End, env: Env): Local {
  const { type, value } = env.get(name) ?? {};
  const old = value && java(value);
  if (!type || !old) return exclude("Java: an assignment to something else than a number");
  const leaves = leavesOf(round).map((l) => valueIn(l, name));
  const [only, ...more] = leaves;
  if (only && more.length === 0 && !readsLocal(only))
    return { type, value: { is: "last", type, step, args: [only, old] } };
  if (type === "bool") return { type, value: flag(step, name, round, old) };
  const added = treeOf(round, (leaf) => addedTo(name, valueIn(leaf, name)));
  return { type, value: math("+", old, { is: "sum", type: added.type, step, args: [added] }) };
}

function valueIn(leaf: End, name: string): Java {
  const value = leaf.end === "next" ? leaf.env.get(name)?.value : undefined;
  return value ? java(value) : exclude("Java: a loop that both counts and returns");
}

/** A variable that some event sets to one constant, and the others leave alone. */
function flag(step: string, name: string, round: End, old: Java): Java {
  const isSet = (leaf: End) => valueIn(leaf, name).is !== "local";
  const set = leavesOf(round).filter(isSet);
  const values = set.map((leaf) => valueIn(leaf, name));
  const [value] = values;
  if (value?.is !== "const" || values.some((v) => v.is !== "const" || v.value !== value.value))
    return exclude("Java: a loop that sets a variable to one thing or another");
  return choose(any(step, truthOf(round, isSet)), value, old);
}

/** What a round adds to variable `name` that it leaves as `x`. */
function addedTo(name: string, x: Java): Java {
  if (x.is === "local" && x.name === name) return number(0);
  if (x.is === "math" && x.op !== "*") {
    const [a, b] = x.args;
    if (!readsLocal(b)) return math(x.op, addedTo(name, a), b);
    if (x.op === "+" && !readsLocal(a)) return math("+", a, addedTo(name, b));
  }
  return exclude("Java: a loop that does something else than add");
}

function treeOf(end: End, leaf: (end: End) => Java): Java {
  if (end.end !== "if") return leaf(end);
  if (readsLocal(end.test)) exclude("Java: a loop that tests what it adds up");
  return choose(end.test, treeOf(end.yes, leaf), treeOf(end.no, leaf));
}

function truthOf(round: End, isTrue: (leaf: End) => boolean): Java {
  return treeOf(round, (leaf) => truth(isTrue(leaf)));
}

/** A round that always returns is one with the first event. */
function first(step: string, end: End): End {
  const replace = (x: Java): Java =>
    x.is === "field" && x.of === "each" ? { ...x, of: { first: step } } : mapJava(x, replace);
  if (end.end === "next") return end;
  if (end.end === "return") return { ...end, value: replace(end.value) };
  return { ...end, test: replace(end.test), yes: first(step, end.yes), no: first(step, end.no) };
}

function readsLocal(x: Java): boolean {
  return x.is === "local" || argsOf(x).some(readsLocal);
}

export function argsOf(x: Java): readonly Java[] {
  return "args" in x ? x.args : [];
}

function mapJava(x: Java, f: (part: Java) => Java): Java {
  // As many arguments as there were.
  return "args" in x ? ({ ...x, args: x.args.map(f) } as unknown as Java) : x;
}

// ---------- building expressions ----------

function object(value: Sym): Local {
  if (!["event", "events", "context"].includes(value.is))
    exclude("Java: a value of a type that is not read");
  return { type: undefined, value };
}

function java(x: Sym): Java {
  if (["event", "events", "iterator", "context", "order"].includes(x.is))
    exclude("Java: an object where a value is read");
  return x as Java;
}

function numeric(x: Sym): Java {
  const value = java(x);
  return value.type === "int" || value.type === "double"
    ? value
    : exclude("Java: arithmetic of something else than numbers");
}

function bool(x: Sym): Java {
  const value = java(x);
  return value.type === "bool" ? value : exclude("Java: a condition that is none");
}

/** An `int` cuts what is added to it; a `double` takes both. */
function asType(x: Sym, type: JavaType): Java {
  const value = java(x);
  if (value.type === type) return value;
  if (type !== "double" || value.type !== "int") exclude("Java: a value of another type");
  return value.is === "const" ? { ...value, type } : ({ ...value, type } as Java);
}

function number(value: number): Java {
  return { is: "const", type: "int", value };
}

function truth(value: boolean): Java {
  return { is: "const", type: "bool", value };
}

function isConst(x: Java, value: number | boolean): boolean {
  return x.is === "const" && x.value === value;
}

function math(op: string, left: Sym, right: Sym): Java {
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

function not(x: Java): Java {
  if (x.is === "const") return truth(x.value !== true);
  return x.is === "not" ? x.args[0] : { is: "not", type: "bool", args: [x] };
}

function and(a: Java, b: Java): Java {
  if (a.is === "const") return a.value === true ? b : a;
  return isConst(b, true) ? a : { is: "and", type: "bool", args: [a, b] };
}

function or(a: Java, b: Java): Java {
  if (a.is === "const") return a.value === true ? a : b;
  return isConst(b, false) ? a : { is: "or", type: "bool", args: [a, b] };
}

function choose(test: Java, yes: Java, no: Java): Java {
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
function any(step: string, test: Java): Java {
  if (test.is === "or") return or(any(step, test.args[0]), any(step, test.args[1]));
  if (test.is === "and") {
    const [a, b] = test.args;
    if (!readsEach(a)) return and(a, any(step, b));
    if (!readsEach(b)) return and(b, any(step, a));
  }
  if (isConst(test, false)) return test;
  return { is: "any", type: "bool", step, args: [test] };
}

function someOf(step: string): Java {
  return any(step, truth(true));
}

export function readsEach(x: Java): boolean {
  return (x.is === "field" && x.of === "each") || argsOf(x).some(readsEach);
}

function binary(op: string, a: Sym, b: Sym): Java {
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

function call(of: Sym, name: string, args: readonly Sym[]): Sym {
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
