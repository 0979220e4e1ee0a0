/**
 * EQL queries against one list of events, with the ids of the events each must find. A sequence's
 * answer is a list of matches, one after the other. EQL moves partial matches along where Tapio
 * copies them, so the middle of a match may differ; its end, and its first event as the latest one
 * possible, are the same. What `skip past` leaves of EQL's list is what Tapio must report.
 */
import { describe, expect, it } from "vitest";
import { skipReason } from "../harness/skip.ts";
import { exclude, isUsualFolder, missingReason, readJson, readRecords, Tally } from "./corpus.ts";
import { type Conventions, usual } from "./eql-condition.ts";
import { type EqlEvent, type Fields, fieldsOf } from "./eql-fields.ts";
import { type EqlQuery, type Node, type Pipe, parseEql } from "./eql-query.ts";
import { eqlRule } from "./eql-rule.ts";
import { type Found, runBoth } from "./execution.ts";

interface EqlCase {
  readonly id: string;
  readonly query: string;
  readonly expected_event_ids: readonly number[];
}

const file = "eql-endgame/queries.ndjson";
const floor = { checked: 92, excluded: 8 };

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
    if (isUsualFolder) tally.expectFloor(floor);
  });
});

/**
 * EQL can be told to regard case. The record does not say whether it was, so a query whose answer
 * depends on it must find one of the two.
 */
function checkCase(record: EqlCase, events: readonly EqlEvent[], fields: Fields): void {
  const query = parseEql(record.query);
  try {
    checkQuery(record, query, new Suite(events, fields, usual));
  } catch (error) {
    // Only a wrong answer: a disagreement of interpreter and engine is an error under any reading.
    if (!(error instanceof Error) || error.name !== "AssertionError") throw error;
    const sensitive = new Suite(events, fields, { ...usual, isCaseSensitive: true });
    if (sensitive.text(query) === new Suite(events, fields, usual).text(query)) throw error;
    checkQuery(record, query, sensitive);
  }
}

function checkQuery(record: EqlCase, query: EqlQuery, suite: Suite): void {
  const { events } = suite;
  const { text, found } = suite.run(query);
  const idOf = (position: number | undefined) => events[position ?? -1]?.serial_event_id ?? -1;
  const taken = (f: Found) => [...f.steps.values()].flat();
  if (query.form === "single") {
    const matched = found.flatMap((f) => events[taken(f)[0] ?? -1] ?? []);
    const where = (e: Node) => new Set(suite.whereTrue(e));
    const left = query.pipes.reduce(
      (all: readonly EqlEvent[], pipe) => piped(all, pipe, where),
      matched,
    );
    expect(
      left.map((e) => e.serial_event_id),
      text,
    ).toEqual(record.expected_event_ids);
    return;
  }
  const steps = query.pipes.flatMap((p) =>
    "count" in p ? [p] : exclude("a pipe that hides which matches went before"),
  );
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

/** Queries over the suite's events. */
class Suite {
  readonly events: readonly EqlEvent[];
  readonly #fields: Fields;
  readonly #conventions: Conventions;

  constructor(events: readonly EqlEvent[], fields: Fields, conventions: Conventions) {
    this.events = events;
    this.#fields = fields;
    this.#conventions = conventions;
  }

  text(query: EqlQuery): string {
    return this.#rule(query).text;
  }

  run(query: EqlQuery) {
    const { text, sent } = this.#rule(query);
    const all = sent(this.events, query.maxspanUs === undefined);
    return { text, found: runBoth(text, all, (all.at(-1)?.atUs ?? 0) + 1) };
  }

  /** The events for which a condition is true. */
  whereTrue(where: Node): EqlEvent[] {
    const query = { form: "single", until: undefined, maxspanUs: undefined, pipes: [] } as const;
    const { found } = this.run({ ...query, steps: [{ type: "any", where, by: [] }] });
    return found.flatMap((f) => this.events[[...f.steps.values()].flat()[0] ?? -1] ?? []);
  }

  #rule(query: EqlQuery) {
    const kinds = [...new Set(this.events.map((e) => e.event_type))];
    return eqlRule(query, this.#fields, kinds, this.#conventions);
  }
}

type Cut = Extract<Pipe, { count: number }>;

function cut<T>(all: readonly T[], { keep, count }: Cut): readonly T[] {
  return keep === "head" ? all.slice(0, count) : all.slice(-count);
}

function piped(
  all: readonly EqlEvent[],
  pipe: Pipe,
  whereTrue: (e: Node) => ReadonlySet<EqlEvent>,
): readonly EqlEvent[] {
  if (pipe.keep === "filter") {
    const kept = whereTrue(pipe.where);
    return all.filter((e) => kept.has(e));
  }
  if (pipe.keep === "unique") {
    const parts = pipe.by.map((e) => partOf(e, whereTrue));
    const keys = all.map((e) => JSON.stringify(parts.map((part) => part(e))));
    return all.filter((_, i) => keys.indexOf(keys[i] ?? "") === i);
  }
  if (pipe.keep !== "sort") return cut(all, pipe);
  const key = (e: EqlEvent) => pipe.fields.map((f) => comparable(e[f]));
  return [...all].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    const at = x.findIndex((value, i) => value !== y[i]);
    return at < 0 ? 0 : inOrder(x[at], y[at]);
  });
}

/** What a field or a condition is of an event; a condition may be neither true nor false. */
function partOf(e: Node, whereTrue: (e: Node) => ReadonlySet<EqlEvent>) {
  if (e.t === "field") return (event: EqlEvent) => comparable(event[e.name]);
  if (e.t !== "binary" && e.t !== "logic" && e.t !== "not" && e.t !== "in")
    return exclude("a pipe that computes something");
  const isTrue = whereTrue(e);
  const isFalse = whereTrue({ t: "not", arg: e });
  return (event: EqlEvent) => (isTrue.has(event) ? 1 : isFalse.has(event) ? 0 : null);
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
