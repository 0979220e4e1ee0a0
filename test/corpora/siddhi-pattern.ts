/**
 * A Siddhi pattern as a flat list of items: positive steps, each with what must be absent before
 * it, and perhaps an absence at the end. Forms that ours has no words for yet are refused here.
 */
import { exclude } from "./corpus.ts";
import type { Element, Filter, Operand, Pattern, Query, Unit } from "./siddhi-query.ts";

export interface SiddhiCase {
  readonly id: string;
  readonly app: string;
  readonly expected_count: number;
  readonly expected_rows: readonly (readonly (string | number | boolean | null)[])[];
  readonly expected_rows_kind: string;
  readonly sends: readonly SiddhiSend[];
  readonly then_wait_up_to_ms: number;
}

export interface SiddhiSend {
  readonly t_ms: number;
  readonly stream: string;
  readonly data: readonly (string | number | boolean | null)[];
  /** Under `@app:playback`, whose clock is that of the events. */
  readonly event_ts?: number;
}

/** An event with its attributes by name. */
export interface SiddhiEvent {
  readonly stream: string;
  readonly tMs: number;
  readonly attrs: Readonly<Record<string, string | number | boolean>>;
}

/** A time that begins with the event of item `base` (−1: the start of the app). */
export interface Window {
  readonly base: number;
  readonly ms: number;
}

/** Nothing of `units` in that time. */
export interface Quiet extends Window {
  readonly units: readonly Unit[];
}

export interface Item {
  /** One unit, or the two sides of `or`. */
  readonly units: readonly Unit[];
  readonly quiet: readonly Quiet[];
  /** None of these since the item before. */
  readonly without: readonly Unit[];
  /** Not before this time is over. */
  readonly after: Window | undefined;
  /** Within this time, its end excluded. */
  readonly inside: Window | undefined;
  /** Behind others: not only the next that fits, but each. */
  readonly isEvery: boolean;
}

/** One way a pattern can go. Without `every`, at most one of a pattern's ways matches. */
export interface FlatQuery {
  /** `first`: every first event starts a match; `whole`: the pattern starts again when complete. */
  readonly every: "none" | "first" | "whole";
  readonly items: readonly Item[];
  /** An absence that ends the pattern. */
  readonly tail: Quiet | undefined;
  readonly isStrict: boolean;
  readonly withinMs: number | undefined;
  /** One of the items is an `every` of its own: each chain of events is reported. */
  readonly hasInnerEvery: boolean;
  /** The absence that the pattern begins with begins anew at each of these. */
  readonly again: readonly Unit[];
}

/** Refuses events that are sent at other times than they tell, where theirs count. */
export function checkClock({ app, sends }: SiddhiCase): void {
  if (!/@app:playback/.test(app)) return;
  const [first] = sends;
  const isSame = sends.every(
    ({ t_ms, event_ts }) =>
      event_ts !== undefined && event_ts - (first?.event_ts ?? 0) === t_ms - (first?.t_ms ?? 0),
  );
  if (!isSame) exclude("a clock of its own (playback)");
}

export function eventsOf(record: SiddhiCase, query: Query): SiddhiEvent[] {
  return record.sends.map((send) => {
    const declared = query.streams.get(send.stream) ?? exclude("an event of an undeclared stream");
    const attrs: Record<string, string | number | boolean> = {};
    for (const [i, { name }] of declared.entries()) {
      const value = send.data[i];
      if (value === null || value === undefined) exclude("an attribute that is null");
      attrs[name] = value;
    }
    return { stream: send.stream, tMs: send.t_ms, attrs };
  });
}

/** The ways a query can go: `and`, and `or` with an absence, are several. */
export function flattenQuery(query: Query): FlatQuery[] {
  const { elements, isStrict, isWhole, withinMs } = unwrap(query);
  const isEvery = isWhole || (elements[0]?.isEvery ?? false);
  for (const element of elements.slice(1))
    if (element.isEvery) checkInner(element, isStrict, isEvery);
  let ways: Way[] = [{ items: [], pending: undefined }];
  for (const element of elements) ways = ways.flatMap((way) => grow(way, element, isStrict));
  const first = elements[0]?.t === "unit" ? elements[0].unit : undefined;
  const again = isEvery && isStrict ? leadingAbsence(elements[0]) : [];
  if (isEvery && again.length === 0 && (ways.length > 1 || !first || first.isNot))
    exclude("`every` on an absence or on several steps at once");
  const startsAgain = isWhole || (first?.isRun ?? false);
  const every =
    !isEvery || again.length > 0 ? "none" : startsAgain && elements.length > 1 ? "whole" : "first";
  return ways.map(({ items, pending }) => {
    if (items.length === 0) exclude("nothing but an absence: ours starts with an event");
    const hasInnerEvery = items.some((it) => it.isEvery);
    return { every, items, tail: pending, isStrict, withinMs, hasInnerEvery, again };
  });
}

