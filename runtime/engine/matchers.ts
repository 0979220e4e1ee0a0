/** Which matcher runs a pattern. */
import { assertNever } from "#core";
import { AllMatcher } from "./all.ts";
import { InventoryMatcher } from "./inventory.ts";
import type { MatcherInputs, PatternMatcher } from "./pattern-matcher.ts";
import { SequenceMatcher } from "./sequence.ts";
import { createWindowMatcher } from "./window.ts";

export function createMatcher(inputs: MatcherInputs): PatternMatcher {
  const { pattern } = inputs;
  switch (pattern.node) {
    case "seq":
      return new SequenceMatcher({ ...inputs, pattern });
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
