/**
 * Times of which events are missing, in bounded room: when there are too many, the two that are
 * closest become one that reaches over both. What is missing is then said of more than it is true
 * of, and never forgotten.
 */
export interface LostTime {
  readonly from: number;
  readonly to: number;
  /** Events that are missing in it. */
  readonly count: number;
}

/** Times kept apart. */
export const lostTimesMax = 256;

export class LostTimes {
  /** By `from`, then by `to`. */
  #times: LostTime[] = [];

  get items(): readonly LostTime[] {
    return this.#times;
  }

  replace(times: readonly LostTime[]): void {
    this.#times = [...times];
  }

  /** `count` events are missing, of a time between `from` and `to` (µs), both included. */
  add(from: number, to: number, count: number): void {
    const times = this.#times;
    let at = times.length;
    while (at > 0 && isAfter(times[at - 1] as LostTime, from, to)) at--;
    const before = times[at - 1];
    if (before?.from === from && before.to === to)
      times[at - 1] = { from, to, count: before.count + count };
    else times.splice(at, 0, { from, to, count });
    if (times.length > lostTimesMax) this.#mergeClosest();
  }

  /** How many events may be missing between two times, µs, both included. */
  between(from: number, to: number): number {
    let n = 0;
    for (const t of this.#times) if (t.to >= from && t.from <= to) n += t.count;
    return n;
  }

  /** Forgets what is of times after `timeUs` only. */
  forgetAfter(timeUs: number): void {
    this.#times = this.#times.filter((t) => t.from <= timeUs);
  }

  #mergeClosest(): void {
    const times = this.#times;
    let closest = 1;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 1; i < times.length; i++) {
      const [a, b] = [times[i - 1] as LostTime, times[i] as LostTime];
      const widened = Math.max(a.to, b.to) - a.from;
      if (widened < least) {
        least = widened;
        closest = i;
      }
    }
    const [a, b] = [times[closest - 1] as LostTime, times[closest] as LostTime];
    const merged = { from: a.from, to: Math.max(a.to, b.to), count: a.count + b.count };
    times.splice(closest - 1, 2, merged);
  }
}

function isAfter(time: LostTime, from: number, to: number): boolean {
  return time.from > from || (time.from === from && time.to > to);
}
