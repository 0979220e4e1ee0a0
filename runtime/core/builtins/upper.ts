/** `upper(text)`. */
import { CutText } from "../schema.ts";
import type { Builtin } from "./builtin.ts";

export const upper: Builtin = {
  name: "upper",
  params: [{ name: "text", unit: "text" }],
  returns: "text",
  doc: "`text` with ASCII small letters made capital; other letters stay, so that no locale matters.",
  examples: ['upper("sshd") == "SSHD"', 'upper("ß") == "ß"'],
  eval: ([text]) =>
    text instanceof CutText ? new CutText(asciiUpper(text.visible)) : asciiUpper(String(text)),
  kernel: "strings are compared as they are in the kernel",
};

function asciiUpper(text: string): string {
  return text.replace(/[a-z]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32));
}
