/**
 * Rules that need the same sources share a lane: one reorder buffer and one watermark. Events leave
 * it in the total order ≺ once the watermark has passed them; deadlines are decided in between.
 */
import { type CoreUnit, compareEvents, type EventData } from "#core";
import { Heap } from "./heap.ts";

export interface LaneRule {
  readonly index: number;
  onEvent(event: EventData, hits: readonly number[]): void;
  readonly nextDeadline: number;
  fireDeadline(): void;
}

/** What became of an event: the worst of what its lanes say. */
export type Fate = "delivered" | "late" | "dropped";

/** An event in flight; shared by the lanes it waits in. */
export interface InFlight {
  readonly event: EventData;
  waiting: number;
  fate: Fate;
}

interface Waiting {
  readonly shared: InFlight;
  /** Rule in this lane → steps the event may be for. */
  readonly hits: ReadonlyMap<number, readonly number[]>;
}

/**
 * Events a lane holds at most. A source that lags or is silent under a rule that concludes from
 * silence fills it; then new events are dropped, counted, and findings say so.
 */
export const laneMax = 262_144;

export class Lane {
  readonly sources: readonly number[];
  /** Whether a rule concludes something from silence; then idle sources hold it back. */
  readonly concludesFromSilence: boolean;
  readonly rules: LaneRule[] = [];
  watermark = Number.NEGATIVE_INFINITY;
  readonly #max: number;
  #waiting: Heap<Waiting>;

  constructor(
    unit: CoreUnit,
    sources: readonly number[],
    concludesFromSilence: boolean,
    max = laneMax,
  ) {
    this.#max = max;
    this.sources = sources;
    this.concludesFromSilence = concludesFromSilence;
    this.#waiting = new Heap(
      (a, b) => compareEvents(unit.schema, a.shared.event, b.shared.event) < 0,
    );
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Takes the event, unless the watermark has passed it or the lane is full. */
  offer(shared: InFlight, hits: ReadonlyMap<number, readonly number[]>): Fate {
    if (shared.event.ts < this.watermark) return "late";
    if (this.#waiting.size >= this.#max) return "dropped";
    shared.waiting++;
    this.#waiting.push({ shared, hits });
    return "delivered";
  }

  /** Decides everything before `watermark`; returns how many events were done with. */
  advance(watermark: number, done: (shared: InFlight) => void): void {
    if (watermark <= this.watermark) return;
    for (;;) {
      const next = this.#waiting.peek();
      const at = next && next.shared.event.ts < watermark ? next.shared.event.ts : watermark;
      this.#fireBefore(at);
      if (!next || next.shared.event.ts >= watermark) break;
      this.#waiting.pop();
      for (const rule of this.rules) {
        const hits = next.hits.get(rule.index);
        if (hits) rule.onEvent(next.shared.event, hits);
      }
      next.shared.waiting--;
      done(next.shared);
    }
    this.watermark = watermark;
  }

  #fireBefore(at: number): void {
    for (const rule of this.rules) {
      while (rule.nextDeadline < at) rule.fireDeadline();
    }
  }
}
