/**
 * How the sources fare: progress, silence, losses. Everything the engine knows of time is here; it
 * comes from the sources and never from a clock.
 */
import { type CoreUnit, type Policy, sourcesOf } from "#core";

/** `sound`: the silence is proven; the others are what the policy says of one that is not. */
export type Conclusion = "sound" | Policy["onLoss"];

/** `count` events never arrived, of a time between `from` and `to`, µs. */
interface Loss {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

export interface SourceState {
  progressUs: number;
  isIdle: boolean;
  isAvailable: boolean;
  /** The most recent ones. */
  readonly losses: Loss[];
}

/** Losses remembered for each source; older ones are forgotten. */
const lossesKept = 256;

export class SourceStates {
  readonly #unit: CoreUnit;
  #states: SourceState[];

  constructor(unit: CoreUnit) {
    this.#unit = unit;
    this.#states = unit.schema.sources.map(() => ({
      progressUs: Number.NEGATIVE_INFINITY,
      isIdle: false,
      isAvailable: true,
      losses: [],
    }));
  }

  save(): readonly SourceState[] {
    return this.#states;
  }

  restore(states: readonly SourceState[]): void {
    this.#states = [...states];
  }

  setAvailable(source: number, isAvailable: boolean): void {
    const state = this.#states[source];
    if (state) state.isAvailable = isAvailable;
  }

  setIdle(source: number, isIdle: boolean): void {
    const state = this.#states[source];
    if (state) state.isIdle = isIdle;
  }

  progressed(source: number, timeUs: number): void {
    const state = this.#states[source];
    if (state) state.progressUs = Math.max(state.progressUs, timeUs);
  }

  /**
   * Without `from` the events may be as old as the source's last progress. Returns the earliest
   * time that they may be of, µs.
   */
  lost(source: number, count: number, to: number, from?: number): number {
    const state = this.#states[source];
    if (!state) return to;
    const earliest = Math.min(to, from ?? state.progressUs);
    state.losses.push({ from: earliest, to, count });
    if (state.losses.length > lossesKept) state.losses.shift();
    return earliest;
  }

  /**
   * Nothing older than this will still come from any of `sources`, µs. A source nobody has heard of
   * yet may still deliver anything; one that is not available is not waited for.
   */
  watermark(sources: readonly number[], waitsForIdle: boolean): number {
    let watermark = Number.POSITIVE_INFINITY;
    for (const source of sources) {
      const state = this.#states[source];
      if (!state?.isAvailable || (state.isIdle && !waitsForIdle)) continue;
      watermark = Math.min(watermark, state.progressUs - this.#lateness(source));
    }
    return watermark === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : watermark;
  }

  /** How many events `source` may have lost between two times, µs, both included. */
  lostBetween(source: number, from: number, to: number): number {
    const near = this.#states[source]?.losses.filter((l) => l.to >= from && l.from <= to) ?? [];
    return near.reduce((n, l) => n + l.count, 0);
  }

  /** Whether "no event of `kinds` in (from, to]" may be concluded under `policy`. */
  silence(policy: Policy, kinds: readonly number[], from: number, to: number): Conclusion {
    const sources = sourcesOf(this.#unit, kinds);
    const isIdle = sources.some((s) => {
      const state = this.#states[s];
      // A source that does not run proves no silence, either.
      const isSilent = state && (state.isIdle || !state.isAvailable);
      return isSilent && to >= state.progressUs - this.#lateness(s);
    });
    const isLossy = sources.some((s) => this.lostBetween(s, from, to) > 0);
    const policies = [...(isIdle ? [policy.onIdle] : []), ...(isLossy ? [policy.onLoss] : [])];
    if (policies.includes("hold")) return "hold";
    if (policies.includes("drop")) return "drop";
    return policies.includes("flag") ? "flag" : "sound";
  }

  #lateness(source: number): number {
    return this.#unit.schema.sources[source]?.latenessUs ?? 0;
  }
}
