/** The clocks of an absence, one call after the other: each bound exactly at its edge. */
import { describe, expect, test } from "vitest";
import { type CoreRule, type EntityLife, type EventData, type Inv, makeEvent } from "#core";
import type { EngineMatch, Scope } from "../../../../runtime/engine/code/scope.ts";
import type { Conclusion } from "../../../../runtime/engine/intake/source-states.ts";
import { InventoryMatcher } from "../../../../runtime/engine/patterns/inventory.ts";
import type { MatcherInputs } from "../../../../runtime/engine/patterns/pattern-matcher.ts";
import { compiled } from "../../core/ir/by-hand.ts";

const compiledRule = (about: string) => compiled(`rule r { match absent p: t.a for 5us ${about} }`);
const [eachPod, alone] = [compiledRule("for each pod"), compiledRule("")];
const waitUs = 5;

interface Choice {
  readonly isAlone?: boolean;
  readonly keysMax?: number;
  readonly startUs?: number;
  readonly concludes?: MatcherInputs["concludes"];
  readonly isWatched?: (scope: Scope) => boolean;
}

/** Of an event with `x` 1 it is true that it fits, with `x` 2 it is not known. */
const judge = (event: EventData | undefined, scope: Scope): number => {
  const [, x] = event?.fields ?? [];
  return x === 3 ? Number(scope.subject?.pod === "p1") : Number(x);
};

class Clocks {
  readonly matches: EngineMatch[] = [];
  matcher: InventoryMatcher;
  readonly #choice: Choice;
  #seq = 0;

  constructor(choice: Choice = {}) {
    this.#choice = choice;
    this.matcher = this.#fresh();
  }

