/** What changes to a rule are made of: parts changed and put back, spans, counts, conditions. */
import { type Count, type Duration, type Expr, formatDuration, type Step, type Value } from "#core";
import { conditionVariants } from "./condition-mutants.ts";

export interface Change<T> {
  readonly description: string;
  readonly to: T;
}

/** What changes are made and described with. */
export interface Basis {
  readonly params: ReadonlyMap<string, Value>;
  /** Writes conditions on events of this step. */
  readonly writerAt: (step: string) => (e: Expr) => string;
}

/** The changes of a part, put back into the whole. */
export function within<T, U>(changes: readonly Change<T>[], put: (part: T) => U): Change<U>[] {
  return changes.map(({ description, to }) => ({ description, to: put(to) }));
}

export function eachOf<T>(items: readonly T[], change: (item: T) => Change<T>[]): Change<T[]>[] {
  return items.flatMap((item, i) => within(change(item), (to) => items.with(i, to)));
}

export function stepChanges(step: Step, basis: Basis): Change<Step>[] {
  if (!step.where) return [];
  const part = `step \`${step.name}\``;
  const dropped = {
    description: `${part}: its condition is dropped`,
    to: { ...step, where: undefined },
  };
  const variants = within(
    conditionVariants(part, step.where, basis.writerAt(step.name)),
    (where) => ({
      ...step,
      where,
    }),
  );
  return step.where.op === "and" ? variants : [dropped, ...variants];
}

/** Half and double; a parameter stands for its value. */
export function spanChanges(
  what: string,
  span: Duration | undefined,
  basis: Basis,
): Change<number>[] {
  const us = typeof span === "object" ? basis.params.get(span.param) : span;
  if (typeof us !== "number" || us < 2) return [];
  return [Math.floor(us / 2), us * 2].map((to) => ({
    description: `${what} is ${formatDuration(to)} instead of ${formatDuration(us)}`,
    to,
  }));
}

export function countChanges(what: string, count: Count, basis: Basis): Change<number>[] {
  const n = typeof count === "object" ? basis.params.get(count.param) : count;
  if (typeof n !== "number") return [];
  return [n - 1, n + 1]
    .filter((to) => to >= 1)
    .map((to) => ({ description: `${what} is ${to} instead of ${n}`, to }));
}
