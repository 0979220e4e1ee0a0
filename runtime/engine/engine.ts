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
  fullName,
  keyText,
  layoutHash,
  layoutOf,
  type RelationFact,
  type RuleReload,
  reloadPlan,
  type Schema,
  type Value,
  valued,
  withLosses,
} from "#core";
import { Interner, type RecordWriter } from "#runtime/events";
import { type EngineMatch, scopeOf } from "./code/scope.ts";
import { type GivenUp, GivenUpList } from "./findings/given-up.ts";
import { Ledger, type LedgerInputs } from "./findings/ledger.ts";
import type { Told } from "./findings/reporter.ts";
import { Generation, type GenerationSurroundings } from "./generation.ts";
import { Generations, namesIn } from "./generations.ts";
import { type Fate, type InFlight, type Lane, laneMax } from "./intake/lane.ts";
import { type BrokenRecord, RecordInput } from "./intake/record-input.ts";
import { type Conclusion, type SilenceAsked, SourceStates } from "./intake/source-states.ts";
import { WorldState } from "./intake/world-state.ts";
import { type Reloaded, reloaded } from "./reload/reload.ts";
import { countersOf, noRuleCounters, type RuleCounters } from "./rule-counters.ts";
import type { RuleSet } from "./rule-set.ts";
import { AllExternals, type PackedGeneration, packed, unpacked } from "./state/generation-codec.ts";
import { decodeGraph, encodeGraph } from "./state/graph.ts";
import { bytesOfState } from "./state/measure.ts";
import {
  readSnapshot,
  type SnapshotIdentity,
  type SnapshotRefusal,
  writeSnapshot,
} from "./state/snapshot.ts";
import { HostFailure, type Trouble } from "./trouble.ts";

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
  /**
   * What the engine goes on without; each source and each kind is told of once. Where nobody
   * listens, an error of generated code is thrown.
   */
  onTrouble?(trouble: Trouble): void;
  /** Every event some rule may be about, in the order it was read: what a recording keeps. */
  onRelevant?(event: EventData): void;
}

/** What became of a rule. */
export interface ReloadedRule extends RuleReload {
  /**
   * The time of its events at which the new version takes over, µs: of a drained one matches that
   * begin later are those of the new version.
   */
  readonly atUs: number;
}

/** A bundle that takes the place of the one that runs. */
export type NextBundle = Pick<EngineOptions, "unit" | "matcher" | "bundleHash" | "params">;

export interface MeasuredRule {
  /** `module.rule`. */
  readonly rule: string;
  readonly bytes: number;
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
  /** Events of a time too far ahead of the node's clock. */
  implausible: number;
  /** Events waiting for the watermark, and records not read yet. */
  inFlight: number;
  matches: number;
  findings: number;
  /** Findings that were told before they were certain, and how many of them did not hold. */
  provisional: number;
  retracted: number;
  suppressed: number;
  excepted: number;
  /** Matches that `rate` kept from being reported. */
  limited: number;
  /** Conclusions from silence that were in doubt and not drawn, or thrown away. */
  held: number;
  doubted: number;
  /** Rules whose code failed. */
  stopped: number;
  /** Decisions taken, for lack of room, before all was known that could matter. */
  hurried: number;
  /** State given up for room, by what was given up. */
  evicted: {
    keys: number;
    partials: number;
    windowEvents: number;
    /** Events of runs, which count, but are not shown. */
    evidence: number;
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
  /** Of the current generation, then of the older ones. */
  readonly rules: readonly ReturnType<RuleSet["save"]>[];
  readonly gone: RuleCounters;
  readonly ledger: ReturnType<Ledger["save"]>;
  readonly counts: typeof noCounts;
  readonly findings: number;
  readonly waiting: number;
  readonly missed: Missed | undefined;
}

/** A snapshot's state: that of all generations, and what makes the older ones. */
interface OuterState {
  readonly older: readonly PackedGeneration[];
  readonly state: Uint8Array;
}

/** Between these times, µs, events have come too late or found no room: findings must say so. */
interface Missed {
  readonly from: number;
  readonly to: number;
}

const noCounts = {
  delivered: 0,
  filtered: 0,
  late: 0,
  implausible: 0,
  dropped: 0,
  held: 0,
  doubted: 0,
};

const defaultRing = { slots: 16_384, textBytes: 4 << 20 };

export class Engine {
  #options: EngineOptions;
  /** Over the schema of all generations. */
  #unit: CoreUnit;
  readonly #interner = new Interner();
  readonly #world = new WorldState();
  #states: SourceStates;
  #inputs = new Map<number, RecordInput>();
  #generations: Generations;
  #ledger: Ledger;
  /** What rules counted that are gone. */
  #gone: RuleCounters = noRuleCounters;
  #counts = { ...noCounts };
  #findings = 0;
  #waiting = 0;
  /** What findings have not been told of yet: a flood of late events is told of once. */
  #missed: Missed | undefined;
  readonly #troubles = new Set<string>();
  readonly #givenUp = new GivenUpList();

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#unit = options.unit;
    this.#states = new SourceStates(this.#unit);
    this.#ledger = new Ledger({ ...this.#ledgerInputs, rules: options.unit.rules });
    this.#generations = new Generations(this.#currentOver(options.unit.schema), []);
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

