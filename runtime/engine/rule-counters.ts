/** What rules count, summed up; rules that are gone are still counted. */
import type { Lane } from "./intake/lane.ts";
import type { RuleRunner } from "./rule-runner.ts";

export const noRuleCounters = {
  matches: 0,
  findings: 0,
  suppressed: 0,
  excepted: 0,
  limited: 0,
  openEvicted: 0,
  suppressorsEvicted: 0,
  keysEvicted: 0,
  partialsEvicted: 0,
  eventsEvicted: 0,
  evidenceEvicted: 0,
  hurried: 0,
  findingsDropped: 0,
};
export type RuleCounters = typeof noRuleCounters;

export function countersOf(
  runners: readonly RuleRunner[],
  lanes: readonly Lane[],
  before: RuleCounters,
): RuleCounters {
  const sum = { ...before };
  for (const { reporter, counters } of runners) {
    const { suppressor, limiter } = reporter;
    sum.matches += reporter.counters.matches;
    sum.findings += reporter.counters.findings;
    sum.excepted += reporter.counters.excepted;
    sum.openEvicted += reporter.counters.openEvicted;
    sum.suppressed += reporter.counters.suppressed;
    sum.limited += reporter.counters.limited;
    sum.suppressorsEvicted += (suppressor?.evicted ?? 0) + (limiter?.evicted ?? 0);
    sum.keysEvicted += counters.keysEvicted;
    sum.partialsEvicted += counters.partialsEvicted;
    sum.eventsEvicted += counters.eventsEvicted;
    sum.evidenceEvicted += counters.evidenceEvicted;
    sum.hurried += counters.hurried + reporter.counters.hurried;
  }
  for (const lane of lanes) sum.findingsDropped += lane.findingsDropped;
  return sum;
}
