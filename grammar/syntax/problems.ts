/**
 * From an unexpected token to the most helpful thing one can say about it: a misspelt keyword, a
 * reserved word in the place of a name, a habit from another language, or plainly what was found
 * and what was expected.
 */

import type { syntax } from "../diagnostics/catalog/syntax.ts";
import type { Params } from "../diagnostics/catalog.ts";
import { type StartSet, startSets } from "./recovery.ts";
import * as t from "./tokens.ts";
import type { Leaf } from "./tree.ts";

interface Place {
  readonly start: number;
  readonly end: number;
}

type SyntaxCode = keyof typeof syntax;

/** A code together with exactly the parameters that its message needs. */
type Coded = {
  [C in SyntaxCode]: { readonly code: C; readonly params: Params<C> };
}[SyntaxCode];

/** A diagnostic in the making: offsets instead of spans, because holes are mapped back later. */
export type Problem = Coded & ProblemPlace;

interface ProblemPlace extends Place {
  readonly labels?: readonly (Place & { readonly text: string })[];
  readonly help?: string;
  /** Safe unless said otherwise. */
  readonly fix?: Place & {
    readonly title: string;
    readonly newText: string;
    readonly kind?: "review";
  };
}

export interface Unexpected {
  /** The token that does not fit; the end of the file has an empty image. */
  readonly found: Leaf | undefined;
  readonly previous: Leaf | undefined;
  /** The token after `found`. */
  readonly next: Leaf | undefined;
  /** What the end of the text is called: the end of the file, or of the hole. */
  readonly endName: string;
  /** A `:` follows the token: it was meant as a name. */
  readonly isLabel: boolean;
  readonly isFirstOnLine: boolean;
}

/** Longest piece of user text that a message repeats. */
const SHOWN_MAX = 40;

/** User text, made fit for one line of a message. */
export function shown(text: string): string {
  const line = text.replace(/[\u0000-\u001f\u007f]/g, " ");
  return line.length > SHOWN_MAX ? `${line.slice(0, SHOWN_MAX)}…` : line;
}

/** What habits from other languages look like here. */
const habits: ReadonlyMap<string, string> = new Map([
  ["=", "to compare, write `==`"],
  ["|", "write `or` between conditions"],
  ["!", "write `not` to negate, and `!=` for unequal"],
  ["->", "an arrow stands only in `chain`, `because`, `relation` and before a result type"],
  ["?", "to supply a default for a missing value, write `??`"],
]);

export function problemOf(
  expected: string,
  unexpected: Unexpected,
  loop: StartSet | undefined,
): Problem {
  const { found, previous } = unexpected;
  const place = { start: found?.startOffset ?? 0, end: found?.end ?? 0 };
  const isEnd = found === undefined || found.image === "";
  const misspelt =
    misspeltOf(expected, unexpected) ??
    misspeltKeyword(found, loop) ??
    misspeltKeyword(previous, undefined, expected);
  if (misspelt !== undefined && !isNameWanted(expected, misspelt.leaf, found))
    return misspelt.problem;
  if (isEnd) {
    // Point behind the last thing the author wrote, not behind the blank lines after it.
    const at = previous?.end ?? place.start;
    return { code: "TAP1001", params: { found: unexpected.endName, expected }, start: at, end: at };
  }
  if (t.isReserved(found.image) && isMeantAsName(expected, unexpected)) {
    return { code: "TAP1014", params: { word: found.image }, ...place };
  }
  const habit = habitOf(expected, found);
  return {
    code: "TAP1001",
    params: { found: `\`${shown(found.image)}\``, expected },
    ...place,
    ...(habit === undefined ? {} : { help: habit }),
  };
}

/** What to write instead, where the found sign or number is what another language would have. */
function habitOf(expected: string, { image }: Leaf): string | undefined {
  if (expected.startsWith("a duration") && /^\d+$/.test(image))
    return `write the unit right behind the number: \`${image}s\`, \`${image}m\` or \`${image}h\``;
  if (image === "," && / or `/.test(expected))
    return "remove the comma: these stand one after another";
  // Where one certain sign is missing, the habit is not what went wrong.
  return expected.startsWith("`") ? undefined : habits.get(image);
}

/** A reserved word that starts a line begins a clause; the name before it is what is missing. */
function isMeantAsName(expected: string, { isLabel, isFirstOnLine }: Unexpected): boolean {
  return isLabel || (expected === "a name" && !isFirstOnLine);
}

/** Where a name was wanted, the word before it is hardly a misspelt keyword. */
function isNameWanted(expected: string, suspect: Leaf, found: Leaf | undefined): boolean {
  return expected === "a name" && suspect !== found;
}

interface Misspelt {
  readonly leaf: Leaf;
  readonly problem: Problem;
}

function misspeltKeyword(
  leaf: Leaf | undefined,
  loop: StartSet | undefined,
  expected?: string,
): Misspelt | undefined {
  if (leaf === undefined || leaf.tokenType !== t.PlainName) return undefined;
  // The word before an unexpected token is suspect only where a `:` would have made it a label.
  if (expected !== undefined && expected !== "`:`") return undefined;
  // Between declarations only a declaration can be meant; inside one, a word of the clause before.
  const others = loop === startSets.declarations ? [] : allWords;
  const suggestion = nearest(leaf.image, loop?.words ?? []) ?? nearest(leaf.image, others);
  if (suggestion === undefined) return undefined;
  return misspeltAs(leaf, suggestion);
}

/** `all off`, `2 fo`: the word is too short to be compared with every keyword, but not here. */
function misspeltOf(expected: string, { found, next }: Unexpected): Misspelt | undefined {
  const isCount = found?.tokenType === t.Int || /^(all|any)$/.test(found?.image ?? "");
  if (!expected.startsWith("a pattern") || !isCount || next?.tokenType !== t.PlainName)
    return undefined;
  return editDistance(next.image.toLowerCase(), "of") > 1 ? undefined : misspeltAs(next, "of");
}

function misspeltAs(leaf: Leaf, suggestion: string): Misspelt {
  const place = { start: leaf.startOffset, end: leaf.end };
  const fix = { ...place, title: `replace it with \`${suggestion}\``, newText: suggestion };
  const params = { word: shown(leaf.image), suggestion };
  return { leaf, problem: { code: "TAP1015", params, ...place, fix } };
}

const allWords: readonly string[] = [...t.reservedWords, ...t.contextualWords];

/** The closest of `words` to `word`, if it is close enough to be meant. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  if (word.length > 24 || word.length < 4) return undefined;
  let best: string | undefined;
  let bestDistance = word.length <= 5 ? 2 : 3;
  for (const candidate of words) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(word.toLowerCase(), candidate);
    if (distance > bestDistance || distance >= candidate.length - 1) continue;
    // Of two that are equally close, a word cut short (`wher`) means the one it begins.
    const isCut = best !== undefined && !best.startsWith(word) && candidate.startsWith(word);
    if (distance === bestDistance && !isCut) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
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
