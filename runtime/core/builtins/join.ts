/** `join(a, b)`. */
import { CutText } from "../schema.ts";
import type { Builtin } from "./builtin.ts";

export const join: Builtin = {
  name: "join",
  params: [
    { name: "a", unit: "text" },
    { name: "b", unit: "text" },
  ],
  returns: "text",
  doc: "`a` followed by `b`, which `a + b` says too. What stands behind a cut text is cut off with it.",
  examples: ['join("a", "b") == "ab"', 'join("a", "b") == "a" + "b"'],
  eval: ([a, b]) => {
    if (a instanceof CutText) return a;
    return b instanceof CutText
      ? new CutText(`${String(a)}${b.visible}`)
      : `${String(a)}${String(b)}`;
  },
  kernel: "strings have no room to grow in kernel records",
};
