/** The worst end of what may change at run time. */
import type { CoreUnit, Count, Duration, Expr, Param } from "#core";

/** Why a bound cannot be given: a parameter without an upper end. */
export class Unbounded extends Error {
  /** ``the window of `a.span` ``. */
  readonly what: string;
  readonly param: string;
  constructor(what: string, param: string) {
    super(`${what} depends on ${param}`);
    this.what = what;
    this.param = param;
  }
}

type Params = ReadonlyMap<string, Param>;

/** By name; found once for all rules. */
const byName = new WeakMap<CoreUnit, Params>();

/** The parameters of `unit` by name. */
export function paramsOf(unit: CoreUnit): Params {
  const params = byName.get(unit) ?? new Map(unit.params.map((p) => [p.name, p]));
  byName.set(unit, params);
  return params;
}

/** The longest a span can be, µs. Throws `Unbounded`. */
export function longest(span: Duration, params: Params, what: string): number {
  return typeof span === "number" ? span : worstOf(span.param, params, what);
}

/** The largest a count can be. Throws `Unbounded`. */
export function largest(count: Count, params: Params, what: string): number {
  return typeof count === "number" ? count : worstOf(count.param, params, what);
}

/** The largest value of a constant or parameter; undefined when `e` is something computed. */
export function largestValue(e: Expr, params: Params, what: string): number | undefined {
  if (e.op === "const") return typeof e.value === "number" ? e.value : undefined;
  return e.op === "param" ? worstOf(e.name, params, what) : undefined;
}

function worstOf(name: string, params: Params, what: string): number {
  const max = params.get(name)?.max;
  if (max === undefined) throw new Unbounded(what, name);
  return max;
}
