/**
 * The bound of one rule: bytes for each key, number of keys, and transitions that one event can
 * cause (LANGUAGE B.9, C.6, C.7).
 *
 *     sequence   partial matches × (16 + what is captured) + 40 for each event kept as evidence
 *     all of     steps × events kept × (16 + captured)
 *     window     see window-state.ts
 *     absent     one clock for each entity
 *     and        the key itself, 16 for each suppressed, limited, open or subsuming finding
 */
import {
  type All,
  allStepsOf,
  type BoundTerm,
  type CoreRule,
  type CoreUnit,
  type Expr,
  type KeyPart,
  type Param,
  type RuleBound,
  type Seq,
  type Step,
  someExpr,
  walkExpr,
} from "#core";
import { laterReads, type StepReads } from "./reads.ts";
import { exprBytes } from "./width.ts";
import { WindowState } from "./window-state.ts";

/** Time of an event and a reference to it. */
const slotBytes = 16;
/** An event kept as evidence: time, kind, source, number and a reference to its text. */
const evidenceBytes = 40;

/** Throws `Unbounded` when a parameter without an upper end decides. */
export function boundRule(unit: CoreUnit, rule: CoreRule): RuleBound {
  const params = new Map(unit.params.map((p) => [p.name, p]));
  const { state, work } = patternBound(unit, rule, params);
  const terms = [...state, ...keyTerms(unit, rule, state)];
  const bytesPerKey = sum(terms);
  const keys = terms.length === 0 ? 0 : keysOf(unit, rule);
  const findings = findingTerms(unit, rule);
  return {
    rule: rule.name,
    module: rule.module,
    version: rule.version,
    state: terms,
    bytesPerKey,
    keys,
    findings,
    bytes: bytesPerKey * keys + sum(findings),
    work,
    cost: sum(work),
  };
}

export function sum(terms: readonly BoundTerm[]): number {
  return terms.reduce((n, t) => n + t.amount, 0);
}

interface PatternBound {
  readonly state: readonly BoundTerm[];
  readonly work: readonly BoundTerm[];
}

function patternBound(
  unit: CoreUnit,
  rule: CoreRule,
  params: ReadonlyMap<string, Param>,
): PatternBound {
  const { pattern } = rule;
  const reads = laterReads(unit, rule);
  switch (pattern.node) {
    case "seq":
      return sequenceBound(unit, rule, pattern, reads);
    case "all":
      return allBound(unit, rule, pattern, reads);
    case "inv":
      return inventoryBound(unit, rule, reads);
    case "win": {
      const window = new WindowState(unit, rule, pattern, params);
      const captured = { what: captures("first and last event", reads), amount: 2 * slot(reads) };
      const evidence = { what: `16 events as evidence × ${evidenceBytes}`, amount: 640 };
      return { state: [...window.terms(), captured, evidence], work: window.work() };
    }
  }
}

/** Time and reference of an event, and what is captured of all of `reads`. */
function slot(reads: readonly StepReads[]): number {
  return slotBytes + reads.reduce((n, r) => n + r.bytes, 0);
}

function captures(what: string, reads: readonly StepReads[]): string {
  const names = reads.flatMap((r) => r.names);
  const bytes = reads.reduce((n, r) => n + r.bytes, 0);
  if (names.length === 0) return `${what} × ${slotBytes}`;
  const shown = names.length > 6 ? [...names.slice(0, 6), "…"] : names;
  return `${what} × (${slotBytes} + ${bytes} of ${shown.join(", ")})`;
}

// ---------- sequences ----------

function sequenceBound(
  unit: CoreUnit,
  rule: CoreRule,
  seq: Seq,
  reads: readonly StepReads[],
): PatternBound {
  if (isDecidedAtOnce(seq)) {
    return { state: [], work: transitions(unit, rule, 1) };
  }
  const slots = slotsOf(unit, rule, seq);
  const held = isLastHeld(rule, seq) ? reads : reads.slice(0, -1);
  const kept = seq.steps.reduce((n, s) => n + (s.repeat?.keep ?? 0), 0);
  const counts = seq.steps.filter((s) => s.repeat).length;
  const state: BoundTerm[] = [
    { what: captures(`${slots} partial matches`, held), amount: slots * slot(held) },
  ];
  if (counts > 0)
    state.push({
      what: `${slots} partial matches × ${counts} counts × 8`,
      amount: slots * counts * 8,
    });
  // Runs of one key share their evidence: the events are the same, only the starts differ.
  if (kept > 0) {
    const what = `${kept} events as evidence × ${evidenceBytes}`;
    state.push({ what, amount: kept * evidenceBytes });
  }
  state.push(...lookBack(unit, rule, seq, reads));
  return { state, work: transitions(unit, rule, slots) };
}

