/**
 * The JavaScript back end: a compilation to the text of one arrow function, ahead of time. A node
 * loads it as a script and never compiles anything from rules.
 *
 *     (rt) => ({ kinds: [[3, function(u8, u32, f64, b, r, hits) {…}], …], rules: [{…}, …] })
 *
 * Each kind has one function that reads a slot and writes the numbers of the steps it may be for
 * (triggers). Rules get functions over plain data for what a slot cannot decide.
 *
 * Trigger numbers are those of `triggersOf`.
 */
import {
  type Aggregate,
  type CoreRule,
  type CoreUnit,
  cellOfRun,
  conjuncts,
  type Derive,
  type Expr,
  explainExprs,
  gaugeName,
  gaugesOf,
  heardSteps,
  historiesOf,
  historyName,
  type KeyPart,
  layoutOf,
  type Pattern,
  runAggregatesOf,
  type Step,
  scoreExpr,
  stepsOf,
  type Trigger,
  triggersOf,
} from "#core";
import { both, type Code, code, either, join, lit, name, yes } from "./code.ts";
import { Constants, id } from "./names.ts";
import { aggregateParts, type PlainContext, plainTest, plainValue } from "./plain.ts";
import { isSlotCondition, needsPlainData, type SlotContext, slotTest } from "./slot.ts";

/** V8 never optimises very large functions, so a kind's triggers are split beyond this. */
const triggersPerFunction = 400;

/** A trigger and what a slot can say about it. */
interface SlotTrigger {
  readonly number: number;
  readonly kinds: readonly number[];
  readonly test: (cx: SlotContext) => Code;
}

/** The generated matcher of `unit`. Deterministic: equal units give equal text. */
export function emitMatcher(unit: CoreUnit): string {
  const constants = new Constants();
  const paramIndex = (param: string) => unit.params.findIndex((p) => p.name === param);
  const triggers = slotTriggers(unit);
  const kindIds = [...new Set(triggers.flatMap((t) => t.kinds))]
    .filter((kind) => unit.schema.kinds[kind]?.made === undefined)
    .sort((a, b) => a - b);
  const kinds = kindIds.map((kind) => {
    const info = unit.schema.kinds[kind];
    if (!info) throw new Error(`no kind ${kind}`);
    const cx: SlotContext = { unit, kind, layout: layoutOf(info), constants, paramIndex };
    return code`[${kind}, ${kindFunctions(
      triggers.filter((t) => t.kinds.includes(kind)),
      cx,
    )}]`;
  });
  const rules = unit.rules.map((rule) => ruleObject(unit, rule, paramIndex));
  const derives = unit.derives.map((derive) => deriveObject(unit, derive, paramIndex));
  return code`(rt) => {
"use strict";
const ${id.params} = rt.params;
${constants.declarations()}return {
kinds: [
${join(kinds, ",\n")}
],
rules: [
${join(rules, ",\n")}
],
derives: [
${join(derives, ",\n")}
]
};
}
`.text;
}

function slotTriggers(unit: CoreUnit): SlotTrigger[] {
  return triggersOf(unit).map((trigger, number) => ({
    number,
    kinds: trigger.kinds,
    test: slotTestOf(trigger, unit),
  }));
}

/** What a slot can say of a trigger: whether it may be for it. */
function slotTestOf(trigger: Trigger, unit: CoreUnit): SlotTrigger["test"] {
  if (trigger.sets === "touch") return () => yes;
  const rule = trigger.sets === "step" ? unit.rules[trigger.rule] : undefined;
  const step =
    trigger.sets === "step"
      ? rule && heardSteps(rule)[trigger.step]
      : unit.derives[trigger.derive]?.step;
  if (!step) return () => yes;
  const parts = slotParts(step, unit);
  const onlyTrue = !rule || isPositive(rule.pattern, step);
  return (cx) => both(...parts.map((p) => (onlyTrue ? slotTest(p, true, cx) : notFalse(p, cx))));
}

/**
 * Whether only events for which the step is true matter. Of the others an unknown one leaves a
 * finding in doubt.
 */
