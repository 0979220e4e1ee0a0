/**
 * How the sources fare: progress, silence, losses. Everything the engine knows of time is here; it
 * comes from the sources and never from a clock.
 */
import { type CoreUnit, clockStepUs, type Policy, sourcesOf } from "#core";
import { LostTimes } from "./lost-times.ts";

/** `sound`: the silence is proven; the others are what the policy says of one that is not. */
export type Conclusion = "sound" | Policy["onLoss"];

export interface SourceState {
  progressUs: number;
  isIdle: boolean;
  isAvailable: boolean;
  /** The time to which its clock was last set back, µs. */
  setBackTo: number | undefined;
  /** Times of events that never arrived. */
  readonly losses: LostTimes;
}

/** What a source's telling of its progress means. */
export type Advance =
  | { readonly is: "believed" }
  | { readonly is: "set back"; readonly toUs: number; readonly byUs: number }
  | { readonly is: "ahead"; readonly byUs: number };

/** How far ahead of the node's clock a time may be, µs. */
export const aheadMaxUs = 3_600_000_000;

/** How many events of a source between two times, µs, both included, came too late. */
export type LateBetween = (source: number, from: number, to: number) => number;

export interface SilenceAsked {
  /** µs. */
  readonly from: number;
  readonly to: number;
  readonly lateBetween: LateBetween;
}

export class SourceStates {
  readonly #unit: CoreUnit;
  readonly #states: SourceState[];
  /** The node's clock, as it was last told, µs. */
  #clockUs = Number.POSITIVE_INFINITY;

  constructor(unit: CoreUnit) {
    this.#unit = unit;
    this.#states = unit.schema.sources.map(() => ({
      progressUs: Number.NEGATIVE_INFINITY,
      isIdle: false,
      isAvailable: true,
      setBackTo: undefined,
      losses: new LostTimes(),
    }));
  }

  save() {
    return this.#states.map((s) => ({ ...s, losses: s.losses.items }));
  }

  restore(saved: ReturnType<SourceStates["save"]>): void {
    for (const [i, { losses, ...rest }] of saved.entries()) {
      const state = this.#states[i];
      if (!state) continue;
      Object.assign(state, rest);
      state.losses.replace(losses);
    }
  }

  /** Goes on from states of another schema; `sources` has the new number of each source. */
  follow(old: SourceStates, sources: readonly number[]): void {
    const saved = old.save();
    for (const [from, to] of sources.entries()) {
      const own = saved[from];
      const state = this.#states[to];
      if (!own || !state) continue;
      const { losses, ...rest } = own;
      Object.assign(state, rest);
      state.losses.replace(losses);
    }
    this.#clockUs = old.#clockUs;
  }

  /** It is `timeUs` by the node's clock: what is far beyond that is not believed from now on. */
  clock(timeUs: number): void {
    this.#clockUs = timeUs;
  }

  /** How much further ahead than may be believed a time is, µs; undefined for one that may be. */
  aheadOf(timeUs: number): number | undefined {
    return timeUs > this.#clockUs + aheadMaxUs ? timeUs - this.#clockUs : undefined;
  }

  /** `timeUs`, or the latest time that is believed. */
  believed(timeUs: number): number {
    return Math.min(timeUs, this.#clockUs + aheadMaxUs);
  }

  /** An event of an unbelievable time: it belongs somewhere between the last progress and now. */
  disbelieved(source: number): void {
    const state = this.#states[source];
    state?.losses.add(Math.min(state.progressUs, this.#clockUs), this.#clockUs, 1);
  }

  setAvailable(source: number, isAvailable: boolean): void {
    const state = this.#states[source];
    if (state) state.isAvailable = isAvailable;
  }

  setIdle(source: number, isIdle: boolean): void {
    const state = this.#states[source];
    if (state) state.isIdle = isIdle;
  }

  /** Of progress that is not believed counts what the node's clock says. */
  progressed(source: number, timeUs: number): Advance {
    const state = this.#states[source];
    const byUs = this.aheadOf(timeUs);
    const believedUs = byUs === undefined ? timeUs : this.#clockUs;
    if (!state) return { is: "believed" };
    const backUs = state.progressUs - believedUs;
    if (backUs > clockStepUs) {
      state.progressUs = believedUs;
      state.setBackTo = believedUs;
      state.losses.forgetAfter(believedUs);
      return { is: "set back", toUs: believedUs, byUs: backUs };
    }
    state.progressUs = Math.max(state.progressUs, believedUs);
    return byUs === undefined ? { is: "believed" } : { is: "ahead", byUs };
  }

  /** Whether the clock of `source` was set back at a time between two, µs, both included. */
  isSetBackBetween(source: number, from: number, to: number): boolean {
    const at = this.#states[source]?.setBackTo;
    return at !== undefined && from <= at && to >= at;
  }

  /**
   * Without `from` the events may be as old as the source's last progress. Returns the earliest
   * time that they may be of, µs.
   */
  lost(source: number, count: number, to: number, from?: number): number {
    const state = this.#states[source];
    if (!state) return to;
    const earliest = Math.min(to, from ?? state.progressUs);
    state.losses.add(earliest, to, count);
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
    return this.#states[source]?.losses.between(from, to) ?? 0;
  }

  /**
   * Whether "no event of `kinds` in (from, to]" may be concluded under `policy`. `lateBetween` is
   * what came too late for whoever concludes: as good as lost.
   */
  silence(
    policy: Policy,
    kinds: readonly number[],
    { from, to, lateBetween }: SilenceAsked,
  ): Conclusion {
    const sources = sourcesOf(this.#unit, kinds);
    const isIdle = sources.some((s) => {
      const state = this.#states[s];
      // A source that does not run proves no silence, either.
      const isSilent = state && (state.isIdle || !state.isAvailable);
      return isSilent && to >= state.progressUs - this.#lateness(s);
    });
    const isLossy = sources.some(
      // What begins with the step is watched as a whole.
      (s) =>
        this.lostBetween(s, from, to) + lateBetween(s, from, to) > 0 ||
        this.isSetBackBetween(s, from + 1, to),
    );
    const policies = [...(isIdle ? [policy.onIdle] : []), ...(isLossy ? [policy.onLoss] : [])];
    if (policies.includes("hold")) return "hold";
    if (policies.includes("drop")) return "drop";
    return policies.includes("flag") ? "flag" : "sound";
  }

  #lateness(source: number): number {
    return this.#unit.schema.sources[source]?.latenessUs ?? 0;
  }
}
