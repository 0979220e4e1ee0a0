/** Policies that keep matches from being reported again and again; bounded by keys. */

/** `suppress D by k`: counts from the first emission and is never refreshed. */
export class Suppressor {
  readonly #us: number;
  readonly #max: number;
  #since = new Map<string, number>();
  evicted = 0;

  constructor(us: number, max: number) {
    this.#us = us;
    this.#max = max;
  }

  save() {
    return { since: this.#since, evicted: this.evicted };
  }

  restore(saved: ReturnType<Suppressor["save"]>): void {
    this.#since = saved.since;
    this.evicted = saved.evicted;
  }

  /** Forgets what was emitted; the counters stay. */
  reset(): void {
    this.#since.clear();
  }

  /** Whether a finding complete at `at` (µs) may be emitted; times must not decrease. */
  admits(key: string, at: number): boolean {
    const since = this.#since.get(key);
    return since === undefined || at >= since + this.#us;
  }

  /** One that it admits is emitted. */
  onEmitted(key: string, at: number): void {
    // Deleting first keeps the map in order of emission, so the oldest entries come first.
    this.#since.delete(key);
    this.#forget(at);
    this.#since.set(key, at);
  }

  #forget(at: number): void {
    for (const [key, since] of this.#since) {
      const isOver = at >= since + this.#us;
      if (!isOver && this.#since.size < this.#max) return;
      this.#since.delete(key);
      if (!isOver) this.evicted++;
    }
  }
}

/** `rate n per D by k`: at most `max` emissions in any (at − us, at]. */
export class RateLimiter {
  readonly #max: number;
  readonly #us: number;
  readonly #keysMax: number;
  /** Times of the last emissions of each key, oldest first. */
  #times = new Map<string, number[]>();
  evicted = 0;

  constructor(max: number, us: number, keysMax: number) {
    this.#max = max;
    this.#us = us;
    this.#keysMax = keysMax;
  }

  save() {
    return { times: this.#times, evicted: this.evicted };
  }

  restore(saved: ReturnType<RateLimiter["save"]>): void {
    this.#times = saved.times;
    this.evicted = saved.evicted;
  }

  /** Forgets what was emitted; the counters stay. */
  reset(): void {
    this.#times.clear();
  }

  /** Whether a finding complete at `at` (µs) may be emitted; times must not decrease. */
  admits(key: string, at: number): boolean {
    return this.#recent(key, at).length < this.#max;
  }

  /** One that it admits is emitted. */
  onEmitted(key: string, at: number): void {
    const recent = this.#recent(key, at);
    // Deleting first keeps the map in order of emission, so the oldest entries come first.
    this.#times.delete(key);
    this.#forget(at);
    this.#times.set(key, [...recent, at]);
  }

  /** Times of the emissions of `key` that count at `at`, µs. */
  #recent(key: string, at: number): number[] {
    return (this.#times.get(key) ?? []).filter((t) => t > at - this.#us);
  }

  #forget(at: number): void {
    for (const [key, times] of this.#times) {
      const isOver = (times.at(-1) ?? 0) <= at - this.#us;
      if (!isOver && this.#times.size < this.#keysMax) return;
      this.#times.delete(key);
      if (!isOver) this.evicted++;
    }
  }
}
