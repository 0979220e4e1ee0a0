/**
 * What Tapio must report on a Siddhi case.
 *
 * Without `every` there is one match at most, and the rule says exactly which: the expected rows
 * are Tapio's. With `every` Siddhi reports a row for each first event, Tapio one finding per
 * completion point. The suite's rows do not say which events they are made of, so they are traced
 * back: from each first event on, Siddhi takes each next fitting one. The rows of these chains must
 * be the suite's rows (else the case is refused); Tapio's policies then choose among the chains.
 *
 * A pattern that starts again when it is complete (`every (…)`) gives the chains that do not
 * overlap, earliest first. Tapio must complete at the same events; which of the chains that end
 * there it reports follows from its own policy.
 */
import { exclude } from "./corpus.ts";
import { endOf, type Runs, reportedOf, startOf } from "./policy.ts";
import {
  type Bindings,
  type FlatQuery,
  fits,
  type Item,
  type Quiet,
  type SiddhiCase,
  type SiddhiEvent,
} from "./siddhi-pattern.ts";
import type { Element, Query, Unit } from "./siddhi-query.ts";

export type Row = readonly (string | number | boolean | null)[];

export interface ExpectedRows {
  readonly count: number;
  /** Undefined when the suite vouches for the count only. */
  readonly rows: readonly Row[] | undefined;
}

export function expectedRows(
  record: SiddhiCase,
  query: Query,
  flat: FlatQuery,
  events: readonly SiddhiEvent[],
): ExpectedRows {
  const rows = reliableRows(record, query);
  if (flat.every === "none") return { count: record.expected_count, rows };
  const endMs = endOfTest(record);
  const all = events.map((_, i) => chainFrom(flat, events, i, endMs));
  const chains = all.filter((m) => m !== undefined);
  const siddhi = flat.every === "first" ? inOrder(chains) : withoutOverlap(chains);
  const isExplained = rows
    ? JSON.stringify(siddhi.map((m) => rowOf(query, flat, events, m))) === JSON.stringify(rows)
    : siddhi.length === record.expected_count;
  if (!isExplained) exclude("`every`: the rows do not follow from each next fitting event");
  const reports = reportedOf(chains);
  const points = (ms: readonly Runs[]) => JSON.stringify([...new Set(ms.map(endOf))]);
  if (flat.every === "whole" && points(reports) !== points(siddhi))
    exclude("`every (…)`: which story is told first decides what follows");
  const chosen = reports.map((m) => rowOf(query, flat, events, m));
  return { count: reports.length, rows: rows && chosen };
}

export function endOfTest(record: SiddhiCase): number {
  return (record.sends.at(-1)?.t_ms ?? 0) + record.then_wait_up_to_ms;
}

/** The suite's rows, where it vouches for more than their number. */
export function reliableRows(record: SiddhiCase, query: Query): readonly Row[] | undefined {
  if (!query.select || record.expected_rows_kind === "unreliable_use_count_only") return undefined;
  return record.expected_rows.length === record.expected_count ? record.expected_rows : undefined;
}

/** A row of the query's `select` over what a match took. */
export function rowOf(
  query: Query,
  flat: FlatQuery,
  events: readonly SiddhiEvent[],
  match: Runs,
): Row {
  return (query.select ?? []).map(({ ref, index, attr }) => {
    const at = flat.items.findIndex((it) => it.units.some((u) => u.ref === ref));
    const unit = flat.items[at]?.units.find((u) => u.ref === ref);
    const taken = (match[at] ?? []).map((p) => events[p]).at(index ?? 0);
    return taken && taken.stream === unit?.stream ? (taken.attrs[attr] ?? null) : null;
  });
}

function inOrder(chains: readonly Runs[]): Runs[] {
  return [...chains].sort((a, b) => endOf(a) - endOf(b) || startOf(a) - startOf(b));
}

function withoutOverlap(chains: readonly Runs[]): Runs[] {
  const out: Runs[] = [];
  for (const chain of [...chains].sort((a, b) => startOf(a) - startOf(b))) {
    const before = out.at(-1);
    if (!before || startOf(chain) > endOf(before)) out.push(chain);
  }
  return out;
}

