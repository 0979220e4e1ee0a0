/** Under which keys a sequence hears of an event. */
import type { EventData } from "#core";
import type { RuleCode } from "../../code/matcher.ts";
import { emptyScope } from "../../code/scope.ts";
import type { SequencePlan } from "./plan.ts";

/**
 * The keys of `event`, each with the steps it may be for under it, of those of `hits`. Where other
 * events in between matter it is also under the keys of steps it is not for.
 */
export function groupsOf(
  plan: SequencePlan,
  code: RuleCode,
  event: EventData,
  hits: readonly number[],
): Map<string, ReadonlySet<number>> {
  const groups = new Map<string, Set<number>>();
  const keyOf = (step: number) => {
    const key = code.steps[step]?.key;
    return key ? key(event, emptyScope) : "";
  };
  for (const step of hits) {
    const key = keyOf(step);
    if (key === undefined) continue;
    const group = groups.get(key) ?? new Set<number>();
    groups.set(key, group.add(step));
  }
  for (const [step, kinds] of plan.isTouchy ? plan.kindsOf.entries() : []) {
    const key = kinds.includes(event.kind) ? keyOf(step) : undefined;
    if (key !== undefined && !groups.has(key)) groups.set(key, new Set());
  }
  return groups;
}
