/** `substring(text, from, to)`. */
import { CutText } from "../schema.ts";
import type { Builtin } from "./builtin.ts";
import { utf8Length } from "./len.ts";

export const substring: Builtin = {
  name: "substring",
  params: [
    { name: "text", unit: "text" },
    { name: "from", unit: "number" },
    { name: "to", unit: "number" },
  ],
  returns: "text",
  doc: "What stands in `text` from byte `from` on and before byte `to`, as `len` counts; less where the text is shorter. A letter of several bytes is there when it begins there. Of a cut text, what reaches into the part cut off is cut as well.",
  examples: [
    'substring("kubelet", 0, 4) == "kube"',
    'substring("kubelet", len("kubelet") - 3, 99) == "let"',
    'substring("äb", 2, 3) == "b"',
    'substring("kubelet", 5, 2) == ""',
  ],
  eval: ([text, from, to]) => {
    const isCut = text instanceof CutText;
    const known = isCut ? text.visible : String(text);
    const taken = bytesOf(known, Number(from), Number(to));
    return isCut && Number(to) > utf8Length(known) ? new CutText(taken) : taken;
  },
  kernel: "strings are compared as they are in the kernel",
};

function bytesOf(text: string, from: number, to: number): string {
  let at = 0;
  let out = "";
  for (const letter of text) {
    if (at >= from && at < to) out += letter;
    at += utf8Length(letter);
  }
  return out;
}