/** What Siddhi takes from the event at `start` on; undefined when it does not become a match. */
function chainFrom(
  flat: FlatQuery,
  events: readonly SiddhiEvent[],
  start: number,
  endMs: number,
): Runs | undefined {
  const runs = flat.isStrict ? strictRuns(flat, events, start) : relaxedRuns(flat, events, start);
  const first = runs && events[startOf(runs)];
  const last = runs && events[endOf(runs)];
  if (!first || !last || startOf(runs) !== start) return undefined;
  if (flat.withinMs !== undefined && last.tMs - first.tMs > flat.withinMs) return undefined;
  const { tail } = flat;
  if (!tail) return runs;
  const deadline = last.tMs + tail.ms;
  const bound = bindings(flat.items, events, runs);
  const isPresent = events.some(
    (e, i) => i > endOf(runs) && e.tMs <= deadline && tail.units.some((u) => fits(u, e, bound)),
  );
  return isPresent || deadline >= endMs ? undefined : runs;
}

function bindings(items: readonly Item[], events: readonly SiddhiEvent[], runs: Runs): Bindings {
  const bound = new Map<string, SiddhiEvent[]>();
  for (const [i, run] of runs.entries()) {
    for (const { ref } of items[i]?.units ?? []) {
      const taken = run.map((p) => events[p]).filter((e) => e !== undefined);
      if (ref !== undefined) bound.set(ref, taken);
    }
  }
  return bound;
}

/** Neighbours: every step takes as many as it can. */
function strictRuns(flat: FlatQuery, events: readonly SiddhiEvent[], start: number) {
  const runs: number[][] = [];
  let at = start;
  for (const [i, item] of flat.items.entries()) {
    if (isConditional(item)) exclude("`every` with an absence inside");
    const [unit] = item.units;
    const max = i === flat.items.length - 1 ? (unit?.min ?? 1) : (unit?.max ?? 1);
    const run: number[] = [];
    const bound = () => bindings(flat.items, events, [...runs, run]);
    while (run.length < max && itemFits(item, events[at], bound())) run.push(at++);
    if (run.length < (unit?.min ?? 1)) return undefined;
    runs.push(run);
  }
  return runs;
}

/** Each next fitting event; a run ends where the next step's event comes. */
function relaxedRuns(flat: FlatQuery, events: readonly SiddhiEvent[], start: number) {
  const { items } = flat;
  if (items.some((it) => isConditional(it) || it.units[0]?.min === 0))
    exclude("`every` with an absence or a step that may be left out");
  const runs: number[][] = [[]];
  for (let at = start; at < events.length; at++) {
    const i = runs.length - 1;
    const item = items[i];
    const run = runs[i];
    if (!item || !run) return undefined;
    const next = items[i + 1];
    const { min = 1, max = 1 } = item.units[0] ?? {};
    if (next && run.length >= min && itemFits(next, events[at], bindings(items, events, runs)))
      runs.push([at]);
    else if (run.length < max && itemFits(item, events[at], bindings(items, events, runs)))
      run.push(at);
    const enough = items[runs.length - 1]?.units[0]?.min ?? 1;
    if (runs.length === items.length && (runs.at(-1)?.length ?? 0) >= enough) return runs;
    if (startOf(runs) !== start) return undefined;
  }
  return undefined;
}

function isConditional({ quiet, without, after, inside }: Item): boolean {
  return quiet.length + without.length > 0 || after !== undefined || inside !== undefined;
}

function itemFits(item: Item, event: SiddhiEvent | undefined, bound: Bindings): boolean {
  return event !== undefined && item.units.some((u) => fits(u, event, bound));
}

/**
 * Refuses starts that the two systems see differently. A leading absence starts again in Siddhi
 * when the forbidden event comes; ours counts from the start of the app. In a strict sequence an
 * event that fits nothing may or may not end Siddhi's only chance.
 */
export function checkStart(ways: readonly FlatQuery[], events: readonly SiddhiEvent[]): void {
  for (const way of ways) {
    for (const quiet of [...way.items.flatMap((it) => it.quiet), ...(way.tail ? [way.tail] : [])]) {
      if (quiet.base < 0 && !way.isStrict && way.again.length === 0)
        checkLeadingAbsence(quiet, events);
    }
    if (way.isStrict && way.again.length > 0) checkStrictAgain(way, events);
    else if (way.isStrict) checkStrict(way, events);
    if (way.withinMs !== undefined) checkWithin(way, way.withinMs, events);
    for (const { units, without } of way.items) {
      const both = (e: SiddhiEvent) =>
        without.some((u) => fits(u, e, nothing)) && units.some((u) => fits(u, e, nothing));
      if (events.some(both)) exclude("one event that fits both sides of `and`");
    }
  }
}

