/** A lane, one call after the other: what it takes, in which order it tells, what it forgets. */
import { describe, expect, test } from "vitest";
import { type EventData, makeEvent } from "#core";
import { Deriver } from "../../../../runtime/engine/intake/deriver.ts";
import { type InFlight, Lane } from "../../../../runtime/engine/intake/lane.ts";
import type { RuleRunner } from "../../../../runtime/engine/rule-runner.ts";
import { compiled } from "../../core/ir/by-hand.ts";

const { unit } = compiled(`derive log.one from e: t.a set { x: e.x }
  rule r { match p: log.one }
  rule s { match f: finding.r }
  rule plain { match p: t.b }`);
const { schema } = unit;
const kindOf = (name: string) => schema.kinds.findIndex((k) => k.name === name);
const findingKind = schema.kinds.findIndex((k) => k.made === "finding");
const [a, far, one] = [kindOf("t.a"), kindOf("t.far"), kindOf("log.one")];
const sourceOf = (kind: number) => schema.kinds[kind]?.source ?? -1;
let numbers = 0;
const event = (ts: number, kind = a): EventData =>
  makeEvent(schema, { kind, ts, seq: numbers++, entity: undefined, fields: [1, 1] });
const nothing = Number.NEGATIVE_INFINITY;

/** A lane with rule 0 over what is derived, 1 over findings, 2 over events of sources. */
class Track {
  readonly said: string[] = [];
  lane: Lane;
  readonly #eventsMax: number;
  readonly #derive: () => number;

  constructor(eventsMax = 9, derive = () => 1) {
    this.#eventsMax = eventsMax;
    this.#derive = derive;
    this.lane = this.fresh();
  }

