/**
 * State of windows by key with a bound, in two segments: keys that have only begun are on
 * probation, those that have come further are protected. A new key takes the place of the one on
 * probation that was touched least recently, so a flood of new keys does not push out those whose
 * windows fill. At most half of the keys are protected; of more the one touched least recently is
 * on probation again, so that all of the room can be used by keys that have come further.
 */
interface Slot<S> {
  readonly state: S;
  touchedAt: number;
}

export class WindowKeys<S> {
  readonly #max: number;
  readonly #isSegmented: boolean;
  readonly #onEvict: ((key: string, reached: number, now: number) => void) | undefined;
  /** Both in the order in which they were last touched. */
  #probation = new Map<string, Slot<S>>();
  #protected = new Map<string, Slot<S>>();
  /** Keys given up for room. */
  evicted = 0;
  /** When the last one was, µs. */
  evictedAt = Number.NEGATIVE_INFINITY;

  /** `onEvict` hears of each key that is given up for room. */
  constructor(
    max: number,
    evict: "least_progress" | "oldest",
    onEvict: ((key: string, reached: number, now: number) => void) | undefined,
  ) {
    this.#onEvict = onEvict;
    this.#max = max;
    this.#isSegmented = evict === "least_progress";
  }

  save() {
    const { evicted, evictedAt } = this;
    return { probation: this.#probation, protected: this.#protected, evicted, evictedAt };
  }

  restore(saved: ReturnType<WindowKeys<S>["save"]>): void {
    this.#probation = saved.probation;
    this.#protected = saved.protected;
    this.evicted = saved.evicted;
    this.evictedAt = saved.evictedAt;
  }

  /** Gives up what is more than there is room for. */
  fit(now: number): void {
    while (this.size > this.#max) this.#evict(now);
  }

  get size(): number {
    return this.#probation.size + this.#protected.size;
  }

  get states(): S[] {
    return [...this.#probation.values(), ...this.#protected.values()].map((slot) => slot.state);
  }

  get(key: string): S | undefined {
    return (this.#protected.get(key) ?? this.#probation.get(key))?.state;
  }

  /** Takes a key that is not there yet, in the place of another when there is no room. */
  add(key: string, state: S, now: number): void {
    if (this.size >= this.#max) this.#evict(now);
    this.#probation.set(key, { state, touchedAt: now });
  }

  /** `key` is the one touched last; `isAdvanced`: it has come further than its beginning. */
  touch(key: string, now: number, isAdvanced: boolean): void {
    const slot = this.#protected.get(key) ?? this.#probation.get(key);
    if (!slot) return;
    slot.touchedAt = now;
    this.delete(key);
    if (!isAdvanced || !this.#isSegmented) {
      this.#probation.set(key, slot);
      return;
    }
    this.#protected.set(key, slot);
    if (this.#protected.size > Math.ceil(this.#max / 2)) this.#demote();
  }

  delete(key: string): void {
    if (!this.#protected.delete(key)) this.#probation.delete(key);
  }

  /** Forgets keys that nothing has touched since `us`. */
  forgetBefore(us: number): void {
    for (const segment of [this.#probation, this.#protected]) {
      for (const [key, { touchedAt }] of segment) {
        if (touchedAt >= us) break;
        segment.delete(key);
      }
    }
  }

  #demote(): void {
    for (const [key, slot] of this.#protected) {
      this.#protected.delete(key);
      this.#probation.set(key, slot);
      return;
    }
  }

  #evict(now: number): void {
    const segment = this.#probation.size > 0 ? this.#probation : this.#protected;
    for (const key of segment.keys()) {
      segment.delete(key);
      this.evicted++;
      this.evictedAt = now;
      this.#onEvict?.(key, 1, now);
      return;
    }
  }
}
