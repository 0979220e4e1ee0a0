/**
 * Groups of steps that are repeated, which Tapio's language has not. A group that may have several
 * numbers of rounds is a pattern for each of them, and each of Flink's matches is one of one of
 * these patterns: together they must find the whole list. A loop without an upper end has no more
 * rounds than there are events for.
 */
import { Excluded, exclude } from "./corpus.ts";
import { runsOf } from "./flink-expected.ts";
import { type FlinkCase, type FlinkStep, flatten } from "./flink-pattern.ts";

const mostPatterns = 32;

/** The case as cases whose groups have exact numbers of rounds, each with its share of matches. */
export function withExactGroups(record: FlinkCase): FlinkCase[] {
  const patterns = exactSteps(record.pattern, record.events.length);
  if (patterns.length === 1) return [{ ...record, pattern: patterns[0] ?? [] }];
  if (patterns.length > mostPatterns) exclude("a group with too many numbers of rounds");
  const skip = record.pattern[0]?.after_match_skip ?? record.after_match_skip;
  if (skip && skip.strategy !== "noSkip")
    exclude("a skip strategy over groups of an inexact number of rounds");
  const cases = patterns.map((pattern) => ({ ...record, pattern, expected_matches: [] }));
  const fitting = record.expected_matches.map((refs) => cases.filter((c) => canTake(c, refs)));
  if (fitting.some((f) => f.length !== 1))
    exclude("the record does not say how many rounds a match has");
  return cases.map((c) => ({
    ...c,
    expected_matches: record.expected_matches.filter((_, i) => fitting[i]?.[0] === c),
  }));
}

function canTake(record: FlinkCase, refs: readonly string[]): boolean {
  const pattern = flatten(record);
  try {
    runsOf(record, { ...pattern, atoms: [...pattern.atoms, ...pattern.trailing] }, refs);
    return true;
  } catch (error) {
    if (error instanceof Excluded) return false;
    throw error;
  }
}

function exactSteps(steps: readonly FlinkStep[], events: number): FlinkStep[][] {
  let out: FlinkStep[][] = [[]];
  for (const step of steps) {
    const ways = exactGroups(step, events);
    out = out.flatMap((before) => ways.map((way) => [...before, ...way]));
  }
  return out.filter((way) => way.length > 0);
}

function exactGroups(step: FlinkStep, events: number): FlinkStep[][] {
  const { group, oneOrMore, optional, greedy, until, ...plain } = step;
  if (!group) return [[step]];
  if (greedy || until) exclude("a group that is greedy or has an end of its own");
  const [least = 1, most = least] = step.times ?? [];
  const inner = exactSteps(group, events);
  const top = oneOrMore ? Math.floor(events / group.length) : most;
  const rounds = Array.from({ length: Math.max(top - least + 1, 0) }, (_, i) => least + i);
  const ways = rounds
    .filter((n) => n > 0)
    .flatMap((n) => inner.map((g) => [{ ...plain, group: g, times: [n] }]));
  return optional || least === 0 ? [[], ...ways] : ways;
}
