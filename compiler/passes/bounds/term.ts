/** Terms of a bound, and what they are terms of. */
import type { BoundTerm } from "#core";

export type Term = BoundTerm;

export interface PatternBound {
  /** Bytes for each key. */
  readonly state: readonly Term[];
  /** Bytes of all keys together. */
  readonly shared: readonly Term[];
  /** Transitions for each event. */
  readonly work: readonly Term[];
}

export function sum(terms: readonly Term[]): number {
  return terms.reduce((n, t) => n + t.amount, 0);
}

/** `count` of something, each of `bytes`. */
export function term(count: number, what: string, bytes: number): Term {
  return { what: `${count} ${what} × ${bytes}`, amount: count * bytes };
}