function isPositive(pattern: Pattern, step: Step): boolean {
  if (pattern.node === "inv") return false;
  if (pattern.node === "win") {
    const { shape } = pattern.shape;
    return step === pattern.step && (shape === "sliding" || shape === "session");
  }
  return stepsOf(pattern).includes(step);
}

/** A negative that may hold must be seen: an unknown one marks the finding incomplete. */
function notFalse(e: Expr, cx: SlotContext): Code {
  const isFalse = slotTest(e, false, cx);
  if (isFalse.text === "false") return yes;
  return isFalse.text === "true" ? code`false` : code`!(${isFalse})`;
}

function isSlotPart(e: Expr, step: Step, unit: CoreUnit): boolean {
  return isSlotCondition(e) && !needsPlainData(e, unit, step);
}

function slotParts(step: Step, unit: CoreUnit): Expr[] {
  // Events that are made of others are in no slot, so all is asked of their plain data.
  if (step.kinds.some((k) => unit.schema.kinds[k]?.made !== undefined)) return [];
  return conjuncts(step.where).filter((e) => isSlotPart(e, step, unit));
}

function kindFunctions(triggers: readonly SlotTrigger[], cx: SlotContext): Code {
  const chunks: Code[] = [];
  for (let i = 0; i < triggers.length; i += triggersPerFunction) {
    chunks.push(kindFunction(triggers.slice(i, i + triggersPerFunction), cx));
  }
  return code`[${join(chunks, ", ")}]`;
}

/** One function: tests that several triggers share are computed once, and only when asked for. */
function kindFunction(triggers: readonly SlotTrigger[], cx: SlotContext): Code {
  const tests = triggers.map((t) => t.test(cx));
  const uses = new Map<string, number>();
  for (const test of tests) {
    if (test.text !== "true") uses.set(test.text, (uses.get(test.text) ?? 0) + 1);
  }
  const shared = [...uses].filter(([, n]) => n > 1);
  const memos = new Map(shared.map(([text], i) => [text, name("t", i)]));
  const declarations = [...memos.values()].map((memo) => code`let ${memo} = -1;\n`);
  const lines = triggers.map((trigger, i) => {
    const test = tests[i] ?? yes;
    const hit = code`hits[n++] = ${trigger.number};`;
    if (test.text === "true") return code`${hit}\n`;
    if (test.text === "false") return code``;
    const memo = memos.get(test.text);
    if (!memo) return code`if (${test}) ${hit}\n`;
    return code`if ((${memo} < 0 ? (${memo} = ${test} ? 1 : 0) : ${memo}) === 1) ${hit}\n`;
  });
  return code`function (${id.u8}, ${id.u32}, ${id.f64}, ${id.b}, ${id.reader}, hits, n) {
const ${id.w} = ${id.b} >> 2, ${id.d} = ${id.b} >> 3;
${join(declarations, "")}${join(lines, "")}return n;
}`;
}

function ruleObject(unit: CoreUnit, rule: CoreRule, paramIndex: (p: string) => number): Code {
  const { pattern, resolve } = rule;
  const having = pattern.node === "win" ? pattern.having : undefined;
  const gauges = gaugesOf(rule);
  const histories = historiesOf(rule);
  const nameOf = (e: Aggregate) => (pattern.node === "win" ? gaugeName(e, pattern) : "");
  const score = scoreExpr(pattern);
  const base: PlainContext = {
    unit,
    steps: stepsOf(pattern),
    current: undefined,
    paramIndex,
    aggregateIndex: (e) => gauges.findIndex((g) => g.name === nameOf(e)),
    runIndex: (e) => cellOfRun(rule, e),
    historyIndex: (e) => histories.findIndex((h) => historyName(h) === historyName(e)),
  };
  const steps = heardSteps(rule).map((s) => stepObject(s, isPositive(pattern, s), unit, base));
  const test = (e: Expr | undefined) =>
    e ? code`${inputs} => ${plainTest(e, true, base)}` : code`undefined`;
  const quiet = resolve && "on" in resolve ? resolve.on : undefined;
  return code`{
steps: ${list(steps)},
resolveStep: ${quiet ? heardSteps(rule).indexOf(quiet) : -1},
having: ${test(having)},
aggregates: ${list(gauges.map((g) => aggregateObject(g.agg, base)))},
runAggregates: ${list(runAggregatesOf(rule).map(({ arg, step }) => valueFunction(arg, { ...base, current: base.steps[step] })))},
histories: ${list(histories.map((h) => code`{ decay: ${h.decay}, arg: ${inputs} => ${plainValue(h.arg, base)} }`))},
score: ${score ? valueFunction(score, base) : code`undefined`},
entity: ${test(pattern.node === "inv" ? pattern.where : undefined)},
suppressKey: ${policyKey(rule.suppress?.key, base)},
rateKey: ${policyKey(rule.rate?.key, base)},
subsumes: ${list(rule.subsumes.map((s) => (s.key ? list(s.key.map((p) => valueFunction(p.expr, base))) : code`undefined`)))},
exceptions: ${list(rule.exceptions.map((x) => test(x.when)))},
explain: ${list(explainExprs(rule).map((e) => valueFunction(e, base)))}
}`;
}

