/**
 * In which ways the events of a match belong together, and how much each says. A finding rests on
 * up to four: they happened close in time, at the same place, because of each other, or about the
 * same thing.
 */
import {
  type CoreRule,
  childrenOf,
  conjuncts,
  type Expr,
  formatDuration,
  type MatchFacts,
  type Pattern,
  sinceOf,
  stepsOf,
} from "./ir/index.ts";
import type { EntityRef, EventData } from "./schema.ts";

export type DimensionName = "temporal" | "spatial" | "causal" | "semantic";

export interface Dimension {
  readonly name: DimensionName;
  readonly held: boolean;
  /** 0 to 1; of those that held the sum says how firmly the events are tied. */
  readonly weight: number;
  /** What was seen, for people; empty when it did not hold. */
  readonly detail: string;
}

/**
 * What each says by itself: a stated cause says most, a place more than a time, and equal contents
 * are often chance.
 */
const weights: Readonly<Record<DimensionName, number>> = {
  temporal: 0.2,
  spatial: 0.3,
  causal: 0.4,
  semantic: 0.1,
};

/** The four dimensions of a match, in the order of `DimensionName`. */
export function dimensionsOf(match: MatchFacts): Dimension[] {
  return [
    dimension("temporal", temporal(match)),
    dimension("spatial", spatial(match)),
    dimension("causal", causal(match)),
    dimension("semantic", semantic(match.rule)),
  ];
}

function dimension(name: DimensionName, detail: string): Dimension {
  return { name, held: detail !== "", weight: weights[name], detail };
}

/** Several events within a bound, or a silence of a length. */
function temporal(match: MatchFacts): string {
  const events = eventsOf(match);
  const began = match.captures.flatMap((c) => (c ? [sinceOf(c)] : []));
  const times = [...began, ...events.map((e) => e.ts)];
  const span = Math.max(...times) - Math.min(...times);
  const { pattern } = match.rule;
  const isSilence = pattern.node === "inv" || (pattern.node === "seq" && pattern.deadline);
  const last = events.at(-1);
  if (isSilence && last) return `nothing for ${formatDuration(match.at - last.ts)} after the last`;
  if (isSilence) return "nothing came";
  return countOf(match) < 2 ? "" : `all within ${formatDuration(span)}`;
}

/** Entities that all events have in common. */
function spatial(match: MatchFacts): string {
  const events = eventsOf(match);
  const refs = events.length > 0 ? events.map((e) => e.entity ?? {}) : [match.subject ?? {}];
  const [first, ...rest] = refs;
  if (!first || (events.length > 0 && countOf(match) < 2 && !match.subject)) return "";
  const common = Object.entries(first).filter(([kind, key]) =>
    rest.every((ref) => keyOf(ref, kind) === key),
  );
  return common.map(([kind, key]) => `same ${kind} ${key}`).join(", ");
}

function keyOf(ref: EntityRef, kind: string): string | undefined {
  return Object.hasOwn(ref, kind) ? ref[kind] : undefined;
}

/** Links whose cause the rule states, of which both ends happened. */
function causal(match: MatchFacts): string {
  const { explain, pattern } = match.rule;
  const names = stepsOf(pattern).map((s) => s.name);
  const stated = [
    ...explain.chain.flatMap((c) =>
      c.steps.slice(1).map((to, i) => [c.steps[i] ?? to, to] as const),
    ),
    ...explain.because.map((b) => [b.from, b.to] as const),
  ];
  const held = stated.filter(([a, b]) => match.captures[a] && match.captures[b]);
  return [...new Set(held.map(([a, b]) => `${names[a]} led to ${names[b]}`))].join(", ");
}

/** Fields by which the rule ties its steps: keys, and equalities across steps. */
function semantic(rule: CoreRule): string {
  if (stepsOf(rule.pattern).length < 2 && rule.pattern.node !== "win") return "";
  const fields = [...keyFields(rule.pattern), ...tiedFields(rule.pattern)];
  return [...new Set(fields)].map((name) => `same ${name}`).join(", ");
}

function keyFields(pattern: Pattern): string[] {
  const [first] = stepsOf(pattern);
  return (first?.key ?? []).flatMap((part) => (part.expr.op === "field" ? [part.expr.name] : []));
}

function tiedFields(pattern: Pattern): string[] {
  return stepsOf(pattern)
    .flatMap((s) => conjuncts(s.where))
    .flatMap((e) => (e.op === "cmp" && e.cmp === "==" ? tie(e.left, e.right) : []));
}

/** `b.comm == a.comm`: a field of this event, and something of an earlier one. */
function tie(left: Expr, right: Expr): string[] {
  const own = [left, right].find((e) => e.op === "field" && e.of.step === "current");
  const other = own === left ? right : left;
  return own?.op === "field" && readsEarlier(other) ? [own.name] : [];
}

function readsEarlier(e: Expr): boolean {
  if (e.op === "run") return true;
  return ("of" in e && e.of.step !== "current") || childrenOf(e).some(readsEarlier);
}

/** Every event that is kept as evidence, in the order of time. */
export function eventsOf(match: MatchFacts): EventData[] {
  const kept = match.captures.flatMap((c) => c?.kept ?? []);
  return [...new Set(kept)].sort((a, b) => a.ts - b.ts);
}

function countOf(match: MatchFacts): number {
  return match.captures.reduce((n, c) => n + (c?.count ?? 0), 0);
}
