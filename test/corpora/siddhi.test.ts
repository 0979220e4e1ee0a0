import { describe, expect, it } from "vitest";
import { skipReason } from "../harness/skip.ts";
import { exclude, isUsualFolder, missingReason, readRecords, Tally } from "./corpus.ts";
import { runBoth } from "./execution.ts";
import {
  againUnits,
  checkStart,
  endOfTest,
  expectedRows,
  type Row,
  reliableRows,
  rowOf,
} from "./siddhi-expected.ts";
import {
  checkClock,
  eventsOf,
  everyBoth,
  type FlatQuery,
  flattenQuery,
  hasToldAgain,
  type SiddhiCase,
  type SiddhiEvent,
  toldOnce,
} from "./siddhi-pattern.ts";
import { parseQuery, type Query, type Unit } from "./siddhi-query.ts";
import { bothRule, partsOf, sentEvents, siddhiRule, stepName } from "./siddhi-rule.ts";

const file = "siddhi-patterns/cases.ndjson";
const floor = { checked: 127, excluded: 14 };

describe.skipIf(skipReason("Siddhi cases", missingReason(file)))("Siddhi patterns", () => {
  const tally = new Tally("siddhi-patterns");
  it.each(readRecords<SiddhiCase>(file).map((c) => [c.id, c] as const))("%s", (id, record) => {
    tally.run(id, () => checkCase(record));
  });
  it("enough cases are checked", () => {
    console.log(tally.table());
    if (isUsualFolder) tally.expectFloor(floor);
  });
});

function checkCase(record: SiddhiCase): void {
  checkClock(record);
  const query = parseQuery(record.app);
  const both = everyBoth(query);
  const story = oneStory(record, query);
  if (both) checkBoth(record, query, both);
  else if (story) {
    const isFound = story.expected_count > 0;
    checkQuery(story, toldOnce(query), isFound ? againUnits(query, eventsOf(record, query)) : []);
  } else checkQuery(record, query);
}

/** The case as one that expects its row once, when all rows are alike; undefined when not. */
function oneStory(record: SiddhiCase, query: Query): SiddhiCase | undefined {
  if (!hasToldAgain(query)) return undefined;
  if (record.expected_count === 0) return record;
  // Where neighbours are wanted, `every` is also how an absence starts again after a stranger.
  if (query.pattern.isStrict) return undefined;
  const rows = reliableRows(record, query)?.map((r) => JSON.stringify(r)) ?? [];
  if (rows.length === 0 || new Set(rows).size > 1) return undefined;
  return { ...record, expected_count: 1, expected_rows: record.expected_rows.slice(0, 1) };
}

/** `again`: at these the absence that the query begins with begins anew. */
function checkQuery(record: SiddhiCase, query: Query, again: readonly Unit[] = []): void {
  const flat = flattenQuery(query);
  const ways = again.length === 0 ? flat : flat.map((way) => ({ ...way, again }));
  const [way] = ways;
  if (!way) throw new Error("a query goes some way");
  if (way.every !== "none" && query.partition.size > 0) exclude("`every` in a partition");
  if (way.every !== "none" && query.having) exclude("`every` and `having`");
  const events = eventsOf(record, query);
  if (way.every === "none") checkStart(ways, events);
  const texts = ways.map((w) => siddhiRule(query, w));
  const expected = expectedRows(record, query, way, events);
  const rows = ways.flatMap((w, i) => rowsOf(record, query, w, events, texts[i] ?? ""));
  expect(rows.length, texts.join("\n")).toBe(expected.count);
  // Rows of one event come in no order that either system promises.
  const inOrder = (all: readonly Row[]) =>
    way.hasInnerEvery ? all.map((r) => JSON.stringify(r)).sort() : all;
  if (expected.rows) expect(inOrder(rows), texts.join("\n")).toEqual(inOrder(expected.rows));
}

function checkBoth(record: SiddhiCase, query: Query, flat: FlatQuery): void {
  const events = eventsOf(record, query);
  if (query.having) exclude("`every` and `having`");
  const text = bothRule(query, flat);
  const found = runBoth(text, sentEvents(query, events), endOfTest(record) * 1000);
  const begins = partsOf(query, events).length;
  const rows = found.map((f) => {
    const match = flat.items.map((_, i) => (f.steps.get(stepName(i)) ?? []).map((p) => p - begins));
    return rowOf(query, flat, events, match);
  });
  expect(rows.length, text).toBe(record.expected_count);
  const reliable = reliableRows(record, query);
  if (reliable) expect(rows, text).toEqual(reliable);
}

/**
 * What Tapio finds, as rows of the query. `then no` counts from the last step, an absence beside a
 * step from the one before; so time goes on for longer, and what Siddhi did not wait for is left
 * out.
 */
function rowsOf(
  record: SiddhiCase,
  query: Query,
  way: FlatQuery,
  events: readonly SiddhiEvent[],
  text: string,
): Row[] {
  const { tail, items } = way;
  const isFromEarlier = tail !== undefined && tail.base < items.length - 1;
  const endMs = endOfTest(record);
  const sent = sentEvents(query, events);
  const begins = partsOf(query, events).length;
  const found = runBoth(text, sent, (endMs + (isFromEarlier ? tail.ms : 0)) * 1000);
  return found.flatMap((f) => {
    const match = items.map((_, i) => (f.steps.get(stepName(i)) ?? []).map((p) => p - begins));
    const base = tail && (match[tail.base]?.at(-1) ?? -1);
    const sinceMs = base === undefined ? 0 : (events[base]?.tMs ?? 0);
    return isFromEarlier && sinceMs + tail.ms >= endMs ? [] : [rowOf(query, way, events, match)];
  });
}
