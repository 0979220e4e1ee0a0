/** When which key is due: one timer for each key, which may go off early but never late. */
import { Heap } from "./heap.ts";

interface Timer {
  readonly at: number;
  readonly key: string;
}

/** Below this many the waste among them is not worth looking for. */
const fewTimers = 1024;

export class WindowTimers {
  readonly #heap = new Heap<Timer>((a, b) => a.at < b.at);
  /** The timer of each key that counts; others of it are waste. */
  #set = new Map<string, number>();
  readonly #isKept: (key: string) => boolean;
  #cleanAt = fewTimers;

  /** `isKept`: whether there still is such a key; timers of those given up are waste, too. */
  constructor(isKept: (key: string) => boolean) {
    this.#isKept = isKept;
  }

  save() {
    return { timers: this.#heap.items, set: this.#set, cleanAt: this.#cleanAt };
  }

  restore(saved: ReturnType<WindowTimers["save"]>): void {
    this.#heap.replace(saved.timers);
    this.#set = saved.set;
    this.#cleanAt = saved.cleanAt;
  }

  /** When the next timer goes off, µs; infinity without one. */
  get next(): number {
    return this.#heap.peek()?.at ?? Number.POSITIVE_INFINITY;
  }

  /** `key` is due at `at`, µs; never when that is infinite. An earlier timer of it stays. */
  wind(key: string, at: number): void {
    if (at === Number.POSITIVE_INFINITY || (this.#set.get(key) ?? at + 1) <= at) return;
    this.#set.set(key, at);
    this.#heap.push({ at, key });
    if (this.#heap.size > this.#cleanAt) this.#clean();
  }

  /** The key whose timer goes off at `next`; undefined when that was waste. */
  pop(): string | undefined {
    const timer = this.#heap.pop();
    if (!timer || this.#set.get(timer.key) !== timer.at) return undefined;
    this.#set.delete(timer.key);
    return timer.key;
  }

  #clean(): void {
    this.#heap.filter(() => false);
    for (const [key, at] of this.#set) {
      if (this.#isKept(key)) this.#heap.push({ at, key });
      else this.#set.delete(key);
    }
    this.#cleanAt = Math.max(fewTimers, 2 * this.#heap.size);
  }
}
