/**
 * The events of one key, oldest first. They are numbered from 0 on as they come, so that places
 * stay what they are when old events are let go.
 */
import type { EventData } from "#core";

export interface EventLog {
  items: EventData[];
  /** Number of the first of `items`. */
  base: number;
  /** Number of the oldest event that is still held. */
  first: number;
}

/** Items that may be dead before the others are moved. */
const deadMost = 32;

export function emptyLog(): EventLog {
  return { items: [], base: 0, first: 0 };
}

export function append(log: EventLog, event: EventData): void {
  log.items.push(event);
}

/** Number the next event will have. */
export function endOf(log: EventLog): number {
  return log.base + log.items.length;
}

export function countOf(log: EventLog): number {
  return endOf(log) - log.first;
}

export function eventAt(log: EventLog, number: number): EventData | undefined {
  return number < log.first ? undefined : log.items[number - log.base];
}

/** Number of the first event held that is later than `us`. */
export function firstAfter(log: EventLog, us: number): number {
  let low = log.first;
  let high = endOf(log);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((log.items[middle - log.base]?.ts ?? 0) > us) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The events with numbers from `from` on and less than `to`, as a list of its own. */
export function slice(log: EventLog, from: number, to = endOf(log)): readonly EventData[] {
  return log.items.slice(Math.max(from, log.first) - log.base, to - log.base);
}

/** Lets go the events up to and including the time `us`. */
export function forgetUpTo(log: EventLog, us: number): void {
  let event = eventAt(log, log.first);
  while (event && event.ts <= us) event = eventAt(log, ++log.first);
  compact(log);
}

/** Lets go the oldest event. */
export function forgetOldest(log: EventLog): EventData | undefined {
  const oldest = eventAt(log, log.first);
  if (oldest) log.first++;
  compact(log);
  return oldest;
}

/** When half is gone the rest is moved, so that each event is moved once on average. */
function compact(log: EventLog): void {
  const dead = log.first - log.base;
  if (dead <= deadMost || dead * 2 <= log.items.length) return;
  log.items = log.items.slice(dead);
  log.base = log.first;
}
