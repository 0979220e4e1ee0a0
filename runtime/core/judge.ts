/**
 * A whole unit on a trace, by definition: derived events are made, rules are interpreted in order,
 * findings become events for the rules after them, and become children of those that subsume them.
 */

import { type ExplainEval, type Finding, writeFinding } from "./finding.ts";
import { findingEvent, scoreOf } from "./finding-event.ts";
import {
  type CoreRule,
  type CoreUnit,
  closest,
  type Derive,
  evaluate,
  type Interpretation,
  interpretRule,
  type Match,
  matchEnv,
  type NearMiss,
  type Trace,
  truth,
  type Withheld,
} from "./ir/index.ts";
import type { EventData, Value } from "./schema.ts";
import { withParents } from "./subsume.ts";

export interface Judged {
  readonly finding: Finding;
  readonly match: Match;
}

/** How much of a rule was not reported, and why; see `Interpretation`. */
export type Account = Readonly<
  Record<"findings" | "suppressed" | "excepted" | "limited" | "held" | "dropped", number>
>;

export interface Judgement {
  /** By rule in the order of the unit, and for each in the order they become known. */
  readonly findings: readonly Judged[];
  /** The closest of all rules; those of one rule together, closest first. */
  readonly nearMisses: readonly NearMiss[];
  /** What was found and not reported, by rule in the order of the unit. */
  readonly withheld: readonly Withheld[];
  /** By full rule name, `module.rule`. */
  readonly counts: ReadonlyMap<string, Account>;
}

export interface JudgeOptions {
  /** Hash of the bundle that judges, for the findings. */
  readonly bundle?: string;
  /** What reaches a rule in time; by default all events of the trace. */
  readonly eventsFor?: (rule: CoreRule) => readonly EventData[];
}

export function judge(
  unit: CoreUnit,
  params: ReadonlyMap<string, Value>,
  trace: Trace,
  options: JudgeOptions = {},
): Judgement {
  const findings: Judged[] = [];
  const nearMisses: NearMiss[] = [];
  const withheld: Withheld[] = [];
  const counts = new Map<string, Account>();
  for (const rule of unit.rules) {
    const given = options.eventsFor?.(rule) ?? trace.events;
    const score = ({ match }: Judged) => scoreOf(unit, params, match, trace.world);
    const made = findings.flatMap((f, i) => findingEvent(unit, f, i, () => score(f)) ?? []);
    const events = [...withDerived(unit, params, given, trace), ...made];
    const said = interpretRule(unit, rule, params, { ...trace, events });
    nearMisses.push(...said.nearMisses);
    withheld.push(...said.withheld);
    counts.set(`${rule.module}.${rule.name}`, accountOf(said));
    for (const match of said.matches)
      findings.push({ finding: findingOf(unit, params, match, trace, options.bundle), match });
  }
  const kept = new Set(closest(nearMisses));
  return {
    findings: withParents(unit, params, findings, trace.world),
    nearMisses: nearMisses.filter((m) => kept.has(m)),
    withheld,
    counts,
  };
}

/** What is told of `match`; `bundle` is the hash of what judged it. */
export function findingOf(
  unit: CoreUnit,
  params: ReadonlyMap<string, Value>,
  match: Match,
  { world, observe }: Pick<Trace, "world" | "observe">,
  bundle = "",
): Finding {
  const env = { ...matchEnv(unit, params, match, world), observe };
  return writeFinding(
    unit,
    match,
    observed((e) => evaluate(e, env), observe),
    bundle,
  );
}

/** `read`, which tells of every condition what it came to. */
function observed(read: ExplainEval, observe: Trace["observe"]): ExplainEval {
  if (!observe) return read;
  return (e) => {
    const x = read(e);
    observe(e, typeof x === "boolean" ? x : undefined);
    return x;
  };
}

function accountOf(said: Interpretation): Account {
  const { suppressed, excepted, limited, held, dropped } = said;
  return { findings: said.matches.length, suppressed, excepted, limited, held, dropped };
}

/** `events` and what is derived of them; a derived event may feed a later one. */
export function withDerived(
  unit: CoreUnit,
  params: ReadonlyMap<string, Value>,
  events: readonly EventData[],
  { world, observe }: Pick<Trace, "world" | "observe"> = {},
): EventData[] {
  const out = [...events];
  for (const derive of unit.derives) {
    for (const event of [...out]) {
      const env = { unit, params, current: event, captures: [], world, observe };
      if (!derive.step.kinds.includes(event.kind)) continue;
      if (derive.step.where && truth(derive.step.where, env) !== true) continue;
      out.push(derivedEvent(derive, event, (e) => evaluate(e, env)));
    }
  }
  return out;
}

/** Same id, time, number and entity; another kind, other fields. */
function derivedEvent(
  { kind, set }: Derive,
  event: EventData,
  evaluateOn: (e: NonNullable<Derive["set"][number]>) => Value,
): EventData {
  return { ...event, kind, fields: set.map((e) => e && evaluateOn(e)) };
}
