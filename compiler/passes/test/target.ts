/** Which rule a test or an expectation speaks about. */
import type { CoreRule } from "#core";
import type { Module } from "../collect.ts";
import type { LoweredRule } from "../lower-rule.ts";

/** What tests can be about. */
export interface Targets {
  readonly rules: readonly LoweredRule[];
  /** Nothing was wrong with any rule: one that is missing was switched off on purpose. */
  readonly areWhole: boolean;
}

export function fullName(rule: CoreRule): string {
  return `${rule.module}.${rule.name}`;
}

/** By the names the module knows, or by full name; undefined when it was not lowered. */
export function findRule(
  name: string,
  module: Module,
  { rules }: Targets,
): LoweredRule | undefined {
  const known = module.names.get(name);
  return rules.find((r) => (known ? r.decl === known.decl : fullName(r.core) === name));
}
