/** Which long texts of an event are kept whole because the rule reads them later. */
import {
  type CoreRule,
  type CoreUnit,
  cutsShown,
  headBytes,
  type Step,
  shownBytes,
  typeBytes,
} from "#core";

export { exprsLookingBack as exprsOf } from "#core";

/** `x.path, x.message`: fields of `step` that are longer than what is shown, and yet whole. */
export function wholeTexts(unit: CoreUnit, rule: CoreRule, step: Step): string[] {
  const cuts = cutsShown(unit, rule);
  const names = step.kinds.flatMap((kind) => {
    const cut = cuts.get(kind) ?? [];
    const fields = unit.schema.kinds[kind]?.fields ?? [];
    return fields.flatMap(({ name, type }, i) =>
      typeBytes(type) > headBytes + shownBytes && !cut.includes(i) ? [`${step.name}.${name}`] : [],
    );
  });
  return [...new Set(names)];
}
