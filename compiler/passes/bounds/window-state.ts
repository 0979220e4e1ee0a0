/**
 * What a window keeps for each key. `count() >= N` needs the N newest times, `distinct(x) >= N` the
 * N values seen last (LANGUAGE C.9); aggregates over panes need one cell for each pane; where only
 * the events themselves decide, all of them are kept. An aggregate that only the explanation reads
 * counts like any other, and once when `having` has it already.
 */
import {
  type BoundTerm,
  type CoreRule,
  type CoreUnit,
  childrenOf,
  type Expr,
  mirrored,
  type Param,
  printExpr,
  type Win,
  walkExpr,
  writerFor,
} from "#core";
import { exprsOf } from "./reads.ts";
import { exprBytes } from "./width.ts";
import { largestValue, longest } from "./worst.ts";

type Aggregate = Extract<Expr, { op: "agg" }>;

const paneCount = 60;

export class WindowState {
  readonly #unit: CoreUnit;
  readonly #rule: CoreRule;
  readonly #win: Win;
  readonly #params: ReadonlyMap<string, Param>;
  readonly #write: (e: Expr) => string;
  /** By printed aggregate: the most events or values that comparisons in `having` tell apart. */
  readonly #limits = new Map<string, number | undefined>();
  /** Cells of the window's resolution, or panes that are open at a time. */
  readonly panes: number;

  constructor(unit: CoreUnit, rule: CoreRule, win: Win, params: ReadonlyMap<string, Param>) {
    this.#unit = unit;
    this.#rule = rule;
    this.#win = win;
    this.#params = params;
    this.#write = writerFor(rule, win.step.name, unit.schema);
    this.panes = panesOf(win, params);
    this.#readLimits(win.having);
  }

  terms(): BoundTerm[] {
    const aggregates = new Map<string, Aggregate>();
    const histories = new Set<string>();
    for (const expr of exprsOf(this.#rule))
      walkExpr(expr, (e) => {
        if (e.op === "agg") aggregates.set(nameOf(e), e);
        if (e.op === "history") histories.add(this.#write(e));
      });
    return [
      ...[...aggregates.values()].map((a) => this.#aggregate(a)),
      ...[...histories].map((h) => ({ what: `the past of \`${h}\``, amount: 48 })),
    ];
  }

  /** Cells or entries that one event touches. */
  work(): BoundTerm[] {
    const found = new Map<string, BoundTerm>();
    walkExpr(this.#win.having, (e) => {
      if (e.op !== "agg") return;
      const amount = this.#isSliding && isPaned(e) ? this.panes : 1;
      found.set(nameOf(e), {
        what: `update of \`${this.#write({ ...e, isPaned: undefined })}\``,
        amount,
      });
    });
    return [{ what: "the event itself", amount: 1 }, ...found.values()];
  }

  get #isSliding(): boolean {
    return this.#win.shape.shape === "sliding";
  }

  #aggregate(a: Aggregate): BoundTerm {
    const width = a.arg ? this.#width(a.arg) : 0;
    const name = `\`${this.#write({ ...a, isPaned: undefined })}\``;
    const { maxEvents } = this.#win;
    const limit = this.#limits.get(nameOf(a));
    switch (a.fn) {
      case "count":
        if (!this.#isSliding || a.isPaned) return this.#cells(name, 8);
        return limit === undefined ? this.#cells(name, 8) : entries(name, limit, 8, "times");
      case "distinct":
        return limit === undefined
          ? entries(name, maxEvents, 8 + width, "values")
          : entries(name, limit * (this.#isSliding ? 1 : this.panes), 8 + width, "values");
      case "first":
        return entries(name, this.#isSliding ? maxEvents : this.panes, 8 + width, "values");
      case "last":
        return entries(name, this.#isSliding ? 1 : this.panes, 8 + width, "value");
      case "p50":
      case "p95":
      case "p99":
        return entries(name, maxEvents, 8, "values");
      case "share":
      case "top":
        return entries(name, maxEvents, 8 + width, "values");
      default:
        return this.#cells(name, cellBytes[a.fn]);
    }
  }

  #cells(name: string, bytes: number): BoundTerm {
    return { what: `${name}: ${this.panes} panes × ${bytes}`, amount: this.panes * bytes };
  }

  #width(e: Expr): number {
    return exprBytes(this.#unit, this.#rule.pattern, this.#win.step.kinds, e);
  }

  /** `agg >= N` and its like, wherever they stand; anything else needs the exact value. */
  #readLimits(e: Expr): void {
    if (e.op === "cmp") {
      const sides = [e.left, e.right] as const;
      const found = sides.find((s) => s.op === "agg");
      const other = found === e.left ? e.right : e.left;
      const cmp = found === e.left ? e.cmp : mirrored[e.cmp];
      if (found?.op === "agg" && other.op !== "agg") {
        const value = largestValue(other, this.#params, `what is kept for \`${this.#write(e)}\``);
        // One more than the threshold tells "more than" and "exactly" apart as well.
        const needed = value === undefined ? undefined : Math.max(1, Math.ceil(value) + 1);
        this.#limit(nameOf(found), cmp === ">=" && needed ? needed - 1 : needed);
        return;
      }
    }
    if (e.op === "agg") this.#limit(nameOf(e), undefined);
    else for (const child of childrenOf(e)) this.#readLimits(child);
  }

  #limit(name: string, needed: number | undefined): void {
    const known = this.#limits.get(name);
    const isExact = needed === undefined || (this.#limits.has(name) && known === undefined);
    const most = Math.min(Math.max(needed ?? 0, known ?? 0, 1), this.#win.maxEvents);
    this.#limits.set(name, isExact ? undefined : most);
  }
}

const cellBytes = {
  sum: 8,
  avg: 16,
  min: 8,
  max: 8,
  rate: 8,
  stddev: 24,
  slope: 40,
  eta: 48,
  increase: 24,
} as const;

function entries(name: string, count: number, bytes: number, of: string): BoundTerm {
  return { what: `${name}: ${count} ${of} × ${bytes}`, amount: count * bytes };
}

/** The same aggregate, exact or over panes, is one thing to keep. */
function nameOf(a: Aggregate): string {
  return printExpr({ ...a, isPaned: undefined });
}

function isPaned(a: Aggregate): boolean {
  return a.isPaned === true;
}

/** Panes that a window holds at a time; a sliding one has a part of a pane at either end. */
function panesOf({ shape, resolution }: Win, params: ReadonlyMap<string, Param>): number {
  switch (shape.shape) {
    case "sliding":
      if (resolution === undefined) return paneCount + 1;
      return Math.ceil(longest(shape.size, params, "the number of panes") / resolution) + 1;
    case "hop": {
      const size = longest(shape.size, params, "the number of open panes");
      const every = typeof shape.every === "number" ? shape.every : shortest(shape.every, params);
      return Math.ceil(size / Math.max(1, every));
    }
    default:
      return 1;
  }
}

/** A parameter without a lower end can be as short as 1 µs. */
function shortest({ param }: { readonly param: string }, params: ReadonlyMap<string, Param>) {
  return Math.max(1, params.get(param)?.min ?? 1);
}
