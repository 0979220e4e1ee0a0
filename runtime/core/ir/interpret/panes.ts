/**
 * Tumbling and hopping windows (LANGUAGE C.4): panes [k · every, k · every + size), aligned to the
 * epoch, each decided at its end, also when it is empty.
 *
 * Which panes are decided for a key: those in which, or in the window's size before which, it had
 * an event; of a key that is an entity also every pane through which the entity was up, from the
 * start of the observation on. A pane for which the condition is true is reported when it was not
 * true for the pane before; under `emit close` a run of such panes is reported once, when the first
 * pane after them ends.
 */
import type { EntityRef } from "../../schema.ts";
import { onlyGrows, type Win } from "../core.ts";
import type { EntityLife } from "../world.ts";
import { durationOf, keyOfValues } from "./key.ts";
import type { Case, Found, Match, Trace, Withheld } from "./match.ts";
import {
  doubtfulOf,
  having,
  type Moment,
  type Series,
  type SeriesMoments,
  seriesOf,
  windowMatch,
} from "./series.ts";
import { doubted, silenceOf, withDoubt } from "./silence.ts";
import { resolutionOf, Views } from "./views.ts";

interface Alignment {
  readonly sizeUs: number;
  readonly everyUs: number;
}

/** A pane by number, and what was found there. */
interface Pane {
  readonly number: number;
  readonly conclusion: "false" | "true" | "flag" | "hold" | "drop";
  /** The sources that leave it in doubt. */
  readonly doubtful: readonly number[];
}

/** Neighbouring panes for which the condition is true. */
type Run = readonly [Pane, ...Pane[]];

export function interpretPanes(the: Case, win: Win): Found {
  const alignment = alignmentOf(the, win);
  const matches: Match[] = [];
  const withheld: Withheld[] = [];
  for (const { series, lives, numbers } of livingKeys(the, win, alignment)) {
    const panes = numbers
      .filter((k) => endOf(alignment, k) < the.trace.watermark)
      .map((k) => decide(series, alignment, k));
    withheld.push(...panes.flatMap((p) => notConcluded(series, alignment, p)));
    matches.push(...report(series, alignment, panes, lives));
  }
  return { matches, withheld };
}

function notConcluded(series: Series, alignment: Alignment, pane: Pane): Withheld[] {
  const { number, conclusion, doubtful } = pane;
  if (conclusion !== "hold" && conclusion !== "drop") return [];
  const match = windowMatch(series, paneAt(series, endOf(alignment, number)));
  return [doubted(match, conclusion, doubtful)];
}

function alignmentOf(the: Case, { shape }: Win): Alignment {
  if (shape.shape === "session") return { sizeUs: 1, everyUs: 1 };
  const sizeUs = durationOf(shape.size, the.base.params);
  return {
    sizeUs,
    everyUs: shape.shape === "hop" ? durationOf(shape.every, the.base.params) : sizeUs,
  };
}

function endOf({ sizeUs, everyUs }: Alignment, number: number): number {
  return number * everyUs + sizeUs;
}

function decide(series: Series, alignment: Alignment, number: number): Pane {
  const end = endOf(alignment, number);
  const plain = (conclusion: "false" | "true") => ({ number, conclusion, doubtful: [] });
  if (!having(series, paneAt(series, end))) return plain("false");
  if (onlyGrows(series.win.having)) return plain("true");
  const { the, win } = series;
  const from = end - alignment.sizeUs;
  const { conclusion, doubtful } = silenceOf(the, win.step.kinds, from, end);
  return conclusion === "sound" ? plain("true") : { number, conclusion, doubtful };
}

function paneAt(series: Series, end: number): Moment {
  return { view: series.views.atEnd(end), at: end };
}

/** Every pane of every key. */
export function paneMoments(the: Case, win: Win): readonly SeriesMoments[] {
  const alignment = alignmentOf(the, win);
  return livingKeys(the, win, alignment).map(({ series, numbers }) => ({
    series,
    moments: panesOf(series, alignment, numbers),
  }));
}

function* panesOf(
  series: Series,
  alignment: Alignment,
  numbers: readonly number[],
): Iterable<Moment> {
  for (const k of numbers) {
    const pane = paneAt(series, endOf(alignment, k));
    yield pane.at < series.the.trace.watermark ? pane : { ...pane, isOpen: true };
  }
}

function report(
  series: Series,
  alignment: Alignment,
  panes: readonly Pane[],
  lives: readonly EntityLife[],
): Match[] {
  const isClosing = series.the.rule.policy.emit === "close";
  const out: Match[] = [];
  for (const run of runsOf(panes)) {
    const [first] = run;
    const last = run.at(-1) ?? first;
    const at = endOf(alignment, isClosing ? last.number + 1 : first.number);
    if (at >= series.the.trace.watermark) continue;
    const found = windowMatch(
      series,
      isClosing ? { view: runView(series, alignment, first, last), at } : paneAt(series, at),
    );
    const subject = subjectAt(lives, alignment, isClosing ? last : first);
    const beganUs = endOf(alignment, first.number) - alignment.sizeUs;
    const named = isClosing ? { ...found, beganUs } : found;
    const match = named.last || !subject ? named : { ...named, subject };
    const told = isClosing ? run : [first];
    const isDoubtful = told.some((p) => p.conclusion === "flag");
    const isIncomplete = hasUnknown(series, alignment, told);
    out.push(isDoubtful ? withDoubt(match, [0]) : { ...match, isIncomplete });
  }
  return out;
}

