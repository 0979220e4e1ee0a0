/**
 * Reported findings that `resolve` may still end, found by key, by age and by how long they have
 * been quiet, so that none of it costs more when many are open.
 */
import type { EngineMatch } from "../code/scope.ts";

export interface Open {
  readonly match: EngineMatch;
  /** In the order in which they were reported. */
  readonly number: number;
  /** Of `resolve after … quiet`: the time of the last match that kept it open, µs. */
  lastAt: number;
}

export class OpenFindings {
  /** By number, oldest report first. */
  readonly #all = new Map<number, Open>();
  readonly #ofKey = new Map<string, Set<Open>>();
  /** The same, quiet for longest first: times of matches do not decrease. */
  readonly #byQuiet = new Map<number, Open>();
  #number = 0;

  save() {
    return { all: [...this.#all.values()], number: this.#number };
  }

  restore(saved: ReturnType<OpenFindings["save"]>): void {
    this.clear();
    this.#number = saved.number;
    for (const open of saved.all) this.#insert(open);
    const byQuiet = [...saved.all].sort((a, b) => a.lastAt - b.lastAt);
    for (const open of byQuiet) this.#byQuiet.set(open.number, open);
  }

  get size(): number {
    return this.#all.size;
  }

  /** `match` has been reported; times must not decrease. */
  add(match: EngineMatch): void {
    const open: Open = { match, number: this.#number++, lastAt: match.at };
    this.#insert(open);
    this.#byQuiet.set(open.number, open);
  }

  /** The one that was reported first goes: of `key`, or of all. */
  forgetOldest(key?: string): void {
    const [oldest] = key === undefined ? this.#all.values() : (this.#ofKey.get(key) ?? []);
    if (oldest) this.#remove(oldest);
  }

  /** How many are open under `key`. */
  countOf(key: string): number {
    return this.#ofKey.get(key)?.size ?? 0;
  }

  clear(): void {
    this.#all.clear();
    this.#ofKey.clear();
    this.#byQuiet.clear();
  }

  /** A match of `key` at `at` (µs) keeps those open that have not been quiet for `quietUs`. */
  prolong(key: string, at: number, quietUs: number): void {
    for (const open of this.#ofKey.get(key) ?? []) {
      if (at <= open.lastAt || at > open.lastAt + quietUs) continue;
      open.lastAt = at;
      this.#byQuiet.delete(open.number);
      this.#byQuiet.set(open.number, open);
    }
  }

  /** Of what has been quiet for longest the time of its last match, µs; infinity for none. */
  get longestQuiet(): number {
    for (const open of this.#byQuiet.values()) return open.lastAt;
    return Number.POSITIVE_INFINITY;
  }

  /** Takes out, oldest report first, those of `key` (undefined: of any) that `isOver` says. */
  take(key: string | undefined, isOver: (open: Open) => boolean): Open[] {
    const among = key === undefined ? this.#all.values() : (this.#ofKey.get(key) ?? []);
    const taken = [...among].filter(isOver);
    for (const open of taken) this.#remove(open);
    return taken;
  }

  /** Takes out, oldest report first, those whose last match was at `lastAt` (µs) or before. */
  takeQuiet(lastAt: number): Open[] {
    const taken: Open[] = [];
    for (const open of this.#byQuiet.values()) {
      if (open.lastAt > lastAt) break;
      taken.push(open);
    }
    for (const open of taken) this.#remove(open);
    return taken.sort((a, b) => a.number - b.number);
  }

  #insert(open: Open): void {
    this.#all.set(open.number, open);
    const own = this.#ofKey.get(open.match.key) ?? new Set();
    this.#ofKey.set(open.match.key, own.add(open));
  }

  #remove(open: Open): void {
    this.#all.delete(open.number);
    this.#byQuiet.delete(open.number);
    const own = this.#ofKey.get(open.match.key);
    own?.delete(open);
    if (own?.size === 0) this.#ofKey.delete(open.match.key);
  }
}
