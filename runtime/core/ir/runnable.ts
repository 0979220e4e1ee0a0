/**
 * What the generated engine can run: every form that the reference interpreter has. Back ends ask
 * here, so that a form that only the interpreter had would be named with its rule, and never run
 * halfway.
 */
import type { CoreRule, CoreUnit } from "./core.ts";

/** Why the generated engine cannot run `rule` of `unit`; undefined when it can. */
export function engineCannot(_unit: CoreUnit, _rule: CoreRule): string | undefined {
  return undefined;
}

/** The part of `unit` that the generated engine runs: same schema, parameters and programs. */
export function engineUnit(unit: CoreUnit): CoreUnit {
  return unit;
}
