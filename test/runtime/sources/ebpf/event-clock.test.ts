import { describe, expect, it } from "vitest";
import { EventClock } from "../../../../runtime/sources/ebpf/event-clock.ts";

const SECOND_NS = 1e9;

describe("event clock", () => {
  it("adds the offset", () => {
    expect(new EventClock(0, 1_000_000).toEpochUs(5_500)).toBe(1_000_005);
  });

  it("takes a larger offset at once", () => {
    const clock = new EventClock(0, 1000);
    clock.measure(SECOND_NS, 5000);
    expect(clock.toEpochUs(SECOND_NS)).toBe(1_005_000);
  });

  it("approaches a smaller one at half speed", () => {
    const clock = new EventClock(0, 10_000);
    clock.measure(SECOND_NS, 8000);
    expect(clock.toEpochUs(SECOND_NS)).toBe(1_010_000);
    expect(clock.toEpochUs(SECOND_NS + 2_000_000)).toBe(1_011_000);
    expect(clock.toEpochUs(SECOND_NS + 4_000_000)).toBe(1_012_000);
    expect(clock.toEpochUs(SECOND_NS + 8_000_000)).toBe(1_016_000);
  });

  it("goes back with a clock that was set back, and says so", () => {
    const clock = new EventClock(0, 7_200_000_000);
    expect(clock.measure(SECOND_NS, 7_000_000_000)).toBe(false);
    expect(clock.measure(SECOND_NS, 0)).toBe(true);
    expect(clock.toEpochUs(SECOND_NS)).toBe(1_000_000);
    expect(clock.toEpochUs(2 * SECOND_NS)).toBe(2_000_000);
  });

  it("never runs backwards otherwise, whatever is measured", () => {
    let state = 7;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const clock = new EventClock(0, 1e15);
    let now = 0;
    let last = 0;
    for (let i = 0; i < 20_000; i++) {
      now += random() * 1e7;
      if (random() < 0.05) clock.measure(now, 1e15 + (random() - 0.5) * 10 ** (random() * 8));
      const time = clock.toEpochUs(now);
      expect(time).toBeGreaterThanOrEqual(last);
      last = time;
    }
  });
});
