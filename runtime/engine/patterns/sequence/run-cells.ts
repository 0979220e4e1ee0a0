/** Aggregates of runs (`sum(p.bytes)`), which are a few numbers however long a run gets. */
import {
  asNumber,
  type CellMath,
  type CoreRule,
  type EventData,
  runAggregatesOf,
  runMath,
} from "#core";
import type { RuleCode } from "../../code/matcher.ts";
import { emptyScope, type ValueFunction } from "../../code/scope.ts";

export type Cells = readonly Float64Array[];

interface Kept {
  readonly math: CellMath;
  readonly arg: ValueFunction;
}

export class RunCells {
  /** By step what is asked of its runs. */
  readonly #ofStep = new Map<number, Kept[]>();

  constructor(rule: CoreRule, code: RuleCode) {
    for (const [i, { step, fn }] of runAggregatesOf(rule).entries()) {
      const arg = code.runs[i];
      if (!arg) throw new Error(`no code for ${fn} of step ${step}`);
      this.#ofStep.set(step, [...(this.#ofStep.get(step) ?? []), { math: runMath(fn), arg }]);
    }
  }

  /** What is known of a run of `step` with one more event; undefined where nothing is asked. */
  grown(step: number, before: Cells | undefined, event: EventData): Cells | undefined {
    return this.#ofStep.get(step)?.map(({ math, arg }, i) => {
      const known = before?.[i];
      const cell = known ? known.slice() : new Float64Array(math.width);
      if (!known) math.clear(cell, 0);
      const x = asNumber(arg(event, emptyScope));
      math.add(cell, 0, { x, ts: event.ts, limit: Number.NaN });
      return cell;
    });
  }

  /** The same of all of a run. */
  of(step: number, run: readonly EventData[]): Cells | undefined {
    return run.reduce<Cells | undefined>(
      (cells, event) => this.grown(step, cells, event),
      undefined,
    );
  }
}
