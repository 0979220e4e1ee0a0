/** `index_of(text, part)`. */
import { CutText } from "../schema.ts";
import type { Builtin } from "./builtin.ts";
import { utf8Length } from "./len.ts";

export const indexOf: Builtin = {
  name: "index_of",
  params: [
    { name: "text", unit: "text" },
    { name: "part", unit: "text" },
  ],
  returns: "int",
  doc: "How many UTF-8 bytes stand before the first `part` in `text`; missing when there is none, or none in what is visible of a cut text.",
  examples: [
    'index_of("kubelet", "let") == 4',
    'index_of("kubelet", "") == 0',
    'index_of("äb", "b") == 2',
    'index_of("kubelet", "docker") is missing',
  ],
  eval: ([text, part]) => {
    if (part instanceof CutText) return undefined;
    const known = text instanceof CutText ? text.visible : String(text);
    const at = known.indexOf(String(part));
    return at < 0 ? undefined : utf8Length(known.slice(0, at));
  },
  kernel: "text is not searched in the kernel",
};
