/** Sizes on the command line, written as in rules: `64MiB`, `10KB`. */
import { UsageError } from "#core";
import { parseUnits } from "#runtime/sources/replay";

export function parseSize(text: string): number {
  const bytes = parseUnits("size", text);
  if (bytes !== undefined && bytes > 0) return bytes;
  throw new UsageError(`\`${text}\` is not a size`, "write it like 64MiB or 10KB");
}
