/** What is mutated, and which tests are to notice. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** In the order in which they are judged. */
const mutatedFolders = [
  "runtime/engine",
  "runtime/core/ir/interpret",
  "runtime/core/ir/aggregate.ts",
  "runtime/core/ir/taken.ts",
  "runtime/core/ir/eval.ts",
];

/**
 * Tests of both executions that need no process of their own and little time. The laws P1, P8, P12
 * and that of bounds are cases of their own, see `law-cases.ts`.
 */
const testFolders = [
  "test/runtime/engine",
  "test/runtime/core/ir",
  "test/runtime/core/judge.test.ts",
  "test/runtime/core/items.test.ts",
  "test/runtime/runtime.test.ts",
  "test/compiler/meaning.test.ts",
  "test/corpora/equal-runs.test.ts",
  "test/corpora/flink-cep.test.ts",
  "test/corpora/panther.test.ts",
  "test/corpora/siddhi.test.ts",
  "test/properties/kept-cases.test.ts",
  "test/properties/reload.test.ts",
  "test/properties/reload-forms.test.ts",
  "test/properties/interpreter.test.ts",
  "test/properties/why-not.test.ts",
];

export const mutatedFiles = (root: string) => filesIn(root, mutatedFolders);

/** The tests that are to notice, or those at or below `paths`. */
export function testFiles(root: string, paths: readonly string[] = testFolders): string[] {
  return filesIn(root, paths).filter((f) => f.endsWith(".test.ts"));
}

/** TypeScript files at or below `paths`, which are from `root`. */
export function filesIn(root: string, paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    if (statSync(join(root, path)).isFile()) return [path];
    const below = readdirSync(join(root, path)).sort();
    return filesIn(
      root,
      below.map((name) => join(path, name)),
    ).filter((f) => f.endsWith(".ts") && !f.endsWith("/index.ts"));
  });
}

/** All ids below `count`, or `size` of them by chance. */
export function sampled(count: number, size: string | undefined, seed: number): number[] {
  const ids = Array.from({ length: count }, (_, id) => id);
  if (size === undefined) return ids;
  const byChance = new Map(ids.map((id) => [id, mixed(id, seed)]));
  return [...ids]
    .sort((a, b) => (byChance.get(a) ?? 0) - (byChance.get(b) ?? 0))
    .slice(0, Number(size))
    .sort((a, b) => a - b);
}

function mixed(id: number, seed: number): number {
  let x = Math.imul(id + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
  return (x ^ (x >>> 13)) >>> 0;
}
