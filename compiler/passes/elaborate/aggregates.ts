/**
 * Aggregates over the events of a window (LANGUAGE B.4), and some of them over those of a repeated
 * step. Inside one the step is each of the events in turn. Of a window most see whole panes, and so
 * does all that stands inside `ratio`, `zscore` and `baseline`; which of the others do is decided
 * in `exact-aggregates.ts`.
 */
import { type AggregateFn, type Expr, type RunFn, readsMatch, stepsRead } from "#core";
import type { CallExpr } from "#grammar";
import {
  commonType,
  isNumeric,
  isPlainNumber,
  isScalar,
  type Type,
  typeName,
  unitOfType,
} from "../types.ts";
import { condition, elaborateValue } from "./elaborate.ts";
import { baseline, zscore } from "./history.ts";
import { mapParts, ofEach } from "./rebase.ts";
import {
  type Ast,
  type Operand,
  type Scope,
  type StepBinding,
  type Value,
  value,
  wrong,
} from "./scope.ts";

type Aggregate = (e: CallExpr, scope: Scope) => Operand;

/** Every aggregate by name. */
export const aggregates: ReadonlyMap<string, Aggregate> = new Map<string, Aggregate>([
  ["distinct", (e, scope) => ofScalar(e, "distinct", { t: "int" }, scope)],
  ["sum", (e, scope) => ofNumber(e, "sum", summed, scope)],
  ["avg", (e, scope) => ofNumber(e, "avg", averaged, scope)],
  ["min", (e, scope) => ofNumber(e, "min", (t) => t, scope)],
  ["max", (e, scope) => ofNumber(e, "max", (t) => t, scope)],
  ["p50", (e, scope) => ofNumber(e, "p50", (t) => t, scope)],
  ["p95", (e, scope) => ofNumber(e, "p95", (t) => t, scope)],
  ["p99", (e, scope) => ofNumber(e, "p99", (t) => t, scope)],
  ["stddev", (e, scope) => ofNumber(e, "stddev", averaged, scope)],
  ["increase", (e, scope) => ofNumber(e, "increase", summed, scope)],
  ["slope", (e, scope) => ofNumber(e, "slope", growth, scope)],
  ["rate", rate],
  ["ratio", ratio],
  ["share", (e, scope) => ofScalar(e, "share", { t: "percent" }, scope)],
  ["top", top],
  ["eta", eta],
  ["zscore", zscore],
  ["baseline", baseline],
]);

/** These may be missing: a window can be empty, or too short to say anything. */
const mayBeMissing: ReadonlySet<AggregateFn> = new Set<AggregateFn>([
  "avg",
  "min",
  "max",
  "p50",
  "p95",
  "p99",
  "stddev",
  "slope",
  "share",
  "first",
  "last",
]);

/** An aggregate of the window around `scope` or of a run, or a report that there is none. */
export function elaborateAggregate(e: CallExpr, aggregate: Aggregate, scope: Scope): Operand {
  if (scope.window) return aggregate(e, scope);
  if (scope.place === "aggregate") return insideAnother(e, scope);
  const name = e.callee.text;
  const hasRuns = ofRuns.has(name);
  if (hasRuns && runsIn(scope).length > 0) return aggregate(e, scope);
  const window = `of a window: \`match over x: … sliding 1m having ${name}(…) …\``;
  const run = hasRuns ? `, or of an earlier step of a sequence that repeats` : "";
  const help = `\`${name}()\` speaks of the events ${window}${run}`;
  const where = hasRuns ? "in a window or behind a repeated step" : "in a window";
  scope.session.report("TAP2037", e, { what: `\`${name}()\``, where }, { help });
  return { is: "error" };
}

/** Reports an aggregate that stands in the argument of another one. */
export function insideAnother(e: CallExpr, scope: Scope): Operand {
  const params = { what: `\`${e.callee.text}()\``, where: "outside of other aggregates" };
  const help = "aggregates do not stand inside one another";
  scope.session.report("TAP2037", e, params, { help });
  return { is: "error" };
}

/** Inside an aggregate the window's step is each of its events in turn. */
export function overWindow(scope: Scope, window: StepBinding): Scope {
  return overEach(scope, window, new Map([...scope.bound, ...(scope.windowGroups ?? [])]));
}

