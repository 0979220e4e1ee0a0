/**
 * Times at which something of a sequence is decided without an event. What is not waited for any
 * more stays until its time comes, or until there is more of it than of what is.
 */
import { Heap } from "./heap.ts";

export interface Timed {
  /** When it is decided, µs. */
  readonly at: number;
}

/** Below this many the dead are not worth looking for. */
const fewTimers = 1024;

export class SequenceTimers<T extends Timed> {
  readonly #heap: Heap<T>;
  readonly #isLive: (timer: T) => boolean;
  #cleanAt = fewTimers;

  /** `isBefore` orders timers of the same time. */
  constructor(isBefore: (a: T, b: T) => boolean, isLive: (timer: T) => boolean) {
    this.#heap = new Heap((a, b) => (a.at !== b.at ? a.at < b.at : isBefore(a, b)));
    this.#isLive = isLive;
  }

  save() {
    return { timers: this.#heap.items, cleanAt: this.#cleanAt };
  }

  restore(saved: ReturnType<SequenceTimers<T>["save"]>): void {
    this.#heap.replace(saved.timers);
    this.#cleanAt = saved.cleanAt;
  }

  get next(): number {
    return this.#heap.peek()?.at ?? Number.POSITIVE_INFINITY;
  }

  push(timer: T): void {
    this.#heap.push(timer);
    if (this.#heap.size <= this.#cleanAt) return;
    this.#heap.filter(this.#isLive);
    this.#cleanAt = Math.max(fewTimers, 2 * this.#heap.size);
  }

  /** The next one, if it is still waited for. */
  pop(): T | undefined {
    const timer = this.#heap.pop();
    return timer && this.#isLive(timer) ? timer : undefined;
  }
}
