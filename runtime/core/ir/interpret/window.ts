/**
 * Windows by definition (LANGUAGE C.4). Under one key:
 *
 * - `sliding`: at each event over (t − size, t]. A match is an *episode*: from the event at which
 *   the condition becomes true until a later event at which it is false, or until nothing has come
 *   for the window's size. It is reported when it begins; under `emit close` when it ends.
 * - `tumbling`, `hop`: see `panes.ts`.
 * - `session`: events less than `gap` apart, cut at `max` after the first; decided at its end.
 */
import type { EventData } from "../../schema.ts";
import type { WindowView } from "../aggregate.ts";
import { durationOf } from "./key.ts";
import type { Case, Found, Match } from "./match.ts";
import { interpretPanes, paneMoments } from "./panes.ts";
import {
  having,
  type Moment,
  type Series,
  type SeriesMoments,
  seriesOf,
  windowMatch,
} from "./series.ts";

export function interpretWindow(the: Case): Found {
  const win = the.rule.pattern;
  if (win.node !== "win") return { matches: [], withheld: [] };
  if (win.shape.shape === "tumbling" || win.shape.shape === "hop") return interpretPanes(the, win);
  const matches = seriesOf(the, win).flatMap((s) =>
    win.shape.shape === "session" ? sessions(s) : sliding(s),
  );
  return { matches, withheld: [] };
}

/** Every moment at which the condition is judged, by key; each is made when it is asked for. */
export function momentsOf(the: Case): readonly SeriesMoments[] {
  const win = the.rule.pattern;
  if (win.node !== "win") return [];
  const { shape } = win.shape;
  if (shape === "tumbling" || shape === "hop") return paneMoments(the, win);
  return seriesOf(the, win).map((series) => ({
    series,
    moments: shape === "session" ? sessionMoments(series) : slidingMoments(series),
  }));
}

// ---------- sliding ----------

interface Episode {
  /** Numbers of the first and the last event at which the condition held. */
  readonly from: number;
  readonly to: number;
  /** When it stopped holding, µs. */
  readonly closedAt: number;
}

function sliding(series: Series): Match[] {
  const { the } = series;
  const episodes = episodesOf(series);
  if (the.rule.policy.emit !== "close")
    return episodes.map(({ from }) => windowMatch(series, momentAt(series, from)));
  return episodes
    .filter((e) => e.closedAt < the.trace.watermark)
    .map((e) => ({
      ...windowMatch(series, { view: episodeView(series, e), at: e.closedAt }),
      beganUs: beganAt(series, e),
    }));
}

function* slidingMoments(series: Series): Iterable<Moment> {
  for (const i of series.members.keys()) yield momentAt(series, i);
}

function momentAt({ members, views }: Series, index: number): Moment {
  return { view: views.atEvent(index), at: members[index]?.ts ?? 0 };
}

function episodesOf(series: Series): Episode[] {
  const { members } = series;
  const { sizeUs } = series.views;
  const out: Episode[] = [];
  let open: { from: number; to: number } | undefined;
  const close = (closedAt: number) => {
    if (open) out.push({ ...open, closedAt });
    open = undefined;
  };
  for (const [i, event] of members.entries()) {
    const silenceEnds = (members[i - 1]?.ts ?? event.ts) + sizeUs;
    if (i > 0 && event.ts >= silenceEnds) close(silenceEnds);
    if (!having(series, momentAt(series, i))) close(event.ts);
    else open = { from: open?.from ?? i, to: i };
  }
  close((members.at(-1)?.ts ?? 0) + sizeUs);
  return out;
}

/** Everything from the first window of the episode to the last event at which it held. */
function episodeView(series: Series, episode: Episode): WindowView {
  const { members, views } = series;
  const { from, to } = episode;
  const first = views.atEvent(from);
  const later = members.slice(from + 1, to + 1);
  const at = members[to]?.ts ?? 0;
  const one = later.map((event) => [event]);
  return views.of([...first.events, ...later], first.panes, one, at, at - beganAt(series, episode));
}

/** Where its first window begins, µs. */
function beganAt({ members, views }: Series, { from }: Episode): number {
  return (members[from]?.ts ?? 0) - views.sizeUs;
}

// ---------- sessions ----------

function sessions(series: Series): Match[] {
  return sessionMoments(series)
    .filter((m) => !m.isOpen && having(series, m))
    .map((m) => windowMatch(series, m));
}

/** The ends of sessions. */
function sessionMoments({ the, win, members, views }: Series): Moment[] {
  if (win.shape.shape !== "session") return [];
  const gapUs = durationOf(win.shape.gap, the.base.params);
  const maxUs = durationOf(win.shape.max, the.base.params);
  return sessionsOf(members, gapUs, maxUs).map((session): Moment => {
    const start = session[0]?.ts ?? 0;
    const at = Math.min((session.at(-1)?.ts ?? 0) + gapUs, start + maxUs);
    const moment = { view: views.of(session, [session], [], at, at - start), at };
    return at < the.trace.watermark ? moment : { ...moment, isOpen: true };
  });
}

/** An event that comes exactly when a session ends belongs to the next one. */
function sessionsOf(
  members: readonly EventData[],
  gapUs: number,
  maxUs: number,
): readonly EventData[][] {
  const out: EventData[][] = [];
  for (const event of members) {
    const open = out.at(-1);
    const last = open?.at(-1);
    const first = open?.[0];
    const goesOn = first && last && event.ts - last.ts < gapUs && event.ts - first.ts < maxUs;
    if (open && goesOn) open.push(event);
    else out.push([event]);
  }
  return out;
}
