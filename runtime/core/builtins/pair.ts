/** `pair(a, b)`. */
import { CutText, type Value } from "../schema.ts";
import type { Builtin } from "./builtin.ts";

export const pair: Builtin = {
  name: "pair",
  params: [
    { name: "a", unit: "any" },
    { name: "b", unit: "any" },
  ],
  returns: "text",
  doc: "One value for two, for `distinct`: equal exactly when both parts are.",
  examples: ["pair(1, 2) == pair(1, 2)", 'pair("a", 1) != pair("a", 2)'],
  eval: ([a, b]) => {
    if (a instanceof CutText || b instanceof CutText) return undefined;
    return JSON.stringify([tagged(a), tagged(b)]);
  },
  kernel: "pairs are built in user space",
};

function tagged(x: Value): string {
  return `${typeof x}:${String(x)}`;
}
