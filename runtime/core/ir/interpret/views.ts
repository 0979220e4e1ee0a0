/** The windows of one key as aggregates see them, now and in the past (LANGUAGE C.4). */
import type { EventData } from "../../schema.ts";
import type { WindowView } from "../aggregate.ts";
import type { Win } from "../core.ts";

/** Width of a pane, µs: what the rule says, or a sixtieth of the window. */
export function resolutionOf(win: Win, sizeUs: number): number {
  return win.resolution ?? Math.max(1, Math.floor(sizeUs / 60));
}

export class Views {
  readonly #members: readonly EventData[];
  readonly sizeUs: number;
  readonly #resolutionUs: number;
  /** Views at pane ends, from that of the pane of the key's first event on, as far as needed. */
  readonly #past: WindowView[] = [];

  /** `members`: all events of the key in order. */
  constructor(members: readonly EventData[], sizeUs: number, resolutionUs: number) {
    this.#members = members;
    this.sizeUs = sizeUs;
    this.#resolutionUs = resolutionUs;
  }

  /** (t − size, t] at event number `index`: equally timed events after it are not in it yet. */
  atEvent(index: number): WindowView {
    const at = this.#members[index]?.ts ?? 0;
    const since = (from: number) => this.#members.slice(firstAfter(this.#members, from), index + 1);
    const view = this.of(since(at - this.sizeUs), [], [], at);
    const paned = () => this.#paned(since(this.#paneBefore(at)));
    return Object.defineProperty(view, "panes", { get: paned, enumerable: true });
  }

  /** [at − size, at): a window that is aligned and closed. */
  atEnd(at: number): WindowView {
    const from = firstAfter(this.#members, at - this.sizeUs - 1);
    const inside = this.#members.slice(from, firstAfter(this.#members, at - 1));
    return this.of(inside, [inside], [], at);
  }

  /** A view with these events, and the past of the key before `at`. */
  of(
    events: readonly EventData[],
    panes: WindowView["panes"],
    more: WindowView["more"],
    at: number,
    sizeUs = this.sizeUs,
  ): WindowView {
    const before = () => this.#pastBefore(at);
    return {
      events,
      panes,
      more,
      sizeUs,
      knownUs: this.#knownUs(at),
      get past() {
        return before();
      },
    };
  }

  /** Events by the panes (k · r, (k + 1) · r] they are in. */
  #paned(events: readonly EventData[]): EventData[][] {
    const out: EventData[][] = [];
    let end = Number.NEGATIVE_INFINITY;
    for (const event of events) {
      if (event.ts > end) out.push([]);
      out.at(-1)?.push(event);
      end = Math.ceil(event.ts / this.#resolutionUs) * this.#resolutionUs;
    }
    return out;
  }

  /** Start of the oldest pane of the window that ends at `at`, which is not in it itself. */
  #paneBefore(at: number): number {
    return Math.floor((at - this.sizeUs) / this.#resolutionUs) * this.#resolutionUs;
  }

  #knownUs(at: number): number {
    const [first] = this.#members;
    return first ? Math.max(0, at - first.ts) : 0;
  }

  #pastBefore(at: number): readonly WindowView[] {
    const [first] = this.#members;
    if (!first) return [];
    const start = Math.ceil(first.ts / this.#resolutionUs) * this.#resolutionUs;
    const count = Math.max(0, Math.ceil((at - start) / this.#resolutionUs));
    while (this.#past.length < count) {
      this.#past.push(this.#atPaneEnd(start + this.#past.length * this.#resolutionUs));
    }
    return this.#past.slice(0, count);
  }

  #atPaneEnd(at: number): WindowView {
    const end = firstAfter(this.#members, at);
    const since = (from: number) => this.#members.slice(firstAfter(this.#members, from), end);
    return {
      events: since(at - this.sizeUs),
      panes: this.#paned(since(this.#paneBefore(at))),
      more: [],
      sizeUs: this.sizeUs,
      past: [],
      knownUs: this.#knownUs(at),
    };
  }
}

/** The first place in `sorted` with a time later than `us`. */
function firstAfter(sorted: readonly EventData[], us: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.ts ?? 0) > us) high = middle;
    else low = middle + 1;
  }
  return low;
}
