/**
 * What a Sigma correlation means, said once more and as plainly as can be: for each group, when the
 * events of some stretch of the time span first satisfy it. And traces that come near to that.
 */
import { keyText } from "#core";
import { epochUs } from "./execution.ts";
import {
  type Correlation,
  fieldsOf,
  isPaned,
  isTumbling,
  type Logic,
  needOf,
  type Part,
  resolutionUs,
  type SigmaDocument,
} from "./sigma-rule.ts";

export interface SigmaEvent {
  readonly kind: number;
  readonly atUs: number;
  readonly group: ReadonlyMap<string, string>;
  readonly number: number;
  readonly text: string;
}

/** A moment at which a part of a correlation happened, and to whom. */
interface Happening {
  readonly part: number;
  readonly atUs: number;
  readonly group: string;
  readonly event: SigmaEvent;
}

export interface Detected {
  readonly atUs: number;
  readonly group: string;
  readonly root: SigmaEvent;
}

/** When each group first satisfies the correlation; of a window also each later time it does. */
export function detect(c: Correlation, events: readonly SigmaEvent[]): Detected[] {
  const happenings = c.parts
    .flatMap((p, part) => happeningsOf(c, p, part, events))
    .sort((a, b) => a.atUs - b.atUs);
  const groups = new Map<string, Happening[]>();
  for (const h of happenings) groups.set(h.group, [...(groups.get(h.group) ?? []), h]);
  return [...groups.values()].flatMap((own) => detectIn(c, own)).sort((a, b) => a.atUs - b.atUs);
}

function happeningsOf(
  c: Correlation,
  p: Part,
  part: number,
  events: readonly SigmaEvent[],
): Happening[] {
  const found =
    "kind" in p
      ? events.filter((e) => e.kind === p.kind).map((e) => ({ atUs: e.atUs, root: e }))
      : detect(p.correlation, events);
  return found.flatMap(({ atUs, root }) => {
    const values = (c.by[part] ?? []).map((f) => root.group.get(f));
    return values.includes(undefined)
      ? []
      : [{ part, atUs, group: groupText(values), event: root }];
  });
}

/** As Tapio writes the keys of findings; without a group its key is a field that is always 1. */
function groupText(values: readonly (string | undefined)[]): string {
  return JSON.stringify(values.length === 0 ? [keyText(1)] : values.map(keyText));
}

function detectIn(c: Correlation, own: readonly Happening[]): Detected[] {
  if (isTumbling(c)) return firstPane(c, own);
  const isWindow = c.logic !== undefined || !c.type.startsWith("temporal");
  const out: Detected[] = [];
  let wasTrue = false;
  for (const [i, h] of own.entries()) {
    const before = own[i - 1];
    if (before && h.atUs - before.atUs >= c.spanUs) wasTrue = false;
    const stretch = own.slice(0, i + 1).filter((x) => inside(c, isWindow, x.atUs, h.atUs));
    const isTrue = satisfies(c, stretch);
    const [first] = stretch;
    if (isTrue && !wasTrue && first) out.push({ atUs: h.atUs, group: h.group, root: first.event });
    wasTrue = isTrue;
  }
  // What is matched once may not be used again: only the first time is certain.
  return isWindow ? out : out.slice(0, 1);
}

/** Windows leave out their beginning, patterns do not; sums begin with a pane. */
function inside(c: Correlation, isWindow: boolean, atUs: number, endUs: number): boolean {
  const from = endUs - c.spanUs;
  if (!isWindow) return atUs >= from;
  if (!isPaned(c)) return atUs > from;
  const pane = Math.floor((epochUs + from) / resolutionUs(c));
  return epochUs + atUs > pane * resolutionUs(c);
}

function firstPane(c: Correlation, own: readonly Happening[]): Detected[] {
  const [first] = own;
  const last = own.at(-1);
  if (!first || !last) return [];
  const paneOf = (atUs: number) => Math.floor((epochUs + atUs) / c.spanUs);
  for (let pane = paneOf(first.atUs); pane <= paneOf(last.atUs) + 1; pane++) {
    const stretch = own.filter((h) => paneOf(h.atUs) === pane);
    const atUs = (pane + 1) * c.spanUs - epochUs;
    if (satisfies(c, stretch)) return [{ atUs, group: first.group, root: first.event }];
  }
  return [];
}

