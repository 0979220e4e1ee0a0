/**
 * Rules that need the same sources share a lane: one reorder buffer and one watermark. Events leave
 * it in the total order ≺ once the watermark has passed them; deadlines are decided in between.
 *
 *     sources ─► waiting events ─► derived events ─► rules ─► findings ─► lanes of rules over them
 *                 (in order ≺)
 */
import { type CoreUnit, compareEvents, type EventData } from "#core";
import { Heap } from "../collections/heap.ts";
import type { RuleRunner } from "../rule-runner.ts";
import type { Deriver } from "./deriver.ts";
import { LostTimes } from "./lost-times.ts";

/** What became of an event: the worst of what its lanes say. */
export type Fate = "delivered" | "late" | "dropped";

/** An event in flight; shared by the lanes it waits in. */
export interface InFlight {
  readonly event: EventData;
  /** Lanes that have not processed it yet. */
  waiting: number;
  fate: Fate;
}

/** What of a lane an event may be for. */
export interface LaneHits {
  /** By number of the rule its steps, in the order of `heardSteps`. */
  readonly steps: Map<number, number[]>;
  readonly derives: number[];
}

interface Waiting {
  readonly shared: InFlight;
  readonly hits: LaneHits;
}

/**
 * Events a lane holds while it waits for progress: days of ordinary traffic, and a bound when a
 * silence fills it; then new events are dropped, counted, and findings say so.
 */
export const laneMax = 262_144;

export interface LaneInputs {
  readonly unit: CoreUnit;
  /** Indexes of the sources the lane's rules need, ascending. */
  readonly sources: readonly number[];
  /** Whether idle sources hold the lane back: its rules conclude something from silence. */
  readonly waitsForIdle: boolean;
  /** Lanes whose findings the rules are over. */
  readonly inputs: readonly Lane[];
  readonly deriver: Deriver;
  /** Steps that events made of others (derived, findings) are for, by kind and rule. */
  readonly madeSteps: ReadonlyMap<number, ReadonlyMap<number, readonly number[]>>;
  readonly eventsMax: number;
}

export class Lane {
  readonly rules: RuleRunner[] = [];
  readonly sources: readonly number[];
  readonly waitsForIdle: boolean;
  readonly inputs: readonly Lane[];
  watermark = Number.NEGATIVE_INFINITY;
  /** Findings that found no room as events for the rules over them. */
  findingsDropped = 0;
  readonly #lane: LaneInputs;
  readonly #waiting: Heap<Waiting>;
  /** By source the times of events that came too late for the lane. */
  readonly #lates = new Map<number, LostTimes>();

  constructor(lane: LaneInputs) {
    this.#lane = lane;
    this.sources = lane.sources;
    this.waitsForIdle = lane.waitsForIdle;
    this.inputs = lane.inputs;
    const { schema } = lane.unit;
    this.#waiting = new Heap((a, b) => compareEvents(schema, a.shared.event, b.shared.event) < 0);
  }

