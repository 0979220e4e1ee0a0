/**
 * What Tapio must report, derived from the list of matches Flink's authors expect. The rule is
 * written so that its set of matches, before any policy, is Flink's (flink-rule.ts).
 *
 * Without skipping Flink lists every match. It is compared twice:
 *
 * 1. Under `select each skip none` Tapio lists every match too, but for runs, which are the longest
 *    there are (LANGUAGE C.0.5): what is a longer one cut short goes from Flink's list.
 * 2. Under the policies that hold unless said otherwise, with what policy.ts chooses from the list.
 *
 * A loop at the end completes at its minimum, and so does an option at the end: it is left out.
 * Matches with more go from Flink's list.
 *
 * A condition may read the events taken so far. Then a match whose run leaves out an event need not
 * be a longer one cut short, since for the longer run the condition may not hold; but ours has the
 * longest runs only, and such a match goes from Flink's list too.
 *
 * Flink's skip strategies leave a part of the list. Of the matches that one event completes Flink
 * takes the one that started first, so `select widest` under the same strategy reports the same.
 */
import { exclude } from "./corpus.ts";
import type { Atom, FlatPattern, FlinkCase, FlinkEvent } from "./flink-pattern.ts";
import type { Taken } from "./flink-taken.ts";
import { type Runs, reportedOf } from "./policy.ts";

export interface Expected {
  /** Positions of the events of each finding, in order. */
  readonly reports: readonly (readonly number[])[];
  /** Which event takes what is not the same: only the completing events are compared. */
  readonly endsOnly: boolean;
}

/** Under the policies that hold unless said otherwise. */
export function expectedReports(record: FlinkCase, pattern: FlatPattern): Expected {
  const reports = reportedOf(completeMatches(record, pattern)).map((m) => m.flat());
  const endsOnly =
    pattern.skip.strategy !== "noSkip" ||
    takesFirstOption(record, pattern, undefined) ||
    pattern.atoms.some((a) => a.isCombination);
  return { reports, endsOnly };
}

/** Every match, in any order; undefined when Flink skips or takes what ours does not. */
export function everyMatch(record: FlinkCase, pattern: FlatPattern): number[][] | undefined {
  if (pattern.skip.strategy !== "noSkip" || pattern.atoms.some((a) => a.isCombination))
    return undefined;
  if (takesFirstOption(record, pattern, 1)) return undefined;
  const all = completeMatches(record, pattern);
  return all.filter((m) => !all.some((longer) => isCutShort(m, longer))).map((m) => m.flat());
}

/**
 * Flink's own list, for a strategy that skips, with the first match of each event that completes
 * some; undefined when it cannot be compared whole.
 */
export function skippedMatches(record: FlinkCase, pattern: FlatPattern): number[][] | undefined {
  const { strategy } = pattern.skip;
  // Ours skips to the first event of a run, and its runs are greedy.
  const isWhole = pattern.atoms.every(
    (a) => !a.isOptional && (!a.isLoop || (a.isGreedy && strategy !== "skipToLast")),
  );
  if (strategy === "noSkip" || !isWhole) return undefined;
  const all = completeMatches(record, pattern).map((m) => m.flat());
  return all.filter((m, i) => all.findIndex((other) => other.at(-1) === m.at(-1)) === i);
}

function completeMatches(record: FlinkCase, pattern: FlatPattern): Runs[] {
  const { atoms, trailing: more } = pattern;
  const whole = { ...pattern, atoms: [...atoms, ...more] };
  const matches = record.expected_matches
    .map((refs) => runsOf(record, whole, refs))
    .filter((m) => m.slice(atoms.length).every((run) => run.length === 0))
    .map((m) => m.slice(0, atoms.length));
  const trailing = atoms.at(-1);
  const complete = matches.filter((m) => m.at(-1)?.length === trailing?.min || !trailing?.isLoop);
  if (![...atoms, ...more].some(readsTaken) && !pattern.absence?.readsTaken) return complete;
  if (pattern.skip.strategy !== "noSkip")
    exclude("a skip strategy and a condition over the events taken so far");
  return complete.filter((m) => hasLongestRuns(record, pattern, m));
}

