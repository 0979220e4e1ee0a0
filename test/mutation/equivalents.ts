/**
 * Mutants that change nothing anybody could see, each with the reason, as lines
 *
 *     runtime/engine/patterns/all.ts #trim: x > y → x >= y
 *       why it changes nothing
 */
import { existsSync, readFileSync } from "node:fs";

/** Reason by the mutant's name. */
export type Equivalents = ReadonlyMap<string, string>;

export function readEquivalents(path: string): Equivalents {
  const out = new Map<string, string>();
  let names: string[] = [];
  for (const line of existsSync(path) ? readFileSync(path, "utf8").split("\n") : []) {
    if (line === "" || line.startsWith("#")) names = [];
    else if (!line.startsWith(" ")) names.push(line);
    else for (const name of names) out.set(name, line.trim());
  }
  return out;
}
