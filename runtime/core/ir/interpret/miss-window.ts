/** Near misses of windows: the moment at which a window held most, and what was kept out of it. */
import type { EventData } from "../../schema.ts";
import { proofOf } from "../atoms.ts";
import type { Win } from "../core.ts";
import { compareCandidates } from "./candidates.ts";
import { durationOf, keyOf } from "./key.ts";
import { type Candidate, type Case, candidatesKept, type Match, type NearMiss } from "./match.ts";
import { havingProof, type Moment, type Series, windowMatch } from "./series.ts";
import { momentsOf } from "./window.ts";

/** Of each key that never matched; under a focus, of each key then. */
export function windowMisses(the: Case, matches: readonly Match[]): NearMiss[] {
  const win = the.rule.pattern;
  if (win.node !== "win") return [];
  const { focus } = the.trace;
  const rejected = rejectedOf(the, win);
  const all = momentsOf(the).filter(({ series }) => !focus?.keys || focus.keys.has(series.key));
  const misses = all.flatMap(({ series, moments }): NearMiss[] => {
    if (!focus && matches.some((m) => m.key === series.key)) return [];
    return missOf(series, fullest(series, moments), rejected.get(series.key) ?? []);
  });
  if (!focus) return misses;
  const known = new Set(misses.map((m) => m.key));
  const unmet = [...rejected].flatMap(([key, events]) =>
    known.has(key) ? [] : events.map((e) => unmetBy(the, win, key, e)),
  );
  return [...misses, ...unmet];
}

/** Of moments at which the window held equally much so many are compared, the first ones. */
const fullestCompared = 64;

/** The moments at which the window held most; under a focus those in it that are no match. */
function fullest(series: Series, moments: Iterable<Moment>): readonly Moment[] {
  let found: Moment[] = [];
  let peak = 0;
  for (const moment of moments) {
    const held = moment.view.events.length;
    if (held < peak || (held === peak && found.length === fullestCompared)) continue;
    if (!isAsked(series, moment)) continue;
    if (held > peak) found = [];
    peak = held;
    found.push(moment);
  }
  return found;
}

function isAsked(series: Series, moment: Moment): boolean {
  const { focus } = series.the.trace;
  if (!focus) return !moment.isOpen;
  const last = moment.view.events.at(-1)?.ts ?? moment.at;
  if (moment.at < focus.from || (moment.isOpen ? last : moment.at) > focus.to) return false;
  return moment.isOpen || havingProof(series, moment).verdict !== true;
}

/** The moment with the fewest tests in the way. */
function missOf(
  series: Series,
  moments: readonly Moment[],
  rejected: readonly EventData[],
): NearMiss[] {
  const [best] = moments
    .map((moment) => ({ moment, having: havingProof(series, moment) }))
    .sort((a, b) => a.having.flips.length - b.having.flips.length);
  const peak = best?.moment.view.events.length ?? 0;
  const { focus } = series.the.trace;
  if (!best || (peak === 0 && !focus)) return [];
  const { captures, view } = windowMatch(series, best.moment);
  return [
    {
      rule: series.the.rule,
      key: series.key,
      cause: best.moment.isOpen ? "open" : "threshold",
      reached: peak,
      missing: series.win.step.name,
      overshoot: undefined,
      at: best.moment.at,
      captures,
      view,
      having: best.having,
      candidates: candidatesFor(series, best.moment, rejected),
    },
  ];
}

function candidatesFor(
  series: Series,
  moment: Moment,
  rejected: readonly EventData[],
): Candidate[] {
  const unfit = rejected
    .filter((e) => couldBeIn(series, moment, e))
    .map((e) => candidateOf(series.the, series.win, e));
  return [...unfit, ...nextOf(series, moment.view.events)]
    .sort(compareCandidates)
    .slice(0, candidatesKept);
}

/** Whether an event could be in one window together with all that the window held. */
function couldBeIn({ the, win }: Series, { view, at }: Moment, event: EventData): boolean {
  const { shape } = win;
  const first = view.events[0]?.ts ?? at;
  const last = view.events.at(-1)?.ts ?? at;
  if (shape.shape === "sliding")
    return event.ts > last - view.sizeUs && event.ts < first + view.sizeUs;
  if (shape.shape === "session") {
    const gapUs = durationOf(shape.gap, the.base.params);
    return event.ts > first - gapUs && event.ts < last + gapUs;
  }
  return event.ts >= at - view.sizeUs && event.ts < at;
}

/** The event of the key that came next, too late to be in one window with the first. */
function nextOf(series: Series, events: readonly EventData[]): Candidate[] {
  const { win, members } = series;
  const [first] = events;
  const last = events.at(-1);
  const next = last && members[members.indexOf(last) + 1];
  if (!first || !next || win.shape.shape !== "sliding") return [];
  const end = first.ts + durationOf(win.shape.size, series.the.base.params) - 1;
  if (next.ts <= end) return [];
  return [{ ...candidateOf(series.the, win, next), overshoot: next.ts - end }];
}

/** Of each key the events of the window's kinds that it did not count. */
function rejectedOf(the: Case, win: Win): ReadonlyMap<string, readonly EventData[]> {
  const out = new Map<string, EventData[]>();
  const { step } = win;
  const quiet = { ...the.base, observe: undefined };
  for (const event of step.where ? the.events : []) {
    if (!step.kinds.includes(event.kind)) continue;
    const key = keyOf(step.key, event, quiet);
    const { focus } = the.trace;
    if (key === undefined || (focus?.keys && !focus.keys.has(key))) continue;
    if (proofOf(step.where, { ...quiet, current: event }).verdict === true) continue;
    out.set(key, [...(out.get(key) ?? []), event]);
  }
  return out;
}

function candidateOf(the: Case, { step }: Win, event: EventData): Candidate {
  const proof = proofOf(step.where, { ...the.base, current: event });
  return { step: step.name, event, proof, overshoot: 0, isEarly: false };
}

/** An event that was the only one there could have been. */
function unmetBy(the: Case, win: Win, key: string, event: EventData): NearMiss {
  return {
    rule: the.rule,
    key,
    cause: "unmet",
    reached: 0,
    missing: win.step.name,
    overshoot: undefined,
    at: event.ts,
    captures: [],
    candidates: [candidateOf(the, win, event)],
  };
}
