/**
 * The reference interpreter: patterns executed by definition (LANGUAGE C.3, C.4, C.0), slow and
 * obvious. It looks at a whole sorted trace, writes down every way a pattern can be matched, and
 * then picks what the policies say. Nothing here is incremental; that is the point.
 *
 * Order is plain ≺: (time, source rank, sequence number, id).
 *
 * A match of a sequence is a list of runs, one per bound step: the indexes of the events the step
 * took. A step without `repeat` takes one event. A repeated step takes every event from its first
 * one on that satisfies it, until the next bound step's event (or its upper bound); as the last
 * step it stops as soon as its minimum is reached, because that is when the match is complete.
 */
import type { EntityRef, EventData, Schema, Value } from "../schema.ts";
import type { WindowView } from "./aggregate.ts";
import {
  allStepsOf,
  type CoreRule,
  type CoreUnit,
  type Count,
  type Duration,
  type KeyPart,
  type Seq,
  type SeqStep,
  type Step,
  stepsOf,
  type Win,
} from "./core.ts";
import { type Env, evaluate, type Quality, type Taken, truth } from "./eval.ts";
import { keyText } from "./key-text.ts";
import type { SourceStory, World } from "./world.ts";

export interface Match {
  readonly rule: CoreRule;
  /** Equal for equal keys; empty for rules without a key. */
  readonly key: string;
  /** When the match was complete, µs: its last event's time, or its deadline. */
  readonly at: number;
  readonly captures: readonly (Taken | undefined)[];
  /** The window's events; empty for other patterns. */
  readonly window: readonly EventData[];
  /** The window as aggregates see it; the engine has its own way. */
  readonly view?: WindowView | undefined;
  /** The event that completed it; an absence may have none. */
  readonly last: EventData | undefined;
  /** A negative or a cancel was unknown on some event, or bounded state overflowed. */
  readonly isIncomplete: boolean;
  readonly quality?: Quality | undefined;
  /** What the finding is about, where that is not the entity of its root. */
  readonly subject?: EntityRef | undefined;
  /** When `resolve` declared it over, µs. */
  readonly resolvedAt?: number | undefined;
}

export interface Trace {
  /** In any order. */
  readonly events: readonly EventData[];
  /** Only what is before this is decided, µs. */
  readonly watermark: number;
  /** When the observation began, µs: clocks of absences without inventory start here. */
  readonly start?: number | undefined;
  readonly world?: World | undefined;
  /** Sources that fell silent or lost events; the others were alive and whole. */
  readonly sources?: readonly SourceStory[] | undefined;
}

/** A match that almost was (LANGUAGE C.11). */
export interface NearMiss {
  readonly rule: CoreRule;
  readonly key: string;
  readonly cause: "expired" | "negated" | "cancelled" | "threshold";
  /** How many steps were reached. */
  readonly reached: number;
  /** The step it waited for. */
  readonly missing: string;
  /** By how much the nearest candidate missed its bound, µs; undefined without a candidate. */
  readonly overshoot: number | undefined;
  /** When it could not come true any more, µs. */
  readonly at: number;
  readonly captures: readonly (Taken | undefined)[];
  readonly view?: WindowView | undefined;
}