  /**
   * It is `timeUs` by the node's own clock: of what is read from now on times far ahead of that are
   * not believed. A part of the log like progress; without it every time is believed.
   */
  clock(timeUs: number): void {
    this.#states.clock(timeUs);
  }

  /** An entity has appeared, or the end of one that is known has become known. */
  entity(life: EntityLife): void {
    this.#world.learnEntity(life);
    for (const rule of this.#generations.runners) rule.onEntity(life);
  }

  /** Two entities have become related, or are no longer. */
  relation(fact: RelationFact): void {
    this.#world.learnRelation(fact);
  }

  /**
   * Nothing of that source older than `timeUs` minus its lateness will come any more. Reads what
   * was written before the call, then decides what the watermarks allow: progress is part of the
   * log, so its place between the events matters and batching does not. Time that goes back far is
   * that of a clock that was set back: rules over the source begin anew.
   */
  progress(sourceName: string, timeUs: number): void {
    const index = this.#sourceIndex(sourceName);
    if (index < 0) return;
    this.read();
    const advance = this.#states.progressed(index, timeUs);
    if (advance.is === "set back") this.#beginAnew(sourceName, index, advance);
    if (advance.is === "ahead") this.#tellImplausible(sourceName, advance.byUs);
    this.#reconsiderMissed();
    for (const lane of this.#generations.lanesOver(index))
      this.#advance(lane, this.#watermark(lane));
    this.#endDrained();
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
      this.#counts.filtered += input.read(
        this.#generations.kinds,
        this.#generations.hits,
        (event, count) => this.#take(event, count),
        (record) => this.#dropBroken(record),
      );
    }
  }

  /** Decides everything before `timeUs` whatever the sources' progress: the end of a recording. */
  runUntil(timeUs: number): void {
    this.read();
    this.#reconsiderMissed();
    for (const lane of this.#generations.lanes) {
      this.#advance(lane, timeUs);
      lane.finish(timeUs);
      this.#retract(lane, timeUs);
    }
    this.#endDrained();
  }

  /** What was half matched and given up for room, as far as it is remembered. */
  get givenUp(): readonly GivenUp[] {
    return this.#givenUp.all;
  }

  /** Rules that do nothing any more because their code failed, with the reason. */
  get stopped(): ReadonlyMap<CoreRule, string> {
    return new Map(
      this.#generations.runners.flatMap(({ reporter, stopped }) =>
        stopped === undefined ? [] : [[reporter.rule, stopped] as const],
      ),
    );
  }