  fresh(): Lane {
    const derive = { judge: this.#derive, set: [] };
    const madeSteps = new Map([
      [one, new Map([[0, [5]]])],
      [findingKind, new Map([[1, [6, 7]]])],
    ]);
    const lane = new Lane({
      unit,
      sources: [],
      waitsForIdle: false,
      inputs: [],
      deriver: new Deriver(unit, [derive as never]),
      madeSteps,
      eventsMax: this.#eventsMax,
    });
    for (const index of [0, 1, 2]) lane.rules.push(this.#runner(index));
    return lane;
  }

  #runner(index: number): RuleRunner {
    const say = (text: string) => this.said.push(text);
    return {
      index,
      onEvent: (e: EventData, steps: readonly number[]) => say(`${index}: ${e.ts} for ${steps}`),
      fireBefore: (at: number) => index === 2 && say(`before ${at}`),
      settled: (watermark: number) => watermark - ([0, 30, 20][index] ?? 0),
      stop: (error: unknown) => say(`stopped ${index}: ${(error as Error).message}`),
      finish: (watermark: number) => say(`${index} finished at ${watermark}`),
    } as unknown as RuleRunner;
  }

  /** Offers an event that is for step 3 of rule 2; what became of it. */
  offer(ts: number, kind = a, derives: readonly number[] = []): InFlight {
    const shared: InFlight = { event: event(ts, kind), waiting: 0, fate: "delivered" };
    const steps = new Map<number, number[]>(derives.length > 0 ? [] : [[2, [3]]]);
    shared.fate = this.lane.offer(shared, { steps, derives: [...derives] });
    return shared;
  }

  advance(watermark: number): string[] {
    this.lane.advance(watermark, ({ event: e, waiting }) =>
      this.said.push(`done ${e.ts} ${waiting}`),
    );
    return this.said.splice(0);
  }
}

describe("a lane", () => {
  test("takes what its watermark has not passed, while there is room", () => {
    const track = new Track(2);
    track.advance(10);
    expect(track.offer(9).fate).toBe("late");
    const first = track.offer(10);
    expect([first.fate, first.waiting]).toEqual(["delivered", 1]);
    expect([track.offer(12, far).fate, track.lane.size]).toEqual(["delivered", 2]);
    const [third, late] = [track.offer(11), track.offer(9)];
    expect([third.fate, third.waiting, late.fate, late.waiting]).toEqual(["dropped", 0, "late", 0]);
    track.offer(8, far);
    const lates = (kind: number, from: number, to: number) =>
      track.lane.lateBetween(sourceOf(kind), from, to);
    expect([lates(a, 9, 9), lates(a, 0, 8), lates(far, 8, 8), lates(far, 9, 99)]).toEqual([
      2, 0, 1, 0,
    ]);
    expect(track.lane.lateBetween(99, 0, 99)).toBe(0);
  });

  test("decides what is before its watermark, in order, and deadlines in between", () => {
    const track = new Track();
    for (const ts of [40, 30, 20, 10]) track.offer(ts);
    track.offer(15, a, [0]);
    expect(track.advance(30)).toEqual([
      "before 10",
      "2: 10 for 3",
      "done 10 0",
      "before 15",
      "0: 15 for 5",
      "done 15 0",
      "before 20",
      "2: 20 for 3",
      "done 20 0",
      "before 30",
    ]);
    expect(track.lane.watermark).toBe(30);
    expect([track.advance(30), track.advance(29)]).toEqual([[], []]);
    expect(track.lane.watermark).toBe(30);
    expect(track.advance(31)).toEqual(["before 30", "2: 30 for 3", "done 30 0", "before 31"]);
  });

  test("is settled as far as the slowest of its rules, and finishes all of them", () => {
    const track = new Track();
    track.advance(100);
    expect(track.lane.settled).toBe(70);
    track.said.splice(0);
    track.lane.finish(50);
    expect(track.said).toEqual([0, 1, 2].map((i) => `${i} finished at 50`));
  });

  test("takes findings as events that are for its rules, and counts those without room", () => {
    const track = new Track(2);
    track.lane.offerFinding(event(5, findingKind));
    track.lane.offerFinding(event(5, far));
    expect([track.lane.size, track.lane.findingsDropped]).toEqual([1, 0]);
    for (const ts of [6, 7]) track.lane.offerFinding(event(ts, findingKind));
    expect([track.lane.size, track.lane.findingsDropped]).toEqual([2, 1]);
    // Nobody waits to hear what became of them.
    expect(track.advance(9)).toEqual([
      "before 5",
      "1: 5 for 6,7",
      "before 6",
      "1: 6 for 6,7",
      "before 9",
    ]);
  });

  test("stops the rules over what cannot be derived", () => {
    const track = new Track(9, () => {
      throw new Error("broken");
    });
    track.offer(5, a, [0]);
    track.offer(6);
    expect(track.advance(7)).toEqual([
      "before 5",
      "stopped 0: broken",
      "done 5 0",
      "before 6",
      "2: 6 for 3",
      "done 6 0",
      "before 7",
    ]);
    expect(track.lane.derived(event(8), [])).toEqual([]);
    expect(track.said).toEqual([]);
  });

  test("that begins anew has dropped what waited", () => {
    const track = new Track();
    track.advance(10);
    track.offer(9);
    const waiting = track.offer(11);
    track.lane.offerFinding(event(12, findingKind));
    const dropped: InFlight[] = [];
    track.lane.restart((shared) => dropped.push(shared));
    expect(dropped).toEqual([waiting]);
    expect([waiting.fate, waiting.waiting]).toEqual(["dropped", 0]);
    const { size, watermark } = track.lane;
    expect([size, watermark, track.lane.lateBetween(sourceOf(a), 0, 99)]).toEqual([0, nothing, 0]);
    expect(track.offer(1).fate).toBe("delivered");
  });

  test("whose rules have ended leaves what waited as it was", () => {
    const track = new Track();
    const waiting = track.offer(11);
    track.lane.offerFinding(event(12, findingKind));
    const done: InFlight[] = [];
    track.lane.dismiss((shared) => done.push(shared));
    expect(done).toEqual([waiting]);
    expect([waiting.fate, waiting.waiting, track.lane.size]).toEqual(["delivered", 0, 0]);
  });

  test("goes on from what was saved, and from nothing else", () => {
    const track = new Track();
    track.advance(10);
    track.offer(9);
    track.offer(11);
    const saved = track.lane.save();
    track.lane = track.fresh();
    track.advance(3);
    track.offer(1, far);
    track.offer(4);
    track.lane.restore(saved);
    expect(track.lane.lateBetween(sourceOf(far), 0, 99)).toBe(0);
    expect(track.lane.lateBetween(sourceOf(a), 0, 99)).toBe(1);
    expect(track.lane.watermark).toBe(10);
    track.said.splice(0);
    expect(track.advance(12)).toEqual(["before 11", "2: 11 for 3", "done 11 0", "before 12"]);
  });
});
