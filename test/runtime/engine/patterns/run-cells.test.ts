/** What is known of runs: cells that grow with each event, and are shared by no two runs. */
import { expect, test } from "vitest";
import { cellOfRun, type EventData, makeEvent, type RunAggregate, runAggregatesOf } from "#core";
import type { RuleCode } from "../../../../runtime/engine/code/matcher.ts";
import { RunCells } from "../../../../runtime/engine/patterns/sequence/run-cells.ts";
import { compiledUnit } from "../../../harness/compiled-unit.ts";

const schema = `module s
source fast { lateness 100ms granularity 1us idle 2s rank 0 }
event t.a from fast { k: int x: int? }
event t.b from fast { k: int x: int? }
`;
const unit = compiledUnit(
  schema,
  `module r
import s
rule r {
  match sequence by k within 30s {
    p: t.a where sum(p.x) < 100 repeat 1..
    then q: t.b repeat 2..
  }
  explain { root p summary "{max(q.x)} {sum(p.x)} {avg(p.x)} {sum(q.x)} {max(q.x)}" }
}
`,
);
const [rule] = unit.rules;
if (!rule) throw new Error("no rule");

const x: RuleCode["runAggregates"][number] = (event) => event?.fields[1];
const code = { runAggregates: runAggregatesOf(rule).map(() => x) } as unknown as RuleCode;
const cells = new RunCells(rule, code);
const of = (value: number | undefined, seq: number): EventData =>
  makeEvent(unit.schema, { kind: 0, ts: seq * 1_000_000, seq, fields: [1, value] });
const all = [3, undefined, 4].map((value, i) => of(value, i + 1));

const asked = ({ step, fn }: RunAggregate) => `${fn} ${step}`;

test("each aggregate is asked once, in the order of the steps", () => {
  const aggregates = runAggregatesOf(rule);
  expect(aggregates.map(asked)).toEqual(["sum 0", "avg 0", "max 1", "sum 1"]);
  expect(aggregates.map((e) => cellOfRun(rule, e))).toEqual([0, 1, 0, 1]);
});

test("of a step that nobody asks about nothing is kept", () => {
  expect(cells.grown(2, undefined, of(3, 1))).toBeUndefined();
  expect(cells.of(2, all)).toBeUndefined();
});

test("an event adds to a copy", () => {
  const one = cells.grown(0, undefined, of(3, 1));
  const two = cells.grown(0, one, of(4, 2));
  const other = cells.grown(0, one, of(10, 2));
  const sums = [one, two, other].map((known) => known?.[0]?.[0]);
  expect(sums).toEqual([3, 7, 13]);
});

test("a missing value adds nothing", () => {
  const one = cells.grown(0, undefined, of(3, 1));
  expect(cells.grown(0, one, of(undefined, 2))).toEqual(one);
});

test("all of a run at once is the same as one event after the other", () => {
  const [first, second, third] = all as [EventData, EventData, EventData];
  const slowly = [first, second, third].reduce<ReturnType<typeof cells.of>>(
    (known, event) => cells.grown(1, known, event),
    undefined,
  );
  expect(cells.of(1, all)).toEqual(slowly);
  expect(slowly?.map((cell) => [...cell])).toEqual([[4], [7]]);
  expect(cells.of(1, [])).toBeUndefined();
});

test("code that lacks an aggregate is refused", () => {
  const none = { runAggregates: [] } as unknown as RuleCode;
  expect(() => new RunCells(rule, none)).toThrow("no code for sum of step 0");
});
