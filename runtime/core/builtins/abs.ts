/** `abs(x)`. */
import type { Builtin } from "./builtin.ts";

export const abs: Builtin = {
  name: "abs",
  params: [{ name: "x", unit: "number" }],
  returns: "same",
  doc: "The magnitude of `x`, in the unit of `x`.",
  examples: ["abs(-3) == 3", "abs(2s - 5s) == 3s"],
  eval: ([x]) => (typeof x === "number" ? Math.abs(x) : undefined),
  kernel: "arithmetic stays in user space",
};
