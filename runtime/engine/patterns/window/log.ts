/** What is kept in the order of time and given up from its old end, without moving the rest. */
export interface Timed {
  /** µs. */
  readonly ts: number;
}

export interface Log<T extends Timed> {
  /** What is gone is undefined, until half of all is. */
  items: (T | undefined)[];
  /** Place of the oldest that is held. */
  head: number;
}

export function emptyLog<T extends Timed>(): Log<T> {
  return { items: [], head: 0 };
}

export function append<T extends Timed>(log: Log<T>, item: T): void {
  log.items.push(item);
}

export function countOf(log: Log<Timed>): number {
  return log.items.length - log.head;
}

export function newestOf<T extends Timed>(log: Log<T>): T | undefined {
  return log.items.at(-1);
}

/** Place of the first item that is later than `us`. */
export function firstAfter(log: Log<Timed>, us: number): number {
  let low = log.head;
  let high = log.items.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((log.items[middle]?.ts ?? 0) > us) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The items at places from `from` on and before `to`, as a list of its own. */
export function slice<T extends Timed>(log: Log<T>, from: number, to = log.items.length): T[] {
  return log.items.slice(from, to) as T[];
}

/** Lets go the items up to and including the time `us`. */
export function forgetUpTo(log: Log<Timed>, us: number): void {
  for (let item = log.items[log.head]; item && item.ts <= us; item = log.items[log.head])
    log.items[log.head++] = undefined;
  compact(log);
}

/** Lets go the oldest item. */
export function forgetOldest<T extends Timed>(log: Log<T>): T | undefined {
  const oldest = log.items[log.head];
  if (oldest) log.items[log.head++] = undefined;
  compact(log);
  return oldest;
}

/** When half is gone the rest is moved, so that each item is moved once on average. */
function compact(log: Log<Timed>): void {
  if (log.head * 2 <= log.items.length) return;
  log.items = log.items.slice(log.head);
  log.head = 0;
}
