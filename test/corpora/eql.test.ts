/**
 * EQL queries against one list of events, with the ids of the events each must find. A sequence's
 * answer is a list of matches, one after the other. EQL moves partial matches along where Tapio
 * copies them, so the middle of a match may differ; its end, and its first event as the latest one
 * possible, are the same. What `skip past` leaves of EQL's list is what Tapio must report.
 */
import { describe, expect, it } from "vitest";
import { skipReason } from "../harness/skip.ts";
import { exclude, isUsualFolder, missingReason, readJson, readRecords, Tally } from "./corpus.ts";
import { type EqlQuery, type Pipe, parseEql } from "./eql-query.ts";
import { type EqlEvent, eqlRule, type Fields, fieldsOf, sentEvents } from "./eql-rule.ts";
import { type Found, runBoth } from "./execution.ts";

interface EqlCase {
  readonly id: string;
  readonly query: string;
  readonly expected_event_ids: readonly number[];
}

const file = "eql-endgame/queries.ndjson";
const checkedAtLeast = 57;

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
  if (query.form === "single") {
    const matched = found.flatMap((f) => events[taken(f)[0] ?? -1] ?? []);
    const ids = query.pipes.reduce(piped, matched).map((e) => e.serial_event_id);
    expect(ids, text).toEqual(record.expected_event_ids);
    return;
  }
  const steps = query.pipes.flatMap((p) => ("count" in p ? [p] : exclude("a pipe of matches")));
  if (query.form === "join") {
    // A capture of `all of` holds everything that fits; of that EQL takes what came first.
    const matches = found.map((f) => [...f.steps.values()].map((run) => idOf(run[0])));
    const ids = steps.reduce((all: readonly number[][], p) => cut(all, p), matches).flat();
    expect(ids, text).toEqual(record.expected_event_ids);
    return;
  }
  const actual = found.map((f) => [idOf(taken(f)[0]), idOf(taken(f).at(-1))] as const);
  checkSequence(record, { ...query, pipes: steps }, actual, text);
}

type Cut = Extract<Pipe, { count: number }>;

function cut<T>(all: readonly T[], { keep, count }: Cut): readonly T[] {
  return keep === "head" ? all.slice(0, count) : all.slice(-count);
}

function piped(all: readonly EqlEvent[], pipe: Pipe): readonly EqlEvent[] {
  if ("count" in pipe) return cut(all, pipe);
  const key = (e: EqlEvent) => pipe.fields.map((f) => comparable(e[f]));
  if (pipe.keep === "unique") {
    const keys = all.map((e) => JSON.stringify(key(e)));
    return all.filter((_, i) => keys.indexOf(keys[i] ?? "") === i);
  }
  return [...all].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    const at = x.findIndex((value, i) => value !== y[i]);
    return at < 0 ? 0 : inOrder(x[at], y[at]);
  });
}

/** Without regard to case. */
function comparable(value: unknown): string | number | null {
  if (typeof value === "string") return value.toLowerCase();
  return typeof value === "number" ? value : null;
}

/** What is missing comes last. */
function inOrder(a: string | number | null | undefined, b: string | number | null | undefined) {
  if (a === b) return 0;
  if (a === null || a === undefined) return 1;
  return b === null || b === undefined || a < b ? -1 : 1;
}

type Ends = readonly [first: number, last: number];

/** Ids grow with the events' order. */
function checkSequence(
  record: EqlCase,
  { steps, pipes }: Omit<EqlQuery, "pipes"> & { readonly pipes: readonly Cut[] },
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
