/**
 * CrowdSec's buckets, event by event as they come. Whether the lines that were taken explain the
 * alerts is decided with this and not with Tapio: where they do not, something else is in the log
 * that only CrowdSec's parsers see.
 */

export interface Poured {
  readonly timeMs: number;
  readonly key: string;
  /** The value that must be new to the bucket; undefined when every event counts. */
  readonly distinct: string | undefined;
}

export interface Bucket {
  readonly capacity: number;
  readonly leakUs: number;
  readonly blackholeUs: number | undefined;
}

interface State {
  /** In the time it takes to leak as much, ms: sums of these are exact. */
  roomMs: number;
  lastMs: number;
  readonly seen: Set<string>;
}

/** The events at which the bucket overflows, by their place, less those in the black hole. */
export function overflows(events: readonly Poured[], bucket: Bucket): number[] {
  const states = new Map<string, State>();
  const quietUntilMs = new Map<string, number>();
  const leakMs = bucket.leakUs / 1000;
  return events.flatMap(({ timeMs, key, distinct }, i) => {
    let state = states.get(key);
    // What has been empty for long is gone, with the values it knew.
    if (!state || timeMs - state.lastMs > leakMs * (bucket.capacity + 1))
      state = { roomMs: bucket.capacity * leakMs, lastMs: timeMs, seen: new Set() };
    states.set(key, state);
    if (distinct !== undefined && state.seen.has(distinct)) return [];
    state.seen.add(distinct ?? "");
    const leakedMs = Math.max(timeMs - state.lastMs, 0);
    state.roomMs = Math.min(bucket.capacity * leakMs, state.roomMs + leakedMs);
    state.lastMs = Math.max(timeMs, state.lastMs);
    if (state.roomMs >= leakMs) {
      state.roomMs -= leakMs;
      return [];
    }
    states.delete(key);
    if (timeMs < (quietUntilMs.get(key) ?? Number.NEGATIVE_INFINITY)) return [];
    if (bucket.blackholeUs !== undefined) quietUntilMs.set(key, timeMs + bucket.blackholeUs / 1000);
    return [i];
  });
}
