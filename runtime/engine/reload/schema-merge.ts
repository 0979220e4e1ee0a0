/**
 * One schema for the rules of two bundles: the kinds and sources of the new one with their numbers,
 * behind them those that only rules of the old one still know.
 */
import {
  type CoreRule,
  type CoreUnit,
  type EventKind,
  heardSteps,
  isExtended,
  layoutOf,
  type Schema,
} from "#core";

export interface MergedSchema {
  readonly schema: Schema;
  /** By old number the one in the merged schema. */
  readonly kinds: readonly number[];
  readonly sources: readonly number[];
}

export function mergeSchemas(old: Schema, now: Schema): MergedSchema {
  const sources = [...now.sources];
  const sourceNumbers = old.sources.map((source) => {
    const same = now.sources.findIndex((s) => s.name === source.name);
    return same >= 0 ? same : sources.push(source) - 1;
  });
  const nameOf = (schema: Schema, kind: EventKind) => schema.sources[kind.source]?.name;
  const kinds = [...now.kinds];
  const kindNumbers = old.kinds.map((kind) => {
    const same = now.kinds.findIndex(
      (k) =>
        k.name === kind.name &&
        k.made === kind.made &&
        nameOf(now, k) === nameOf(old, kind) &&
        (kind.made === "finding" || isExtended(kind, k)),
    );
    if (same >= 0) return same;
    return kinds.push({ ...kind, source: sourceNumbers[kind.source] ?? kind.source }) - 1;
  });
  const { entities, relations } = now;
  const schema = { sources, entities, relations, kinds };
  return { schema, kinds: kindNumbers, sources: sourceNumbers };
}

/** Undefined when numbers stay as they are. */
export function changed(numbers: readonly number[]): readonly number[] | undefined {
  return numbers.every((to, from) => to === from) ? undefined : numbers;
}

/** `unit` over the merged schema. */
export function unitOver(unit: CoreUnit, { schema, kinds }: MergedSchema): CoreUnit {
  if (!changed(kinds)) return { ...unit, schema };
  return {
    ...unit,
    schema,
    rules: unit.rules.map((r) => renumbered(r, kinds)),
    derives: unit.derives.map((d) => ({
      ...renumbered(d, kinds),
      kind: kinds[d.kind] ?? d.kind,
    })),
  };
}

/** Steps are all that names kinds by number. */
function renumbered<T>(x: T, kinds: readonly number[]): T {
  if (typeof x !== "object" || x === null) return x;
  if (Array.isArray(x)) return x.map((item) => renumbered(item, kinds)) as T;
  const entries = Object.entries(x).map(([key, value]) => {
    const isKinds = key === "kinds" && Array.isArray(value) && "key" in x;
    return [key, isKinds ? numbersOf(value, kinds) : renumbered(value, kinds)];
  });
  return Object.fromEntries(entries) as T;
}

function numbersOf(of: readonly number[], kinds: readonly number[]): number[] {
  return of.map((k) => kinds[k] ?? k).sort((a, b) => a - b);
}

/**
 * Why the code of `rule`, of the old bundle, cannot read what is written from now on; undefined
 * when it can. Fields may have been appended, which moves none of the others.
 */
export function unreadable(
  { schema: old, derives }: CoreUnit,
  rule: CoreRule,
  { schema, kinds }: MergedSchema,
): string | undefined {
  const steps = [...heardSteps(rule), ...derives.map((d) => d.step)];
  for (const { kinds: heard } of steps) {
    // Generated code tells the kinds of a union apart by their old numbers.
    if (heard.length > 1 && heard.some((k) => kinds[k] !== k))
      return "its events have other numbers";
  }
  for (const kind of heardSteps(rule).flatMap((s) => s.kinds)) {
    const [before, now] = [old.kinds[kind], schema.kinds[kinds[kind] ?? -1]];
    if (!before || !now || before.made !== undefined) continue;
    const isWritten = schema.kinds.findIndex((k) => k.name === now.name) === kinds[kind];
    if (!isWritten || !isSameLayout(before, now))
      return `records of \`${before.name}\` are written otherwise`;
  }
  return undefined;
}

function isSameLayout(before: EventKind, now: EventKind): boolean {
  const [a, b] = [layoutOf(before), layoutOf(now)];
  const isSame = JSON.stringify(a.fields) === JSON.stringify(b.fields.slice(0, a.fields.length));
  return isSame && a.extraFlagWords === b.extraFlagWords;
}
