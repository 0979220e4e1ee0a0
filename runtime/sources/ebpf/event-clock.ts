/**
 * From the kernel's monotonic time to epoch time, so that it never runs backwards. Pure.
 *
 * The offset between the two clocks changes: NTP slews it, an administrator steps it, a suspended
 * machine adds to it. A larger offset applies at once. A smaller one is approached: time runs at
 * half speed until it is reached, so that two events never swap their order.
 *
 *   epoch ▲        ╱ old offset
 *         │      ╱ _╱╱ new offset
 *         │    ╱_╱ ╱
 *         │  ╱  at half speed
 *         └──┴────────► monotonic
 *        measured
 */
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

  /** Takes a new measurement; `monotonicNs` is now. */
  measure(monotonicNs: number, offsetUs: number): void {
    const current = this.#offsetAt(monotonicNs);
    this.#sinceNs = monotonicNs;
    this.#startUs = Math.max(current, offsetUs);
    this.#targetUs = offsetUs;
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
