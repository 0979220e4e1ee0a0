/** Under which keys a sequence hears of an event. */
import type { EventData } from "#core";
import type { RuleCode } from "../../code/matcher.ts";
import { inOrderOfKeys, keyAt, stepsByKey } from "../steps-by-key.ts";
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
): Iterable<[string, ReadonlySet<number>]> {
  const groups = stepsByKey(code, event, hits);
  for (const [step, kinds] of plan.isTouchy ? plan.kindsOf.entries() : []) {
    const key = kinds.includes(event.kind) ? keyAt(code, event, step) : undefined;
    if (key !== undefined && !groups.has(key)) groups.set(key, new Set());
  }
  return inOrderOfKeys(groups);
}
