/**
 * What a window keeps for each key (LANGUAGE C.9, `runtime/engine/patterns/window/`).
 * `count() >= N` needs the N newest times, `distinct(x) >= N` the N values seen last; other numbers
 * are a cell for each pane, an aggregate that only the explanation reads like any other; where only
 * the values themselves decide, they are kept with their times.
 *
 *     sliding             N times, N values; cells by pane of the resolution; values
 *     tumbling, session   one cell; values
 *     hop                 a cell for each pane that is open; values
 *     and                 the newest events as evidence, the past, what is due
 */
import {
  type CoreRule,
  type CoreUnit,
  cellMath,
  deadTimers,
  type Expr,
  evidenceKept,
  findingsKept,
  type Gauge,
  gaugesOf,
  historiesOf,
  neededFor,
  type Param,
  valuesName,
  type Win,
  writerFor,
} from "#core";
import { type EventBytes, flag, keyPartsOf, word } from "./event-bytes.ts";
import { always, type PatternBound, type Term, type TermByKeys, term, termByKeys } from "./term.ts";
import { exprBytes, keyPartBytes } from "./width.ts";
import { valueBytesOf } from "./window-view.ts";
import { keyWork, stepWork } from "./work.ts";
import { largestValue, longest } from "./worst.ts";

/** A number, an address or an identity, written out. */
const numberText = 41;

export function windowBound(
  unit: CoreUnit,
  rule: CoreRule,
  win: Win,
  params: ReadonlyMap<string, Param>,
  bytes: EventBytes,
): PatternBound {
  return new WindowBound(unit, rule, win, params, bytes).bound();
}

/** Bytes that the values of one key should take at most, so that long texts are fewer. */
const valuesBytes = 256 * 2 ** 10;
const fewestValues = 64;

/** `rule` with room for as many values of a key as its values are short; at least a few. */
export function withRoomForValues(unit: CoreUnit, rule: CoreRule): CoreRule {
  const { pattern } = rule;
  if (pattern.node !== "win") return rule;
  const args = new Map<string, Expr>();
  for (const gauge of gaugesOf(rule)) {
    const name = valuesName(gauge);
    if (name !== undefined && gauge.agg.arg) args.set(name, gauge.agg.arg);
  }
  const entry = [...args.values()].reduce((n, e) => n + word + valueBytesOf(unit, pattern, e), 0);
  if (entry === 0) return rule;
  const fitting = Math.max(fewestValues, Math.floor(valuesBytes / entry));
  if (fitting >= pattern.maxEvents) return rule;
  return { ...rule, pattern: { ...pattern, maxEvents: fitting } };
}

class WindowBound {
  readonly #unit: CoreUnit;
  readonly #rule: CoreRule;
  readonly #win: Win;
  readonly #params: ReadonlyMap<string, Param>;
  readonly #bytes: EventBytes;
  readonly #gauges: readonly Gauge[];
  readonly #write: (e: Expr) => string;
  /** Cells of the resolution. */
  readonly #panes: number;
  /** Panes that hold an event at a time, with the one that has just ended. */
  readonly #open: number;

  constructor(
    unit: CoreUnit,
    rule: CoreRule,
    win: Win,
    params: ReadonlyMap<string, Param>,
    bytes: EventBytes,
  ) {
    this.#unit = unit;
    this.#rule = rule;
    this.#win = win;
    this.#params = params;
    this.#bytes = bytes;
    this.#gauges = gaugesOf(rule);
    this.#write = writerFor(rule, win.step.name, unit.schema);
    this.#panes = panesOf(win, params);
    this.#open = openOf(win, params);
  }

  bound(): PatternBound {
    return {
      state: [
        ...this.#gauges.flatMap((g) => this.#kept(g)),
        ...this.#logs(),
        ...this.#pasts(),
        ...this.#shape(),
        this.#evidence(),
        ...(this.#isTimed ? [term(2, "times to decide at", this.#timer)] : []),
      ],
      shared: this.#isTimed ? this.#times() : [],
      work: () => this.#work(),
    };
  }

  #times(): TermByKeys[] {
    const waiting = (keysMax: number) => findingsKept({ keysMax }) + 1;
    return [
      always(term(deadTimers + 1, "times that may be out of date", this.#timer)),
      termByKeys(waiting, "matches to be told in order", word + this.#bytes.match()),
    ];
  }

  /** Its time, its number, and whose it is. */
  get #timer(): number {
    return 2 * word + this.#bytes.key();
  }

  /** Whether anything is decided without an event. */
  get #isTimed(): boolean {
    return !this.#isSliding || this.#isClosing;
  }

  get #isSliding(): boolean {
    return this.#win.shape.shape === "sliding";
  }

