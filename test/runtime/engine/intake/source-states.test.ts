/** How sources fare: each bound exactly at its edge. */
import { describe, expect, test } from "vitest";
import { clockStepUs, defaultPolicy, type Policy } from "#core";
import {
  aheadMaxUs,
  type LateBetween,
  SourceStates,
} from "../../../../runtime/engine/intake/source-states.ts";
import { second } from "../../../harness/rig.ts";
import { compiled } from "../../core/ir/by-hand.ts";

const { unit } = compiled("rule r { match p: t.a }");
const numberOf = (name: string) => unit.schema.sources.findIndex((s) => s.name === name);
const kindOf = (name: string) => unit.schema.kinds.findIndex((k) => k.name === name);
/** Of lateness 100 ms and 3 s. */
const [fast, coarse] = [numberOf("fast"), numberOf("coarse")];
const [a, far] = [kindOf("t.a"), kindOf("t.far")];
const unknown = 99;
const nothing = Number.NEGATIVE_INFINITY;

function statesAt(progress: Readonly<Record<number, number>>): SourceStates {
  const states = new SourceStates(unit);
  for (const [source, timeUs] of Object.entries(progress)) states.progressed(+source, timeUs);
  return states;
}

describe("a watermark", () => {
  const states = statesAt({ [fast]: 10 * second, [coarse]: 12 * second });

  test("is that of the slowest source, less its lateness", () => {
    expect(states.watermark([fast], true)).toBe(9.9 * second);
    expect(states.watermark([fast, coarse], true)).toBe(9 * second);
    expect(states.watermark([coarse, fast], true)).toBe(9 * second);
    expect(states.watermark([fast, numberOf("tick")], true)).toBe(nothing);
  });

  test("waits for who is idle where that is asked, and for nobody who does not run", () => {
    states.setIdle(coarse, true);
    expect(states.watermark([fast, coarse], false)).toBe(9.9 * second);
    expect(states.watermark([fast, coarse], true)).toBe(9 * second);
    expect(states.watermark([coarse], false)).toBe(nothing);
    states.setAvailable(coarse, false);
    expect(states.watermark([fast, coarse], true)).toBe(9.9 * second);
    expect(states.watermark([coarse], true)).toBe(nothing);
    states.setAvailable(coarse, true);
    states.setIdle(coarse, false);
    expect(states.watermark([fast, coarse], false)).toBe(9 * second);
  });

  test("does not depend on sources that nobody knows", () => {
    states.setIdle(unknown, true);
    states.setAvailable(unknown, false);
    states.disbelieved(unknown);
    expect(states.progressed(unknown, 99 * second)).toEqual({ is: "believed" });
    expect(states.lost(unknown, 1, 7, 5)).toBe(7);
    expect(states.lostBetween(unknown, 0, 9)).toBe(0);
    expect(states.isSetBackBetween(unknown, 0, 9)).toBe(false);
    expect(states.watermark([fast, unknown], true)).toBe(9.9 * second);
  });
});

