/** Equality of values as equality of strings. */
import { CutText, RecordValue, type Value } from "../schema.ts";

/** A string that is equal exactly for equal values; a cut text is a value of its own. */
export function keyText(x: Value): string {
  if (x === undefined) return "?";
  if (x instanceof CutText) return `c${x.visible}`;
  if (typeof x === "string") return `s${x}`;
  if (typeof x === "bigint") return `i${x}`;
  if (typeof x === "number") return `n${x}`;
  if (typeof x === "boolean") return `b${x}`;
  if (x instanceof Map) return `m${entriesText(x)}`;
  if (x instanceof RecordValue) return `r${entriesText(x.members)}`;
  return `l${JSON.stringify((x as readonly Value[]).map(keyText))}`;
}

/** The order in which entries were put in does not count. */
function entriesText(map: ReadonlyMap<Value, Value>): string {
  const items = [...map].map(([k, v]) => [keyText(k), keyText(v)] as const);
  return JSON.stringify(items.sort(([a], [b]) => (a < b ? -1 : 1)));
}
