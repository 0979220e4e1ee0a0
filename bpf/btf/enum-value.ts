/** Looks up values of kernel enums, which are not stable between kernel builds. */
import { type Btf, BtfError } from "./btf.ts";

/**
 * The value of one enumerator, such as `memory_cgrp_id` of `cgroup_subsys_id`.
 * Throws `BtfError` when enum or enumerator do not exist.
 */
export function enumValue(btf: Btf, enumName: string, enumerator: string): number {
  const type = btf.find("enum", enumName) ?? btf.require("enum64", enumName);
  const found = btf.enumerators(type).find(({ name }) => name === enumerator);
  if (found === undefined) {
    throw new BtfError(`this kernel's enum \`${enumName}\` has no \`${enumerator}\``);
  }
  return found.value;
}
