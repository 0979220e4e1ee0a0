/**
 * A finding: what a rule has to say about one match, for people and for machines. Missing evidence
 * may be counted; wrong evidence must never be written.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { type Dimension, dimensionsOf } from "./dimensions.ts";
import { type Cuts, cutEvent, cutsShown } from "./evidence.ts";
import {
  type CoreRule,
  type CoreUnit,
  type Expr,
  format,
  type Labelled,
  type MatchFacts,
  rootOf,
  type Severity,
  sinceOf,
  stepsOf,
} from "./ir/index.ts";
import { redactedText } from "./redacted.ts";
import type { EntityRef, EventData, Value } from "./schema.ts";
import { unitOf } from "./unit-of.ts";

/** One event as evidence: where in the pattern, when, and what it said. */
export interface EvidenceLine {
  readonly step: string;
  readonly event: string;
  readonly eventId: string;
  /** µs since the epoch. */
  readonly ts: number;
  /**
   * Present fields in the language's notation, in declaration order; of long ones that the rule
   * does not read the first 256 bytes, with `…` behind them.
   */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** One moment of a finding's story. */
export interface Moment {
  /** µs since the epoch. */
  readonly ts: number;
  /** `silence`: nothing had come until then. */
  readonly what: "event" | "silence" | "resolved";
  /** Of an event. */
  readonly step?: string;
  readonly eventId?: string;
}

export interface Finding {
  readonly id: string;
  /** 0 when it is first told, and one more each time something about it changes. */
  readonly revision: number;
  /**
   * `update`: still open, and something about it has changed. `retracted`: what was told
   * provisionally did not hold, or was not to be told, when everything was known.
   */
  readonly state: "open" | "update" | "resolved" | "retracted";
  /**
   * Told as soon as the events arrived (`emit eager`), or while what it is about goes on
   * (`emit close`); it will be confirmed or retracted.
   */
  readonly isProvisional?: true;
  readonly rule: string;
  readonly module: string;
  readonly version: number;
  /** Hash of the bundle that judged; empty when a source was judged directly. */
  readonly bundle: string;
  readonly severity: Severity;
  /** 0 to 1. */
  readonly confidence: number;
  readonly title: string;
  readonly summary: string;
  /** When it was complete, µs since the epoch. */
  readonly at: number;
  readonly root: {
    readonly step: string;
    /** Undefined when what is wrong is that nothing ever came. */
    readonly eventId: string | undefined;
    readonly as: string | undefined;
  };
  readonly entity: EntityRef;
  readonly impacts: readonly {
    readonly step: string;
    readonly eventIds: readonly string[];
    readonly facts: readonly (readonly [string, string])[];
  }[];
  readonly chain: readonly {
    readonly step: string;
    readonly ts: number;
    readonly count: number;
    readonly eventIds: readonly string[];
    /** Why this link follows from the one before. */
    readonly because: string | undefined;
  }[];
  readonly evidence: readonly EvidenceLine[];
  /** The evidence in the order of time, and what followed. */
  readonly timeline: readonly Moment[];
  /** How the events belong together. */
  readonly dimensions: readonly Dimension[];
  readonly facts: readonly (readonly [string, string])[];
  readonly recommendations: readonly string[];
  readonly doc: string | undefined;
  readonly runbook: string | undefined;
  readonly owner: string | undefined;
  readonly mitre: readonly string[];
  readonly labels: readonly (readonly [string, string])[];
  /** Why evidence may be missing; empty when none is known to be. */
  readonly degraded: readonly string[];
  /** When it was declared over, µs since the epoch. */
  readonly resolvedAt?: number;
  /** Id of the finding that explains this one. */
  readonly parent?: string;
}

/** Values of a rule's explanation expressions for one match; back ends differ only in this. */
export type ExplainEval = (expr: Expr) => Value;

/** Writes the finding for `match`. `bundle` is the hash of what judged it. */
export function writeFinding(
  unit: CoreUnit,
  match: MatchFacts,
  evaluate: ExplainEval,
  bundle: string,
): Finding {
  const { rule } = match;
  const { explain } = rule;
  const names = stepNames(rule);
  const text = (e: Expr) => format(evaluate(e), "text");
  const root = rootOf(match);
  const labelled = (items: readonly Labelled[]) =>
    items.map((l) => [l.name, format(evaluate(l.expr), l.unit)] as const);
  return {
    id: findingId(unit, match, root.event),
    revision: match.resolvedAt === undefined ? 0 : 1,
    state: match.resolvedAt === undefined ? "open" : "resolved",
    rule: rule.name,
    module: rule.module,
    version: rule.version,
    bundle,
    severity: severityOf(rule, evaluate),
    confidence: confidenceOf(rule, evaluate),
    title: explain.root.as ? text(explain.root.as) : (rule.doc ?? rule.name.replaceAll("_", " ")),
    summary: explain.summary ? text(explain.summary) : `${rule.name} matched`,
    at: match.at,
    root: {
      step: names[root.step ?? -1] ?? "",
      eventId: root.event?.id,
      as: explain.root.as && text(explain.root.as),
    },
    entity: match.subject ?? root.event?.entity ?? {},
    impacts: explain.impacts.map((i) => ({
      step: names[i.step] ?? "",
      eventIds: match.captures[i.step]?.kept.map((e) => e.id) ?? [],
      facts: labelled(i.facts),
    })),
    chain: chainOf(match, names, text),
    evidence: evidenceOf(unit, match, names),
    timeline: timelineOf(match, names),
    dimensions: dimensionsOf(match),
    facts: labelled(explain.evidence),
    recommendations: explain.recommend
      .filter((r) => !r.when || evaluate(r.when) === true)
      .map((r) => text(r.text)),
    doc: rule.doc,
    runbook: rule.runbook,
    owner: rule.owner,
    mitre: rule.mitre,
    labels: labelled(rule.labels),
    degraded: [...doubtsOf(match), ...lossesOf(unit, match), ...limitsOf(match)],
    ...(match.resolvedAt === undefined ? {} : { resolvedAt: match.resolvedAt }),
  };
}

function stepNames(rule: CoreRule): string[] {
  return stepsOf(rule.pattern).map((s) => s.name);
}

function doubtsOf(match: MatchFacts): string[] {
  if (!match.isIncomplete) return [];
  if (!match.quality || match.quality.incomplete.length === 0) {
    return match.losses
      ? []
      : ["a condition could not be decided on some event, or bounded state overflowed"];
  }
  const names = stepNames(match.rule);
  const steps = match.quality.incomplete.map((i) => names[i] ?? "").join(", ");
  return [`events of ${steps} may be missing${match.losses ? "" : ": a source was silent"}`];
}

function limitsOf({ isHistoryLimited }: MatchFacts): string[] {
  return isHistoryLimited
    ? ["history-limited: the rule was changed shortly before, and events from then may be missing"]
    : [];
}

function lossesOf(unit: CoreUnit, match: MatchFacts): string[] {
  return (match.losses ?? []).flatMap(({ source, count, isSetBack }) => {
    const name = unit.schema.sources[source]?.name ?? "?";
    const events = count === 1 ? "event" : "events";
    return [
      ...(count > 0 ? [`source ${name} lost ${count} ${events} in this time`] : []),
      ...(isSetBack ? [`the clock of source ${name} was set back in this time`] : []),
    ];
  });
}

/** Hash of rule, version, key and which match of these it is: the same after restart and replay. */
function findingId(unit: CoreUnit, match: MatchFacts, root: EventData | undefined): string {
  const { module, name, version } = match.rule;
  const text = JSON.stringify([module, name, version, match.key, ...whichOf(unit, match, root)]);
  return bytesToHex(sha256(utf8ToBytes(text))).slice(0, 20);
}

/** What tells a match from the others of its rule under its key: its root and its completion. */
function whichOf(
  unit: CoreUnit,
  match: MatchFacts,
  root: EventData | undefined,
): readonly (string | number | null)[] {
  const { rule, captures, beganUs } = match;
  // A derived event has the id of what it was made of.
  const nameOf = (event: EventData | undefined) => {
    const kind = unit.schema.kinds[event?.kind ?? -1];
    return event && (kind?.made === "derived" ? `${event.id} ${kind.name}` : event.id);
  };
  const firsts = () => captures.map((c) => nameOf(c?.first) ?? null);
  const shape = rule.pattern.node === "win" ? rule.pattern.shape.shape : undefined;
  // What is told while it goes on is named by its beginning, which settles all that follows;
  // sliding windows are told when they are over.
  if (beganUs !== undefined && shape !== "sliding") return [beganUs];
  if (rule.pattern.node === "seq" && rule.policy.emit === "close") return firsts();
  return [
    nameOf(root) ?? null,
    nameOf(match.last) ?? match.at,
    // Of several matches that one event completes, root and end may be the same.
    ...(rule.policy.select === "each" ? firsts() : []),
    // Panes that overlap may have the same events.
    ...(shape === "hop" ? [match.at] : []),
  ];
}

function severityOf(rule: CoreRule, evaluate: ExplainEval): Severity {
  const { level, when, otherwise } = rule.severity;
  return !when || evaluate(when) === true ? level : (otherwise ?? level);
}

function confidenceOf(rule: CoreRule, evaluate: ExplainEval): number {
  const { base, terms } = rule.explain.confidence;
  const sum = terms.reduce((x, t) => (evaluate(t.when) === true ? x + t.weight : x), base);
  return Math.round(Math.min(1, Math.max(0, sum)) * 10_000) / 10_000;
}

/** The declared chain, or every bound step in order; links left out by the match are skipped. */
function chainOf(
  match: MatchFacts,
  names: readonly string[],
  text: (e: Expr) => string,
): Finding["chain"] {
  const { explain } = match.rule;
  const declared = [...new Set(explain.chain.flatMap((c) => c.steps))];
  const steps = linksOf(match, declared);
  return steps.map((step, at) => {
    const taken = match.captures[step];
    const earlier = steps.slice(0, at).reverse();
    return {
      step: names[step] ?? "",
      ts: taken ? sinceOf(taken) : match.at,
      count: taken?.count ?? 0,
      eventIds: taken?.kept.map((e) => e.id) ?? [],
      because: firstOf(earlier, (before) => reason(match, before, step, text)),
    };
  });
}

/** The bound steps that are links, in the order of the story. */
function linksOf(match: MatchFacts, declared: readonly number[]): number[] {
  const bound = match.captures.flatMap((c, i) => (c ? [i] : []));
  if (match.rule.pattern.node === "all") {
    // The steps of an all-of are in no order: the story is told as declared, or as it happened.
    if (declared.length > 0) return declared.filter((i) => bound.includes(i));
    const since = (i: number) => match.captures[i]?.first.ts ?? 0;
    return bound.sort((a, b) => since(a) - since(b));
  }
  return bound.filter((i) => declared.length === 0 || declared.includes(i) || isLink(match, i));
}

/** The nearest earlier link that says why this one followed: evidence may lie in between. */
function firstOf<T>(
  steps: readonly number[],
  look: (step: number) => T | undefined,
): T | undefined {
  for (const step of steps) {
    const found = look(step);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Optional evidence between declared links still belongs to the story. */
function isLink(match: MatchFacts, step: number): boolean {
  return match.rule.pattern.node === "seq" && match.rule.pattern.steps[step]?.isOptional === true;
}

function reason(
  match: MatchFacts,
  from: number,
  to: number,
  text: (e: Expr) => string,
): string | undefined {
  const { explain } = match.rule;
  const because = explain.because.find((b) => b.from === from && b.to === to);
  if (because) return text(because.text);
  const chain = explain.chain.find((c) => {
    const at = c.steps.indexOf(to);
    return at > 0 && c.steps[at - 1] === from;
  });
  return chain?.as && text(chain.as);
}

function evidenceOf(unit: CoreUnit, match: MatchFacts, names: readonly string[]): EvidenceLine[] {
  const cuts = cutsShown(unit, match.rule);
  return match.captures.flatMap((taken, i) =>
    (taken?.kept ?? []).map((event) => evidenceLine(unit, names[i] ?? "", event, cuts)),
  );
}

/** Events of one time come in the order of the steps they were taken by. */
function timelineOf(match: MatchFacts, names: readonly string[]): Moment[] {
  const events = match.captures.flatMap((taken, i) =>
    (taken?.kept ?? []).map(
      (e): Moment => ({ ts: e.ts, what: "event", step: names[i] ?? "", eventId: e.id }),
    ),
  );
  events.sort((a, b) => a.ts - b.ts);
  const isSilence = match.last === undefined || match.last.ts < match.at;
  const end: Moment[] = isSilence ? [{ ts: match.at, what: "silence" }] : [];
  const { resolvedAt } = match;
  const over: Moment[] = resolvedAt === undefined ? [] : [{ ts: resolvedAt, what: "resolved" }];
  return [...events, ...end, ...over];
}

function evidenceLine(
  { schema: { kinds } }: CoreUnit,
  step: string,
  event: EventData,
  cuts: Cuts,
): EvidenceLine {
  const kind = kinds[event.kind];
  const { fields: values } = cutEvent(kinds, event, cuts);
  const fields = (kind?.fields ?? []).flatMap((field, i) => {
    const value = values[i];
    if (value === undefined) return [];
    const text = field.isRedacted ? redactedText : format(value, unitOf(field.type));
    return [[field.name, text] as const];
  });
  return { step, event: kind?.name ?? "?", eventId: event.id, ts: event.ts, fields };
}
