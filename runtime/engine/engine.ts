/**
 * The engine: records in, findings out. It reads no clock; time comes in as progress of sources.
 *
 *     ring ─► kind function (slot test) ─► plain data ─► lane (reorder) ─► matchers ─► findings
 *              rejects most, allocates nothing
 *
 * Findings are a function of bundle and log: the same for any batching and any order of arrival
 * within the sources' lateness.
 */
import {
  allStepsOf,
  type CoreRule,
  type CoreUnit,
  type EventData,
  type Expr,
  engineCannot,
  engineUnit,
  explainExprs,
  type Finding,
  layoutOf,
  type Match,
  needsContiguity,
  type Value,
  writeFinding,
} from "#core";
import { Interner, RecordReader, RecordWriter } from "#runtime/events";
import { Ring } from "#runtime/ring";
import { type InFlight, Lane, type LaneRule } from "./lane.ts";
import { type KindFunction, loadMatcher, type MatcherCode, type RuleCode } from "./matcher.ts";
import { SequenceMatcher } from "./sequence.ts";
import { createSupport } from "./support.ts";
import { Suppressor } from "./suppressor.ts";
import { WindowMatcher } from "./window.ts";

export interface EngineOptions {
  readonly unit: CoreUnit;
  /** Text of the generated matcher for `unit`. */
  readonly matcher: string;
  readonly bundleHash: string;
  /** Values that replace the defaults of the unit's parameters. */
  readonly params?: ReadonlyMap<string, Value>;
  /** Records and text bytes per source ring. */
  readonly ring?: { readonly slots: number; readonly textBytes: number };
  /** Events each lane may hold; default `laneMax`. */
  readonly laneEventsMax?: number;
  onFinding(finding: Finding): void;
  onLate?(event: EventData): void;
  /** Every event some rule may be about, in the order it was read: what a recording keeps. */
  onRelevant?(event: EventData): void;
}

export interface EngineCounters {
  /** Records sources tried to write. */
  received: number;
  /** Events processed by every rule that wanted them. */
  delivered: number;
  /** Records no step of any rule could be for. */
  filtered: number;
  /** Records that found the ring full, and events that found no room in a lane. */
  dropped: number;
  /** Events that came after the watermark of a rule that wanted them. */
  late: number;
  /** Events waiting for the watermark, and records not read yet. */
  inFlight: number;
  matches: number;
  findings: number;
  suppressed: number;
  /** State given up for room, by what was given up. */
  evicted: { keys: number; partials: number; windowEvents: number; suppressors: number };
}

interface SourceState {
  readonly ring: Ring;
  readonly writer: RecordWriter;
  readonly reader: RecordReader;
  progressUs: number;
  isIdle: boolean;
  isAvailable: boolean;
  /** The last sequence number read, to restore the bits a slot lacks. */
  lastSeq: number;
  /** The most recent times at which events were lost, and how many. */
  losses: { readonly timeUs: number; readonly count: number }[];
}

interface RuleState {
  readonly rule: CoreRule;
  readonly sequence: SequenceMatcher | undefined;
  readonly window: WindowMatcher | undefined;
  readonly suppressor: Suppressor | undefined;
  readonly lane: Lane;
}

const lossesKept = 256;
const defaultRing = { slots: 16_384, textBytes: 4 << 20 };

