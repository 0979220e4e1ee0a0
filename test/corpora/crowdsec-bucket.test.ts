/**
 * The rule that stands for a leaky bucket overflows when the bucket does, on random traces: bursts,
 * slow floods at about the leak, ties in time, two keys, with a black hole and without.
 */
import { expect, it } from "vitest";
import { overflows } from "./crowdsec-naive.ts";
import { type Scenario, scenarioRules } from "./crowdsec-rule.ts";
import { runBoth } from "./execution.ts";

const traces = Math.min(Number(process.env.TAPIO_LAW_RULES ?? 60), 5000);
const timeout = 600_000;
const seed = Number(process.env.TAPIO_LAW_SEED ?? 1);

/** The numbers of a linear congruential generator, below `below`. */
function numbersFrom(start: number): (below: number) => number {
  let state = start % 2147483647 || 1;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}

it(`a rule and a bucket overflow at the same events (seed ${seed})`, { timeout }, () => {
  let told = 0;
  for (let i = 0; i < traces; i++) {
    const below = numbersFrom(seed * 1_000_003 + i);
    for (let k = 0; k < 5; k++) below(2);
    const capacity = 1 + below(4);
    const leakMs = 1000 * (1 + below(3));
    const blackholeUs = below(2) === 0 ? undefined : 1e6 * (1 + below(20));
    const scenario: Scenario = {
      name: "r",
      type: "leaky",
      filterText: "true",
      key: ["Meta.source_ip"],
      distinct: undefined,
      capacity,
      leakUs: leakMs * 1000,
      blackholeUs,
    };
    let timeMs = 0;
    const events = Array.from({ length: 5 + below(30) }, () => {
      timeMs += [0, 500, leakMs, leakMs - 500, leakMs + 500, 9000][below(6)] ?? 0;
      return { timeMs, key: `k${below(2)}`, distinct: undefined };
    });
    const text = scenarioRules(scenario, "true", new Set(scenario.key), 0);
    const sent = events.map((e) => ({
      kind: "log.line",
      atUs: e.timeMs * 1000,
      fields: { one: 1, meta_source_ip: e.key },
    }));
    const found = runBoth(text, sent, timeMs * 1000 + 1);
    const last = found.map((f) => [...f.steps.values()].flat().at(-1) ?? -1);
    const expected = overflows(events, scenario);
    expect(last, `${text}\n${JSON.stringify(events)}`).toEqual(expected);
    told += expected.length;
  }
  expect(told).toBeGreaterThan(traces / 2);
});