/** What must not come for a time before anything else; empty when a query begins otherwise. */
export function leadingAbsence(element: Element | undefined): readonly Unit[] {
  if (!element || element.t === "group") return [];
  const units = element.t === "unit" ? [element.unit] : [element.left, element.right];
  return units.every((u) => u.isNot && u.forMs !== undefined) ? units : [];
}

/**
 * The query without `every` on absences. In Siddhi they are told again for each time that passes;
 * ours begin again with the next event. Where there is one story, both tell the same one.
 */
export function toldOnce(query: Query): Query {
  const elements = query.pattern.elements.map(
    (element): Element => (isAbsent(element) ? { ...element, isEvery: false } : element),
  );
  return { ...query, pattern: { ...query.pattern, elements } };
}

export function hasToldAgain(query: Query): boolean {
  return query.pattern.elements.some((e) => e.isEvery && isAbsent(e));
}

function isAbsent(element: Element): boolean {
  if (element.t === "unit") return element.unit.isNot;
  return element.t !== "group" && (element.left.isNot || element.right.isNot);
}

/** `every (e1 and e2)` and nothing else, as its two items; undefined for other queries. */
export function everyBoth(query: Query): FlatQuery | undefined {
  const { elements, isStrict, isWhole, withinMs } = unwrap(query);
  const [only] = elements;
  if (!only || elements.length > 1 || only.t !== "and" || !(isWhole || only.isEvery))
    return undefined;
  const { left, right } = only;
  if (left.isNot || right.isNot || left.isRun || right.isRun || left.stream === right.stream)
    return undefined;
  const empty: Way = { items: [], pending: undefined };
  const { items } = add(add(empty, { units: [left] }), { units: [right] });
  return {
    every: "whole",
    items,
    tail: undefined,
    isStrict,
    withinMs,
    hasInnerEvery: false,
    again: [],
  };
}

/** Refuses what is more than "each event that fits". */
function checkInner(element: Element, isStrict: boolean, isEvery: boolean): void {
  if (element.t !== "unit" || element.unit.isNot)
    exclude("`every` on an absence inside a pattern: it is told again for each time that passes");
  if (element.unit.isRun || isStrict || isEvery)
    exclude("`every` inside a pattern, on a run or beside another");
}

/** Items so far, and the absence whose time the next item has to wait for. */
interface Way {
  readonly items: readonly Item[];
  readonly pending: Quiet | undefined;
}

function grow(way: Way, element: Element, isStrict: boolean): Way[] {
  if (element.t === "group") return exclude("brackets in brackets");
  if (element.t === "unit") {
    const isEvery = element.isEvery && way.items.length + Number(way.pending !== undefined) > 0;
    if (!element.unit.isNot) return [add(way, { units: [element.unit], isEvery })];
    return [wait(way, [element.unit])];
  }
  const { t, left, right } = element;
  if (left.isRun || right.isRun) exclude("a count inside `and` or `or`");
  const [absent, other] = left.isNot ? [left, right] : [right, left];
  if (!absent.isNot) return bothPresent(way, t, left, right);
  if (other.isNot) return bothAbsent(way, t, left, right);
  if (absent.stream === other.stream) exclude("a step and an absence over one stream");
  if (absent.forMs === undefined) {
    if (t === "or") exclude("`or not` without a time");
    return [add(way, { units: [other], without: [absent] })];
  }
  return t === "and"
    ? presentAndQuiet(way, other, absent)
    : presentOrQuiet(way, other, absent, isStrict);
}

/** `and`: either one first. `or`: one step over both. */
function bothPresent(way: Way, t: "and" | "or", left: Unit, right: Unit): Way[] {
  if (t === "or") {
    if (left.stream === right.stream)
      exclude("`or` over one stream: both sides may take the event");
    return [add(way, { units: [left, right] })];
  }
  return [
    add(add(way, { units: [left], without: [right] }), { units: [right] }),
    add(add(way, { units: [right], without: [left] }), { units: [left] }),
  ];
}

/** `or`: the first may come if the second does not. */
function bothAbsent(way: Way, t: "and" | "or", left: Unit, right: Unit): Way[] {
  if (left.forMs === undefined || left.forMs !== right.forMs)
    exclude("two absences at once for different times");
  if (t === "and") return [wait(way, [left, right])];
  const { base, ms } = wait(way, [right]).pending ?? exclude("an absence without a time");
  const hit = add(way, {
    units: [left],
    quiet: [{ units: [right], base, ms }],
    inside: { base, ms },
  });
  return [wait(way, [left]), { ...hit, pending: { units: [right], base, ms } }];
}

/** The step comes after the time, or before and then the rest of the time stays quiet. */
function presentAndQuiet(way: Way, present: Unit, absent: Unit): Way[] {
  const { base, ms } = wait(way, [absent]).pending ?? exclude("an absence without a time");
  const quiet = { units: [absent], base, ms };
  const early = add(way, { units: [present], quiet: [quiet], inside: { base, ms } });
  return [add(wait(way, [absent, present]), { units: [present] }), { ...early, pending: quiet }];
}

