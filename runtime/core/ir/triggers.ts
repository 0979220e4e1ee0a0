/**
 * What an event can set off in a unit, numbered: generated code names triggers by these numbers and
 * the engine reads them, so both take them from here.
 */
import { allStepsOf, type CoreUnit, heardSteps, needsContiguity, type Step } from "./core.ts";

export type Trigger =
  /** A step of a rule; `step` counts in the order of `heardSteps`. */
  | {
      readonly sets: "step";
      readonly kinds: readonly number[];
      readonly rule: number;
      readonly step: number;
    }
  /** Any event of the kinds of a rule that needs contiguity. */
  | { readonly sets: "touch"; readonly kinds: readonly number[]; readonly rule: number }
  | { readonly sets: "derive"; readonly kinds: readonly number[]; readonly derive: number };

/** All triggers of `unit`: steps rule by rule, then touches, then derives. */
export function triggersOf(unit: CoreUnit): Trigger[] {
  const steps = unit.rules.flatMap((rule, index) =>
    heardSteps(rule).map(
      (s, step): Trigger => ({ sets: "step", kinds: s.kinds, rule: index, step }),
    ),
  );
  const touches = unit.rules.flatMap((rule, index): Trigger[] =>
    needsContiguity(rule.pattern)
      ? [{ sets: "touch", kinds: kindsOf(allStepsOf(rule.pattern)), rule: index }]
      : [],
  );
  const derives = unit.derives.map(
    (d, derive): Trigger => ({ sets: "derive", kinds: d.step.kinds, derive }),
  );
  return [...steps, ...touches, ...derives];
}

function kindsOf(steps: readonly Step[]): number[] {
  return [...new Set(steps.flatMap((s) => s.kinds))];
}
