/** Suggestions for misspelt names, and the fix that takes one. */
import { editDistance, type Fix, type Span } from "#grammar";

/**
 * The closest known name to a misspelt one: Damerau–Levenshtein distance, at most a third off and
 * never the whole name; failing that, the longest name that one of them begins with (`rss` for
 * `rssBytes`).
 */
export function similar(name: string, known: Iterable<string>): string | undefined {
  const candidates = [...known].filter((k) => k !== "");
  let best: string | undefined;
  let least = Math.min(Math.max(1, Math.floor(name.length / 3)) + 1, name.length);
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best ?? sharedStart(name, candidates);
}

const sharedStartMin = 3;

function sharedStart(name: string, candidates: readonly string[]): string | undefined {
  const fits = candidates.filter((c) => {
    const isLong = Math.min(c.length, name.length) >= sharedStartMin;
    return isLong && (c.startsWith(name) || name.startsWith(c));
  });
  return fits.sort((a, b) => b.length - a.length || (a < b ? -1 : 1))[0];
}

/** What reports of unknown names say about the closest known one, and the fix that writes it. */
export function suggestion(
  name: string,
  known: Iterable<string>,
  at: Span,
  write: (name: string) => string = (n) => n,
): { readonly similar: string | undefined; readonly fixes: readonly Fix[] } {
  const close = similar(name, known);
  return { similar: close, fixes: close === undefined ? [] : [replaceFix(at, write(close))] };
}

export function replaceFix(at: Span, newText: string): Fix {
  const shown = newText.startsWith('"') ? newText : `\`${newText}\``;
  return { title: `replace with ${shown}`, kind: "safe", edits: [{ at, newText }] };
}
