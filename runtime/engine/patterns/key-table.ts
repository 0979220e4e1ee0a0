/**
 * State by key with a bound, in two segments (LANGUAGE C.7): keys that have only begun are on
 * probation, those that have come further are protected. A new key takes the place of one on
 * probation, so a flood of new keys never pushes out one that has advanced. Half of the places
 * belong to the protected; more are lent to them for as long as no new key needs one.
 */
export interface KeyTableOptions<S> {
  readonly max: number;
  readonly evict: "least_progress" | "oldest";
  /** State that nothing has touched for this long is of no use any more, µs. */
  readonly lifeUs: number;
  /** How far a key has come: 1 at its beginning. */
  readonly progressOf: (state: S) => number;
  /** Hears of each key that is given up for room, and how far it had come. */
  readonly onEvict?: ((key: string, progress: number, now: number) => void) | undefined;
}

interface Slot<S> {
  readonly state: S;
  touchedAt: number;
}

/** Protected keys looked at for the least advanced one; all would cost every event of a flood. */
const lookedAt = 64;

export class KeyTable<S> {
  readonly #options: KeyTableOptions<S>;
  /** Both in the order in which they were last touched. */
  #probation = new Map<string, Slot<S>>();
  #protected = new Map<string, Slot<S>>();
  #sweptAt = Number.NEGATIVE_INFINITY;
  /** Keys given up for room. */
  evicted = 0;
  /** When the last one was, µs. */
  evictedAt = Number.NEGATIVE_INFINITY;

  constructor(options: KeyTableOptions<S>) {
    this.#options = options;
  }

  save() {
    const { evicted, evictedAt } = this;
    const segments = { probation: this.#probation, protected: this.#protected };
    return { ...segments, sweptAt: this.#sweptAt, evicted, evictedAt };
  }

  restore(saved: ReturnType<KeyTable<S>["save"]>): void {
    this.#probation = saved.probation;
    this.#protected = saved.protected;
    this.#sweptAt = saved.sweptAt;
    this.evicted = saved.evicted;
    this.evictedAt = saved.evictedAt;
  }

  /** The states of all keys. */
  get states(): S[] {
    return [...this.#probation.values(), ...this.#protected.values()].map((slot) => slot.state);
  }

  /** Gives up what is more than there is room for. */
  fit(now: number): void {
    while (this.size > this.#options.max) this.#makeRoom(now);
  }

  get size(): number {
    return this.#probation.size + this.#protected.size;
  }

  get(key: string): S | undefined {
    return (this.#protected.get(key) ?? this.#probation.get(key))?.state;
  }

  /** The state of `key` at `now` (µs, never decreasing), made when there is none. */
  touch(key: string, now: number, make: () => S): S {
    this.#sweep(now);
    const segment = this.#protected.has(key) ? this.#protected : this.#probation;
    const known = segment.get(key);
    if (!known && this.size >= this.#options.max) this.#makeRoom(now);
    const slot = known ?? { state: make(), touchedAt: now };
    slot.touchedAt = now;
    // Deleting first keeps the order of touching.
    segment.delete(key);
    segment.set(key, slot);
    return slot.state;
  }

  /** Puts `key` into the segment that its progress gives it. */
  settle(key: string): void {
    if (this.#options.evict === "oldest") return;
    const slot = this.#protected.get(key) ?? this.#probation.get(key);
    if (!slot) return;
    const isAdvanced = this.#options.progressOf(slot.state) > 1;
    const [from, to] = isAdvanced
      ? [this.#probation, this.#protected]
      : [this.#protected, this.#probation];
    if (from.delete(key)) to.set(key, slot);
  }

  delete(key: string): void {
    this.#probation.delete(key);
    this.#protected.delete(key);
  }

  /** Forgets what is too old; the least recently touched come first. */
  #sweep(now: number): void {
    const { lifeUs } = this.#options;
    if (now - this.#sweptAt < lifeUs / 4) return;
    this.#sweptAt = now;
    for (const segment of [this.#probation, this.#protected]) {
      for (const [key, slot] of segment) {
        if (now - slot.touchedAt <= lifeUs) break;
        segment.delete(key);
      }
    }
  }

  #makeRoom(now: number): void {
    const isLent = this.#protected.size > Math.ceil(this.#options.max / 2);
    const isFromProtected = isLent || this.#probation.size === 0;
    const segment = isFromProtected ? this.#protected : this.#probation;
    const [oldest] = segment.keys();
    const victim = isFromProtected ? this.#leastAdvanced() : oldest;
    if (victim !== undefined) this.#evict(segment, victim, now);
  }

  /** Among the protected the least advanced of the oldest. */
  #leastAdvanced(): string | undefined {
    let victim: string | undefined;
    let least = Number.POSITIVE_INFINITY;
    let looked = 0;
    for (const [key, { state }] of this.#protected) {
      const progress = this.#options.progressOf(state);
      if (victim === undefined || progress < least) {
        victim = key;
        least = progress;
      }
      if (++looked >= lookedAt) break;
    }
    return victim;
  }

  #evict(segment: Map<string, Slot<S>>, key: string, now: number): void {
    const slot = segment.get(key);
    segment.delete(key);
    this.evicted++;
    this.evictedAt = now;
    const { onEvict, progressOf } = this.#options;
    if (slot) onEvict?.(key, progressOf(slot.state), now);
  }
}
