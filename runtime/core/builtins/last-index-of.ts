/** `last_index_of(text, part)`. */
import { CutText } from "../schema.ts";
import type { Builtin } from "./builtin.ts";
import { utf8Length } from "./len.ts";

export const lastIndexOf: Builtin = {
  name: "last_index_of",
  params: [
    { name: "text", unit: "text" },
    { name: "part", unit: "text" },
  ],
  returns: "int",
  doc: "How many UTF-8 bytes stand before the last `part` in `text`; missing when there is none, and of a cut text, which may have another one further on.",
  examples: [
    'last_index_of("/usr/bin/sh", "/") == 8',
    'last_index_of("kubelet", "") == 7',
    'last_index_of("äbb", "b") == 3',
    'last_index_of("kubelet", "docker") is missing',
  ],
  eval: ([text, part]) => {
    if (text instanceof CutText || part instanceof CutText) return undefined;
    const known = String(text);
    const at = known.lastIndexOf(String(part));
    return at < 0 ? undefined : utf8Length(known.slice(0, at));
  },
  kernel: "text is not searched in the kernel",
};
