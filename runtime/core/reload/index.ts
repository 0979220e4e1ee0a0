/** What a reload does to each rule. */
export { canonicalText, type Fingerprints, fingerprintsOf, valued } from "./canonical.ts";
export { heardAs, isExtended } from "./changes.ts";
export { type Reloadable, type ReloadClass, type RuleReload, reloadPlan } from "./plan.ts";
export { spanOf } from "./span.ts";
