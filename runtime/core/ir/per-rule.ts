/** What follows from a rule and not from how many keys it may have, found once. */
import type { CoreRule } from "./core.ts";

/**
 * `find` with a memory: rules do not change, and of one that only differs in its number of keys
 * from the last with its pattern the answer is the same.
 */
export function perRule<T>(find: (rule: CoreRule) => T): (rule: CoreRule) => T {
  const found = new WeakMap<CoreRule["pattern"], { readonly rule: CoreRule; readonly value: T }>();
  return (rule) => {
    const known = found.get(rule.pattern);
    if (known && isSameButKeys(known.rule, rule)) return known.value;
    const value = find(rule);
    found.set(rule.pattern, { rule, value });
    return value;
  };
}

function isSameButKeys(a: CoreRule, b: CoreRule): boolean {
  if (a === b) return true;
  const names = Object.keys({ ...a, ...b }) as (keyof CoreRule)[];
  return names.every((name) => name === "keysMax" || a[name] === b[name]);
}
