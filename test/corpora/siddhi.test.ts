import { describe, expect, it } from "vitest";
import { skipReason } from "../harness/skip.ts";
import { isUsualFolder, missingReason, readRecords, Tally } from "./corpus.ts";
import { runBoth } from "./execution.ts";
import { checkStart, endOfTest, expectedRows, type Row, rowOf } from "./siddhi-expected.ts";
import {
  eventsOf,
  type FlatQuery,
  flattenQuery,
  type SiddhiCase,
  type SiddhiEvent,
} from "./siddhi-pattern.ts";
import { parseQuery, type Query } from "./siddhi-query.ts";
import { sentEvents, siddhiRule, stepName } from "./siddhi-rule.ts";

const file = "siddhi-patterns/cases.ndjson";
const checkedAtLeast = 91;

describe.skipIf(skipReason("Siddhi cases", missingReason(file)))("Siddhi patterns", () => {
  const tally = new Tally("siddhi-patterns");
  it.each(readRecords<SiddhiCase>(file).map((c) => [c.id, c] as const))("%s", (id, record) => {
    tally.run(id, () => checkCase(record));
  });
  it("enough cases are checked", () => {
    console.log(tally.table());
    if (isUsualFolder) expect(tally.checked).toBeGreaterThanOrEqual(checkedAtLeast);
  });
});

function checkCase(record: SiddhiCase): void {
  const query = parseQuery(record.app);
  const ways = flattenQuery(query);
  const [way] = ways;
  if (!way) throw new Error("a query goes some way");
  const events = eventsOf(record, query);
  if (way.every === "none") checkStart(ways, events);
  const texts = ways.map((w) => siddhiRule(query, w));
  const expected = expectedRows(record, query, way, events);
  const rows = ways.flatMap((w, i) => rowsOf(record, query, w, events, texts[i] ?? ""));
  expect(rows.length, texts.join("\n")).toBe(expected.count);
  if (expected.rows) expect(rows, texts.join("\n")).toEqual(expected.rows);
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
  const found = runBoth(text, sentEvents(events), (endMs + (isFromEarlier ? tail.ms : 0)) * 1000);
  return found.flatMap((f) => {
    // The first event sent is the start of the app.
    const match = items.map((_, i) => (f.steps.get(stepName(i)) ?? []).map((p) => p - 1));
    const base = tail && (match[tail.base]?.at(-1) ?? -1);
    const sinceMs = base === undefined ? 0 : (events[base]?.tMs ?? 0);
    return isFromEarlier && sinceMs + tail.ms >= endMs ? [] : [rowOf(query, way, events, match)];
  });
}
