/** `len(x)`. */
import { CutText, type Value } from "../schema.ts";
import type { Builtin } from "./builtin.ts";

export const len: Builtin = {
  name: "len",
  params: [{ name: "x", unit: "sized" }],
  returns: "int",
  doc: "Number of UTF-8 bytes in a text, missing when the text was cut by its source; number of items of a list or a map.",
  examples: ['len("nginx") == 5', 'len("ä") == 2'],
  eval: ([x]) => {
    if (x instanceof CutText) return undefined;
    if (x instanceof Map) return x.size;
    return isList(x) ? x.length : utf8Length(String(x));
  },
  kernel: "lengths are not kept in kernel records",
};

function isList(x: Value): x is readonly Value[] {
  return Array.isArray(x);
}

/** How many bytes `text` has in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const ch of text) {
    const point = ch.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}
