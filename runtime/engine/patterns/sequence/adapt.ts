/** Which partial matches of one version of a sequence are ones of another. */
import { type EventData, type Seq, type Taken, truth } from "#core";
import type { Adaptation, MatcherInputs } from "../pattern-matcher.ts";
import type { SequencePlan } from "./plan.ts";

interface Begun {
  readonly at: number;
  readonly captures: readonly (Taken | undefined)[];
  readonly first: EventData;
  readonly last: EventData;
  readonly count: number;
}

/**
 * Whether a partial match is within the span, what it took satisfies the conditions that changed,
 * and it is not one that would have been complete before.
 */
export function fitting(
  { unit, pattern, params }: MatcherInputs<Seq>,
  { slots, withinUs, isClosing }: SequencePlan,
  { rechecks }: Adaptation,
): (partial: Begun) => boolean {
  const isTrue = (step: number, captures: Begun["captures"]) => {
    const where = pattern.steps[step]?.step.where;
    const current = captures[step]?.first;
    if (!where || !current) return true;
    return truth(where, { unit, params, current, captures: captures.slice(0, step) }) === true;
  };
  const lastAt = slots.length - 1;
  const isOver = ({ at, count }: Begun) =>
    at === lastAt && !isClosing && count >= (slots[at]?.min ?? 1);
  return (partial) =>
    partial.last.ts - partial.first.ts <= withinUs &&
    rechecks.every((step) => isTrue(step, partial.captures)) &&
    (pattern.deadline !== undefined || !isOver(partial));
}
