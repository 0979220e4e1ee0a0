/** Absence over inventory: how many entities are watched, and what findings say of it. */
import { expect, test } from "vitest";
import { runEngine } from "../../../harness/unit-agreement.ts";
import {
  compiled,
  epochUs,
  eventsOf,
  found,
  type Setting,
  traceOf,
} from "../../core/ir/by-hand.ts";

const rule = (policies: string) => `rule r {
  match absent p: t.a for 5s for each pod
  ${policies}
  explain { root p as "{entity.pod ?? \\"\\"}" summary "{count(p)}" }
}`;

function told(policies: string, lines: readonly string[], setting: Setting) {
  const { unit } = compiled(rule(policies));
  const { events } = eventsOf(unit.schema, lines);
  const { findings, engine } = runEngine(unit, traceOf(unit, events, setting));
  const seconds = (us: number) => (us - epochUs) / 1e6;
  return {
    findings: findings.map((f) => [f.entity?.pod, seconds(f.at), f.degraded.length]),
    keys: engine.counters.evicted.keys,
  };
}

const three: Setting = {
  lives: [
    ["pod p1", 0],
    ["pod p2", 1],
    ["pod p3", 2],
  ],
};

test("every entity is watched while there is room", () => {
  expect(told("keys max 3", [], three)).toEqual({
    findings: [
      ["p1", 5, 0],
      ["p2", 6, 0],
      ["p3", 7, 0],
    ],
    keys: 0,
  });
});

test("beyond it the one watched longest is watched no more, counted, and findings say so", () => {
  expect(told("keys max 2", [], three)).toEqual({
    findings: [
      ["p2", 6, 1],
      ["p3", 7, 1],
    ],
    keys: 1,
  });
  expect(told("keys max 2", ["a 3 pod=p2", "a 4 pod=p1"], three)).toEqual({
    findings: [
      ["p3", 7, 1],
      ["p2", 8, 0],
    ],
    keys: 1,
  });
});

test("one that is gone is not missed, and its other life has a clock of its own", () => {
  const lives: Setting = {
    lives: [
      ["pod p1", 0, 3],
      ["pod p2", 1],
      ["pod p1", 4],
    ],
  };
  expect(told("keys max 3", [], lives)).toEqual({
    findings: [
      ["p2", 6, 0],
      ["p1", 9, 0],
    ],
    keys: 0,
  });
});

test("the life of an entity ends its clock at the time it would run out", () => {
  expect(found(rule(""), [], { lives: [["pod p1", 0, 5]] })).toEqual([]);
  expect(found(rule(""), [], { lives: [["pod p1", 0, 5.1]] })).toHaveLength(1);
});
