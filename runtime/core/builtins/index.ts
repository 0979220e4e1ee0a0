/** The list of builtin functions; a new one adds a file and a line here. */
import { abs } from "./abs.ts";
import type { Builtin } from "./builtin.ts";
import { inNetwork } from "./in-network.ts";
import { join } from "./join.ts";
import { len } from "./len.ts";
import { lower } from "./lower.ts";
import { pair } from "./pair.ts";
import { upper } from "./upper.ts";

export const builtins: readonly Builtin[] = [abs, inNetwork, join, len, lower, pair, upper];

const byName = new Map(builtins.map((b) => [b.name, b]));

/** The builtin of that name, or undefined. */
export function findBuiltin(name: string): Builtin | undefined {
  return byName.get(name);
}

export type { Builtin } from "./builtin.ts";
