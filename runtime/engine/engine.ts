/**
 * The engine: records in, findings out. It reads no clock; time comes in as progress of sources.
 *
 *     ring ─► kind function (slot test) ─► plain data ─► lane (reorder) ─► rules ─► findings
 *              rejects most, allocates nothing
 *
 * Findings are a function of bundle and log: the same for any batching and any order of arrival
 * within the sources' lateness.
 */
import {
  type CoreRule,
  type CoreUnit,
  type EntityLife,
  type EventData,
  type Finding,
  findingEvent,
  findingKindOf,
  keyText,
  layoutHash,
  layoutOf,
  type RelationFact,
  triggersOf,
  type Value,
  withLosses,
} from "#core";
import { Interner, type RecordWriter } from "#runtime/events";
import { type Fate, type InFlight, type Lane, type LaneHits, laneMax } from "./lane.ts";
import { Ledger } from "./ledger.ts";
import { type KindFunction, loadMatcher, type MatcherCode } from "./matcher.ts";
import { RecordInput } from "./record-input.ts";
import type { Told } from "./reporter.ts";
import type { RuleRunner } from "./rule-runner.ts";
import { RuleSet } from "./rule-set.ts";
import { type EngineMatch, scopeOf, startOf } from "./scope.ts";
import {
  readSnapshot,
  type SnapshotIdentity,
  type SnapshotRefusal,
  writeSnapshot,
} from "./snapshot.ts";
import { type Conclusion, SourceStates } from "./source-states.ts";
import { decodeGraph, encodeGraph } from "./state-graph.ts";
import { createSupport } from "./support.ts";
import { WorldState } from "./world-state.ts";

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
  /** When the observation began, µs: clocks of absences without inventory start here. */
  readonly startUs?: number;
  /** Every finding, and every change of one, which keeps its id and has a higher revision. */
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
  /** Findings that were told on arrival, and how many of them did not hold. */
  provisional: number;
  retracted: number;
  suppressed: number;
  excepted: number;
  /** Matches that `rate` kept from being reported. */
  limited: number;
  /** Conclusions from silence that were in doubt and not drawn, or thrown away. */
  held: number;
  doubted: number;
  /** State given up for room, by what was given up. */
  evicted: {
    keys: number;
    partials: number;
    windowEvents: number;
    suppressors: number;
    openFindings: number;
    facts: number;
    /** Findings as events for the rules over them. */
    findings: number;
  };
}

/** Everything that changes while an engine runs, as plain data. */
interface EngineState {
  readonly sources: ReturnType<SourceStates["save"]>;
  readonly world: ReturnType<WorldState["save"]>;
  readonly inputs: ReadonlyMap<number, ReturnType<RecordInput["save"]>>;
  readonly rules: ReturnType<RuleSet["save"]>;
  readonly ledger: ReturnType<Ledger["save"]>;
  readonly counts: Record<
    "delivered" | "filtered" | "late" | "dropped" | "held" | "doubted",
    number
  >;
  readonly findings: number;
  readonly waiting: number;
}

const defaultRing = { slots: 16_384, textBytes: 4 << 20 };