describe("progress", () => {
  test("goes back by more than five minutes only", () => {
    const states = statesAt({ [fast]: 1000 * second });
    states.lost(fast, 1, 600 * second, 600 * second);
    const edge = 1000 * second - clockStepUs;
    expect(states.progressed(fast, edge)).toEqual({ is: "believed" });
    expect(states.watermark([fast], true)).toBe(999.9 * second);
    expect(states.isSetBackBetween(fast, 0, 1000 * second)).toBe(false);
    const toUs = edge - 1;
    expect(states.progressed(fast, toUs)).toEqual({
      is: "set back",
      toUs,
      byUs: clockStepUs + 1,
    });
    expect(states.watermark([fast], true)).toBe(toUs - 0.1 * second);
    const isSetBack = (from: number, to: number) => states.isSetBackBetween(fast, from, to);
    expect(isSetBack(toUs, toUs)).toBe(true);
    expect([isSetBack(toUs + 1, toUs + 9), isSetBack(0, toUs - 1)]).toEqual([false, false]);
    // What was lost before the step stays lost, what was lost after it is of times to come.
    expect(states.lostBetween(fast, 0, 1000 * second)).toBe(1);
    states.progressed(fast, 500 * second - clockStepUs);
    expect(states.lostBetween(fast, 0, 1000 * second)).toBe(0);
  });

  test("is believed up to an hour ahead of the node's clock, else it counts as now", () => {
    const states = new SourceStates(unit);
    expect([states.aheadOf(9e15), states.believed(9e15)]).toEqual([undefined, 9e15]);
    states.clock(50 * second);
    const edge = 50 * second + aheadMaxUs;
    expect([states.aheadOf(edge), states.aheadOf(edge + 1)]).toEqual([undefined, aheadMaxUs + 1]);
    expect([edge - 1, edge, edge + 1].map((t) => states.believed(t))).toEqual([
      edge - 1,
      edge,
      edge,
    ]);
    expect(states.progressed(fast, edge + 1)).toEqual({ is: "ahead", byUs: aheadMaxUs + 1 });
    expect(states.watermark([fast], true)).toBe(49.9 * second);
    expect(states.progressed(fast, edge)).toEqual({ is: "believed" });
    expect(states.watermark([fast], true)).toBe(edge - 0.1 * second);
  });
});

describe("what was lost", () => {
  test("may be as old as the last progress, unless its time is known", () => {
    const states = statesAt({ [fast]: 10 * second });
    expect(states.lost(fast, 2, 20 * second)).toBe(10 * second);
    expect(states.lost(fast, 3, 30 * second, 29 * second)).toBe(29 * second);
    // Of a time before the last progress: exactly then.
    expect(states.lost(fast, 4, 5 * second)).toBe(5 * second);
    const at = (t: number) => states.lostBetween(fast, t * second, t * second);
    expect([5, 6, 9, 10, 20, 21, 29, 30, 31].map(at)).toEqual([4, 0, 0, 2, 2, 0, 3, 3, 0]);
    expect(states.lostBetween(coarse, 0, 99 * second)).toBe(0);
  });

  test("and is of no believable time lies between the last progress and now", () => {
    const states = statesAt({ [fast]: 10 * second, [coarse]: 30 * second });
    states.clock(20 * second);
    states.disbelieved(fast);
    // A source that is ahead of the node, too, lost it now.
    states.disbelieved(coarse);
    const at = (source: number) => (t: number) =>
      states.lostBetween(source, t * second, t * second);
    expect([9, 10, 20, 21].map(at(fast))).toEqual([0, 1, 1, 0]);
    expect([19, 20, 21, 30].map(at(coarse))).toEqual([0, 1, 0, 0]);
  });
});