/** The total order ≺. */
export function compareEvents(schema: Schema, a: EventData, b: EventData): number {
  const rank = (e: EventData) => schema.sources[schema.kinds[e.kind]?.source ?? -1]?.rank ?? 0;
  if (a.ts !== b.ts) return a.ts - b.ts;
  return rank(a) - rank(b) || a.seq - b.seq || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** What `rule` reports on `trace`, in the order it becomes known; suppression applied. */
export function interpretRule(
  unit: CoreUnit,
  rule: CoreRule,
  params: ReadonlyMap<string, Value>,
  trace: Trace,
): { matches: Match[]; suppressed: number } {
  const events = trace.events
    .filter((e) => e.ts < trace.watermark)
    .sort((a, b) => compareEvents(unit.schema, a, b));
  const base: Env = { unit, params, current: undefined, captures: [] };
  const found =
    rule.pattern.node === "win"
      ? interpretWindow(rule, rule.pattern, base, events)
      : rule.pattern.node === "seq"
        ? interpretSequence(rule, rule.pattern, base, events, trace.watermark)
        : [];
  found.sort(
    (a, b) => a.at - b.at || (a.last && b.last ? compareEvents(unit.schema, a.last, b.last) : 0),
  );
  return suppress(rule, base, found);
}

function suppress(rule: CoreRule, base: Env, matches: Match[]) {
  if (!rule.suppress) return { matches, suppressed: 0 };
  const since = new Map<string, number>();
  const kept: Match[] = [];
  for (const match of matches) {
    const key = suppressKey(rule, match, base);
    const first = since.get(key);
    if (first !== undefined && match.at < first + rule.suppress.us) continue;
    since.set(key, match.at);
    kept.push(match);
  }
  return { matches: kept, suppressed: matches.length - kept.length };
}

function suppressKey(rule: CoreRule, match: Match, base: Env): string {
  const parts = rule.suppress?.key;
  if (!parts) return match.key;
  const env = { ...base, captures: match.captures, window: match.view };
  return JSON.stringify(parts.map((p) => keyText(evaluate(p.expr, env))));
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
    subject: match.subject,
    world,
    at: match.at,
  };
}

/** The key of `event` under `parts`; undefined when a missing part excludes the event. */
export function keyOf(parts: readonly KeyPart[], event: EventData, base: Env): string | undefined {
  const texts: string[] = [];
  for (const part of parts) {
    const value = evaluate(part.expr, { ...base, current: event });
    if (value === undefined && !part.allowsMissing) return undefined;
    texts.push(keyText(value));
  }
  return texts.length === 0 ? "" : JSON.stringify(texts);
}

export function durationOf(d: Duration, params: ReadonlyMap<string, Value>): number {
  if (typeof d === "number") return d;
  return numberParam(d.param, params);
}

export function countOf(c: Count, params: ReadonlyMap<string, Value>): number {
  return typeof c === "number" ? c : numberParam(c.param, params);
}

function numberParam(name: string, params: ReadonlyMap<string, Value>): number {
  const value = params.get(name);
  if (typeof value !== "number") throw new Error(`parameter ${name} has no value`);
  return value;
}

// ---------- windows ----------

function interpretWindow(
  rule: CoreRule,
  win: Win,
  base: Env,
  events: readonly EventData[],
): Match[] {
  const size = durationOf(win.shape.shape === "sliding" ? win.shape.size : 0, base.params);
  const out: Match[] = [];
  for (const [key, members] of byKey(win.step, base, events)) {
    let armed = true;
    for (const [i, event] of members.entries()) {
      const before = members[i - 1];
      if (before && event.ts - before.ts >= size) armed = true;
      const window = members.slice(0, i + 1).filter((e) => e.ts > event.ts - size);
      const captures = [windowCapture(window, event)];
      const view = { events: window, paned: window, sizeUs: size, past: [], knownUs: 0 };
      const holds = truth(win.having, { ...base, captures, window: view }) === true;
      if (holds && armed) {
        const last = event;
        out.push({ rule, key, at: event.ts, captures, window, view, last, isIncomplete: false });
      }
      armed = !holds;
    }
  }
  return out;
}

function windowCapture(window: readonly EventData[], event: EventData): Taken {
  return {
    first: window[0] ?? event,
    last: event,
    count: window.length,
    kept: window.slice(0, 16),
  };
}

function byKey(step: Step, base: Env, events: readonly EventData[]): Map<string, EventData[]> {
  const groups = new Map<string, EventData[]>();
  for (const event of events) {
    if (!step.kinds.includes(event.kind)) continue;
    if (step.where && truth(step.where, { ...base, current: event }) !== true) continue;
    const key = keyOf(step.key, event, base);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group) group.push(event);
    else groups.set(key, [event]);
  }
  return groups;
}

