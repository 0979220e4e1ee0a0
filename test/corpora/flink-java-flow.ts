/**
 * Java's control flow, run once with expressions in the place of values. Where a body branches,
 * what follows is run for both ways. One round of a loop is run alike, from which the loop's sums,
 * its last value and whether it leaves for some event are taken:
 *
 *     for (Event e : events) { n += e.getVolume(); }       n is n + sum(volume)
 *     for (Event e : events) { last = e.getPrice(); }      last is the last price, or as before
 *     for (Event e : events) { if (test) return false; }   false if the test holds for any
 *
 * A loop that does something else excludes.
 */
import { exclude } from "./corpus.ts";
import {
  any,
  argsOf,
  choose,
  type Java,
  type JavaType,
  java,
  mapJava,
  math,
  number,
  type Sym,
  someOf,
  truth,
} from "./flink-java-terms.ts";

/** A piece of code, given what the variables are before it and what follows it. */
export type Run = (env: Env, rest: (env: Env) => End) => End;

export type Env = ReadonlyMap<string, Local>;

interface Local {
  readonly type: JavaType | undefined;
  readonly value: Sym;
}

/** How a piece of code ends: with a result, behind its last statement, or one or the other. */
type End =
  | { readonly end: "return"; readonly value: Java }
  | { readonly end: "next"; readonly env: Env }
  | { readonly end: "if"; readonly test: Java; readonly yes: End; readonly no: End };

export function resultOf(end: End): Java {
  if (end.end === "if") return choose(end.test, resultOf(end.yes), resultOf(end.no));
  if (end.end === "return") return end.value;
  return exclude("Java: code that ends without a result");
}

export function object(value: Sym): Local {
  if (!["event", "events", "context"].includes(value.is))
    exclude("Java: a value of a type that is not read");
  return { type: undefined, value };
}

export function inOrder(statements: readonly Run[]): Run {
  const [first, ...more] = statements;
  if (!first) return (env, rest) => rest(env);
  const then = inOrder(more);
  return (env, rest) => first(env, (after) => then(after, rest));
}

/** What `env` had by name, as it is `after`. */
export function only(after: Env, env: Env): Env {
  return new Map([...after].filter(([name]) => env.has(name)));
}

export function ends(test: Java, yes: End, no: () => End): End {
  if (test.is === "const") return test.value === true ? yes : no();
  return { end: "if", test, yes, no: no() };
}

export function loop(
  step: string,
  name: string,
  body: Run,
  env: Env,
  rest: (env: Env) => End,
): End {
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