function readsTaken({ test, negatives }: Atom): boolean {
  return test.readsTaken || negatives.some((n) => n.test.readsTaken);
}

/** Whether every run has all events that fit it until the next step's, or its upper bound. */
function hasLongestRuns(record: FlinkCase, { atoms }: FlatPattern, m: Runs): boolean {
  return atoms.every((atom, i) => {
    const run = m[i] ?? [];
    const [first = 0] = run;
    const end = m.slice(i + 1).flat()[0] ?? run.at(-1) ?? 0;
    if (!atom.isLoop || run.length === 0) return true;
    for (let p = first; p < end; p++) {
      const sofar = run.filter((r) => r < p);
      const taken = takenBy(record, atoms, [...m.slice(0, i), sofar]);
      const fits = sofar.length < atom.max && atom.test.holds(eventAt(record, p), taken);
      if (fits && !run.includes(p)) return false;
    }
    return true;
  });
}

/** The events of `runs` by the name of the step. */
function takenBy(record: FlinkCase, atoms: readonly Atom[], runs: Runs): Taken {
  const out = new Map<string, FlinkEvent[]>();
  for (const [i, run] of runs.entries()) {
    const name = atoms[i]?.name ?? "";
    out.set(name, [...(out.get(name) ?? []), ...run.map((p) => eventAt(record, p))]);
  }
  return out;
}

function eventAt(record: FlinkCase, at: number): FlinkEvent {
  return record.events[at] ?? exclude("the record expects events that it does not send");
}

/** Whether `longer` is `m` but for runs that start with the same event and go on for longer. */
function isCutShort(m: Runs, longer: Runs): boolean {
  const isPart = m.every((run, i) => {
    const other = longer[i] ?? [];
    return run[0] === other[0] && run.every((p) => other.includes(p));
  });
  return isPart && m.flat().length < longer.flat().length;
}

/**
 * An optional step after `followedBy` is the first fitting event in Flink and the latest in Tapio;
 * with one candidate that is the same. A bounded optional loop starts at its first one likewise;
 * one without a bound is longest when it does. `most`: how many candidates are no choice.
 */
function takesFirstOption(
  record: FlinkCase,
  pattern: FlatPattern,
  most: number | undefined,
): boolean {
  return pattern.atoms.some(
    (a) =>
      a.isOptional &&
      a.follow === "followedBy" &&
      record.events.filter((e) => a.test.holds(e)).length > (most ?? (a.isLoop ? a.max : 1)),
  );
}

/** Which atom took which event: the suite lists events only. */
export function runsOf(record: FlinkCase, pattern: FlatPattern, refs: readonly string[]): Runs {
  const positions = positionsOf(record.events, refs);
  const found: Runs[] = [];
  const go = (runs: Runs, at: number, from: number) => {
    const atom = pattern.atoms[at];
    if (!atom) {
      if (from === positions.length) found.push(runs);
      return;
    }
    if (atom.isOptional) go([...runs, []], at + 1, from);
    for (let n = atom.min; n <= Math.min(atom.max, positions.length - from); n++) {
      const run = positions.slice(from, from + n);
      const takenAt = (k: number) => takenBy(record, pattern.atoms, [...runs, run.slice(0, k)]);
      if (run.every((p, k) => atom.test.holds(eventAt(record, p), takenAt(k))))
        go([...runs, run], at + 1, from + n);
    }
  };
  go([], 0, 0);
  const [only] = found;
  if (!only) return exclude("the record's matches do not fit its pattern");
  if (found.length > 1) return exclude("the record does not say which step took which event");
  return only;
}

function positionsOf(events: readonly FlinkEvent[], refs: readonly string[]): number[] {
  let from = 0;
  return refs.map((ref) => {
    const at = events.findIndex((e, i) => i >= from && e.ref === ref);
    if (at < 0) exclude("the record expects events that it does not send, or in another order");
    from = at + 1;
    return at;
  });
}