function overEach(scope: Scope, step: StepBinding, bound: Scope["bound"]): Scope {
  const each: StepBinding = { ...step, of: { step: "current" }, isOptional: false };
  return {
    ...scope,
    place: "aggregate",
    steps: new Map([[step.name, each]]),
    bound,
    window: undefined,
    facts: new Set(),
  };
}

/** What is aggregated of runs: a few numbers, however long they get. */
const ofRuns: ReadonlySet<string> = new Set<RunFn>([
  "sum",
  "avg",
  "min",
  "max",
  "stddev",
  "increase",
  "slope",
]);

/** A repeated step that is known here, or the one whose condition this is. */
interface Run {
  readonly binding: StepBinding;
  readonly number: number;
}

function runsIn({ steps }: Scope): Run[] {
  return [...steps.values()].flatMap((binding) => {
    const { run, items, of } = binding;
    const number = run ?? (items && of.step !== "current" ? of.step : undefined);
    return number === undefined ? [] : [{ binding, number }];
  });
}

/** The one run that `node` speaks of; undefined after an error. */
function runOf(e: CallExpr, node: Ast, scope: Scope): Run | undefined {
  const runs = runsIn(scope);
  const named = stepsNamed(node, scope);
  const [only, ...more] = runs.filter((r) => named.size === 0 || named.has(r.number));
  if (only && more.length === 0 && named.size < 2) return only;
  return notOfOneRun(e, scope);
}

function notOfOneRun(e: CallExpr, scope: Scope): undefined {
  const names = runsIn(scope).map((r) => `\`${r.binding.name}\``);
  const help = `\`${e.callee.text}()\` takes something that each event of one repeated step has: here of ${names.join(", ")}`;
  scope.session.wrongCount(e, "a value of the events of one repeated step", help);
}

/** Numbers of the steps that names inside `node` stand for. */
function stepsNamed(node: object, scope: Scope): Set<number> {
  if ("kind" in node && node.kind === "nameRef" && "name" in node)
    return stepsOfName(String(node.name), scope);
  const parts = Object.values(node).filter((x) => typeof x === "object" && x !== null);
  return new Set(parts.flatMap((x) => [...stepsNamed(x, scope)]));
}

function stepsOfName(name: string, scope: Scope): Set<number> {
  const step = scope.steps.get(name);
  if (step) return new Set(numbersOf(step));
  const local = scope.locals.get(name);
  if (local && !scope.expanding.includes(name)) {
    const locals = new Map([...scope.locals].filter(([known]) => known !== name));
    return stepsNamed(local.decl.body, { ...scope, locals });
  }
  const known = scope.bound.get(name);
  const values = known?.is === "groups" ? [...known.groups.values()] : [known];
  return new Set(values.flatMap((x) => (x ? stepsOfOperand(x) : [])));
}

function stepsOfOperand(x: Operand): number[] {
  if (x.is === "value") return stepsRead(x.core);
  return "step" in x ? numbersOf(x.step) : [];
}

function numbersOf({ run, of }: StepBinding): number[] {
  const number = run ?? of.step;
  return number === "current" ? [] : [number];
}

/** Inside an aggregate of a run its step is each of its events in turn. */
function overRun(scope: Scope, { binding, number }: Run): Scope {
  const { run: _, items: __, ...each } = binding;
  const bound = [...scope.bound].map(([name, x]) => [name, ofEach(x, number)] as const);
  return overEach(scope, { ...each, isRepeated: false }, new Map(bound));
}

/** `rate` and `count` with nothing, with the window's step, or with a condition on its events. */
export function eventsWhere(e: CallExpr, scope: Scope): { where: Expr | undefined } | undefined {
  const { window } = scope;
  const arg = e.args[0]?.value;
  if (!window || !arg || (arg.kind === "nameRef" && arg.name === window.name))
    return { where: undefined };
  const x = condition(arg, overWindow(scope, window), false);
  return x.type.t === "error" ? undefined : { where: x.core };
}

