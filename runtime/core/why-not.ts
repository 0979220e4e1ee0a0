/**
 * Why a rule did not fire: its near misses, and the matches that were found and not reported, as
 * plain data with everything in words that people read. From whole recordings only, so that the
 * answer is exact.
 */
import {
  type CoreRule,
  type CoreUnit,
  durationOf,
  type Focus,
  fullName,
  heardSteps,
  type KeyPart,
  keyOf,
  type SourceStory,
  type Step,
  sinceOf,
  sourcesOf,
  stepsOf,
} from "./ir/index.ts";
import { findingOf, type Judged, judge, withDerived } from "./judge.ts";
import { keyNames } from "./rule-key.ts";
import type { EventData, Value } from "./schema.ts";
import {
  type Asked,
  type ToldFinding,
  type ToldGivenUp,
  type ToldMiss,
  type ToldWithheld,
  Words,
} from "./why-not-words.ts";

export interface Question extends Asked {
  readonly events: readonly EventData[];
  /** Everything before is decided, µs. */
  readonly watermark: number;
  readonly sources: readonly SourceStory[];
  /** Sources that the recording speaks of, indexes into `Schema.sources`. */
  readonly present: ReadonlySet<number>;
  /** Undefined: every key. */
  readonly keys: ReadonlySet<string> | undefined;
  /** µs; undefined: the whole recording. */
  readonly at: number | undefined;
  /** What of the rule was half matched and given up for room. */
  readonly givenUp?: readonly GivenUpMatch[];
}

/** Half a match that was given up for room. */
export interface GivenUpMatch {
  readonly key: string;
  /** Steps. */
  readonly reached: number;
  /** When it was given up, µs. */
  readonly at: number;
}

export interface Answer {
  readonly rule: string;
  /** Where was looked, µs; undefined: everywhere. */
  readonly around: { readonly from: number; readonly to: number } | undefined;
  readonly findings: readonly ToldFinding[];
  readonly withheld: readonly ToldWithheld[];
  readonly misses: readonly ToldMiss[];
  /** Half matches that the engine gave up for room. */
  readonly givenUp: readonly ToldGivenUp[];
  /** What the rule needs and the recording does not have, a sentence each. */
  readonly lacking: readonly string[];
}

export function whyNot(question: Question): Answer {
  const { rule, watermark, sources, params } = question;
  const unit = withoutOthers(question);
  const focus = focusOf(question);
  const trace = { events: question.events, watermark, sources, focus };
  const own = ownEvents(question);
  const judged = judge(unit, params, trace, {
    eventsFor: (r) => (r === rule ? own : trace.events),
  });
  const words = new Words(question);
  const isIn = (m: Judged["match"]) => isInFocus(focus, m);
  const mine = judged.findings.filter(({ match }) => match.rule === rule && isIn(match));
  const { replayed } = question;
  const isReported = ({ finding }: Judged) => replayed.findings.has(finding.id);
  const withoutLate = foundWithoutLate(question, unit, focus).filter(
    ({ finding }) => !mine.some((f) => f.finding.id === finding.id),
  );
  const withheld = judged.withheld.filter(({ match }) => match.rule === rule && isIn(match));
  const held = withheld.map((w) => {
    const finding = findingOf(unit, params, w.match, {});
    return words.withheld(w, { finding, match: w.match });
  });
  const unreported = mine.filter((f) => !isReported(f)).map((f) => words.unreported(f));
  const near = judged.nearMisses.filter((m) => m.rule === rule);
  return {
    rule: fullName(rule),
    around: question.at === undefined ? undefined : { from: focus.from, to: focus.to },
    findings: [...mine.filter(isReported), ...withoutLate].map((f) => words.finding(f)),
    withheld: [...held, ...unreported],
    misses: near.map((m) => words.miss(m)),
    givenUp: (question.givenUp ?? [])
      .filter((g) => (!focus.keys || focus.keys.has(g.key)) && g.at >= focus.from)
      .filter((g) => g.at <= focus.to)
      .map((g) => words.givenUp(g)),
    lacking: lackingOf(question),
  };
}

/**
 * The events that can matter for the keys that are asked for; all of them where events of other
 * keys may, because events are made of events or policies count under keys of their own.
 */
function ownEvents({ unit, rule, params, events, keys }: Question): readonly EventData[] {
  const { kinds } = unit.schema;
  const steps = heardSteps(rule);
  const isMade = steps.some((s) => s.kinds.some((k) => kinds[k]?.made !== undefined));
  const hasOtherKeys = rule.suppress?.key !== undefined || rule.rate?.key !== undefined;
  if (!keys || isMade || hasOtherKeys || rule.pattern.node === "inv") return events;
  return events.filter((current) => {
    const env = { unit, params, current, captures: [] };
    return steps.some((s) => {
      const key = s.kinds.includes(current.kind) ? keyOf(s.key, current, env) : undefined;
      return key !== undefined && keys.has(key);
    });
  });
}