// ---------- sequences ----------

/** One way to match: for each step the indexes it took, or undefined for an option left out. */
interface Way {
  readonly runs: readonly (readonly number[] | undefined)[];
  readonly isIncomplete: boolean;
}

/** A sequence under one key, with everything the definition needs at hand. */
interface Scene {
  readonly seq: Seq;
  readonly key: string;
  readonly base: Env;
  /** The events of the rule's own kinds under this key, in order. */
  readonly events: readonly EventData[];
}

function interpretSequence(
  rule: CoreRule,
  seq: Seq,
  base: Env,
  events: readonly EventData[],
  watermark: number,
): Match[] {
  const out: Match[] = [];
  for (const [key, members] of scenes(seq, base, events)) {
    const scene: Scene = { seq, key, base, events: members };
    out.push(...report(rule, scene, watermark, enumerate(scene)));
  }
  return out;
}

function scenes(seq: Seq, base: Env, events: readonly EventData[]): Map<string, EventData[]> {
  const steps = allStepsOf(seq);
  const groups = new Map<string, EventData[]>();
  for (const event of events) {
    const keys = new Set<string>();
    for (const step of steps) {
      if (!step.kinds.includes(event.kind)) continue;
      const key = keyOf(step.key, event, base);
      if (key !== undefined) keys.add(key);
    }
    for (const key of keys) {
      const group = groups.get(key);
      if (group) group.push(event);
      else groups.set(key, [event]);
    }
  }
  return groups;
}

/** Truth of `step` on event `index`, knowing `captures`; false when kind or key differ. */
function judge(
  scene: Scene,
  step: Step,
  index: number,
  captures: readonly (Taken | undefined)[],
): boolean | undefined {
  const event = scene.events[index];
  if (!event || !step.kinds.includes(event.kind)) return false;
  if (keyOf(step.key, event, scene.base) !== scene.key) return false;
  if (!step.where) return true;
  return truth(step.where, { ...scene.base, current: event, captures });
}

/** Every way to match the positive steps with their gaps and negatives; policies come later. */
function enumerate(scene: Scene): Way[] {
  const out: Way[] = [];
  const go = (way: Way, at: number) => {
    if (at === scene.seq.steps.length) {
      const done = finish(scene, way);
      if (done) out.push(done);
      return;
    }
    if (scene.seq.steps[at]?.isOptional) go({ ...way, runs: [...way.runs, undefined] }, at + 1);
    for (let index = lastIndex(way.runs) + 1; index < scene.events.length; index++) {
      const next = bind(scene, way, at, index);
      if (next) go(next, at + 1);
    }
  };
  go({ runs: [], isIncomplete: false }, 0);
  return out;
}

function lastIndex(runs: Way["runs"]): number {
  return runs.findLast((r) => r !== undefined)?.at(-1) ?? -1;
}

/** `way` with step `at` starting on event `index`, the previous run closed before it. */
function bind(scene: Scene, way: Way, at: number, index: number): Way | undefined {
  const closed = closeRun(scene, way, index);
  if (!closed) return undefined;
  const captures = capturesOf(scene, closed.runs);
  const seqStep = scene.seq.steps[at];
  if (!seqStep || judge(scene, seqStep.step, index, captures) !== true) return undefined;
  const previous = lastIndex(closed.runs);
  let isIncomplete = closed.isIncomplete;
  if (previous >= 0) {
    if (!gapHolds(scene, seqStep, previous, index)) return undefined;
    const negatives = negativesBefore(scene.seq, closed.runs, at);
    for (let x = previous + 1; x < index; x++) {
      for (const negative of negatives) {
        const verdict = judge(scene, negative, x, captures);
        if (verdict === true) return undefined;
        if (verdict === undefined) isIncomplete = true;
      }
    }
  }
  return { runs: [...closed.runs, [index]], isIncomplete };
}

