/**
 * The JavaScript back end: a compilation to the text of one arrow function, ahead of time. A node
 * loads it as a script and never compiles anything from rules.
 *
 *     (rt) => ({ kinds: [[3, function(u8, u32, f64, b, r, hits) {…}], …], rules: [{…}, …] })
 *
 * Each kind has one function that reads a slot and writes the numbers of the steps it may be for
 * (triggers). Rules get functions over plain data for what a slot cannot decide.
 *
 * Trigger numbers count every step of every rule in the order of `allStepsOf`; after them comes one
 * *touch* trigger per rule that needs to see all events of its kinds (`next`, `strict`).
 */
import {
  allStepsOf,
  type CoreRule,
  type CoreUnit,
  conjuncts,
  type Expr,
  engineUnit,
  explainExprs,
  type KeyPart,
  layoutOf,
  needsContiguity,
  type Step,
  stepsOf,
  walkExpr,
} from "#core";
import { both, type Code, code, either, join, lit, name, yes } from "./code.ts";
import { Constants, id } from "./names.ts";
import { aggregateParts, type PlainContext, plainTest, plainValue } from "./plain.ts";
import { isSlotCondition, needsPlainData, type SlotContext, slotTest } from "./slot.ts";

/** V8 never optimises very large functions, so a kind's triggers are split beyond this. */
const triggersPerFunction = 400;

interface Trigger {
  readonly number: number;
  readonly kinds: readonly number[];
  readonly test: (cx: SlotContext) => Code;
}

/**
 * The generated matcher of the rules of `whole` that generated code can run (`engineUnit`).
 * Deterministic: equal units give equal text.
 */
export function emitMatcher(whole: CoreUnit): string {
  const unit = engineUnit(whole);
  const constants = new Constants();
  const paramIndex = (param: string) => unit.params.findIndex((p) => p.name === param);
  const triggers = triggersOf(unit);
  const kindIds = [...new Set(triggers.flatMap((t) => t.kinds))].sort((a, b) => a - b);
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
  return code`(rt) => {
"use strict";
const ${id.params} = rt.params;
${constants.declarations()}return {
kinds: [
${join(kinds, ",\n")}
],
rules: [
${join(rules, ",\n")}
]
};
}
`.text;
}

function triggersOf(unit: CoreUnit): Trigger[] {
  const out: Trigger[] = [];
  let number = 0;
  for (const rule of unit.rules) {
    const positive = new Set(stepsOf(rule.pattern));
    for (const step of allStepsOf(rule.pattern)) {
      const parts = slotParts(step, unit);
      const test = (cx: SlotContext) =>
        positive.has(step)
          ? both(...parts.map((p) => slotTest(p, true, cx)))
          : both(...parts.map((p) => notFalse(p, cx)));
      out.push({ number: number++, kinds: step.kinds, test });
    }
  }
  for (const rule of unit.rules) {
    if (!needsContiguity(rule.pattern)) continue;
    const kinds = [...new Set(allStepsOf(rule.pattern).flatMap((s) => s.kinds))];
    out.push({ number: number++, kinds, test: () => yes });
  }
  return out;
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
  return conjuncts(step.where).filter((e) => isSlotPart(e, step, unit));
}

function kindFunctions(triggers: readonly Trigger[], cx: SlotContext): Code {
  const chunks: Code[] = [];
  for (let i = 0; i < triggers.length; i += triggersPerFunction) {
    chunks.push(kindFunction(triggers.slice(i, i + triggersPerFunction), cx));
  }
  return code`[${join(chunks, ", ")}]`;
}

/** One function: tests that several triggers share are computed once, and only when asked for. */
function kindFunction(triggers: readonly Trigger[], cx: SlotContext): Code {
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
  const steps = stepsOf(rule.pattern);
  const aggs = rule.pattern.node === "win" ? aggregatesIn(rule.pattern.having) : [];
  const texts = aggs.map((a) => stable(a));
  const base: PlainContext = {
    unit,
    steps,
    current: undefined,
    aggregates: "none",
    paramIndex,
    aggregateIndex: (e) => texts.indexOf(stable(e)),
  };
  const positive = new Set(steps);
  const judges = allStepsOf(rule.pattern).map((step) =>
    stepObject(step, positive.has(step), unit, base),
  );
  const explained: PlainContext = {
    ...base,
    current: rule.pattern.node === "win" ? rule.pattern.step : undefined,
    aggregates: "window",
  };
  const explain = explainExprs(rule).map(
    (e) => code`(${id.captures}, ${id.window}) => ${plainValue(e, explained)}`,
  );
  const having =
    rule.pattern.node === "win"
      ? code`(${id.aggregates}) => ${plainTest(rule.pattern.having, true, { ...base, aggregates: "counters" })}`
      : code`undefined`;
  const windowed: PlainContext = { ...base, current: steps[0] };
  return code`{
steps: [
${join(judges, ",\n")}
],
having: ${having},
aggregates: [${join(
    aggs.map((a) => aggregateObject(a, windowed)),
    ", ",
  )}],
suppressKey: ${rule.suppress?.key ? keyFunction(rule.suppress.key, explained, true) : code`undefined`},
explain: [
${join(explain, ",\n")}
]
}`;
}

function aggregateObject(e: Extract<Expr, { op: "agg" }>, cx: PlainContext): Code {
  const { where, arg } = aggregateParts(e, cx);
  return code`{ where: ${where}, arg: ${arg} }`;
}

function aggregatesIn(e: Expr): Extract<Expr, { op: "agg" }>[] {
  const found = new Map<string, Extract<Expr, { op: "agg" }>>();
  walkExpr(e, (x) => {
    if (x.op === "agg") found.set(stable(x), x);
  });
  return [...found.values()];
}

function stable(e: Expr): string {
  return JSON.stringify(e, (_, v: unknown) => (typeof v === "bigint" ? `${v}n` : v));
}

/**
 * What is left to ask of a step: 1 true, 0 false, 2 unknown. For a positive step only the part that
 * the slot could not decide, and only true matters.
 */
function stepObject(step: Step, isPositive: boolean, unit: CoreUnit, base: PlainContext): Code {
  const cx: PlainContext = { ...base, current: step };
  const rest = isPositive
    ? conjuncts(step.where).filter((e) => !isSlotPart(e, step, unit))
    : conjuncts(step.where);
  const isTrue = both(...rest.map((e) => plainTest(e, true, cx)));
  const isFalse = either(...rest.map((e) => plainTest(e, false, cx)));
  const verdict = isPositive ? code`${isTrue} ? 1 : 0` : code`${isTrue} ? 1 : ${isFalse} ? 0 : 2`;
  const judge =
    rest.length === 0 ? code`undefined` : code`(${id.event}, ${id.captures}) => ${verdict}`;
  return code`{ judge: ${judge}, key: ${keyFunction(step.key, cx, false)} }`;
}

function keyFunction(parts: readonly KeyPart[], cx: PlainContext, isSuppression: boolean): Code {
  if (parts.length === 0) return code`undefined`;
  const values = parts.map((p) => plainValue(p.expr, cx));
  const allows = parts.map((p) => lit(isSuppression || p.allowsMissing));
  const inputs = isSuppression ? code`(${id.captures}, ${id.window})` : code`(${id.event})`;
  return code`${inputs} => rt.key([${join(values, ", ")}], [${join(allows, ", ")}])`;
}
