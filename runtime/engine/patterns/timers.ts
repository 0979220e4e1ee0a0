/**
 * Times at which something is decided without an event: one for each key, the next
 * of what waits under it. What a key does not wait for any more stays until its time comes, or
 * until there is more of it than of what is waited for.
 */
import { Heap } from "../collections/heap.ts";

export interface KeyTimer {
  /** When it is decided, µs. */
  readonly at: number;
  /** Those of one time are decided in the order of their numbers, then of their keys. */
  readonly number: number;
  readonly key: string;
}

/** What a key waits for: the timer that counts. */
export interface Due {
  dueAt: number;
  dueNumber: number;
}

/** Below this many the dead are not worth looking for. */
export const fewTimers = 16;

const never = Number.POSITIVE_INFINITY;

export const notDue: Due = { dueAt: never, dueNumber: -1 };

export class KeyTimers {
  readonly #heap = new Heap<KeyTimer>(
    (a, b) => isSooner(a.at, a.number, b) || (!isSooner(b.at, b.number, a) && a.key < b.key),
  );
  readonly #dueOf: (key: string) => Due | undefined;
  #cleanAt = fewTimers;

  constructor(dueOf: (key: string) => Due | undefined) {
    this.#dueOf = dueOf;
  }

  save() {
    return { timers: this.#heap.items, cleanAt: this.#cleanAt };
  }

  restore(saved: ReturnType<KeyTimers["save"]>): void {
    this.#heap.replace(saved.timers);
    this.#cleanAt = saved.cleanAt;
  }

  get next(): number {
    return this.#heap.peek()?.at ?? never;
  }

  /** `key`, whose state is `due`, waits for this as well. */
  set(key: string, due: Due, at: number, number: number): void {
    if (!isSooner(at, number, { at: due.dueAt, number: due.dueNumber })) return;
    due.dueAt = at;
    due.dueNumber = number;
    this.#heap.push({ at, number, key });
    if (this.#heap.size <= this.#cleanAt) return;
    this.#heap.filter((timer) => this.#isLive(timer));
    this.#cleanAt = Math.max(fewTimers, 2 * this.#heap.size);
  }

  /** The next one, if its key still waits for it; the key waits for nothing then. */
  pop(): KeyTimer | undefined {
    const timer = this.#heap.pop();
    if (!timer || !this.#isLive(timer)) return undefined;
    const due = this.#dueOf(timer.key);
    if (due) Object.assign(due, notDue);
    return timer;
  }

  #isLive({ at, number, key }: KeyTimer): boolean {
    const due = this.#dueOf(key);
    return due !== undefined && due.dueAt === at && due.dueNumber === number;
  }
}

function isSooner(at: number, number: number, than: { at: number; number: number }): boolean {
  return at < than.at || (at === than.at && number < than.number);
}
