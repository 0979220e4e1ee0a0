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
import type { Case, Found, Match } from "./match.ts";
import { silenceOf, withDoubt } from "./silence.ts";

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
  const out = { matches: [] as Match[], held: 0, dropped: 0 };
  if (inv.node !== "inv") return out;
  for (const clock of clocksOf(the, inv)) {
    const found = run(the, inv, clock);
    out.matches.push(...found.matches);
    out.held += found.held;
    out.dropped += found.dropped;
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

function run(the: Case, inv: Inv, clock: Clock): Found {
  const out = { matches: [] as Match[], held: 0, dropped: 0 };
  const wait = durationOf(inv.wait, the.base.params);
  const about = the.events.filter((e) => clock.isAbout(e) && inv.step.kinds.includes(e.kind));
  const verdict = (event: EventData) => {
    const env = { ...the.base, current: event, subject: clock.subject };
    return inv.step.where ? truth(inv.step.where, env) : true;
  };
  const renewals = about.filter((e) => e.ts >= clock.from && verdict(e) === true);
  const resets: Reset[] = [
    { at: clock.from, event: undefined },
    ...renewals.map((event) => ({ at: event.ts, event })),
  ];
  for (const [i, { at: from, event }] of resets.entries()) {
    const at = from + wait;
    const next = resets[i + 1];
    if ((next && next.at <= at) || at >= clock.to || at >= the.trace.watermark) continue;
    const doubt = silenceOf(the, inv.step.kinds, from, at);
    if (doubt === "hold") out.held++;
    else if (doubt === "drop") out.dropped++;
    else {
      const isUnknown = about.some((e) => e.ts > from && e.ts <= at && verdict(e) === undefined);
      const match = matchOf(the, clock, at, event, isUnknown);
      out.matches.push(doubt === "flag" ? withDoubt(match, [0]) : match);
    }
  }
  return out;
}

function matchOf(
  the: Case,
  clock: Clock,
  at: number,
  event: EventData | undefined,
  isIncomplete: boolean,
): Match {
  return {
    rule: the.rule,
    key: clock.key,
    at,
    captures: [event && takenOf([event], 1)],
    window: [],
    last: undefined,
    isIncomplete,
    ...(clock.subject ? { subject: clock.subject } : {}),
  };
}
