/**
 * A sequence over clocks that do not say for certain what came first goes on behind a restart,
 * wherever it comes, as if there had been none.
 */
import { expect, test } from "vitest";
import { runEngine } from "../../../harness/unit-agreement.ts";
import { compiled, eventsOf, traceOf } from "../../core/ir/by-hand.ts";

/** Every source tells all it can after each event. */
function* always(): Generator<number> {
  for (;;) yield 0;
}

/** What is told of `r`, and what is counted, with an engine that goes on from a snapshot at `i`. */
function told(rule: string, lines: readonly string[], i?: number) {
  const { unit } = compiled(rule);
  const { events } = eventsOf(unit.schema, lines);
  const restarts = new Set(i === undefined ? [] : [i]);
  const run = runEngine(unit, traceOf(unit, events, {}), { hurry: always(), restarts });
  const { evicted, hurried } = run.engine.counters;
  const findings = run.told.map((f) => [f.summary, f.at, f.state, f.degraded.length]);
  return { findings, evicted, hurried };
}

const rule = (steps: string, heads = "", more = "") => `rule r {
  match sequence by k within 20s ${heads} { ${steps} } ${more}
  explain { root p summary "{p.k ?? 0} {p.x ?? 0} {count(p)}" } }`;

test.each<readonly [what: string, rule: string, lines: readonly string[]]>([
  [
    "what was begun, and which event comes first",
    rule("p: t.a then q: t.b then s: t.far"),
    ["a 1", "b 2", "far 4", "a 4.5", "b 6", "far 6.1", "far 9"],
  ],
  [
    "a silence",
    rule("p: t.a then no x: t.far for 5s"),
    ["a 1", "far 3", "a 4", "a 5 k=2", "far 6 k=3", "a 20 k=3"],
  ],
  [
    "silences of one time",
    rule("p: t.a then no x: t.far for 5s", "", "skip none\n rate 1 per 1h by true"),
    ["a 1 x=1", "a 1 k=2 x=2", "a 1 k=3 x=3", "far 3 k=1", "far 5 k=4", "a 20 k=3"],
  ],
  [
    "a run that goes on",
    rule("p: t.far then q: t.b repeat 2..4", "", "until u: t.c\n emit close"),
    ["far 1", "b 3", "b 4", "b 5", "a 6", "far 7", "b 8", "c 9", "b 10", "far 40"],
  ],
  [
    "what was given up, and the doubt about the rest",
    rule("p: t.a then q: t.far where q.x == p.x", "partials 1", "keys max 2"),
    ["a 1 x=1", "a 2 x=2", "far 4 x=2", "a 6 k=2", "a 8 k=3", "far 10 x=2", "far 12 k=3", "a 40"],
  ],
  [
    "events that were given up",
    rule("p: t.a without n: t.c where n.x == p.x then q: t.far", "partials 1"),
    ["a 0 x=1", "c 2 x=9", "c 4 x=9", "c 6 x=9", "far 8", "a 10 x=2", "far 12"],
  ],
  [
    "what was told before its turn",
    rule(
      "p: t.a then q: t.far repeat 1..2",
      "",
      "skip none\n select each\n keys max 1\n emit close",
    ),
    [...[1, 2, 3, 4, 5, 6].map((s) => `a ${s} x=${s}`), "far 8", "far 9", "b 12", "far 20"],
  ],
  [
    "keys of which nothing is left",
    rule("p: t.a then q: t.far", "", "keys max 3"),
    ["far 1 k=1", "far 3 k=2", "far 5 k=3", "far 7 k=4", "a 9 k=5", "a 10 k=6", "far 12 k=5"],
  ],
])("%s", (_, text, lines) => {
  const whole = told(text, lines);
  for (const i of lines.keys()) expect(told(text, lines, i)).toEqual(whole);
});
