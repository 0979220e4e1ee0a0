/**
 * The bound of one rule: bytes for each key, number of keys, and transitions that one event can
 * cause (LANGUAGE B.9, C.6, C.7). It is of the state as the engine holds it and `measure.ts`
 * measures it: a number 8, a text 8 and its bytes, an event 40 and its fields, of which long ones
 * that nothing reads later have at most 256 bytes.
 *
 *     sequence   partial matches × the events they are of, and events kept as evidence of runs
 *     coarse     and a buffer of events that may still turn out to lie before others
 *     all of     events of the span
 *     window     see window-state.ts
 *     absent     one clock for each life of an entity
 *     and        the key; findings that are suppressed, limited, open, or may still change
 */
import {
  type All,
  allBounds,
  allStepsOf,
  type CoreRule,
  type CoreUnit,
  deadTimers,
  findingsKept,
  type Inv,
  type KeyPart,
  livesKept,
  type Param,
  type RuleBound,
  reachOf,
  resolvingMax,
} from "#core";
import { EventBytes, flag, keyPartsOf, word } from "./event-bytes.ts";
import { wholeTexts } from "./reads.ts";
import { sequenceBound } from "./sequence-bound.ts";
import { type PatternBound, sum, type Term, term } from "./term.ts";
import { windowBound } from "./window-state.ts";
import { keyWork, resolveWork, stepWork } from "./work.ts";
import { longest, paramsOf } from "./worst.ts";

export { sum } from "./term.ts";

/**
 * Throws `Unbounded` when a parameter without an upper end decides. `bytes` may be those of the
 * same rule with another number of keys.
 */
export function boundRule(
  unit: CoreUnit,
  rule: CoreRule,
  bytes: EventBytes = new EventBytes(unit, rule),
): RuleBound {
  const params = paramsOf(unit);
  const { state, shared, work } = patternBound(unit, rule, params, bytes);
  const terms = state.length === 0 ? [] : [...state, slotTerm(bytes)];
  const isEager = rule.policy.emit === "eager";
  const perKey = isEager ? terms.map(twice) : terms;
  const bytesPerKey = sum(perKey);
  const keys = terms.length === 0 ? 0 : keysOf(unit, rule);
  const policies = policyTerms(rule, bytes);
  const own = [...shared, ...policies, { what: "counters", amount: countersBytes }];
  const findings = [
    ...(isEager ? own.map(twice) : own),
    ...rememberedTerms(rule, bytes),
    ...(isEager ? lastTerms(rule, bytes) : []),
  ].filter((t) => t.amount > 0);
  const all = [...work, ...resolveWork(rule)];
  return {
    rule: rule.name,
    module: rule.module,
    version: rule.version,
    state: perKey,
    bytesPerKey,
    keys,
    findings,
    bytes: bytesPerKey * keys + sum(findings),
    work: all,
    cost: sum(all),
  };
}

/** Numbers that count what a rule found and what it gave up. */
const countersBytes = 40 * word;

/** Of a rule that also judges events as they arrive. */
function twice({ what, amount }: Term): Term {
  return { what: `${what}, and as much on arrival`, amount: 2 * amount };
}

function patternBound(
  unit: CoreUnit,
  rule: CoreRule,
  params: ReadonlyMap<string, Param>,
  bytes: EventBytes,
): PatternBound {
  const { pattern } = rule;
  switch (pattern.node) {
    case "seq":
      return sequenceBound(unit, rule, pattern, params, bytes);
    case "all":
      return allBound(unit, rule, pattern, params, bytes);
    case "inv":
      return inventoryBound(unit, pattern, rule, bytes);
    case "win":
      return windowBound(unit, rule, pattern, params, bytes);
  }
}

// ---------- the other patterns ----------

/** Interval and place of an event that waits for others. */
const entryBytes = 4 * word;

function allBound(
  unit: CoreUnit,
  rule: CoreRule,
  all: All,
  params: ReadonlyMap<string, Param>,
  bytes: EventBytes,
): PatternBound {
  const steps = allStepsOf(all);
  const bounds = allBounds(all, rule.keysMax);
  const event = entryBytes + word * steps.length + bytes.judgedLater(steps);
  const whole = all.steps.flatMap((s) => wholeTexts(unit, rule, s));
  const withAll = whole.length > 0 ? `, with all of ${whole.join(", ")}` : "";
  const slack = longest(all.slack, params, "the width of the events' places");
  const isHeld = reachOf(unit, steps, slack) > 0;
  const queued = 2 * word + bytes.key();
  return {
    state: [
      { ...term(bounds.entries, `events of the span${withAll}`, event) },
      { what: "place and doubt", amount: 2 * word },
    ],
    shared: isHeld ? [term(bounds.waiting, "events to be judged", queued)] : [],
    work: [
      { what: "tests of conditions, then it gives up", amount: bounds.tests },
      ...keyWork(rule),
    ],
  };
}

