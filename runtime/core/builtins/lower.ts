/** `lower(text)`. */
import { CutText } from "../schema.ts";
import type { Builtin } from "./builtin.ts";

export const lower: Builtin = {
  name: "lower",
  params: [{ name: "text", unit: "text" }],
  returns: "text",
  doc: "`text` with ASCII capitals made small; other letters stay, so that no locale matters.",
  examples: ['lower("KUBELET") == "kubelet"', 'lower("Ä") == "Ä"'],
  eval: ([text]) =>
    text instanceof CutText ? new CutText(asciiLower(text.visible)) : asciiLower(String(text)),
  kernel: "strings are compared as they are in the kernel",
};

function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32));
}