/** Negatives since the previous bound step: those of left-out optional steps count too. */
function negativesBefore(seq: Seq, runs: Way["runs"], at: number): Step[] {
  const previous = runs.findLastIndex((r) => r !== undefined);
  return seq.steps.slice(previous + 1, at + 1).flatMap((s) => s.without);
}

/** Lets the last bound step take all it can before event `before`. */
function closeRun(scene: Scene, way: Way, before: number): Way | undefined {
  const at = way.runs.findLastIndex((r) => r !== undefined);
  const first = way.runs[at]?.[0];
  const seqStep = scene.seq.steps[at];
  if (first === undefined || !seqStep?.repeat) return way;
  const { params } = scene.base;
  const max =
    seqStep.repeat.max === undefined
      ? Number.POSITIVE_INFINITY
      : countOf(seqStep.repeat.max, params);
  const run = takeRun(scene, way, at, first, before, max);
  if (!run || run.length < countOf(seqStep.repeat.min, params)) return undefined;
  return { ...way, runs: way.runs.with(at, run) };
}

/** Up to `max` events from `first` on and before `before` that satisfy step `at`. */
function takeRun(
  scene: Scene,
  way: Way,
  at: number,
  first: number,
  before: number,
  max: number,
): number[] | undefined {
  const step = scene.seq.steps[at]?.step;
  if (!step) return undefined;
  const captures = capturesOf(scene, way.runs.slice(0, at));
  const run: number[] = [];
  for (let x = first; x < before && run.length < max; x++) {
    if (judge(scene, step, x, captures) === true) run.push(x);
  }
  const isGapless = run.every((x, i) => x === first + i);
  return scene.seq.isStrict && !isGapless ? undefined : run;
}

function gapHolds(scene: Scene, seqStep: SeqStep, previous: number, index: number): boolean {
  const { params } = scene.base;
  const distance = (scene.events[index]?.ts ?? 0) - (scene.events[previous]?.ts ?? 0);
  if (scene.seq.isStrict && index !== previous + 1) return false;
  const gap = seqStep.gap;
  if (!gap) return true;
  if (gap.gap === "next") return index === previous + 1;
  if (gap.gap === "within") return distance <= durationOf(gap.max, params);
  const max = gap.max === undefined ? Number.POSITIVE_INFINITY : durationOf(gap.max, params);
  return distance >= durationOf(gap.min, params) && distance <= max;
}

/** Closes the last run at its minimum and applies span, cancel and deadline. */
function finish(scene: Scene, way: Way): Way | undefined {
  const { seq, events, base } = scene;
  const at = seq.steps.length - 1;
  const start = way.runs[at]?.[0];
  const seqStep = seq.steps[at];
  if (start === undefined || !seqStep) return undefined;
  const min = seqStep.repeat ? countOf(seqStep.repeat.min, base.params) : 1;
  const run = takeRun(scene, way, at, start, events.length, min);
  if (!run || run.length < min) return undefined;
  const runs = way.runs.with(at, run);
  const first = events[runs.find((r) => r !== undefined)?.[0] ?? -1];
  const last = events[lastIndex(runs)];
  if (!first || !last) return undefined;
  if (seq.within !== undefined && last.ts - first.ts > durationOf(seq.within, base.params))
    return undefined;
  const verdict = [
    cancelled(scene, runs, deadlineOf(scene, last)),
    negated(scene, runs, deadlineOf(scene, last)),
  ];
  if (verdict.includes(true)) return undefined;
  return { runs, isIncomplete: way.isIncomplete || verdict.includes(undefined) };
}

function deadlineOf(scene: Scene, last: EventData): number | undefined {
  const { deadline } = scene.seq;
  return deadline && last.ts + durationOf(deadline.wait, scene.base.params);
}

