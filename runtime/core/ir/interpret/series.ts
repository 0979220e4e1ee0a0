/** A window over the events of one key, and what it finds in them at one moment. */
import type { EventData } from "../../schema.ts";
import type { WindowView } from "../aggregate.ts";
import { type Proof, proofOf } from "../atoms.ts";
import type { Step, Win } from "../core.ts";
import { type Env, truth } from "../eval.ts";
import { isCountExact } from "../gauges.ts";
import { windowTaken } from "../taken.ts";
import { durationOf, keyOf } from "./key.ts";
import type { Case, Match } from "./match.ts";
import { resolutionOf, Views } from "./views.ts";

/** A window over the events of one key. */
export interface Series {
  readonly the: Case;
  readonly win: Win;
  readonly key: string;
  readonly members: readonly EventData[];
  /** Events under the key of which it is unknown whether they satisfy the step. */
  readonly doubtful: readonly EventData[];
  readonly views: Views;
}

/** The window at one moment, µs. */
export interface Moment {
  readonly view: WindowView;
  readonly at: number;
  /** The trace ends before it, so that nothing is decided then. */
  readonly isOpen?: true;
}

/**
 * The moments at which the condition over a series is judged, in the order of time, those that are
 * open last.
 */
export interface SeriesMoments {
  readonly series: Series;
  readonly moments: Iterable<Moment>;
}

/** The events of unknown truth of each key, also of keys that have no others. */
export function doubtfulOf(the: Case, win: Win): ReadonlyMap<string, readonly EventData[]> {
  return byKey(win.step, the.base, the.events, undefined);
}

export function seriesOf(the: Case, win: Win): Series[] {
  const { params } = the.base;
  const { shape } = win;
  const sizeUs = durationOf(shape.shape === "session" ? shape.max : shape.size, params);
  const doubtful = doubtfulOf(the, win);
  return [...byKey(win.step, the.base, the.events, true)].map(([key, members]) => ({
    the,
    win,
    key,
    members,
    doubtful: doubtful.get(key) ?? [],
    views: new Views(members, sizeUs, resolutionOf(win, sizeUs)),
  }));
}

/** The events for which the step's condition is `verdict`, by key. */
function byKey(
  step: Step,
  base: Env,
  events: readonly EventData[],
  verdict: true | undefined,
): Map<string, EventData[]> {
  const groups = new Map<string, EventData[]>();
  for (const event of events) {
    if (!step.kinds.includes(event.kind)) continue;
    const found = step.where ? truth(step.where, { ...base, current: event }) : true;
    if (found !== verdict) continue;
    const key = keyOf(step.key, event, base);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group) group.push(event);
    else groups.set(key, [event]);
  }
  return groups;
}

/** Whether the condition is true at that moment. */
export function having(series: Series, moment: Moment): boolean {
  return truth(series.win.having, envAt(series, moment)) === true;
}

/** What the condition comes to at that moment, test by test. */
export function havingProof(series: Series, moment: Moment): Proof {
  return proofOf(series.win.having, envAt(series, moment));
}

function envAt({ the }: Series, { view, at }: Moment): Env {
  return { ...the.base, captures: [windowTaken(view, isCountExact(the.rule))], window: view, at };
}

export function windowMatch(series: Series, { view, at }: Moment): Match {
  return {
    rule: series.the.rule,
    key: series.key,
    at,
    captures: [windowTaken(view, isCountExact(series.the.rule))],
    view,
    last: view.events.at(-1),
    isIncomplete: false,
  };
}
