/**
 * Removes instructions no path reaches. The verifier refuses a program that has any ("unreachable
 * insn"), and generated code has them as soon as a condition is constant.
 */
import type { Item } from "./instruction.ts";

/**
 * Keeps what is reachable from the first instruction, and every label. Also drops jumps to the
 * instruction that follows anyway. Targets must exist; `assemble` has checked that.
 */
export function removeDeadCode(items: readonly Item[]): readonly Item[] {
  return dropEmptyJumps(dropUnreachable(items));
}

function dropUnreachable(items: readonly Item[]): readonly Item[] {
  const places = new Map<string, number>();
  items.forEach((item, i) => {
    if (item.op === "label") places.set(item.name, i);
  });
  const isLive = new Uint8Array(items.length);
  const entries = [0];
  for (let entry = entries.pop(); entry !== undefined; entry = entries.pop()) {
    for (let i = entry; i < items.length && isLive[i] === 0; i++) {
      isLive[i] = 1;
      const item = items[i]!;
      if ("target" in item) entries.push(places.get(item.target)!);
      if (item.op === "exit" || item.op === "jump") break;
    }
  }
  return items.filter((item, i) => isLive[i] === 1 || item.op === "label");
}

function dropEmptyJumps(items: readonly Item[]): readonly Item[] {
  return items.filter((item, i) => {
    if (item.op !== "jump") return true;
    for (let next = i + 1; items[next]?.op === "label"; next++) {
      if ((items[next] as { name: string }).name === item.target) return false;
    }
    return true;
  });
}
