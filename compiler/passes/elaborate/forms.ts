/** The forms that look like functions: choices, steps of the match, constants. */
import { type Expr, parseIp } from "#core";
import type { CallExpr } from "#grammar";
import type { Type } from "../types.ts";
import { eventsWhere, insideAnother, pickedValue } from "./aggregates.ts";
import { condition, elaborate, elaborateValue } from "./elaborate.ts";
import { oneType } from "./one-type.ts";
import { factsWhenNotTrue, factsWhenTrue, withFacts } from "./presence.ts";
import { type Ast, type Operand, type Scope, type Value, value, wrong } from "./scope.ts";

function misplaced(e: CallExpr, where: string, scope: Scope): Operand {
  scope.session.report("TAP2037", e, { what: `\`${e.callee.text}()\``, where });
  return { is: "error" };
}

/** Places that are read when the match is there. */
function isAfterMatch(scope: Scope): boolean {
  return scope.place === "explain" || scope.place === "check";
}

/** `count()` over a window, `count(p)` of its events, `count(step)` of what a step took. */
export function count(e: CallExpr, scope: Scope): Operand {
  const arg = e.args[0]?.value;
  if (e.args.length > 1) return scope.session.wrongCount(e, "no argument, a condition, or a step");
  if (scope.window) {
    const taken = eventsWhere(e, scope);
    if (!taken) return wrong;
    return value({ t: "int" }, { op: "agg", fn: "count", arg: undefined, ...taken });
  }
  const step = arg?.kind === "nameRef" ? scope.steps.get(arg.name) : undefined;
  const taken = step?.run ?? step?.of.step;
  if (typeof taken === "number") return value({ t: "int" }, { op: "taken", step: taken });
  if (arg?.kind === "in" && arg.item.kind === "nameRef") {
    const help = `to count items say which: \`count(${scope.session.text(arg)}: …)\``;
    return scope.session.wrongCount(e, "an earlier step of the sequence", help);
  }
  if (arg) elaborate(arg, scope);
  if (scope.place === "aggregate") return insideAnother(e, scope);
  const help = "name a repeated step that comes before this place: `count(step)`";
  return scope.session.wrongCount(e, "an earlier step of the sequence", help);
}

/**
 * `first(step).field`; in the condition of a repeated step of what the run has taken before; in a
 * window also `first(step.field)`, the first value there is.
 */
export function picked(e: CallExpr, scope: Scope, pick: "first" | "last"): Operand {
  const node = e.args[0]?.value;
  if (!node || e.args.length !== 1) {
    const help = `name a step and read its field behind: \`${pick}(step).field\``;
    return scope.session.wrongCount(e, "one step", help);
  }
  const { window } = scope;
  const name = node.kind === "nameRef" ? node.name : undefined;
  const step = name === undefined ? undefined : scope.steps.get(name);
  if (step && scope.place === "aggregate") return insideAnother(e, scope);
  if (step?.run !== undefined)
    return { is: "event", step: { ...step, of: { step: step.run, pick }, isOptional: true } };
  if (step && step.of.step !== "current")
    return { is: "event", step: { ...step, of: { step: step.of.step, pick } } };
  if (window && name === window.name)
    return { is: "event", step: { ...window, of: { step: "current" }, picked: pick } };
  if (step) return { is: "event", step };
  if (window) return pickedValue(node, pick, scope);
  const help = `name a step and read its field behind: \`${pick}(step).field\``;
  return scope.session.wrongCount(e, "one step", help);
}

/** `duration()`: from the first to the last event of the match. */
export function duration(e: CallExpr, scope: Scope): Operand {
  if (e.args.length > 0) return scope.session.wrongCount(e, "no argument");
  if (!isAfterMatch(scope)) return misplaced(e, "behind the match: in `explain`", scope);
  return value({ t: "duration" }, { op: "span" });
}

/** `matched()`: the names of the steps that are bound. */
export function matched(e: CallExpr, scope: Scope): Operand {
  if (e.args.length > 0) return scope.session.wrongCount(e, "no argument");
  if (!isAfterMatch(scope)) return misplaced(e, "behind the match: in `explain`", scope);
  return value({ t: "string" }, { op: "matched" });
}

/** `first_of(a, b)`: whichever of these steps came first; only a root can be that. */
export function firstOf(e: CallExpr, scope: Scope): Operand {
  if (scope.place !== "explain") return misplaced(e, "as the root of an explanation", scope);
  const steps: number[] = [];
  for (const { value: node } of e.args) {
    const x = elaborate(node, scope);
    if (x.is === "error") return x;
    if (x.is !== "event" || x.step.of.step === "current")
      return scope.session.wrongCount(e, "two or more steps of the pattern");
    steps.push(x.step.of.step);
  }
  if (steps.length < 2 || new Set(steps).size < steps.length)
    return scope.session.wrongCount(e, "two or more steps of the pattern");
  return { is: "firstOf", steps };
}

