/** How far back what a rule finds can reach. */
import type { CoreRule } from "../ir/index.ts";
import type { ValuedUnit } from "./canonical.ts";
import { usOf } from "./words.ts";

/** From the first event of a match to when it is told at the latest, µs; infinity: for ever. */
export function spanOf(of: ValuedUnit, { pattern, policy }: CoreRule): number {
  const us = (d: Parameters<typeof usOf>[1]) => usOf(of, d) ?? Number.POSITIVE_INFINITY;
  switch (pattern.node) {
    case "seq":
      return us(pattern.within) + (pattern.deadline ? us(pattern.deadline.wait) : 0);
    case "all":
      return us(pattern.within);
    case "inv":
      return us(pattern.wait);
    default: {
      const { shape } = pattern;
      // An episode goes on for as long as its condition is true.
      if (policy.emit === "close") return Number.POSITIVE_INFINITY;
      return shape.shape === "session" ? us(shape.gap) + us(shape.max) : us(shape.size);
    }
  }
}
