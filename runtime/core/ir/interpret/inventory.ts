/**
 * Absence over inventory by definition (LANGUAGE C.5): for each life of an entity a clock that
 * starts when it appears and again at each event about it. When the clock reaches the wait while
 * the entity is still up, that is a match; the next event about it starts the clock again.
 *
 * Without an entity there is one clock, which starts with the observation, or where its beginning
 * is not known with the first event that would start it again.
 */
import type { EntityRef, EventData } from "../../schema.ts";
import type { Inv } from "../core.ts";
import { truth } from "../eval.ts";
import { takenOf } from "../taken.ts";
import type { EntityLife } from "../world.ts";
import { durationOf, keyOfValues } from "./key.ts";
import type { Case, Found, Match, Withheld } from "./match.ts";
import { doubted, silenceOf, withDoubt } from "./silence.ts";

/** One clock: whose, and how long it runs. */
interface Clock {
  readonly key: string;
  readonly subject: EntityRef | undefined;
  readonly from: number;
  /** From here on it does not run any more, µs. */
  readonly to: number;
  readonly isAbout: (event: EventData) => boolean;
}

export function interpretInventory(the: Case): Found {
  const inv = the.rule.pattern;
  const out = { matches: [] as Match[], withheld: [] as Withheld[] };
  if (inv.node !== "inv") return out;
  for (const clock of clocksOf(the, inv)) {
    const found = run(the, inv, clock);
    out.matches.push(...found.matches);
    out.withheld.push(...found.withheld);
  }
  return out;
}

function clocksOf(the: Case, inv: Inv): Clock[] {
  const { entity } = inv;
  const start = the.trace.start ?? Number.NEGATIVE_INFINITY;
  if (entity === undefined) {
    const isIt = (e: EventData) =>
      inv.step.kinds.includes(e.kind) &&
      (!inv.step.where || truth(inv.step.where, { ...the.base, current: e }) === true);
    const from = the.trace.start ?? the.events.find(isIt)?.ts;
    if (from === undefined) return [];
    const to = Number.POSITIVE_INFINITY;
    return [{ key: "", subject: undefined, from, to, isAbout: () => true }];
  }
  return (the.trace.world?.entities ?? [])
    .filter((life) => life.kind === entity && counts(the, inv, life))
    .map((life) => ({
      key: keyOfValues([life.key]),
      subject: life.chain,
      from: Math.max(life.up, start),
      to: life.down ?? Number.POSITIVE_INFINITY,
      isAbout: (event) =>
        event.entity !== undefined &&
        Object.hasOwn(event.entity, entity) &&
        event.entity[entity] === life.key,
    }));
}

function counts(the: Case, inv: Inv, life: EntityLife): boolean {
  const env = { ...the.base, subject: life.chain, at: life.up };
  return !inv.where || truth(inv.where, env) === true;
}

/** A time from which the clock runs, and the event that started it. */
interface Reset {
  readonly at: number;
  readonly event: EventData | undefined;
}

/** A clock, and every time it was started. */
interface Course {
  readonly clock: Clock;
  readonly waitUs: number;
  /** The events it listens to. */
  readonly about: readonly EventData[];
  readonly resets: readonly Reset[];
}

function courseOf(the: Case, inv: Inv, clock: Clock): Course {
  const about = the.events.filter((e) => clock.isAbout(e) && inv.step.kinds.includes(e.kind));
  const renewals = about.filter(
    (e) => e.ts >= clock.from && verdictOf(the, inv, clock, e) === true,
  );
  return {
    clock,
    waitUs: durationOf(inv.wait, the.base.params),
    about,
    resets: [
      { at: clock.from, event: undefined },
      ...renewals.map((event) => ({ at: event.ts, event })),
    ],
  };
}

function verdictOf(the: Case, inv: Inv, clock: Clock, event: EventData): boolean | undefined {
  const env = { ...the.base, current: event, subject: clock.subject };
  return inv.step.where ? truth(inv.step.where, env) : true;
}

/** A stretch of silence that an event, or the end of what was observed, cut short. */
export interface CutSilence {
  readonly key: string;
  readonly from: number;
  readonly to: number;
  readonly waitUs: number;
  readonly since: EventData | undefined;
  /** Undefined: the entity went away, or the trace ends. */
  readonly by: EventData | undefined;
}

/** Every time a clock did not run out. */
export function cutSilencesOf(the: Case, inv: Inv): CutSilence[] {
  return clocksOf(the, inv).flatMap((clock) => {
    const { resets, waitUs } = courseOf(the, inv, clock);
    return resets.flatMap(({ at: from, event: since }, i): CutSilence[] => {
      const next = resets[i + 1];
      const to = next?.at ?? Math.min(clock.to, the.trace.watermark);
      // An event exactly at the end of the wait still cuts it short.
      if (to <= from || to > from + waitUs) return [];
      return [{ key: clock.key, from, to, waitUs, since, by: next?.event }];
    });
  });
}

function run(the: Case, inv: Inv, clock: Clock): Found {
  const out = { matches: [] as Match[], withheld: [] as Withheld[] };
  const { waitUs, about, resets } = courseOf(the, inv, clock);
  const verdict = (event: EventData) => verdictOf(the, inv, clock, event);
  for (const [i, reset] of resets.entries()) {
    const from = reset.at;
    const at = from + waitUs;
    const next = resets[i + 1];
    if ((next && next.at <= at) || at >= clock.to || at >= the.trace.watermark) continue;
    const { conclusion, doubtful } = silenceOf(the, inv.step.kinds, from, at);
    const isUnknown = about.some((e) => e.ts > from && e.ts <= at && verdict(e) === undefined);
    const match = matchOf(the, clock, reset, at, isUnknown);
    if (conclusion === "hold" || conclusion === "drop")
      out.withheld.push(doubted(match, conclusion, doubtful));
    else out.matches.push(conclusion === "flag" ? withDoubt(match, [0]) : match);
  }
  return out;
}

function matchOf(
  the: Case,
  clock: Clock,
  { at: silentSince, event }: Reset,
  at: number,
  isIncomplete: boolean,
): Match {
  return {
    rule: the.rule,
    key: clock.key,
    at,
    captures: [event && takenOf([event], 1)],
    last: undefined,
    silentSince,
    isIncomplete,
    ...(clock.subject ? { subject: clock.subject } : {}),
  };
}