describe("a silence", () => {
  const policy = (onIdle: Policy["onIdle"], onLoss: Policy["onLoss"]): Policy => ({
    ...defaultPolicy,
    onIdle,
    onLoss,
  });
  const noLates: LateBetween = () => 0;

  test("is proven by progress beyond it and the lateness", () => {
    const states = statesAt({ [fast]: 10 * second, [coarse]: 20 * second });
    const concluded = (kinds: readonly number[], to: number) =>
      states.silence(policy("drop", "flag"), kinds, { from: second, to, lateBetween: noLates });
    expect(concluded([a], 50 * second)).toBe("sound");
    const ways = [
      () => states.setIdle(fast, true),
      () => states.setAvailable(fast, false),
      () => states.setIdle(fast, false),
    ];
    for (const become of ways) {
      become();
      expect(concluded([a], 9.9 * second - 1)).toBe("sound");
      expect(concluded([a], 9.9 * second)).toBe("drop");
      expect(concluded([a, far], 9.9 * second)).toBe("drop");
      expect(concluded([far], 9.9 * second)).toBe("sound");
    }
    states.setAvailable(fast, true);
    expect(concluded([a], 9.9 * second)).toBe("sound");
  });

  test("is in doubt when events in it were lost or late, or the clock was set back", () => {
    const states = statesAt({ [fast]: 1000 * second, [coarse]: 1000 * second });
    states.lost(fast, 1, 20 * second, 20 * second);
    const concluded = (from: number, to: number, lateBetween = noLates, kinds = [a, far]) =>
      states.silence(policy("flag", "drop"), kinds, { from, to, lateBetween });
    expect(concluded(20 * second, 21 * second)).toBe("drop");
    expect(concluded(19 * second, 20 * second)).toBe("drop");
    expect(concluded(20 * second + 1, 21 * second)).toBe("sound");
    expect(concluded(19 * second, 20 * second - 1)).toBe("sound");
    expect(concluded(20 * second, 21 * second, noLates, [far])).toBe("sound");
    const lates: LateBetween = (source, from, to) =>
      source === coarse && from === 30 * second && to === 40 * second ? 1 : 0;
    expect(concluded(30 * second, 40 * second, lates)).toBe("drop");
    expect(concluded(30 * second, 40 * second, lates, [a])).toBe("sound");
    const back = 600 * second;
    states.progressed(fast, back);
    expect(concluded(back - 1, back)).toBe("drop");
    expect(concluded(back, back + 1)).toBe("sound");
    expect(concluded(back - 9, back - 1)).toBe("sound");
  });

  test("of two doubts the stricter policy decides: hold, then drop, then flag", () => {
    const states = statesAt({ [fast]: 10 * second });
    states.setIdle(fast, true);
    states.lost(fast, 1, 20 * second, 20 * second);
    const asked = { from: 15 * second, to: 25 * second, lateBetween: noLates };
    const concluded = (onIdle: Policy["onIdle"], onLoss: Policy["onLoss"]) =>
      states.silence(policy(onIdle, onLoss), [a], asked);
    expect([concluded("hold", "drop"), concluded("drop", "hold")]).toEqual(["hold", "hold"]);
    expect([concluded("flag", "drop"), concluded("drop", "flag")]).toEqual(["drop", "drop"]);
    expect(concluded("flag", "flag")).toBe("flag");
  });
});

describe("states that go on", () => {
  function old(): SourceStates {
    const states = statesAt({ [fast]: 1000 * second, [coarse]: 30 * second });
    states.progressed(fast, 100 * second);
    states.setIdle(coarse, true);
    states.setAvailable(fast, false);
    states.lost(coarse, 3, 8 * second, 7 * second);
    states.clock(5 * second);
    return states;
  }
  const known = (states: SourceStates, first: number, second_: number) => [
    states.isSetBackBetween(first, 100 * second, 100 * second),
    states.watermark([first], true),
    states.watermark([second_], true),
    states.watermark([second_], false),
    states.lostBetween(second_, 0, 99 * second),
  ];
  const expected = [true, nothing, 27 * second, nothing, 3];

  test("know what they knew before a restart, and nothing of the node's clock", () => {
    const states = new SourceStates(unit);
    states.lost(fast, 1, 2, 1);
    states.restore(old().save());
    expect(known(states, fast, coarse)).toEqual(expected);
    expect(states.lostBetween(fast, 0, 99)).toBe(0);
    expect(states.aheadOf(9e15)).toBeUndefined();
  });

  test("of another bundle know it under the new numbers", () => {
    const { sources } = unit.schema;
    const schema = { ...unit.schema, sources: [...sources].reverse() };
    const numbers = sources.map((_, i) => sources.length - 1 - i);
    const states = new SourceStates({ ...unit, schema });
    states.follow(old(), numbers);
    const [first = -1, second_ = -1] = [numbers[fast], numbers[coarse]];
    expect(known(states, first, second_)).toEqual(expected);
    expect(states.aheadOf(9e15)).toBe(9e15 - 5 * second);
  });
});
