/** Which matcher runs a pattern. */
import { allStepsOf, assertNever, durationOf, reachOf, type Seq } from "#core";
import { AllMatcher } from "./all.ts";
import { InventoryMatcher } from "./inventory.ts";
import type { MatcherInputs, PatternMatcher } from "./pattern-matcher.ts";
import { PlacedSequenceMatcher } from "./sequence/placed-sequence.ts";
import { SequenceMatcher } from "./sequence/sequence.ts";
import { createWindowMatcher } from "./window/window.ts";

export function createMatcher(inputs: MatcherInputs): PatternMatcher {
  const { pattern } = inputs;
  switch (pattern.node) {
    case "seq":
      return sequenceMatcher({ ...inputs, pattern });
    case "win":
      return createWindowMatcher({ ...inputs, pattern });
    case "all":
      return new AllMatcher({ ...inputs, pattern });
    case "inv":
      return new InventoryMatcher({ ...inputs, pattern });
    default:
      return assertNever(pattern);
  }
}

function sequenceMatcher(inputs: MatcherInputs<Seq>): PatternMatcher {
  const { unit, pattern, params } = inputs;
  const reach = reachOf(unit, allStepsOf(pattern), durationOf(pattern.slack, params));
  return reach === 0 ? new SequenceMatcher(inputs) : new PlacedSequenceMatcher(inputs);
}