function rate(e: CallExpr, scope: Scope): Operand {
  if (e.args.length > 1) return scope.session.wrongCount(e, "nothing, or a condition");
  const taken = eventsWhere(e, scope);
  if (!taken) return wrong;
  return value({ t: "rate" }, { op: "agg", fn: "rate", arg: undefined, ...taken, isPaned: true });
}

function isOfRuns(fn: AggregateFn): fn is RunFn {
  return ofRuns.has(fn);
}

/** What each event of the window, or of one run, has a value of. */
interface Argument {
  readonly x: Value;
  readonly node: Ast;
  /** Undefined in a window. */
  readonly run: Run | undefined;
}

/** Undefined after an error. */
function argument(e: CallExpr, scope: Scope): Argument | undefined {
  const node = e.args[0]?.value;
  if (!node || e.args.length > 1) {
    scope.session.wrongCount(e, "one argument");
    return undefined;
  }
  const run = scope.window ? undefined : runOf(e, node, scope);
  const inside = scope.window ? overWindow(scope, scope.window) : run && overRun(scope, run);
  const arg = inside && read(node, scope, inside);
  // Nothing else is known when a run takes an event.
  if (arg && run && readsMatch(arg.x.core)) return notOfOneRun(e, scope);
  return arg && { ...arg, run };
}

function read(node: Ast, scope: Scope, inside: Scope) {
  const x = elaborateValue(node, inside);
  if (x.type.t === "error") return undefined;
  if (isScalar(x.type)) return { x, node };
  const help = "aggregate something that each event has one of, such as `len(…)` of the list";
  const params = { expected: "a single value", found: typeName(x.type) };
  scope.session.report("TAP2010", node, params, { help });
  return undefined;
}

function ofScalar(e: CallExpr, fn: "distinct" | "share", type: Type, scope: Scope): Operand {
  const arg = argument(e, scope);
  if (!arg) return wrong;
  const isPaned = fn === "share";
  const core: Expr = { op: "agg", fn, arg: arg.x.core, where: undefined };
  return value(type, isPaned ? { ...core, isPaned } : core, mayBeMissing.has(fn));
}

/** `typeOf` gives the type of the result, or undefined for what has no such thing. */
function ofNumber(
  e: CallExpr,
  fn: AggregateFn,
  typeOf: (arg: Type) => Type | undefined,
  scope: Scope,
): Operand {
  const arg = argument(e, scope);
  if (!arg) return wrong;
  const type = isNumeric(arg.x.type) ? typeOf(arg.x.type) : undefined;
  if (!type) return notAggregated(fn, arg, scope);
  const unit = unitOfType(fn === "slope" ? arg.x.type : type);
  const { run } = arg;
  if (run && isOfRuns(fn)) {
    const core: Expr = { op: "run", fn, step: run.number, arg: arg.x.core, unit };
    return value(type, core, mayBeMissing.has(fn) && (fn === "slope" || mayBeEmpty(run, arg.x)));
  }
  const core: Expr = { op: "agg", fn, arg: arg.x.core, where: undefined, unit, isPaned: true };
  return value(type, core, mayBeMissing.has(fn));
}

/** Whether a run may have no value: not been there, not begun, or of events that lack it. */
function mayBeEmpty({ binding }: Run, { isOptional }: Value): boolean {
  return isOptional || binding.isOptional || binding.run !== undefined;
}

function notAggregated(fn: string, arg: { x: Value; node: Ast }, scope: Scope): Operand {
  const expected = "a number that can be added to others";
  const help = `give \`${fn}()\` ${expected}`;
  const params = { expected, found: typeName(arg.x.type) };
  scope.session.report("TAP2010", arg.node, params, { help });
  return wrong;
}

/** Times are points: there is no sum of them. A sum of ports or counters is a plain number. */
function summed(type: Type): Type | undefined {
  if (type.t === "time") return undefined;
  return type.t === "u32" || type.t === "port" ? { t: "int" } : type;
}

function averaged(type: Type): Type | undefined {
  if (type.t === "time") return undefined;
  return isPlainNumber(type) ? { t: "float" } : type;
}

/** Per second: a rate where the language has one, else the change in one second. */
function growth(type: Type): Type | undefined {
  if (type.t === "time") return undefined;
  if (type.t === "size") return { t: "bytes_rate" };
  return isPlainNumber(type) ? { t: "rate" } : type;
}

