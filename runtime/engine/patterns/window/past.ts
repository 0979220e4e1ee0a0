/**
 * What `zscore` and `baseline` know of a key: the values at the ends of its earlier panes, each
 * folded into mean and variance once (LANGUAGE C.4).
 */
import { type EventData, type Past, type Value, withPane } from "#core";
import type { HistoryCode } from "../../code/matcher.ts";
import type { LiveView, Scope } from "../../code/scope.ts";

export interface KeyPast {
  /** The key's first event, µs. */
  readonly sinceUs: number;
  /** End of the first pane that is not folded in yet, µs. */
  nextUs: number;
  /** By number of the history; replaced and never changed, as matches keep it. */
  known: readonly (Past | undefined)[];
  /** Whether a value was given up that a pane of the past held. */
  isLossy: boolean;
}

/** A window as it was at the end of a pane. */
export interface PastWindow {
  readonly view: LiveView;
  readonly captures: Scope["captures"];
  /** Equal while no event comes or leaves. */
  readonly contents: string;
  /** Whether it holds nothing, and nothing comes later either. */
  readonly isSilent: boolean;
}

export interface PastInputs {
  readonly histories: readonly HistoryCode[];
  /** Width of a pane, µs. */
  readonly resolutionUs: number;
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

  /** Folds in all panes that end before `before`, µs; `windowAt` knows all events up to then. */
  learn(past: KeyPast, before: number, windowAt: (at: number) => PastWindow): void {
    const { histories, resolutionUs } = this.#inputs;
    let contents: string | undefined;
    let values: readonly Value[] = [];
    while (past.nextUs < before) {
      const at = past.nextUs;
      const window = windowAt(at);
      // While no event comes or leaves the value is the same.
      if (window.contents !== contents) {
        const { captures, view } = window;
        values = histories.map((h) => h.arg(undefined, { captures, view, at }));
        contents = window.contents;
      }
      const panes = window.isSilent ? Math.ceil((before - at) / resolutionUs) : 1;
      past.known = past.known.map((p, i) =>
        repeated(p, values[i], histories[i]?.decay ?? 0, panes),
      );
      past.nextUs += panes * resolutionUs;
    }
  }
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
