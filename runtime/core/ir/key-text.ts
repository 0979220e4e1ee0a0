/** Equality of values as equality of strings. */
import { CutText, type Value } from "../schema.ts";

/** A string that is equal exactly for equal values; a cut text is a value of its own. */
export function keyText(x: Value): string {
  if (x === undefined) return "?";
  if (x instanceof CutText) return `c${x.visible}`;
  if (typeof x === "string") return `s${x}`;
  if (typeof x === "bigint") return `i${x}`;
  if (typeof x === "number") return `n${x}`;
  if (typeof x === "boolean") return `b${x}`;
  if (x instanceof Map) {
    const items = [...x].map(([k, v]) => [keyText(k), keyText(v)] as const);
    return `m${JSON.stringify(items.sort(([a], [b]) => (a < b ? -1 : 1)))}`;
  }
  return `l${JSON.stringify((x as readonly Value[]).map(keyText))}`;
}
