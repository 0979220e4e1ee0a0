/** Under which keys a rule hears of an event. */
import type { EventData } from "#core";
import type { RuleCode } from "../code/matcher.ts";
import { emptyScope } from "../code/scope.ts";

/** By key the steps an event may be for under it. */
export type StepsByKey = Map<string, Set<number>>;

/** The key of `event` as that of a step; undefined without one. */
export function keyAt(code: RuleCode, event: EventData, step: number): string | undefined {
  const key = code.steps[step]?.key;
  return key ? key(event, emptyScope) : "";
}

export function stepsByKey(code: RuleCode, event: EventData, hits: readonly number[]): StepsByKey {
  const groups: StepsByKey = new Map();
  for (const step of hits) {
    const key = keyAt(code, event, step);
    if (key === undefined) continue;
    const group = groups.get(key) ?? new Set<number>();
    groups.set(key, group.add(step));
  }
  return groups;
}

/** What one event completes under several keys is told in the order of these. */
export function inOrderOfKeys(groups: StepsByKey): Iterable<[string, ReadonlySet<number>]> {
  return groups.size < 2 ? groups : [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}
