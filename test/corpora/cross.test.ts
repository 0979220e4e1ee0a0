/**
 * The rules of one case on the events of others, under every choice of matches. Nobody says what
 * must be found there; interpreter and engine must find the same, which `runBoth` sees to.
 * `TAPIO_LAW_RULES` is how many runs each suite gets, of all pairs those that are evenly spread.
 */
import { describe, expect, it } from "vitest";
import { skipReason } from "../harness/skip.ts";
import { Excluded, missingReason, readRecords } from "./corpus.ts";
import { runBoth, type Sent } from "./execution.ts";
import { withExactGroups } from "./flink-groups.ts";
import { type FlinkCase, flatten } from "./flink-pattern.ts";
import { ruleText, sentEvents } from "./flink-rule.ts";
import { eventsOf, flattenQuery, type SiddhiCase, toldOnce } from "./siddhi-pattern.ts";
import { parseQuery, type Query } from "./siddhi-query.ts";
import { sentEvents as sentBySiddhi, siddhiRule } from "./siddhi-rule.ts";

const runs = Math.min(Number(process.env.TAPIO_LAW_RULES ?? 300), 6000);
const timeout = 600_000;
const policies = ["", "select each", "select widest"].flatMap((p) => [p, `${p} skip none`]);
const secondUs = 1_000_000;

const flinkFile = "flink-cep/cases.ndjson";
describe.skipIf(skipReason("Flink CEP cases", missingReason(flinkFile)))("Flink CEP", () => {
  it("rules find the same on the events of other cases", { timeout }, () => {
    const records = readRecords<FlinkCase>(flinkFile);
    const patterns = records.flatMap((r) => unlessExcluded(() => withExactGroups(r)) ?? []);
    const rules = patterns.flatMap((c) =>
      policies.flatMap((p) => unlessExcluded(() => ruleText(flatten(c), p)) ?? []),
    );
    const traces = records.map((r) => sentEvents(r.events, false));
    const pairs = rules.flatMap((text) => traces.map((sent) => ({ text, sent })));
    expect(findingsIn(spread(pairs, runs))).toBeGreaterThan(runs / 10);
  });
});

const siddhiFile = "siddhi-patterns/cases.ndjson";
describe.skipIf(skipReason("Siddhi cases", missingReason(siddhiFile)))("Siddhi", () => {
  it("rules find the same on the events of other cases", { timeout }, () => {
    const records = readRecords<SiddhiCase>(siddhiFile);
    const queries = records.flatMap((r) => unlessExcluded(() => toldOnce(parseQuery(r.app))) ?? []);
    const pairs = queries.flatMap((query) => {
      const ways = unlessExcluded(() => flattenQuery(query)) ?? [];
      const rules = ways.flatMap((way) => unlessExcluded(() => siddhiRule(query, way)) ?? []);
      const traces = records.flatMap((r) => traceFor(query, r) ?? []);
      return rules.flatMap((text) => traces.map(({ sent }) => ({ text, sent })));
    });
    expect(findingsIn(spread(pairs, runs))).toBeGreaterThan(runs / 40);
  });
});

/** The events of `record`, if the query has their streams with the same types. */
function traceFor(query: Query, record: SiddhiCase): { sent: Sent[] } | undefined {
  return unlessExcluded(() => {
    const theirs = parseQuery(record.app).streams;
    const isAlike = record.sends.every(
      ({ stream }) =>
        JSON.stringify(theirs.get(stream)) === JSON.stringify(query.streams.get(stream)),
    );
    return isAlike ? { sent: sentBySiddhi(query, eventsOf(record, query)) } : undefined;
  });
}

function findingsIn(pairs: readonly { text: string; sent: readonly Sent[] }[]): number {
  return pairs.reduce((sum, { text, sent }) => {
    const found = unlessExcluded(() => runBoth(text, sent, (sent.at(-1)?.atUs ?? 0) + secondUs));
    return sum + (found?.length ?? 0);
  }, 0);
}

function spread<T>(all: readonly T[], count: number): T[] {
  const step = Math.max(all.length / count, 1);
  const places = Array.from({ length: Math.min(count, all.length) }, (_, i) =>
    Math.floor(i * step),
  );
  return places.flatMap((at) => all[at] ?? []);
}

function unlessExcluded<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof Excluded) return undefined;
    throw error;
  }
}
