/**
 * What is kept of the events of one pane: the numbers of `cells.ts` for all aggregates one behind
 * the other, and what is no number beside them.
 *
 *     pane   │ ts │ count() │ sum(e.x) │ slope(e.y): 6 numbers │ …   first(e.s), last(e.s)   {e.t}
 */
import {
  type CellMath,
  cellMath,
  type Gauge,
  keyText,
  laterCells,
  type Unit,
  type Value,
  windowCell,
} from "#core";
import type { WindowSample } from "./gauges.ts";

export interface Cell {
  /** Time of its first event, µs; infinity before there is one. */
  ts: number;
  readonly numbers: Float64Array;
  /** Of `first` and `last`; undefined: none so far. */
  readonly values: Value[];
  /** Of `distinct`, as far as comparisons tell them apart. */
  readonly sets: readonly Set<string>[];
}

/** Where in a cell an aggregate has its place. */
type Field = { readonly is: "numbers"; readonly at: number; readonly math: CellMath } | ValueField;

type ValueField =
  | { readonly is: "first" | "last"; readonly at: number }
  | { readonly is: "set"; readonly at: number; readonly limit: number };

export class CellPlan {
  readonly #gauges: readonly Gauge[];
  /** By number of the gauge, in the order of the gauges. */
  readonly #fields = new Map<number, Field>();
  #numbers = 0;
  #values = 0;
  #sets = 0;

  /** `kept`: numbers of the gauges; `limits`: how many values comparisons tell apart. */
  constructor(
    gauges: readonly Gauge[],
    kept: readonly number[],
    limits: readonly (number | undefined)[],
  ) {
    this.#gauges = gauges;
    for (const index of kept) this.#fields.set(index, this.#place(index, limits[index]));
  }

  get isEmpty(): boolean {
    return this.#fields.size === 0;
  }

  has(index: number): boolean {
    return this.#fields.has(index);
  }

  empty(): Cell {
    const numbers = new Float64Array(this.#numbers);
    for (const field of this.#fields.values())
      if (field.is === "numbers") field.math.clear(numbers, field.at);
    return {
      ts: Number.POSITIVE_INFINITY,
      numbers,
      values: Array.from({ length: this.#values }, () => undefined),
      sets: Array.from({ length: this.#sets }, () => new Set<string>()),
    };
  }

  /** Takes in an event that is not before those of the cell. */
  add(cell: Cell, sample: WindowSample): void {
    if (cell.ts > sample.ts) cell.ts = sample.ts;
    for (const [index, field] of this.#fields) {
      if (!sample.isTaken(index)) continue;
      if (field.is === "numbers") field.math.add(cell.numbers, field.at, sample.numbers(index));
      else this.#addValue(cell, field, sample.value(index));
    }
  }

  /** Takes in the cell of what came next. */
  merge(cell: Cell, newer: Cell): void {
    if (cell.ts > newer.ts) cell.ts = newer.ts;
    for (const field of this.#fields.values()) {
      const { at } = field;
      if (field.is === "numbers")
        field.math.merge(cell.numbers, at, newer.numbers, at, cell.numbers, at);
      else this.#mergeValues(cell, field, newer);
    }
  }

  /** The cell of a window with these panes, oldest first. */
  whole(panes: readonly Cell[]): Cell {
    const cell = this.empty();
    cell.ts = panes[0]?.ts ?? cell.ts;
    for (const field of this.#fields.values()) {
      if (field.is === "numbers") {
        const whole = windowCell(field.math, numbersOf(panes), field.at);
        cell.numbers.set(whole, field.at);
      } else for (const pane of panes) this.#mergeValues(cell, field, pane);
    }
    return cell;
  }

  /** The value of gauge `index` over a window with these panes, oldest first. */
  valueOver(index: number, panes: readonly Cell[], sizeUs: number): Value {
    const field = this.#fields.get(index);
    if (field?.is !== "numbers") return field && valueIn(field, panes);
    const whole = windowCell(field.math, numbersOf(panes), field.at);
    return field.math.value(whole, 0, this.#unitOf(index), sizeUs);
  }

  /** The same for the windows that begin with any of these panes and end with the last. */
  valuesFrom(panes: readonly Cell[], sizeUs: number): (index: number, from: number) => Value {
    const cells = new Map<number, ReturnType<typeof laterCells>>();
    return (index, from) => {
      const field = this.#fields.get(index);
      if (field?.is !== "numbers") return field && valueIn(field, panes.slice(from));
      const known = cells.get(index) ?? laterCells(field.math, numbersOf(panes), field.at);
      cells.set(index, known);
      return field.math.value(known(from), 0, this.#unitOf(index), sizeUs);
    };
  }

  #unitOf(index: number): Unit | undefined {
    return this.#gauges[index]?.agg.unit;
  }

  /** What is known of an exact gauge: a count, values that differ, or a value; it goes on there. */
  set(cell: Cell, index: number, known: Value | Iterable<string>): void {
    const field = this.#fields.get(index);
    if (field?.is === "numbers") cell.numbers[field.at] = known as number;
    else if (field?.is === "set")
      for (const text of known as Iterable<string>) fill(cell.sets[field.at], text, field.limit);
    else if (field) cell.values[field.at] = known as Value;
  }

  #place(index: number, limit: number | undefined): Field {
    const { fn } = this.#gauges[index]?.agg ?? {};
    const math = fn && cellMath(fn);
    if (math) {
      const at = this.#numbers;
      this.#numbers += math.width;
      return { is: "numbers", at, math };
    }
    if (fn === "first" || fn === "last") return { is: fn, at: this.#values++ };
    return { is: "set", at: this.#sets++, limit: limit ?? 0 };
  }

  #mergeValues(cell: Cell, field: ValueField, newer: Cell): void {
    if (field.is === "set")
      for (const text of newer.sets[field.at] ?? []) fill(cell.sets[field.at], text, field.limit);
    else this.#addValue(cell, field, newer.values[field.at]);
  }

  #addValue(cell: Cell, field: ValueField, value: Value): void {
    if (value === undefined) return;
    const { at } = field;
    if (field.is === "set") fill(cell.sets[at], keyText(value), field.limit);
    else if (field.is === "last" || cell.values[at] === undefined) cell.values[at] = value;
  }
}

function numbersOf(panes: readonly Cell[]): Float64Array[] {
  return panes.map((p) => p.numbers);
}

function valueIn(field: ValueField, panes: readonly Cell[]): Value {
  const { at } = field;
  if (field.is === "set") return new Set(panes.flatMap((p) => [...(p.sets[at] ?? [])])).size;
  const isKnown = (p: Cell) => p.values[at] !== undefined;
  return (field.is === "first" ? panes.find(isKnown) : panes.findLast(isKnown))?.values[at];
}

/** Beyond the limit no comparison tells more values apart. */
function fill(set: Set<string> | undefined, text: string, limit: number): void {
  if (set && set.size < limit) set.add(text);
}