/**
 * The time passes without both; or the step comes within it; or the forbidden event comes within it
 * and the step later, which a strict sequence does not allow.
 */
function presentOrQuiet(way: Way, present: Unit, absent: Unit, isStrict: boolean): Way[] {
  const both = wait(way, [absent, present]);
  const { base, ms } = both.pending ?? exclude("an absence without a time");
  const quiet = [{ units: [present], base, ms }];
  const without = isStrict ? [absent] : [];
  const ways = [both, add(way, { units: [present], without, inside: { base, ms } })];
  if (isStrict) return ways;
  const hit = add(way, { units: [absent], quiet, inside: { base, ms } });
  return [...ways, add(hit, { units: [present], quiet, after: { base, ms } })];
}

function add(way: Way, item: Partial<Item> & Pick<Item, "units">): Way {
  const { pending } = way;
  if (pending && item.inside) exclude("two absences in a row");
  const whole: Item = {
    units: item.units,
    quiet: [...(pending ? [pending] : []), ...(item.quiet ?? [])],
    without: item.without ?? [],
    after: pending ?? item.after,
    inside: item.inside,
    isEvery: item.isEvery ?? false,
  };
  return { items: [...way.items, whole], pending: undefined };
}

function wait(way: Way, units: readonly Unit[]): Way {
  const ms = units.find((u) => u.forMs !== undefined)?.forMs;
  if (ms === undefined) return exclude("`not` without a time and without a partner");
  if (way.pending) exclude("two absences in a row");
  return { ...way, pending: { units, base: way.items.length - 1, ms } };
}

/** Opens brackets that only carry `every` or `within`. */
function unwrap(query: Query) {
  let { pattern, withinMs } = query;
  let isWhole = false;
  const narrow = (ms: number | undefined) => {
    if (ms !== undefined) withinMs = Math.min(ms, withinMs ?? ms);
  };
  for (;;) {
    const [only] = pattern.elements;
    if (pattern.elements.length !== 1 || only?.t !== "group") break;
    isWhole ||= only.isEvery;
    narrow(only.withinMs);
    pattern = only.pattern;
  }
  let { isStrict } = pattern;
  const elements = pattern.elements.flatMap((element, i): readonly Element[] => {
    if (element.t !== "group") return [element];
    if (element.isEvery) exclude("`every` around a part of a pattern");
    // The time of a bracket at the end counts from the first event of the whole, as the cases show.
    if (i < pattern.elements.length - 1 && element.withinMs !== undefined)
      exclude("`within` for a part of a pattern");
    narrow(element.withinMs);
    isStrict = mergeStrict(pattern, element.pattern);
    return element.pattern.elements;
  });
  if (elements.some((e) => e.t === "group")) exclude("brackets in brackets");
  return { elements, isStrict, isWhole, withinMs };
}

function mergeStrict(outer: Pattern, inner: Pattern): boolean {
  if (outer.elements.length > 1 && inner.elements.length > 1 && outer.isStrict !== inner.isStrict)
    exclude("`->` and `,` in one pattern");
  return outer.elements.length > 1 ? outer.isStrict : inner.isStrict;
}

/** The events steps have taken so far, by reference. */
export type Bindings = ReadonlyMap<string, readonly SiddhiEvent[]>;

export function fits(unit: Unit, event: SiddhiEvent, bound: Bindings): boolean {
  if (unit.stream !== event.stream) return false;
  return !unit.filter || truth(unit.filter, event, bound, unit.ref);
}

function truth(f: Filter, event: SiddhiEvent, bound: Bindings, self: string | undefined): boolean {
  switch (f.t) {
    case "and":
      return truth(f.left, event, bound, self) && truth(f.right, event, bound, self);
    case "or":
      return truth(f.left, event, bound, self) || truth(f.right, event, bound, self);
    case "not":
      return !truth(f.arg, event, bound, self);
    case "null":
      return operandValue(f.arg, event, bound, self) === undefined;
    case "cmp": {
      const a = operandValue(f.left, event, bound, self);
      const b = operandValue(f.right, event, bound, self);
      // With null nothing can be compared, which is no comparison that holds.
      return a !== undefined && b !== undefined && compare(f.op, a, b);
    }
  }
}

/** Of the step that is being judged: the event without an index, with one what it has taken. */

function operandValue(o: Operand, event: SiddhiEvent, bound: Bindings, self: string | undefined) {
  if (o.t === "const") return o.value;
  const isSelf = o.ref === undefined || (o.ref === self && o.index === undefined);
  const found = isSelf ? event : (bound.get(o.ref ?? "") ?? []).at(o.index ?? 0);
  return o.t === "event" ? found?.tMs : found?.attrs[o.attr];
}

type Scalar = string | number | boolean;

function compare(op: string, a: Scalar, b: Scalar): boolean {
  if (op === "==") return a === b;
  if (op === "!=") return a !== b;
  if (op === "<") return a < b;
  if (op === "<=") return a <= b;
  return op === ">" ? a > b : a >= b;
}
