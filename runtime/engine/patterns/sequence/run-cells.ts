/** Aggregates of runs (`sum(p.bytes)`), which are a few numbers however long a run gets. */
import {
  asNumber,
  type CellMath,
  type CoreRule,
  type EventData,
  emptyCell,
  runAggregatesOf,
  runMath,
} from "#core";
import type { RuleCode } from "../../code/matcher.ts";
import { emptyScope, type ValueFunction } from "../../code/scope.ts";

export type Cells = readonly Float64Array[];

interface Part {
  readonly math: CellMath;
  readonly arg: ValueFunction;
}

/** What is asked of the runs of a step. */
interface Asked {
  readonly parts: Part[];
  /** What an event adds to each part: the same event may be tried in many runs. */
  readonly samples: WeakMap<EventData, readonly number[]>;
}

export class RunCells {
  readonly #ofStep = new Map<number, Asked>();

  constructor(rule: CoreRule, code: RuleCode) {
    for (const [i, { step, fn }] of runAggregatesOf(rule).entries()) {
      const arg = code.runAggregates[i];
      if (!arg) throw new Error(`no code for ${fn} of step ${step}`);
      const asked = this.#ofStep.get(step) ?? { parts: [], samples: new WeakMap() };
      asked.parts.push({ math: runMath(fn), arg });
      this.#ofStep.set(step, asked);
    }
  }

  /** What is known of a run of `step` with one more event; undefined where nothing is asked. */
  grown(step: number, before: Cells | undefined, event: EventData): Cells | undefined {
    const asked = this.#ofStep.get(step);
    if (!asked) return undefined;
    const cells = before ? before.map((cell) => cell.slice()) : empty(asked);
    take(asked, cells, event);
    return cells;
  }

  /** The same of all of a run. */
  of(step: number, run: readonly EventData[]): Cells | undefined {
    const asked = this.#ofStep.get(step);
    if (!asked || run.length === 0) return undefined;
    const cells = empty(asked);
    for (const event of run) take(asked, cells, event);
    return cells;
  }
}

function empty({ parts }: Asked): Cells {
  return parts.map(({ math }) => emptyCell(math));
}

/** Adds an event to cells that are nobody else's. */
function take({ parts, samples }: Asked, cells: Cells, event: EventData): void {
  const xs = samples.get(event) ?? parts.map(({ arg }) => asNumber(arg(event, emptyScope)));
  samples.set(event, xs);
  for (const [i, { math }] of parts.entries()) {
    const [cell, x] = [cells[i], xs[i]];
    if (cell && x !== undefined) math.add(cell, 0, { x, ts: event.ts, limit: Number.NaN });
  }
}
