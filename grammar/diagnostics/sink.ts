/**
 * Where diagnostics go. A pass is given a sink, adds what it finds and carries on; it never throws
 * for a user's mistake. Collecting is bounded: beyond the limit diagnostics are counted, not kept.
 */
import type { Diagnostic } from "./diagnostic.ts";

/** What a pass may do with diagnostics: add them. */
export interface DiagnosticSink {
  add(diagnostic: Diagnostic): void;
}

/** How many diagnostics one run keeps unless the caller says otherwise. */
export const DIAGNOSTICS_MAX = 1000;

/** A sink that keeps the first `limit` diagnostics and counts the rest. */
export class CollectingSink implements DiagnosticSink {
  readonly #limit: number;
  readonly #kept: Diagnostic[] = [];
  #dropped = 0;
  #errors = 0;

  constructor(limit: number = DIAGNOSTICS_MAX) {
    this.#limit = limit;
  }

  add(diagnostic: Diagnostic): void {
    if (diagnostic.severity === "error") this.#errors += 1;
    if (this.#kept.length < this.#limit) this.#kept.push(diagnostic);
    else this.#dropped += 1;
  }

  /** What was kept, in the order it was reported. */
  get diagnostics(): readonly Diagnostic[] {
    return this.#kept;
  }

  /** How many more there were. */
  get droppedCount(): number {
    return this.#dropped;
  }

  /** Errors reported so far, whether kept or only counted. */
  get errorCount(): number {
    return this.#errors;
  }

  get hasErrors(): boolean {
    return this.#errors > 0;
  }
}
