/**
 * What Tapio must report, derived from the list of matches Flink's authors expect.
 *
 * Flink without skipping lists every match; the rule is written so that its set of matches, before
 * any policy, is the same set (flink-rule.ts). Policies are then applied to Flink's list:
 *
 * 1. A trailing loop: Flink lists every length, Tapio completes at the minimum. Longer ones go.
 * 2. Tapio's policies choose among the rest (policy.ts).
 *
 * Flink's own skip strategies leave a part of that list. Which match of a completion point is in it
 * is Flink's choice (the earliest start), so only the completion points are compared then. They are
 * the same: the first one ends some match under either policy, what Flink discards began before
 * that end, and so on from there.
 */
import { exclude } from "./corpus.ts";
import type { FlatPattern, FlinkCase, FlinkEvent } from "./flink-pattern.ts";
import { type Runs, reportedOf } from "./policy.ts";

export interface Expected {
  /** Positions of the events of each finding, in order. */
  readonly reports: readonly (readonly number[])[];
  readonly endsOnly: boolean;
}

export function expectedReports(record: FlinkCase, pattern: FlatPattern): Expected {
  const matches = record.expected_matches.map((refs) => runsOf(record, pattern, refs));
  const trailing = pattern.atoms.at(-1);
  const complete = matches.filter((m) => m.at(-1)?.length === trailing?.min || !trailing?.isLoop);
  const reports = reportedOf(complete).map((m) => m.flat());
  const endsOnly =
    pattern.skip !== "noSkip" ||
    takesFirstOption(record, pattern) ||
    pattern.atoms.some((a) => a.isCombination);
  return { reports, endsOnly };
}

/**
 * An optional step after `followedBy` is the first fitting event in Flink and the latest in Tapio;
 * with one candidate that is the same. A bounded optional loop starts at its first one likewise.
 */
function takesFirstOption(record: FlinkCase, pattern: FlatPattern): boolean {
  return pattern.atoms.some(
    (a) =>
      a.isOptional &&
      a.follow === "followedBy" &&
      record.events.filter(a.test.holds).length > (a.isLoop ? a.max : 1),
  );
}

/** Which atom took which event: the suite lists events only. */
function runsOf(record: FlinkCase, pattern: FlatPattern, refs: readonly string[]): Runs {
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
      if (run.every((p) => atom.test.holds(record.events[p] as FlinkEvent)))
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