  get #isPanes(): boolean {
    return this.#win.shape.shape === "tumbling" || this.#win.shape.shape === "hop";
  }

  get #isClosing(): boolean {
    return this.#rule.policy.emit === "close";
  }

  // ---------- aggregates ----------

  #kept(gauge: Gauge): Term[] {
    if (valuesName(gauge) !== undefined) return [];
    const name = this.#nameOf(gauge);
    if (this.#isSliding && !gauge.agg.isPaned) return [this.#exact(name, gauge)];
    const each = this.#cellBytes(gauge);
    if (this.#isSliding) return [cells(name, this.#panes + (this.#isClosing ? 1 : 0), each)];
    const past = gauge.isPast ? [cells(`${name} in the past`, this.#panes, each)] : [];
    return [cells(name, this.#cells, each), ...past];
  }

  /** Of the exact span of a sliding window. */
  #exact(name: string, gauge: Gauge): Term {
    const { fn, arg } = gauge.agg;
    const limit = this.#neededFor(gauge);
    // An episode goes on from what there is when it begins.
    const isTwice = this.#isClosing;
    if (fn === "count") {
      return { what: `${name}: ${limit} times × ${word}`, amount: limit * word };
    }
    if (fn === "distinct") {
      const each = word + this.#textBytes(arg) + (isTwice ? this.#textBytes(arg) : 0);
      return { what: `${name}: ${limit} values × ${each}`, amount: limit * each };
    }
    const value = (arg ? this.#valueBytes(arg) : 0) * (isTwice ? 2 : 1);
    return { what: `${name}: the newest value × ${value}`, amount: value };
  }

  /** What an aggregate has of a pane. */
  #cellBytes(gauge: Gauge): number {
    const { fn, arg } = gauge.agg;
    const math = cellMath(fn);
    if (math) return math.width * word;
    if (fn === "distinct") return this.#neededFor(gauge) * this.#textBytes(arg);
    return arg ? this.#valueBytes(arg) : 0;
  }

  #logs(): Term[] {
    const logs = new Map<string, Gauge[]>();
    for (const gauge of this.#gauges) {
      const name = valuesName(gauge);
      if (name !== undefined) logs.set(name, [...(logs.get(name) ?? []), gauge]);
    }
    return [...logs.values()].map((gauges) => {
      const names = gauges.map((g) => this.#nameOf(g)).join(", ");
      const arg = gauges[0]?.agg.arg;
      const each = word + (arg ? this.#valueBytes(arg) : 0);
      const { maxEvents } = this.#win;
      return { what: `${names}: ${maxEvents} values × ${each}`, amount: maxEvents * each };
    });
  }

  #nameOf({ agg }: Gauge): string {
    return `\`${this.#write({ ...agg, isPaned: undefined })}\``;
  }

  #neededFor(gauge: Gauge): number {
    const what = `what is kept for ${this.#nameOf(gauge)}`;
    return neededFor(gauge, (e) => largestValue(e, this.#params, what)) ?? this.#win.maxEvents;
  }

  #valueBytes(e: Expr): number {
    return valueBytesOf(this.#unit, this.#win, e);
  }

  /** A value as a text that is equal exactly for equal values. */
  #textBytes(e: Expr | undefined): number {
    if (!e) return 0;
    const { pattern } = this.#rule;
    const { kinds } = this.#win.step;
    const bytes = exprBytes(this.#unit, pattern, kinds, e);
    const plain = bytes > word ? 1 + bytes - word : numberText;
    return word + Math.min(plain, keyPartBytes(this.#unit, pattern, kinds, e));
  }

  // ---------- what is kept besides ----------

  #pasts(): Term[] {
    // A match that is waited with keeps its own.
    const each = 2 * word * (this.#isClosing ? 2 : 1);
    return historiesOf(this.#rule).map((h) => ({
      what: `the past of \`${this.#write(h)}\``,
      amount: each,
    }));
  }

  /** Cells at a time of a window that does not slide. */
  get #cells(): number {
    if (!this.#isPanes) return this.#open;
    return this.#open + (this.#isClosing ? 3 : 0);
  }

  #shape(): Term[] {
    const hasPast = historiesOf(this.#rule).length > 0;
    const isPaned = this.#isSliding && this.#gauges.some((g) => g.agg.isPaned);
    const ring = isPaned || hasPast ? this.#panes : 0;
    const own = this.#isSliding ? (this.#isClosing ? 2 : 0) : this.#cells;
    const times = ring + own + (this.#isPanes ? this.#cells : 0);
    // What is due, what was lost, and of each aggregate where its newest is.
    const places = (this.#isClosing ? 5 : 4) * word * this.#gauges.length;
    const rest = 16 * word + 6 * flag + places + (hasPast ? 3 * word + flag : 0);
    return [
      ...(times > 0 ? [term(times, "panes by their time", word)] : []),
      ...(this.#isPanes ? this.#ofPanes() : []),
      { what: "what is due, and doubts", amount: rest },
    ];
  }

  /** Of panes that are aligned: doubt of each, and the lives of the entity that is the key. */
  #ofPanes(): Term[] {
    const [part, more] = keyPartsOf(this.#rule);
    const kind = part?.expr.op === "entity" && !more ? part.expr.kind : undefined;
    const chain = this.#unit.schema.entities.map((e) => word + e.keyBytes);
    const key = this.#unit.schema.entities.find((e) => e.name === kind)?.keyBytes ?? 0;
    const life = 4 * word + (kind?.length ?? 0) + key + chain.reduce((a, b) => a + b, 0);
    return [
      term(this.#open + 1, "panes in doubt", word),
      { what: "what the run of panes is about", amount: this.#bytes.entity },
      ...(kind === undefined ? [] : [term(livesMost, "lives", life)]),
    ];
  }

  #evidence(): Term {
    // Of panes also those of the one that has just ended, and of the run that goes on.
    const lists = this.#isPanes ? (this.#isClosing ? 3 : 2) : 1;
    const each = this.#bytes.taken(this.#win.step) + (lists > 1 ? word : 0);
    return term(lists * evidenceKept, "events as evidence", each);
  }

  // ---------- work ----------

  /** Functions that one event calls, and cells that it touches. */
  #work(): Term[] {
    const { step } = this.#win;
    const pasts = historiesOf(this.#rule);
    const aggregates = this.#gauges.map((gauge): Term => {
      const { where, arg, limit } = gauge.agg;
      const functions = [where, arg, limit].filter((e) => e !== undefined).length;
      const touched = valuesName(gauge) === undefined ? this.#touched(gauge) : 1;
      return { what: this.#nameOf(gauge), amount: functions + touched };
    });
    return [
      ...stepWork(this.#unit, [{ step, times: 1, against: "by itself" }]),
      ...keyWork(this.#rule),
      { what: "the condition", amount: 1 },
      ...aggregates,
      ...pasts.map((h) => ({
        what: `\`${this.#write(h)}\` at the ends of panes`,
        amount: 2 * this.#panes + 1,
      })),
    ].filter((t) => t.amount > 0);
  }

  #touched({ agg }: Gauge): number {
    if (!this.#isSliding) return this.#cells;
    return agg.isPaned ? this.#panes : 1;
  }
}

/** Lives that are remembered of one entity. */
const livesMost = 16;

function cells(name: string, count: number, bytes: number): Term {
  return { what: `${name}: ${count} panes × ${bytes}`, amount: count * bytes };
}

/** Panes of a window that does not say how wide they are. */
const paneCount = 60;

/** Panes of the resolution that a window touches; one has a part of a pane at either end. */
function panesOf({ shape, resolution }: Win, params: ReadonlyMap<string, Param>): number {
  const span = shape.shape === "session" ? shape.max : shape.size;
  const most = longest(span, params, "the number of panes");
  if (resolution !== undefined) return Math.ceil(most / resolution) + 1;
  const least = typeof span === "number" ? span : shortest(span, params);
  // A sixtieth is rounded down: of short windows there are more.
  const count = (size: number) => Math.ceil(size / Math.max(1, Math.floor(size / paneCount))) + 1;
  if (typeof span === "number") return count(most);
  return least >= paneCount * paneCount ? paneCount + 2 : 2 * paneCount + 1;
}

function openOf({ shape }: Win, params: ReadonlyMap<string, Param>): number {
  switch (shape.shape) {
    case "hop": {
      const size = longest(shape.size, params, "the number of open panes");
      const every = typeof shape.every === "number" ? shape.every : shortest(shape.every, params);
      return Math.ceil(size / Math.max(1, every)) + 1;
    }
    case "tumbling":
      return 2;
    default:
      return 1;
  }
}

/** A parameter without a lower end can be as short as 1 µs. */
function shortest({ param }: { readonly param: string }, params: ReadonlyMap<string, Param>) {
  return Math.max(1, params.get(param)?.min ?? 1);
}