/** What the completing event says goes into the finding at once, unless something is waited for. */
function isLastHeld(rule: CoreRule, seq: Seq): boolean {
  return (
    seq.deadline !== undefined ||
    seq.steps.at(-1)?.repeat !== undefined ||
    rule.policy.emit === "close"
  );
}

/** A single event is judged by itself; nothing is remembered. */
function isDecidedAtOnce(seq: Seq): boolean {
  return seq.steps.length === 1 && !seq.steps[0]?.repeat && !seq.deadline;
}

/**
 * Of a plain sequence the newest partial of each state is enough, one that is complete and one
 * that may lack something; anything else keeps as many as it may.
 */
function slotsOf(unit: CoreUnit, rule: CoreRule, seq: Seq): number {
  const { policy } = rule;
  const isPlain =
    policy.select === "tightest" &&
    policy.skip === "past" &&
    !seq.deadline &&
    !seq.isStrict &&
    seq.slack === 0 &&
    coarseSteps(unit, rule).length === 0 &&
    seq.steps.every((s) => !s.repeat && !s.isOptional && (!s.gap || s.gap.gap === "within")) &&
    allStepsOf(seq).every((s) => !s.where || !looksBack(s.where));
  return isPlain ? Math.min(2 * (seq.steps.length - 1), seq.partials) : seq.partials;
}

function looksBack(e: Expr): boolean {
  const ops = ["taken", "related", "hop"];
  return someExpr(e, (x) => ops.includes(x.op) || ("of" in x && x.of.step !== "current"));
}

/** Steps whose clock is so coarse that order is only possible: their events are looked back at. */
function coarseSteps(unit: CoreUnit, { pattern }: CoreRule): Step[] {
  const sources = new Set(
    allStepsOf(pattern).flatMap((s) => s.kinds.map((k) => unit.schema.kinds[k]?.source ?? 0)),
  );
  if (sources.size < 2) return [];
  return allStepsOf(pattern).filter((s) =>
    s.kinds.some((k) => {
      const source = unit.schema.sources[unit.schema.kinds[k]?.source ?? 0];
      return (source?.granularityUs ?? 1) > 1;
    }),
  );
}

/** Events that may still turn out to stand before one that has come already. */
function lookBack(
  unit: CoreUnit,
  rule: CoreRule,
  seq: Seq,
  reads: readonly StepReads[],
): BoundTerm[] {
  if (seq.slack === 0 && coarseSteps(unit, rule).length === 0) return [];
  const events = seq.partials;
  const positive = seq.steps.map(({ step }, i): BoundTerm => {
    const own = reads[i] ? [reads[i]] : [];
    const what = captures(`${events} events of \`${step.name}\` to look back at`, own);
    return { what, amount: events * slot(own) };
  });
  const others = (allStepsOf(seq).length - seq.steps.length) * events;
  const what = captures(`${others} events that must not happen to look back at`, []);
  return others === 0 ? positive : [...positive, { what, amount: others * slotBytes }];
}

// ---------- the other patterns ----------

function allBound(
  unit: CoreUnit,
  rule: CoreRule,
  all: All,
  reads: readonly StepReads[],
): PatternBound {
  const events = all.partials;
  const state = all.steps.map((s, i): BoundTerm => {
    const own = reads[i] ? [reads[i]] : [];
    return { what: captures(`${events} events of \`${s.name}\``, own), amount: events * slot(own) };
  });
  return { state, work: transitions(unit, rule, events * all.steps.length) };
}

function inventoryBound(unit: CoreUnit, rule: CoreRule, reads: readonly StepReads[]): PatternBound {
  const clock = { what: captures("one clock", reads), amount: slot(reads) };
  return { state: [clock], work: transitions(unit, rule, 1) };
}

// ---------- keys ----------

function keyPartsOf({ pattern }: CoreRule): readonly KeyPart[] {
  if (pattern.node === "seq") return pattern.steps[0]?.step.key ?? [];
  return pattern.node === "all" ? (pattern.steps[0]?.key ?? []) : pattern.step.key;
}

/** The key itself, where there is state under it. */
function keyTerms(unit: CoreUnit, rule: CoreRule, state: readonly BoundTerm[]): BoundTerm[] {
  const bytes = keyBytes(unit, rule, keyPartsOf(rule));
  return state.length === 0 || bytes === 0 ? [] : [{ what: "the key", amount: bytes }];
}

function keyBytes(unit: CoreUnit, rule: CoreRule, parts: readonly KeyPart[]): number {
  const kinds = allStepsOf(rule.pattern)[0]?.kinds ?? [];
  return parts.reduce((n, p) => n + exprBytes(unit, rule.pattern, kinds, p.expr), 0);
}

