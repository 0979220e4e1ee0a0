/**
 * The meaning of expressions, written as directly as it can be: the reference that generated code
 * is compared with. Truth is Kleene's: `undefined` stands both for a missing value and for unknown.
 */
import { findBuiltin } from "../builtins/index.ts";
import {
  CutText,
  type EntityRef,
  type EventData,
  RecordValue,
  type Schema,
  type Value,
} from "../schema.ts";
import {
  captures,
  matchText,
  textContains,
  textEndsWith,
  textEquals,
  textStartsWith,
  textsInOrder,
} from "../text/index.ts";
import { aggregate, historyOf, ofRun, type WindowView } from "./aggregate.ts";
import {
  assertNever,
  type CmpOp,
  type CoreUnit,
  type Expr,
  type FindingFact,
  type Ref,
} from "./core.ts";
import { format } from "./format.ts";
import { bounded } from "./numbers.ts";
import { eventOfTaken, sinceOf } from "./taken.ts";
import { keysIn, neighbours, type World } from "./world.ts";

/** What a step took. */
export interface Taken {
  /** The first of its events; of a window the oldest that is kept. */
  readonly first: EventData;
  readonly last: EventData;
  readonly count: number;
  /** Some of them as evidence, in order: the first few, of a window the newest. */
  readonly kept: readonly EventData[];
  /** When it began, where that is before `first`, µs. */
  readonly sinceUs?: number | undefined;
  /** Of a repeated step all of its events, where they are there. */
  readonly run?: readonly EventData[] | undefined;
  /** What is known of all of them, in the order of `runAggregatesOf`: a cell each. */
  readonly cells?: readonly Float64Array[] | undefined;
}

export interface Env {
  readonly unit: CoreUnit;
  readonly params: ReadonlyMap<string, Value>;
  readonly current: EventData | undefined;
  readonly captures: readonly (Taken | undefined)[];
  /** The window: its events, its bounds, and what the key did before. */
  readonly window?: WindowView | undefined;
  /** Values of the enclosing quantifiers' variables, outermost first. */
  readonly vars?: readonly Value[];
  /** Names of the pattern's steps, for `matched()`. */
  readonly stepNames?: readonly string[];
  /** Steps whose order was not certain, and steps that may lack events. */
  readonly quality?: Quality;
  /** The finding's own entity. */
  readonly subject?: EntityRef | undefined;
  readonly world?: World | undefined;
  /** As of when relations are looked up, µs; by default the time of the current event. */
  readonly at?: number | undefined;
  readonly finding?: Readonly<Partial<Record<FindingFact, Value>>>;
  /** Is told of every condition and its verdict: what tests exercised. */
  readonly observe?: ((condition: Expr, verdict: boolean | undefined) => void) | undefined;
}

export interface Quality {
  readonly uncertain: readonly number[];
  readonly incomplete: readonly number[];
}

/** The value of `e`; `undefined` when missing or unknown. */
export function evaluate(e: Expr, env: Env): Value {
  switch (e.op) {
    case "const":
      return e.value;
    case "not": {
      const x = truth(e.arg, env);
      return x === undefined ? undefined : !x;
    }
    case "and":
      return all(e.args.map((a) => truth(a, env)));
    case "or": {
      const none = all(e.args.map((a) => negate(truth(a, env))));
      return negate(none);
    }
    case "cmp":
      return compare(e.cmp, evaluate(e.left, env), evaluate(e.right, env));
    case "in": {
      const item = evaluate(e.item, env);
      const none = all(e.set.map((x) => compare("!=", item, evaluate(x, env))));
      return item === undefined ? undefined : negate(none);
    }
    case "cidr":
      return inCidr(evaluate(e.item, env), e.base, e.prefixBits);
    case "text":
      return textTest(e.fn, evaluate(e.text, env), evaluate(e.needle, env), e.nocase);
    case "matches": {
      const text = evaluate(e.text, env);
      const program = env.unit.programs[e.program];
      return isText(text) && program ? matchText(program, text) : undefined;
    }
    case "has":
      return evaluate(e.arg, env) !== undefined;
    case "coalesce":
      return evaluate(e.left, env) ?? evaluate(e.right, env);
    case "arith":
      return arithmetic(e, evaluate(e.left, env), evaluate(e.right, env));
    case "concat":
      return e.parts.map((p) => format(evaluate(p.expr, env), p.unit)).join("");
    case "if":
      return truth(e.cond, env) === true ? evaluate(e.yes, env) : evaluate(e.no, env);
    case "call": {
      const args = e.args.map((a) => evaluate(a, env)).filter((a) => a !== undefined);
      return args.length < e.args.length ? undefined : findBuiltin(e.fn)?.eval(args);
    }
    case "list":
      return e.items.map((x) => evaluate(x, env));
    case "index":
      return itemOf(evaluate(e.list, env), evaluate(e.at, env));
    case "member": {
      const record = evaluate(e.record, env);
      return record instanceof RecordValue ? record.members.get(e.name) : undefined;
    }
    case "quant":
      return quantified(e, env);
    case "capture": {
      const text = evaluate(e.text, env);
      const program = env.unit.programs[e.program];
      return isText(text) && program ? captures(program, text)?.[e.group] : undefined;
    }
    case "hop":
      return hop(e, env);
    case "related":
      return related(e, env);
    default:
      return known(e, env);
  }
}

