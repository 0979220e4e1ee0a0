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
  engineCannot,
  engineUnit,
  type Finding,
  findingEvent,
  findingKindOf,
  layoutOf,
  type RelationFact,
  triggersOf,
  type Value,
  withLosses,
} from "#core";
import { Interner, type RecordWriter } from "#runtime/events";
import { EagerRunner } from "./eager-runner.ts";
import { type Fate, type InFlight, type Lane, type LaneHits, laneMax } from "./lane.ts";
import { Lanes } from "./lanes.ts";
import { Ledger } from "./ledger.ts";
import { type KindFunction, loadMatcher, type MatcherCode, type RuleCode } from "./matcher.ts";
import { createMatcher } from "./matchers.ts";
import { RecordInput } from "./record-input.ts";
import { Reporter, type Told } from "./reporter.ts";
import { RuleRunner } from "./rule-runner.ts";
import { type EngineMatch, scopeOf, startOf } from "./scope.ts";
import { SourceStates } from "./source-states.ts";
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
  };
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
  readonly #lanes: Lanes;
  readonly #ledger: Ledger;
  /** By number of the rule: those that tell what they find on arrival. */
  readonly #eager = new Map<number, EagerRunner>();
  readonly #kinds: (readonly KindFunction[] | undefined)[] = [];
  readonly #triggers;
  readonly #hits: Int32Array;
  readonly #counts = { delivered: 0, filtered: 0, late: 0, dropped: 0, held: 0, doubted: 0 };
  #findings = 0;
  #waiting = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#unit = engineUnit(options.unit);
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
    this.#lanes = new Lanes({
      unit: this.#unit,
      derives: this.#code.derives,
      eventsMax: options.laneEventsMax ?? laneMax,
    });
    this.#ledger = new Ledger({
      tell: (finding) => options.onFinding(finding),
      withLosses: (match) => this.#withLosses(match),
      ruleIndex: ({ match }) => this.#unit.rules.indexOf(match.rule),
    });
    for (const [index, rule] of this.#unit.rules.entries()) this.#addRule(index, rule);
  }

  /** Rules of the unit that generated code cannot run yet, each with the form that it lacks. */
  get unavailable(): readonly { readonly rule: CoreRule; readonly reason: string }[] {
    const { unit } = this.#options;
    return unit.rules.flatMap((rule) => {
      const reason = engineCannot(unit, rule);
      return reason === undefined ? [] : [{ rule, reason }];
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
    for (const lane of this.#lanes.all) for (const rule of lane.rules) rule.onEntity(life);
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
    for (const lane of this.#lanes.all) {
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
    this.#states.lost(index, count, timeUs, sinceUs);
    this.#ledger.reconsiderLosses();
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
    for (const lane of this.#lanes.all) {
      this.#advance(lane, timeUs);
      lane.finish(timeUs);
    }
  }

  get counters(): EngineCounters {
    let received = 0;
    let dropped = 0;
    let inFlight = 0;
    for (const { ring } of this.#inputs.values()) {
      received += ring.counters.written + ring.counters.dropped;
      dropped += ring.counters.dropped;
      inFlight += ring.readable;
    }
    const rules = this.#lanes.all.flatMap((l) => l.rules);
    const sum = (of: (r: RuleRunner) => number | undefined) =>
      rules.reduce((n, r) => n + (of(r) ?? 0), 0);
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
      },
    };
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

  #addRule(index: number, rule: CoreRule): void {
    const code = this.#code.rules[index];
    if (!code) throw new Error(`the matcher has no code for rule ${rule.name}`);
    const reporter = new Reporter({
      unit: this.#unit,
      rule,
      code,
      params: this.#params,
      bundleHash: this.#options.bundleHash,
      onFinding: (told) => this.#onFinding(index, told),
    });
    const matcher = createMatcher({
      unit: this.#unit,
      rule,
      pattern: rule.pattern,
      code,
      params: this.#params,
      startUs: this.#options.startUs,
      emit: (match) => reporter.onMatch(this.#withLosses(match)),
      concludes: (kinds, from, to) => {
        const conclusion = this.#states.silence(rule.policy, kinds, from, to);
        if (conclusion === "hold") this.#counts.held++;
        if (conclusion === "drop") this.#counts.doubted++;
        return conclusion;
      },
    });
    const runner = new RuleRunner({ index, matcher, reporter, resolveStep: code.resolveStep });
    this.#lanes.add(runner, rule);
    if (rule.policy.emit === "eager") this.#addEager(index, rule, code);
  }

  /** The same rule once more, on events as they arrive. */
  #addEager(index: number, rule: CoreRule, code: RuleCode): void {
    const once: CoreRule = { ...rule, resolve: undefined };
    const reporter = new Reporter({
      unit: this.#unit,
      rule: once,
      code,
      params: this.#params,
      bundleHash: this.#options.bundleHash,
      onFinding: (told) =>
        this.#ledger.tellProvisionally({ ...told, match: { ...told.match, rule } }),
    });
    const matcher = createMatcher({
      unit: this.#unit,
      rule: once,
      pattern: rule.pattern,
      code,
      params: this.#params,
      startUs: this.#options.startUs,
      emit: (match) => reporter.onMatch(match),
      concludes: () => "sound",
    });
    this.#eager.set(index, new EagerRunner(this.#unit, matcher));
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
    if (this.#eager.size > 0) this.#feedEager(event, byLane);
  }

  #feedEager(event: EventData, byLane: ReadonlyMap<Lane, LaneHits>): void {
    for (const [rule, eager] of this.#eager) {
      const lane = this.#lanes.ofRule(rule);
      const hits = byLane.get(lane);
      const steps = hits?.steps.get(rule);
      if (steps) eager.onEvent(event, steps);
      for (const made of lane.derived(event, hits?.derives ?? []))
        eager.onEvent(made, this.#lanes.stepsFor(made.kind, rule));
    }
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
        for (const lane of this.#lanes.ofDerive(trigger.derive))
          hitsOf(lane).derives.push(trigger.derive);
      } else if (trigger) {
        const { steps } = hitsOf(this.#lanes.ofRule(trigger.rule));
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
      this.#ledger.reconsiderLosses();
      return;
    }
    // A finding over the time of a dropped event must say so.
    const source = this.#unit.schema.kinds[event.kind]?.source ?? -1;
    this.#states.lost(source, 1, event.ts, event.ts);
    this.#ledger.reconsiderLosses();
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
    for (const { index } of this.#eager.size > 0 ? lane.rules : [])
      if (this.#eager.has(index)) this.#ledger.retract(index, lane.settled);
  }

  #withLosses(match: EngineMatch): EngineMatch {
    const lane = this.#lanes.ofRule(this.#unit.rules.indexOf(match.rule));
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
    if (!event) return;
    for (const lane of this.#lanes.overKind(kind)) lane.offerFinding(event);
    for (const [over, eager] of this.#eager) eager.onEvent(event, this.#lanes.stepsFor(kind, over));
  }
}