/** How many keys can have state: as many as the rule allows, or fewer when there cannot be more. */
function keysOf(unit: CoreUnit, rule: CoreRule): number {
  const { pattern } = rule;
  if (pattern.node === "inv") {
    const entity = unit.schema.entities.find((e) => e.name === pattern.entity);
    return pattern.entity === undefined ? 1 : (entity?.max ?? rule.keysMax);
  }
  const kinds = allStepsOf(pattern)[0]?.kinds ?? [];
  const values = keyPartsOf(rule).map((p) => valuesOf(unit, kinds, p));
  const possible = values.reduce((n, v) => n * v, 1);
  return Math.min(rule.keysMax, possible);
}

function valuesOf(unit: CoreUnit, kinds: readonly number[], { expr, allowsMissing }: KeyPart) {
  const extra = allowsMissing ? 1 : 0;
  if (expr.op === "entity") {
    const max = unit.schema.entities.find((e) => e.name === expr.kind)?.max;
    return (max ?? Number.POSITIVE_INFINITY) + extra;
  }
  if (expr.op !== "field") return Number.POSITIVE_INFINITY;
  const types = kinds
    .flatMap((k) => unit.schema.kinds[k]?.fields ?? [])
    .flatMap((f) => (f.name === expr.name ? [f.type] : []));
  const counts = types.map((t) =>
    t.t === "bool" ? 2 : t.t === "enum" ? t.members.length : Number.POSITIVE_INFINITY,
  );
  return Math.max(1, ...counts) + extra;
}

// ---------- findings ----------

/** What is remembered of findings, under keys of its own, as many as the rule may have. */
function findingTerms(unit: CoreUnit, rule: CoreRule): BoundTerm[] {
  const entry = (what: string, key: readonly KeyPart[] | undefined, entries = 1): BoundTerm => {
    const parts = key ?? keyPartsOf(rule);
    const keys = key ? rule.keysMax : keysOf(unit, rule);
    const bytes = keyBytes(unit, rule, parts);
    const shown = entries === 1 ? `${slotBytes}` : `${entries} × ${slotBytes}`;
    const of = bytes === 0 ? shown : `(${shown} + ${bytes} of the key)`;
    return { what: `${keys} ${what} × ${of}`, amount: keys * (entries * slotBytes + bytes) };
  };
  return [
    ...(rule.suppress ? [entry("suppressed keys", rule.suppress.key)] : []),
    ...(rule.rate ? [entry("limited keys", rule.rate.key, rule.rate.max)] : []),
    ...(rule.resolve ? [entry("open findings", undefined)] : []),
    ...rule.subsumes.map((s) => entry("subsuming findings", s.key)),
  ];
}

// ---------- work ----------

/** What one event causes at worst: of its kind, every step it can meet, for every partial match. */
function transitions(unit: CoreUnit, { pattern }: CoreRule, partials: number): BoundTerm[] {
  const steps = allStepsOf(pattern).map(({ name, kinds, ...rest }) => ({
    name,
    kinds,
    lookups: lookupsOf(unit, rest),
  }));
  const kinds = [...new Set(steps.flatMap((s) => s.kinds))].sort((a, b) => a - b);
  const costs = kinds.map((k) => steps.filter((s) => s.kinds.includes(k)));
  const total = (met: (typeof costs)[number]) => met.reduce((n, s) => n + s.lookups, 0);
  const worst = costs.reduce((a, b) => (total(b) > total(a) ? b : a), []);
  return worst.map(({ name, lookups }) => {
    const following = lookups === 1 ? "" : ` × ${lookups} related entities`;
    return {
      what: `\`${name}\` against ${partials} partial matches${following}`,
      amount: Math.max(1, partials) * lookups,
    };
  });
}

/** Entities that the relations in a step's condition make it look at, at least 1. */
function lookupsOf(unit: CoreUnit, step: Pick<Step, "where" | "key">): number {
  let lookups = 1;
  for (const expr of [step.where, ...step.key.map((k) => k.expr)]) {
    if (!expr) continue;
    walkExpr(expr, (e) => {
      if (e.op === "hop") lookups += reach(unit, e);
      if (e.op === "related") lookups += reach(unit, e.from) * reach(unit, e.to);
    });
  }
  return lookups;
}

/** How many keys an expression can lead to. */
function reach(unit: CoreUnit, e: Expr): number {
  if (e.op !== "hop") return 1;
  const fanout = unit.schema.relations.find((r) => r.name === e.via)?.fanout ?? 1;
  return reach(unit, e.from) * fanout;
}