type Known = Extract<Expr, { readonly op: KnownOp }>;
type KnownOp =
  | "param"
  | "field"
  | "meta"
  | "entity"
  | "bound"
  | "var"
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
function known(e: Known, env: Env): Value {
  switch (e.op) {
    case "param":
      return env.params.get(e.name);
    case "field":
      return fieldOf(env.unit.schema, eventOf(e.of, env), e.name);
    case "meta":
      return metaOf(env.unit.schema, eventOf(e.of, env), e.what);
    case "entity": {
      const entity = eventOf(e.of, env)?.entity;
      return entity && Object.hasOwn(entity, e.kind) ? entity[e.kind] : undefined;
    }
    case "bound":
      return eventOf(e.of, env) !== undefined;
    case "var":
      return env.vars?.[e.level];
    case "quality":
      return env.quality?.[e.what].includes(e.step) ?? false;
    case "subject":
      return env.subject && Object.hasOwn(env.subject, e.kind) ? env.subject[e.kind] : undefined;
    case "matched":
      return (env.stepNames ?? []).filter((_, i) => env.captures[i]).join(", ");
    case "history":
      return historyOf(e, env);
    case "taken":
      return env.captures[e.step]?.count ?? 0;
    case "run":
      return ofRun(e, env);
    case "span":
      return spanOf(env.captures);
    case "agg":
      return aggregate(e, env);
    case "finding":
      return env.finding?.[e.what];
    default:
      return assertNever(e);
  }
}

/** Item of a list by place, of a map by key. */
function itemOf(list: Value, at: Value): Value {
  if (list instanceof Map) return list.get(at);
  return Array.isArray(list) && typeof at === "number" ? list[at] : undefined;
}

function quantified(e: Extract<Expr, { op: "quant" }>, env: Env): boolean | number | undefined {
  const list = evaluate(e.list, env);
  if (list === undefined) return undefined;
  // An item that is missing is not left out: its test is unknown.
  const items: readonly Value[] =
    list instanceof Map ? [...list.keys()] : Array.isArray(list) ? list : [list];
  const verdicts = items.map((item) =>
    truth(e.body, { ...env, vars: [...(env.vars ?? []).slice(0, e.level), item] }),
  );
  if (e.quantifier === "count")
    return verdicts.includes(undefined) ? undefined : verdicts.filter((v) => v).length;
  if (e.quantifier === "all") return all(verdicts);
  const none = all(verdicts.map(negate));
  return e.quantifier === "none" ? none : negate(none);
}

/** As of the event being judged; explanations look from the end of the match. */
function timeOf(env: Env): number {
  return env.current?.ts ?? env.at ?? Number.POSITIVE_INFINITY;
}

function hop(e: Extract<Expr, { op: "hop" }>, env: Env): Value {
  const from = evaluate(e.from, env);
  return from === undefined ? undefined : neighbours(env.world, e.via, keysIn(from), timeOf(env));
}

