/**
 * Where the exit tracepoint does not say which thread was the last of its group (before Linux
 * 6.16), the program asks whether none is left. Two threads that end at the same moment can both
 * see that; the second report is of the same exit.
 */

/** No pid comes round again this soon: all others would have to be handed out in between. */
const sameExitNs = 10_000_000;
/** Exits remembered; more threads do not end between two reports of one process. */
const kept = 64;

export class RecentExits {
  readonly #pids = new Uint32Array(kept);
  readonly #times = new Float64Array(kept).fill(Number.NEGATIVE_INFINITY);
  #next = 0;

  /** Whether the exit of `pid` has been told a moment ago; remembers it when not. */
  isRepeat(pid: number, timeNs: number): boolean {
    for (let i = 0; i < kept; i++) {
      if (this.#pids[i] !== pid) continue;
      if (Math.abs(timeNs - (this.#times[i] ?? 0)) < sameExitNs) return true;
    }
    this.#pids[this.#next] = pid;
    this.#times[this.#next] = timeNs;
    this.#next = (this.#next + 1) % kept;
    return false;
  }
}