export class Engine {
  readonly #options: EngineOptions;
  readonly #unit: CoreUnit;
  readonly #params: ReadonlyMap<string, Value>;
  readonly #interner = new Interner();
  readonly #layouts;
  readonly #code: MatcherCode;
  readonly #world = new WorldState();
  readonly #states: SourceStates;
  readonly #inputs = new Map<number, RecordInput>();
  readonly #rules: RuleSet;
  readonly #ledger: Ledger;
  readonly #kinds: (readonly KindFunction[] | undefined)[] = [];
  readonly #triggers;
  readonly #hits: Int32Array;
  #counts = { delivered: 0, filtered: 0, late: 0, dropped: 0, held: 0, doubted: 0 };
  #findings = 0;
  #waiting = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#unit = options.unit;
    this.#params = new Map(
      options.unit.params.map((p) => [p.name, options.params?.get(p.name) ?? p.value]),
    );
    this.#layouts = options.unit.schema.kinds.map(layoutOf);
    this.#states = new SourceStates(this.#unit);
    const support = createSupport({
      schema: options.unit.schema,
      programs: options.unit.programs,
      interner: this.#interner,
      params: options.unit.params.map((p) => this.#params.get(p.name)),
      world: this.#world,
    });
    this.#code = loadMatcher(options.matcher, support);
    for (const [kind, functions] of this.#code.kinds) this.#kinds[kind] = functions;
    this.#triggers = triggersOf(this.#unit);
    this.#hits = new Int32Array(this.#triggers.length);
    this.#ledger = new Ledger({
      tell: (finding) => options.onFinding(finding),
      withLosses: (match) => this.#withLosses(match),
      ruleIndex: ({ match }) => this.#unit.rules.indexOf(match.rule),
    });
    this.#rules = new RuleSet({
      unit: this.#unit,
      code: this.#code,
      params: this.#params,
      bundleHash: options.bundleHash,
      startUs: options.startUs,
      laneEventsMax: options.laneEventsMax ?? laneMax,
      concludes: (rule) => (kinds, from, to) => this.#conclude(rule, kinds, from, to),
      withLosses: (match) => this.#withLosses(match),
      onFinding: (rule, told) => this.#onFinding(rule, told),
      onProvisional: (told) => this.#ledger.tellProvisionally(told),
    });
  }

  /** Where the source of that name writes; undefined when the schema does not know it. */
  writer(sourceName: string): RecordWriter | undefined {
    const index = this.#sourceIndex(sourceName);
    return index < 0 ? undefined : this.#input(index).writer;
  }

  /** Says that a source runs, or that it does not and nobody should wait for it. */
  setAvailable(sourceName: string, isAvailable: boolean): void {
    this.#states.setAvailable(this.#sourceIndex(sourceName), isAvailable);
  }

  /** Says that a source has been silent for its `idle` time, or speaks again. */
  setIdle(sourceName: string, isIdle: boolean): void {
    this.#states.setIdle(this.#sourceIndex(sourceName), isIdle);
  }

  /** An entity has appeared, or the end of one that is known has become known. */
  entity(life: EntityLife): void {
    this.#world.learnEntity(life);
    for (const lane of this.#rules.lanes.all) for (const rule of lane.rules) rule.onEntity(life);
  }

  /** Two entities have become related, or are no longer. */
  relation(fact: RelationFact): void {
    this.#world.learnRelation(fact);
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
    this.#states.progressed(index, timeUs);
    for (const lane of this.#rules.lanes.all) {
      if (lane.sources.includes(index)) this.#advance(lane, this.#watermark(lane));
    }
  }

  /**
   * `count` events of a source never reached the engine, some time up to `timeUs` and, unless
   * `sinceUs` says better, since its last progress. Findings whose story covers that time say so,
   * those that were told before included.
   */
  lost(sourceName: string, count: number, timeUs: number, sinceUs?: number): void {
    const index = this.#sourceIndex(sourceName);
    if (index < 0 || count <= 0) return;
    const fromUs = this.#states.lost(index, count, timeUs, sinceUs);
    this.#ledger.reconsiderLosses(fromUs, timeUs);
  }

  /** Takes what the rings hold, so that they have room again; decides nothing. */
  read(): void {
    for (const input of this.#inputs.values()) {
      this.#counts.filtered += input.read(this.#kinds, this.#hits, (event, count) => {
        this.#options.onRelevant?.(event);
        this.#dispatch(event, count);
      });
    }
  }

  /** Decides everything before `timeUs` whatever the sources' progress: the end of a recording. */
  runUntil(timeUs: number): void {
    this.read();
    for (const lane of this.#rules.lanes.all) {
      this.#advance(lane, timeUs);
      lane.finish(timeUs);
    }
  }

  /**
   * The whole state as bytes. With it and the log from here on another engine for the same bundle
   * goes on as this one would.
   */
  snapshot(): Uint8Array {
    this.read();
    const names = new Map([...this.#rules.externals].map(([name, thing]) => [thing, name]));
    return writeSnapshot(this.#identity, encodeGraph(this.#save(), names));
  }

  /** Takes a snapshot's state in place of its own; a refusal says why and leaves it as it was. */
  restore(bytes: Uint8Array): SnapshotRefusal | undefined {
    const read = readSnapshot(this.#identity, bytes);
    if (!read.ok) return read;
    this.#restore(decodeGraph(read.state, this.#rules.externals) as EngineState);
    return undefined;
  }

  get counters(): EngineCounters {
    let received = 0;
    let dropped = 0;
    let inFlight = 0;
    for (const input of this.#inputs.values()) {
      received += input.received;
      dropped += input.dropped;
      inFlight += input.ring.readable;
    }
    const sum = (of: (r: RuleRunner) => number | undefined) =>
      this.#rules.runners.reduce((n, r) => n + (of(r) ?? 0), 0);
    return {
      received,
      ...this.#counts,
      dropped: dropped + this.#counts.dropped,
      inFlight: inFlight + this.#waiting,
      matches: sum((r) => r.reporter.counters.matches),
      findings: sum((r) => r.reporter.counters.findings),
      provisional: this.#ledger.provisional,
      retracted: this.#ledger.retracted,
      suppressed: sum((r) => r.reporter.suppressor?.suppressed),
      excepted: sum((r) => r.reporter.counters.excepted),
      limited: sum((r) => r.reporter.limiter?.limited),
      evicted: {
        keys: sum((r) => r.matcher.counters.keysEvicted),
        partials: sum((r) => r.matcher.counters.partialsEvicted),
        windowEvents: sum((r) => r.matcher.counters.eventsEvicted),
        suppressors: sum(
          ({ reporter: { suppressor, limiter } }) =>
            (suppressor?.evicted ?? 0) + (limiter?.evicted ?? 0),
        ),
        openFindings: sum((r) => r.reporter.counters.openEvicted) + this.#ledger.forgotten,
        facts: this.#world.forgotten,
        findings: this.#rules.lanes.all.reduce((n, lane) => n + lane.findingsDropped, 0),
      },
    };
  }

  get #identity(): SnapshotIdentity {
    return {
      bundle: this.#options.bundleHash,
      layout: layoutHash(this.#unit.schema),
      params: [...this.#params].map(([name, value]) => `${name}=${keyText(value)}`).join(" "),
    };
  }

  #save(): EngineState {
    return {
      sources: this.#states.save(),
      world: this.#world.save(),
      inputs: new Map([...this.#inputs].map(([source, input]) => [source, input.save()])),
      rules: this.#rules.save(),
      ledger: this.#ledger.save(),
      counts: this.#counts,
      findings: this.#findings,
      waiting: this.#waiting,
    };
  }

  #restore(saved: EngineState): void {
    this.#states.restore(saved.sources);
    this.#world.restore(saved.world);
    for (const [source, input] of saved.inputs) this.#input(source).restore(input);
    this.#rules.restore(saved.rules);
    this.#ledger.restore(saved.ledger);
    this.#counts = saved.counts;
    this.#findings = saved.findings;
    this.#waiting = saved.waiting;
  }

  #sourceIndex(name: string): number {
    return this.#unit.schema.sources.findIndex((s) => s.name === name);
  }

  #input(source: number): RecordInput {
    const known = this.#inputs.get(source);
    if (known) return known;
    const input = new RecordInput({
      unit: this.#unit,
      layouts: this.#layouts,
      interner: this.#interner,
      ring: this.#options.ring ?? defaultRing,
    });
    this.#inputs.set(source, input);
    return input;
  }

  #conclude(rule: CoreRule, kinds: readonly number[], from: number, to: number): Conclusion {
    const conclusion = this.#states.silence(rule.policy, kinds, from, to);
    if (conclusion === "hold") this.#counts.held++;
    if (conclusion === "drop") this.#counts.doubted++;
    return conclusion;
  }

  #dispatch(event: EventData, count: number): void {
    const byLane = this.#hitsByLane(count);
    const shared: InFlight = { event, waiting: 0, fate: "delivered" };
    for (const [lane, hits] of byLane) {
      const fate = lane.offer(shared, hits);
      if (fate !== "delivered") shared.fate = fate;
    }
    if (shared.waiting > 0) this.#waiting++;
    else this.#counts[shared.fate]++;
    this.#tellFate(shared.fate, event);
    this.#rules.feedEager(event, byLane);
  }

  #hitsByLane(count: number): Map<Lane, LaneHits> {
    const byLane = new Map<Lane, LaneHits>();
    const hitsOf = (lane: Lane) => {
      const known = byLane.get(lane) ?? { steps: new Map<number, number[]>(), derives: [] };
      byLane.set(lane, known);
      return known;
    };
    for (let i = 0; i < count; i++) {
      const trigger = this.#triggers[this.#hits[i] ?? -1];
      if (trigger?.sets === "derive") {
        for (const lane of this.#rules.lanes.ofDerive(trigger.derive))
          hitsOf(lane).derives.push(trigger.derive);
      } else if (trigger) {
        const { steps } = hitsOf(this.#rules.lanes.ofRule(trigger.rule));
        const own = steps.get(trigger.rule) ?? [];
        steps.set(trigger.rule, own);
        if (trigger.sets === "step") own.push(trigger.step);
      }
    }
    return byLane;
  }

  #tellFate(fate: Fate, event: EventData): void {
    if (fate === "delivered") return;
    if (fate === "late") {
      this.#options.onLate?.(event);
      this.#ledger.reconsiderLosses(event.ts, event.ts);
      return;
    }
    // A finding over the time of a dropped event must say so.
    const source = this.#unit.schema.kinds[event.kind]?.source ?? -1;
    this.#states.lost(source, 1, event.ts, event.ts);
    this.#ledger.reconsiderLosses(event.ts, event.ts);
  }

  #watermark(lane: Lane): number {
    const own = this.#states.watermark(lane.sources, lane.waitsForIdle);
    return lane.inputs.reduce((least, input) => Math.min(least, input.settled), own);
  }

  #advance(lane: Lane, watermark: number): void {
    lane.advance(watermark, (shared) => {
      if (shared.waiting > 0) return;
      this.#waiting--;
      this.#counts[shared.fate]++;
    });
    for (const rule of this.#rules.eagerIn(lane)) this.#ledger.retract(rule, lane.settled);
  }

  #withLosses(match: EngineMatch): EngineMatch {
    const lane = this.#rules.lanes.ofRule(this.#unit.rules.indexOf(match.rule));
    const from = startOf(match);
    return withLosses(
      this.#unit,
      match,
      (source) =>
        this.#states.lostBetween(source, from, match.at) + lane.lateBetween(source, from, match.at),
    );
  }

  #onFinding(rule: number, told: Told): void {
    this.#ledger.tell(told);
    if (told.match.resolvedAt !== undefined) return;
    const kind = findingKindOf(this.#unit, told.match.rule);
    if (kind < 0) return;
    const { score } = told.reporter.code;
    // Rules come before those over their findings; of equal times the earlier rule's is first.
    const number = rule * 2 ** 32 + this.#findings++;
    const event = findingEvent(this.#unit, told, number, () =>
      score?.(undefined, scopeOf(told.match)),
    );
    if (event) this.#rules.feedFinding(event);
  }
}
