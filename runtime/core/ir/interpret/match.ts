/** What the interpreter takes and what it gives. */
import type { EntityRef, EventData, Schema, Value } from "../../schema.ts";
import type { WindowView } from "../aggregate.ts";
import type { Proof } from "../atoms.ts";
import { type CoreRule, type CoreUnit, stepsOf } from "../core.ts";
import type { Env, Quality, Taken } from "../eval.ts";
import { eventOfTaken } from "../taken.ts";
import type { SourceStory, World } from "../world.ts";
import { compareEvents } from "./order.ts";

/** What a source (index into `Schema.sources`) lacks around a match. */
export interface SourceLoss {
  readonly source: number;
  /** Events that were lost. */
  readonly count: number;
  /** Whether its clock was set back. */
  readonly isSetBack?: boolean;
}

/** A match, whoever found it. */
export interface MatchFacts {
  readonly rule: CoreRule;
  /** Equal for equal keys; empty for rules without a key. */
  readonly key: string;
  /** When the match was complete, µs: its last event's time, or its deadline. */
  readonly at: number;
  readonly captures: readonly (Taken | undefined)[];
  /** The event that completed it; an absence may have none. */
  readonly last: EventData | undefined;
  /** A negative or a cancel was unknown on some event, or bounded state overflowed. */
  readonly isIncomplete: boolean;
  readonly quality?: Quality | undefined;
  /** The rule was changed shortly before: what it needs of earlier may not have been kept. */
  readonly isHistoryLimited?: true | undefined;
  /** What its sources lost during the match. */
  readonly losses?: readonly SourceLoss[] | undefined;
  /** What the finding is about, where that is not the entity of its root. */
  readonly subject?: EntityRef | undefined;
  /** When the silence began that an absence is about, µs. */
  readonly silentSince?: number | undefined;
  /** Of panes and sliding windows under `emit close`: where the first that was true begins, µs. */
  readonly beganUs?: number | undefined;
  /** When `resolve` declared it over, µs. */
  readonly resolvedAt?: number | undefined;
}

/** Where the span of a match begins, µs. */
export function startOf(
  match: MatchFacts & { readonly view?: { readonly sizeUs: number } | undefined },
): number {
  if (match.beganUs !== undefined) return match.beganUs;
  if (match.view) return match.at - match.view.sizeUs;
  const until = match.silentSince ?? match.at;
  return match.captures.reduce((least, c) => Math.min(least, c?.first.ts ?? least), until);
}

/**
 * The order in which matches become known; of one time those without an event are first, then as
 * their events are in ≺; those of one event, or of none, as their keys.
 */
export function compareMatches(schema: Schema, a: MatchFacts, b: MatchFacts): number {
  if (a.at !== b.at) return a.at - b.at;
  const order =
    a.last && b.last
      ? compareEvents(schema, a.last, b.last)
      : Number(a.last !== undefined) - Number(b.last !== undefined);
  if (order !== 0 || a.key === b.key) return order;
  return a.key < b.key ? -1 : 1;
}

export interface Match extends MatchFacts {
  /** The window as aggregates see it. */
  readonly view?: WindowView | undefined;
}

export interface Trace {
  /** In any order. */
  readonly events: readonly EventData[];
  /** Only what is before this is decided, µs. */
  readonly watermark: number;
  /** When the observation began, µs: clocks of absences without inventory start here. */
  readonly start?: number | undefined;
  /** Of a rule that drains (LANGUAGE C.8): only what began by then can match, µs. */
  readonly begunBy?: number | undefined;
  readonly world?: World | undefined;
  /** Sources that fell silent or lost events; the others were alive and whole. */
  readonly sources?: readonly SourceStory[] | undefined;
  /** Is told of every condition that is evaluated; see `Env`. */
  readonly observe?: Env["observe"];
  /** Near misses are looked for here only, and down to events that did not even begin anything. */
  readonly focus?: Focus | undefined;
}

/** Of which keys (undefined: any), and around which time, µs, both ends included. */
export interface Focus {
  readonly keys: ReadonlySet<string> | undefined;
  readonly from: number;
  readonly to: number;
}

/** An event of the kinds and the key that a step waits for, and what kept it from being taken. */
export interface Candidate {
  /** The step that could have taken it. */
  readonly step: string;
  readonly event: EventData;
  readonly proof: Proof;
  /** Outside of its time by so much, µs; 0: it was in time. */
  readonly overshoot: number;
  readonly isEarly: boolean;
  /** What it already does for the other steps of the match; undefined: nothing. */
  readonly use?: "chosen" | "fits" | undefined;
  /** Under `next` and `strict`: what lies between it and the step before. */
  readonly between?: EventData | undefined;
}

