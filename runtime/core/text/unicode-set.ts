/**
 * The code points a Unicode property names, for `\p{…}`: general categories by their short names
 * (`L`, `Nd`), scripts by their long ones (`Greek`), and `Any`. The table is part of the language,
 * not of the machine, so that a pattern compiles to the same bytes everywhere.
 */
import { ANY, type CodePointSet, LAST_CODE_POINT, normaliseRanges } from "./code-point-set.ts";
import { categoryNames, categoryRuns, scriptNames, scriptRuns } from "./unicode-table.ts";

/** The set; undefined when no property has this name. */
export function unicodeSet(name: string): CodePointSet | undefined {
  if (name === "Any") return ANY;
  const script = scriptNames.indexOf(name);
  if (script >= 0) return rangesOf(scriptRuns, new Set([script]));
  // A single letter stands for all categories that begin with it.
  const categories = categoryNames.flatMap((category, i) =>
    category === name || (name.length === 1 && category.startsWith(name)) ? [i] : [],
  );
  return categories.length === 0 ? undefined : rangesOf(categoryRuns, new Set(categories));
}

const cache = new Map<string, CodePointSet>();

/** The table is a list of runs, `12Bc`: twelve code points with the property of index Bc - 1. */
function rangesOf(runs: string, wanted: ReadonlySet<number>): CodePointSet {
  const key = `${runs === scriptRuns ? "script" : "category"} ${[...wanted].join()}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const ranges: number[] = [];
  let from = 0;
  for (const [, length, high = "", low = ""] of runs.matchAll(/(\d*)([A-Z])([a-z])/g)) {
    const to = from + Number(length || 1);
    const index = (high.charCodeAt(0) - 0x41) * 26 + low.charCodeAt(0) - 0x61 - 1;
    if (wanted.has(index)) ranges.push(from, to - 1);
    from = to;
  }
  if (from !== LAST_CODE_POINT + 1) throw new Error("the table of Unicode has a gap");
  const set = normaliseRanges(ranges);
  cache.set(key, set);
  return set;
}