/** What a rollout measures of the version on trial. */
export function rolloutFact(e: CallExpr, type: Type, scope: Scope): Operand {
  if (e.args.length > 0) return scope.session.wrongCount(e, "no argument");
  if (scope.place !== "rollout") return misplaced(e, "in `abort when` of a `rollout`", scope);
  return value(type, { op: "param", name: `rollout.${e.callee.text}` });
}

/** `now()` and `seq()` are written out before a test's events are read. */
export function onlyInTests(e: CallExpr, scope: Scope): Operand {
  return misplaced(e, "in the events of a test", scope);
}

/** `if(cond, a, b)`. */
export function choose(e: CallExpr, scope: Scope): Operand {
  const [cond, then, otherwise] = e.args.map((a) => a.value);
  if (!cond || !then || !otherwise || e.args.length > 3)
    return scope.session.wrongCount(e, "a condition and two values");
  const test = condition(cond, scope, false);
  const yes = elaborateValue(then, withFacts(scope, factsWhenTrue(test.core)));
  const rest = withFacts(scope, factsWhenNotTrue(test.core));
  return oneOf([{ test: test.core, x: yes, node: then }], otherwise, rest);
}

/** `case(cond, a, cond, b, otherwise)`. */
export function cases(e: CallExpr, scope: Scope): Operand {
  const args = e.args.map((a) => a.value);
  const otherwise = args.at(-1);
  if (args.length < 3 || args.length % 2 === 0 || !otherwise) {
    return scope.session.wrongCount(e, "pairs of condition and value, then a default");
  }
  const branches: { test: Expr; x: Value; node: Ast }[] = [];
  // A branch is reached when no condition before it was true.
  let here = scope;
  for (let i = 0; i + 1 < args.length; i += 2) {
    const test = args[i];
    const node = args[i + 1];
    if (!test || !node) continue;
    const { core } = condition(test, here, false);
    const x = elaborateValue(node, withFacts(here, factsWhenTrue(core)));
    branches.push({ test: core, x, node });
    here = withFacts(here, factsWhenNotTrue(core));
  }
  return oneOf(branches, otherwise, here);
}

function oneOf(
  branches: readonly { test: Expr; x: Value; node: Ast }[],
  last: Ast,
  scope: Scope,
): Operand {
  const fallback = elaborateValue(last, scope);
  const type = oneType(fallback.type, branches, scope);
  if (!type) return wrong;
  const core = branches.reduceRight<Expr>(
    (no, { test, x }) => ({ op: "if", cond: test, yes: x.core, no }),
    fallback.core,
  );
  const isOptional = fallback.isOptional || branches.some((b) => b.x.isOptional);
  const chosen: Type = type.t === "enum" ? { t: "string", members: type.members } : type;
  return value(chosen, core, isOptional);
}

/** `id("4026531840")`. */
export function id64(e: CallExpr, scope: Scope): Operand {
  const arg = e.args[0]?.value;
  if (arg?.kind !== "string" || e.args.length > 1)
    return scope.session.wrongCount(e, "one text with a number");
  const isNumber = /^(0x[0-9a-fA-F]{1,16}|\d{1,20})$/.test(arg.value);
  const x = isNumber ? BigInt(arg.value) : -1n;
  if (x >= 0n && x < 1n << 64n) return value({ t: "id64" }, { op: "const", value: x });
  scope.session.report(
    "TAP2015",
    arg,
    { what: "id", reason: `\`${arg.value}\` is not a 64-bit number` },
    {
      help: 'write it like id("4026531840")',
    },
  );
  return { is: "error" };
}

/** `ip("10.0.1.", 7)`: the parts joined must be an address. */
export function address(e: CallExpr, scope: Scope): Operand {
  const parts = e.args.map((a) => elaborateValue(a.value, scope).core);
  const text = parts.map((p) => (p.op === "const" ? String(p.value) : "?")).join("");
  const x = parseIp(text);
  if (x !== undefined) return value({ t: "ip" }, { op: "const", value: x });
  scope.session.report(
    "TAP2015",
    e,
    { what: "address", reason: `\`${text}\` is neither IPv4 nor IPv6` },
    {
      help: 'write it like ip"10.0.0.1"',
    },
  );
  return { is: "error" };
}
