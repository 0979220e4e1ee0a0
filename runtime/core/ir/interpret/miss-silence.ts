/** Near misses of absence over inventory: silences that were cut short. Under a focus only. */
import type { EventData } from "../../schema.ts";
import { proofOfNot } from "../atoms.ts";
import { takenOf } from "../taken.ts";
import { cutSilencesOf } from "./inventory.ts";
import type { Case, NearMiss } from "./match.ts";

export function silenceMisses(the: Case): NearMiss[] {
  const { pattern } = the.rule;
  if (pattern.node !== "inv" || !the.trace.focus) return [];
  const { where } = pattern.step;
  const envOf = (current: EventData) => ({ ...the.base, current });
  return cutSilencesOf(the, pattern).map((cut): NearMiss => {
    const { by } = cut;
    const isOpen = cut.to >= the.trace.watermark;
    return {
      rule: the.rule,
      key: cut.key,
      cause: by ? "negated" : isOpen ? "open" : "expired",
      reached: 0,
      missing: pattern.step.name,
      // The longest silence is the closest.
      overshoot: cut.waitUs - (cut.to - cut.from),
      at: isOpen ? cut.from + cut.waitUs : cut.to,
      captures: [cut.since && takenOf([cut.since], 1)],
      by: by && { step: pattern.step.name, event: by, proof: proofOfNot(where, envOf(by)) },
      candidates: [],
    };
  });
}
