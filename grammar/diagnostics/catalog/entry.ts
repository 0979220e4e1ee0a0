/**
 * The shape of one catalogue entry. `P` is the record of parameters its texts need; the type system
 * carries it from the entry to every place that reports the code.
 */
import type { Severity } from "../diagnostic.ts";

export interface Entry<P> {
  /** The name in file names and page addresses: `unknown-field`. */
  readonly slug: string;
  readonly severity: Severity;
  /** One line, lower case, no full stop, user text in backticks. */
  readonly message: (params: P) => string;
  /** The usual way out, an instruction; a report may give a more exact one. */
  readonly help?: (params: P) => string;
  /** A short paragraph: why the language refuses this. */
  readonly explanation: string;
  /** A program that gives the code; absent for codes that a source text alone cannot show. */
  readonly bad?: string;
  /** The same program put right: it gives no diagnostic of this code. */
  readonly good?: string;
}

/** Keeps the parameter type of an entry; adds nothing at run time. */
export function entry<P>(definition: Entry<P>): Entry<P> {
  return definition;
}
