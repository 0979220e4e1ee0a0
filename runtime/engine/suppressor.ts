/** `suppress D by k`: counts from the first emission and is never refreshed. Bounded by keys. */
export class Suppressor {
  readonly #us: number;
  readonly #max: number;
  readonly #since = new Map<string, number>();
  suppressed = 0;
  evicted = 0;

  constructor(us: number, max: number) {
    this.#us = us;
    this.#max = max;
  }

  /** Whether a finding complete at `at` (µs) may be emitted; times must not decrease. */
  admits(key: string, at: number): boolean {
    const since = this.#since.get(key);
    if (since !== undefined && at < since + this.#us) {
      this.suppressed++;
      return false;
    }
    // Deleting first keeps the map in order of emission, so the oldest entries come first.
    this.#since.delete(key);
    this.#forget(at);
    this.#since.set(key, at);
    return true;
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
