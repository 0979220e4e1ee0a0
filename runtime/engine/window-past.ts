/**
 * What `zscore` and `baseline` know of a key: the values at the ends of its earlier panes, each
 * folded into mean and variance once (LANGUAGE C.4).
 */
import { type EventData, evidenceKept, type Past, takenOf, type Value, withPane } from "#core";
import type { HistoryCode } from "./matcher.ts";
import type { EngineView } from "./scope.ts";
import { type EventLog, endOf, firstAfter, slice } from "./window-log.ts";

export interface KeyPast {
  /** The key's first event, µs. */
  readonly sinceUs: number;
  /** End of the first pane that is not folded in yet, µs. */
  nextUs: number;
  /** By number of the history; replaced and never changed, as matches keep it. */
  known: readonly (Past | undefined)[];
  /** Whether an event was given up that a pane of the past held. */
  isLossy: boolean;
}

export interface PastInputs {
  readonly histories: readonly HistoryCode[];
  readonly sizeUs: number;
  /** Width of a pane, µs. */
  readonly resolutionUs: number;
  /** Start of the oldest pane of a window that ends then; both µs. */
  readonly paneStart: (at: number) => number;
}

/** Numbers of the events a pane's end sees: of the window, of its panes, and the first unseen. */
interface Seen {
  readonly window: number;
  readonly paned: number;
  readonly end: number;
}

export class WindowPast {
  readonly #inputs: PastInputs;

  constructor(inputs: PastInputs) {
    this.#inputs = inputs;
  }

  /** Of a key whose first event is `event`. */
  begin(event: EventData, isLossy: boolean): KeyPast {
    const { resolutionUs, histories } = this.#inputs;
    const nextUs = Math.ceil(event.ts / resolutionUs) * resolutionUs;
    return { sinceUs: event.ts, nextUs, known: histories.map(() => undefined), isLossy };
  }

  /** Folds in all panes that end before `before`, µs; `log` has all events up to their ends. */
  learn(past: KeyPast, log: EventLog, before: number): void {
    const { histories, resolutionUs } = this.#inputs;
    let seen: Seen | undefined;
    let values: readonly Value[] = [];
    while (past.nextUs < before) {
      const now = this.#seenAt(log, past.nextUs);
      // While no event comes or leaves the value is the same.
      if (!seen || !isSame(seen, now)) values = this.#valuesAt(log, now, past.nextUs);
      seen = now;
      const isSilent = now.paned === now.end && now.end === endOf(log);
      const panes = isSilent ? Math.ceil((before - past.nextUs) / resolutionUs) : 1;
      past.known = past.known.map((p, i) =>
        repeated(p, values[i], histories[i]?.decay ?? 0, panes),
      );
      past.nextUs += panes * resolutionUs;
    }
  }

  #seenAt(log: EventLog, at: number): Seen {
    const { sizeUs, paneStart } = this.#inputs;
    return {
      window: firstAfter(log, at - sizeUs),
      paned: firstAfter(log, paneStart(at)),
      end: firstAfter(log, at),
    };
  }

  #valuesAt(log: EventLog, seen: Seen, at: number): readonly Value[] {
    const { histories, sizeUs } = this.#inputs;
    const events = slice(log, seen.window, seen.end);
    const paned = slice(log, seen.paned, seen.end);
    const view: EngineView = { events, paned, sizeUs, knownUs: 0, pasts: [] };
    const scope = { captures: [takenOf(events, evidenceKept)], view, at };
    return histories.map((h) => h.arg(undefined, scope));
  }
}

function isSame(a: Seen, b: Seen): boolean {
  return a.window === b.window && a.paned === b.paned && a.end === b.end;
}

/** `past` after `panes` panes of the value `x`; it comes to rest long before a silence ends. */
function repeated(past: Past | undefined, x: Value, decay: number, panes: number) {
  let known = past;
  for (let i = 0; i < panes; i++) {
    const next = withPane(known, x, decay);
    if (next === known) return known;
    if (next?.mean === known?.mean && next?.variance === known?.variance) return known;
    known = next;
  }
  return known;
}
