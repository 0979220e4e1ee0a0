/** `len(text)`. */
import { CutText } from "../schema.ts";
import type { Builtin } from "./builtin.ts";

export const len: Builtin = {
  name: "len",
  params: [{ name: "text", unit: "text" }],
  returns: "int",
  doc: "Number of UTF-8 bytes in `text`; missing when the text was cut by its source.",
  examples: ['len("nginx") == 5', 'len("ä") == 2'],
  eval: ([text]) => (text instanceof CutText ? undefined : utf8Length(String(text))),
  kernel: "string lengths are not kept in kernel records",
};

function utf8Length(text: string): number {
  let bytes = 0;
  for (const ch of text) {
    const point = ch.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}
