/**
 * EQL queries against one list of events, with the ids of the events each must find. A sequence's
 * answer is a list of matches, one after the other. EQL moves partial matches along where Tapio
 * copies them, so the middle of a match may differ; its end, and its first event as the latest one
 * possible, are the same. What `skip past` leaves of EQL's list is what Tapio must report.
 */
import { describe, expect, it } from "vitest";
import { skipReason } from "../harness/skip.ts";
import { exclude, isUsualFolder, missingReason, readJson, readRecords, Tally } from "./corpus.ts";
import { type EqlQuery, parseEql } from "./eql-query.ts";
import { type EqlEvent, eqlRule, type Fields, fieldsOf, sentEvents } from "./eql-rule.ts";
import { type Found, runBoth } from "./execution.ts";

interface EqlCase {
  readonly id: string;
  readonly query: string;
  readonly expected_event_ids: readonly number[];
}

const file = "eql-endgame/queries.ndjson";
const checkedAtLeast = 42;

describe.skipIf(skipReason("EQL cases", missingReason(file)))("EQL", () => {
  const tally = new Tally("eql-endgame");
  const records = readRecords<EqlCase>(file);
  const events = records.length === 0 ? [] : readJson<EqlEvent[]>("eql-endgame/test_data.json");
  const fields = fieldsOf(events);
  it.each(records.map((c) => [`${c.id} ${c.query.trim()}`, c] as const))("%s", (_, record) => {
    tally.run(record.id, () => checkCase(record, events, fields));
  });
  it("enough cases are checked", () => {
    console.log(tally.table());
    if (isUsualFolder) expect(tally.checked).toBeGreaterThanOrEqual(checkedAtLeast);
  });
});

function checkCase(record: EqlCase, events: readonly EqlEvent[], fields: Fields): void {
  const query = parseEql(record.query);
  const text = eqlRule(query, fields, [...new Set(events.map((e) => e.event_type))]);
  const sent = sentEvents(events, fields, query.maxspanUs === undefined);
  const found = runBoth(text, sent, (sent.at(-1)?.atUs ?? 0) + 1);
  const idOf = (position: number | undefined) => events[position ?? -1]?.serial_event_id ?? -1;
  const taken = (f: Found) => [...f.steps.values()].flat();
  if (!query.isSequence) {
    const ids = pipe(
      query,
      found.map((f) => idOf(taken(f)[0])),
    );
    expect(ids, text).toEqual(record.expected_event_ids);
    return;
  }
  const actual = found.map((f) => [idOf(taken(f)[0]), idOf(taken(f).at(-1))] as const);
  checkSequence(record, query, actual, text);
}

function pipe<T>({ pipes }: EqlQuery, all: readonly T[]): readonly T[] {
  return pipes.reduce(
    (kept, { keep, count }) => (keep === "head" ? kept.slice(0, count) : kept.slice(-count)),
    all,
  );
}

type Ends = readonly [first: number, last: number];

/** Ids grow with the events' order. */
function checkSequence(
  record: EqlCase,
  { steps, pipes }: EqlQuery,
  actual: readonly Ends[],
  text: string,
): void {
  const ids = record.expected_event_ids;
  if (ids.length % steps.length !== 0) exclude("the answer is not a list of whole matches");
  const matches: Ends[] = [];
  for (let i = 0; i < ids.length; i += steps.length)
    matches.push([ids[i] ?? -1, ids[i + steps.length - 1] ?? -1]);
  const mayLackEarlier = pipes.some((p) => p.keep === "tail");
  const mayLackLater =
    pipes.some((p) => p.keep === "head" && p.count <= matches.length) || mayLackEarlier;
  const [first] = matches;
  const lastEnd = matches.at(-1)?.[1] ?? 0;
  // What the pipes cut off is not known; Tapio's own findings stand in for it as the barrier.
  const earlier = mayLackEarlier ? actual.filter((m) => m[1] < (first?.[1] ?? 0)) : [];
  let barrier = earlier.at(-1)?.[1] ?? 0;
  const expected: Ends[] = [];
  for (const match of matches) {
    if (match[0] <= barrier) continue;
    expected.push(match);
    barrier = match[1];
  }
  const compared = actual.slice(earlier.length).filter((m) => !mayLackLater || m[1] <= lastEnd);
  expect(compared, text).toEqual(expected);
}