  /**
   * Puts another bundle in the place of the one that runs, at this point of the log. Nothing is
   * lost of sources, world and waiting events; the plan says what becomes of each rule's state.
   * Writers are to be asked for again when records are laid out otherwise from then on.
   */
  reload(next: NextBundle): ReloadedRule[] {
    this.read();
    const before = this.#generations.current.parts;
    const plan = reloadPlan(before, next);
    const { params } = valued(next.unit, next.params);
    const moved = reloaded({
      old: this.#generations,
      next: { ...next, params },
      plan,
      around: this.#surroundings,
      ledger: this.#ledger,
      ledgerInputs: this.#ledgerInputs,
      newestUs: this.#newestUs(),
    });
    const { runners, lanes } = this.#generations;
    const gone = runners.filter((r) => !moved.carried.has(r));
    this.#gone = countersOf(gone, lanes, this.#gone);
    this.#options = { ...this.#options, ...next, params };
    this.#takeOver(moved);
    return plan.map((p) => ({ ...withReason(p, moved.givenUp.get(p.rule)), atUs: moved.cut(p) }));
  }

  /** The versions of rules, by full name, that end what they have begun. */
  get draining(): readonly string[] {
    return this.#generations.older.flatMap(namesIn);
  }

  /**
   * The whole state as bytes. With it and the log from here on another engine for the same bundle
   * goes on as this one would.
   */
  snapshot(): Uint8Array {
    this.read();
    const { all, older } = this.#generations;
    const names = new Map(
      all.flatMap((g) => [...g.rules.externals].map(([name, thing]) => [thing, name] as const)),
    );
    const state = encodeGraph(this.#save(), names);
    const outer = { older: older.map((g) => packed(g.parts)), state };
    return writeSnapshot(this.#identity, encodeGraph(outer, new Map()));
  }

  /** Takes a snapshot's state in place of its own; a refusal says why and leaves it as it was. */
  restore(bytes: Uint8Array): SnapshotRefusal | undefined {
    const read = readSnapshot(this.#identity, bytes);
    if (!read.ok) return read;
    const outer = decodeGraph(read.state, new Map()) as OuterState;
    const older = outer.older.map((parts) => new Generation(unpacked(parts), this.#surroundings));
    const schema = older[0]?.parts.unit.schema ?? this.#options.unit.schema;
    const generations = new Generations(this.#currentOver(schema), older);
    const externals = new AllExternals(generations.all.map((g) => g.rules.externals));
    const state = decodeGraph(outer.state, externals) as EngineState;
    this.#over(generations, schema);
    this.#restore(state);
    return undefined;
  }

  /** What the state of each rule takes, as its certificate counts it. */
  get measured(): MeasuredRule[] {
    return this.#generations.all.flatMap(({ rules }) => {
      const externals = new Set(rules.externals.values());
      return rules.runners.map((runner) => ({
        rule: fullName(runner.reporter.rule),
        bytes: bytesOfState(
          [runner.save(), rules.eagerOf(runner.index)?.save(), this.#ledger.savedOf(runner.index)],
          externals,
        ),
      }));
    });
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
    const sum = this.#ruleCounters;
    return {
      received,
      ...this.#counts,
      dropped: dropped + this.#counts.dropped,
      inFlight: inFlight + this.#waiting,
      matches: sum.matches,
      findings: sum.findings,
      provisional: this.#ledger.provisional,
      retracted: this.#ledger.retracted,
      suppressed: sum.suppressed,
      excepted: sum.excepted,
      limited: sum.limited,
      stopped: this.stopped.size,
      hurried: sum.hurried,
      evicted: {
        keys: sum.keysEvicted,
        partials: sum.partialsEvicted,
        windowEvents: sum.eventsEvicted,
        evidence: sum.evidenceEvicted,
        suppressors: sum.suppressorsEvicted,
        openFindings: sum.openEvicted + this.#ledger.forgotten,
        facts: this.#world.forgotten,
        findings: sum.findingsDropped,
      },
    };
  }

  get #ruleCounters(): RuleCounters {
    return countersOf(this.#generations.runners, this.#generations.lanes, this.#gone);
  }

  /** What the engine is to the rules of each generation. */
  get #surroundings(): GenerationSurroundings {
    const { startUs, laneEventsMax = laneMax } = this.#options;
    return {
      interner: this.#interner,
      world: this.#world,
      startUs,
      laneEventsMax,
      concludes: (rule, lateBetween) => (kinds, from, to) =>
        this.#conclude(rule, kinds, { from, to, lateBetween }),
      withLosses: (rule, match) => this.#withLosses(rule, match),
      onFinding: (rule, told) => this.#onFinding(rule, told),
      onProvisional: (told) => this.#ledger.tellProvisionally(told),
      onGoingOn: (told, untilUs, isWithheld) => this.#ledger.tellGoingOn(told, untilUs, isWithheld),
      onWithheld: (id) => this.#ledger.withhold(id),
      onStopped: (rule, error) => this.#tellTrouble({ what: "rule stopped", rule, error }),
      onGivenUp: (rule, key, reached, at) => this.#givenUp.add(rule, key, reached, at),
    };
  }

  get #ledgerInputs(): Omit<LedgerInputs, "rules"> {
    return {
      tell: (finding) => this.#host(() => this.#options.onFinding(finding)),
      withLosses: (rule, match) => this.#withLosses(rule, match),
    };
  }

  /** The current bundle over a schema that begins with its own. */
  #currentOver(schema: Schema): Generation {
    const { unit, matcher, bundleHash, params } = this.#options;
    const bundle = { unit: { ...unit, schema }, matcher, bundleHash };
    const own = {
      params: valued(unit, params).params,
      base: 0,
      kinds: undefined,
      rules: undefined,
    };
    return new Generation({ ...bundle, ...own }, this.#surroundings);
  }

  /** The engine is about other generations, whose state is not there yet. */
  #over(generations: Generations, schema: Schema): void {
    this.#generations = generations;
    this.#unit = { ...this.#options.unit, schema };
    this.#states = new SourceStates(this.#unit);
    this.#inputs = new Map();
    const rules = generations.all.flatMap((g) => g.parts.unit.rules);
    this.#ledger = new Ledger({ ...this.#ledgerInputs, rules });
  }

  #takeOver({ generations, ledger, merged, inFlight }: Reloaded): void {
    const [before, inputs, states] = [this.#unit.schema, this.#inputs, this.#states];
    this.#over(generations, merged.schema);
    this.#ledger = ledger;
    this.#states.follow(states, merged.sources);
    const isSameLayout = layoutHash(before) === layoutHash(merged.schema);
    if (isSameLayout) this.#inputs = inputs;
    else
      for (const [source, input] of inputs)
        this.#input(merged.sources[source] ?? source).restore(input.save());
    this.#waiting = inFlight.length;
    for (const shared of inFlight) this.#left(shared);
    for (const life of this.#world.entities)
      for (const rule of generations.runners) if (rule.isNew) rule.onEntity(life);
    this.#endDrained();
  }

  /** By source the latest believable time of what was read, µs. */
  #newestUs(): Map<number, number> {
    return new Map(
      [...this.#inputs].map(([source, { newestUs }]) => [source, this.#states.believed(newestUs)]),
    );
  }

  /** Older generations that have ended all they had begun are gone. */
  #endDrained(): void {
    const { current, older } = this.#generations;
    const ended = older.filter(({ rules }) =>
      rules.lanes.all.every((lane) => lane.rules.every((r) => r.isDrained(lane.watermark))),
    );
    if (ended.length === 0) return;
    const rest = new Generations(
      current,
      older.filter((g) => !ended.includes(g)),
    );
    this.#generations = rest;
    for (const { rules } of ended) {
      this.#gone = countersOf(rules.runners, rules.lanes.all, this.#gone);
      for (const lane of rules.lanes.all) lane.dismiss((shared) => this.#left(shared));
      for (const { index } of rules.runners) {
        this.#ledger.retract(index, Number.POSITIVE_INFINITY);
        this.#ledger.forgetAfter(index, Number.NEGATIVE_INFINITY);
      }
    }
  }

  get #identity(): SnapshotIdentity {
    const { params } = valued(this.#options.unit, this.#options.params);
    return {
      bundle: this.#options.bundleHash,
      layout: layoutHash(this.#options.unit.schema),
      params: [...params].map(([name, value]) => `${name}=${keyText(value)}`).join(" "),
    };
  }

  #save(): EngineState {
    return {
      sources: this.#states.save(),
      world: this.#world.save(),
      inputs: new Map([...this.#inputs].map(([source, input]) => [source, input.save()])),
      rules: this.#generations.all.map((g) => g.rules.save()),
      gone: this.#gone,
      ledger: this.#ledger.save(),
      counts: this.#counts,
      findings: this.#findings,
      waiting: this.#waiting,
      missed: this.#missed,
    };
  }

  #restore(saved: EngineState): void {
    this.#states.restore(saved.sources);
    this.#world.restore(saved.world);
    for (const [source, input] of saved.inputs) this.#input(source).restore(input);
    for (const [i, { rules }] of this.#generations.all.entries()) {
      const own = saved.rules[i];
      if (own) rules.restore(own);
    }
    this.#gone = saved.gone;
    this.#ledger.restore(saved.ledger);
    this.#counts = saved.counts;
    this.#findings = saved.findings;
    this.#waiting = saved.waiting;
    this.#missed = saved.missed;
  }

  #sourceIndex(name: string): number {
    return this.#unit.schema.sources.findIndex((s) => s.name === name);
  }

  #input(source: number): RecordInput {
    const known = this.#inputs.get(source);
    if (known) return known;
    const input = new RecordInput({
      unit: this.#unit,
      layouts: this.#unit.schema.kinds.map(layoutOf),
      interner: this.#interner,
      ring: this.#options.ring ?? defaultRing,
    });
    this.#inputs.set(source, input);
    return input;
  }

  #conclude(rule: CoreRule, kinds: readonly number[], asked: SilenceAsked): Conclusion {
    const conclusion = this.#states.silence(rule.policy, kinds, asked);
    if (conclusion === "hold") this.#counts.held++;
    if (conclusion === "drop") this.#counts.doubted++;
    return conclusion;
  }

  #take(event: EventData, count: number): void {
    const source = this.#unit.schema.kinds[event.kind]?.source ?? -1;
    const aheadUs = this.#states.aheadOf(event.ts);
    if (aheadUs !== undefined) {
      this.#counts.implausible++;
      this.#states.disbelieved(source);
      this.#tellImplausible(this.#unit.schema.sources[source]?.name ?? "?", aheadUs);
      return;
    }
    this.#host(() => this.#options.onRelevant?.(event));
    this.#dispatch(event, count);
  }

