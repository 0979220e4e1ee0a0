/** `to_text(x)`. */
import type { Builtin } from "./builtin.ts";

export const toText: Builtin = {
  name: "to_text",
  params: [{ name: "x", unit: "number" }],
  returns: "text",
  doc: "`x` in decimal, to be joined to texts or compared with them. Of a value with a unit it is the count of its smallest one, such as µs, bytes or millionths; holes in texts show units.",
  examples: ['to_text(137) == "137"', 'to_text(-1) == "-1"', 'to_text(7 / 2) == "3.5"'],
  eval: ([x]) => String(Number(x)),
  kernel: "strings have no room to grow in kernel records",
};
