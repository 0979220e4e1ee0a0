/**
 * Which of a window's aggregates are kept how:
 *
 *     `count() >= 5` while it slides       the newest times            window-sliding.ts
 *     `distinct(e.x) >= 3`                 the values seen last
 *     `last(e.x)`                          the newest value
 *     p50, p95, p99, share, top, and       values with their times     here
 *     distinct where the number is asked
 *     everything else                      a cell for each pane        window-cells.ts
 */
import {
  asNumber,
  type CellSample,
  countGauge,
  type EventData,
  type Gauge,
  gaugesOf,
  neededFor,
  type Value,
  valuesName,
  type Win,
} from "#core";
import type { AggregateCode } from "../../code/matcher.ts";
import { emptyScope } from "../../code/scope.ts";
import type { MatcherInputs } from "../pattern-matcher.ts";

/** What an event says to each gauge; it is read once and used at once. */
export interface WindowSample {
  readonly ts: number;
  isTaken(index: number): boolean;
  value(index: number): Value;
  numbers(index: number): CellSample;
}

export class WindowGauges {
  readonly gauges: readonly Gauge[];
  /** By gauge how many events or values comparisons tell apart; undefined: all there are. */
  readonly limits: readonly (number | undefined)[];
  /** Number of the gauge that says how many events a match has. */
  readonly count: number;
  /** By gauge the number of the log its values are in; undefined where there is none. */
  readonly logs: readonly (number | undefined)[];
  readonly #code: readonly AggregateCode[];

  constructor({ rule, code, params }: MatcherInputs<Win>) {
    this.gauges = gaugesOf(rule);
    this.#code = code.aggregates;
    this.limits = this.gauges.map((g) =>
      neededFor(g, (e) => {
        const value =
          e.op === "param" ? params.get(e.name) : e.op === "const" ? e.value : undefined;
        return typeof value === "number" ? value : undefined;
      }),
    );
    const count = countGauge(rule);
    this.count = this.gauges.findIndex((g) => g.name === count);
    const names = this.gauges.map(valuesName);
    const logs = [...new Set(names.filter((n) => n !== undefined))];
    this.logs = names.map((n) => (n === undefined ? undefined : logs.indexOf(n)));
  }

  /** Numbers of the gauges of which something else than a log is kept and that are `wanted`. */
  unlogged(wanted: (gauge: Gauge) => boolean): number[] {
    return [...this.gauges.entries()]
      .filter(([i, gauge]) => this.logs[i] === undefined && wanted(gauge))
      .map(([i]) => i);
  }

  /** Each function is called once at most, however many cells the event is added to. */
  sample(event: EventData): WindowSample {
    const { ts } = event;
    const taken: (boolean | undefined)[] = [];
    const values: (readonly [Value] | undefined)[] = [];
    const numbers: (CellSample | undefined)[] = [];
    const value = (index: number): Value => {
      values[index] ??= [this.#code[index]?.arg?.(event, emptyScope)];
      return values[index][0];
    };
    return {
      ts,
      isTaken: (index) => {
        taken[index] ??= this.#code[index]?.where?.(event, emptyScope) ?? true;
        return taken[index];
      },
      value,
      numbers: (index) => {
        numbers[index] ??= {
          x: asNumber(value(index)),
          ts,
          limit: asNumber(this.#code[index]?.limit?.(event, emptyScope)),
        };
        return numbers[index];
      },
    };
  }
}