  #dropBroken({ kind, ts, error }: BrokenRecord): void {
    const info = this.#unit.schema.kinds[kind];
    const name = info?.name ?? "?";
    this.#counts.dropped++;
    this.#states.lost(info?.source ?? -1, 1, ts, ts);
    this.#miss(ts);
    const trouble: Trouble = { what: "unreadable record", kind: name, error };
    this.#tellOnce(`record ${name}`, trouble);
  }

  #dispatch(event: EventData, count: number): void {
    const byLane = this.#generations.byLane(count);
    const shared: InFlight = { event, waiting: 0, fate: "delivered" };
    for (const [lane, hits] of byLane) {
      const fate = lane.offer(shared, hits);
      if (fate !== "delivered") shared.fate = fate;
    }
    if (shared.waiting > 0) this.#waiting++;
    else this.#counts[shared.fate]++;
    this.#tellFate(shared.fate, event);
    this.#generations.feedEager(event, byLane);
  }

  #tellFate(fate: Fate, event: EventData): void {
    if (fate === "delivered") return;
    this.#miss(event.ts);
    if (fate === "late") {
      this.#host(() => this.#options.onLate?.(event));
      return;
    }
    // A finding over the time of a dropped event must say so.
    const source = this.#unit.schema.kinds[event.kind]?.source ?? -1;
    this.#states.lost(source, 1, event.ts, event.ts);
  }

  #miss(ts: number): void {
    const { from, to } = this.#missed ?? { from: ts, to: ts };
    this.#missed = { from: Math.min(from, ts), to: Math.max(to, ts) };
  }

  #reconsiderMissed(): void {
    const missed = this.#missed;
    this.#missed = undefined;
    if (missed) this.#ledger.reconsiderLosses(missed.from, missed.to);
  }

  /**
   * The clock of a source was set back to `toUs`: what rules over it hold is of times that come
   * again, so they forget it. What they tell of times around the step says so.
   */
  #beginAnew(name: string, source: number, { toUs, byUs }: { toUs: number; byUs: number }): void {
    for (const lane of this.#generations.lanesOver(source)) {
      lane.restart((shared) => this.#left(shared));
      for (const rule of lane.rules) {
        this.#ledger.retract(rule.index, Number.POSITIVE_INFINITY);
        this.#ledger.forgetAfter(rule.index, toUs);
        this.#generations.of(lane).rules.restart(rule, toUs);
        for (const life of this.#world.entities) rule.onEntity(life);
      }
    }
    this.#tellTrouble({ what: "clock set back", source: name, byUs });
  }

  /** A lane has done with an event. */
  #left(shared: InFlight): void {
    if (shared.waiting > 0) return;
    this.#waiting--;
    this.#counts[shared.fate]++;
  }

  #tellImplausible(source: string, aheadUs: number): void {
    this.#tellOnce(`time ${source}`, { what: "implausible time", source, aheadUs });
  }

  #tellOnce(about: string, trouble: Trouble): void {
    if (this.#troubles.has(about)) return;
    this.#troubles.add(about);
    this.#tellTrouble(trouble);
  }

  #tellTrouble(trouble: Trouble): void {
    const { onTrouble } = this.#options;
    if (onTrouble) this.#host(() => onTrouble(trouble));
    else if ("error" in trouble) throw new HostFailure(trouble.error);
  }

  /** What whoever runs the engine throws must not count as a rule's failure. */
  #host(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      throw error instanceof HostFailure ? error : new HostFailure(error);
    }
  }

  #watermark(lane: Lane): number {
    const own = this.#states.watermark(lane.sources, lane.waitsForIdle);
    const inputs = this.#generations.inputsOf(lane);
    return inputs.reduce((least, input) => Math.min(least, input.settled), own);
  }

  #advance(lane: Lane, watermark: number): void {
    lane.advance(watermark, (shared) => this.#left(shared));
    this.#retract(lane, lane.settled);
  }

  /** What rules of `lane` told provisionally and have not confirmed before `settledUs` is void. */
  #retract(lane: Lane, settledUs: number): void {
    for (const rule of lane.rules) {
      if (!rule.tellsProvisionally) continue;
      // A rule that was stopped confirms nothing any more.
      const untilUs = rule.stopped === undefined ? settledUs : Number.POSITIVE_INFINITY;
      this.#ledger.retract(rule.index, untilUs);
    }
  }

  #withLosses(rule: number, match: EngineMatch): EngineMatch {
    const lane = this.#generations.ofRule(rule)?.rules.lanes.ofRule(rule);
    if (!lane) return match;
    return withLosses(this.#unit, match, {
      lostSince: (source, from) => this.#lostBetween(lane, source, from, match.at),
      isSetBackSince: (source, from) => this.#states.isSetBackBetween(source, from, match.at),
    });
  }

  /** What came too late for the lane is as good as lost to it. */
  #lostBetween(lane: Lane, source: number, from: number, to: number): number {
    return this.#states.lostBetween(source, from, to) + lane.lateBetween(source, from, to);
  }

  #onFinding(rule: number, told: Told): void {
    this.#ledger.tell(told);
    if (told.match.resolvedAt !== undefined) return;
    const { score } = told.reporter.code;
    // Rules come before those over their findings; of equal times the earlier rule's is first.
    const number = rule * 2 ** 32 + this.#findings++;
    const event = findingEvent(this.#unit, told, number, () =>
      score?.(undefined, scopeOf(told.match)),
    );
    if (event) this.#generations.feedFinding(event);
  }
}

/** The plan's word on a rule, and why the state of its old version is given up after all. */
function withReason(entry: RuleReload, reason: string | undefined): RuleReload {
  if (reason === undefined) return entry;
  return { ...entry, reasons: [...entry.reasons, `what it has begun is given up: ${reason}`] };
}
