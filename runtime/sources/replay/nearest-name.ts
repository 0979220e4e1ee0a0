/** The name a person most likely meant, and how names are put to them. */

/**
 * The closest of `known`, at most a third of the letters off; or the one that ends in `.name`, as
 * in `oom_kill` for `kernel.oom_kill`. The compiler has a function like it that this folder may not
 * import: a node carries no compiler.
 */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  const names = [...known];
  const suffixed = names.find((candidate) => candidate.endsWith(`.${name}`));
  if (suffixed !== undefined) return suffixed;
  if (name.length > 64) return undefined;
  let best: string | undefined;
  let least = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of names) {
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

/** Help that names `near`, or else says `otherwise`. */
export function didYouMean(near: string | undefined, otherwise: string): string {
  return near === undefined ? otherwise : `did you mean \`${near}\`?`;
}

/** Names as they stand in a message. */
export function listed(names: Iterable<string>): string {
  return [...names].map((name) => `\`${name}\``).join(", ");
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + cost);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) least = Math.min(least, beforeLast[j - 2]! + 1);
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
