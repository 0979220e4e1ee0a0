/**
 * Transitions: how many generated functions of a rule one event calls at most. They are the tests
 * of its steps, each for a partial match that it may change, and the keys it is looked up under.
 */
import {
  allStepsOf,
  type CoreRule,
  type CoreUnit,
  type Expr,
  needsContiguity,
  openPerKey,
  runAggregatesOf,
  type Step,
  walkExpr,
} from "#core";
import { keyPartsOf } from "./event-bytes.ts";
import { sum, type Term } from "./term.ts";

/** A step that an event may be for, and how often it is tested. */
export interface Tested {
  readonly step: Step;
  readonly times: number;
  /** What it is tested against, in words. */
  readonly against: string;
}

/** The work of the kind of event that causes most. */
export function stepWork(unit: CoreUnit, tested: readonly Tested[]): Term[] {
  const kinds = [...new Set(tested.flatMap((t) => t.step.kinds))].sort((a, b) => a - b);
  const works = kinds.map((kind) =>
    tested.filter((t) => t.step.kinds.includes(kind)).map((t) => workOf(unit, t)),
  );
  return works.reduce<Term[]>((a, b) => (sum(b) > sum(a) ? b : a), []);
}

function workOf(unit: CoreUnit, { step, times, against }: Tested): Term {
  const lookups = lookupsOf(unit, step);
  const following = lookups === 1 ? "" : ` × ${lookups} related entities`;
  return { what: `\`${step.name}\` ${against}${following}`, amount: times * lookups };
}

/** What the runs of repeated steps are asked, of `events` of them at most. */
export function runWork(unit: CoreUnit, rule: CoreRule, events: number): Term[] {
  const asked = runAggregatesOf(rule);
  if (asked.length === 0) return [];
  const works = asked.map(({ arg }) => lookupsOf(unit, { where: arg, key: [] }));
  const of = events === 1 ? "" : ` of ${events} events`;
  return [{ what: `aggregates of runs${of}`, amount: events * works.reduce((n, x) => n + x, 0) }];
}

/** The keys of an event: of each step it may be for. */
export function keyWork(rule: CoreRule): Term[] {
  if (keyPartsOf(rule).length === 0) return [];
  const steps = allStepsOf(rule.pattern);
  const kinds = [...new Set(steps.flatMap((s) => s.kinds))];
  const most = Math.max(...kinds.map((k) => steps.filter((s) => s.kinds.includes(k)).length));
  // Where other events in between matter, also of the steps that it is not for.
  const amount = needsContiguity(rule.pattern) ? 2 * most : most;
  return [{ what: amount === 1 ? "the key" : `the keys of ${amount} steps`, amount }];
}

/** What an event that may end findings does in a rule with `keysMax` keys. */
export function resolveWork({ resolve }: CoreRule, keysMax: number): Term[] {
  if (!resolve || !("on" in resolve)) return [];
  const open = Math.min(openPerKey, keysMax);
  return [{ what: `\`${resolve.on.name}\` against ${open} open findings`, amount: 1 + 2 * open }];
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