export class Engine {
  readonly #options: EngineOptions;
  readonly #unit: CoreUnit;
  readonly #params: ReadonlyMap<string, Value>;
  readonly #interner = new Interner();
  readonly #layouts;
  readonly #code: MatcherCode;
  readonly #sources = new Map<number, SourceState>();
  readonly #lanes = new Map<string, Lane>();
  readonly #rules: RuleState[] = [];
  readonly #kinds: (readonly KindFunction[] | undefined)[] = [];
  /** Trigger → rule and step; step -1 means "some event of the rule's kinds". */
  readonly #triggerRule: number[] = [];
  readonly #triggerStep: number[] = [];
  readonly #hits: Int32Array;
  readonly #counts = { delivered: 0, filtered: 0, late: 0, dropped: 0, matches: 0, findings: 0 };

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#unit = engineUnit(options.unit);
    this.#params = new Map(
      options.unit.params.map((p) => [p.name, options.params?.get(p.name) ?? p.value]),
    );
    this.#layouts = options.unit.schema.kinds.map(layoutOf);
    const support = createSupport({
      schema: options.unit.schema,
      programs: options.unit.programs,
      interner: this.#interner,
      params: options.unit.params.map((p) => this.#params.get(p.name)),
    });
    this.#code = loadMatcher(options.matcher, support);
    for (const [kind, functions] of this.#code.kinds) this.#kinds[kind] = functions;
    for (const [index, rule] of this.#unit.rules.entries()) this.#addRule(index, rule);
    for (const [index, { rule }] of this.#rules.entries()) {
      if (needsContiguity(rule.pattern)) this.#addTrigger(index, -1);
    }
    this.#hits = new Int32Array(this.#triggerRule.length);
  }

  /** Rules of the unit that generated code cannot run yet, each with the form that it lacks. */
  get unavailable(): readonly { readonly rule: CoreRule; readonly reason: string }[] {
    const { rules, schema } = this.#options.unit;
    return rules.flatMap((rule) => {
      const reason = engineCannot(rule, schema);
      return reason === undefined ? [] : [{ rule, reason }];
    });
  }

  /** Where the source of that name writes; undefined when the schema does not know it. */
  writer(sourceName: string): RecordWriter | undefined {
    const index = this.#sourceIndex(sourceName);
    return index < 0 ? undefined : this.#source(index).writer;
  }

  /** Says that a source runs, or that it does not and nobody should wait for it. */
  setAvailable(sourceName: string, isAvailable: boolean): void {
    const index = this.#sourceIndex(sourceName);
    if (index >= 0) this.#source(index).isAvailable = isAvailable;
  }

  /** Says that a source has been silent for its `idle` time, or speaks again. */
  setIdle(sourceName: string, isIdle: boolean): void {
    const index = this.#sourceIndex(sourceName);
    if (index >= 0) this.#source(index).isIdle = isIdle;
  }

  /**
   * Nothing of that source older than `timeUs` minus its lateness will come any more. Reads what
   * was written before the call, then decides what the watermarks allow: progress is part of the
   * log, so its place between the events matters and batching does not.
   */
  progress(sourceName: string, timeUs: number): void {
    const index = this.#sourceIndex(sourceName);
    if (index < 0) return;
    this.read();
    const state = this.#source(index);
    state.progressUs = Math.max(state.progressUs, timeUs);
    for (const lane of this.#lanes.values()) {
      if (lane.sources.includes(index)) this.#advance(lane, this.#watermark(lane));
    }
  }

  /**
   * `count` events of a source never reached the engine, some time up to `timeUs`. Findings whose
   * story covers that time say so.
   */
  lost(sourceName: string, count: number, timeUs: number): void {
    const index = this.#sourceIndex(sourceName);
    if (index < 0 || count <= 0) return;
    const { losses } = this.#source(index);
    losses.push({ timeUs, count });
    if (losses.length > lossesKept) losses.shift();
  }

  /** Takes what the rings hold, so that they have room again; decides nothing. */
  read(): void {
    for (const state of this.#sources.values()) this.#read(state);
  }

  /** Decides everything before `timeUs` whatever the sources' progress: the end of a recording. */
  runUntil(timeUs: number): void {
    this.read();
    for (const lane of this.#lanes.values()) this.#advance(lane, timeUs);
  }

  get counters(): EngineCounters {
    let received = 0;
    let dropped = 0;
    let inFlight = 0;
    for (const { ring } of this.#sources.values()) {
      received += ring.counters.written + ring.counters.dropped;
      dropped += ring.counters.dropped;
      inFlight += ring.readable;
    }
    const sum = (f: (r: RuleState) => number) => this.#rules.reduce((n, r) => n + f(r), 0);
    return {
      received,
      ...this.#counts,
      dropped: dropped + this.#counts.dropped,
      inFlight: inFlight + this.#waiting,
      suppressed: sum((r) => r.suppressor?.suppressed ?? 0),
      evicted: {
        keys: sum((r) => (r.sequence ?? r.window)?.counters.keysEvicted ?? 0),
        partials: sum((r) => r.sequence?.counters.partialsEvicted ?? 0),
        windowEvents: sum((r) => r.window?.counters.eventsEvicted ?? 0),
        suppressors: sum((r) => r.suppressor?.evicted ?? 0),
      },
    };
  }

  #waiting = 0;

  #sourceIndex(name: string): number {
    return this.#unit.schema.sources.findIndex((s) => s.name === name);
  }

  #source(index: number): SourceState {
    const known = this.#sources.get(index);
    if (known) return known;
    const ring = new Ring(this.#options.ring ?? defaultRing);
    const { schema } = this.#unit;
    const state: SourceState = {
      ring,
      writer: new RecordWriter(ring, schema, this.#layouts, this.#interner),
      reader: new RecordReader(ring, schema, this.#layouts, this.#interner),
      progressUs: Number.NEGATIVE_INFINITY,
      isIdle: false,
      isAvailable: true,
      lastSeq: 0,
      losses: [],
    };
    this.#sources.set(index, state);
    return state;
  }

  #addTrigger(rule: number, step: number): void {
    this.#triggerRule.push(rule);
    this.#triggerStep.push(step);
  }

  #addRule(index: number, rule: CoreRule): void {
    const code = this.#code.rules[index];
    if (!code) throw new Error(`the matcher has no code for rule ${rule.name}`);
    for (const step of allStepsOf(rule.pattern).keys()) this.#addTrigger(index, step);
    const lane = this.#laneOf(rule);
    const suppressor = rule.suppress && new Suppressor(rule.suppress.us, rule.keysMax);
    const emit = (match: Match) => this.#onMatch(match, code, suppressor, lane);
    const { pattern } = rule;
    const sequence =
      pattern.node === "seq"
        ? new SequenceMatcher(this.#unit, rule, pattern, code, this.#params, emit)
        : undefined;
    const window =
      pattern.node === "win"
        ? new WindowMatcher(rule, pattern, code, this.#params, emit)
        : undefined;
    this.#rules.push({ rule, sequence, window, suppressor, lane });
    lane.rules.push(laneRule(index, sequence, window));
  }

  #laneOf(rule: CoreRule): Lane {
    const kinds = allStepsOf(rule.pattern).flatMap((s) => s.kinds);
    const sources = [...new Set(kinds.map((k) => this.#unit.schema.kinds[k]?.source ?? -1))].sort(
      (a, b) => a - b,
    );
    const isSilent = rule.pattern.node === "seq" && rule.pattern.deadline !== undefined;
    const id = `${sources.join(",")}|${isSilent}`;
    const lane =
      this.#lanes.get(id) ?? new Lane(this.#unit, sources, isSilent, this.#options.laneEventsMax);
    this.#lanes.set(id, lane);
    return lane;
  }

  #read(state: SourceState): void {
    const { ring, reader, writer } = state;
    const { u8, u32, f64 } = ring.views;
    const count = ring.readable;
    for (let i = 0; i < count; i++) {
      const at = ring.slotAt(i);
      const functions = this.#kinds[reader.kindAt(at)];
      let n = 0;
      if (functions) for (const fn of functions) n = fn(u8, u32, f64, at, reader, this.#hits, n);
      if (n === 0) {
        this.#counts.filtered++;
        continue;
      }
      const event = reader.materialise(at, writer.entities[ring.indexAt(i)], seqHigh(state, at));
      state.lastSeq = event.seq;
      this.#options.onRelevant?.(event);
      this.#dispatch(event, n);
    }
    ring.release(count);
  }

  #dispatch(event: EventData, n: number): void {
    const byLane = new Map<Lane, Map<number, number[]>>();
    for (let i = 0; i < n; i++) {
      const trigger = this.#hits[i] ?? 0;
      const index = this.#triggerRule[trigger] ?? 0;
      const step = this.#triggerStep[trigger] ?? -1;
      const { lane } = this.#rules[index] as RuleState;
      const rules = byLane.get(lane) ?? new Map<number, number[]>();
      byLane.set(lane, rules);
      const steps = rules.get(index) ?? [];
      if (step >= 0) steps.push(step);
      rules.set(index, steps);
    }
    const shared: InFlight = { event, waiting: 0, fate: "delivered" };
    for (const [lane, rules] of byLane) {
      const fate = lane.offer(shared, rules);
      if (fate !== "delivered") shared.fate = fate;
    }
    if (shared.waiting > 0) this.#waiting++;
    else this.#counts[shared.fate]++;
    if (shared.fate === "late") this.#options.onLate?.(event);
    if (shared.fate === "dropped") this.#noteLoss(event);
  }

  /** A finding over the time of a dropped event must say so. */
  #noteLoss(event: EventData): void {
    const source = this.#unit.schema.kinds[event.kind]?.source ?? -1;
    this.lost(this.#unit.schema.sources[source]?.name ?? "", 1, event.ts);
  }

  #watermark(lane: Lane): number {
    let watermark = Number.POSITIVE_INFINITY;
    for (const index of lane.sources) {
      const state = this.#sources.get(index);
      if (state && !state.isAvailable) continue;
      if (state?.isIdle && !lane.concludesFromSilence) continue;
      const lateness = this.#unit.schema.sources[index]?.latenessUs ?? 0;
      // A source nobody has heard of yet may still deliver anything.
      watermark = Math.min(watermark, (state?.progressUs ?? Number.NEGATIVE_INFINITY) - lateness);
    }
    return watermark === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : watermark;
  }

  #advance(lane: Lane, watermark: number): void {
    lane.advance(watermark, (shared) => {
      if (shared.waiting > 0) return;
      this.#waiting--;
      this.#counts[shared.fate]++;
    });
  }

  /** What was lost by the rule's sources between the first event of `match` and its end. */
  #lossesAround(match: Match, lane: Lane): string[] {
    const first =
      match.window[0] ?? match.captures.find((c) => c !== undefined)?.first ?? match.last;
    return lane.sources.flatMap((index) => {
      const name = this.#unit.schema.sources[index]?.name ?? "?";
      const lateness = this.#unit.schema.sources[index]?.latenessUs ?? 0;
      const near = (this.#sources.get(index)?.losses ?? []).filter(
        (l) => l.timeUs >= (first?.ts ?? match.at) && l.timeUs <= match.at + lateness,
      );
      const count = near.reduce((n, l) => n + l.count, 0);
      return count > 0 ? [`source ${name} lost ${count} events in this time`] : [];
    });
  }

  #onMatch(match: Match, code: RuleCode, suppressor: Suppressor | undefined, lane: Lane): void {
    this.#counts.matches++;
    if (suppressor) {
      const key = code.suppressKey ? code.suppressKey(match.captures, match.window) : match.key;
      if (!suppressor.admits(key, match.at)) return;
    }
    const values = new Map<Expr, () => Value>();
    explainExprs(match.rule).forEach((e, i) => {
      values.set(e, () => code.explain[i]?.(match.captures, match.window));
    });
    const finding = writeFinding(
      this.#unit,
      match,
      (e) => values.get(e)?.(),
      this.#options.bundleHash,
      this.#lossesAround(match, lane),
    );
    this.#counts.findings++;
    this.#options.onFinding(finding);
  }
}

function laneRule(
  index: number,
  sequence: SequenceMatcher | undefined,
  window: WindowMatcher | undefined,
): LaneRule {
  return {
    index,
    onEvent: (event, hits) => (sequence ? sequence.onEvent(event, hits) : window?.onEvent(event)),
    get nextDeadline() {
      return sequence?.nextDeadline ?? Number.POSITIVE_INFINITY;
    },
    fireDeadline: () => sequence?.fireDeadline(),
  };
}

/** What the 32 bits in a slot lack of its sequence number; numbers of one source only grow. */
function seqHigh(state: SourceState, at: number): number {
  const low = state.ring.views.u32[(at + 16) >> 2] ?? 0;
  const base = Math.floor(state.lastSeq / 2 ** 32) * 2 ** 32;
  return low + base + 2 ** 31 < state.lastSeq ? base + 2 ** 32 : base;
}