/** A timer: its time, its number, and whose it is. */
const timerBytes = 3 * word;

function inventoryBound(
  unit: CoreUnit,
  pattern: Inv,
  rule: CoreRule,
  bytes: EventBytes,
): PatternBound {
  const entity = unit.schema.entities.find((e) => e.name === pattern.entity);
  const name = word + (entity?.keyBytes ?? 0);
  // Which life of which entity, written out: its key, and when it began.
  const life = word + 6 * (entity?.keyBytes ?? 0) + lifeTextBytes;
  const clock = 3 * life + 2 * name + bytes.entity + 8 * word + flag;
  const times = entity ? Math.min(livesKept, rule.keysMax) : 1;
  return {
    state: [
      { what: `one clock × ${clock}`, amount: clock },
      term(1, "event that started it", bytes.taken(pattern.step)),
      {
        what: `its times, and one out of date × ${3 * timerBytes + clock}`,
        amount: 3 * timerBytes + clock,
      },
    ],
    shared: [term(deadTimers + 1, "times that may be out of date", timerBytes + clock)],
    work: stepWork(unit, [
      { step: pattern.step, times: times + 1, against: `against ${times} lives` },
    ]),
  };
}

/** Brackets, quotes and a time. */
const lifeTextBytes = 30;

// ---------- keys ----------

/** The key itself and when it was last touched. */
function slotTerm(bytes: EventBytes): Term {
  return { what: "the key", amount: bytes.key() + word };
}

/** How many keys can have state: as many as the rule allows, or fewer when there cannot be more. */
function keysOf(unit: CoreUnit, rule: CoreRule): number {
  const { pattern } = rule;
  if (pattern.node === "inv") return pattern.entity === undefined ? 1 : rule.keysMax;
  const kinds = allStepsOf(pattern)[0]?.kinds ?? [];
  const values = keyPartsOf(rule).map((p) => valuesOf(unit, kinds, p));
  const possible = values.reduce((n, v) => n * v, 1);
  return Math.min(rule.keysMax, possible);
}

/** Of entities there may be more, one after the other, than there are at a time. */
function valuesOf(unit: CoreUnit, kinds: readonly number[], { expr, allowsMissing }: KeyPart) {
  if (expr.op !== "field") return Number.POSITIVE_INFINITY;
  const types = kinds
    .flatMap((k) => unit.schema.kinds[k]?.fields ?? [])
    .flatMap((f) => (f.name === expr.name ? [f.type] : []));
  const counts = types.map((t) =>
    t.t === "bool" ? 2 : t.t === "enum" ? t.members.length : Number.POSITIVE_INFINITY,
  );
  return Math.max(1, ...counts) + (allowsMissing ? 1 : 0);
}

// ---------- policies and findings ----------

/** What is remembered of findings, under keys of its own, as many as the rule may have. */
function policyTerms(rule: CoreRule, bytes: EventBytes): Term[] {
  const { keysMax, suppress, rate, resolve } = rule;
  const open = 3 * word + bytes.match();
  return [
    ...(suppress ? [term(keysMax, "suppressed keys", bytes.key(suppress.key) + word)] : []),
    ...(rate ? [term(keysMax, "limited keys", bytes.key(rate.key) + rate.max * word)] : []),
    ...(resolve ? [term(keysMax, "open findings", open)] : []),
    ...(resolve && "on" in resolve
      ? [term(resolvingMax(rule), "events that may end them", word + bytes.unseen(resolve.on))]
      : []),
  ];
}

/** A finding that may still change: its id, its parent's, its numbers and states. */
const toldBytes = 2 * (word + 20) + 10 * word;

function rememberedTerms(rule: CoreRule, bytes: EventBytes): Term[] {
  const match = bytes.match() + toldBytes;
  return [term(findingsKept(rule), "findings that may still change", match)];
}

/** The last event that was judged on arrival. */
function lastTerms({ pattern }: CoreRule, bytes: EventBytes): Term[] {
  return [term(1, "last event on arrival", bytes.judgedLater(allStepsOf(pattern)))];
}
