/** Facts with an end, by key and bounded: of more than there is room for what ended first goes. */
import { Heap } from "../collections/heap.ts";

interface End {
  readonly key: string;
  readonly at: number;
  /** The fact's place: of those that ended at one time the first goes. */
  readonly place: number;
}

export class FactTable<T> {
  readonly #max: number;
  readonly #endOf: (fact: T) => number | undefined;
  readonly #facts = new Map<string, { readonly fact: T; readonly place: number }>();
  /** Ends that were learned; some of facts that are gone or end otherwise by now. */
  readonly #ends = new Heap<End>((a, b) => (a.at !== b.at ? a.at < b.at : a.place < b.place));
  #place = 0;
  #list: readonly T[] | undefined;

  constructor(max: number, endOf: (fact: T) => number | undefined) {
    this.#max = max;
    this.#endOf = endOf;
  }

  /** In the order of the table. */
  get all(): readonly T[] {
    this.#list ??= Array.from(this.#facts.values(), ({ fact }) => fact);
    return this.#list;
  }

  clear(): void {
    this.#facts.clear();
    this.#ends.replace([]);
    this.#list = undefined;
  }

  delete(key: string): void {
    if (this.#facts.delete(key)) this.#list = undefined;
  }

  /** A fact that is there keeps its place. Returns the one that was given up for room. */
  set(key: string, fact: T): T | undefined {
    const place = this.#facts.get(key)?.place ?? this.#place++;
    this.#facts.set(key, { fact, place });
    this.#list = undefined;
    this.#learnEnd(key, place, fact);
    return this.#facts.size > this.#max ? this.#giveUp() : undefined;
  }

  #learnEnd(key: string, place: number, fact: T): void {
    const at = this.#endOf(fact);
    if (at === undefined) return;
    this.#ends.push({ key, at, place });
    if (this.#ends.size <= 2 * this.#max) return;
    this.#ends.filter((end) => this.#isTrue(end));
  }

  /** What ended first, else the first of all. */
  #giveUp(): T | undefined {
    let [victim] = this.#facts.keys();
    for (let end = this.#ends.pop(); end; end = this.#ends.pop()) {
      if (!this.#isTrue(end)) continue;
      victim = end.key;
      break;
    }
    const known = victim === undefined ? undefined : this.#facts.get(victim);
    if (victim !== undefined) this.delete(victim);
    return known?.fact;
  }

  #isTrue({ key, at, place }: End): boolean {
    const known = this.#facts.get(key);
    return known !== undefined && known.place === place && this.#endOf(known.fact) === at;
  }
}