  save() {
    const lates = new Map([...this.#lates].map(([source, times]) => [source, times.items]));
    return { watermark: this.watermark, waiting: this.#waiting.items, lates };
  }

  restore(saved: ReturnType<Lane["save"]>): void {
    this.watermark = saved.watermark;
    this.#waiting.replace(saved.waiting);
    this.#lates.clear();
    for (const [source, times] of saved.lates) this.#latesOf(source).replace(times);
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** No finding of the lane's rules before this time is still to come, µs. */
  get settled(): number {
    return this.rules.reduce(
      (least, rule) => Math.min(least, rule.settled(this.watermark)),
      this.watermark,
    );
  }

  /** Takes the event, unless the watermark has passed it or the lane is full. */
  offer(shared: InFlight, hits: LaneHits): Fate {
    const { event } = shared;
    if (event.ts < this.watermark) {
      const source = this.#lane.unit.schema.kinds[event.kind]?.source ?? -1;
      this.#latesOf(source).add(event.ts, event.ts, 1);
      return "late";
    }
    if (this.#waiting.size >= this.#lane.eventsMax) return "dropped";
    shared.waiting++;
    this.#waiting.push({ shared, hits });
    return "delivered";
  }

  /** Takes a finding of an input lane as an event. */
  offerFinding(event: EventData): void {
    const steps = new Map<number, number[]>();
    for (const [rule, own] of this.#lane.madeSteps.get(event.kind) ?? []) steps.set(rule, [...own]);
    if (steps.size === 0) return;
    if (this.#waiting.size >= this.#lane.eventsMax) {
      this.findingsDropped++;
      return;
    }
    const shared: InFlight = { event, waiting: 1, fate: "delivered" };
    this.#waiting.push({ shared, hits: { steps, derives: [] } });
  }

  /** How many events of `source` between two times, both included, came too late for the lane. */
  lateBetween(source: number, from: number, to: number): number {
    return this.#lates.get(source)?.between(from, to) ?? 0;
  }

  /** Decides everything before `watermark`; `done` hears of each event of a source. */
  advance(watermark: number, done: (shared: InFlight) => void): void {
    if (watermark <= this.watermark) return;
    for (;;) {
      const next = this.#waiting.peek();
      const at = next && next.shared.event.ts < watermark ? next.shared.event.ts : watermark;
      this.#fireBefore(at);
      if (!next || next.shared.event.ts >= watermark) break;
      this.#waiting.pop();
      this.#process(next);
      next.shared.waiting--;
      if (!this.#isMade(next.shared.event)) done(next.shared);
    }
    this.watermark = watermark;
  }

  /** Forgets what waits and how far it has come; `dropped` hears of each event of a source. */
  restart(dropped: (shared: InFlight) => void): void {
    const waiting = this.#waiting.items;
    this.#waiting.replace([]);
    this.#lates.clear();
    this.watermark = Number.NEGATIVE_INFINITY;
    for (const { shared } of waiting) {
      shared.waiting--;
      shared.fate = "dropped";
      if (!this.#isMade(shared.event)) dropped(shared);
    }
  }

  /** Its rules have ended: nothing waits here any more; `done` hears of each event of a source. */
  dismiss(done: (shared: InFlight) => void): void {
    const waiting = this.#waiting.items;
    this.#waiting.replace([]);
    for (const { shared } of waiting) {
      shared.waiting--;
      if (!this.#isMade(shared.event)) done(shared);
    }
  }

  /** The log ends: what is before `watermark` is decided without waiting for more. */
  finish(watermark: number): void {
    for (const rule of this.rules) rule.finish(watermark);
  }

  /** What is made of `event` by `derives`; rules over what cannot be made are stopped. */
  derived(event: EventData, derives: readonly number[]): EventData[] {
    if (derives.length === 0) return [];
    try {
      return this.#lane.deriver.derived(event, derives);
    } catch (error) {
      for (const rule of this.rules) if (this.#isOverDerived(rule)) rule.stop(error);
      return [];
    }
  }

  #process({ shared: { event }, hits }: Waiting): void {
    for (const rule of this.rules) {
      const own = hits.steps.get(rule.index);
      if (own) rule.onEvent(event, own);
    }
    for (const made of this.derived(event, hits.derives)) {
      const steps = this.#lane.madeSteps.get(made.kind);
      for (const rule of this.rules) {
        const own = steps?.get(rule.index);
        if (own) rule.onEvent(made, own);
      }
    }
  }

  #isOverDerived(rule: RuleRunner): boolean {
    const { unit, madeSteps } = this.#lane;
    return [...madeSteps].some(
      ([kind, byRule]) => unit.schema.kinds[kind]?.made === "derived" && byRule.has(rule.index),
    );
  }

  #latesOf(source: number): LostTimes {
    const known = this.#lates.get(source) ?? new LostTimes();
    this.#lates.set(source, known);
    return known;
  }

  #isMade(event: EventData): boolean {
    return this.#lane.unit.schema.kinds[event.kind]?.made !== undefined;
  }

  #fireBefore(at: number): void {
    for (const rule of this.rules) rule.fireBefore(at);
  }
}
