/** Times of lost events: exact while there is room, and never less than what was lost. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LostTimes, lostTimesMax } from "../../../../runtime/engine/intake/lost-times.ts";
import { Rig, second } from "../../../harness/rig.ts";

const losses = fc.array(
  fc.record({ from: fc.nat(1000), length: fc.nat(20), count: fc.integer({ min: 1, max: 3 }) }),
  { maxLength: 600, size: "max" },
);

describe("lost times", () => {
  test("are exact while there is room, then say too much and never too little", () => {
    let full = 0;
    fc.assert(
      fc.property(losses, fc.nat(1000), fc.nat(50), (all, from, length) => {
        const times = new LostTimes();
        for (const l of all) times.add(l.from, l.from + l.length, l.count);
        const to = from + length;
        const exact = all
          .filter((l) => l.from <= to && l.from + l.length >= from)
          .reduce((n, l) => n + l.count, 0);
        const different = new Set(all.map((l) => `${l.from} ${l.length}`)).size;
        if (different > lostTimesMax) full++;
        expect(times.items.length).toBeLessThanOrEqual(lostTimesMax);
        if (different <= lostTimesMax) expect(times.between(from, to)).toBe(exact);
        expect(times.between(from, to)).toBeGreaterThanOrEqual(exact);
      }),
    );
    expect(full).toBeGreaterThan(3);
  });

  test("of which the closest become one", () => {
    const times = new LostTimes();
    for (let i = 0; i < lostTimesMax; i++) times.add(i * 10, i * 10, 1);
    times.add(505, 505, 1);
    expect(times.between(0, 0)).toBe(1);
    expect(times.between(501, 504)).toBe(2);
    expect(times.between(511, 519)).toBe(0);
  });
});

describe("lost times, kept in order", () => {
  const shown = (times: LostTimes) => times.items.map((t) => `${t.from}-${t.to}×${t.count}`);

  test("are put in the order of their beginnings, then of their ends; equal ones are one", () => {
    const times = new LostTimes();
    for (const [from, to] of [
      [5, 9],
      [5, 7],
      [1, 3],
      [5, 9],
      [5, 8],
      [9, 9],
    ] as const)
      times.add(from, to, 2);
    expect(shown(times)).toEqual(["1-3×2", "5-7×2", "5-8×2", "5-9×4", "9-9×2"]);
    expect([0, 1, 3, 4, 8, 9, 10].map((t) => times.between(t, t))).toEqual([0, 2, 2, 0, 6, 6, 0]);
    times.forgetAfter(5);
    expect(shown(times)).toEqual(["1-3×2", "5-7×2", "5-8×2", "5-9×4"]);
    times.forgetAfter(4);
    expect(shown(times)).toEqual(["1-3×2"]);
  });

  test.each<[string, [number, number], [number, number], string[]]>([
    ["the two that reach least far", [10, 40], [45, 46], ["10-40×1", "45-71×2"]],
    ["of equally close ones the first", [10, 20], [40, 41], ["10-41×2", "70-71×1"]],
    ["one that reaches over the next one", [10, 30], [12, 15], ["10-30×2", "70-71×1"]],
  ])("become fewer: %s", (_, first, second, expected) => {
    const times = new LostTimes();
    times.add(...first, 1);
    times.add(...second, 1);
    times.add(70, 71, 1);
    // All others are far from each other, and there is room for all but one.
    const others = lostTimesMax - 2;
    for (let i = 1; i <= others; i++) times.add(1000 * i, 1000 * i, 1);
    expect(times.items).toHaveLength(lostTimesMax);
    expect(shown(times).slice(0, 2)).toEqual(expected);
  });
});

describe("a flood of late events", () => {
  const chain = `rule r {
    match sequence by pid within 10s {
      a: kernel.process_exec
      then b: kernel.process_exit where b.exit_code != 0
    }
  }`;

  /** Findings of 1 s to 3 s and 101 s to 103 s, then late events of all the time between. */
  function flooded(count: number): Rig {
    const rig = new Rig(chain, { ring: { slots: 1 << 15, textBytes: 1 << 20 } });
    for (const at of [1, 101]) {
      rig.event("kernel.process_exec", at * second, { pid: at });
      rig.event("kernel.process_exit", (at + 2) * second, { pid: at, exit_code: 1 });
    }
    rig.engine.progress("kernel", 200 * second);
    for (let i = 0; i < count; i++)
      rig.event("kernel.process_exec", 2 * second + (i * 100 * second) / count, { pid: 9 });
    return rig;
  }

  test("tells a finding again once for each progress and not for each event", () => {
    const rig = flooded(10_000);
    rig.engine.read();
    rig.engine.progress("kernel", 201 * second);
    expect(rig.engine.counters.late).toBe(10_000);
    expect(rig.findings.map((f) => f.revision)).toEqual([0, 0, 1, 1]);
  });

  test("is not forgotten: the finding over its beginning and the one over its end are degraded", () => {
    const rig = flooded(5000);
    rig.engine.progress("kernel", 201 * second);
    for (const f of rig.findings.slice(2)) expect(f.degraded.at(-1)).toMatch(/lost \d+ events/);
  });

  test("is told of after a restart that came before the next progress", () => {
    const rig = flooded(1);
    const again = new Rig(chain);
    expect(again.engine.restore(rig.engine.snapshot())).toBeUndefined();
    again.engine.progress("kernel", 201 * second);
    expect(again.findings.map((f) => f.revision)).toEqual([1]);
  });
});
