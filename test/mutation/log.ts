/**
 * What is known of mutants already, line by line, so that a run may be interrupted, and one with
 * more cases asks only about those that survived fewer.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Verdict } from "./battery.ts";

/** What was tried on a mutant: rules of each law, and how long. */
export interface Effort {
  readonly rules: number;
  readonly patienceMs: number;
}

/** One line. */
type Line = readonly [id: number, met: Effort, verdict: Verdict];

export class Log {
  /** By id. */
  readonly verdicts = new Map<number, Verdict>();
  readonly #path: string;
  readonly #effort: Effort;

  /** `digest`: of everything a verdict depends on; what was judged under another one is gone. */
  constructor(path: string, digest: string, effort: Effort, isNew: boolean) {
    this.#path = path;
    this.#effort = effort;
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
    if (lines[0] !== digest || isNew) {
      writeFileSync(path, `${digest}\n`);
      return;
    }
    for (const line of lines.slice(1)) {
      if (line === "") continue;
      const [id, met, verdict] = JSON.parse(line) as Line;
      const isEnough = met.rules >= effort.rules && met.patienceMs >= effort.patienceMs;
      if (verdict.verdict === "killed" || isEnough) this.verdicts.set(id, verdict);
      else this.verdicts.delete(id);
    }
  }

  add(id: number, verdict: Verdict): void {
    this.verdicts.set(id, verdict);
    const line: Line = [id, this.#effort, verdict];
    appendFileSync(this.#path, `${JSON.stringify(line)}\n`);
  }
}