/** What the key stands for around a pane: the entity's last life, up to a length before it. */
function subjectAt(
  lives: readonly EntityLife[],
  alignment: Alignment,
  { number }: Pane,
): EntityRef | undefined {
  const end = endOf(alignment, number);
  const from = end - 2 * alignment.sizeUs;
  return lives.findLast((l) => l.up < end && (l.down === undefined || l.down > from))?.chain;
}

/** Whether an event that could make the condition false may or may not be in one of `panes`. */
function hasUnknown(series: Series, alignment: Alignment, panes: readonly Pane[]): boolean {
  if (onlyGrows(series.win.having)) return false;
  return panes.some(({ number }) => {
    const end = endOf(alignment, number);
    return series.doubtful.some((e) => e.ts >= end - alignment.sizeUs && e.ts < end);
  });
}

function runsOf(panes: readonly Pane[]): Run[] {
  const out: [Pane, ...Pane[]][] = [];
  let before: Pane | undefined;
  for (const pane of panes) {
    const isTrue = pane.conclusion === "true" || pane.conclusion === "flag";
    if (!isTrue) continue;
    if (before?.number === pane.number - 1) out.at(-1)?.push(pane);
    else out.push([pane]);
    before = pane;
  }
  return out;
}

function runView({ members, views }: Series, alignment: Alignment, first: Pane, last: Pane) {
  const from = endOf(alignment, first.number) - alignment.sizeUs;
  const to = endOf(alignment, last.number);
  const inside = (since: number, until: number) =>
    members.filter((e) => e.ts >= since && e.ts < until);
  const begun = endOf(alignment, first.number);
  const more = Array.from({ length: last.number - first.number }, (_, i) => {
    const end = endOf(alignment, first.number + i);
    return inside(end, end + alignment.everyUs);
  });
  return views.of(inside(from, to), [inside(from, begun)], more, to, to - from);
}

// ---------- which panes ----------

interface LivingKey {
  readonly series: Series;
  /** Of what the key stands for, when the inventory knows it; in the order they began. */
  readonly lives: readonly EntityLife[];
  /** The panes to decide, ascending. */
  readonly numbers: readonly number[];
}

function livingKeys(the: Case, win: Win, alignment: Alignment): LivingKey[] {
  const series = new Map(seriesOf(the, win).map((s) => [s.key, s]));
  const lives = livesByKey(the, win);
  const doubtful = doubtfulOf(the, win);
  const { sizeUs } = alignment;
  return [...new Set([...series.keys(), ...lives.keys()])].sort().map((key) => {
    const views = new Views([], sizeUs, resolutionOf(win, sizeUs));
    const empty = { the, win, key, members: [], doubtful: doubtful.get(key) ?? [], views };
    const mine = series.get(key) ?? empty;
    const known = lives.get(key) ?? [];
    const numbers = new Set([
      ...mine.members.flatMap((e) => panesNear(alignment, e.ts)),
      ...known.flatMap((life) => panesOfLife(alignment, life, the.trace)),
    ]);
    return {
      series: mine,
      lives: known.toSorted((a, b) => a.up - b.up),
      numbers: [...numbers].sort((a, b) => a - b),
    };
  });
}

/** Panes that hold the time `ts`, and those that begin within the window's size after it. */
function panesNear({ sizeUs, everyUs }: Alignment, ts: number): number[] {
  const first = Math.floor((ts - sizeUs) / everyUs) + 1;
  const last = Math.floor((ts + sizeUs) / everyUs);
  return range(first, last);
}

/** Panes through the whole of which the entity was up and observed. */
function panesOfLife({ sizeUs, everyUs }: Alignment, life: EntityLife, trace: Trace) {
  const begin = Math.max(life.up, trace.start ?? life.up);
  const end = Math.min(life.down ?? trace.watermark, trace.watermark);
  if (!Number.isFinite(end)) return [];
  return range(Math.ceil(begin / everyUs), Math.floor((end - sizeUs) / everyUs));
}

function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}

/** Lives of the entities that are keys: of a rule `by same kind` and nothing else. */
function livesByKey(the: Case, win: Win): Map<string, EntityLife[]> {
  const out = new Map<string, EntityLife[]>();
  const [part, more] = win.step.key;
  if (!part || more || part.expr.op !== "entity") return out;
  for (const life of the.trace.world?.entities ?? []) {
    if (life.kind !== part.expr.kind) continue;
    const key = keyOfValues([life.key]);
    out.set(key, [...(out.get(key) ?? []), life]);
  }
  return out;
}
