/** Terms of a bound, and what they are terms of. */
import type { BoundTerm } from "#core";

export type Term = BoundTerm;

/** A term of a rule with at most so many keys. */
export type TermByKeys = (keysMax: number) => Term;

export interface PatternBound {
  /** Bytes for each key. */
  readonly state: readonly Term[];
  /** Bytes of all keys together. */
  readonly shared: readonly TermByKeys[];
  /** Transitions for each event of a rule with at most so many keys. */
  readonly work: (keysMax: number) => readonly Term[];
}

export function sum(terms: readonly Term[]): number {
  return terms.reduce((n, t) => n + t.amount, 0);
}

/** `count` of something, each of `bytes`. */
export function term(count: number, what: string, bytes: number): Term {
  return { what: `${count} ${what} × ${bytes}`, amount: count * bytes };
}

/** As many of something as `count` says, each of `bytes`. */
export function termByKeys(
  count: (keysMax: number) => number,
  what: string,
  bytes: number,
): TermByKeys {
  return (keysMax) => term(count(keysMax), what, bytes);
}

/** The same term however many keys there may be. */
export function always(same: Term): TermByKeys {
  return () => same;
}