/**
 * The forbidden events at which the absence that a query begins with begins anew; empty when none
 * comes. Refuses those that begin in the middle: ours waits for the next beginning.
 */
export function againUnits({ pattern }: Query, events: readonly SiddhiEvent[]): readonly Unit[] {
  const [leading] = pattern.elements;
  const isHit = (unit: Unit) => {
    const { stream, forMs = 0 } = unit;
    const starts = [0, ...events.filter((e) => e.stream !== stream).map((e) => e.tMs)];
    return events.some(
      (e) => e.stream === stream && starts.some((t) => t <= e.tMs && e.tMs - t < forMs),
    );
  };
  const absent = pattern.elements.flatMap((element) =>
    unitsOf(element).flatMap((unit) => (unit.isNot && isHit(unit) ? [{ element, unit }] : [])),
  );
  if (absent.some(({ element }) => element !== leading))
    exclude("`every` on an absence that a forbidden event ends");
  return absent.map(({ unit }) => unit);
}

function unitsOf(element: Element): readonly Unit[] {
  if (element.t === "group") return [];
  return element.t === "unit" ? [element.unit] : [element.left, element.right];
}

/**
 * Refuses what Siddhi sees differently in a strict sequence whose leading absence begins anew: an
 * event that is neither forbidden nor part of the story, and a story right behind another.
 */
function checkStrictAgain(way: FlatQuery, events: readonly SiddhiEvent[]): void {
  const [first] = way.items;
  // This way only begins with a forbidden event.
  if (first?.units.every((u) => u.isNot) && !events.some((e) => itemFits(first, e, nothing)))
    return;
  const isForbidden = (e: SiddhiEvent) => way.again.some((u) => fits(u, e, nothing));
  const ms = first?.after?.ms ?? 0;
  let inStory = 0;
  for (const [i, event] of events.entries()) {
    const before = events[i - 1]?.tMs ?? 0;
    const item = way.items[inStory];
    const isFit = item !== undefined && itemFits(item, event, nothing);
    if (isForbidden(event)) inStory = 0;
    else if (!isFit) exclude("a strict sequence with an absence, and an event that is neither");
    else if (inStory === 0 && event.tMs - before < ms)
      exclude("`every` on an absence that has not passed when the next event comes");
    else inStory = (inStory + 1) % way.items.length;
  }
}

const nothing: Bindings = new Map();

function checkLeadingAbsence({ units, ms }: Quiet, events: readonly SiddhiEvent[]): void {
  const times = events.filter((e) => units.some((u) => u.isNot && fits(u, e, nothing)));
  const lastMs = events.at(-1)?.tMs ?? 0;
  const marks = [...times.map((e) => e.tMs), lastMs].sort((a, b) => a - b);
  const isHit = times.some((e) => e.tMs <= ms);
  if (isHit && marks.some((t, i) => t - (marks[i - 1] ?? 0) >= ms))
    exclude("a leading absence starts again after the forbidden event");
}

function checkWithin(way: FlatQuery, withinMs: number, events: readonly SiddhiEvent[]): void {
  const { tail, items } = way;
  if (tail && (tail.base !== 0 || tail.ms > withinMs))
    exclude("`within` that also holds for an absence");
  const [first] = items;
  if (first && events.filter((e) => itemFits(first, e, nothing)).length > 1)
    exclude("`within` without `every`: whether it starts again after the time");
}

function checkStrict(way: FlatQuery, events: readonly SiddhiEvent[]): void {
  const [first] = way.items;
  if (!first) return;
  const absent = [
    ...way.items.flatMap((it) => [...it.quiet.flatMap((q) => q.units), ...it.without]),
    ...(way.tail?.units ?? []),
  ];
  const isSafe = absent.every((u) =>
    events.every((e) => !u.isNot || e.stream !== u.stream || fits(u, e, nothing)),
  );
  if (!isSafe) exclude("a strict sequence with an absence, and an event that is neither");
  if (!isConditional(first) && !itemFits(first, events[0], nothing))
    exclude("a strict sequence that starts late");
  const streams = new Set(absent.map((u) => u.stream));
  const others = events.filter((e) => !streams.has(e.stream)).length;
  const isLong = way.items.some((it) => it.units[0]?.isRun);
  if (way.tail && !isLong && others > way.items.length)
    exclude("a strict sequence with an absence at the end, and further events");
}