/** `ratio(a, b)`: a share of two aggregates in one unit; missing when `b` is 0. */
function ratio(e: CallExpr, scope: Scope): Operand {
  const [a, b, more] = e.args.map((x) => x.value);
  if (!a || !b || more) return scope.session.wrongCount(e, "two aggregates");
  const left = elaborateValue(a, scope);
  const right = elaborateValue(b, scope);
  if (left.type.t === "error" || right.type.t === "error") return wrong;
  if (!isNumeric(left.type) || !commonType(left.type, right.type)) {
    const params = { op: "ratio", left: typeName(left.type), right: typeName(right.type) };
    scope.session.report("TAP2012", e, params);
    return wrong;
  }
  const core: Expr = {
    op: "arith",
    fn: "/",
    left: overPanes(left.core),
    right: overPanes(right.core),
    scale: 1e6,
    isInt: true,
  };
  return value({ t: "percent" }, core, true);
}

/** `e` with all its aggregates over whole panes. */
export function overPanes(e: Expr): Expr {
  return e.op === "agg" ? { ...e, isPaned: true } : mapParts(e, overPanes);
}

const topMax = 100;

/** `top(x, n)`: the most frequent values with their counts, as text. */
function top(e: CallExpr, scope: Scope): Operand {
  const [node, count, more] = e.args.map((x) => x.value);
  if (!node || !count || more || !scope.window)
    return scope.session.wrongCount(e, "a value and how many of them");
  const arg = read(node, scope, overWindow(scope, scope.window));
  const isFine =
    count.kind === "number" && count.isInt && count.value >= 1 && count.value <= topMax;
  if (!isFine) {
    const bounds = `a whole number from 1 to ${topMax}`;
    scope.session.report("TAP2018", count, { what: "how many values `top` shows", bounds });
  }
  if (!arg || !isFine) return wrong;
  const unit = unitOfType(arg.x.type);
  const n = count.value;
  const core: Expr = { op: "agg", fn: "top", arg: arg.x.core, where: undefined, n, unit };
  return value({ t: "string" }, { ...core, isPaned: true });
}

/** `eta(x, limit)`: when `x` reaches the limit if it grows on as it does. */
function eta(e: CallExpr, scope: Scope): Operand {
  const [node, bound, more] = e.args.map((x) => x.value);
  if (!node || !bound || more || !scope.window)
    return scope.session.wrongCount(e, "a value and the limit it grows towards");
  const inside = overWindow(scope, scope.window);
  const arg = read(node, scope, inside);
  const limit = read(bound, scope, inside);
  if (!arg || !limit) return wrong;
  const isTime = arg.x.type.t === "time" || limit.x.type.t === "time";
  if (!isNumeric(arg.x.type) || !commonType(arg.x.type, limit.x.type) || isTime) {
    const params = { op: "eta", left: typeName(arg.x.type), right: typeName(limit.x.type) };
    scope.session.report("TAP2012", e, params);
    return wrong;
  }
  const core: Expr = {
    op: "agg",
    fn: "eta",
    arg: arg.x.core,
    where: undefined,
    limit: limit.x.core,
    unit: unitOfType(arg.x.type),
    isPaned: true,
  };
  return value({ t: "duration" }, core, true);
}

/** `first(x)`, `last(x)` of a value: that of the first or last event that has one. */
export function pickedValue(node: Ast, fn: "first" | "last", scope: Scope): Operand {
  const arg = scope.window && read(node, scope, overWindow(scope, scope.window));
  if (!arg) return wrong;
  const core: Expr = { op: "agg", fn, arg: arg.x.core, where: undefined };
  return value(arg.x.type, core, true);
}

/** A value read from the first or last event of the window, missing when that event lacks it. */
export function pickedField(x: Value, fn: "first" | "last"): Value {
  const arg: Expr = x.isOptional ? { op: "list", items: [x.core] } : x.core;
  const picked: Expr = { op: "agg", fn, arg, where: undefined };
  const zero: Expr = { op: "const", value: 0 };
  const core: Expr = x.isOptional ? { op: "index", list: picked, at: zero } : picked;
  return value(x.type, core, true);
}
