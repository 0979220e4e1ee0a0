/**
 * What is known besides events, as of a time: which entities live, who is related to whom, and how
 * the sources fared. Part of the log, like events (LANGUAGE C.10).
 */
import type { EntityRef, Value } from "../schema.ts";
import { keyText } from "./key-text.ts";

export interface World {
  readonly entities: readonly EntityLife[];
  readonly relations: readonly RelationFact[];
  /** Those of a relation that lead from `from` (as `keyText` writes it), where that is known. */
  relationsFrom?(relation: string, from: string): Iterable<RelationFact>;
}

/** One entity from its appearance to its end, µs since the epoch; `down` undefined: still there. */
export interface EntityLife {
  readonly kind: string;
  readonly key: string;
  /** Itself and what contains it. */
  readonly chain: EntityRef;
  readonly up: number;
  readonly down: number | undefined;
}

/** `from` is related to `to` from `since` until before `until`, µs since the epoch. */
export interface RelationFact {
  readonly relation: string;
  readonly from: string;
  readonly to: string;
  readonly since: number;
  readonly until: number | undefined;
}

/** How a source fared while a trace was taken. */
export interface SourceStory {
  /** Index into `Schema.sources`. */
  readonly source: number;
  /** From here on it made no progress any more, µs since the epoch. */
  readonly silentFrom: number | undefined;
  /** Events that never arrived, and when. */
  readonly lost: readonly { readonly at: number; readonly count: number }[];
}

/** One key or a list of keys as a list; missing values are left out. */
export function keysIn(x: Value): readonly Value[] {
  if (x === undefined) return [];
  return Array.isArray(x) ? x.filter((y: Value) => y !== undefined) : [x];
}

/** Where `relation` leads from `from` as of `at`, in the order the facts became known. */
export function neighbours(
  world: World | undefined,
  relation: string,
  from: readonly Value[],
  at: number,
): string[] {
  const starts = new Set(from.map(keyText));
  const out = new Set<string>();
  const [only] = starts;
  const isIndexed = starts.size === 1 && only !== undefined;
  const near = isIndexed ? world?.relationsFrom?.(relation, only) : undefined;
  for (const fact of near ?? world?.relations ?? []) {
    const isNow = fact.since <= at && (fact.until === undefined || at < fact.until);
    if (isNow && fact.relation === relation && starts.has(keyText(fact.from))) out.add(fact.to);
  }
  return [...out];
}
