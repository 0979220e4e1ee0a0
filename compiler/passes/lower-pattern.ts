/** Patterns to core: one file of `pattern/` for each form. */
import type { MatchItem } from "#grammar";
import type { Scope } from "./elaborate/scope.ts";
import { lowerAbsence } from "./pattern/absence.ts";
import { lowerAllOf } from "./pattern/all-of.ts";
import type { LoweredPattern } from "./pattern/lowered.ts";
import { lowerSequence, lowerSingle } from "./pattern/sequence.ts";
import { lowerWindow } from "./pattern/window.ts";

/**
 * The core form of a `match`, or undefined when there is none. After an error it is good only for
 * reading the rest of the rule.
 */
export function lowerPattern({ pattern }: MatchItem, rule: Scope): LoweredPattern | undefined {
  switch (pattern.kind) {
    case "step":
      return lowerSingle(pattern, rule);
    case "sequence":
      return lowerSequence(pattern, rule);
    case "allOf":
      return lowerAllOf(pattern, rule);
    case "window":
      return lowerWindow(pattern, rule);
    case "absence":
      return lowerAbsence(pattern, rule);
    case "errorPattern":
      return undefined;
  }
}
