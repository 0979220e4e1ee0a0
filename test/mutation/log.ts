/**
 * What is known of mutants already, line by line, so that a run may be interrupted, one with more
 * cases asks only about those that survived fewer, and one after a change about what it concerns.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { Basis } from "./basis.ts";
import type { Verdict } from "./battery.ts";
import type { Mutant } from "./instrument.ts";

/** What was tried on a mutant: rules of each law, and how long. */
export interface Effort {
  readonly rules: number;
  readonly patienceMs: number;
}

export interface Known {
  /** By id. */
  readonly mutants: readonly Mutant[];
  readonly basis: Basis;
  readonly effort: Effort;
  /** Whether to ask again what is known; what is found then counts from there on. */
  readonly isNew: boolean;
}

/** One line: the number of a mutant in its file, and what was found on which basis. */
interface Line {
  readonly file: string;
  readonly at: number;
  readonly effort: Effort;
  readonly basis: string;
  readonly verdict: Verdict;
}

export class Log {
  /** By id. */
  readonly verdicts = new Map<number, Verdict>();
  readonly #path: string;
  readonly #known: Known;
  /** Id of the first mutant of each file. */
  readonly #first = new Map<string, number>();

  constructor(path: string, known: Known) {
    this.#path = path;
    this.#known = known;
    for (const [id, { file }] of known.mutants.entries())
      if (!this.#first.has(file)) this.#first.set(file, id);
    const lines = existsSync(path) && !known.isNew ? readFileSync(path, "utf8").split("\n") : [];
    for (const text of lines) {
      const line = lineOf(text);
      if (line) this.#learn(line);
    }
  }

  #learn({ file, at, effort: met, basis, verdict }: Line): void {
    const id = (this.#first.get(file) ?? Number.NaN) + at;
    if (this.#known.mutants[id]?.file !== file || basis !== this.#known.basis.of(file, verdict))
      return;
    const { effort } = this.#known;
    const isEnough = met.rules >= effort.rules && met.patienceMs >= effort.patienceMs;
    if (verdict.verdict === "killed" || isEnough) this.verdicts.set(id, verdict);
    else this.verdicts.delete(id);
  }

  add(id: number, verdict: Verdict): void {
    this.verdicts.set(id, verdict);
    const { mutants, basis, effort } = this.#known;
    const file = mutants[id]?.file ?? "";
    const at = id - (this.#first.get(file) ?? 0);
    const line: Line = { file, at, effort, basis: basis.of(file, verdict), verdict };
    appendFileSync(this.#path, `${JSON.stringify(line)}\n`);
  }
}

/** Undefined for one that an interruption has cut off, or that is of another form. */
function lineOf(text: string): Line | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === "object" && line !== null && "basis" in line
      ? (line as Line)
      : undefined;
  } catch {
    return undefined;
  }
}