/** Parameters of every function over plain data. */
const inputs = code`(${id.event}, ${id.scope})`;

function list(items: readonly Code[]): Code {
  return items.length === 0 ? code`[]` : code`[\n${join(items, ",\n")}\n]`;
}

function valueFunction(e: Expr, cx: PlainContext): Code {
  return code`${inputs} => ${plainValue(e, cx)}`;
}

function deriveObject(unit: CoreUnit, derive: Derive, paramIndex: (p: string) => number): Code {
  const cx: PlainContext = {
    unit,
    steps: [],
    current: derive.step,
    paramIndex,
    aggregateIndex: () => -1,
    runIndex: () => -1,
    historyIndex: () => -1,
  };
  const { judge } = stepParts(derive.step, true, unit, cx);
  const set = derive.set.map((e) => (e ? valueFunction(e, cx) : code`undefined`));
  return code`{ judge: ${judge}, set: ${list(set)} }`;
}

function aggregateObject(e: Aggregate, cx: PlainContext): Code {
  const { where, arg, limit } = aggregateParts(e, cx);
  return code`{ where: ${where}, arg: ${arg}, limit: ${limit} }`;
}

/**
 * What is left to ask of a step: 1 true, 0 false, 2 unknown. For a positive step only the part that
 * the slot could not decide, and only true matters.
 */
function stepParts(step: Step, onlyTrue: boolean, unit: CoreUnit, base: PlainContext) {
  const cx: PlainContext = { ...base, current: step };
  const decided = new Set(onlyTrue ? slotParts(step, unit) : []);
  const rest = conjuncts(step.where).filter((e) => !decided.has(e));
  const isTrue = both(...rest.map((e) => plainTest(e, true, cx)));
  const isFalse = either(...rest.map((e) => plainTest(e, false, cx)));
  const verdict = onlyTrue ? code`${isTrue} ? 1 : 0` : code`${isTrue} ? 1 : ${isFalse} ? 0 : 2`;
  return {
    judge: rest.length === 0 ? code`undefined` : code`${inputs} => ${verdict}`,
    key: keyFunction(step.key, cx),
  };
}

function stepObject(step: Step, onlyTrue: boolean, unit: CoreUnit, base: PlainContext): Code {
  const { judge, key } = stepParts(step, onlyTrue, unit, base);
  return code`{ judge: ${judge}, key: ${key} }`;
}

/** The key of an event; a missing part that may not be missing excludes it. */
function keyFunction(parts: readonly KeyPart[], cx: PlainContext): Code {
  if (parts.length === 0) return code`undefined`;
  return keyOf(
    parts.map((p) => p.expr),
    parts.map((p) => p.allowsMissing),
    cx,
  );
}

/** The key a policy counts under; undefined when it is that of the rule. */
function policyKey(parts: readonly KeyPart[] | undefined, cx: PlainContext): Code {
  if (!parts) return code`undefined`;
  return keyOf(
    parts.map((p) => p.expr),
    parts.map(() => true),
    cx,
  );
}

function keyOf(exprs: readonly Expr[], allowsMissing: readonly boolean[], cx: PlainContext): Code {
  const values = exprs.map((e) => plainValue(e, cx));
  return code`${inputs} => rt.key([${join(values, ", ")}], [${join(allowsMissing.map(lit), ", ")}])`;
}