function satisfies(c: Correlation, stretch: readonly Happening[]): boolean {
  if (c.logic) return truth(c.logic, new Set(stretch.map((h) => h.part)));
  if (c.type === "temporal_ordered") return inOrder(c, stretch);
  const parts = new Set(stretch.map((h) => h.part)).size;
  if (c.type === "temporal") return parts >= (c.bounds.length === 0 ? c.parts.length : needOf(c));
  const value = aggregateOf(c, stretch);
  if (value === undefined) return false;
  return c.bounds.every(({ op, n }) => {
    const isLess = value < n;
    const isEqual = value === n;
    if (op === "==" || op === "!=") return isEqual === (op === "==");
    return op.startsWith("<")
      ? isLess || (isEqual && op === "<=")
      : !isLess && (!isEqual || op === ">=");
  });
}

function truth(e: Logic, present: ReadonlySet<number>): boolean {
  if (e.t === "rule") return present.has(e.part);
  if (e.t === "not") return !truth(e.arg, present);
  const sides = [truth(e.left, present), truth(e.right, present)];
  return e.t === "and" ? sides.every(Boolean) : sides.some(Boolean);
}

/** Enough of the parts one after the other, in their order. */
function inOrder(c: Correlation, stretch: readonly Happening[]): boolean {
  const need = c.bounds.length === 0 ? c.parts.length : needOf(c);
  /** By part: how many of the parts up to it have come in order, it being the last. */
  const most: number[] = c.parts.map(() => 0);
  for (const { part } of stretch)
    most[part] = Math.max(most[part] ?? 0, 1 + Math.max(0, ...most.slice(0, part)));
  return Math.max(...most) >= need;
}

function aggregateOf(c: Correlation, stretch: readonly Happening[]): number | undefined {
  const numbers = stretch.map((h) => h.event.number);
  const sum = numbers.reduce((a, b) => a + b, 0);
  switch (c.type) {
    case "event_count":
      return stretch.length;
    case "value_count":
      return new Set(stretch.map((h) => h.event.text)).size;
    case "value_sum":
      return sum;
    case "value_avg":
      return numbers.length === 0 ? undefined : sum / numbers.length;
    default: {
      const sorted = numbers.sort((a, b) => a - b);
      return sorted[Math.ceil((sorted.length * c.percentile) / 100) - 1];
    }
  }
}

// ---------- traces ----------

/** Events of all detections; `density` says how many of them come in the time span. */
export function nearTrace(document: SigmaDocument, seed: number, density: number): SigmaEvent[] {
  const { correlations, detections } = document;
  const most = Math.max(1, ...correlations.flatMap((c) => c.bounds.map((b) => b.n)));
  const isOfValues = correlations.some((c) => /_(sum|avg|percentile)$/.test(c.type));
  const many = isOfValues ? 8 : Math.min(most, 120);
  const spanUs = Math.min(...correlations.map((c) => c.spanUs));
  const gapUs = Math.max(1, Math.floor(spanUs / (Math.max(many, detections) * density)));
  const next = numbersFrom(seed);
  let atUs = 1;
  return Array.from({ length: Math.min(500, 4 * many + 20 * detections) }, (): SigmaEvent => {
    atUs += 1 + Math.floor((next() / 2 ** 24) * 2 * gapUs);
    const side = next() % 3 === 0 ? "b" : "a";
    const stray = next() % 16;
    return {
      kind: next() % detections,
      atUs,
      group: new Map(fieldsOf(document).map((f, i) => [f, stray === i ? "stray" : side])),
      number: next() % (2 * most + 1),
      text: `v${next() % (2 * many)}`,
    };
  });
}

/** Numbers of 24 bits that look random: a linear congruence, of which the upper bits are used. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 8;
  };
}
