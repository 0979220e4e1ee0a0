/** Events as the state of a rule holds them: without what nothing of the rule reads or shows. */
import { type Cuts, cutEvent, type EventData, type EventKind } from "#core";

export class KeptEvents {
  readonly #kinds: readonly EventKind[];
  readonly #cuts: Cuts;
  #event: EventData | undefined;
  #kept: EventData | undefined;

  constructor(kinds: readonly EventKind[], cuts: Cuts) {
    this.#kinds = kinds;
    this.#cuts = cuts;
  }

  /** The same object for the same event, as long as no other is asked for in between. */
  of(event: EventData): EventData {
    if (event !== this.#event || !this.#kept) {
      this.#event = event;
      this.#kept = cutEvent(this.#kinds, event, this.#cuts);
    }
    return this.#kept;
  }
}