  #fresh(keysMax = this.#choice.keysMax ?? 16, startUs = this.#choice.startUs): InventoryMatcher {
    const { isAlone, concludes, isWatched } = this.#choice;
    const { unit } = isAlone ? alone : eachPod;
    const rule = { ...(unit.rules[0] as CoreRule), keysMax };
    const entity = isWatched && ((_: unknown, scope: Scope) => isWatched(scope));
    return new InventoryMatcher({
      unit,
      rule,
      pattern: rule.pattern as Inv,
      code: { steps: [{ judge }], entity } as never,
      params: new Map(),
      startUs,
      emit: (match) => this.matches.push(match),
      concludes: concludes ?? (() => "sound"),
    });
  }

  /** What was saved goes on in another matcher, which had begun something else. */
  restart(keysMax?: number): void {
    const saved = structuredClone(this.matcher.save());
    this.matcher = this.#fresh(keysMax, 50);
    this.matcher.onEntity(life("other", 0));
    this.matcher.restore(saved);
  }

  event(ts: number, x: number, pod?: string, hits: readonly number[] = [0]): void {
    const { schema } = eachPod.unit;
    const kind = schema.kinds.findIndex((k) => k.name === "t.a");
    const entity = pod === undefined ? undefined : { pod };
    const event = makeEvent(schema, { kind, ts, seq: this.#seq++, entity, fields: [1, x] });
    this.matcher.onEvent(event, hits);
  }

  /** Decides all that is due before `at`; each match as `time pod since! (of an event)`. */
  until(at: number): string[] {
    while (this.matcher.nextDeadline < at) this.matcher.fireDeadline();
    return this.matches.splice(0).map((m) => {
      const doubt = m.isIncomplete ? "!" : "";
      const [taken] = m.captures;
      if (taken) expect([taken.count, taken.kept.length]).toEqual([1, 1]);
      const renewal = taken ? ` (${taken.first.ts})` : "";
      return `${m.at} ${m.subject?.pod ?? "-"} ${m.silentSince}${doubt}${renewal}`;
    });
  }

  get evicted(): number {
    return this.matcher.counters.keysEvicted;
  }
}

const life = (pod: string, up: number, down?: number): EntityLife => ({
  ...{ kind: "pod", key: pod, chain: { pod, node: "n1" }, up },
  down,
});

describe("a clock", () => {
  test("runs from the entity's appearance, and again from each event that fits", () => {
    const clocks = new Clocks();
    clocks.matcher.onEntity(life("p1", 10));
    clocks.matcher.onEntity({ ...life("n1", 0), kind: "node" });
    expect([clocks.matcher.nextDeadline, clocks.matcher.holdUs]).toEqual([10 + waitUs, 0]);
    clocks.event(9, 1, "p1");
    for (const [x, pod, hits] of [
      [0, "p1", [0]],
      [1, "p2", [0]],
      [1, undefined, [0]],
      [1, "p1", [1]],
    ] as const)
      clocks.event(11, x, pod, hits);
    expect(clocks.until(15)).toEqual([]);
    expect(clocks.until(16)).toEqual(["15 p1 10"]);
    expect(clocks.matcher.nextDeadline).toBe(Number.POSITIVE_INFINITY);
    clocks.event(17, 3, "p1");
    clocks.event(18, 1, "p1");
    expect(clocks.until(99)).toEqual(["23 p1 18 (18)"]);
  });

  test("is renewed by an event of the time at which the entity appeared", () => {
    const clocks = new Clocks();
    clocks.matcher.onEntity(life("p1", 10));
    clocks.event(10, 1, "p1");
    expect(clocks.until(99)).toEqual(["15 p1 10 (10)"]);
  });

  test("that runs out when another does is decided in the order in which they were made", () => {
    const clocks = new Clocks();
    for (const pod of ["p1", "p2", "p3"]) clocks.matcher.onEntity(life(pod, 0));
    for (const pod of ["p3", "p2", "p1"]) clocks.event(4, 1, pod);
    expect(clocks.until(99)).toEqual(["9 p1 4 (4)", "9 p2 4 (4)", "9 p3 4 (4)"]);
  });

  test("is in doubt after an event of which it is not known whether it fits, until one does", () => {
    const clocks = new Clocks();
    clocks.matcher.onEntity(life("p1", 10));
    clocks.event(10, 2, "p1");
    expect(clocks.until(16)).toEqual(["15 p1 10"]);
    clocks.event(17, 2, "p1");
    clocks.event(18, 1, "p1");
    clocks.event(18, 2, "p1");
    expect(clocks.until(24)).toEqual(["23 p1 18 (18)"]);
    clocks.event(25, 1, "p1");
    clocks.event(26, 2, "p1");
    expect(clocks.until(99)).toEqual(["30 p1 25! (25)"]);
  });

  test("begins with the observation, for whom the rule is about", () => {
    const isWatched = ({ subject, at }: Scope) => subject?.node === "n1" && at !== 13;
    const clocks = new Clocks({ startUs: 12, isWatched });
    clocks.matcher.onEntity(life("p1", 10));
    clocks.matcher.onEntity(life("p2", 13));
    clocks.matcher.onEntity(life("p3", 14));
    clocks.matcher.onEntity({ ...life("p4", 14), chain: { pod: "p4" } });
    clocks.event(11, 1, "p1");
    expect(clocks.until(99)).toEqual(["17 p1 12", "19 p3 14"]);
  });

  test("says of what and since when there was silence, and under which key", () => {
    const asked: unknown[] = [];
    const conclusions: Conclusion[] = ["hold", "drop", "flag", "sound"];
    const concludes = (...all: unknown[]) => {
      asked.push(all);
      return conclusions.shift() ?? "sound";
    };
    const clocks = new Clocks({ concludes });
    for (const [i, pod] of ["p1", "p2", "p3", "p4"].entries())
      clocks.matcher.onEntity(life(pod, i));
    while (clocks.matcher.nextDeadline < 99) clocks.matcher.fireDeadline();
    const { kinds } = (eachPod.unit.rules[0] as CoreRule & { pattern: Inv }).pattern.step;
    expect(asked).toEqual([0, 1, 2, 3].map((i) => [kinds, i, i + waitUs]));
    const [flagged, sound] = clocks.matches;
    expect(sound).toMatchObject({ key: '["sp4"]', at: 8, silentSince: 3, isIncomplete: false });
    expect(sound?.captures).toEqual([undefined]);
    expect(sound?.quality).toBeUndefined();
    expect(flagged).toMatchObject({ key: '["sp3"]', at: 7, quality: { incomplete: [0] } });
    clocks.matcher.fireDeadline();
    expect(clocks.matches).toHaveLength(2);
  });
});

describe("the end of an entity", () => {
  test("ends its clock, at the time at which it would run out, too", () => {
    const clocks = new Clocks();
    clocks.matcher.onEntity(life("p1", 0, 5));
    clocks.matcher.onEntity(life("p2", 0, 6));
    clocks.matcher.onEntity(life("p3", 0));
    clocks.matcher.onEntity(life("p3", 0, 5));
    clocks.matcher.onEntity(life("p3", 0, 5));
    expect(clocks.until(99)).toEqual(["5 p2 0"]);
    expect(clocks.matcher.save().clocks.size).toBe(0);
    expect(clocks.matcher.save().ofEntity.size).toBe(0);
    expect(clocks.evicted).toBe(0);
  });

  test("that turns out to be later lets it run on", () => {
    const clocks = new Clocks();
    clocks.matcher.onEntity(life("p1", 0, 3));
    clocks.matcher.onEntity(life("p1", 0, 9));
    clocks.event(4, 1, "p1");
    expect(clocks.until(99)).toEqual([]);
    clocks.matcher.onEntity(life("p2", 100, 103));
    clocks.matcher.onEntity(life("p2", 100, 109));
    clocks.event(103, 1, "p2");
    expect(clocks.until(104)).toEqual([]);
    expect(clocks.until(200)).toEqual(["108 p2 103 (103)"]);
  });

  test("leaves the clocks of its other lives, which hear of its events", () => {
    const clocks = new Clocks();
    clocks.matcher.onEntity(life("p1", 0, 3));
    clocks.matcher.onEntity(life("p1", 4));
    expect(clocks.until(4)).toEqual([]);
    const { clocks: all, ofEntity } = clocks.matcher.save();
    expect([all.size, ofEntity.get("p1")?.length]).toEqual([1, 1]);
    clocks.event(6, 1, "p1");
    clocks.matcher.onEntity(life("p1", 20));
    expect(clocks.until(99)).toEqual(["11 p1 6 (6)", "25 p1 20"]);
  });
});

describe("room", () => {
  test("is made by the one watched longest; what was silent then is in doubt", () => {
    const clocks = new Clocks({ keysMax: 2 });
    for (const [i, pod] of ["p1", "p2", "p3"].entries()) clocks.matcher.onEntity(life(pod, i));
    expect(clocks.evicted).toBe(1);
    clocks.event(3, 1, "p2");
    // What appears at the very time may have been what had to go.
    expect(clocks.until(99)).toEqual(["7 p3 2!", "8 p2 3 (3)"]);
  });

  test("for lives of one entity is that of sixteen, of which the first goes", () => {
    const clocks = new Clocks({ keysMax: 99 });
    for (let i = 0; i < 16; i++) clocks.matcher.onEntity(life("p1", i));
    clocks.matcher.onEntity(life("p2", 0));
    expect(clocks.evicted).toBe(0);
    clocks.matcher.onEntity(life("p1", 16));
    expect(clocks.evicted).toBe(1);
    const told = clocks.until(99);
    expect(told.filter((t) => t.includes("p1")).map((t) => t.split(" ")[2])).toEqual(
      Array.from({ length: 16 }, (_, i) => `${i + 1}!`),
    );
  });

  test("for fewer in another version: the oldest go, and what was silent then is in doubt", () => {
    const clocks = new Clocks({ keysMax: 4 });
    for (const [i, pod] of ["p1", "p2", "p3", "p4"].entries())
      clocks.matcher.onEntity(life(pod, i));
    clocks.restart(2);
    expect(clocks.matcher.counters.keysEvicted).toBe(0);
    clocks.matcher.adapt({ atUs: 2, rechecks: [] });
    expect(clocks.evicted).toBe(2);
    expect(clocks.until(99)).toEqual(["7 p3 2!", "8 p4 3"]);
  });

  test("of timers is three for each clock and sixteen", () => {
    const timersOf = ({ matcher }: Clocks) => matcher.save().timers;
    const endless = new Clocks();
    endless.matcher.onEntity(life("p1", 0));
    expect(timersOf(endless)).toHaveLength(1);
    for (const end of [10, 10]) endless.matcher.onEntity(life("p1", 0, end));
    expect(timersOf(endless)).toHaveLength(2);
    const clocks = new Clocks();
    for (const pod of ["p1", "p2"]) clocks.matcher.onEntity(life(pod, 0, 1000));
    const count = () => timersOf(clocks).length;
    // Each has one for its end and one for its silence.
    for (let ts = 1; ts <= 18; ts++) clocks.event(ts, 1, "p1");
    expect(count()).toBe(22);
    clocks.event(19, 1, "p1");
    expect(count()).toBe(4);
    expect(clocks.until(2000)).toEqual(["5 p2 0", "24 p1 19 (19)"]);
    // Those of clocks that are gone, and of ends that were others, are waste as well.
    for (let end = 3000; end < 3020; end++) clocks.matcher.onEntity(life("p3", 2500, end));
    expect(count()).toBeLessThan(20);
    expect(clocks.until(9999)).toEqual(["2505 p3 2500"]);
    expect(clocks.matcher.save().clocks.size).toBe(0);
    const small = new Clocks({ keysMax: 1 });
    for (let i = 0; i < 40; i++) {
      small.matcher.onEntity(life(`p${i}`, i, 1000 + i));
      small.event(i, 1, `p${i}`);
    }
    expect(timersOf(small).length).toBeLessThanOrEqual(3 + 16);
    // What is waste holds no event.
    expect(new Set(timersOf(small).flatMap((t) => t.clock.renewal ?? [])).size).toBe(1);
  });
});

describe("a single clock", () => {
  test("starts with the observation, else with the first event that fits", () => {
    const told = new Clocks({ isAlone: true, startUs: 3 });
    expect(told.until(99)).toEqual(["8 - 3"]);
    const clocks = new Clocks({ isAlone: true });
    clocks.matcher.onEntity(life("p1", 0));
    clocks.event(1, 0);
    clocks.event(2, 2);
    clocks.event(3, 1, undefined, [1]);
    expect(clocks.until(99)).toEqual([]);
    clocks.event(100, 1, "p1");
    clocks.event(102, 1);
    expect(clocks.until(200)).toEqual(["107 - 102 (102)"]);
    expect(clocks.matcher.save().clocks.size).toBe(1);
  });
});

describe("a drained absence", () => {
  test("ends the silences that had begun, at the very time, too, and begins none", () => {
    const clocks = new Clocks();
    for (const pod of ["p1", "p2"]) clocks.matcher.onEntity(life(pod, 0));
    clocks.matcher.drain(4);
    clocks.matcher.onEntity(life("p3", 4));
    clocks.matcher.onEntity(life("p4", 5));
    clocks.event(4, 1, "p1");
    clocks.event(5, 0, "p1");
    clocks.event(5, 2, "p3");
    clocks.event(5, 1, "p2");
    expect(clocks.matcher.save().clocks.size).toBe(2);
    expect([9, 10].map((t) => clocks.matcher.isDrained(t))).toEqual([false, true]);
    expect(clocks.until(99)).toEqual(["9 p1 4 (4)", "9 p3 4!"]);
  });

  test("makes no room for what it does not look for", () => {
    const clocks = new Clocks({ keysMax: 2 });
    for (const pod of ["p1", "p2"]) clocks.matcher.onEntity(life(pod, 0));
    clocks.matcher.drain(4);
    clocks.matcher.onEntity(life("p3", 5));
    expect([clocks.evicted, ...clocks.until(99)]).toEqual([0, "5 p1 0", "5 p2 0"]);
  });

  test("without an entity begins with no later event", () => {
    const clocks = new Clocks({ isAlone: true });
    clocks.matcher.drain(4);
    clocks.event(5, 1);
    expect(clocks.until(99)).toEqual([]);
    const other = new Clocks({ isAlone: true });
    other.matcher.drain(4);
    other.event(4, 1);
    expect(other.until(99)).toEqual(["9 - 4 (4)"]);
  });
});

test("a restart is invisible", () => {
  const clocks = new Clocks({ keysMax: 3, startUs: 2 });
  for (const [i, pod] of ["p1", "p2", "p3", "p4"].entries()) clocks.matcher.onEntity(life(pod, i));
  clocks.event(4, 1, "p3");
  clocks.restart();
  expect(clocks.evicted).toBe(1);
  clocks.event(6, 1, "p2");
  clocks.matcher.onEntity(life("p3", 2, 6));
  expect(clocks.until(10)).toEqual(["8 p4 3!"]);
  clocks.matcher.onEntity(life("p5", 1));
  for (const pod of ["p5", "p4"]) clocks.event(8, 1, pod);
  expect(clocks.until(99)).toEqual(["11 p2 6 (6)", "13 p4 8 (8)", "13 p5 8 (8)"]);
  clocks.matcher.onEntity(life("p6", 1));
  expect(clocks.until(99)).toEqual(["7 p6 2!"]);
  expect(clocks.evicted).toBe(2);
});
