/**
 * From the kernel's monotonic time to epoch time, so that it does not run backwards. Pure.
 *
 * The offset between the two clocks changes: NTP slews it, an administrator steps it, a suspended
 * machine adds to it. A larger offset applies at once. A smaller one is approached: time runs at
 * half speed until it is reached, so that two events never swap their order. One that is smaller by
 * more than `clockStepUs` would take too long: the clock was set back, and time goes back with it.
 *
 *   epoch ▲        ╱ old offset
 *         │      ╱ _╱╱ new offset
 *         │    ╱_╱ ╱
 *         │  ╱  at half speed
 *         └──┴────────► monotonic
 *        measured
 */
import { clockStepUs } from "#core";

export class EventClock {
  /** Where the newest offset starts to count, monotonic ns. */
  #sinceNs: number;
  /** Offset at `#sinceNs`, µs. */
  #startUs: number;
  /** Offset to reach, µs; at most `#startUs`. */
  #targetUs: number;

  constructor(monotonicNs: number, offsetUs: number) {
    this.#sinceNs = monotonicNs;
    this.#startUs = offsetUs;
    this.#targetUs = offsetUs;
  }

  /** Takes a new measurement; `monotonicNs` is now. Says whether time goes back. */
  measure(monotonicNs: number, offsetUs: number): boolean {
    const current = this.#offsetAt(monotonicNs);
    const isSetBack = current - offsetUs > clockStepUs;
    this.#sinceNs = monotonicNs;
    this.#startUs = isSetBack ? offsetUs : Math.max(current, offsetUs);
    this.#targetUs = offsetUs;
    return isSetBack;
  }

  /** Whole µs since the epoch. */
  toEpochUs(monotonicNs: number): number {
    return Math.floor(monotonicNs / 1000 + this.#offsetAt(monotonicNs));
  }

  #offsetAt(monotonicNs: number): number {
    const elapsedUs = Math.max(0, monotonicNs - this.#sinceNs) / 1000;
    return Math.max(this.#targetUs, this.#startUs - elapsedUs / 2);
  }
}
