/**
 * What is kept of the exact span of a sliding window, as far as comparisons tell it apart (LANGUAGE
 * C.9): the newest times for `count() >= N`, the values seen last for `distinct(x) >= N`, and the
 * newest value for `last(x)`.
 */
import { keyText, type Value } from "#core";
import type { Entry } from "./form.ts";
import type { WindowGauges, WindowSample } from "./gauges.ts";

/** The newest times in a ring: its oldest is at `next` when it is full. */
interface Stamps {
  times: Float64Array;
  next: number;
  size: number;
}

export interface ExactState {
  /** By number of the gauge, of those that are kept so. */
  readonly stamps: Map<number, Stamps>;
  /** Time each value was seen last, the one seen longest ago first. */
  readonly seen: Map<number, Map<string, number>>;
  readonly newest: Map<number, Entry>;
  /** How many are kept where fewer would do, because another version of the rule kept more. */
  readonly room: Map<number, number>;
}

/** What an exact gauge comes to. */
export type ExactValue = Value | Iterable<string>;

export class ExactGauges {
  readonly #gauges: WindowGauges;
  /** Numbers of the exact gauges. */
  readonly kept: readonly number[];
  readonly #limits: readonly number[];

  /** `most`: how many are kept where no comparison says how many are needed. */
  constructor(gauges: WindowGauges, most: number) {
    this.#gauges = gauges;
    this.kept = gauges.unlogged((g) => !g.agg.isPaned);
    this.#limits = gauges.limits.map((l) => l ?? most);
  }

  begin(): ExactState {
    return { stamps: new Map(), seen: new Map(), newest: new Map(), room: new Map() };
  }

  add(state: ExactState, sample: WindowSample): void {
    for (const index of this.kept) {
      if (!sample.isTaken(index)) continue;
      const { fn } = this.#gauges.gauges[index]?.agg ?? {};
      if (fn === "count") stamp(state.stamps, index, sample.ts, this.#limit(state, index));
      else this.#addValue(state, index, { ts: sample.ts, value: sample.value(index) });
    }
  }

  /**
   * The state is that of another version. What it holds is still counted when the next event makes
   * a condition true that asks for less.
   */
  takeOver(state: ExactState): void {
    for (const index of this.kept) {
      const held = state.stamps.get(index)?.size ?? state.seen.get(index)?.size ?? 0;
      if (held >= this.#limit(state, index)) state.room.set(index, held + 1);
    }
  }

  #limit({ room }: ExactState, index: number): number {
    return room.get(index) ?? this.#limits[index] ?? 1;
  }

  /** What gauge `index` comes to over what is later than `from`, µs. */
  value(state: ExactState, index: number, from: number): Value {
    const { fn } = this.#gauges.gauges[index]?.agg ?? {};
    if (fn === "count") return countAfter(state.stamps.get(index), from);
    if (fn === "distinct") return [...this.seen(state, index, from)].length;
    const newest = state.newest.get(index);
    return newest && newest.ts > from ? newest.value : undefined;
  }

  /** The values of a `distinct` that were seen later than `from`, µs. */
  *seen(state: ExactState, index: number, from: number): Iterable<string> {
    for (const [text, ts] of state.seen.get(index) ?? []) if (ts > from) yield text;
  }

  /** The same, and of a `distinct` the values. */
  known(state: ExactState, index: number, from: number): ExactValue {
    const isDistinct = this.#gauges.gauges[index]?.agg.fn === "distinct";
    return isDistinct ? this.seen(state, index, from) : this.value(state, index, from);
  }

  /** Time of the oldest event that gauge `index` counts after `from`, µs. */
  oldest({ stamps }: ExactState, index: number, from: number): number | undefined {
    const ring = stamps.get(index);
    const count = countAfter(ring, from);
    return ring && count > 0 ? timeAt(ring, ring.size - count) : undefined;
  }

  #addValue(state: ExactState, index: number, entry: Entry): void {
    if (entry.value === undefined) return;
    if (this.#gauges.gauges[index]?.agg.fn !== "distinct") {
      state.newest.set(index, entry);
      return;
    }
    const seen = state.seen.get(index) ?? new Map<string, number>();
    state.seen.set(index, seen);
    const text = keyText(entry.value);
    // Deleting first keeps the order in which they were seen last.
    seen.delete(text);
    seen.set(text, entry.ts);
    const [oldest] = seen.keys();
    if (oldest !== undefined && seen.size > this.#limit(state, index)) seen.delete(oldest);
  }
}

function stamp(stamps: ExactState["stamps"], index: number, ts: number, limit: number): void {
  const ring = stamps.get(index) ?? { times: new Float64Array(1), next: 0, size: 0 };
  stamps.set(index, ring);
  if (ring.size === ring.times.length && ring.size < limit) grow(ring, limit);
  ring.times[ring.next] = ts;
  ring.next = (ring.next + 1) % ring.times.length;
  ring.size = Math.min(ring.size + 1, ring.times.length);
}

/** Twice the room; the oldest comes first. */
function grow(ring: Stamps, limit: number): void {
  const times = new Float64Array(Math.min(limit, 2 * ring.size));
  for (let i = 0; i < ring.size; i++) times[i] = timeAt(ring, i);
  ring.times = times;
  ring.next = ring.size;
}

/** The `i`th time, the oldest first. */
function timeAt({ times, next, size }: Stamps, i: number): number {
  return times[(next - size + i + times.length) % times.length] ?? 0;
}

function countAfter(ring: Stamps | undefined, from: number): number {
  if (!ring) return 0;
  let low = 0;
  let high = ring.size;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (timeAt(ring, middle) > from) high = middle;
    else low = middle + 1;
  }
  return ring.size - low;
}