/** What the engine reports because it did not judge events that came too late. */
function foundWithoutLate(
  { rule, params, watermark, sources, events, replayed }: Question,
  unit: CoreUnit,
  focus: Focus,
): Judged[] {
  if (replayed.late.size === 0) return [];
  const onTime = events.filter((e) => !replayed.late.has(e.id));
  return judge(unit, params, { events: onTime, watermark, sources }).findings.filter(
    ({ finding, match }) =>
      match.rule === rule && isInFocus(focus, match) && replayed.findings.has(finding.id),
  );
}

/** The unit with this rule and those whose findings it reads, directly or not. */
function withoutOthers({ unit, rule }: Question): CoreUnit {
  const needed = new Set<CoreRule>();
  const need = (r: CoreRule) => {
    if (needed.has(r)) return;
    needed.add(r);
    const heard = new Set(
      heardSteps(r).flatMap((s) => s.kinds.map((k) => unit.schema.kinds[k]?.name)),
    );
    unit.rules.filter((input) => heard.has(`finding.${fullName(input)}`)).forEach(need);
  };
  need(rule);
  return { ...unit, rules: unit.rules.filter((r) => needed.has(r)) };
}

/** "Around" is as far as one match of the rule can reach. */
function focusOf({ rule, params, keys, at }: Question): Focus {
  if (at === undefined)
    return { keys, from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
  const reach = Math.max(reachOf(rule, params), leastReachUs);
  return { keys, from: at - reach, to: at + reach };
}

/** Nobody types times more exactly than this, µs. */
const leastReachUs = 1_000_000;

/** How far a rule without a span of its own is looked around, µs. */
const defaultReachUs = 60_000_000;

/** The longest time from the beginning of a match until it is complete, µs. */
function reachOf({ pattern }: CoreRule, params: ReadonlyMap<string, Value>): number {
  switch (pattern.node) {
    case "seq": {
      const span =
        pattern.within === undefined ? defaultReachUs : durationOf(pattern.within, params);
      return span + (pattern.deadline ? durationOf(pattern.deadline.wait, params) : 0);
    }
    case "all":
      return durationOf(pattern.within, params);
    case "inv":
      return durationOf(pattern.wait, params);
    case "win":
      return pattern.shape.shape === "session"
        ? durationOf(pattern.shape.max, params)
        : durationOf(pattern.shape.size, params);
  }
}

function isInFocus({ keys, from, to }: Focus, match: Judged["match"]): boolean {
  const start = Math.min(match.at, ...match.captures.flatMap((c) => (c ? [sinceOf(c)] : [])));
  return (!keys || keys.has(match.key)) && start <= to && match.at >= from;
}

// ---------- what is not there at all ----------

/** Steps the rule waits for whose events are not in the recording, or not under the key. */
function lackingOf(question: Question): string[] {
  const { unit, rule, params, present } = question;
  const { schema } = unit;
  const events = withDerived(unit, params, question.events);
  const steps = neededSteps(rule);
  const out = steps.flatMap((step, i) => {
    if (step.kinds.every((k) => schema.kinds[k]?.made === "finding")) return [];
    const which = i === 0 ? "the first step" : "step";
    const names = step.kinds.map((k) => `\`${schema.kinds[k]?.name ?? "?"}\``).join(" or ");
    const own = events.filter((e) => step.kinds.includes(e.kind));
    const keyless = keylessPart(question, step, own);
    if (own.length === 0)
      return [`the recording has no ${names}, which ${which} \`${step.name}\` waits for`];
    if (keyless !== undefined)
      return [`no ${names} there has a \`${keyless}\`, which the key of the rule needs`];
    return [];
  });
  const needed = sourcesOf(
    unit,
    heardSteps(rule).flatMap((s) => s.kinds),
  );
  for (const source of needed) {
    if (present.has(source)) continue;
    const name = schema.sources[source]?.name ?? "?";
    out.push(`source \`${name}\` is not in the recording: no events of it and no progress`);
  }
  const { pattern } = rule;
  if (pattern.node === "inv" && pattern.entity !== undefined)
    out.push(
      `a recording has no inventory of ${pattern.entity} entities, so none is known to be silent`,
    );
  return out;
}

/** What of the key of `step` none of `events` has, so that it excludes them; undefined: some do. */
function keylessPart(
  { unit, rule, params }: Question,
  { key }: Step,
  events: readonly EventData[],
): string | undefined {
  const names = keyNames(rule, unit.schema);
  const isMissing = (part: KeyPart) =>
    events.every((e) => keyOf([part], e, { unit, params, current: e, captures: [] }) === undefined);
  const at = key.findIndex(isMissing);
  return names[at];
}

function neededSteps({ pattern }: CoreRule): readonly Step[] {
  if (pattern.node === "inv") return [];
  if (pattern.node === "seq") return pattern.steps.flatMap((s) => (s.isOptional ? [] : [s.step]));
  return stepsOf(pattern);
}
