/** `floor(x)`. */
import type { Builtin } from "./builtin.ts";

export const floor: Builtin = {
  name: "floor",
  params: [{ name: "x", unit: "number" }],
  returns: "same",
  doc: "The greatest whole number that is not above `x`, in the unit of `x`; `x / n` of two whole numbers may be a fraction.",
  examples: ["floor(7 / 2) == 3", "floor(-7 / 2) == -4", "floor(5) == 5"],
  // No zero has a sign in the language.
  eval: ([x]) => Math.floor(Number(x)) + 0,
  kernel: "arithmetic stays in user space",
};