/** Whether `until` happened inside: after the first event, before the match is complete. */
function cancelled(
  scene: Scene,
  runs: Way["runs"],
  deadline: number | undefined,
): boolean | undefined {
  const { until } = scene.seq;
  if (!until) return false;
  const first = runs.find((r) => r !== undefined)?.[0] ?? 0;
  const last = lastIndex(runs);
  let verdict: boolean | undefined = false;
  for (let x = first + 1; x < scene.events.length; x++) {
    const isInside = x < last || (deadline !== undefined && (scene.events[x]?.ts ?? 0) <= deadline);
    if (x === last || !isInside) continue;
    // What was known when the event happened, not what came later.
    const known = runs.map((r) => r?.filter((i) => i <= x)).map((r) => (r?.length ? r : undefined));
    const v = judge(scene, until, x, capturesOf(scene, known));
    if (v === true) return true;
    if (v === undefined) verdict = undefined;
  }
  return verdict;
}

/** Whether the event that `then no … for …` forbids happened. */
function negated(
  scene: Scene,
  runs: Way["runs"],
  deadline: number | undefined,
): boolean | undefined {
  if (!scene.seq.deadline || deadline === undefined) return false;
  const captures = capturesOf(scene, runs);
  let verdict: boolean | undefined = false;
  for (let x = lastIndex(runs) + 1; x < scene.events.length; x++) {
    if ((scene.events[x]?.ts ?? 0) > deadline) break;
    const v = judge(scene, scene.seq.deadline.step, x, captures);
    if (v === true) return true;
    if (v === undefined) verdict = undefined;
  }
  return verdict;
}

function capturesOf(scene: Scene, runs: Way["runs"]): (Taken | undefined)[] {
  return runs.map((run, at) => {
    const events = run?.map((i) => scene.events[i]).filter((e) => e !== undefined) ?? [];
    const [first] = events;
    const last = events.at(-1);
    if (!first || !last) return undefined;
    const keep = scene.seq.steps[at]?.repeat?.keep ?? 1;
    return { first, last, count: events.length, kept: events.slice(0, keep) };
  });
}

// ---------- policies ----------

/** One match per completion point, then `skip past`: the next starts only after this one's end. */
function report(rule: CoreRule, scene: Scene, watermark: number, ways: readonly Way[]): Match[] {
  const out: Match[] = [];
  const ends = [...new Set(ways.map((w) => lastIndex(w.runs)))].sort((a, b) => a - b);
  let barrier = -1;
  for (const end of ends) {
    const last = scene.events[end];
    if (!last) continue;
    const at = deadlineOf(scene, last) ?? last.ts;
    if (at >= watermark) continue;
    const candidates = ways.filter((w) => lastIndex(w.runs) === end && firstIndex(w) > barrier);
    const best = candidates.sort((a, b) => preference(scene.seq, a, b))[0];
    if (!best) continue;
    barrier = end;
    const captures = capturesOf(scene, best.runs);
    out.push({
      rule,
      key: scene.key,
      at,
      captures,
      window: [],
      last,
      isIncomplete: best.isIncomplete,
    });
  }
  return out;
}

function firstIndex(way: Way): number {
  return way.runs.find((r) => r !== undefined)?.[0] ?? -1;
}

/**
 * Longer first; then step by step: bound before left out, longest run, latest event. Runs that an
 * upper bound made equally long are chosen among like single events: `repeat 2` reports what the
 * step written twice would.
 */
function preference(seq: Seq, a: Way, b: Way): number {
  const bound = (w: Way) => w.runs.filter((r) => r !== undefined).length;
  if (bound(a) !== bound(b)) return bound(b) - bound(a);
  for (const at of seq.steps.keys()) {
    const x = a.runs[at];
    const y = b.runs[at];
    if (!x || !y) {
      if (x === y) continue;
      return x ? -1 : 1;
    }
    if (x.length !== y.length) return y.length - x.length;
    const later = (y[0] ?? 0) - (x[0] ?? 0);
    if (later !== 0) return later;
  }
  return 0;
}
