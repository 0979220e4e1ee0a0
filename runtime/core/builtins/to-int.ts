/** `to_int(text)`. */
import { CutText } from "../schema.ts";
import type { Builtin } from "./builtin.ts";

export const toInt: Builtin = {
  name: "to_int",
  params: [{ name: "text", unit: "text" }],
  returns: "int",
  doc: "The whole number that `text` is: decimal with or without a sign, or hexadecimal behind `0x`. Missing when it is something else, is cut, or is beyond what an `int` holds.",
  examples: [
    'to_int("137") == 137',
    'to_int("-1") == -1',
    'to_int("0x1f") == 31',
    'to_int("12 pages") is missing',
  ],
  eval: ([text]) => {
    if (text instanceof CutText || !/^(?:[-+]?[0-9]+|0x[0-9a-fA-F]+)$/.test(String(text)))
      return undefined;
    const value = Number(String(text));
    // No zero has a sign in the language.
    return Number.isSafeInteger(value) ? value + 0 : undefined;
  },
  kernel: "text is not read as numbers in the kernel",
};
