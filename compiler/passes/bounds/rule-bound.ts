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
import {
  always,
  type PatternBound,
  sum,
  type Term,
  type TermByKeys,
  term,
  termByKeys,
} from "./term.ts";
import { windowBound } from "./window-state.ts";
import { keyWork, resolveWork, stepWork } from "./work.ts";
import { longest, paramsOf } from "./worst.ts";

export { sum } from "./term.ts";

/** The bound of `rule`. Throws `Unbounded` when a parameter without an upper end decides. */
export function boundRule(unit: CoreUnit, rule: CoreRule): RuleBound {
  return new BoundByKeys(unit, rule).bound(rule.keysMax);
}

/** The bound of a rule with any number of keys; what does not depend on it is found once. */
export class BoundByKeys {
  readonly #rule: CoreRule;
  /** Of a key. */
  readonly #state: readonly Term[];
  readonly #bytesPerKey: number;
  /** Keys that there can be at all. */
  readonly #possible: number;
  readonly #findings: readonly TermByKeys[];
  readonly #work: PatternBound["work"];

  /** Throws `Unbounded` when a parameter without an upper end decides. */
  constructor(unit: CoreUnit, rule: CoreRule) {
    const bytes = new EventBytes(unit, rule);
    const { state, shared, work } = patternBound(unit, rule, paramsOf(unit), bytes);
    const isEager = rule.policy.emit === "eager";
    const perKey = state.length === 0 ? [] : [...state, slotTerm(bytes)];
    const own = [...shared, ...policyTerms(rule, bytes), always(counters)];
    this.#rule = rule;
    this.#state = isEager ? perKey.map(twice) : perKey;
    this.#bytesPerKey = sum(this.#state);
    this.#possible = perKey.length === 0 ? 0 : possibleKeys(unit, rule);
    this.#findings = [
      ...(isEager ? own.map(twiceByKeys) : own),
      rememberedTerm(bytes),
      ...(isEager ? [always(lastTerm(rule, bytes))] : []),
    ];
    this.#work = work;
  }

  /** All that the rule takes when it may have `keysMax` keys. */
  bytes(keysMax: number): number {
    return this.#bytesPerKey * this.#keys(keysMax) + sum(this.#findings.map((t) => t(keysMax)));
  }

  bound(keysMax: number): RuleBound {
    const { name, module, version } = this.#rule;
    const work = [...this.#work(keysMax), ...resolveWork(this.#rule, keysMax)];
    return {
      rule: name,
      module,
      version,
      state: this.#state,
      bytesPerKey: this.#bytesPerKey,
      keys: this.#keys(keysMax),
      findings: this.#findings.map((t) => t(keysMax)).filter((t) => t.amount > 0),
      bytes: this.bytes(keysMax),
      work,
      cost: sum(work),
    };
  }

  #keys(keysMax: number): number {
    return Math.min(keysMax, this.#possible);
  }
}

/** Numbers that count what a rule found and what it gave up. */
const counters: Term = { what: "counters", amount: 40 * word };

/** Of a rule that also judges events as they arrive. */
function twice({ what, amount }: Term): Term {
  return { what: `${what}, and as much on arrival`, amount: 2 * amount };
}

function twiceByKeys(once: TermByKeys): TermByKeys {
  return (keysMax) => twice(once(keysMax));
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
      return inventoryBound(unit, pattern, bytes);
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
  const waiting = (keysMax: number) => allBounds(all, keysMax).waiting;
  return {
    state: [
      { ...term(bounds.entries, `events of the span${withAll}`, event) },
      { what: "place and doubt", amount: 2 * word },
    ],
    shared: isHeld ? [termByKeys(waiting, "events to be judged", queued)] : [],
    work: () => [
      { what: "tests of conditions, then it gives up", amount: bounds.tests },
      ...keyWork(rule),
    ],
  };
}

/** A timer: its time, its number, and whose it is. */
const timerBytes = 3 * word;

function inventoryBound(unit: CoreUnit, pattern: Inv, bytes: EventBytes): PatternBound {
  const entity = unit.schema.entities.find((e) => e.name === pattern.entity);
  const name = word + (entity?.keyBytes ?? 0);
  // Which life of which entity, written out: its key, and when it began.
  const life = word + 6 * (entity?.keyBytes ?? 0) + lifeTextBytes;
  const clock = 3 * life + 2 * name + bytes.entity + 8 * word + flag;
  const lives = (keysMax: number) => (entity ? Math.min(livesKept, keysMax) : 1);
  return {
    state: [
      { what: `one clock × ${clock}`, amount: clock },
      term(1, "event that started it", bytes.taken(pattern.step)),
      {
        what: `its times, and one out of date × ${3 * timerBytes + clock}`,
        amount: 3 * timerBytes + clock,
      },
    ],
    shared: [always(term(deadTimers + 1, "times that may be out of date", timerBytes + clock))],
    work: (keysMax) => {
      const times = lives(keysMax);
      const against = `against ${times} lives`;
      return stepWork(unit, [{ step: pattern.step, times: times + 1, against }]);
    },
  };
}

/** Brackets, quotes and a time. */
const lifeTextBytes = 30;

// ---------- keys ----------

/** The key itself and when it was last touched. */
function slotTerm(bytes: EventBytes): Term {
  return { what: "the key", amount: bytes.key() + word };
}

/** How many keys there can be, however many the rule allows. */
function possibleKeys(unit: CoreUnit, rule: CoreRule): number {
  const { pattern } = rule;
  if (pattern.node === "inv") return pattern.entity === undefined ? 1 : Number.POSITIVE_INFINITY;
  const kinds = allStepsOf(pattern)[0]?.kinds ?? [];
  const values = keyPartsOf(rule).map((p) => valuesOf(unit, kinds, p));
  return values.reduce((n, v) => n * v, 1);
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
function policyTerms({ suppress, rate, resolve }: CoreRule, bytes: EventBytes): TermByKeys[] {
  const each = (what: string, size: number) => termByKeys((keysMax) => keysMax, what, size);
  const resolving = (keysMax: number) => resolvingMax({ keysMax });
  return [
    ...(suppress ? [each("suppressed keys", bytes.key(suppress.key) + word)] : []),
    ...(rate ? [each("limited keys", bytes.key(rate.key) + rate.max * word)] : []),
    ...(resolve ? [each("open findings", 3 * word + bytes.match())] : []),
    ...(resolve && "on" in resolve
      ? [termByKeys(resolving, "events that may end them", word + bytes.unseen(resolve.on))]
      : []),
  ];
}

/** A finding that may still change: its id, its parent's, its numbers and states. */
const toldBytes = 2 * (word + 20) + 10 * word;

function rememberedTerm(bytes: EventBytes): TermByKeys {
  const kept = (keysMax: number) => findingsKept({ keysMax });
  return termByKeys(kept, "findings that may still change", bytes.match() + toldBytes);
}

/** The last event that was judged on arrival. */
function lastTerm({ pattern }: CoreRule, bytes: EventBytes): Term {
  return term(1, "last event on arrival", bytes.judgedLater(allStepsOf(pattern)));
}
