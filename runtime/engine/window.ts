/**
 * Sliding windows, incrementally: per key the events of the last `size` and running counters for
 * the aggregates. Decided at events only; fires when the condition becomes true (LANGUAGE C.4).
 */
import {
  type CoreRule,
  durationOf,
  type EventData,
  keyText,
  type Match,
  type Taken,
  type Value,
  type Win,
} from "#core";
import type { AggregateCode, RuleCode } from "./matcher.ts";

interface WindowState {
  events: EventData[];
  /** Events before this index have left the window. */
  head: number;
  isArmed: boolean;
  readonly counts: Float64Array;
  /** For distinct aggregates: how often each value is in the window. */
  readonly values: readonly (Map<string, number> | undefined)[];
  /** An event was dropped for room; until then counts are lower bounds. */
  overflowUntil: number;
}

export interface WindowCounters {
  eventsEvicted: number;
  keysEvicted: number;
}

const evidenceKept = 16;

export class WindowMatcher {
  readonly counters: WindowCounters = { eventsEvicted: 0, keysEvicted: 0 };
  readonly #rule: CoreRule;
  readonly #win: Win;
  readonly #code: RuleCode;
  readonly #emit: (match: Match) => void;
  readonly #size: number;
  readonly #keys = new Map<string, WindowState>();
  #sweptAt = Number.NEGATIVE_INFINITY;
  #evictedAt = Number.NEGATIVE_INFINITY;

  constructor(
    rule: CoreRule,
    win: Win,
    code: RuleCode,
    params: ReadonlyMap<string, Value>,
    emit: (match: Match) => void,
  ) {
    this.#rule = rule;
    this.#win = win;
    this.#code = code;
    this.#emit = emit;
    this.#size = durationOf(win.shape.shape === "sliding" ? win.shape.size : 0, params);
  }

  /** `event` passed the slot test of the window's step. */
  onEvent(event: EventData): void {
    const step = this.#code.steps[0];
    if (step?.judge && step.judge(event, []) !== 1) return;
    const key = step?.key ? step.key(event) : "";
    if (key === undefined) return;
    if (event.ts - this.#sweptAt > this.#size) this.#sweep(event.ts);
    const state = this.#keys.get(key) ?? this.#create(key, event);
    const before = state.events.at(-1);
    if (before && event.ts - before.ts >= this.#size) state.isArmed = true;
    this.#expire(state, event.ts);
    this.#add(state, event);
    const holds = this.#code.having?.(state.counts) === true;
    if (holds && state.isArmed) this.#report(key, state, event);
    state.isArmed = !holds;
  }

  #create(key: string, event: EventData): WindowState {
    if (this.#keys.size >= this.#rule.keysMax) {
      const [oldest] = this.#keys.keys();
      if (oldest !== undefined) this.#keys.delete(oldest);
      this.counters.keysEvicted++;
      this.#evictedAt = event.ts;
    }
    const { aggregates } = this.#code;
    const state: WindowState = {
      events: [],
      head: 0,
      isArmed: true,
      counts: new Float64Array(aggregates.length),
      values: aggregates.map((a) => (a.arg ? new Map<string, number>() : undefined)),
      overflowUntil: Number.NEGATIVE_INFINITY,
    };
    this.#keys.set(key, state);
    return state;
  }

  #expire(state: WindowState, now: number): void {
    let event = state.events[state.head];
    while (event && event.ts <= now - this.#size) {
      this.#count(state, event, -1);
      event = state.events[++state.head];
    }
    // Compact when half is gone, so that each event is moved once on average.
    if (state.head > 32 && state.head * 2 > state.events.length) {
      state.events = state.events.slice(state.head);
      state.head = 0;
    }
  }

  #add(state: WindowState, event: EventData): void {
    if (state.events.length - state.head >= this.#win.maxEvents) {
      const dropped = state.events[state.head++];
      if (dropped) {
        this.#count(state, dropped, -1);
        state.overflowUntil = dropped.ts + this.#size;
        this.counters.eventsEvicted++;
      }
    }
    state.events.push(event);
    this.#count(state, event, 1);
  }

  #count(state: WindowState, event: EventData, by: 1 | -1): void {
    for (const [i, aggregate] of this.#code.aggregates.entries()) {
      if (aggregate.where && !aggregate.where(event)) continue;
      state.counts[i] = this.#counted(state, i, aggregate, event, by);
    }
  }

  #counted(
    state: WindowState,
    i: number,
    aggregate: AggregateCode,
    event: EventData,
    by: 1 | -1,
  ): number {
    const values = state.values[i];
    if (!aggregate.arg || !values) return (state.counts[i] ?? 0) + by;
    const value = aggregate.arg(event);
    if (value === undefined) return values.size;
    const text = keyText(value);
    const n = (values.get(text) ?? 0) + by;
    if (n > 0) values.set(text, n);
    else values.delete(text);
    return values.size;
  }

  #report(key: string, state: WindowState, event: EventData): void {
    const window = state.events.slice(state.head);
    const captures: Taken[] = [
      {
        first: window[0] ?? event,
        last: event,
        count: window.length,
        kept: window.slice(0, evidenceKept),
      },
    ];
    const isIncomplete = state.overflowUntil >= event.ts || this.#evictedAt > event.ts - this.#size;
    this.#emit({
      rule: this.#rule,
      key,
      at: event.ts,
      captures,
      window,
      last: event,
      isIncomplete,
    });
  }

  #sweep(now: number): void {
    this.#sweptAt = now;
    for (const [key, state] of this.#keys) {
      const last = state.events.at(-1);
      if (!last || now - last.ts >= this.#size) this.#keys.delete(key);
    }
  }
}
