/**
 * Tapio's policies on a set of matches, as LANGUAGE C.0.5 and C.3 put them:
 *
 * 1. Completion points are the last events of matches, in order. `skip past`: only matches that
 *    start after the last reported one's end count.
 * 2. At each point the tightest is reported: the one with most steps bound; then step by step the
 *    longest run, and of equally long ones (a single event is a run of one) the latest.
 */

/** A match as positions of events, one list per step; empty for an option left out. */
export type Runs = readonly (readonly number[])[];

export function reportedOf(matches: readonly Runs[]): Runs[] {
  const ends = [...new Set(matches.map(endOf))].sort((a, b) => a - b);
  const out: Runs[] = [];
  let barrier = -1;
  for (const end of ends) {
    const candidates = matches.filter((m) => endOf(m) === end && startOf(m) > barrier);
    const [best] = candidates.sort(preference);
    if (!best) continue;
    out.push(best);
    barrier = end;
  }
  return out;
}

export function startOf(m: Runs): number {
  return m.flat()[0] ?? -1;
}

export function endOf(m: Runs): number {
  return m.flat().at(-1) ?? -1;
}

function preference(a: Runs, b: Runs): number {
  const bound = (m: Runs) => m.filter((run) => run.length > 0).length;
  if (bound(a) !== bound(b)) return bound(b) - bound(a);
  for (const [i, x] of a.entries()) {
    const y = b[i] ?? [];
    if (x.length !== y.length) return y.length - x.length;
    const later = (y[0] ?? 0) - (x[0] ?? 0);
    if (later !== 0) return later;
  }
  return 0;
}