function related(e: Extract<Expr, { op: "related" }>, env: Env): boolean | undefined {
  const from = evaluate(e.from, env);
  const to = evaluate(e.to, env);
  if (from === undefined || to === undefined) return undefined;
  const reached = neighbours(env.world, e.via, keysIn(from), timeOf(env));
  return keysIn(to).some((key) => typeof key === "string" && reached.includes(key));
}

/** The truth of a condition; anything that is not a boolean is unknown. */
export function truth(e: Expr, env: Env): boolean | undefined {
  const x = evaluate(e, env);
  const verdict = typeof x === "boolean" ? x : undefined;
  env.observe?.(e, verdict);
  return verdict;
}

function negate(x: boolean | undefined): boolean | undefined {
  return x === undefined ? undefined : !x;
}

function all(xs: readonly (boolean | undefined)[]): boolean | undefined {
  if (xs.includes(false)) return false;
  return xs.includes(undefined) ? undefined : true;
}

function eventOf(of: Ref, env: Env): EventData | undefined {
  if (of.step === "current") return env.current;
  return eventOfTaken(env.captures[of.step], of.pick);
}

function fieldOf(schema: Schema, event: EventData | undefined, name: string): Value {
  if (!event) return undefined;
  const index = schema.kinds[event.kind]?.fields.findIndex((f) => f.name === name) ?? -1;
  return index < 0 ? undefined : event.fields[index];
}

function metaOf(schema: Schema, event: EventData | undefined, what: "time" | "id" | "kind"): Value {
  if (!event) return undefined;
  if (what === "time") return event.ts;
  return what === "id" ? event.id : schema.kinds[event.kind]?.name;
}

function isText(x: Value): x is string | CutText {
  return typeof x === "string" || x instanceof CutText;
}

/** Comparison; missing operands and undecided cut texts make it unknown. */
export function compare(op: CmpOp, a: Value, b: Value): boolean | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (op === "==" || op === "!=") {
    const equal = equals(a, b);
    return op === "==" ? equal : negate(equal);
  }
  if (isText(a) && isText(b)) return textsInOrder(op, a, b);
  if (typeof a !== "number" || typeof b !== "number") return undefined;
  switch (op) {
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    default:
      return assertNever(op);
  }
}

function equals(a: Exclude<Value, undefined>, b: Exclude<Value, undefined>): boolean | undefined {
  if (a instanceof CutText && b instanceof CutText) {
    const n = Math.min(a.visible.length, b.visible.length);
    return a.visible.slice(0, n) === b.visible.slice(0, n) ? undefined : false;
  }
  if (a instanceof CutText) return typeof b === "string" ? textEquals(a, b, false) : undefined;
  if (b instanceof CutText) return typeof a === "string" ? textEquals(b, a, false) : undefined;
  return a === b;
}

function textTest(
  fn: "contains" | "startswith" | "endswith",
  text: Value,
  needle: Value,
  nocase: boolean,
): boolean | undefined {
  if (!isText(text) || typeof needle !== "string") return undefined;
  switch (fn) {
    case "contains":
      return textContains(text, needle, nocase);
    case "startswith":
      return textStartsWith(text, needle, nocase);
    case "endswith":
      return textEndsWith(text, needle, nocase);
    default:
      return assertNever(fn);
  }
}

function inCidr(item: Value, base: bigint, prefixBits: number): boolean | undefined {
  if (typeof item !== "bigint") return undefined;
  const shift = BigInt(128 - prefixBits);
  return item >> shift === base >> shift;
}

function arithmetic(e: Extract<Expr, { op: "arith" }>, a: Value, b: Value): number | undefined {
  if (typeof a !== "number" || typeof b !== "number") return undefined;
  const raw = e.fn === "+" ? a + b : e.fn === "-" ? a - b : e.fn === "*" ? a * b : a / b;
  return bounded(raw * e.scale, e.isInt);
}

/** From the earliest event to the latest: the steps of an all-of are in no order. */
function spanOf(captures: readonly (Taken | undefined)[]): number {
  const bound = captures.filter((c) => c !== undefined);
  if (bound.length === 0) return 0;
  return Math.max(...bound.map((c) => c.last.ts)) - Math.min(...bound.map(sinceOf));
}