/** An event that kept something from coming true. */
export interface Killer {
  /** Which step it was. */
  readonly step: string;
  readonly event: EventData;
  /** What would have to come out otherwise for it not to be that step. */
  readonly proof: Proof;
}

/** A match that almost was (LANGUAGE C.11). */
export interface NearMiss {
  readonly rule: CoreRule;
  readonly key: string;
  /**
   * `unmet`: nothing began it; `open`: the trace ends before it was decided. Both are told of
   * under a focus only.
   */
  readonly cause: "expired" | "negated" | "cancelled" | "threshold" | "unmet" | "open";
  /** How many steps were reached; of a window, how many events it held at its fullest. */
  readonly reached: number;
  /** The step it waited for. */
  readonly missing: string;
  /** By how much the nearest candidate missed its bound, µs; undefined without a candidate. */
  readonly overshoot: number | undefined;
  /** When it could not come true any more, µs. */
  readonly at: number;
  readonly captures: readonly (Taken | undefined)[];
  readonly view?: WindowView | undefined;
  /** What negated or cancelled it. */
  readonly by?: Killer | undefined;
  /** What could have been taken next, the nearest first; at most `candidatesKept`. */
  readonly candidates: readonly Candidate[];
  /** How many more were needed: steps of an all-of, events of a run. */
  readonly lacking?: number | undefined;
  /** A window's condition at its fullest. */
  readonly having?: Proof | undefined;
}

/** How many candidates a near miss keeps. */
export const candidatesKept = 3;

/** A match that was found and not reported. */
export interface Withheld {
  readonly match: Match;
  readonly cause: "held" | "dropped" | "excepted" | "suppressed" | "limited";
  /** The sources whose silence or loss leaves a conclusion from silence in doubt. */
  readonly sources?: readonly number[];
  /** Of an exception. */
  readonly reason?: string;
  /** The reported match after which this one was suppressed. */
  readonly since?: Match;
}

/** Everything a rule has to say about a trace. */
export interface Interpretation {
  /** In the order they become known. */
  readonly matches: readonly Match[];
  /** How many matches `suppress`, `except` and `rate` kept from being reported. */
  readonly suppressed: number;
  readonly excepted: number;
  readonly limited: number;
  /** Conclusions from silence that were not drawn, or thrown away, as the silence is in doubt. */
  readonly held: number;
  readonly dropped: number;
  /** The matches these numbers count, in no particular order. */
  readonly withheld: readonly Withheld[];
  /** The closest of those that almost were, closest first. */
  readonly nearMisses: readonly NearMiss[];
}

/** The matches of a pattern before policies, and the conclusions that were in doubt. */
export interface Found {
  readonly matches: readonly Match[];
  readonly withheld: readonly Withheld[];
}

/** A rule on a trace: what every part of the interpreter needs at hand. */
export interface Case {
  readonly unit: CoreUnit;
  readonly rule: CoreRule;
  /** In the order ≺, all before the watermark. */
  readonly events: readonly EventData[];
  readonly trace: Trace;
  readonly base: Env;
}

/** The root's event; when its step was left out, the event that completed the match. */
export function rootOf(match: MatchFacts): {
  readonly event: EventData | undefined;
  /** Number of the root's step; undefined when it is the completing event. */
  readonly step: number | undefined;
} {
  const { of, firstOf } = match.rule.explain.root;
  const first = firstOf
    ?.flatMap((step) => {
      const event = match.captures[step]?.first;
      return event ? [{ step, event }] : [];
    })
    .reduce<{ step: number; event: EventData } | undefined>(
      (a, b) => (a && a.event.ts <= b.event.ts ? a : b),
      undefined,
    );
  if (first) return first;
  if (of.step === "current") return { event: match.last, step: undefined };
  return { event: eventOfTaken(match.captures[of.step], of.pick) ?? match.last, step: of.step };
}

/** What the explanation of `match`, and the checks of tests on it, are evaluated in. */
export function matchEnv(
  unit: CoreUnit,
  params: ReadonlyMap<string, Value>,
  match: Match,
  world?: World,
): Env {
  return {
    unit,
    params,
    current: undefined,
    captures: match.captures,
    window: match.view,
    stepNames: stepsOf(match.rule.pattern).map((s) => s.name),
    ...(match.quality ? { quality: match.quality } : {}),
    subject: match.subject ?? rootOf(match).event?.entity,
    world,
    at: match.at,
  };
}
