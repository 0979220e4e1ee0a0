/** The list of builtin functions; a new one adds a file and a line here. */
import { abs } from "./abs.ts";
import type { Builtin } from "./builtin.ts";
import { floor } from "./floor.ts";
import { inNetwork } from "./in-network.ts";
import { indexOf } from "./index-of.ts";
import { join } from "./join.ts";
import { lastIndexOf } from "./last-index-of.ts";
import { len } from "./len.ts";
import { lower } from "./lower.ts";
import { pair } from "./pair.ts";
import { substring } from "./substring.ts";
import { toInt } from "./to-int.ts";
import { toText } from "./to-text.ts";
import { upper } from "./upper.ts";

export const builtins: readonly Builtin[] = [
  abs,
  floor,
  inNetwork,
  indexOf,
  join,
  lastIndexOf,
  len,
  lower,
  pair,
  substring,
  toInt,
  toText,
  upper,
];

const byName = new Map(builtins.map((b) => [b.name, b]));

/** The builtin of that name, or undefined. */
export function findBuiltin(name: string): Builtin | undefined {
  return byName.get(name);
}

export type { Builtin } from "./builtin.ts";
export { utf8Length } from "./len.ts";
