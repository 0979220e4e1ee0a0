/** What an event says of itself besides its fields. */
import { expect, test } from "vitest";
import { runEngine } from "../../../harness/unit-agreement.ts";
import { compiled, eventsOf, found, traceOf } from "./by-hand.ts";

test("its kind can be asked for, and is missing with the event", () => {
  const rule = `rule r { match sequence by k within 9s { p: t.a | t.b where p.kind != "t.b"
    then optional o: t.c then q: t.d }
    explain { root p summary "{p.kind} {o.kind ?? \\"none\\"} {q.kind}" } }`;
  const lines = ["b 1", "a 2", "d 3", "a 4", "c 5", "d 6"];
  expect(found(rule, lines)).toEqual(["r@3 p=a1 q=d1", "r@6 p=a2 o=c1 q=d2"]);
  const { unit } = compiled(rule);
  const { findings } = runEngine(unit, traceOf(unit, eventsOf(unit.schema, lines).events, {}));
  expect(findings.map((f) => f.summary)).toEqual(["t.a none t.d", "t.a t.c t.d"]);
});
